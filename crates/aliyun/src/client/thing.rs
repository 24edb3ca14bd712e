//! A device on a session.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use iot_home_core::{Clock as _, SystemClock};
use iot_home_mqtt::client::{Exchange, Handle, Message, Session};
use iot_home_mqtt::{Publication, payload};
use serde::Serialize;
use serde_json::value::RawValue;

use super::event::sort;
use super::{Announced, Error, Events, Gateway, Refused};
use crate::thing::ota::{self, Progress};
use crate::thing::shadow::{self, Change};
use crate::thing::{
    self, Code, Down, EventId, Ids, Method, Reply, Topics, Unreadable, What, config, ntp,
};

/// A device on a session, or one below a gateway. Cheap to clone; all clones are the same device.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use futures_util::StreamExt as _;
/// use iot_home_aliyun::client::Event;
/// use iot_home_aliyun::{Device, Thing};
/// use iot_home_mqtt::client::{Options, Session};
/// use serde_json::{Map, Value, json};
///
/// # let secret = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
/// let device = Device::new("a1X2bEnP82z", "lamp-1", secret)?;
/// let session = Session::connect(device.tls(), Options::new()).await?;
/// let lamp = Thing::new(session, device.topics()).await?;
/// lamp.report(&json!({"PowerSwitch": 0})).await?;
///
/// let mut events = lamp.events();
/// while let Some(event) = events.next().await {
///     if let Event::PropertySet(set) = event? {
///         let values: Map<String, Value> = set.params()?;
///         set.done().await?;
///         lamp.report(&values).await?;
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Thing {
    pub(super) exchange: Exchange,
    ids: Arc<Mutex<Ids>>,
    topics: Topics,
    clock: SystemClock,
}

/// A value that is wanted of a property.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Desired {
    /// It, as it came; `serde_json::from_str` reads it.
    pub value: String,
    /// The wish's version, to be named when it is [forgotten](Thing::forget_desired).
    pub version: u64,
}

/// The shadow: what the platform remembers of the device, and what it is to become.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Shadow {
    /// Its version. The next change has to have a larger one.
    pub version: Option<i64>,
    /// The values that the device told: an object, as it came. Empty where there is none.
    pub reported: String,
    /// Those that are wanted.
    pub desired: String,
}

impl Thing {
    /// How long the platform's answer is waited for, once the broker has what it is to answer.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// The device of these topics on its session. It subscribes to what the platform says by itself; to answers it does
    /// when the first of a kind is waited for.
    ///
    /// # Errors
    /// If the broker does not let it subscribe.
    ///
    /// # Cancel safety
    /// When the future is dropped, the session is closed.
    pub async fn new(session: Session, topics: Topics) -> Result<Self, Error> {
        Self::with_patience(session, topics, Self::PATIENCE).await
    }

    /// The same with another time to wait for answers.
    ///
    /// # Errors
    /// If the broker does not let it subscribe.
    ///
    /// # Cancel safety
    /// When the future is dropped, the session is closed.
    pub async fn with_patience(
        session: Session,
        topics: Topics,
        patience: Duration,
    ) -> Result<Self, Error> {
        let exchange = Exchange::new(session, sort, patience);
        let ids = Arc::new(Mutex::new(Ids::new()));
        let thing = Self { exchange, ids, topics, clock: SystemClock::new() };
        let filters = thing.topics.pushes().into_iter().chain(thing.topics.own_pushes());
        thing.exchange.subscribe(filters).await?;
        Ok(thing)
    }

    /// A device below this one, on the same session.
    pub(super) fn below(&self, topics: Topics) -> Self {
        Self { topics, ..self.clone() }
    }

    /// Its topics.
    pub const fn topics(&self) -> &Topics {
        &self.topics
    }

    /// The session, for topics of one's own. What arrives on those is an [event](super::Event::Other).
    pub fn session(&self) -> &Handle {
        self.exchange.handle()
    }

    /// What happens to the device, and to those below it.
    pub fn events(&self) -> Events {
        Events(self.exchange.clone())
    }

