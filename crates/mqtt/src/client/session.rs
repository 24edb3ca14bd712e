//! A session, and its handles.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
#[cfg(feature = "payload")]
use iot_home_core::Instant;

use super::driver;
use super::error::Error;
use super::event::Event;
use super::machine::{Done, Machine};
use super::message::{Message, Qos};
use super::options::Options;
use super::shared::Shared;
use crate::Signer;

/// A device's place at a broker: connected, and connected again whenever that is lost.
///
/// It is a stream of [`Event`]s, which ends when the session does: after an error that ended it, such as
/// refused credentials, or without one after [`close`](Self::close). A program that takes no events loses
/// messages, and nothing else.
///
/// Dropped together with all of its [handles](Handle) it is closed as by [`close`](Self::close), without anybody
/// waiting for it.
#[must_use = "a session that is dropped is closed"]
pub struct Session {
    handle: Handle,
}

impl Session {
    /// Connects, and waits for the broker to let the client in.
    ///
    /// The signer makes a login for this connection and for each that follows.
    ///
    /// # Errors
    /// Why there is no connection; then there will be none. With [`start`](Self::start) there is another
    /// attempt.
    ///
    /// # Panics
    /// Outside of a tokio runtime with time and network.
    ///
    /// # Cancel safety
    /// Dropping the future gives the connection up.
    pub async fn connect(
        signer: impl Signer + Send + 'static,
        options: Options,
    ) -> Result<Self, Error> {
        let session = Self::begin(Box::new(signer), options, true)?;
        poll_fn(|cx| session.shared().poll_settled(cx.waker())).await?;
        Ok(session)
    }

    /// Begins to connect, and goes on until the broker lets the client in or refuses it: for devices that may
    /// start before there is a network.
    ///
    /// # Errors
    /// The platform has no will as in the options.
    ///
    /// # Panics
    /// Outside of a tokio runtime with time and network.
    pub fn start(signer: impl Signer + Send + 'static, options: Options) -> Result<Self, Error> {
        Self::begin(Box::new(signer), options, false)
    }

    fn begin(
        signer: Box<dyn Signer + Send>,
        options: Options,
        fail_fast: bool,
    ) -> Result<Self, Error> {
        let rules = signer.rules();
        let settings = options.settings(rules, fail_fast);
        let clock = Arc::clone(&options.clock);
        let shared = Arc::new(Shared::new(clock, |now| Machine::new(rules, settings, now))?);
        tokio::spawn(driver::run(Arc::clone(&shared), signer, options));
        Ok(Self { handle: Handle(Arc::new(Open(shared))) })
    }

    fn shared(&self) -> &Shared {
        &self.handle.0.0
    }

    /// Another way to publish and to subscribe, for other tasks.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// [`Handle::publish`].
    ///
    /// # Errors
    /// As there.
    ///
    /// # Cancel safety
    /// As there.
    pub async fn publish(
        &self,
        topic: impl Into<String>,
        payload: impl Into<Bytes>,
    ) -> Result<(), Error> {
        self.handle.publish(topic, payload).await
    }

    /// [`Handle::send`].
    ///
    /// # Errors
    /// As there.
    ///
    /// # Cancel safety
    /// As there.
    pub async fn send(&self, message: Message) -> Result<(), Error> {
        self.handle.send(message).await
    }

    /// [`Handle::subscribe`].
    ///
    /// # Errors
    /// As there.
    ///
    /// # Cancel safety
    /// As there.
    pub async fn subscribe(&self, filter: impl Into<String>, qos: Qos) -> Result<Qos, Error> {
        self.handle.subscribe(filter, qos).await
    }

    /// [`Handle::unsubscribe`].
    ///
    /// # Errors
    /// As there.
    ///
    /// # Cancel safety
    /// As there.
    pub async fn unsubscribe(&self, filter: impl Into<String>) -> Result<(), Error> {
        self.handle.unsubscribe(filter).await
    }

    /// Whether there is a connection.
    pub fn is_connected(&self) -> bool {
        self.handle.is_connected()
    }

    /// The messages alone, for programs that need not know of connections. The stream ends with the session, after
    /// the error that ended it.
    pub fn messages(&mut self) -> Messages<'_> {
        Messages(self)
    }

    /// Sends what waits, has it acknowledged, and leaves; for all of the handles. It takes no longer than the
    /// [patience](Options::patience) of the options, twice.
    ///
    /// # Cancel safety
    /// Dropping the future leaves all the same.
    pub async fn close(self) {
        self.shared().close();
        poll_fn(|cx| self.shared().poll_over(cx.waker())).await;
    }
}

