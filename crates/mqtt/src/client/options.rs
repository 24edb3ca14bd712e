//! Settings of a session.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use iot_home_core::{Clock, SystemClock};
use tokio::io::{AsyncRead, AsyncWrite};

use super::machine::{Settings, largest_packet};
use super::message::Message;
use super::tls::Tls;
use super::wire::{Observer, WireEvent};
use crate::Rules;

/// A byte stream that can carry MQTT.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Wire for S {}

pub(super) type Dialing = Pin<Box<dyn Future<Output = io::Result<Box<dyn Wire>>> + Send>>;
pub(super) type Dialer = Arc<dyn Fn(&str, u16) -> Dialing + Send + Sync>;

/// Settings of a session. The defaults suit a device that is connected for good.
#[derive(Clone)]
#[must_use]
pub struct Options {
    settings: Settings,
    max_packet: Option<usize>,
    pub(super) tls: Tls,
    pub(super) clock: Arc<dyn Clock + Send + Sync>,
    pub(super) dialer: Option<Dialer>,
    pub(super) on_wire: Option<Observer>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            settings: Settings {
                timeout: Duration::from_secs(30),
                connect_timeout: Duration::from_secs(15),
                patience: Duration::from_secs(10),
                ping: None,
                first_pause: Duration::from_secs(1),
                longest_pause: Duration::from_secs(60),
                window: 100,
                queue: 1000,
                queue_bytes: 8 * 1024 * 1024,
                inbox: 256,
                inbox_bytes: 4 * 1024 * 1024,
                max_packet: 0,
                will: None,
                fail_fast: false,
            },
            max_packet: None,
            tls: Tls::default(),
            clock: Arc::new(SystemClock::new()),
            dialer: None,
            on_wire: None,
        }
    }
}

impl Options {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long the acknowledgement of a message or of a subscription is waited for, connections that are lost and
    /// made again included; 30 s by default. A message that was not sent by then is not sent any more.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How long making a connection may take, from looking up the name to the answer to the login; 15 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connect_timeout = timeout;
        self
    }

    /// How long the broker may take for what it answers at once, a ping above all; 10 s by default.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.settings.patience = patience;
        self
    }

    /// Asks the broker whether it is there after this time of silence. Without it that is three quarters of the
    /// keep-alive; while an acknowledgement is waited for, half of the [`patience`](Self::patience).
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        // At zero nothing but pings would be sent.
        self.settings.ping = Some(interval.max(Duration::from_millis(10)));
        self
    }

    /// The pause before the first attempt to connect anew, and the longest one; 1 s and a minute by default. In
    /// between it doubles; each is up to half shorter, at random. It is never shorter than the platform asks for.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.settings.first_pause = first;
        self.settings.longest_pause = longest;
        self
    }

    /// How many messages may be sent and not acknowledged, 1 to 1000; 100 by default.
    pub fn window(mut self, messages: usize) -> Self {
        self.settings.window = messages.clamp(1, 1000);
        self
    }

    /// How many messages may wait to be sent, and how many bytes of topic and payload; 1000 and 8 MiB by default.
    /// More are refused, but for a first one of any size.
    pub fn queue(mut self, messages: usize, bytes: usize) -> Self {
        self.settings.queue = messages;
        self.settings.queue_bytes = bytes;
        self
    }

    /// How many messages may wait to be taken, and how many bytes of topic and payload; 256 and 4 MiB by default. What
    /// comes beyond that is lost here, and told as [`Event::Missed`](super::Event::Missed).
    pub fn inbox(mut self, messages: usize, bytes: usize) -> Self {
        self.settings.inbox = messages;
        self.settings.inbox_bytes = bytes;
        self
    }

    /// The largest packet that is taken in; what the platform's largest message needs by default, and 1 MiB at most.
    /// A larger message is lost, and told as [`Event::Missed`](super::Event::Missed).
    pub fn max_packet(mut self, bytes: usize) -> Self {
        self.max_packet = Some(bytes);
        self
    }

    /// What the broker publishes when the client is lost. The clouds have no wills, and it is refused there.
    pub fn will(mut self, message: Message) -> Self {
        self.settings.will = Some(message);
        self
    }

    /// Whom to trust over TLS, and what to show.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Where the time comes from that logins are signed with, by [`Clock::unix_time`]; the system's clock by default.
    pub fn clock(mut self, clock: impl Clock + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes connections by this in place of TCP, to the host and the port that it is given: through a proxy, or in
    /// memory. TLS is made within it.
    pub fn dial_with<F, R, S>(mut self, dial: F) -> Self
    where
        F: Fn(&str, u16) -> R + Send + Sync + 'static,
        R: Future<Output = io::Result<S>> + Send + 'static,
        S: Wire + 'static,
    {
        self.dialer = Some(Arc::new(move |host, port| {
            let dialing = dial(host, port);
            Box::pin(async move { Ok(Box::new(dialing.await?) as Box<dyn Wire>) })
        }));
        self
    }

    /// Calls `observer` with all that goes and comes, as it is before TLS, for transcripts. It must not block.
    pub fn on_wire(mut self, observer: impl Fn(&WireEvent<'_>) + Send + Sync + 'static) -> Self {
        self.on_wire = Some(Arc::new(observer));
        self
    }

    pub(super) fn time_to_connect(&self) -> Duration {
        self.settings.connect_timeout
    }

    pub(super) fn settings(&self, rules: &Rules, fail_fast: bool) -> Settings {
        let mut settings = self.settings.clone();
        settings.fail_fast = fail_fast;
        settings.max_packet = self.max_packet.unwrap_or(largest_packet(rules).min(1024 * 1024));
        settings
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("settings", &self.settings)
            .field("max_packet", &self.max_packet)
            .field("tls", &self.tls)
            .field("dials", &self.dialer.is_some())
            .finish_non_exhaustive()
    }
}
