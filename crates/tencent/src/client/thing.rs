//! A device on a session.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use iot_home_core::{Clock as _, SystemClock};
use iot_home_mqtt::Publication;
use iot_home_mqtt::client::{Exchange, Handle, Message, Session};
use serde::Serialize;

use super::event::sort;
use super::{Error, Events, Gateway};
use crate::thing::event::{self, Event, Severity};
use crate::thing::ota::{self, Ota, Progress};
use crate::thing::{
    Down, Ids, Json, Reply, Topics, Unreadable, Unwritable, What, config, log, property, time,
};

/// A device on a session, or one below a gateway. Cheap to clone; all clones are the same device.
///
/// Properties, events and actions are the Explorer's, the shadow is the Hub's, and the rest is of both. A product of the
/// Explorer whose properties have their old form has templates in the place of properties.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use futures_util::StreamExt as _;
/// use iot_home_mqtt::client::{Options, Session};
/// use iot_home_tencent::client::Event;
/// use iot_home_tencent::{Device, Thing};
/// use serde_json::{Map, Value, json};
///
/// # let psk = "7WmFA/MEs+Fy+32QwJWtYw==";
/// let device = Device::new("YOURPROD01", "lamp1", psk)?;
/// let session = Session::connect(device.tls(), Options::new()).await?;
/// let lamp = Thing::new(session, device.topics()).await?;
/// lamp.report(&json!({"power_switch": 0})).await?;
///
/// let mut events = lamp.events();
/// while let Some(event) = events.next().await {
///     if let Event::Control(control) = event? {
///         let values: Map<String, Value> = control.params()?;
///         control.done().await?;
///         lamp.report(&values).await?;
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Thing {
    pub(super) exchange: Exchange,
    tokens: Arc<Mutex<Ids>>,
    pub(super) topics: Topics,
    clock: SystemClock,
}

/// What the Explorer remembers of the properties. Either is an object, as it came, and empty where there is none.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Status {
    /// What the device told.
    pub reported: String,
    /// What was wanted while the device was away.
    pub control: String,
}

impl Thing {
    /// How long the platform's answer is waited for, once the broker has what it is to answer.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// The device of these topics on its session. It subscribes to what the platform says by itself; to other answers it
    /// does when the first of a kind is waited for.
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
        let tokens = Arc::new(Mutex::new(Ids::new()));
        let thing = Self { exchange, tokens, topics, clock: SystemClock::new() };
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

    /// How many answers came that nobody waited for: twice, too late, or with another token.
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

    pub(super) fn token(&self) -> String {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    /// Properties have these values: an object with a value to each name.
    ///
    /// # Errors
    /// As [`Error::kind`] tells; [`Refused`](super::ErrorKind::Refused) with the platform's code.
    ///
    /// # Cancel safety
    /// As for all calls: once polled, it is sent; nobody waits for the answer any more.
    pub async fn report(&self, properties: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let call = property::report(&self.topics, &self.token(), None, properties)?;
        self.ask_explorer(call, |_| Ok(())).await
    }

    /// Says what the device is: an object with `module_hardinfo`, `fw_ver` and the like.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn report_info(&self, info: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let call = property::report_info(&self.topics, &self.token(), info)?;
        self.ask_explorer(call, |_| Ok(())).await
    }