impl Stream for Session {
    type Item = Result<Event, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.shared().poll_event(cx.waker())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("connected", &self.is_connected()).finish_non_exhaustive()
    }
}

/// The messages of a session.
#[derive(Debug)]
pub struct Messages<'a>(&'a mut Session);

impl Stream for Messages<'_> {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match std::task::ready!(self.0.shared().poll_event(cx.waker())) {
                Some(Ok(Event::Message(message))) => return Poll::Ready(Some(Ok(message))),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

/// Publishes and subscribes, from any task. Cheap to clone.
#[derive(Clone)]
pub struct Handle(Arc<Open>);

/// Closes the session with the last handle.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Handle {
    /// Publishes a message of QoS 1, and waits until the broker acknowledges it. Where there is no connection it
    /// waits for one; where a connection is lost in between, the message is sent again with the next.
    ///
    /// # Errors
    /// [`BadInput`](super::ErrorKind::BadInput) for what MQTT or the platform does not take,
    /// [`Full`](super::ErrorKind::Full) where too many wait already,
    /// [`Timeout`](super::ErrorKind::Timeout) if it could not be sent in time,
    /// [`MaybeSent`](super::ErrorKind::MaybeSent) if it was sent and not acknowledged in time, or why the session
    /// is over.
    ///
    /// # Cancel safety
    /// Once polled, the message is sent whether or not anybody waits for it.
    pub async fn publish(
        &self,
        topic: impl Into<String>,
        payload: impl Into<Bytes>,
    ) -> Result<(), Error> {
        self.send(Message::new(topic, payload)).await
    }

    /// Publishes a message of any kind. One of QoS 0 is waited for until it is written.
    ///
    /// # Errors
    /// As for [`publish`](Self::publish).
    ///
    /// # Cancel safety
    /// As for [`publish`](Self::publish).
    pub async fn send(&self, message: Message) -> Result<(), Error> {
        let sent = self.0.0.request(|machine, now, waiter| machine.publish(now, message, waiter));
        sent.await.map(|_| ())
    }

    /// Publishes a message, and waits for nothing: for answers that are given where nobody can wait, such as in a
    /// `Drop`.
    ///
    /// # Errors
    /// If it cannot be sent, as for [`publish`](Self::publish). What comes of it once it waits to be sent, nobody learns.
    pub fn enqueue(&self, message: Message) -> Result<(), Error> {
        self.0.0.ask(|machine, now, waiter| machine.publish(now, message, waiter))
    }

    /// What time it is by the clock of the options, by which logins are signed: since 1970-01-01 00:00 UTC.
    pub fn unix_time(&self) -> Duration {
        self.0.0.clock.unix_time()
    }

    /// Sends what waits, and leaves; for all of the handles. The session's stream ends when that is done.
    #[cfg(feature = "payload")]
    pub(super) fn close(&self) {
        self.0.0.close();
    }

    /// The session's own time.
    #[cfg(feature = "payload")]
    pub(super) fn now(&self) -> Instant {
        self.0.0.now()
    }

    /// Subscribes, and gives the quality of service that the broker grants. From then on the subscription is made
    /// anew with each connection that the broker has forgotten it with.
    ///
    /// # Errors
    /// As for [`publish`](Self::publish), and [`SubscriptionRefused`](super::ErrorKind::SubscriptionRefused).
    ///
    /// # Cancel safety
    /// Once polled, the broker is asked whether or not anybody waits for it.
    pub async fn subscribe(&self, filter: impl Into<String>, qos: Qos) -> Result<Qos, Error> {
        let filter = filter.into();
        let done =
            self.0.0.request(|machine, now, waiter| machine.subscribe(now, filter, qos, waiter));
        Ok(match done.await? {
            Done::Subscribed(granted) => granted,
            Done::Published | Done::Unsubscribed => qos,
        })
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// As for [`publish`](Self::publish).
    ///
    /// # Cancel safety
    /// Once polled, the broker is told whether or not anybody waits for it.
    pub async fn unsubscribe(&self, filter: impl Into<String>) -> Result<(), Error> {
        let filter = filter.into();
        let done =
            self.0.0.request(|machine, now, waiter| machine.unsubscribe(now, filter, waiter));
        done.await.map(|_| ())
    }

    /// Whether there is a connection.
    pub fn is_connected(&self) -> bool {
        self.0.0.is_connected()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("connected", &self.is_connected()).finish_non_exhaustive()
    }
}
