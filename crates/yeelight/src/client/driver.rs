//! The task that serves a connection, and makes another one when it is lost.

use std::future::Future;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use iot_home_core::{Instant, Random, SystemRandom};
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::time::{self, Sleep};

use super::builder::{Dialer, Wire};
use super::shared::Shared;

/// Serves `stream`, and then one connection after the other until it is aborted.
pub(super) async fn run(
    shared: Arc<Shared>,
    dialer: Dialer,
    stream: Box<dyn Wire>,
    patience: Duration,
) {
    let _closes = Closes(Arc::clone(&shared));
    let mut stream = Some(stream);
    let mut failures: u32 = 0;
    loop {
        let attempt = async {
            match stream.take() {
                Some(stream) => Ok(stream),
                None => dial(&dialer, patience).await,
            }
        };
        match Idle::new(&shared, attempt).await {
            Ok(stream) => {
                // The first is told of where it is awaited.
                if !shared.lock().session.is_connected() {
                    shared.connected(true);
                }
                let began = time::Instant::now();
                let error = Serve::new(&shared, stream).await;
                tracing::debug!(addr = %shared.addr, %error, "the connection ended");
                shared.disconnected(Some(error));
                // One that lived for a while was a good one: the next attempt is made at once.
                failures = if began.elapsed() > GOOD { 0 } else { failures.saturating_add(1) };
            }
            Err(error) => {
                tracing::debug!(addr = %shared.addr, %error, "no connection");
                shared.attempt_failed(error);
                failures = failures.saturating_add(1);
            }
        }
        if failures > 0 {
            Idle::new(&shared, Pause::new(&shared, backoff(failures))).await;
        }
    }
}

pub(super) async fn dial(dialer: &Dialer, patience: Duration) -> io::Result<Box<dyn Wire>> {
    match time::timeout(patience, dialer()).await {
        Ok(dialed) => dialed,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// A second, doubling up to half a minute, and up to a quarter less so that many clients do not try at the same
/// moment.
fn backoff(failures: u32) -> Duration {
    let whole = FIRST_PAUSE
        .saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX))
        .min(LONGEST_PAUSE);
    let less = u32::try_from(SystemRandom::new().next_u64() % 256).unwrap_or(0);
    whole.saturating_sub((whole / 1024).saturating_mul(less))
}

struct Closes(Arc<Shared>);

impl Drop for Closes {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Keeps the session's time while something else is waited for.
struct Idle<'a, F> {
    shared: &'a Shared,
    timer: Timer,
    until: Pin<Box<F>>,
}

impl<'a, F> Idle<'a, F> {
    fn new(shared: &'a Shared, until: F) -> Self {
        Self { shared, timer: Timer::default(), until: Box::pin(until) }
    }
}

impl<F: Future> Future for Idle<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        if let Poll::Ready(output) = this.until.as_mut().poll(cx) {
            return Poll::Ready(output);
        }
        loop {
            // Without a connection there is nothing to write.
            let work = this.shared.work(cx.waker(), &mut Vec::new());
            ready!(this.timer.poll(this.shared, work.due, cx));
        }
    }
}

/// A timer that is only ever moved forward: one that rings too early is harmless and rare, and moving it
/// with every command and every answer is neither.
#[derive(Default)]
struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    /// Ready when it has rung, early perhaps: what is due is to be looked at again then.
    fn poll(&mut self, shared: &Shared, due: Option<Instant>, cx: &mut Context<'_>) -> Poll<()> {
        // A deadline beyond what the clock can count never comes.
        let Some(at) = due.and_then(|due| shared.at(due)) else { return Poll::Pending };
        let sleep = self.0.get_or_insert_with(|| Box::pin(time::sleep_until(at)));
        if at < sleep.deadline() {
            sleep.as_mut().reset(at);
        }
        ready!(sleep.as_mut().poll(cx));
        // The next one is set for what is due then.
        self.0 = None;
        Poll::Ready(())
    }
}

/// A pause that ends early when a command waits for a connection, but not at once.
struct Pause<'a> {
    shared: &'a Shared,
    whole: Pin<Box<Sleep>>,
    least: Pin<Box<Sleep>>,
}

