//! What the task and the handles share.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use iot_home_core::Instant;
use tokio::sync::oneshot;
use tokio::time;

use super::reports::Listener;
use crate::error::Failure;
use crate::session::{Answer, Event, RequestKey, Session};

/// The sessions, and who waits for what.
pub(super) struct Shared {
    state: Mutex<State>,
    /// The zero of the sessions' time.
    pub(super) origin: time::Instant,
}

pub(super) struct State {
    pub(super) peers: BTreeMap<PeerId, Peer>,
    pub(super) next_peer: u64,
    pub(super) next_listener: u64,
    /// The task's, once it sleeps.
    pub(super) driver: Option<Waker>,
    /// Whether the task has ended.
    pub(super) closed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PeerId(pub(super) u64);

/// One gateway.
pub(super) struct Peer {
    pub(super) session: Session,
    waiting: BTreeMap<RequestKey, oneshot::Sender<Result<Answer, Failure>>>,
    pub(super) listeners: Vec<Listener>,
}

impl Shared {
    pub(super) fn new() -> Self {
        let state = State {
            peers: BTreeMap::new(),
            next_peer: 0,
            next_listener: 0,
            driver: None,
            closed: false,
        };
        Self { state: Mutex::new(state), origin: time::Instant::now() }
    }

    /// Whoever panicked while it held the lock leaves the sessions as they were.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }

    pub(super) fn add(&self, session: Session) -> PeerId {
        let mut state = self.lock();
        let id = PeerId(state.next_peer);
        state.next_peer = state.next_peer.wrapping_add(1);
        let peer = Peer { session, waiting: BTreeMap::new(), listeners: Vec::new() };
        state.peers.insert(id, peer);
        id
    }

    pub(super) fn remove(&self, id: PeerId) {
        self.lock().peers.remove(&id);
    }

    /// Begins a request. Nothing, when the task has ended.
    pub(super) fn start(
        &self,
        id: PeerId,
        begin: impl FnOnce(&mut Session, Instant) -> RequestKey,
    ) -> Option<(RequestKey, oneshot::Receiver<Result<Answer, Failure>>)> {
        let now = self.now();
        let mut state = self.lock();
        if state.closed {
            return None;
        }
        let peer = state.peers.get_mut(&id)?;
        let key = begin(&mut peer.session, now);
        let (sender, receiver) = oneshot::channel();
        peer.waiting.insert(key, sender);
        state.wake();
        Some((key, receiver))
    }

    pub(super) fn cancel(&self, id: PeerId, key: RequestKey) {
        let now = self.now();
        let mut state = self.lock();
        if let Some(peer) = state.peers.get_mut(&id) {
            peer.waiting.remove(&key);
            peer.session.cancel(now, key);
            state.wake();
        }
    }

    /// Ends every wait.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        for peer in state.peers.values_mut() {
            peer.waiting.clear();
            peer.listeners.iter_mut().for_each(Listener::wake);
        }
    }
}

impl State {
    /// Has the task look at the sessions.
    pub(super) fn wake(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }

    /// Hands a datagram to the gateways at that address.
    pub(super) fn receive(&mut self, from: SocketAddr, mut take: impl FnMut(&mut Session) -> bool) {
        let there = |peer: &&mut Peer| peer.session.addr().ip() == from.ip();
        for peer in self.peers.values_mut().filter(there) {
            take(&mut peer.session);
            peer.drain();
        }
    }
}

impl Peer {
    /// Tells everybody what has happened.
    pub(super) fn drain(&mut self) {
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Done { key, result } => {
                    if let Some(waiting) = self.waiting.remove(&key) {
                        // Who no longer waits does not want to know.
                        let _ = waiting.send(result);
                    }
                }
                event => self.listeners.iter_mut().for_each(|listener| listener.hear(&event)),
            }
        }
    }
}
