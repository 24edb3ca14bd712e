//! The task that serves a connection, and makes another one when it is lost.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use iot_home_core::{Random, SystemRandom};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
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
    sleep: Option<Pin<Box<Sleep>>>,
    until: Pin<Box<F>>,
}

impl<'a, F> Idle<'a, F> {
    fn new(shared: &'a Shared, until: F) -> Self {
        Self { shared, sleep: None, until: Box::pin(until) }
    }
}

impl<F: Future> Future for Idle<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        if let Poll::Ready(output) = this.until.as_mut().poll(cx) {
            return Poll::Ready(output);
        }
        poll_timers(this.shared, &mut this.sleep, cx);
        Poll::Pending
    }
}

/// Lets the session keep its time, until it has nothing to do now.
fn poll_timers(shared: &Shared, sleep: &mut Option<Pin<Box<Sleep>>>, cx: &mut Context<'_>) {
    // Each turn ends something that was due; a session that did not would be a bug, and not a busy loop.
    for _ in 0..MAX_TURNS {
        let Some(due) = shared.keep_time(cx.waker()) else { return };
        // A deadline beyond what the clock can count never comes.
        let Some(at) = shared.at(due) else { return };
        let sleep = sleep.get_or_insert_with(|| Box::pin(time::sleep_until(at)));
        if sleep.deadline() != at {
            sleep.as_mut().reset(at);
        }
        if sleep.as_mut().poll(cx).is_pending() {
            return;
        }
    }
    cx.waker().wake_by_ref();
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
    sleep: Option<Pin<Box<Sleep>>>,
    /// What is to be written, and how much of it was.
    outgoing: Vec<u8>,
    written: usize,
}

impl<'a> Serve<'a> {
    fn new(shared: &'a Shared, stream: Box<dyn Wire>) -> Self {
        Self { shared, stream, sleep: None, outgoing: Vec::new(), written: 0 }
    }

    /// Reads until there is nothing more, or others want their turn.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        for _ in 0..READS {
            let mut buffer = [0; READ];
            let mut read = ReadBuf::new(&mut buffer);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read)) {
                Ok(()) if read.filled().is_empty() => {
                    return Poll::Ready(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the bulb closed the connection",
                    ));
                }
                Ok(()) => self.shared.receive(read.filled()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(error),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes what is to be written; what comes together goes in one write.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            if self.written >= self.outgoing.len() {
                self.outgoing.clear();
                self.written = 0;
                if self.outgoing.capacity() > KEEP {
                    self.outgoing = Vec::new();
                }
                if !self.shared.transmit(&mut self.outgoing) {
                    return Poll::Pending;
                }
            }
            let rest = self.outgoing.get(self.written..).unwrap_or_default();
            match ready!(Pin::new(&mut self.stream).poll_write(cx, rest)) {
                Ok(0) => return Poll::Ready(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.written = self.written.saturating_add(written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(error),
            }
        }
    }
}

impl Future for Serve<'_> {
    type Output = io::Error;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Error> {
        let this = &mut *self;
        // What has come is read before it is said that there is nothing to read any more.
        if let Poll::Ready(error) = this.poll_receive(cx) {
            return Poll::Ready(error);
        }
        poll_timers(this.shared, &mut this.sleep, cx);
        if let Poll::Ready(error) = this.poll_send(cx) {
            return Poll::Ready(error);
        }
        // Sending has set deadlines.
        poll_timers(this.shared, &mut this.sleep, cx);
        if this.shared.lock().is_dead {
            return Poll::Ready(io::Error::new(
                io::ErrorKind::TimedOut,
                "the bulb does not answer any more",
            ));
        }
        Poll::Pending
    }
}

/// Read at once, on the stack.
const READ: usize = 8 * 1024;
/// Reads before others get their turn.
const READS: u32 = 16;
/// Memory that is kept for the next writes.
const KEEP: usize = 4 * 1024;
const MAX_TURNS: u32 = 1024;
/// How long a connection has to live for the next to be made at once.
const GOOD: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A command that waits cuts the pause short, but not shorter than this.
const LEAST_PAUSE: Duration = Duration::from_secs(1);
