//! The task that serves the socket, and the state it shares with the handles.
//!
//! Callers put requests into the shared state and send them themselves, so that a call costs no hop
//! to another task; the task receives, keeps the time, and sends what the socket would not take.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use iot_home_core::{Did, Instant, SystemRandom};
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use tokio::time::{self, Sleep};

use super::device::DeviceInner;
use super::wire::{Direction, Observer, observe};
use crate::error::Failure;
use crate::message::{Reply, Request};
use crate::packet::Packet;
use crate::session::{Config, Event, RequestKey, Session};
use crate::token::Token;

/// What the driver's task and the handles share.
pub(super) struct Shared {
    socket: UdpSocket,
    origin: time::Instant,
    config: Config,
    on_wire: Option<Observer>,
    state: Mutex<State>,
}

impl Shared {
    pub(super) fn new(socket: UdpSocket, config: Config, on_wire: Option<Observer>) -> Self {
        let state = State {
            peers: Vec::new(),
            free: Vec::new(),
            routes: HashMap::new(),
            timers: BTreeSet::new(),
            outbox: VecDeque::new(),
            buffer: Vec::new(),
            driver: None,
            wakes_at: None,
            closed: false,
        };
        Self { socket, origin: time::Instant::now(), config, on_wire, state: Mutex::new(state) }
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// The handle that others have for this device, or a new one.
    pub(super) fn device(
        &self,
        addr: SocketAddr,
        token: &Token,
        make: impl FnOnce(SessionId) -> Arc<DeviceInner>,
    ) -> Arc<DeviceInner> {
        let mut state = self.lock();
        let known = state.routes.get(&addr).into_iter().flatten().find_map(|id| {
            let peer = state.peer(*id)?;
            if peer.session.cipher().token() == token { peer.handle.upgrade() } else { None }
        });
        if let Some(handle) = known {
            return handle;
        }
        let id = state.free.pop().unwrap_or(SessionId(state.peers.len()));
        // May panic without randomness, and a handle dropped then would lock again.
        let session = Session::new(token, self.config, &mut SystemRandom::new());
        let handle = make(id);
        let peer = Peer {
            addr,
            session,
            waiting: Vec::new(),
            unsent: None,
            timer: None,
            handle: Arc::downgrade(&handle),
        };
        match state.peers.get_mut(id.0) {
            Some(place) => *place = Some(peer),
            None => state.peers.push(Some(peer)),
        }
        state.routes.entry(addr).or_default().push(id);
        handle
    }

    /// Forgets a device whose last handle is gone.
    pub(super) fn remove(&self, id: SessionId) {
        let mut state = self.lock();
        let Some(peer) = state.peers.get_mut(id.0).and_then(Option::take) else { return };
        state.free.push(id);
        if let Some(at) = peer.timer {
            state.timers.remove(&(at, id));
        }
        if let Some(ids) = state.routes.get_mut(&peer.addr) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                state.routes.remove(&peer.addr);
            }
        }
    }

    /// Sends a request on its way. The receiver hears of its end, or that the client has ended.
    pub(super) fn start(&self, id: SessionId, request: Request) -> Started {
        let now = self.now();
        let mut state = self.lock();
        let (tell, end) = oneshot::channel();
        let mut key = None;
        if !state.closed
            && let Some(peer) = state.peer_mut(id)
        {
            let started = peer.session.request(now, request);
            peer.waiting.push((started, tell));
            key = Some(started);
            self.drain(&mut state, now, id);
        }
        Started { key, end }
    }

    /// Forgets a request whose caller is gone.
    pub(super) fn cancel(&self, id: SessionId, key: RequestKey) {
        let now = self.now();
        let mut state = self.lock();
        let Some(peer) = state.peer_mut(id) else { return };
        let before = peer.waiting.len();
        peer.waiting.retain(|(waiting, _)| *waiting != key);
        if peer.waiting.len() < before {
            peer.session.cancel(now, key);
            self.drain(&mut state, now, id);
        }
    }

    pub(super) fn did(&self, id: SessionId) -> Option<Did> {
        self.lock().peer(id)?.session.did()
    }

    /// Sends what a session has to send, passes on what it has to tell, and sets its timer. Returns
    /// whether a caller was told.
    fn drain(&self, state: &mut State, now: Instant, id: SessionId) -> bool {
        let State { peers, timers, outbox, buffer, driver, wakes_at, .. } = state;
        let Some(peer) = peers.get_mut(id.0).and_then(Option::as_mut) else {
            return false;
        };
        let mut told = false;
        let mut stuck = false;
        loop {
            while let Some(event) = peer.session.poll_event() {
                match event {
                    Event::Done { key, result } => {
                        peer.tell(key, result);
                        told = true;
                    }
                    Event::Request(request) => {
                        // Devices repeat what is not acknowledged. Nobody listens for these yet. An answer
                        // under the id 0, sent back to us, would pass for the device's own.
                        if request.id != 0 {
                            let _ = peer.session.answer(request.id, "{\"code\":0}");
                        }
                    }
                }
            }
            let Some(datagram) = peer.session.poll_transmit(now, buffer) else { break };
            if let Some(observer) = &self.on_wire {
                let cipher = peer.session.cipher().clone();
                observe(
                    observer,
                    Direction::Sent,
                    peer.addr,
                    now.since_origin(),
                    datagram,
                    [cipher],
                );
            }
            let sent = if outbox.is_empty() {
                self.socket.try_send_to(datagram, peer.addr).map(drop)
            } else {
                Err(io::ErrorKind::WouldBlock.into())
            };
            match sent {
                Ok(()) => peer.unsent = None,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if outbox.len() < MAX_OUTBOX {
                        outbox.push_back((peer.addr, datagram.into()));
                    }
                    stuck = true;
                }
                // It counts as lost: the session repeats it, and at its deadline this explains the silence.
                Err(error) => peer.unsent = Some(error),
            }
        }
        let due = peer.session.poll_timeout();
        // A timer that rings early is harmless, so it is moved only forward in time.
        if let Some(due) = due
            && peer.timer.is_none_or(|set| due < set)
        {
            if let Some(set) = peer.timer.replace(due) {
                timers.remove(&(set, id));
            }
            timers.insert((due, id));
        }
        let earlier = due.is_some_and(|due| wakes_at.is_none_or(|at| due < at));
        if (stuck || earlier)
            && let Some(driver) = driver.take()
        {
            driver.wake();
        }
        told
    }

    /// Takes in a datagram. Returns whether a caller's wait has ended by it.
    fn receive(&self, now: Instant, from: SocketAddr, datagram: &mut [u8]) -> bool {
        let mut state = self.lock();
        let ids = state.routes.get(&from).map(Vec::as_slice).unwrap_or_default();
        if let Some(observer) = &self.on_wire {
            let ciphers = ids
                .iter()
                .filter_map(|id| Some(state.peer(*id)?.session.cipher().clone()))
                .collect::<Vec<_>>();
            observe(observer, Direction::Received, from, now.since_origin(), datagram, ciphers);
        }
        // Nearly always one device and one token at an address; otherwise the checksum tells.
        if let [id] = *ids {
            if let Some(peer) = state.peer_mut(id) {
                peer.session.handle_datagram(now, datagram);
                return self.drain(&mut state, now, id);
            }
            return false;
        }
        // A message goes to the one whose token made its checksum, anything else to all of them.
        let packet = Packet::parse(datagram).ok();
        let owner = packet.and_then(|packet| {
            let opens = |id: &&SessionId| {
                state.peer(**id).is_some_and(|peer| peer.session.cipher().verify(&packet))
            };
            ids.iter().find(opens).copied()
        });
        let receivers = owner.map_or_else(|| ids.to_vec(), |id| vec![id]);
        let mut told = false;
        for id in receivers {
            if let Some(peer) = state.peer_mut(id) {
                peer.session.handle_datagram(now, datagram);
                told |= self.drain(&mut state, now, id);
            }
        }
        told
    }

    fn ring(&self, now: Instant) {
        let mut state = self.lock();
        while let Some((at, id)) = state.timers.first().copied()
            && at <= now
        {
            state.timers.pop_first();
            let Some(peer) = state.peer_mut(id) else { continue };
            peer.timer = None;
            if peer.session.poll_timeout().is_some_and(|due| due <= now) {
                peer.session.handle_timeout(now);
            }
            self.drain(&mut state, now, id);
        }
    }

    /// Ends every call: the driver is gone, and with it whatever could answer them.
    fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        for peer in state.peers.iter_mut().flatten() {
            peer.waiting.clear();
        }
    }

    fn now(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock but a user's observer, which leaves the state whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that was sent on its way.
pub(super) struct Started {
    /// Absent when the client had ended already.
    pub(super) key: Option<RequestKey>,
    pub(super) end: oneshot::Receiver<Ended>,
}

/// How a call ended, and why the system did not send its last datagram, if it did not.
pub(super) type Ended = Result<Reply, (Failure, Option<io::Error>)>;

/// A session's place within its client. It is given to another device only after the last handle is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SessionId(usize);

struct State {
    peers: Vec<Option<Peer>>,
    free: Vec<SessionId>,
    routes: HashMap<SocketAddr, Vec<SessionId>>,
    timers: BTreeSet<(Instant, SessionId)>,
    /// What the socket would not take at once.
    outbox: VecDeque<(SocketAddr, Box<[u8]>)>,
    buffer: Vec<u8>,
    /// The task, while it sleeps, and until when it does.
    driver: Option<Waker>,
    wakes_at: Option<Instant>,
    closed: bool,
}

impl State {
    fn peer(&self, id: SessionId) -> Option<&Peer> {
        self.peers.get(id.0)?.as_ref()
    }

    fn peer_mut(&mut self, id: SessionId) -> Option<&mut Peer> {
        self.peers.get_mut(id.0)?.as_mut()
    }
}

struct Peer {
    addr: SocketAddr,
    session: Session,
    waiting: Vec<(RequestKey, oneshot::Sender<Ended>)>,
    /// Why the system did not send the last datagram, if it did not.
    unsent: Option<io::Error>,
    timer: Option<Instant>,
    handle: Weak<DeviceInner>,
}

impl Peer {
    fn tell(&mut self, key: RequestKey, result: Result<Reply, Failure>) {
        if let Some(at) = self.waiting.iter().position(|(waiting, _)| *waiting == key) {
            let (_, tell) = self.waiting.swap_remove(at);
            // Nobody hears it where the caller was dropped this very moment.
            let _ = tell.send(result.map_err(|failure| (failure, self.unsent.take())));
        }
    }
}

/// The task: it ends when it is aborted, or when the socket breaks for good.
pub(super) struct Driver {
    shared: Arc<Shared>,
    sleep: Pin<Box<Sleep>>,
    buffer: Box<[u8]>,
    errors: u32,
    /// When the timers were last looked at.
    kept_time: Instant,
}

impl Driver {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let sleep = Box::pin(time::sleep_until(shared.origin));
        Self {
            shared,
            sleep,
            buffer: vec![0; BUFFER].into(),
            errors: 0,
            kept_time: Instant::ORIGIN,
        }
    }

    /// Receives until there is nothing more, a caller has an answer, or others want their turn.
    fn poll_receive(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Received> {
        for _ in 0..BUDGET {
            let mut buffer = ReadBuf::new(&mut self.buffer);
            match self.shared.socket.poll_recv_from(cx, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(from)) => {
                    self.errors = 0;
                    if self.shared.receive(now, from, buffer.filled_mut()) {
                        return Poll::Ready(Received::Answer);
                    }
                }
                Poll::Ready(Err(error)) => {
                    // Windows reports here that some earlier datagram found no listener.
                    self.errors = self.errors.saturating_add(u32::from(!is_of_a_peer(&error)));
                    if self.errors > MAX_ERRORS {
                        return Poll::Ready(Received::Broken(error));
                    }
                    tracing::debug!(%error, "receiving failed");
                }
            }
        }
        Poll::Ready(Received::Much)
    }

    fn poll_outbox(&self, cx: &mut Context<'_>) {
        let mut state = self.shared.lock();
        while let Some((to, datagram)) = state.outbox.front() {
            match self.shared.socket.poll_send_to(cx, datagram, *to) {
                Poll::Pending => return,
                Poll::Ready(_) => drop(state.outbox.pop_front()),
            }
        }
    }
}

