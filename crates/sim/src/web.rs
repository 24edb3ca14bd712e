//! The smallest HTTP/1 server that a stand-in for a cloud needs, and what such a cloud does wrong on the wire.

mod answer;
mod body;
#[cfg(any(feature = "micloud", feature = "miot"))]
mod outage;
#[cfg(test)]
mod tests;

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, StatusCode};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time;

pub(crate) use answer::Answer;
#[cfg(any(feature = "micloud", feature = "miot"))]
pub use outage::Outage;

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens, and lets `handler` answer, in tasks of the present tokio runtime.
    pub(crate) async fn start<H, F>(listen: SocketAddr, handler: H) -> io::Result<Self>
    where
        H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind(listen).await?;
        let addr = listener.local_addr()?;
        let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let task = tokio::spawn(accept(listener, room, Arc::new(handler)));
        Ok(Self { addr, task })
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The connections are tasks of this one, and go with it.
        self.task.abort();
    }
}

async fn accept<H, F>(listener: TcpListener, room: Arc<Semaphore>, handler: Arc<H>)
where
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        // Whoever comes when all places are taken waits in the listener's queue.
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                // Small answers are not to wait for each other.
                let _ = stream.set_nodelay(true);
                let handler = Arc::clone(&handler);
                connections.spawn(async move {
                    serve(stream, handler).await;
                    drop(place);
                });
            }
            // Out of files, perhaps: it must not become a loop without a pause.
            Err(_) => time::sleep(PAUSE).await,
        }
    }
}

async fn serve<S, H, F>(stream: S, handler: Arc<H>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let handler = Arc::clone(&handler);
        async move {
            let (parts, body) = request.into_parts();
            let answer = match whole(body).await {
                Ok(body) => handler(Request::from_parts(parts, body)).await,
                Err(status) => Answer::of(status),
            };
            answer.on_the_wire().await.ok_or(Closed)
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_buf_size(MOST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    // How a connection ends is the client's to see.
    let _ = time::timeout(LONGEST_CONNECTION, served).await;
}

/// The body of a request, of bounded size and in bounded time.
async fn whole(body: Incoming) -> Result<Bytes, StatusCode> {
    let read = async {
        let mut body = pin!(body);
        let mut bytes = BytesMut::new();
        while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
            let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
            if let Ok(data) = frame.into_data() {
                if bytes.len().saturating_add(data.len()) > MOST_BODY {
                    return Err(StatusCode::PAYLOAD_TOO_LARGE);
                }
                bytes.extend_from_slice(&data);
            }
        }
        Ok(bytes.freeze())
    };
    time::timeout(BODY_DEADLINE, read).await.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT))
}

/// The connection ends, and nothing is answered.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed without an answer")]
struct Closed;

const MOST_CONNECTIONS: usize = 256;
/// The longest head of a request; cookies of some thousand bytes are usual.
const MOST_HEAD: usize = 64 << 10;
const MOST_BODY: usize = 4 << 20;
/// Counts while a kept connection is idle, too.
const HEAD_DEADLINE: Duration = Duration::from_secs(60);
const BODY_DEADLINE: Duration = Duration::from_secs(10);
/// Frees the place of a client that has stopped reading.
const LONGEST_CONNECTION: Duration = Duration::from_secs(3600);
const PAUSE: Duration = Duration::from_millis(10);
