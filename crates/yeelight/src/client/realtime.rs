//! Commands without quota and without answers: music mode, or a UDP session.

mod channel;
mod music;
mod udp;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time;

use self::channel::Channel;
use super::bulb::Bulb;
use super::error::{Error, ErrorKind, RealtimeFailure};
use super::lan::Lan;
use super::transport::Transport;
use crate::color::Light;
use crate::error::InvalidInput;
use crate::message::Reply;
use crate::method::Method;
use crate::state::State;
use crate::udp::Generation;

/// How a real-time channel is made. The defaults pick what the bulb supports.
#[derive(Clone, Debug)]
#[must_use]
pub struct RealtimeOptions {
    kind: Option<RealtimeKind>,
    listen: SocketAddr,
    advertised: Option<Ipv4Addr>,
    session_port: u16,
    timeout: Duration,
}

/// The two sorts of real-time channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "the protocol has these two")]
pub enum RealtimeKind {
    /// The bulb connects back by TCP.
    Music,
    /// Datagrams with a token, on newer models.
    Udp,
}

impl RealtimeOptions {
    /// This sort of channel and no other.
    pub fn kind(mut self, kind: RealtimeKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Where music mode listens for the bulb; a free port of every interface by default.
    pub fn listen(mut self, addr: SocketAddr) -> Self {
        self.listen = addr;
        self
    }

    /// The address that the bulb is told to connect to. By default the one that this machine has towards the bulb;
    /// behind a container's bridge or a translated network that is not the one the bulb sees. Then
    /// connections from any address are taken for the bulb's, as theirs may be translated too.
    pub fn advertise(mut self, addr: Ipv4Addr) -> Self {
        self.advertised = Some(addr);
        self
    }

    /// The bulb's UDP port for sessions, 55444 by default.
    pub fn session_port(mut self, port: u16) -> Self {
        self.session_port = port;
        self
    }

    /// How long the bulb gets to connect back, or to give a token; 5 s by default. A call waits as long for
    /// a channel that is not there.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl Default for RealtimeOptions {
    fn default() -> Self {
        Self {
            kind: None,
            listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            advertised: None,
            session_port: crate::SESSION_PORT,
            timeout: Duration::from_secs(5),
        }
    }
}

/// A real-time channel to a bulb, beside its control connection.
///
/// A command is done when it is on its way: nothing tells whether the bulb has carried it out. What it should have
/// changed stands in [`state`](Bulb::state). Questions are refused. Commands that switch the light go over the
/// control connection, whose answer tells that they worked, and count against its quota.
///
/// Switching the light off ends music mode; it begins again with the first command after the light is on.
#[derive(Clone)]
pub struct Realtime {
    inner: Arc<Inner>,
}

struct Inner {
    lan: Lan,
    kind: RealtimeKind,
    generation: Generation,
    options: RealtimeOptions,
    /// One that has ended is replaced by whoever needs it next.
    channel: Mutex<Option<Channel>>,
}

impl Bulb {
    /// Opens a real-time channel: a UDP session where the bulb lists one, music mode otherwise.
    ///
    /// # Errors
    /// [`NotSupported`](super::ErrorKind::NotSupported) where the bulb has neither,
    /// [`Realtime`](super::ErrorKind::Realtime) where it does not come about within its time, and those of the command that
    /// asks for it. Music mode is switched off again then.
    ///
    /// # Panics
    /// Outside a tokio runtime that has its IO and time drivers on.
    ///
    /// # Cancel safety
    /// Dropping the future leaves no socket behind; the bulb may have been asked for music mode, and gives it up by itself.
    pub async fn realtime(&self, options: RealtimeOptions) -> Result<Bulb<Realtime>, Error> {
        let lan = self.transport().clone();
        let profile = self.profile();
        let generation = Generation::of(&profile);
        let kind = match (options.kind, generation) {
            (Some(kind), _) => kind,
            (None, Some(_)) => RealtimeKind::Udp,
            (None, None) => RealtimeKind::Music,
        };
        if kind == RealtimeKind::Music && profile.supports("set_music") == Some(false) {
            let model = profile.model().map(Into::into);
            let input = InvalidInput::NotSupported { method: "set_music".into(), model };
            return Err(Error::input("set_music", input));
        }
        let inner = Inner {
            lan,
            kind,
            generation: generation.unwrap_or(Generation::Second),
            options,
            channel: Mutex::new(None),
        };
        let channel = inner.open().await?;
        *inner.channel.lock().await = Some(channel);
        Ok(Bulb::over(Realtime { inner: Arc::new(inner) }))
    }
}

impl Bulb<Realtime> {
    /// Which sort of channel it is.
    pub fn kind(&self) -> RealtimeKind {
        self.transport().inner.kind
    }