    /// What the platform remembers of the properties, and what was wanted meanwhile.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn status(&self) -> Result<Status, Error> {
        let call = property::get_status(&self.topics, &self.token())?;
        self.ask_explorer(call, |reply| {
            let status = reply.status()?;
            Ok(Status { reported: text(status.report), control: text(status.control) })
        })
        .await
    }

    /// What was wanted meanwhile was done, and is wanted no more.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn clear_control(&self) -> Result<(), Error> {
        let call = property::clear_control(&self.topics, &self.token())?;
        self.ask_explorer(call, |_| Ok(())).await
    }

    /// An event happened just now, with an object for its output.
    ///
    /// # Errors
    /// As for [`report`](Self::report), and if the id cannot be one.
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn event(
        &self,
        id: &str,
        severity: Severity,
        output: &(impl Serialize + ?Sized),
    ) -> Result<(), Error> {
        let now = self.session().unix_time();
        let event = Event::new(id, severity, now, output).map_err(Unwritable::from)?;
        let call = event::post(&self.topics, &self.token(), &event)?;
        self.ask_explorer(call, |_| Ok(())).await
    }

    /// Several events happened, each with its time.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn several_events<P: Serialize>(&self, events: &[Event<'_, P>]) -> Result<(), Error> {
        let call = event::post_several(&self.topics, &self.token(), events)?;
        self.ask_explorer(call, |_| Ok(())).await
    }

    /// What time it is, by the platform's clock: since 1970-01-01 00:00 UTC. Half of the way there and back is taken for
    /// the way back. The platform's answers do not say what they answer: one is waited for at a time.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn time(&self) -> Result<Duration, Error> {
        // The difference is all that counts, and this clock is never set.
        let sent = self.clock.now().since_origin();
        let answer = self.ask(time::request(&self.topics)).await?;
        let received = self.clock.now().since_origin();
        match parse(&answer)?.what {
            What::Time(time) => Ok(time.at(sent, received)),
            _ => Err(form()),
        }
    }

    /// The remote configuration: JSON, as it came, and empty where there is none.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn config(&self) -> Result<String, Error> {
        let answer = self.ask(config::get(&self.topics)).await?;
        let What::Config(config) = parse(&answer)?.what else { return Err(form()) };
        match config.result.filter(|code| !code.is_success()) {
            Some(code) => Err(Error::refusal(code)),
            None => Ok(text(config.payload)),
        }
    }

    /// How much is to be logged: 0, nothing, to 4, everything.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn log_level(&self) -> Result<u8, Error> {
        let answer = self.ask(log::get_level(&self.topics, &self.token())?).await?;
        match parse(&answer)?.what {
            What::Log(level) => Ok(level.level),
            _ => Err(form()),
        }
    }

    /// Tells which version runs. Without it the platform announces nothing; told again, it announces again what is newer,
    /// with a link that is good.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn firmware_version(&self, version: &str) -> Result<(), Error> {
        let answer = self.ask(ota::report_version(&self.topics, version)?).await?;
        match parse(&answer)?.what {
            What::Ota(Ota::VersionHeard(code)) if code.is_success() => Ok(()),
            What::Ota(Ota::VersionHeard(code)) => Err(Error::refusal(code)),
            _ => Err(form()),
        }
    }

    /// Tells how far the upgrade to this version is. The platform does not answer.
    ///
    /// # Errors
    /// If it cannot be sent.
    ///
    /// # Cancel safety
    /// Once polled, it is sent.
    pub async fn firmware_progress(&self, progress: Progress, version: &str) -> Result<(), Error> {
        let publication = ota::report_progress(&self.topics, progress, version)?;
        Ok(self.exchange.tell(publication).await?)
    }

    /// Asks the Explorer, and reads its answer, unless it is a refusal.
    async fn ask_explorer<T>(
        &self,
        publication: Publication,
        read: impl FnOnce(Reply<'_>) -> Result<T, Unreadable>,
    ) -> Result<T, Error> {
        let answer = self.ask(publication).await?;
        let What::Reply(_, reply) = parse(&answer)?.what else { return Err(form()) };
        if !reply.code.is_success() {
            return Err(Error::refusal(reply.code));
        }
        Ok(read(reply)?)
    }

    pub(super) async fn ask(&self, publication: Publication) -> Result<Message, Error> {
        self.exchange.call(publication).await
    }
}

pub(super) fn parse(message: &Message) -> Result<Down<'_>, Unreadable> {
    Down::parse(&message.topic, &message.payload)
}

pub(super) fn text(json: Option<Json<'_>>) -> String {
    json.map_or("", Json::text).into()
}

/// It is not what was asked for.
pub(super) fn form() -> Error {
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