enum Received {
    /// A caller's wait is over.
    Answer,
    /// Nothing for a caller, and there may be more.
    Much,
    /// The socket gives errors only.
    Broken(io::Error),
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // One look at the clock for all of it; a poll takes microseconds.
        let mut now = self.shared.now();
        match self.poll_receive(cx, now) {
            Poll::Pending => {}
            Poll::Ready(Received::Broken(error)) => {
                tracing::error!(%error, "the socket is broken");
                return Poll::Ready(());
            }
            Poll::Ready(received) => {
                cx.waker().wake_by_ref();
                // The caller goes on before the socket is asked whether there is more: mostly there
                // is not, and its next request leaves that much sooner. The timers can wait for a moment.
                let answer = matches!(received, Received::Answer);
                if answer && now.saturating_since(self.kept_time) < LATE {
                    return Poll::Pending;
                }
            }
        }
        self.kept_time = now;
        {
            // Before the outbox is looked at: what is put there from now on wakes this task again.
            let mut state = self.shared.lock();
            if state.driver.as_ref().is_none_or(|driver| !driver.will_wake(cx.waker())) {
                state.driver = Some(cx.waker().clone());
            }
        }
        self.poll_outbox(cx);
        loop {
            self.shared.ring(now);
            let next = {
                let mut state = self.shared.lock();
                let next = state.timers.first().map(|(at, _)| *at);
                state.wakes_at = next;
                next
            };
            let Some(next) = next else { return Poll::Pending };
            // A timer further away than the clock can count is one that never rings.
            let Some(at) = self.shared.origin.checked_add(next.since_origin()) else {
                return Poll::Pending;
            };
            if self.sleep.deadline() != at {
                self.sleep.as_mut().reset(at);
            }
            if self.sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            now = self.shared.now();
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// Whether an error tells of somebody else's port or network, and not of the socket.
fn is_of_a_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted, NetworkDown,
        NetworkUnreachable,
    };
    matches!(
        error.kind(),
        ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
    )
}

/// How late a timer may ring while answers keep coming.
const LATE: Duration = Duration::from_millis(1);
/// The largest datagram there is.
const BUFFER: usize = 65_536;
/// Datagrams received before others get their turn.
const BUDGET: u32 = 64;
/// Errors in a row after which the socket counts as broken.
const MAX_ERRORS: u32 = 1000;
/// Datagrams that wait for the socket; more are lost, as they would be on the network.
const MAX_OUTBOX: usize = 4096;
