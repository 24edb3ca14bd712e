//! What the handles and the driver's task share: the sessions, their timers, and who waits for what.
//!
//! Callers put requests in here and send them themselves, so that a call costs no hop to another task.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;
use std::time::Duration;

use iot_home_core::{Did, Instant, SystemRandom};
use tokio::net::UdpSocket;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time;

use super::Direction;
use super::device::DeviceInner;
use super::pushes::Listener;
use super::wire::{Observer, observe};
use crate::cipher::Cipher;
use crate::discovery::Found;
use crate::error::Failure;
use crate::message::{Reply, Request};
use crate::packet::Packet;
use crate::session::{Config, Event, RequestKey, Session};
use crate::token::Token;

/// What the driver's task and the handles share.
pub(super) struct Shared {
    pub(super) socket: UdpSocket,
    pub(super) origin: time::Instant,
    config: Config,
    on_wire: Option<Observer>,
    /// The answers that may be on their way at a time.
    turns: Arc<Semaphore>,
    state: Mutex<State>,
}

impl Shared {
    pub(super) fn new(
        socket: UdpSocket,
        config: Config,
        turns: usize,
        on_wire: Option<Observer>,
    ) -> Self {
        let turns = Arc::new(Semaphore::new(turns));
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
            next_listener: 0,
        };
        let origin = time::Instant::now();
        Self { socket, origin, config, on_wire, turns, state: Mutex::new(state) }
    }

    pub(super) fn turns(&self) -> &Arc<Semaphore> {
        &self.turns
    }

    pub(super) fn on_wire(&self) -> Option<&Observer> {
        self.on_wire.as_ref()
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
        let peer = Box::new(Peer {
            addr,
            session,
            waiting: Vec::new(),
            greeters: Vec::new(),
            unsent: None,
            timer: None,
            listeners: Vec::new(),
            handle: Arc::downgrade(&handle),
        });
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

    /// Sends a request on its way. The receiver hears of its end, or that the client has ended. The
    /// turn is given back when the answer is there, or can no longer be expected at any moment.
    pub(super) fn start(
        &self,
        id: SessionId,
        request: Request,
        turn: OwnedSemaphorePermit,
    ) -> Started {
        let now = self.now();
        let mut state = self.lock();
        let (tell, end) = oneshot::channel();
        let mut key = None;
        if !state.closed
            && let Some(peer) = state.peer_mut(id)
        {
            let started = peer.session.request(now, request);
            peer.waiting.reserve_exact(1);
            peer.waiting.push(Waiting { key: started, tell, turn: Some(turn) });
            key = Some(started);
            self.drain(&mut state, now, id);
        }
        Started { key, end }
    }

    /// Greets a device for at most so long.
    pub(super) fn greet(
        &self,
        id: SessionId,
        wait: Duration,
        turn: OwnedSemaphorePermit,
    ) -> oneshot::Receiver<End<Did>> {
        let now = self.now();
        let mut state = self.lock();
        let (tell, end) = oneshot::channel();
        if !state.closed
            && let Some(peer) = state.peer_mut(id)
        {
            peer.greeters.push(Greeter { tell, turn: Some(turn) });
            peer.session.greet(now, now + wait);
            self.drain(&mut state, now, id);
        }
        end
    }

    /// Forgets a request whose caller is gone.
    pub(super) fn cancel(&self, id: SessionId, key: RequestKey) {
        let now = self.now();
        let mut state = self.lock();
        let Some(peer) = state.peer_mut(id) else { return };
        let before = peer.waiting.len();
        peer.waiting.retain(|waiting| waiting.key != key);
        if peer.waiting.len() < before {
            peer.session.cancel(now, key);
            self.drain(&mut state, now, id);
        }
    }

    /// Passes on what a hello beside the session has found out.
    pub(super) fn introduce(&self, id: SessionId, found: &Found) {
        let now = self.now();
        let mut state = self.lock();
        if let (Some(peer), Some(did)) = (state.peer_mut(id), found.did.as_u64()) {
            peer.session.introduce(now, did, found.stamp);
            self.drain(&mut state, now, id);
        }
    }

    pub(super) fn did(&self, id: SessionId) -> Option<Did> {
        self.lock().peer(id)?.session.did()
    }

    pub(super) fn cipher(&self, id: SessionId) -> Option<Cipher> {
        Some(self.lock().peer(id)?.session.cipher().clone())
    }

    /// Sends what a session has to send, passes on what it has to tell, and sets its timer. Returns
    /// whether a caller was told.
    pub(super) fn drain(&self, state: &mut State, now: Instant, id: SessionId) -> bool {
        let State { peers, timers, outbox, buffer, driver, wakes_at, .. } = state;
        let Some(peer) = peers.get_mut(id.0).and_then(Option::as_deref_mut) else {
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
                    Event::Greeted { result } => {
                        peer.tell_greeters(&result);
                        told = true;
                    }
                    Event::Request(request) => {
                        // Devices repeat what is not acknowledged. Nobody listens for these. An answer
                        // under the id 0, sent back to us, would pass for the device's own.
                        if request.id != 0 {
                            let _ = peer.session.answer(request.id, "{\"code\":0}");
                        }
                    }
                    Event::Push(event) => {
                        peer.listeners.iter_mut().for_each(|listener| listener.hear(&event));
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
    pub(super) fn receive(&self, now: Instant, from: SocketAddr, datagram: &mut [u8]) -> bool {
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

    pub(super) fn ring(&self, now: Instant) {
        let mut state = self.lock();
        while let Some((at, id)) = state.timers.first().copied()
            && at <= now
        {
            state.timers.pop_first();
            let Some(peer) = state.peer_mut(id) else { continue };
            peer.timer = None;
            if peer.session.poll_timeout().is_some_and(|due| due <= now) {
                // A silent device does not hold up the others.
                peer.waiting.iter_mut().for_each(|waiting| waiting.turn = None);
                peer.greeters.iter_mut().for_each(|greeter| greeter.turn = None);
                peer.session.handle_timeout(now);
            }
            self.drain(&mut state, now, id);
        }
    }

    /// Ends every call: the driver is gone, and with it whatever could answer them.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        for peer in state.peers.iter_mut().flatten() {
            peer.waiting.clear();
            peer.greeters.clear();
            peer.listeners.iter_mut().for_each(Listener::end);
        }
    }

    pub(super) fn now(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock but a user's observer, which leaves the state whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that was sent on its way.
pub(super) struct Started {
    /// Absent when the client had ended already.
    pub(super) key: Option<RequestKey>,
    pub(super) end: oneshot::Receiver<End<Reply>>,
}

/// How a call ended, and why the system did not send its last datagram, if it did not.
pub(super) type End<T> = Result<T, (Failure, Option<io::Error>)>;

/// A session's place within its client. It is given to another device only after the last handle is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SessionId(usize);

pub(super) struct State {
    /// Boxed, so that the vector's spare room is small.
    peers: Vec<Option<Box<Peer>>>,
    free: Vec<SessionId>,
    routes: HashMap<SocketAddr, Vec<SessionId>>,
    pub(super) timers: BTreeSet<(Instant, SessionId)>,
    /// What the socket would not take at once.
    pub(super) outbox: VecDeque<(SocketAddr, Box<[u8]>)>,
    buffer: Vec<u8>,
    /// The task, while it sleeps, and until when it does.
    pub(super) driver: Option<Waker>,
    pub(super) wakes_at: Option<Instant>,
    pub(super) closed: bool,
    /// The number of the next listener.
    pub(super) next_listener: u64,
}

impl State {
    fn peer(&self, id: SessionId) -> Option<&Peer> {
        self.peers.get(id.0)?.as_deref()
    }

    pub(super) fn peer_mut(&mut self, id: SessionId) -> Option<&mut Peer> {
        self.peers.get_mut(id.0)?.as_deref_mut()
    }
}

pub(super) struct Peer {
    addr: SocketAddr,
    pub(super) session: Session,
    waiting: Vec<Waiting>,
    greeters: Vec<Greeter>,
    /// Why the system did not send the last datagram, if it did not.
    unsent: Option<io::Error>,
    timer: Option<Instant>,
    /// Who reads what the device pushes.
    pub(super) listeners: Vec<Listener>,
    handle: Weak<DeviceInner>,
}

impl Peer {
    fn tell(&mut self, key: RequestKey, result: Result<Reply, Failure>) {
        if let Some(at) = self.waiting.iter().position(|waiting| waiting.key == key) {
            let waiting = self.waiting.swap_remove(at);
            // Nobody hears it where the caller was dropped this very moment.
            let _ = waiting.tell.send(result.map_err(|failure| (failure, self.unsent.take())));
        }
    }

    fn tell_greeters(&mut self, result: &Result<Did, Failure>) {
        for greeter in std::mem::take(&mut self.greeters) {
            let end = result.clone().map_err(|failure| (failure, self.unsent.take()));
            let _ = greeter.tell.send(end);
        }
    }
}

/// A caller that waits for nothing but the device's hello.
struct Greeter {
    tell: oneshot::Sender<End<Did>>,
    turn: Option<OwnedSemaphorePermit>,
}

/// A caller that waits for the end of its call.
struct Waiting {
    key: RequestKey,
    tell: oneshot::Sender<End<Reply>>,
    turn: Option<OwnedSemaphorePermit>,
}

/// Datagrams that wait for the socket; more are lost, as they would be on the network.
const MAX_OUTBOX: usize = 4096;
