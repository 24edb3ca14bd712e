//! What runs a machine in a tokio runtime: its connections and its timer.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use iot_home_core::Instant;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time;

use crate::mqtt::machine::{CallId, ConnectionId, Link as Way, Machine, Output, RrpcError};
use crate::race::{Won, race};

/// A connection's bytes.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Lets the next drop end the connection without a word.
    fn cut(&self);
}

/// A machine that runs.
pub(crate) struct Host {
    state: Mutex<State>,
    /// The zero of the machine's time.
    origin: time::Instant,
    runtime: Handle,
    /// The timer is to be set anew.
    wake: Notify,
    /// Something happened.
    changed: Notify,
}

struct State {
    machine: Machine,
    links: BTreeMap<ConnectionId, Link>,
    /// Those who wait for the answer to a question.
    calls: BTreeMap<CallId, oneshot::Sender<Answer>>,
    tasks: JoinSet<()>,
    /// When the timer goes off.
    armed: Option<Instant>,
}

type Answer = Result<Vec<u8>, RrpcError>;

/// The way from the machine to a connection's task.
struct Link {
    out: Vec<u8>,
    end: Option<End>,
    notify: Arc<Notify>,
}

/// How a connection ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Behind everything that is to be written.
    Orderly,
    /// At once.
    Cut,
}

/// What a connection's task has to do.
struct Due {
    out: Vec<u8>,
    end: Option<End>,
}

impl Host {
    /// Starts the timer. Call it in the runtime.
    pub(crate) fn start(machine: Machine) -> Running {
        let state = State {
            machine,
            links: BTreeMap::new(),
            calls: BTreeMap::new(),
            tasks: JoinSet::new(),
            armed: None,
        };
        let host = Arc::new(Self {
            state: Mutex::new(state),
            origin: time::Instant::now(),
            runtime: Handle::current(),
            wake: Notify::new(),
            changed: Notify::new(),
        });
        host.spawn(keep_time(Arc::clone(&host)));
        Running(host)
    }

    /// Runs a task for as long as the platform.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.state().spawn(&self.runtime, task);
    }

    /// Looks at the machine.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Machine, Instant) -> T) -> T {
        look(&self.state().machine, self.now())
    }

    /// Lets the machine act, and does what it wants done.
    pub(crate) fn act<T>(self: &Arc<Self>, act: impl FnOnce(&mut Machine, Instant) -> T) -> T {
        let mut state = self.state();
        let done = act(&mut state.machine, self.now());
        self.pump(&mut state, None);
        done
    }

    /// Asks a device something, and waits for the answer.
    pub(crate) async fn call(
        self: &Arc<Self>,
        ask: impl FnOnce(&mut Machine, Instant) -> Result<CallId, RrpcError>,
    ) -> Answer {
        let (tell, told) = oneshot::channel();
        {
            let mut state = self.state();
            let call = ask(&mut state.machine, self.now())?;
            state.calls.insert(call, tell);
            self.pump(&mut state, None);
        }
        // A machine always tells how a question ends.
        told.await.unwrap_or(Err(RrpcError::Timeout))
    }

    /// Waits until the machine is as is wished.
    pub(crate) async fn until(&self, mut is_so: impl FnMut(&Machine) -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if self.look(|machine, _| is_so(machine)) {
                return;
            }
            changed.await;
        }
    }

    /// Takes a client's connection, unless the machine refuses it.
    pub(crate) fn attach(self: &Arc<Self>, stream: impl Stream, way: Way) -> bool {
        let mut state = self.state();
        let accepted = state.machine.accept(self.now(), way);
        match accepted {
            Some(id) => {
                let notify = Arc::new(Notify::new());
                let link = Link { out: Vec::new(), end: None, notify: Arc::clone(&notify) };
                state.links.insert(id, link);
                state.spawn(&self.runtime, serve(Arc::clone(self), id, stream, notify));
            }
            None => stream.cut(),
        }
        self.pump(&mut state, None);
        accepted.is_some()
    }

    /// Does what the machine wants done. The task that `awake` belongs to looks by itself.
    fn pump(&self, state: &mut State, awake: Option<ConnectionId>) {
        let now = self.now();
        while let Some(output) = state.machine.poll_output(now) {
            match output {
                Output::Write { to, bytes } => {
                    let Some(link) = state.links.get_mut(&to) else { continue };
                    if link.out.len().saturating_add(bytes.len()) > MOST_UNREAD {
                        state.machine.overflowed(now, to);
                    } else if link.out.is_empty() {
                        link.out = bytes;
                    } else {
                        link.out.extend_from_slice(&bytes);
                    }
                    if awake != Some(to) {
                        link.notify.notify_one();
                    }
                }
                Output::Answered { call, answer } => {
                    if let Some(tell) = state.calls.remove(&call) {
                        // Whoever asked may have left.
                        let _ = tell.send(answer);
                    }
                }
                Output::Close { connection, cut } => {
                    let Some(link) = state.links.get_mut(&connection) else { continue };
                    link.end = Some(if cut { End::Cut } else { End::Orderly });
                    if awake != Some(connection) {
                        link.notify.notify_one();
                    }
                }
            }
        }
        let due = state.machine.poll_timeout();
        if due.is_some_and(|due| state.armed.is_none_or(|armed| due < armed)) {
            state.armed = due;
            self.wake.notify_one();
        }
        self.changed.notify_waiters();
    }

    /// What a connection's task has to do now.
    fn due(&self, id: ConnectionId) -> Due {
        self.state().due(id)
    }

    fn end(&self, id: ConnectionId) -> Option<End> {
        self.state().links.get(&id).map_or(Some(End::Cut), |link| link.end)
    }

    fn receive(self: &Arc<Self>, id: ConnectionId, bytes: &[u8]) -> Due {
        let mut state = self.state();
        state.machine.handle_bytes(self.now(), id, bytes);
        self.pump(&mut state, Some(id));
        state.due(id)
    }

    fn now(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn spawn(&mut self, runtime: &Handle, task: impl Future<Output = ()> + Send + 'static) {
        // Those that have ended.
        while self.tasks.try_join_next().is_some() {}
        self.tasks.spawn_on(task, runtime);
    }

    fn due(&mut self, id: ConnectionId) -> Due {
        match self.links.get_mut(&id) {
            Some(link) => Due { out: std::mem::take(&mut link.out), end: link.end },
            None => Due { out: Vec::new(), end: Some(End::Cut) },
        }
    }
}