    /// The bulb's state as it should be: as last heard, and changed by the commands sent since.
    pub fn state(&self) -> State {
        self.transport().inner.lan.shared().lock().session.state().clone()
    }

    /// Ends the channel once what waits was sent. Dropping the last handle ends it at once.
    ///
    /// # Errors
    /// As a command on the control connection.
    ///
    /// # Cancel safety
    /// The channel is closed in any case; the bulb notices that by itself.
    pub async fn end(self) -> Result<(), Error> {
        let inner = &self.transport().inner;
        if let Some(channel) = inner.channel.lock().await.take() {
            channel.finish(inner.options.timeout).await;
        }
        if inner.kind == RealtimeKind::Udp {
            return Ok(());
        }
        match inner.lan.call(Method::SetMusic(None)).await {
            // It has seen the connection end, and is in no music mode that it could leave.
            Err(error) if error.kind() == ErrorKind::Device => Ok(()),
            ended => ended.map(drop),
        }
    }
}

impl Inner {
    async fn open(&self) -> Result<Channel, Error> {
        match self.kind {
            RealtimeKind::Music => music::open(&self.lan, &self.options).await,
            RealtimeKind::Udp => {
                let addr = SocketAddr::new(self.addr().ip(), self.options.session_port);
                udp::open(addr, self.generation, self.options.timeout).await
            }
        }
    }

    fn addr(&self) -> SocketAddr {
        self.lan.shared().addr
    }

    /// Hands a command to the channel, which is made anew if it has ended.
    async fn send(&self, method: Method) -> Result<(), Error> {
        let mut channel = self.channel.lock().await;
        if let Some(open) = channel.as_ref().filter(|open| open.is_open()) {
            let sent = open.send(method.clone(), self.options.timeout).await;
            if sent.is_ok() {
                return Ok(());
            }
        }
        // The command that found the channel closed was not sent.
        *channel = None;
        if self.kind == RealtimeKind::Music && self.is_off() {
            return Err(Error::realtime(self.addr(), method.name(), RealtimeFailure::Off));
        }
        let name = method.name().to_owned();
        let open = channel.insert(self.open().await?);
        let sent = open.send(method, self.options.timeout).await;
        sent.map_err(|()| Error::realtime(self.addr(), &name, RealtimeFailure::Lost))
    }

    fn is_off(&self) -> bool {
        self.lan.shared().lock().session.state().is_on(Light::Main) == Some(false)
    }
}

impl Transport for Realtime {
    async fn call(&self, method: Method) -> Result<Reply, Error> {
        let inner = &*self.inner;
        let name = method.name().to_owned();
        if method.is_question() {
            return Err(Error::input(&name, InvalidInput::NoAnswers { method: (&*name).into() }));
        }
        // A scene switches the light on, and there is no music while it is off.
        let switches = match method {
            Method::SetPower { .. } | Method::Toggle(_) | Method::DevToggle => true,
            Method::SetScene { .. } => inner.kind == RealtimeKind::Music && inner.is_off(),
            _ => false,
        };
        if switches {
            let (before, kept) = (self.state(), method.clone());
            let reply = inner.lan.call(method).await?;
            // The bulb tells nothing in music mode.
            inner.lan.shared().lock().session.learn(kept.effects(&before));
            if inner.kind == RealtimeKind::Music && inner.is_off() {
                *inner.channel.lock().await = None;
            }
            return Ok(reply);
        }
        let method = inner.lan.shared().lock().session.checked(method);
        let method = method.map_err(|input| Error::input(&name, input))?;
        let kept = method.clone();
        // A channel that is made anew waits for the control connection too, each step within its own time.
        inner.send(method).await?;
        let mut state = inner.lan.shared().lock();
        let effects = kept.effects(state.session.state());
        state.session.learn(effects);
        Ok(Reply::ok())
    }
}

impl Realtime {
    fn state(&self) -> State {
        self.inner.lan.shared().lock().session.state().clone()
    }
}

impl fmt::Debug for Realtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Realtime")
            .field("addr", &self.inner.addr())
            .field("kind", &self.inner.kind)
            .finish_non_exhaustive()
    }
}

/// Runs a future for at most this long.
async fn within<F: Future>(timeout: Duration, future: F) -> Option<F::Output> {
    time::timeout(timeout, future).await.ok()
}
