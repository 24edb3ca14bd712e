//! The task that makes a connection, serves it, and makes the next one.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use iot_home_core::{Instant, SystemRandom};
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt as _, AsyncWrite as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time;

use super::error::{Cause, Error, Input};
use super::machine::Step;
use super::options::{Options, Wire};
use super::shared::{Shared, Work};
use super::tls::{self, TlsFailure};
use crate::{MqttLogin, Signer};

/// How much is read at once.
const READ: usize = 4 * 1024;
/// How long a connection may take none of what is written.
const STUCK: Duration = Duration::from_secs(20);

/// Keeps a session connected until it is over.
pub(super) async fn run(shared: Arc<Shared>, signer: Box<dyn Signer + Send>, options: Options) {
    let _abort = Abort(Arc::clone(&shared));
    let mut random = SystemRandom::new();
    // Made once, so that TLS sessions are resumed.
    let mut tls = None;
    while connection_due(&shared).await {
        let login = signer.login(options.clock.unix_time(), &mut random);
        let authorities = signer.authorities();
        let error = match open(&shared, &options, &login, authorities, &mut tls).await {
            Ok(stream) => match shared.opened(&login) {
                Ok(()) => serve(&shared, stream).await,
                Err(error) => error,
            },
            Err(error) => error,
        };
        tracing::debug!(host = login.host, port = login.port, %error, "no connection any longer");
        shared.lost(error, &mut random);
    }
}

/// Makes a connection, or says why there is none.
async fn open(
    shared: &Shared,
    options: &Options,
    login: &MqttLogin,
    authorities: &[&str],
    tls: &mut Option<Arc<ClientConfig>>,
) -> Result<Box<dyn Wire>, Error> {
    if login.tls && tls.is_none() {
        let config = options.tls.client_config(authorities);
        *tls = Some(config.map_err(|error| Error::input(Input::Tls(error)))?);
    }
    let config = tls.clone().filter(|_| login.tls);
    let after = options.time_to_connect();
    match meanwhile(shared, time::timeout(after, dial(options, login, config))).await {
        Some(Ok(dialed)) => dialed,
        Some(Err(_)) => {
            let host = login.host.clone();
            Err(Error::new(Cause::ConnectTimeout { host, port: login.port, after }))
        }
        None => Err(Error::closed()),
    }
}

/// Ends the session with its task, also where the runtime ends it.
struct Abort(Arc<Shared>);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits until it is time to connect; false where the session is over.
async fn connection_due(shared: &Shared) -> bool {
    loop {
        match shared.step() {
            Step::Connect => return true,
            Step::Stop => return false,
            Step::Wait(due) => pause(shared, due).await,
        }
    }
}

/// Waits for something while time passes; `None` where the session is over first.
async fn meanwhile<F: Future>(shared: &Shared, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    loop {
        let due = match shared.step() {
            Step::Wait(due) => due,
            Step::Connect | Step::Stop => return None,
        };
        tokio::select! {
            biased;
            output = &mut future => return Some(output),
            () = pause(shared, due) => {}
        }
    }
}

/// Until somebody wants something, or it is time.
async fn pause(shared: &Shared, due: Option<Instant>) {
    let at = due.and_then(|due| shared.at(due));
    tokio::select! {
        () = shared.wake.notified() => {}
        () = sleep_until(at) => {}
    }
}

