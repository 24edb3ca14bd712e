//! What the handles and the driver's task share: the session, and who waits for what.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;

use iot_home_core::Instant;
use iot_home_lan::wire::{self, Direction, Observer};
use tokio::sync::oneshot;

use super::changes::{Change, Changes};
use super::queue::Queue;
use super::quota::BulbQuota;
use crate::error::Failure;
use crate::message::Reply;
use crate::method::Method;
use crate::session::{CommandKey, Event, Session};

/// What the driver's task and the handles share.
pub(super) struct Shared {
    pub(super) addr: SocketAddr,
    quota: Arc<BulbQuota>,
    began: Instant,
    on_wire: Option<Observer>,
    state: Mutex<State>,
}

/// Whether the first connection is good for something, or why it ended; nothing where it stands in silence.
pub(super) type Ready = Result<(), Option<io::Error>>;

/// Whom to tell of a command's end.
pub(super) type Tell = oneshot::Sender<Result<Reply, Failure>>;

pub(super) struct State {
    pub(super) session: Session<Tell>,
    /// The task, while it sleeps.
    driver: Option<Waker>,
    readers: Vec<Weak<Queue>>,
    /// Who waits for the first connection to be good for something.
    ready: Option<oneshot::Sender<Ready>>,
    /// Why there is no connection.
    pub(super) last_error: Option<io::Error>,
    /// The bulb answers nothing: the driver has to make another connection.
    is_dead: bool,
    closed: bool,
}

impl Shared {
    pub(super) fn new(addr: SocketAddr, session: Session<Tell>, on_wire: Option<Observer>) -> Self {
        let state = State {
            session,
            driver: None,
            readers: Vec::new(),
            ready: None,
            last_error: None,
            is_dead: false,
            closed: false,
        };
        let quota = BulbQuota::of(addr);
        // Others may have begun to count before.
        let began = quota.now();
        Self { addr, quota, began, on_wire, state: Mutex::new(state) }
    }

    pub(super) fn now(&self) -> Instant {
        self.quota.now()
    }

