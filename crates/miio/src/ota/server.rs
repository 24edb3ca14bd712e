//! An HTTP server that hands one image out to one device.

use std::convert::Infallible;
use std::fmt::{self, Write as _};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use iot_home_core::{Random, SystemRandom};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time;

use super::{Update, UpdateError, md5};

/// One image, at one address that nobody can guess, for one device, at most three times: so often some devices
/// fetch it before they give up. It is closed when it is dropped.
///
/// ```no_run
/// # async fn run(device: iot_home_miio::Device, image: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
/// use iot_home_miio::ota::ImageServer;
///
/// // This machine's address in the device's network.
/// let server = ImageServer::bind("192.168.1.5:0".parse()?, image, device.addr().ip()).await?;
/// device.update(server.update()).await?;
/// # Ok(())
/// # }
/// ```
pub struct ImageServer {
    shared: Arc<Shared>,
    addr: SocketAddr,
    update: Update,
    task: AbortHandle,
}

struct Shared {
    image: Bytes,
    path: String,
    device: IpAddr,
    begun: AtomicU32,
    served: AtomicU32,
}

impl ImageServer {
    /// Listens at this address of this machine, and at no other, for a device with that IP address. Port 0 takes a free one.
    ///
    /// # Errors
    /// When there is no image or more than 64 MiB of it, when `listen` is no address that a device can be told, or when it cannot
    /// be listened on.
    ///
    /// # Panics
    /// Outside a tokio runtime that has its IO and time drivers on.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn bind(
        listen: SocketAddr,
        image: impl Into<Bytes>,
        device: IpAddr,
    ) -> Result<Self, ServerError> {
        let image = image.into();
        if image.is_empty() || image.len() > MAX_IMAGE {
            return Err(ServerError::Size { length: image.len() });
        }
        if listen.ip().is_unspecified() || listen.is_ipv4() != device.is_ipv4() {
            return Err(ServerError::Address { addr: listen });
        }
        let bind = |source| ServerError::Bind { addr: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(bind)?;
        let addr = listener.local_addr().map_err(bind)?;
        let path = unguessable();
        let update = Update::new(format!("http://{addr}{path}"), md5(&image))?;
        let (begun, served) = (AtomicU32::new(0), AtomicU32::new(0));
        let shared = Arc::new(Shared { image, path, device, begun, served });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Ok(Self { shared, addr, update, task })
    }

    /// What to tell the device.
    pub fn update(&self) -> &Update {
        &self.update
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// How often the device has begun to fetch the image.
    pub fn begun(&self) -> u32 {
        self.shared.begun.load(Ordering::Relaxed).min(MOST_TIMES)
    }

    /// How often the whole image has left for the device.
    pub fn served(&self) -> u32 {
        self.shared.served.load(Ordering::Relaxed)
    }
}

impl Drop for ImageServer {
    fn drop(&mut self) {
        // The connections are tasks of this one, and go with it.
        self.task.abort();
    }
}

impl fmt::Debug for ImageServer {
    /// Leaves out the path, which is what a stranger lacks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageServer").field("addr", &self.addr).finish_non_exhaustive()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            // A stranger does not even learn what this is, nor takes a place.
            Ok((_, from)) if from.ip().to_canonical() != shared.device.to_canonical() => {
                tracing::debug!(%from, "somebody else than the device asks for the image");
            }
            Ok((stream, _)) => {
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    let _ = time::timeout(LONGEST_CONNECTION, serve(stream, shared)).await;
                    drop(place);
                });
            }
            // Out of files, perhaps: it must not become a loop without a pause.
            Err(_) => time::sleep(PAUSE).await,
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer(&shared, &request);
        async move { Ok::<_, Infallible>(answer) }
    });
    // How a connection ends is the device's to see.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .keep_alive(false)
        .max_buf_size(MOST_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn answer(shared: &Arc<Shared>, request: &Request<Incoming>) -> Response<Image> {
    let with = |status| {
        let mut response = Response::new(Image::default());
        *response.status_mut() = status;
        response
    };
    if request.uri().path() != shared.path {
        return with(StatusCode::NOT_FOUND);
    }
    let length = HeaderValue::from(shared.image.len());
    let image = match *request.method() {
        Method::GET => {
            // The counter stops there, so that it does not begin anew some day.
            let count = shared.begun.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |begun| {
                (begun < MOST_TIMES).then(|| begun.saturating_add(1))
            });
            if count.is_err() {
                return with(StatusCode::GONE);
            }
            Image { rest: shared.image.clone(), shared: Some(Arc::clone(shared)) }
        }
        Method::HEAD => Image::default(),
        _ => return with(StatusCode::METHOD_NOT_ALLOWED),
    };
    let mut response = Response::new(image);
    response.headers_mut().insert(CONTENT_LENGTH, length);
    let kind = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// The image on its way, a piece at a time.
#[derive(Default)]
struct Image {
    rest: Bytes,
    /// To be told when all of it is gone.
    shared: Option<Arc<Shared>>,
}

impl Body for Image {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        if self.rest.is_empty()
            && let Some(shared) = self.shared.take()
        {
            shared.served.fetch_add(1, Ordering::Relaxed);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.rest.len()).unwrap_or(u64::MAX))
    }
}

/// A path of 128 random bits.
fn unguessable() -> String {
    let mut random = [0; 16];
    SystemRandom::new().fill(&mut random);
    let mut path = String::from("/");
    for byte in random {
        // Writing to a String cannot fail.
        let _ = write!(path, "{byte:02x}");
    }
    path
}

/// Why an image cannot be handed out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// No image, or too large a one.
    #[error("an image has 1 to {MAX_IMAGE} bytes, not {length}")]
    Size {
        /// Bytes of the image.
        length: usize,
    },
    /// An address that a device cannot be told.
    #[error(
        "a device cannot fetch from {addr}: say this machine's own address in the device's network"
    )]
    Address {
        /// Which address.
        addr: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}")]
    Bind {
        /// Which address.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The URL is not one that devices take.
    #[error(transparent)]
    Update(#[from] UpdateError),
}

const MAX_IMAGE: usize = 64 << 20;
/// So often some devices fetch an image before they give up.
const MOST_TIMES: u32 = 3;
const MOST_CONNECTIONS: usize = 8;
const MOST_HEAD: usize = 16 << 10;
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// Small devices write their flash while they fetch.
const LONGEST_CONNECTION: Duration = Duration::from_secs(15 * 60);
const PIECE: usize = 64 << 10;
const PAUSE: Duration = Duration::from_millis(10);
