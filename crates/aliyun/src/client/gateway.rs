//! Devices below a gateway.

#[cfg(feature = "registration")]
use iot_home_core::Random;
use iot_home_mqtt::client::Message;

use super::thing::reply;
use super::{Error, Thing};
#[cfg(feature = "registration")]
use crate::registration::Registration;
use crate::thing::gateway::{Name, Registered};
#[cfg(feature = "registration")]
use crate::thing::gateway::{NotRegistered, ProductRegistered};
use crate::thing::{Address, Call, Topics};
use crate::{Device, SubDevice};

/// A gateway's devices: which belong to it, and which are there. A device is [logged in](Self::login) again whenever the
/// gateway was [connected](super::Event::Connected) again.
#[derive(Clone, Copy, Debug)]
pub struct Gateway<'a>(&'a Thing);

impl<'a> Gateway<'a> {
    pub(super) const fn new(thing: &'a Thing) -> Self {
        Self(thing)
    }

    /// These devices are below this gateway.
    ///
    /// # Errors
    /// As for [`Thing::report`].
    ///
    /// # Cancel safety
    /// As for [`Thing::report`].
    pub async fn add(&self, devices: &[SubDevice]) -> Result<(), Error> {
        let now = self.0.session().unix_time();
        self.0.call(&Call::topology_add(self.0.id(), devices, now)).await.map(drop)
    }

