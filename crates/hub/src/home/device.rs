//! A device of a home, and what can be asked of it.

use std::fmt;
use std::sync::Arc;

use iot_home_core::Did;
use iot_home_micloud::api::DataSource;
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};

use super::answer::{ActionAnswer, Answer};
use super::error::{Cause, Error};
use super::find::called;
use super::names::{Setting, Vocabulary};
use super::over::{OverCloud, OverMiio};
use super::request::{Done, Job, Request};
use super::shared::{Shared, Slot};
use super::way::{Link, Way};
use crate::{DeviceKey, Facts};

/// A handle for one device of a [`Home`](super::Home), cheap to clone. Calls may run at the same time.
///
/// Properties and actions are named as in MIoT-Spec, `light:brightness` or just `brightness` where that is unique, or by
/// their numbers, `2.2`. Where no spec of the model is at hand, devices from before MIoT and bulbs are known by the same
/// names.
#[derive(Clone)]
pub struct Device {
    shared: Arc<Shared>,
    key: DeviceKey,
}

/// What a call works with.
pub(super) struct Call {
    pub(super) slot: Arc<Slot>,
    pub(super) vocabulary: Arc<Vocabulary>,
    name: Box<str>,
    pub(super) until: Instant,
    /// Whether it is one of many, by which changes are looked for.
    pub(super) is_watching: bool,
}

impl Device {
    pub(super) fn new(shared: &Arc<Shared>, key: DeviceKey) -> Self {
        Self { shared: Arc::clone(shared), key }
    }

    /// All that is known of it, its token included; of one that the home knows no longer, nothing.
    pub fn facts(&self) -> Option<Facts> {
        self.shared.known(self.key).ok().map(|(facts, _)| facts)
    }

    /// What it is called: by its name, or else by an id or an address.
    pub fn name(&self) -> String {
        self.facts().map(|facts| called(&facts).into()).unwrap_or_default()
    }

    /// Its id in miIO and in the cloud, where it is known.
    pub fn did(&self) -> Option<Did> {
        self.facts()?.did
    }

    /// Reads a property.
    ///
    /// # Errors
    /// As for [`get_many`](Self::get_many), and [`Refused`](super::ErrorKind::Refused) when the device does not give it.
    ///
    /// # Cancel safety
    /// Nothing is left behind.
    pub async fn get(&self, property: &str) -> Result<Answer, Error> {
        let mut answers = self.get_many([property]).await?;
        let answer = answers.pop().ok_or_else(|| Error::new(Cause::Inexpressible))?;
        if answer.is_ok() {
            return Ok(answer);
        }
        let cause = Cause::Code { what: answer.property, code: answer.code };
        Err(Error::new(cause).of(&self.name()))
    }

    /// Reads properties, in as few requests as the device takes. The answers stand in the order asked, each with a code of
    /// its own.
    ///
    /// # Errors
    /// [`BadInput`](super::ErrorKind::BadInput) when one is not known or cannot be read, and then nothing was sent; others
    /// when one was answered over no way. That the device refuses a property is no error here.
    ///
    /// # Cancel safety
    /// Nothing is left behind.
    pub async fn get_many<'a>(
        &self,
        properties: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<Answer>, Error> {
        self.get_each(properties).await?.into_iter().collect()
    }

    /// The same with a result for each: that one is not to be had over any way does not concern the others.
    ///
    /// # Errors
    /// [`BadInput`](super::ErrorKind::BadInput) when one is not known or cannot be read,
    /// [`Timeout`](super::ErrorKind::Timeout) when the names were not to be had in time; then nothing was sent.
    ///
    /// # Cancel safety
    /// Nothing is left behind.
    pub async fn get_each<'a>(
        &self,
        properties: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<Result<Answer, Error>>, Error> {
        let call = self.call().await?;
        let named = properties.into_iter().map(|name| call.vocabulary.reading(name)).collect();
        self.carry_known(&call, named).await
    }

    /// The same where one that is not known does not concern the others either.
    pub(super) async fn get_any(&self, properties: &[Box<str>]) -> Vec<Result<Answer, Error>> {
        let call = match self.call().await {
            Ok(call) => call,
            Err(error) => return properties.iter().map(|_| Err(error.clone())).collect(),
        };
        let named = properties.iter().map(|name| call.vocabulary.reading(name)).collect();
        self.carry_each(&call, named).await
    }

    /// Sets properties, in the order given. A value has the property's own type, or is the name of one of its values; it is
    /// checked before anything is sent. The answers stand in the same order, each with a code of its own.
    ///
    /// # Errors
    /// [`BadInput`](super::ErrorKind::BadInput) when one is not known or does not take its value, and then nothing was sent;
    /// [`MaybeExecuted`](super::ErrorKind::MaybeExecuted) when it was sent and not answered; others when it was not carried
    /// out. Where properties had to go over different ways, others than the one that failed may be set; those that are is
    /// what [`set_each`](Self::set_each) tells. That the device refuses a value is no error here.
    ///
    /// # Cancel safety
    /// What was sent may be carried out.
    pub async fn set<'a>(
        &self,
        values: impl IntoIterator<Item = (&'a str, Value)>,
    ) -> Result<Vec<Answer>, Error> {
        self.set_each(values).await?.into_iter().collect()
    }

    /// The same with a result for each: that one is not carried out over any way does not concern those that go over
    /// others. No answer has a value: what a device echoes after it was set is not what it has.
    ///
    /// # Errors
    /// [`BadInput`](super::ErrorKind::BadInput) when one is not known or does not take its value,
    /// [`Timeout`](super::ErrorKind::Timeout) when the names were not to be had in time; then nothing was sent.
    ///
    /// # Cancel safety
    /// What was sent may be carried out.
    pub async fn set_each<'a>(
        &self,
        values: impl IntoIterator<Item = (&'a str, Value)>,
    ) -> Result<Vec<Result<Answer, Error>>, Error> {
        let call = self.call().await?;
        let settings =
            values.into_iter().map(|(name, value)| call.vocabulary.setting(name, &value)).collect();
        self.carry_known::<Setting>(&call, settings).await
    }

