//! A device and its calls.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use iot_home_core::{ActionId, ActionResult, Did, PropertyId, PropertyResult};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};
use tracing::{Instrument, field};

use super::Handle;
use super::discovery;
use super::error::Error;
use super::properties;
use super::pushes::Pushes;
use super::shared::{SessionId, Shared};
use crate::cipher::Cipher;
use crate::discovery::Found;
use crate::error::Failure;
use crate::info::Info;
use crate::message::{Reply, Request};
use crate::miot::ActionInput;
use crate::session::RequestKey;
use crate::token::Token;

/// A handle for one device, cheap to clone. Calls may run at the same time.
#[derive(Clone)]
pub struct Device {
    inner: Arc<DeviceInner>,
}

impl Device {
    pub(super) fn new(handle: &Arc<Handle>, addr: SocketAddr, token: &Token) -> Self {
        let make = |id| {
            Arc::new(DeviceInner {
                handle: Arc::clone(handle),
                addr,
                id,
                properties_at_once: AtomicUsize::new(properties::AT_ONCE),
                props_at_once: AtomicUsize::new(properties::PROPS_AT_ONCE),
                turns: Semaphore::new(handle.shared.config().in_flight.max(1)),
            })
        };
        Self { inner: handle.shared.device(addr, token, make) }
    }