    /// How many answers came that nobody waited for: twice, too late, or with another id.
    pub fn strays(&self) -> u64 {
        self.exchange.strays()
    }

    /// Devices below this one, which is a gateway.
    pub const fn gateway(&self) -> Gateway<'_> {
        Gateway::new(self)
    }

    /// Sends what waits and leaves, for all clones and for the devices below it.
    ///
    /// # Cancel safety
    /// Dropping the future leaves all the same.
    pub async fn close(&self) {
        self.exchange.close().await;
    }

    /// Properties have these values: an object with a value to each name, or with `{"value": …, "time": …}`, the time in
    /// milliseconds. The platform takes 200 at once.
    ///
    /// # Errors
    /// As [`Error::kind`] tells; [`Refused`](super::ErrorKind::Refused) with the platform's code.
    ///
    /// # Cancel safety
    /// As for all calls: once polled, it is sent; nobody waits for the answer any more.
    pub async fn report(&self, properties: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.call(&thing::Call::report(self.id(), properties)).await.map(drop)
    }

    /// An event happened, with an object for its output.
    ///
    /// # Errors
    /// As for [`report`](Self::report), and if the id cannot be one.
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn event(&self, id: &str, output: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let id = EventId::new(id).map_err(thing::Unwritable::from)?;
        let event = thing::Event::now(payload::object("output", output)?);
        self.call(&thing::Call::event(self.id(), id, event)).await.map(drop)
    }

    /// Any call: packs, histories, tags and whatever else a [`Call`](thing::Call) can be. The answer's data, as it came;
    /// an empty object where there is none.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn call<P: Serialize>(
        &self,
        call: &thing::Call<'_, P>,
    ) -> Result<Box<RawValue>, Error> {
        let answer = self.ask(call.to(&self.topics)?).await?;
        reply(&answer, |reply| reply.data())
    }

    /// The next id, for a [`Call`](thing::Call).
    pub fn id(&self) -> String {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    /// Which values are wanted of these properties. Those that nobody wants to be otherwise are not among it.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn desired(&self, properties: &[&str]) -> Result<BTreeMap<String, Desired>, Error> {
        let call = thing::Call::desired(self.id(), properties).to(&self.topics)?;
        let answer = self.ask(call).await?;
        reply(&answer, |reply| {
            let wishes: BTreeMap<String, config::Desired<'_>> = reply.data()?;
            let owned = wishes.into_iter().map(|(name, wish)| {
                (name, Desired { value: wish.value.text().into(), version: wish.version })
            });
            Ok(owned.collect())
        })
    }

    /// Forgets that other values were wanted of these properties, up to these versions.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn forget_desired(&self, properties: &[(&str, u64)]) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Version {
            version: u64,
        }
        let params: BTreeMap<_, _> = properties
            .iter()
            .map(|(name, version)| (*name, Version { version: *version }))
            .collect();
        self.call(&thing::Call::new(Method::DesiredDelete, self.id(), params)).await.map(drop)
    }

    /// The shadow. The platform answers one question about it at a time:
    /// [`Busy`](super::ErrorKind::Busy) where another waits.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn shadow(&self) -> Result<Shadow, Error> {
        self.ask_shadow(shadow::get(&self.topics)).await
    }

    /// Changes the shadow, and gives its version where the platform tells it.
    ///
    /// # Errors
    /// As for [`shadow`](Self::shadow).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn change_shadow<P: Serialize>(
        &self,
        change: &Change<P>,
    ) -> Result<Option<i64>, Error> {
        Ok(self.ask_shadow(shadow::change(&self.topics, change)?).await?.version)
    }

    async fn ask_shadow(&self, publication: Publication) -> Result<Shadow, Error> {
        let answer = self.ask(publication).await?;
        let Down { what: What::Shadow(answer), .. } = parse(&answer)? else { return Err(form()) };
        match answer {
            shadow::Shadow::Done { version, state } => {
                let text =
                    |json: Option<thing::Json<'_>>| json.map_or("", |json| json.text()).into();
                Ok(Shadow {
                    version,
                    reported: text(state.and_then(|state| state.reported)),
                    desired: text(state.and_then(|state| state.desired)),
                })
            }
            shadow::Shadow::Refused { code, .. } => Err(Error::refusal(Refused::Shadow(code))),
            shadow::Shadow::Control { .. } => Err(form()),
        }
    }

    /// What time it is, by the platform's clock: since 1970-01-01 00:00 UTC. Half of the way there and back is taken for
    /// the way back.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn time(&self) -> Result<Duration, Error> {
        // The difference is all that counts, and this clock is never set.
        let sent = self.clock.now().since_origin();
        let answer = self.ask(ntp::request(&self.topics, sent)).await?;
        let received = self.clock.now().since_origin();
        match parse(&answer)?.what {
            What::Time(time) => Ok(time.at(received)),
            _ => Err(form()),
        }
    }

    /// The product's remote configuration: where its file lies. Its data is a
    /// [`Config`](crate::thing::config::Config), which `serde_json::from_str` reads.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn config(&self) -> Result<Box<RawValue>, Error> {
        self.call(&thing::Call::config(self.id())).await
    }

    /// Sends lines of the device's log.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn log(&self, lines: &[&str]) -> Result<(), Error> {
        self.call(&thing::Call::log(self.id(), lines)).await.map(drop)
    }

    /// Tells which version runs, of the device or of one of its modules. The platform does not answer; without it, it
    /// announces nothing.
    ///
    /// # Errors
    /// If it cannot be sent.
    ///
    /// # Cancel safety
    /// Once polled, it is sent.
    pub async fn firmware_version(&self, version: &str, module: Option<&str>) -> Result<(), Error> {
        self.tell(ota::inform(&self.topics, &self.id(), version, module)?).await
    }

    /// Asks whether there is newer firmware, of the device or of one of its modules; also for another link where the one
    /// that was announced is no longer good.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn firmware(&self, module: Option<&str>) -> Result<Option<Announced>, Error> {
        #[derive(Serialize)]
        struct Module<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            module: Option<&'a str>,
        }
        let call = thing::Call::new(Method::FirmwareGet, self.id(), Module { module });
        let answer = self.ask(call.to(&self.topics)?).await?;
        reply(&answer, |reply| Ok(reply.firmware()?.as_ref().map(Announced::from)))
    }

    /// Tells how far an upgrade is, of the device or of one of its modules. The platform does not answer.
    ///
    /// # Errors
    /// If it cannot be sent.
    ///
    /// # Cancel safety
    /// Once polled, it is sent.
    pub async fn firmware_progress(
        &self,
        progress: Progress,
        description: &str,
        module: Option<&str>,
    ) -> Result<(), Error> {
        self.tell(ota::progress(&self.topics, &self.id(), progress, description, module)?).await
    }

    /// Publishes what nobody answers.
    async fn tell(&self, publication: Publication) -> Result<(), Error> {
        Ok(self.exchange.tell(publication).await?)
    }

    pub(super) async fn ask(&self, publication: Publication) -> Result<Message, Error> {
        self.exchange.call(publication).await
    }
}

/// Reads the answer to a call, unless it is a refusal.
pub(super) fn reply<'m, T>(
    message: &'m Message,
    read: impl FnOnce(Reply<'m>) -> Result<T, Unreadable>,
) -> Result<T, Error> {
    let What::Reply(_, reply) = parse(message)?.what else { return Err(form()) };
    if reply.code != Code::SUCCESS {
        return Err(Error::refusal(Refused::Call(reply.code)));
    }
    Ok(read(reply)?)
}

fn parse(message: &Message) -> Result<Down<'_>, Unreadable> {
    Down::parse(&message.topic, &message.payload)
}

/// It is not what was asked for.
fn form() -> Error {
    Unreadable::Form { offset: 0 }.into()
}

impl fmt::Debug for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thing")
            .field("topics", &self.topics)
            .field("exchange", &self.exchange)
            .finish_non_exhaustive()
    }
}
