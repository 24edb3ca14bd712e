//! What the platform says by itself, and what happens to the session.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use iot_home_mqtt::client::{self, Exchange, Message, Sorted};

use super::{Action, Control, Error, Question};
use crate::thing::ota::{Firmware, Ota};
use crate::thing::{Down, Link, Unreadable, What};

/// Something that happened to a device.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The Explorer sets properties.
    Control(Control),
    /// The Explorer wants something done.
    Action(Action),
    /// Do something, and somebody waits for it.
    Question(Question),
    /// There is firmware.
    Firmware(Announced),
    /// There is another configuration: a [`Config`](crate::thing::config::Config).
    ConfigPush(Received),
    /// Somebody wants other values of the Hub's shadow.
    ShadowDelta(Received),
    /// Somebody wants other values of the Explorer's properties in their old form.
    TemplateDelta(Received),
    /// Devices were bound to this gateway or unbound from it by somebody else: a
    /// [`Gateway`](crate::thing::gateway::Gateway).
    GatewayChange(Received),
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
    /// The broker let the client in. Devices below a gateway have to be told of again.
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

/// Firmware that the platform announced, standing on its own. Its `Debug` does not show the link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Announced {
    /// Which version it is.
    pub version: String,
    /// How many bytes.
    pub size: u64,
    /// The file's MD5 digest, hexadecimal.
    pub md5: String,
    /// Where it lies, for a while; telling the version again has it announced with another link.
    pub url: Link<'static>,
}

impl From<Firmware<'_>> for Announced {
    fn from(firmware: Firmware<'_>) -> Self {
        Self {
            version: firmware.version.into_owned(),
            size: firmware.file_size,
            md5: firmware.md5sum.into_owned(),
            url: firmware.url.into_owned(),
        }
    }
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
        let event: fn(Received) -> Event = match Down::parse(&message.topic, &message.payload) {
            Err(error) => return Event::Unreadable { message, error },
            Ok(down) => match down.what {
                What::Control(_) => return Event::Control(Control::new(message, handle())),
                What::Action(_) => return Event::Action(Action::new(message, handle())),
                What::Rrpc(_) => return Event::Question(Question::new(message, handle())),
                What::Ota(Ota::Update(firmware)) => return Event::Firmware(firmware.into()),
                What::Config(_) => Event::ConfigPush,
                What::Shadow(_) => Event::ShadowDelta,
                What::Template(_) => Event::TemplateDelta,
                What::Gateway(_) => Event::GatewayChange,
                What::Broadcast(_) => Event::Broadcast,
                _ => Event::Other,
            },
        };
        event(Received(message))
    }
}

/// What a message is to whoever waits for answers.
pub(super) fn sort(message: &Message) -> Sorted {
    let Ok(down) = Down::parse(&message.topic, &message.payload) else { return Sorted::News };
    match (down.answers(), &down.what) {
        // Either may come unasked.
        (Some(key), What::Gateway(_) | What::Log(_)) => Sorted::Either(key),
        (Some(key), _) => Sorted::Answer(key),
        (None, _) => Sorted::News,
    }
}