async fn sleep_until(at: Option<time::Instant>) {
    match at {
        Some(at) => time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn dial(
    options: &Options,
    login: &MqttLogin,
    tls: Option<Arc<ClientConfig>>,
) -> Result<Box<dyn Wire>, Error> {
    let (host, port) = (login.host.as_str(), login.port);
    let connect = |error| Error::new(Cause::Connect { host: host.to_owned(), port, error });
    let stream: Box<dyn Wire> = match &options.dialer {
        Some(dial) => dial(host, port).await.map_err(connect)?,
        None => {
            let stream = TcpStream::connect((host, port)).await.map_err(connect)?;
            // Packets are written whole.
            stream.set_nodelay(true).map_err(connect)?;
            Box::new(stream)
        }
    };
    let Some(config) = tls else { return Ok(stream) };
    let handshake = tls::handshake(&config, host, stream).await;
    let stream =
        handshake.map_err(|error| Error::new(Cause::Tls { host: host.to_owned(), error }))?;
    Ok(Box::new(stream))
}

/// Serves a connection until it ends, and says why it did.
async fn serve(shared: &Shared, mut stream: Box<dyn Wire>) -> Error {
    let mut wire = Buffers::new();
    loop {
        match turn(shared, &mut stream, &mut wire).await {
            Ok(true) => {}
            Ok(false) => {
                let patience = Duration::from_secs(1);
                // Whatever comes of it: the last packet is written.
                let _ = time::timeout(patience, stream.shutdown()).await;
                return Error::closed();
            }
            Err(error) => return error,
        }
    }
}

/// What was read and is no whole packet yet, and what is not written yet.
struct Buffers {
    input: BytesMut,
    out: BytesMut,
    /// When the connection took something, or there was nothing to take.
    progress: time::Instant,
    is_flushed: bool,
}

impl Buffers {
    fn new() -> Self {
        Self {
            input: BytesMut::new(),
            out: BytesMut::new(),
            progress: time::Instant::now(),
            is_flushed: true,
        }
    }

    /// Whether something waits to be written.
    fn is_blocked(&self) -> bool {
        !self.out.is_empty() || !self.is_flushed
    }
}

/// Writes and reads what can be, or waits; false once everything is written and the session leaves.
async fn turn(
    shared: &Shared,
    stream: &mut Box<dyn Wire>,
    wire: &mut Buffers,
) -> Result<bool, Error> {
    let was_blocked = wire.is_blocked();
    let Work { due, may_read, is_leaving } = shared.work(&mut wire.out)?;
    let is_blocked = wire.is_blocked();
    if is_leaving && !is_blocked {
        return Ok(false);
    }
    if !was_blocked {
        wire.progress = time::Instant::now();
    }
    let stuck = is_blocked.then(|| wire.progress.checked_add(STUCK)).flatten();
    let at = due.and_then(|due| shared.at(due)).into_iter().chain(stuck).min();
    tokio::select! {
        biased;
        exchanged = poll_fn(|cx| exchange(cx, stream, wire, may_read)) => {
            if let Exchanged::Read = exchanged.map_err(Error::lost)? {
                shared.receive(&mut wire.input)?;
            }
        }
        () = shared.wake.notified() => {}
        () = sleep_until(at) => {
            if is_blocked && wire.progress.elapsed() >= STUCK {
                return Err(Error::new(Cause::Silent(STUCK)));
            }
        }
    }
    Ok(true)
}

enum Exchanged {
    Read,
    /// Everything.
    Written,
}

/// Writes what can be written, and reads what is there.
fn exchange(
    cx: &mut Context<'_>,
    stream: &mut Box<dyn Wire>,
    wire: &mut Buffers,
    may_read: bool,
) -> Poll<io::Result<Exchanged>> {
    let written = poll_write(cx, stream, wire);
    if let Poll::Ready(Err(error)) = written {
        // Where the broker has refused something and closed, the reason waits to be read.
        return match poll_read(cx, stream, &mut wire.input) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(Exchanged::Read)),
            Poll::Ready(Err(reason)) if TlsFailure::of(&reason).is_some() => {
                Poll::Ready(Err(reason))
            }
            _ => Poll::Ready(Err(error)),
        };
    }
    if may_read && poll_read(cx, stream, &mut wire.input)?.is_ready() {
        return Poll::Ready(Ok(Exchanged::Read));
    }
    match written {
        Poll::Ready(Ok(true)) => Poll::Ready(Ok(Exchanged::Written)),
        _ => Poll::Pending,
    }
}

/// Writes everything; false where there was nothing.
fn poll_write(
    cx: &mut Context<'_>,
    stream: &mut Box<dyn Wire>,
    wire: &mut Buffers,
) -> Poll<io::Result<bool>> {
    let had = wire.is_blocked();
    while !wire.out.is_empty() {
        let written = ready!(Pin::new(&mut *stream).poll_write(cx, &wire.out))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        wire.out.advance(written);
        wire.progress = time::Instant::now();
        wire.is_flushed = false;
    }
    if !wire.is_flushed {
        ready!(Pin::new(&mut *stream).poll_flush(cx))?;
        wire.is_flushed = true;
    }
    Poll::Ready(Ok(had))
}

/// Reads something; the end is an error.
fn poll_read(
    cx: &mut Context<'_>,
    stream: &mut Box<dyn Wire>,
    input: &mut BytesMut,
) -> Poll<io::Result<()>> {
    input.reserve(READ);
    // It holds nothing between two calls, so that it can be made anew each time.
    let read = pin!(stream.read_buf(input));
    match ready!(read.poll(cx))? {
        0 => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
        _ => Poll::Ready(Ok(())),
    }
}
