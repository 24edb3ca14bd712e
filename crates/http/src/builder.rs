//! What a client is to be like.

use std::fmt;
use std::time::Duration;

use reqwest::redirect;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;

use crate::{Client, trust};

/// What a [`Client`] is to be like.
#[derive(Clone)]
#[must_use]
pub struct Builder {
    proxy: Proxy,
    tls: Option<ClientConfig>,
    cas: Vec<CertificateDer<'static>>,
    connect_timeout: Duration,
    read_timeout: Duration,
}

#[derive(Clone)]
enum Proxy {
    System,
    None,
    Given(Box<reqwest::Proxy>),
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            proxy: Proxy::System,
            tls: None,
            cas: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
        }
    }

    /// Sends everything through this proxy: `http://host:port`, `https://…`, `socks5://…`, or `socks5h://…` where the proxy is to
    /// look up names. What goes to this machine itself never goes through a proxy.
    ///
    /// # Errors
    /// When this is no address of a proxy.
    pub fn proxy(mut self, url: &str) -> Result<Self, InvalidClient> {
        let known = ["http://", "https://", "socks5://", "socks5h://"];
        if !known.iter().any(|scheme| url.starts_with(scheme)) {
            return Err(InvalidClient::proxy());
        }
        let proxy = reqwest::Proxy::all(url).map_err(|_| InvalidClient::proxy())?;
        self.proxy = Proxy::Given(Box::new(proxy));
        Ok(self)
    }

    /// Uses no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = Proxy::None;
        self
    }

    /// Trusts these CAs as well as the system's: one certificate or more, as PEM. On Android they are trusted instead.
    ///
    /// # Errors
    /// When one of them cannot be read, or there is none.
    pub fn ca_pem(mut self, text: &str) -> Result<Self, InvalidClient> {
        self.cas.extend(trust::read(text)?);
        Ok(self)
    }

    /// Uses this configuration of TLS as it is: the system's CAs and those of [`ca_pem`](Self::ca_pem) count for nothing then.
    pub fn tls(mut self, config: ClientConfig) -> Self {
        self.tls = Some(config);
        self
    }

    /// How long a connection may take, 10 seconds unless it is said.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long nothing may be heard, 30 seconds unless it is said: from the request to the answer's head, and from one piece
    /// of its body to the next.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// The client.
    ///
    /// # Errors
    /// When rustls takes no such configuration.
    pub fn build(self) -> Result<Client, InvalidClient> {
        let tls = match self.tls {
            Some(tls) => tls,
            None => trust::config(&self.cas)?,
        };
        let basis = || {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .redirect(redirect::Policy::none())
                .referer(false)
                .retry(reqwest::retry::never())
                .connect_timeout(self.connect_timeout)
                .read_timeout(self.read_timeout)
        };
        let away = match self.proxy {
            Proxy::System => basis(),
            Proxy::None => basis().no_proxy(),
            Proxy::Given(proxy) => basis().proxy(*proxy),
        };
        let away = away.build().map_err(InvalidClient::client)?;
        let here = basis().no_proxy().build().map_err(InvalidClient::client)?;
        Ok(Client { away, here })
    }
}

impl fmt::Debug for Builder {
    /// Without the proxy's address, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("cas", &self.cas.len())
            .field("connect_timeout", &self.connect_timeout)
            .field("read_timeout", &self.read_timeout)
            .finish_non_exhaustive()
    }
}

/// Why there can be no such client.
#[derive(Debug)]
pub struct InvalidClient {
    what: &'static str,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl InvalidClient {
    fn proxy() -> Self {
        let what = "a proxy's address begins with http://, https://, socks5:// or socks5h://";
        Self { what, source: None }
    }

    pub(crate) fn unreadable_ca() -> Self {
        let what = "the text holds no CA certificates as PEM, or one that cannot be read";
        Self { what, source: None }
    }

    pub(crate) fn tls(source: rustls::Error) -> Self {
        Self { what: "TLS cannot be set up", source: Some(Box::new(source)) }
    }

    fn client(source: reqwest::Error) -> Self {
        let source = Some(Box::new(source.without_url()) as _);
        Self { what: "the HTTP client cannot be set up", source }
    }
}

impl fmt::Display for InvalidClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

impl std::error::Error for InvalidClient {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}