    /// Calls a method. `params` is whatever the method takes, mostly an array; `()` stands for none.
    ///
    /// ```no_run
    /// # async fn run(lamp: iot_home_miio::Device) -> Result<(), iot_home_miio::Error> {
    /// let [power, bright]: [String; 2] = lamp.call("get_prop", ["power", "bright"]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Any [`ErrorKind`](super::ErrorKind); [`Malformed`](super::ErrorKind::Malformed) also when the result is not a `T`.
    ///
    /// # Cancel safety
    /// Dropping the future ends the repetitions. Whether the device executes what was sent is not known.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: impl Serialize,
    ) -> Result<T, Error> {
        let request =
            Request::new(method, params).map_err(|error| Error::request(method, error))?;
        let reply = self.request(request).await?;
        reply.parse().map_err(|error| Error::form(self.inner.addr, method, error))
    }

    /// Sends a request that was put together with care: with a sid, a timeout, or a say on repetition.
    ///
    /// # Errors
    /// Any [`ErrorKind`](super::ErrorKind) but `Refused`.
    ///
    /// # Cancel safety
    /// Dropping the future ends the repetitions. Whether the device executes what was sent is not known.
    pub async fn request(&self, request: Request) -> Result<Reply, Error> {
        let inner = &*self.inner;
        inner.check_family()?;
        let method = request.shared_method();
        let repeatable = request.is_idempotent();
        let (turn, request) = self.take_turn(request, &method).await?;
        let span = tracing::debug_span!("request", addr = %inner.addr, did = field::Empty, %method, id = field::Empty);
        async {
            let Turn { of_device: _of_device, of_client } = turn;
            let started = inner.handle.shared.start(inner.id, request, of_client);
            let Some(key) = started.key else { return Err(Error::closed(inner.addr, &method)) };
            let mut guard = Guard { inner, key: Some(key) };
            let ended = started.end.await;
            guard.key = None;
            match ended {
                Ok(Ok(reply)) => {
                    if !span.is_disabled() {
                        span.record("id", reply.id());
                        span.record("did", field::debug(self.did()));
                    }
                    Ok(reply)
                }
                Ok(Err((failure, unsent))) => {
                    Err(Error::failure(inner.addr, &method, failure, repeatable).unsent(unsent))
                }
                Err(_) => Err(Error::closed(inner.addr, &method)),
            }
        }
        .instrument(span.clone())
        .await
    }

    /// Waits until the device and the client have room for one more request, which costs the request's time.
    async fn take_turn(
        &self,
        request: Request,
        method: &str,
    ) -> Result<(Turn<'_>, Request), Error> {
        let inner = &*self.inner;
        let closed = |_: AcquireError| Error::closed(inner.addr, method);
        let turns = inner.handle.shared.turns();
        // What is free is taken without waiting for it: that would use up the budget that tokio gives a task, and
        // of a task with thousands of calls all that are left would be polled again for each 128 that got on.
        let of_device = inner.turns.try_acquire();
        let of_device = match (of_device, Arc::clone(turns).try_acquire_owned()) {
            (Ok(of_device), Ok(of_client)) => return Ok((Turn { of_device, of_client }, request)),
            (of_device, _) => of_device,
        };
        let started = Instant::now();
        let limit = request.own_timeout().unwrap_or(self.timeout());
        let both = async {
            let of_device = match of_device {
                Ok(free) => free,
                Err(_) => inner.turns.acquire().await?,
            };
            Ok(Turn { of_device, of_client: Arc::clone(turns).acquire_owned().await? })
        };
        let turn = timeout(limit, both).await;
        let left = limit.saturating_sub(started.elapsed());
        let turn = match turn {
            Ok(turn) if !left.is_zero() => turn.map_err(closed)?,
            _ => return Err(Error::failure(inner.addr, method, Failure::NeverSent, true)),
        };
        Ok((turn, request.timeout(left)))
    }

    /// Greets the device for at most `wait`, which needs no right token.
    ///
    /// # Errors
    /// [`NoHello`](super::ErrorKind::NoHello) when it does not answer.
    ///
    /// # Cancel safety
    /// Dropping the future ends the probe.
    pub async fn hello(&self, wait: Duration) -> Result<Found, Error> {
        let found = discovery::hello(&self.inner.handle, self.inner.addr, wait).await?;
        self.inner.handle.shared.introduce(self.inner.id, &found);
        Ok(found)
    }

    /// What the device tells of itself. Devices that are cut off from the internet may fail at this
    /// and work otherwise.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn info(&self) -> Result<Info, Error> {
        self.call("miIO.info", ()).await.map(Info::from_value)
    }

    /// Reads properties of a device from before MIoT, by name and in the order asked. What the
    /// device does not know is `null`. Asks for fifteen at once, and one by one where that fails.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn get_prop(&self, names: &[&str]) -> Result<Vec<Value>, Error> {
        properties::get_prop(self, names).await
    }

    /// Reads MIoT properties. The results stand in the order asked, each with a code of its own.
    ///
    /// Ten are asked for at once; where the device cannot take that many, the number is halved
    /// within the call's one deadline and remembered. An item that the device leaves out also when
    /// it is asked alone has the code [`INTERNAL`](iot_home_core::MiotCode::INTERNAL).
    ///
    /// # Errors
    /// As [`call`](Self::call). A property that the device refuses is no error here.
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn get_properties(
        &self,
        ids: impl IntoIterator<Item = PropertyId>,
    ) -> Result<Vec<PropertyResult>, Error> {
        properties::get(self, None, ids.into_iter().collect()).await
    }

    /// Writes MIoT properties, in chunks like [`get_properties`](Self::get_properties). A value has
    /// the property's own JSON type: `true` and not `1`.
    ///
    /// # Errors
    /// As [`call`](Self::call). A property that the device refuses is no error here.
    ///
    /// # Cancel safety
    /// As [`call`](Self::call); some of the values may be written.
    pub async fn set_properties(
        &self,
        values: impl IntoIterator<Item = (PropertyId, Value)>,
    ) -> Result<Vec<PropertyResult>, Error> {
        properties::set(self, None, values.into_iter().collect()).await
    }

    /// Reads one MIoT property.
    ///
    /// # Errors
    /// As [`call`](Self::call), and [`Refused`](super::ErrorKind::Refused) when the device does not give it.
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn get<T: DeserializeOwned>(&self, id: impl Into<PropertyId>) -> Result<T, Error> {
        let id = id.into();
        let results = self.get_properties([id]).await?;
        properties::value(self.inner.addr, results)
    }

    /// Writes MIoT properties and stops at the first that the device refuses.
    ///
    /// # Errors
    /// As [`call`](Self::call), and [`Refused`](super::ErrorKind::Refused) with the first refused
    /// property; others may be written all the same.
    ///
    /// # Cancel safety
    /// As [`set_properties`](Self::set_properties).
    pub async fn set<I: Into<PropertyId>>(
        &self,
        values: impl IntoIterator<Item = (I, Value)>,
    ) -> Result<(), Error> {
        let values = values.into_iter().map(|(id, value)| (id.into(), value));
        let results = self.set_properties(values).await?;
        properties::all_ok(self.inner.addr, &results)
    }

    /// Runs a MIoT action. It is not repeated under a new id, since it may toggle something.
    ///
    /// # Errors
    /// As [`call`](Self::call). A code of the device's own is no error here.
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn action(
        &self,
        id: impl Into<ActionId>,
        input: ActionInput,
    ) -> Result<ActionResult, Error> {
        properties::action(self, None, id.into(), &input).await
    }

    /// Subscribes to what the device pushes, and waits until it has agreed, which takes up to ten seconds.
    /// The subscription is kept, and made anew when the device was switched off, as long as the stream lives.
    /// Several streams of one device share one subscription.
    ///
    /// ```no_run
    /// # async fn run(lamp: iot_home_miio::Device) -> Result<(), iot_home_miio::Error> {
    /// use futures_util::StreamExt as _;
    /// use iot_home_miio::push::Event;
    ///
    /// let mut pushes = lamp.subscribe().await?;
    /// while let Some(event) = pushes.next().await {
    ///     if let Event::Changed(changes) = event {
    ///         changes.iter().for_each(|change| println!("{} is {}", change.id, change.value));
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotSupported`](super::ErrorKind::NotSupported) when the device takes no subscriptions,
    /// [`NoHello`](super::ErrorKind::NoHello) when it does not answer, otherwise as [`call`](Self::call).
    ///
    /// # Cancel safety
    /// Dropping the future, like dropping the stream, ends the subscription.
    pub async fn subscribe(&self) -> Result<Pushes, Error> {
        let inner = &self.inner;
        inner.check_family()?;
        Pushes::subscribe(inner).await
    }

    /// The device's address.
    pub fn addr(&self) -> SocketAddr {
        self.inner.addr
    }

    /// The device's id, once it has answered for the first time.
    pub fn did(&self) -> Option<Did> {
        self.inner.handle.shared.did(self.inner.id)
    }

    /// The device's id, for which it is greeted where it has never answered.
    pub(super) async fn known_did(&self, wait: Duration) -> Result<Did, Error> {
        if let Some(did) = self.did() {
            return Ok(did);
        }
        let inner = &*self.inner;
        inner.check_family()?;
        let closed = || Error::closed(inner.addr, "hello");
        let failure = |failure| Error::failure(inner.addr, "hello", failure, true);
        let started = Instant::now();
        let turn = Arc::clone(inner.handle.shared.turns()).acquire_owned();
        let turn = timeout(wait, turn).await.map_err(|_| failure(Failure::NeverSent))?;
        let left = wait.saturating_sub(started.elapsed());
        let greeted = inner.handle.shared.greet(inner.id, left, turn.map_err(|_| closed())?);
        match greeted.await {
            Ok(Ok(did)) => Ok(did),
            Ok(Err((error, unsent))) => Err(failure(error).unsent(unsent)),
            Err(_) => Err(closed()),
        }
    }

    /// The keys that it is spoken to with.
    pub(super) fn cipher(&self) -> Option<Cipher> {
        self.inner.handle.shared.cipher(self.inner.id)
    }

    pub(super) fn timeout(&self) -> Duration {
        self.inner.handle.shared.config().timeout
    }

    pub(super) fn properties_at_once(&self) -> &AtomicUsize {
        &self.inner.properties_at_once
    }

    pub(super) fn props_at_once(&self) -> &AtomicUsize {
        &self.inner.props_at_once
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("addr", &self.inner.addr)
            .field("did", &self.did())
            .finish_non_exhaustive()
    }
}

/// What the clones of a handle share.
pub(super) struct DeviceInner {
    handle: Arc<Handle>,
    addr: SocketAddr,
    id: SessionId,
    /// How many properties the device has shown to take in one request.
    properties_at_once: AtomicUsize,
    /// The same for `get_prop`.
    props_at_once: AtomicUsize,
    /// The requests that may be on their way to the device at a time. Others wait here and not in the
    /// session, where each would keep one of the client's turns from other devices.
    turns: Semaphore,
}

/// Room for a request, at its device and in the client.
struct Turn<'a> {
    of_device: SemaphorePermit<'a>,
    of_client: OwnedSemaphorePermit,
}

impl DeviceInner {
    fn check_family(&self) -> Result<(), Error> {
        if self.addr.is_ipv4() == self.handle.local.is_ipv4() {
            return Ok(());
        }
        Err(Error::address_family(self.addr))
    }
}

impl DeviceInner {
    pub(super) fn shared(&self) -> &Shared {
        &self.handle.shared
    }

    pub(super) fn id(&self) -> SessionId {
        self.id
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for DeviceInner {
    fn drop(&mut self) {
        self.handle.shared.remove(self.id);
    }
}

/// Ends the repetitions of a call whose future is dropped.
struct Guard<'a> {
    inner: &'a DeviceInner,
    key: Option<RequestKey>,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.inner.handle.shared.cancel(self.inner.id, key);
        }
    }
}