    /// The clock's time at a session's.
    pub(super) fn at(&self, instant: Instant) -> Option<tokio::time::Instant> {
        self.quota.origin.checked_add(instant.since_origin())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a command on its way. The receiver hears of its end, or that the client has ended.
    pub(super) fn start(&self, method: Method) -> Result<Started, Failure> {
        let now = self.now();
        let (tell, end) = oneshot::channel();
        let mut state = self.lock();
        if state.closed {
            return Ok(Started { key: None, end });
        }
        let key = state.session.request(now, method, tell)?;
        if let Some(driver) = state.driver.take() {
            driver.wake();
        }
        Ok(Started { key: Some(key), end })
    }

    /// Forgets a command whose caller is gone.
    pub(super) fn cancel(&self, key: CommandKey) {
        self.lock().session.cancel(key);
    }

    /// A stream of what happens from now on.
    pub(super) fn changes(&self) -> Changes {
        let queue = Arc::new(Queue::default());
        let mut state = self.lock();
        if state.closed {
            queue.end();
        }
        state.readers.retain(|reader| reader.strong_count() > 0);
        state.readers.push(Arc::downgrade(&queue));
        Changes::new(queue)
    }

    /// Hears once whether the bulb has answered on the connection that is about to be told of.
    pub(super) fn when_ready(&self) -> oneshot::Receiver<Ready> {
        let (tell, ready) = oneshot::channel();
        self.lock().ready = Some(tell);
        ready
    }

    pub(super) fn connected(&self, restored: bool) {
        let now = self.now();
        let mut state = self.lock();
        state.is_dead = false;
        state.last_error = None;
        state.session.connected(now);
        if restored {
            state.tell_readers(&Change::Restored);
        }
        self.drain(&mut state);
    }

    pub(super) fn disconnected(&self, error: io::Error) {
        let now = self.now();
        let mut state = self.lock();
        if let Some(ready) = state.ready.take() {
            let _ = ready.send(Err(Some(copy(&error))));
        }
        state.last_error = Some(error);
        state.session.disconnected(now);
        self.drain(&mut state);
        state.tell_readers(&Change::Lost);
    }

    pub(super) fn attempt_failed(&self, error: io::Error) {
        self.lock().last_error = Some(error);
    }

    /// Takes in what came over the connection. Returns whether a caller's wait has ended by it.
    pub(super) fn receive(&self, bytes: &[u8]) -> bool {
        let now = self.now();
        self.observe(Direction::Received, now, bytes);
        let mut state = self.lock();
        state.session.handle_bytes(now, bytes);
        self.drain(&mut state)
    }

    /// Keeps the time, and appends to `out` what is to be written now. `waker` is woken when there is
    /// something to do before it is [due](Work::due) again.
    pub(super) fn work(&self, waker: &Waker, out: &mut Vec<u8>) -> Work {
        let now = self.now();
        let mut state = self.lock();
        state.keep_time(now, waker);
        let sends = state.session.poll_transmit(now, &mut self.quota.window(), out);
        self.drain(&mut state);
        let work = state.work();
        drop(state);
        if sends {
            self.observe(Direction::Sent, now, out);
        }
        work
    }

    /// The same while nothing can be written.
    pub(super) fn keep_time(&self, waker: &Waker) -> Work {
        let now = self.now();
        let mut state = self.lock();
        state.keep_time(now, waker);
        self.drain(&mut state);
        Work { due: state.session.poll_deadline(), ..state.work() }
    }

    /// Passes on what the session has to tell. Returns whether a caller was told.
    fn drain(&self, state: &mut State) -> bool {
        let mut told = false;
        while let Some(event) = state.session.poll_event() {
            match event {
                // Nobody hears it where the caller was dropped this very moment.
                Event::Done { tag, result } => {
                    let _ = tag.send(result);
                    told = true;
                }
                Event::Changed(properties) => state.tell_readers(&Change::Properties(properties)),
                Event::StateKnown => {
                    let told = if state.is_dead { Err(None) } else { Ok(()) };
                    if let Some(ready) = state.ready.take() {
                        let _ = ready.send(told);
                    }
                }
                Event::Dead => {
                    state.is_dead = true;
                    tracing::debug!(addr = %self.addr, "the bulb does not answer any more");
                }
            }
        }
        told
    }

    /// Ends every call: the driver is gone, and with it whatever could answer them.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        // What was last known of the bulb stays to be looked at.
        let mut ended = Session::new(Default::default(), state.session.profile().clone());
        ended
            .learn(state.session.state().iter().map(|(name, value)| (name.clone(), value.clone())));
        state.session = ended;
        for reader in state.readers.drain(..).filter_map(|reader| reader.upgrade()) {
            reader.end();
        }
    }

    fn observe(&self, direction: Direction, now: Instant, bytes: &[u8]) {
        let at = now.saturating_since(self.began);
        wire::tell(self.on_wire.as_ref(), direction, self.addr, at, bytes);
    }

    /// Why there is no connection.
    pub(super) fn last_error(&self) -> Option<io::Error> {
        self.lock().last_error.as_ref().map(copy)
    }
}

fn copy(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}

impl State {
    fn tell_readers(&mut self, change: &Change) {
        self.readers.retain(|reader| match reader.upgrade() {
            Some(queue) => {
                queue.push(change.clone());
                true
            }
            None => false,
        });
    }

    fn keep_time(&mut self, now: Instant, waker: &Waker) {
        if self.driver.as_ref().is_none_or(|driver| !driver.will_wake(waker)) {
            self.driver = Some(waker.clone());
        }
        if self.session.poll_timeout().is_some_and(|due| due <= now) {
            self.session.handle_timeout(now);
        }
    }

    fn work(&self) -> Work {
        Work { due: self.session.poll_timeout(), is_dead: self.is_dead }
    }

    /// Whether a command waits for a connection.
    pub(super) fn is_wanted(&self) -> bool {
        !self.session.is_connected() && self.session.under_way() > 0
    }
}

/// What a driver learns from the session.
pub(super) struct Work {
    /// When the session wants to be looked at again.
    pub(super) due: Option<Instant>,
    /// The bulb answers nothing: another connection is to be made.
    pub(super) is_dead: bool,
}

/// A command that is on its way.
pub(super) struct Started {
    /// Absent when the client had ended already.
    pub(super) key: Option<CommandKey>,
    pub(super) end: oneshot::Receiver<Result<Reply, Failure>>,
}
