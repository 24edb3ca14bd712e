//! What happens in a session, told line by line.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use iot_home::Secret;
use iot_home::core::{Clock as _, SystemClock, SystemRandom};
use iot_home::mqtt::Signer;
use iot_home::mqtt::client::{Error, Event, Message, Qos, WireEvent};
use serde::Serialize;

use super::payload::{Cover, Shown};
use crate::args::Publication;
use crate::commands::Context;
use crate::failure::{Failure, Report};
use crate::output::{Tone, printable};

/// Tells programs on stdout; a person reads messages there, and the rest on stderr.
pub(super) struct Teller<'a> {
    context: &'a Context,
    peer: Peer,
    cover: Cover,
}

/// The broker.
pub(super) struct Peer {
    host: String,
    port: u16,
    tls: bool,
}

impl Peer {
    /// Where this leads to, which is the same each time.
    pub(super) fn of(signer: &dyn Signer) -> Self {
        let login = signer.login(SystemClock::new().unix_time(), &mut SystemRandom::new());
        Self { host: login.host, port: login.port, tls: login.tls }
    }

    /// As addresses are written.
    pub(super) fn addr(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = if self.tls { " over TLS" } else { "" };
        write!(f, "{} port {}{tls}", self.host, self.port)
    }
}

/// A line for programs.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Line<'a> {
    Connected {
        host: &'a str,
        port: u16,
        tls: bool,
        session_present: bool,
    },
    Subscribed {
        topic: &'a str,
        qos: u8,
    },
    Published {
        topic: &'a str,
        qos: u8,
    },
    Message {
        topic: Cow<'a, str>,
        payload: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        payload_hex: Option<&'a str>,
        qos: u8,
        retain: bool,
        duplicate: bool,
    },
    Missed {
        count: u64,
    },
    Unsubscribed {
        topic: &'a str,
    },
    Disconnected {
        #[serde(flatten)]
        reason: &'a Report,
        retry_after_ms: u64,
    },
}

impl<'a> Teller<'a> {
    pub(super) fn new(
        context: &'a Context,
        signer: &dyn Signer,
        secret: Option<Secret<String>>,
    ) -> Self {
        Self {
            context,
            peer: Peer::of(signer),
            cover: Cover::new(secret, context.output.show_secrets()),
        }
    }

    pub(super) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// What the session is to call with all that goes and comes, where a transcript is wanted.
    pub(super) fn observer(&self) -> Option<impl Fn(&WireEvent<'_>) + Send + Sync + use<>> {
        let recorder = self.context.recorder.as_ref()?;
        Some(recorder.session_observer(self.peer.addr(), self.cover.secrets().to_vec()))
    }

    pub(super) fn is_tls(&self) -> bool {
        self.peer.tls
    }

    /// Tells of an event, and says whether it was a message.
    pub(super) fn tell(&self, event: Event) -> Result<bool, Failure> {
        match event {
            Event::Connected { session_present, .. } => self.connected(session_present)?,
            Event::Message(message) => {
                self.message(&message)?;
                return Ok(true);
            }
            Event::Missed { count, .. } => self.line(&Line::Missed { count }, || {
                let messages = if count == 1 { "message was" } else { "messages were" };
                self.context.output.warn(&format!("{count} {messages} lost here"));
            })?,
            Event::Unsubscribed { filter, .. } => {
                self.line(&Line::Unsubscribed { topic: &filter }, || {
                    let message = format!("the broker does not grant {filter} any more");
                    self.context.output.warn(&message);
                })?;
            }
            Event::Disconnected { error, retry_after, .. } => {
                self.disconnected(error, retry_after)?;
            }
            _ => {}
        }
        Ok(false)
    }

    fn connected(&self, session_present: bool) -> Result<(), Failure> {
        let Peer { host, port, tls } = &self.peer;
        let line = Line::Connected { host, port: *port, tls: *tls, session_present };
        self.line(&line, || {
            let remembered = if session_present { "; it remembers the session" } else { "" };
            self.context.output.note(&format!("connected to {}{remembered}", self.peer));
        })
    }

    pub(super) fn subscribed(&self, topic: &str, qos: Qos) -> Result<(), Failure> {
        let qos = qos.get();
        self.line(&Line::Subscribed { topic, qos }, || {
            let topic = printable(topic);
            self.context.output.note(&format!("subscribed to {topic} with QoS {qos}"));
        })
    }

    pub(super) fn published(&self, message: &Publication, qos: Qos) -> Result<(), Failure> {
        let topic = message.topic.as_str();
        let qos = qos.get();
        self.line(&Line::Published { topic, qos }, || {
            let surely = if qos == 0 { "sent" } else { "acknowledged" };
            let topic = printable(topic);
            self.context.output.note(&format!("published to {topic}, {surely}"));
        })
    }

    /// A person is told that this is not the end.
    pub(super) fn waits(&self) {
        self.context.output.note("staying until interrupted");
    }

    fn message(&self, message: &Message) -> Result<(), Failure> {
        let Shown { text, hex } = self.cover.payload(&message.payload);
        let line = Line::Message {
            topic: self.cover.text(&message.topic),
            payload: &text,
            payload_hex: hex.as_deref(),
            qos: message.qos.get(),
            retain: message.retain,
            duplicate: message.duplicate,
        };
        self.context.output.print(&line, |_, style| {
            let topic = self.cover.text(&message.topic);
            let topic = printable(&topic);
            format!("{}  {}", style.paint(Tone::Name, &topic), printable(&text))
        })
    }

    fn disconnected(&self, error: Error, retry_after: Duration) -> Result<(), Failure> {
        let failure = Failure::from(error);
        let Failure::Report(reason) = &failure else { return Err(failure) };
        let retry_after_ms = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
        self.line(&Line::Disconnected { reason, retry_after_ms }, || {
            let seconds = retry_after.as_secs_f64();
            let output = &self.context.output;
            output.warn(&format!("{}; trying again in {seconds:.1} s", reason.message));
            reason.hint.iter().for_each(|hint| output.advise(hint));
        })
    }

    /// A line for programs, which are told nothing on stderr.
    fn line(&self, line: &Line<'_>, person: impl FnOnce()) -> Result<(), Failure> {
        if self.context.output.json() {
            return self.context.output.print(line, |_, _| String::new());
        }
        person();
        Ok(())
    }
}
