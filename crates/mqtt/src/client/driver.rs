//! The task that makes a connection, serves it, and makes the next one.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use iot_home_core::{Instant, SystemRandom};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time;

use super::error::{Cause, Error, Input};
use super::machine::Step;
use super::options::{Options, Wire};
use super::shared::{Shared, Work};
use super::tls;
use super::transport::{Exchanged, STUCK, Transport};
use super::wire::{Direction, Observer, WireEvent};
use crate::{MqttLogin, Signer};

/// Keeps a session connected until it is over.
pub(super) async fn run(shared: Arc<Shared>, signer: Box<dyn Signer + Send>, options: Options) {
    let _abort = Abort(Arc::clone(&shared));
    let mut random = SystemRandom::new();
    // Made once, so that TLS sessions are resumed.
    let mut tls = None;
    let mut connection: u64 = 0;
    while connection_due(&shared).await {
        let login = signer.login(options.clock.unix_time(), &mut random);
        let (host, port) = (login.host.clone(), login.port);
        let opened = open(&shared, &options, &login, signer.authorities(), &mut tls).await;
        let begun = opened.and_then(|stream| shared.opened(&login).map(|()| stream));
        drop(login);
        let error = match begun {
            Ok(stream) => {
                connection = connection.wrapping_add(1);
                let observer = options.on_wire.clone();
                let observing = observer.map(|observer| Observing { observer, connection });
                serve(&shared, Transport::new(stream), observing.as_ref()).await
            }
            Err(error) => error,
        };
        tracing::debug!(host, port, connection, %error, "no connection any longer");
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
async fn serve(shared: &Shared, mut transport: Transport, observer: Option<&Observing>) -> Error {
    loop {
        match turn(shared, &mut transport, observer).await {
            Ok(true) => {}
            Ok(false) => {
                // Whatever comes of it: the last packet is written.
                let _ = time::timeout(Duration::from_secs(1), transport.shut_down()).await;
                return Error::closed();
            }
            Err(error) => return error,
        }
    }
}

/// Writes and reads what can be, or waits; false once everything is written and the session leaves.
async fn turn(
    shared: &Shared,
    transport: &mut Transport,
    observer: Option<&Observing>,
) -> Result<bool, Error> {
    let was_blocked = transport.is_blocked();
    let Work { due, may_read, is_leaving } = shared.work(&mut transport.out)?;
    if !was_blocked {
        transport.begin();
        observe(observer, shared, Direction::Sent, &transport.out);
    }
    if is_leaving && !transport.is_blocked() {
        return Ok(false);
    }
    if may_read && transport.is_held {
        transport.is_held = !shared.receive(&mut transport.input)?;
        return Ok(true);
    }
    let stuck = transport.stuck_at();
    if stuck.is_some_and(|at| at <= time::Instant::now()) {
        return Err(Error::new(Cause::Silent(STUCK)));
    }
    let at = due.and_then(|due| shared.at(due)).into_iter().chain(stuck).min();
    let before = transport.input.len();
    tokio::select! {
        biased;
        exchanged = poll_fn(|cx| transport.poll(cx, may_read)) => {
            if let Exchanged::Read = exchanged.map_err(Error::lost)? {
                let read = transport.input.get(before..).unwrap_or_default();
                observe(observer, shared, Direction::Received, read);
                transport.is_held = !shared.receive(&mut transport.input)?;
            }
        }
        () = shared.wake.notified() => {}
        () = sleep_until(at) => {}
    }
    Ok(true)
}

/// Who wants to see a connection, and which that is.
struct Observing {
    observer: Observer,
    connection: u64,
}

fn observe(observing: Option<&Observing>, shared: &Shared, direction: Direction, bytes: &[u8]) {
    if let Some(Observing { observer, connection }) = observing.filter(|_| !bytes.is_empty()) {
        let at = shared.now().since_origin();
        observer(&WireEvent { direction, at, connection: *connection, bytes });
    }
}
