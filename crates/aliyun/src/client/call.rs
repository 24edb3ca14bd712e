//! What the platform asks of a device, and the answer to it.

use std::fmt;

use iot_home_mqtt::client::{Handle, Message};
use serde::{Deserialize, Serialize};

use super::Error;
use crate::thing::{Address, Code, Down, Json, Request, Rrpc, Unreadable, What};

/// Something that the platform asks of the device, or of one below it, and that is answered once: by
/// [`done`](Self::done), [`reply`](Self::reply) or [`refuse`](Self::refuse).
///
/// Dropped without an answer it is answered with [`Code::NO_METHOD`], so that nobody waits for what no one looks at.
#[must_use = "what is dropped is refused"]
pub struct Call {
    message: Message,
    handle: Handle,
    is_answered: bool,
}

impl Call {
    pub(super) const fn new(message: Message, handle: Handle) -> Self {
        Self { message, handle, is_answered: false }
    }

    fn request(&self) -> Result<Request<'_>, Unreadable> {
        match Down::parse(&self.message.topic, &self.message.payload)?.what {
            What::PropertySet(request)
            | What::Service(_, request)
            | What::ConfigPush(request)
            | What::TopologyChange(request)
            | What::Disable(request)
            | What::Enable(request)
            | What::Delete(request) => Ok(request),
            _ => Err(Unreadable::Form { offset: 0 }),
        }
    }

    /// Which device it is for.
    pub fn to(&self) -> Option<Address<'_>> {
        Down::parse(&self.message.topic, &self.message.payload).ok()?.to
    }

    /// The service that is asked for; `None` where it is none.
    pub fn service(&self) -> Option<&str> {
        match Down::parse(&self.message.topic, &self.message.payload).ok()?.what {
            What::Service(id, _) => Some(id),
            _ => None,
        }
    }

    /// What is asked for, as it came.
    ///
    /// # Errors
    /// None in a call that came as an event.
    pub fn json(&self) -> Result<Json<'_>, Unreadable> {
        self.request().map(|request| request.params)
    }

    /// What is asked for, as a type of yours.
    ///
    /// # Errors
    /// If it does not have that type's form.
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
    pub async fn done(self) -> Result<(), Error> {
        self.reply(Code::SUCCESS, &Nothing {}).await
    }

    /// It was not done, for this reason; codes of one's own are from 100000 to 110000.
    ///
    /// # Errors
    /// If the answer cannot be sent.
    ///
    /// # Cancel safety
    /// Once polled, the answer is sent.
    pub async fn refuse(self, code: Code) -> Result<(), Error> {
        self.reply(code, &Nothing {}).await
    }

    /// How it went, and an object with what was asked for. What cannot be written is refused instead, with
    /// [`Code::INTERNAL`].
    ///
    /// # Errors
    /// If the data is no object or too long, or the answer cannot be sent.
    ///
    /// # Cancel safety
    /// Once polled, the answer is sent.
    pub async fn reply(
        mut self,
        code: Code,
        data: &(impl Serialize + ?Sized),
    ) -> Result<(), Error> {
        let answer = match self.request()?.answer(code, data) {
            Ok(answer) => answer,
            Err(error) => {
                self.answer_at_once(Code::INTERNAL);
                return Err(error.into());
            }
        };
        self.is_answered = true;
        Ok(self.handle.send(answer.into()).await?)
    }

    fn answer_at_once(&mut self, code: Code) {
        self.is_answered = true;
        let answer = self.request().map(|request| request.answer(code, &Nothing {}));
        if let Ok(Ok(answer)) = answer {
            // A session that is over answers nobody.
            let _ = self.handle.enqueue(answer.into());
        }
    }
}

#[derive(Serialize)]
struct Nothing {}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.is_answered {
            self.answer_at_once(Code::NO_METHOD);
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("message", &self.message).finish_non_exhaustive()
    }
}

/// A call by RRPC, whose caller waits on the spot. Payload and answer are of any form. Without an answer the caller waits
/// until his time is over: 5 to 8 seconds.
pub struct Question {
    message: Message,
    handle: Handle,
}

impl Question {
    pub(super) const fn new(message: Message, handle: Handle) -> Self {
        Self { message, handle }
    }

    fn rrpc(&self) -> Result<Rrpc<'_>, Unreadable> {
        match Down::parse(&self.message.topic, &self.message.payload)?.what {
            What::Rrpc(rrpc) => Ok(rrpc),
            _ => Err(Unreadable::Form { offset: 0 }),
        }
    }

    /// Which device it is for, where the topic names one.
    pub fn to(&self) -> Option<Address<'_>> {
        Down::parse(&self.message.topic, &self.message.payload).ok()?.to
    }

    /// The topic of one's own that it goes to; `None` for the system's own.
    pub fn path(&self) -> Option<&str> {
        self.rrpc().ok()?.path
    }

    /// What it says.
    pub fn payload(&self) -> &[u8] {
        &self.message.payload
    }

    /// The answer. Returns when the broker has it.
    ///
    /// # Errors
    /// If it is too long, or cannot be sent.
    ///
    /// # Cancel safety
    /// Once polled, the answer is sent.
    pub async fn answer(self, payload: impl Into<Vec<u8>>) -> Result<(), Error> {
        let answer = self.rrpc()?.answer(payload)?;
        Ok(self.handle.send(answer.into()).await?)
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("message", &self.message).finish_non_exhaustive()
    }
}
