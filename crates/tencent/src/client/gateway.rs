//! Devices below a gateway.

use iot_home_core::{Random as _, SystemRandom};
use iot_home_mqtt::Publication;
use iot_home_mqtt::client::Message;

use super::{Error, Thing};
use crate::thing::gateway::{self, Operation};
use crate::thing::{Address, Down, Topics, Unreadable, What};
use crate::{Device, SignMethod};

/// A gateway's devices: which are bound to it, and which are there. A device is [told of](Self::online) again whenever the
/// gateway was [connected](super::Event::Connected) again.
///
/// The platform answers one question of a kind at a time: [`Busy`](super::ErrorKind::Busy) where another waits.
#[derive(Clone, Copy, Debug)]
pub struct Gateway<'a>(&'a Thing);

/// A device below a gateway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Name {
    /// Which product.
    pub product_id: String,
    /// Which device of it.
    pub device_name: String,
}

impl<'a> Gateway<'a> {
    pub(super) const fn new(thing: &'a Thing) -> Self {
        Self(thing)
    }

    /// Binds a device to this gateway, which it proves by its own key.
    ///
    /// # Errors
    /// As for [`Thing::report`].
    ///
    /// # Cancel safety
    /// The device may be bound.
    pub async fn bind(&self, device: &Device) -> Result<(), Error> {
        let mut random = [0; 4];
        SystemRandom::new().fill(&mut random);
        let now = self.0.session().unix_time();
        // The SDKs' number is a positive one of 32 bits.
        let random = u32::from_be_bytes(random) >> 1;
        let proof = device.bind_proof(SignMethod::HmacSha256, random, now);
        let topics = device.topics();
        self.ask(gateway::bind(self.0.topics(), topics.address(), &proof)?).await.map(drop)
    }

    /// These devices are bound to this gateway no more.
    ///
    /// # Errors
    /// As for [`Thing::report`], with the first code that is no success.
    ///
    /// # Cancel safety
    /// The devices may be unbound.
    pub async fn unbind<'d>(
        &self,
        devices: impl IntoIterator<Item = Address<'d>>,
    ) -> Result<(), Error> {
        self.tell(Operation::Unbind, devices).await
    }

    /// Which devices are bound to this gateway.
    ///
    /// # Errors
    /// As for [`Thing::report`].
    ///
    /// # Cancel safety
    /// As for [`Thing::report`].
    pub async fn list(&self) -> Result<Vec<Name>, Error> {
        let answer = self.ask(gateway::describe(self.0.topics())?).await?;
        let names = read(&answer)?.devices.into_iter().map(|device| Name {
            product_id: device.product_id.into_owned(),
            device_name: device.device_name.into_owned(),
        });
        Ok(names.collect())
    }

    /// A device is there: from then on it can do what any device can. It is subscribed to what the platform says to it by
    /// itself.
    ///
    /// # Errors
    /// As for [`Thing::report`].
    ///
    /// # Cancel safety
    /// The device may be told of.
    pub async fn online(&self, topics: &Topics) -> Result<Thing, Error> {
        self.tell(Operation::Online, [topics.address()]).await?;
        let thing = self.0.below(topics.clone());
        thing.exchange.subscribe(topics.pushes()).await?;
        Ok(thing)
    }

    /// A device is not there any more. What it was subscribed to ends.
    ///
    /// # Errors
    /// As for [`Thing::report`].
    ///
    /// # Cancel safety
    /// The device may be told of.
    pub async fn offline(&self, device: &Thing) -> Result<(), Error> {
        let address = device.topics().address();
        self.tell(Operation::Offline, [address]).await?;
        let levels = format!("/{}/{}", address.product_id, address.device_name);
        let is_its = |filter: &str| {
            let behind = filter.split_once(&levels).map(|(_, behind)| behind);
            behind.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        Ok(self.0.exchange.unsubscribe(is_its).await?)
    }

    async fn tell<'d>(
        &self,
        operation: Operation,
        devices: impl IntoIterator<Item = Address<'d>>,
    ) -> Result<(), Error> {
        self.ask(gateway::tell(self.0.topics(), operation, devices)?).await.map(drop)
    }

    /// Asks, and looks for a device of which it is refused.
    async fn ask(&self, publication: Publication) -> Result<Message, Error> {
        let answer = self.0.ask(publication).await?;
        let mut codes = read(&answer)?.devices.into_iter().filter_map(|device| device.result);
        match codes.find(|code| !code.is_success()) {
            Some(code) => Err(Error::refusal(code)),
            None => Ok(answer),
        }
    }
}

fn read(answer: &Message) -> Result<gateway::Gateway<'_>, Unreadable> {
    match Down::parse(&answer.topic, &answer.payload)?.what {
        What::Gateway(gateway) => Ok(gateway),
        _ => Err(Unreadable::Form { offset: 0 }),
    }
}