    /// These devices are below this gateway no more.
    ///
    /// # Errors
    /// As for [`Thing::report`].
    ///
    /// # Cancel safety
    /// As for [`Thing::report`].
    pub async fn remove<'d>(
        &self,
        devices: impl IntoIterator<Item = Address<'d>>,
    ) -> Result<(), Error> {
        self.0.call(&Call::topology_delete(self.0.id(), devices)).await.map(drop)
    }

    /// Which devices are below this gateway.
    ///
    /// # Errors
    /// As for [`Thing::report`].
    ///
    /// # Cancel safety
    /// As for [`Thing::report`].
    pub async fn list(&self) -> Result<Vec<Name<'static>>, Error> {
        let answer = self.0.ask(Call::topology(self.0.id()).to(self.0.topics())?).await?;
        reply(&answer, |reply| {
            let names: Vec<Name<'_>> = match reply.data {
                Some(data) => data.parse()?,
                None => Vec::new(),
            };
            Ok(names.into_iter().map(owned).collect())
        })
    }

    /// Tells that these devices were found. Whoever looks at the console may add them.
    ///
    /// # Errors
    /// As for [`Thing::report`].
    ///
    /// # Cancel safety
    /// As for [`Thing::report`].
    pub async fn found<'d>(
        &self,
        devices: impl IntoIterator<Item = Address<'d>>,
    ) -> Result<(), Error> {
        self.0.call(&Call::list_found(self.0.id(), devices)).await.map(drop)
    }

    /// A device is there: from then on it can do what any device can. It is subscribed to what the platform says to it by
    /// itself.
    ///
    /// # Errors
    /// As for [`Thing::report`]; also [`BadInput`](super::ErrorKind::BadInput) where it cannot be.
    ///
    /// # Cancel safety
    /// The device may be logged in.
    pub async fn login(&self, device: &SubDevice) -> Result<Thing, Error> {
        let now = self.0.session().unix_time();
        let call = Call::login(self.0.id(), device, now, true).to(self.0.topics())?;
        success(&self.0.ask(call).await?)?;
        self.enter(device).await
    }

    /// These devices are there: 50 at most. Only all of them or none are logged in.
    ///
    /// # Errors
    /// As for [`login`](Self::login).
    ///
    /// # Cancel safety
    /// The devices may be logged in.
    pub async fn login_all(&self, devices: &[SubDevice]) -> Result<Vec<Thing>, Error> {
        let now = self.0.session().unix_time();
        let call = Call::batch_login(self.0.id(), devices, now, true)?.to(self.0.topics())?;
        success(&self.0.ask(call).await?)?;
        let mut things = Vec::with_capacity(devices.len());
        for device in devices {
            things.push(self.enter(device).await?);
        }
        Ok(things)
    }

    async fn enter(&self, device: &SubDevice) -> Result<Thing, Error> {
        let (product_key, device_name) = device.names();
        let thing = self.0.below(Topics::new(product_key, device_name));
        thing.exchange.subscribe(thing.topics().pushes()).await?;
        Ok(thing)
    }

    /// A device is not there any more. What it was subscribed to ends.
    ///
    /// # Errors
    /// As for [`Thing::report`].
    ///
    /// # Cancel safety
    /// The device may be logged out.
    pub async fn logout(&self, device: &Thing) -> Result<(), Error> {
        let address = device.topics().address();
        let call = Call::logout(self.0.id(), address).to(self.0.topics())?;
        success(&self.0.ask(call).await?)?;
        self.leave(address).await
    }

    /// These devices are not there any more: 50 at most.
    ///
    /// # Errors
    /// As for [`Thing::report`].
    ///
    /// # Cancel safety
    /// The devices may be logged out.
    pub async fn logout_all(&self, devices: &[Thing]) -> Result<(), Error> {
        let addresses = devices.iter().map(|device| device.topics().address());
        let call = Call::batch_logout(self.0.id(), addresses)?.to(self.0.topics())?;
        success(&self.0.ask(call).await?)?;
        for device in devices {
            self.leave(device.topics().address()).await?;
        }
        Ok(())
    }

    async fn leave(
        &self,
        Address { product_key, device_name, .. }: Address<'_>,
    ) -> Result<(), Error> {
        let levels = format!("/{product_key}/{device_name}");
        let is_its = |filter: &str| {
            let behind = filter.split_once(&levels).map(|(_, behind)| behind);
            behind.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        Ok(self.0.exchange.unsubscribe(is_its).await?)
    }

    /// Registers these devices, 1 to 30, and gives them with their secrets, which are to be kept: a device that has logged
    /// in is told its secret no more. It belongs to this gateway when it was [added](Self::add).
    ///
    /// # Errors
    /// As for [`Thing::report`]. If the platform answers with a device that was not asked for, nothing is given.
    ///
    /// # Cancel safety
    /// The devices may be registered.
    pub async fn register<'d>(
        &self,
        devices: impl IntoIterator<Item = Address<'d>>,
    ) -> Result<Vec<Device>, Error> {
        let asked: Vec<_> = devices.into_iter().collect();
        let call = Call::sub_register(self.0.id(), asked.iter().copied())?.to(self.0.topics())?;
        let answer = self.0.ask(call).await?;
        reply(&answer, |reply| {
            let given: Vec<Registered<'_>> = reply.data()?;
            given.into_iter().map(|one| one.into_device(&asked)).collect()
        })
    }

    /// Registers these devices, 1 to 30, each by its product's secret. Some may be registered and others not. As for
    /// [`register`](Self::register), a device belongs to this gateway when it was [added](Self::add).
    ///
    /// # Errors
    /// As for [`Thing::report`]. If the platform answers with the secret of a device that was not asked for, nothing is
    /// given.
    ///
    /// # Cancel safety
    /// The devices may be registered.
    #[cfg(feature = "registration")]
    #[cfg_attr(docsrs, doc(cfg(feature = "registration")))]
    pub async fn register_by_product(
        &self,
        devices: &[Registration],
        random: &mut (dyn Random + Send),
    ) -> Result<RegisteredBelow, Error> {
        let call = Call::product_register(self.0.id(), devices, random)?.to(self.0.topics())?;
        let answer = self.0.ask(call).await?;
        let asked: Vec<_> = devices.iter().map(Registration::address).collect();
        reply(&answer, |reply| {
            let ProductRegistered { successes, failures } = reply.data()?;
            let given = successes.into_iter().map(|one| one.into_device(&asked));
            let refused = failures.into_iter().map(NotRegistered::into_owned).collect();
            Ok(RegisteredBelow { devices: given.collect::<Result<_, _>>()?, refused })
        })
    }
}

/// What came of registering devices by their products' secrets.
#[cfg(feature = "registration")]
#[cfg_attr(docsrs, doc(cfg(feature = "registration")))]
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RegisteredBelow {
    /// Those that were registered, with their secrets.
    pub devices: Vec<Device>,
    /// Those that were not, and why.
    pub refused: Vec<NotRegistered<'static>>,
}

fn success(message: &Message) -> Result<(), Error> {
    reply(message, |_| Ok(()))
}

fn owned(name: Name<'_>) -> Name<'static> {
    Name {
        product_key: name.product_key.into_owned().into(),
        device_name: name.device_name.into_owned().into(),
    }
}
