//! What a client is to be like.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use iot_home_core::{Clock, SystemClock};
use iot_home_http::HttpClient;
use iot_home_http::http::Uri;

use super::cache::Cache;
use super::error::{Cause, Error};
use super::server::{Setup, SpecServer};

/// What a [`SpecServer`] is to be like.
#[must_use]
pub struct Builder {
    urls: Vec<String>,
    cache_dir: Option<PathBuf>,
    refresh: bool,
    http: Option<Arc<dyn HttpClient>>,
    clock: Arc<dyn Clock + Send + Sync>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            urls: Vec::new(),
            cache_dir: None,
            refresh: false,
            http: None,
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// Asks this server, `https://host`, or `http://` on this machine, instead of Xiaomi's and its mirror. Called again, it names one to ask where
    /// those before did not answer.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.urls.push(url.into());
        self
    }

    /// Keeps answers in this folder, which is made when it is needed. Without one they are asked for by every process.
    pub fn cache_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(folder.into());
        self
    }

    /// Asks the server even for what is in the folder, and fails where it does not answer.
    pub fn refresh(mut self, refresh: bool) -> Self {
        self.refresh = refresh;
        self
    }

    /// Sends by this HTTP client: without it by [`iot_home_http::Client::new`].
    pub fn http(mut self, client: Arc<dyn HttpClient>) -> Self {
        self.http = Some(client);
        self
    }

    /// Takes the time from this clock.
    pub fn clock(mut self, clock: impl Clock + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`BadInput`](super::ErrorKind::BadInput) when an address is none of a server, or when there is no HTTP client.
    pub fn build(self) -> Result<SpecServer, Error> {
        let urls: Vec<_> = if self.urls.is_empty() {
            [SERVER, MIRROR].map(str::to_owned).into()
        } else {
            self.urls
        };
        let urls = urls.iter().map(|url| base(url)).collect::<Result<Vec<_>, _>>()?;
        let http = match self.http {
            Some(http) => http,
            None => {
                let client = iot_home_http::Client::new();
                Arc::new(client.map_err(|error| Error::new(Cause::HttpClient(error)))?)
            }
        };
        Ok(SpecServer::new(Setup {
            http,
            clock: self.clock,
            urls,
            cache: self.cache_dir.map(Cache::new),
            refresh: self.refresh,
        }))
    }
}

/// Scheme, host and perhaps a folder, without the slash at the end.
fn base(url: &str) -> Result<String, Error> {
    let bad = || Error::new(Cause::Url);
    let uri: Uri = url.parse().map_err(|_| bad())?;
    let plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    let scheme = match uri.scheme_str() {
        Some("http") => uri.host().is_some_and(is_here),
        scheme => scheme == Some("https"),
    };
    if !plain || !scheme || uri.query().is_some() {
        return Err(bad());
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// Whether a host is this machine, where nobody reads along.
fn is_here(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("urls", &self.urls)
            .field("cache_dir", &self.cache_dir)
            .field("refresh", &self.refresh)
            .finish_non_exhaustive()
    }
}

const SERVER: &str = "https://miot-spec.org";
const MIRROR: &str = "https://spec.miot-spec.com";
