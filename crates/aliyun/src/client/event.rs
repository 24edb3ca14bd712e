//! What the platform says by itself, and what happens to the session.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use iot_home_mqtt::client::{self, Exchange, Message, Sorted};

use super::{Announced, Call, Error, Question};
use crate::thing::{Down, Unreadable, What};

/// Something that happened to a device.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// Set properties: the parameters are an object with a value to each name.
    PropertySet(Call),
    /// Do something: [`Call::service`], with an object of inputs.
    Service(Call),
    /// Do something, and somebody waits for it.
    Question(Question),
    /// There is firmware.
    Firmware(Announced),
    /// There is another configuration: a [`Config`](crate::thing::config::Config).
    ConfigPush(Call),
    /// Other devices are below this gateway: a [`TopologyChange`](crate::thing::gateway::TopologyChange).
    TopologyChange(Call),
    /// The device, or one below it, was disabled.
    Disable(Call),
    /// It was enabled again.
    Enable(Call),
    /// It was deleted.
    Delete(Call),
    /// Somebody wants other values of the shadow (`Shadow::Control`).
    ShadowControl(Received),
    /// What a device below this gateway published was refused. The code 520 and its neighbours say that it has to log in
    /// once more.
    SubDeviceError(Received),
    /// For all devices of the product.
    Broadcast(Received),
    /// On a topic of one's own, or none that is known.
    Other(Received),
    /// What arrived is not what its topic calls for.
    #[non_exhaustive]
    Unreadable {
        /// The message.
        message: Message,
        /// Why.
        error: Unreadable,
    },
    /// The broker let the client in. Devices below a gateway have to log in again.
    #[non_exhaustive]
    Connected {
        /// Whether the broker remembered the session.
        session_present: bool,
    },
    /// The connection is lost, or could not be made. There will be another attempt.
    #[non_exhaustive]
    Disconnected {
        /// Why.
        error: client::Error,
        /// After which time the next attempt is made.
        retry_after: Duration,
    },
    /// So many events were lost, since nobody took them.
    #[non_exhaustive]
    Missed {
        /// How many.
        count: u64,
    },
    /// The broker refused a subscription that it had granted before a connection was lost.
    #[non_exhaustive]
    Unsubscribed {
        /// The topic filter.
        filter: String,
    },
}

/// A message that arrived and needs no answer.
#[derive(Clone, Debug)]
pub struct Received(Message);

impl Received {
    /// The message.
    pub const fn message(&self) -> &Message {
        &self.0
    }

    /// What it is.
    ///
    /// # Errors
    /// None in what came as an event.
    pub fn down(&self) -> Result<Down<'_>, Unreadable> {
        Down::parse(&self.0.topic, &self.0.payload)
    }
}

/// What happens to a device: a stream, whose last item is the error that ended the session, where one did.
///
/// Where there are several of a device's, each event goes to one of them.
#[derive(Clone, Debug)]
pub struct Events(pub(super) Exchange);

impl Stream for Events {
    type Item = Result<Event, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(next) = ready!(self.0.poll_news(cx)) else { return Poll::Ready(None) };
        Poll::Ready(Some(next.map(|event| self.read(event)).map_err(Into::into)))
    }
}

impl Events {
    fn read(&self, event: client::Event) -> Event {
        match event {
            client::Event::Message(message) => self.message(message),
            client::Event::Connected { session_present, .. } => {
                Event::Connected { session_present }
            }
            client::Event::Disconnected { error, retry_after, .. } => {
                Event::Disconnected { error, retry_after }
            }
            client::Event::Missed { count, .. } => Event::Missed { count },
            client::Event::Unsubscribed { filter, .. } => Event::Unsubscribed { filter },
            // Nothing that this version knows of.
            _ => Event::Missed { count: 0 },
        }
    }

    fn message(&self, message: Message) -> Event {
        let handle = || self.0.handle().clone();
        let call: fn(Call) -> Event = match Down::parse(&message.topic, &message.payload) {
            Err(error) => return Event::Unreadable { message, error },
            Ok(down) => match down.what {
                What::PropertySet(_) => Event::PropertySet,
                What::Service(..) => Event::Service,
                What::ConfigPush(_) => Event::ConfigPush,
                What::TopologyChange(_) => Event::TopologyChange,
                What::Disable(_) => Event::Disable,
                What::Enable(_) => Event::Enable,
                What::Delete(_) => Event::Delete,
                What::Rrpc(_) => return Event::Question(Question::new(message, handle())),
                What::Upgrade(upgrade) => return Event::Firmware((&upgrade.data).into()),
                What::Shadow(_) => return Event::ShadowControl(Received(message)),
                What::SubDeviceError(_) => return Event::SubDeviceError(Received(message)),
                What::Broadcast(..) => return Event::Broadcast(Received(message)),
                _ => return Event::Other(Received(message)),
            },
        };
        call(Call::new(message, handle()))
    }
}

/// What a message is to whoever waits for answers.
pub(super) fn sort(message: &Message) -> Sorted {
    let Ok(down) = Down::parse(&message.topic, &message.payload) else { return Sorted::News };
    match (down.answers(), &down.what) {
        // The app's answers have a form of their own, which their callers look at.
        (Some(key), What::App(..)) => Sorted::Either(key),
        (Some(key), _) => Sorted::Answer(key),
        (None, _) => Sorted::News,
    }
}