    /// The same where one that is not known does not concern the others either.
    pub(super) async fn set_any(&self, values: &[(Box<str>, Value)]) -> Vec<Result<Answer, Error>> {
        let call = match self.call().await {
            Ok(call) => call,
            Err(error) => return values.iter().map(|_| Err(error.clone())).collect(),
        };
        let settings =
            values.iter().map(|(name, value)| call.vocabulary.setting(name, value)).collect();
        self.carry_each::<Setting>(&call, settings).await
    }

    /// Runs an action with these inputs, in the order of its specification. It is sent once, or not at all.
    ///
    /// # Errors
    /// [`BadInput`](super::ErrorKind::BadInput) when it is not known or does not take its inputs, and then nothing was sent;
    /// [`MaybeExecuted`](super::ErrorKind::MaybeExecuted) when it was sent and not answered; others when it was not carried
    /// out. That the device refuses it is no error here.
    ///
    /// # Cancel safety
    /// What was sent may be carried out.
    pub async fn action(
        &self,
        action: &str,
        inputs: impl IntoIterator<Item = Value>,
    ) -> Result<ActionAnswer, Error> {
        let call = self.call().await?;
        let inputs: Vec<Value> = inputs.into_iter().collect();
        let doing = call.vocabulary.doing(action, &inputs).map_err(|error| call.error(error))?;
        let (way, done) = self.carry(&call, Job::Act(&doing)).await?;
        let (code, out) = match done {
            Done::Acted(result) => {
                let result = match &call.vocabulary.spec {
                    Some(spec) => spec.coerce_outputs(result),
                    None => result,
                };
                (result.code, result.out)
            }
            Done::Ran(code) => (code, Vec::new()),
            Done::Told(_) => return Err(call.error(Error::new(Cause::Inexpressible))),
        };
        Ok(ActionAnswer { action: doing.name, id: doing.miot, code, out, way })
    }

    /// Gets ready to call: the device's names may have to be fetched.
    pub(super) async fn call(&self) -> Result<Call, Error> {
        let now = Instant::now();
        let until = now.checked_add(self.shared.setup.deadline).unwrap_or(now);
        let (facts, slot) = self.shared.known(self.key)?;
        let name = called(&facts);
        let vocabulary = timeout_at(until, async {
            let facts = self.shared.introduce(self.key, facts, &slot).await;
            self.shared.vocabulary(&facts, &slot).await
        });
        let vocabulary = vocabulary.await;
        let vocabulary = vocabulary
            .map_err(|_| Error::new(Cause::Deadline(self.shared.setup.deadline)).of(&name))?;
        Ok(Call { slot, vocabulary, name, until, is_watching: false })
    }

    pub(super) async fn carry(&self, call: &Call, job: Job<'_>) -> Result<(Way, Done), Error> {
        let (slot, vocabulary) = (&call.slot, &call.vocabulary);
        let (until, is_watching) = (call.until, call.is_watching);
        let (shared, key) = (&self.shared, self.key);
        let request = Request { shared, key, slot, vocabulary, job, until, is_watching };
        request.carry().await.map_err(|error| call.error(error))
    }

    /// The cloud that knows the device, and what it calls it there, where there is no other way to it.
    pub(super) fn cloud_only(&self) -> Option<OverCloud> {
        let (facts, _) = self.shared.known(self.key).ok()?;
        let cloud = self.shared.cloud_of(&facts).filter(|_| !self.shared.is_near(&facts))?;
        Some(OverCloud { cloud, did: facts.did?, source: DataSource::Device })
    }

    /// Switches the LAN control of a Yeelight on over miIO, so that its own protocol can be used from then on.
    ///
    /// # Errors
    /// [`NoWay`](super::ErrorKind::NoWay) when its address or token is not known, others when it is not carried out.
    ///
    /// # Cancel safety
    /// What was sent may be carried out.
    pub async fn enable_lan_control(&self) -> Result<(), Error> {
        let (facts, slot) = self.shared.known(self.key)?;
        let (name, deadline) = (called(&facts), self.shared.setup.deadline);
        let device =
            self.shared.miio(&facts, &slot).ok_or_else(|| Error::new(Cause::NoWay).of(&name))?;
        let request = crate::classic::Request::enable_lan_control();
        let ran = timeout(deadline, OverMiio(device).run(&request, true)).await;
        match ran {
            Ok(Ok((code, _))) if code.is_ok() => {
                slot.routes().heard(Link::Yeelight);
                Ok(())
            }
            Ok(Ok((code, _))) => {
                Err(Error::new(Cause::Code { what: request.method.into(), code }).of(&name))
            }
            Ok(Err(miss)) => Err(miss.error.of(&name)),
            Err(_) => Err(Error::new(Cause::Uncertain).of(&name)),
        }
    }

    /// The region of the cloud that knows the device.
    pub(super) fn region(&self) -> Option<Box<str>> {
        let cloud = self.shared.cloud_of(&self.facts()?)?;
        Some(cloud.region().name().into())
    }

    pub(super) const fn key(&self) -> DeviceKey {
        self.key
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Call {
    pub(super) fn error(&self, error: Error) -> Error {
        error.of(&self.name)
    }
}

/// Whether they are handles for the same device of the same home.
impl PartialEq for Device {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("key", &self.key).field("name", &self.name()).finish()
    }
}
