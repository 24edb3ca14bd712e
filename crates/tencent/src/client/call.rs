//! What the platform asks of a device, and the answer to it.

use std::fmt;

use iot_home_mqtt::Publication;
use iot_home_mqtt::client::{Handle, Message};
use serde::{Deserialize, Serialize};

use super::Error;
use crate::thing::{self, Address, Code, Down, Json, Rrpc, Topics, Unreadable, What};
use crate::{DeviceName, ProductId};

/// A message that wants an answer, and what it is answered by.
struct Asked {
    message: Message,
    handle: Handle,
    is_answered: bool,
}

impl Asked {
    const fn new(message: Message, handle: Handle) -> Self {
        Self { message, handle, is_answered: false }
    }

    fn down(&self) -> Result<Down<'_>, Unreadable> {
        Down::parse(&self.message.topic, &self.message.payload)
    }

    /// The topics of the device that it is for.
    fn topics(&self) -> Result<Topics, Unreadable> {
        let address = self.down()?.to.ok_or(Unreadable::Form { offset: 0 })?;
        let product_id: ProductId = address.product_id.parse()?;
        let device_name: DeviceName = address.device_name.parse()?;
        Ok(Topics::new(&product_id, &device_name))
    }

    async fn send(&mut self, answer: Publication) -> Result<(), Error> {
        self.is_answered = true;
        Ok(self.handle.send(answer.into()).await?)
    }

    fn send_at_once(&mut self, answer: Publication) {
        self.is_answered = true;
        // A session that is over answers nobody.
        let _ = self.handle.enqueue(answer.into());
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(f)
    }
}

/// What is said of something that nobody did.
const NOT_DONE: &str = "not done";

/// Set properties: answered once, by [`done`](Self::done) or [`refuse`](Self::refuse).
///
/// Dropped without an answer it is answered with [`Code::FAILED`], so that nobody waits for what no one looks at.
#[derive(Debug)]
#[must_use = "what is dropped is refused"]
pub struct Control(Asked);

impl Control {
    pub(super) const fn new(message: Message, handle: Handle) -> Self {
        Self(Asked::new(message, handle))
    }

    fn control(&self) -> Result<thing::Control<'_>, Unreadable> {
        match self.0.down()?.what {
            What::Control(control) => Ok(control),
            _ => Err(Unreadable::Form { offset: 0 }),
        }
    }

    /// Which device it is for.
    pub fn to(&self) -> Option<Address<'_>> {
        self.0.down().ok()?.to
    }

    /// An object with a value to each name, as it came.
    ///
    /// # Errors
    /// None in a control that came as an event.
    pub fn json(&self) -> Result<Json<'_>, Unreadable> {
        self.control().map(|control| control.params)
    }

    /// The values, as a type of yours.
    ///
    /// # Errors
    /// If they do not have that type's form.
    pub fn params<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Unreadable> {
        self.json()?.parse()
    }

    /// It was done. Returns when the broker has the answer.
    ///
    /// # Errors
    /// If the answer cannot be sent.
    ///
    /// # Cancel safety
    /// Once polled, the answer is sent.
    pub async fn done(mut self) -> Result<(), Error> {
        let answer = self.answer(Code::SUCCESS, "")?;
        self.0.send(answer).await
    }

    /// It was not done, for this reason, in a number and in words.
    ///
    /// # Errors
    /// If the answer cannot be sent.
    ///
    /// # Cancel safety
    /// Once polled, the answer is sent.
    pub async fn refuse(mut self, code: Code, status: &str) -> Result<(), Error> {
        let answer = self.answer(code, status)?;
        self.0.send(answer).await
    }

    fn answer(&self, code: Code, status: &str) -> Result<Publication, Error> {
        Ok(self.control()?.answer(&self.0.topics()?, code, status)?)
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        if !self.0.is_answered
            && let Ok(answer) = self.answer(Code::FAILED, NOT_DONE)
        {
            self.0.send_at_once(answer);
        }
    }
}