impl<'a> Pause<'a> {
    fn new(shared: &'a Shared, whole: Duration) -> Self {
        let least = Box::pin(time::sleep(LEAST_PAUSE.min(whole)));
        Self { shared, whole: Box::pin(time::sleep(whole)), least }
    }
}

impl Future for Pause<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.whole.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        ready!(self.least.as_mut().poll(cx));
        if self.shared.lock().is_wanted() { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Serves one connection until it ends.
struct Serve<'a> {
    shared: &'a Shared,
    stream: Box<dyn Wire>,
    timer: Timer,
    /// What is to be written, and how much of it was.
    outgoing: Vec<u8>,
    written: usize,
    /// Runs while the connection takes nothing.
    stuck: Option<Pin<Box<Sleep>>>,
}

impl<'a> Serve<'a> {
    fn new(shared: &'a Shared, stream: Box<dyn Wire>) -> Self {
        Self {
            shared,
            stream,
            timer: Timer::default(),
            outgoing: Vec::new(),
            written: 0,
            stuck: None,
        }
    }

    /// Reads until there is nothing more, a caller has an answer, or others want their turn.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        for _ in 0..READS {
            let mut buffer = [const { MaybeUninit::uninit() }; READ];
            let mut read = ReadBuf::uninit(&mut buffer);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read)) {
                Ok(()) if read.filled().is_empty() => {
                    return Poll::Ready(Received::End(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the bulb closed the connection",
                    )));
                }
                Ok(()) => {
                    if self.shared.receive(read.filled()) {
                        return Poll::Ready(Received::Answer);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Received::End(error)),
            }
        }
        Poll::Ready(Received::Much)
    }
}

enum Received {
    /// A caller's wait is over.
    Answer,
    /// Nothing for a caller, and there may be more.
    Much,
    /// The connection is over.
    End(io::Error),
}

impl Future for Serve<'_> {
    type Output = io::Error;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Error> {
        let this = &mut *self;
        match this.poll_receive(cx) {
            Poll::Pending => {}
            Poll::Ready(Received::End(error)) => return Poll::Ready(error),
            // The callers go on before the bulb is asked whether there is more: what they have to say next
            // goes into one write. There are no more answers than there were commands, so this ends.
            Poll::Ready(Received::Answer) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(Received::Much) => cx.waker().wake_by_ref(),
        }
        loop {
            if this.written >= this.outgoing.len() {
                this.outgoing.clear();
                this.written = 0;
                if this.outgoing.capacity() > KEEP {
                    this.outgoing = Vec::new();
                }
            }
            if this.outgoing.is_empty() {
                let work = this.shared.work(cx.waker(), &mut this.outgoing);
                if work.is_dead {
                    let error = io::Error::new(
                        io::ErrorKind::TimedOut,
                        "the bulb does not answer any more",
                    );
                    return Poll::Ready(error);
                }
                if this.outgoing.is_empty() {
                    ready!(this.timer.poll(this.shared, work.due, cx));
                    continue;
                }
            }
            let rest = this.outgoing.get(this.written..).unwrap_or_default();
            match Pin::new(&mut this.stream).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => return Poll::Ready(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => {
                    this.written = this.written.saturating_add(written);
                    this.stuck = None;
                }
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => return Poll::Ready(error),
                Poll::Pending => {
                    let stuck = this.stuck.get_or_insert_with(|| Box::pin(time::sleep(MAX_STUCK)));
                    if stuck.as_mut().poll(cx).is_ready() {
                        let error = io::Error::new(
                            io::ErrorKind::TimedOut,
                            "the bulb does not read any more",
                        );
                        return Poll::Ready(error);
                    }
                    let work = this.shared.keep_time(cx.waker());
                    ready!(this.timer.poll(this.shared, work.due, cx));
                }
            }
        }
    }
}

/// Read at once, on the stack.
const READ: usize = 8 * 1024;
/// Reads before others get their turn.
const READS: u32 = 16;
/// Memory that is kept for the next writes.
const KEEP: usize = 4 * 1024;
/// How long a bulb may leave unread what it is sent.
const MAX_STUCK: Duration = Duration::from_secs(5);
/// How long a connection has to live for the next to be made at once.
const GOOD: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A command that waits cuts the pause short, but not shorter than this.
const LEAST_PAUSE: Duration = Duration::from_secs(1);
