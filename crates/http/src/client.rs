//! Who sends requests.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use crate::place::Place;
use crate::{Body, Builder, Error, InvalidClient};

/// A request with its whole body.
pub type Request = http::Request<Bytes>;

/// An answer whose body still arrives.
pub type Response = http::Response<Body>;

/// An answer that is waited for.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send + 'a>>;

/// Whatever sends a request over HTTP and brings the answer. [`Client`] does; so can a program's own client, or a test.
///
/// Nothing is done on its own account: redirects are answers like any other, cookies are headers, bodies stay compressed, and
/// nothing is sent twice. Each single wait ends; the time for the whole is bounded by whoever asks.
pub trait HttpClient: Send + Sync {
    /// Sends a request, and waits for the head of its answer.
    fn send(&self, request: Request) -> Answering<'_>;
}

/// The HTTP client: HTTP/1.1 over TLS that is rustls with *ring*, with connections kept alive. Cloning it is cheap, and
/// clones share their connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) away: reqwest::Client,
    /// For this machine itself, past every proxy.
    pub(crate) here: reqwest::Client,
}

impl Client {
    /// A client that trusts the system's CAs, and uses the proxy of the environment (`HTTPS_PROXY` and its relatives) or of
    /// the system.
    ///
    /// # Errors
    /// As for [`Builder::build`].
    pub fn new() -> Result<Self, InvalidClient> {
        Builder::new().build()
    }

    /// Says what the client is to be like.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Uses this client of reqwest: its TLS, its proxies, its deadlines.
    ///
    /// It should follow no redirects (`redirect(Policy::none())`): an answer from elsewhere than was asked is an
    /// [error](crate::ErrorKind::Redirected). It should have deadlines (`connect_timeout`, `read_timeout`), no cookie store, and leave bodies
    /// compressed.
    pub fn from_reqwest(client: reqwest::Client) -> Self {
        Self { here: client.clone(), away: client }
    }

    async fn answer(&self, request: Request) -> Result<Response, Error> {
        let place = Place::of(request.uri())?;
        let client = if place.is_loopback() { &self.here } else { &self.away };
        let (parts, body) = request.into_parts();
        let request = http::Request::from_parts(parts, reqwest::Body::from(body));
        let request = reqwest::Request::try_from(request).map_err(|e| Error::of(&place, e))?;
        let asked = request.url().clone();
        let response = client.execute(request).await.map_err(|e| Error::of(&place, e))?;
        if *response.url() != asked {
            return Err(Error::redirected(&place));
        }
        let response = http::Response::<reqwest::Body>::from(response);
        Ok(response.map(|body| Body::from_reqwest(body, place)))
    }
}

impl HttpClient for Client {
    fn send(&self, request: Request) -> Answering<'_> {
        Box::pin(self.answer(request))
    }
}

impl fmt::Debug for Client {
    /// Says nothing of proxies: their addresses may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