/// A machine that runs until this is dropped.
pub(crate) struct Running(pub(crate) Arc<Host>);

impl Drop for Running {
    fn drop(&mut self) {
        // The tasks hold the host; without them it goes, and its sockets with it.
        self.0.state().tasks.abort_all();
    }
}

async fn keep_time(host: Arc<Host>) {
    loop {
        let armed = {
            let mut state = host.state();
            state.armed = state.machine.poll_timeout();
            state.armed
        };
        match armed {
            Some(due) => {
                let sleep = time::sleep_until(host.origin + due.since_origin());
                race(sleep, host.wake.notified()).await;
            }
            None => host.wake.notified().await,
        }
        host.act(Machine::handle_timeout);
    }
}

/// Carries a connection's bytes until either side ends it. What is not written yet is written before more is
/// read.
async fn serve(host: Arc<Host>, id: ConnectionId, mut stream: impl Stream, notify: Arc<Notify>) {
    let mut received = vec![0; 4096];
    let mut due = Due { out: Vec::new(), end: None };
    let (mut written, mut more, mut unflushed) = (0, false, false);
    loop {
        if due.end == Some(End::Cut) {
            stream.cut();
            break;
        }
        let rest = due.out.get(written..).unwrap_or_default();
        if !rest.is_empty() {
            match race(stream.write(rest), notify.notified()).await {
                Won::First(Ok(some @ 1..)) => {
                    written = written.saturating_add(some);
                    unflushed = true;
                }
                Won::First(_) => break,
                // More to write stays where it is counted; the end may not wait.
                Won::Second(()) => {
                    more = true;
                    due.end = host.end(id);
                }
            }
            continue;
        }
        if unflushed {
            // TLS may keep what is written until then.
            match race(stream.flush(), notify.notified()).await {
                Won::First(Ok(())) => unflushed = false,
                Won::First(Err(_)) => break,
                Won::Second(()) => {
                    more = true;
                    due.end = host.end(id);
                }
            }
            continue;
        }
        written = 0;
        due.out.clear();
        if std::mem::take(&mut more) {
            due = host.due(id);
            continue;
        }
        if due.end == Some(End::Orderly) {
            // Whether or not it is heard.
            let _ = time::timeout(GOODBYE, stream.shutdown()).await;
            break;
        }
        due = match race(stream.read(&mut received), notify.notified()).await {
            Won::First(Ok(some @ 1..)) => {
                host.receive(id, received.get(..some).unwrap_or_default())
            }
            Won::First(_) => break,
            Won::Second(()) => host.due(id),
        };
    }
    drop(stream);
    let mut state = host.state();
    state.links.remove(&id);
    state.machine.closed(host.now(), id);
    host.pump(&mut state, None);
}

/// How many bytes may wait for a client that does not read.
const MOST_UNREAD: usize = 8 << 20;
/// How long the end of a connection may take.
const GOODBYE: time::Duration = time::Duration::from_secs(5);