/// Do something: answered once, by [`reply`](Self::reply) or [`refuse`](Self::refuse).
///
/// Dropped without an answer it is answered with [`Code::FAILED`], so that nobody waits for what no one looks at.
#[derive(Debug)]
#[must_use = "what is dropped is refused"]
pub struct Action(Asked);

impl Action {
    pub(super) const fn new(message: Message, handle: Handle) -> Self {
        Self(Asked::new(message, handle))
    }

    fn action(&self) -> Result<thing::Action<'_>, Unreadable> {
        match self.0.down()?.what {
            What::Action(action) => Ok(action),
            _ => Err(Unreadable::Form { offset: 0 }),
        }
    }

    /// Which device it is for.
    pub fn to(&self) -> Option<Address<'_>> {
        self.0.down().ok()?.to
    }

    /// What is to be done.
    pub fn id(&self) -> String {
        self.action().map(|action| action.action_id.into_owned()).unwrap_or_default()
    }

    /// An object with the inputs, as it came.
    ///
    /// # Errors
    /// None in an action that came as an event.
    pub fn json(&self) -> Result<Json<'_>, Unreadable> {
        self.action().map(|action| action.params)
    }

    /// The inputs, as a type of yours.
    ///
    /// # Errors
    /// If they do not have that type's form.
    pub fn params<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Unreadable> {
        self.json()?.parse()
    }

    /// It was done: an object with the outputs. Returns when the broker has the answer.
    ///
    /// # Errors
    /// If the outputs are no object or too long, whereupon it is refused, or the answer cannot be sent.
    ///
    /// # Cancel safety
    /// Once polled, the answer is sent.
    pub async fn reply(mut self, outputs: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let answer = self.answer(Code::SUCCESS, "", outputs)?;
        self.0.send(answer).await
    }

    /// It was not done, for this reason, in a number and in words.
    ///
    /// # Errors
    /// If the answer cannot be sent.
    ///
    /// # Cancel safety
    /// Once polled, the answer is sent.
    pub async fn refuse(mut self, code: Code, status: &str) -> Result<(), Error> {
        let answer = self.answer(code, status, &Nothing {})?;
        self.0.send(answer).await
    }

    fn answer(
        &self,
        code: Code,
        status: &str,
        outputs: &(impl Serialize + ?Sized),
    ) -> Result<Publication, Error> {
        Ok(self.action()?.answer(&self.0.topics()?, code, status, outputs)?)
    }
}

impl Drop for Action {
    fn drop(&mut self) {
        if !self.0.is_answered
            && let Ok(answer) = self.answer(Code::FAILED, NOT_DONE, &Nothing {})
        {
            self.0.send_at_once(answer);
        }
    }
}

#[derive(Serialize)]
struct Nothing {}

/// A call by RRPC, whose caller waits on the spot. Payload and answer are of any form. Without an answer the caller waits
/// until his time is over: 10 seconds, or 4 by the C SDK's document.
#[derive(Debug)]
pub struct Question(Asked);

impl Question {
    pub(super) const fn new(message: Message, handle: Handle) -> Self {
        Self(Asked::new(message, handle))
    }

    fn rrpc(&self) -> Result<Rrpc<'_>, Unreadable> {
        match self.0.down()?.what {
            What::Rrpc(rrpc) => Ok(rrpc),
            _ => Err(Unreadable::Form { offset: 0 }),
        }
    }

    /// Which device it is for.
    pub fn to(&self) -> Option<Address<'_>> {
        self.0.down().ok()?.to
    }

    /// What it says.
    pub fn payload(&self) -> &[u8] {
        &self.0.message.payload
    }

    /// The answer. Returns when the broker has it.
    ///
    /// # Errors
    /// If it is too long, or cannot be sent.
    ///
    /// # Cancel safety
    /// Once polled, the answer is sent.
    pub async fn answer(mut self, payload: impl Into<Vec<u8>>) -> Result<(), Error> {
        let answer = self.rrpc()?.answer(payload)?;
        self.0.send(answer).await
    }
}
