//! TLS to a broker: whom to trust, and what to show.
//!
//! [`Tls`] holds what is said once; [`Tls::client_config`] makes of it, and of the CAs that a signer names, what
//! [`handshake`] needs for each connection. It can be kept, and then resumes sessions. Cryptography is that of
//! *ring*, chosen for these connections alone: nothing is installed for the whole process.
//!
//! ```no_run
//! use iot_home_mqtt::client::tls::{self, Tls};
//! use iot_home_mqtt::{MqttLogin, Signer};
//!
//! # async fn connect(login: MqttLogin) -> Result<(), Box<dyn std::error::Error>> {
//! let tls = Tls::new().ca_pem(&std::fs::read_to_string("broker-ca.pem")?)?;
//! let config = tls.client_config(login.authorities())?;
//! let tcp = tokio::net::TcpStream::connect((login.host.as_str(), login.port)).await?;
//! let stream = tls::handshake(&config, &login.host, tcp).await?;
//! # Ok(())
//! # }
//! ```

mod failure;
mod identity;
mod invalid;
mod pem;
mod verifier;

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
pub use tokio_rustls::client::TlsStream;

pub use self::failure::{TlsError, TlsFailure};
use self::identity::Identity;
pub use self::invalid::InvalidTls;
use self::verifier::ChainOnly;

/// Whom a connection over TLS trusts, and what it shows of itself.
///
/// Without anything said, it trusts the CAs that the signer names ([`Signer::authorities`](crate::Signer::authorities)),
/// for the broker's host name, and shows no certificate. No other CAs are trusted, those of the system neither.
///
/// Its `Debug` shows neither keys nor certificates.
#[derive(Clone)]
pub struct Tls {
    signer_cas: bool,
    cas: Vec<CertificateDer<'static>>,
    identity: Option<Identity>,
    check_name: bool,
    config: Option<Arc<ClientConfig>>,
}

impl Default for Tls {
    fn default() -> Self {
        Self { signer_cas: true, cas: Vec::new(), identity: None, check_name: true, config: None }
    }
}

impl Tls {
    /// Trusts the CAs that the signer names, and checks the name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these CAs as well: one certificate or more, as PEM.
    ///
    /// # Errors
    /// Where there is no certificate in the text, and which of them cannot be read or cannot be a CA's.
    pub fn ca_pem(mut self, text: &str) -> Result<Self, InvalidTls> {
        const TEXT: &str = "CA text";
        let found = pem::certificates(text, TEXT)?;
        add(&mut RootCertStore::empty(), &found, TEXT)?;
        self.cas.extend(found);
        Ok(self)
    }

    /// Does not trust the CAs that the signer names: only those of [`ca_pem`](Self::ca_pem).
    #[must_use]
    pub fn only_own_cas(mut self) -> Self {
        self.signer_cas = false;
        self
    }

    /// Shows this certificate to a broker that asks for one, for devices that prove themselves by it.
    ///
    /// Both are PEM: the device's certificate, with those between it and the CA behind it, and its private key
    /// as PKCS#8 (`PRIVATE KEY`), PKCS#1 (`RSA PRIVATE KEY`) or SEC1 (`EC PRIVATE KEY`), not encrypted.
    ///
    /// # Errors
    /// What is missing or cannot be read, and where the key does not belong to the certificate.
    pub fn client_identity(mut self, chain_pem: &str, key_pem: &str) -> Result<Self, InvalidTls> {
        self.identity = Some(Identity::read(chain_pem, key_pem, &ring::default_provider())?);
        Ok(self)
    }

    /// Takes a broker's certificate whatever host it was made out to; who signed it, its dates and that the broker has
    /// its key are checked all the same.
    ///
    /// It is for brokers whose certificate does not name their host. **Whoever holds any certificate below one of the
    /// trusted CAs can then pass for the broker**, and read the login. Combine it with [`only_own_cas`](Self::only_own_cas)
    /// and a CA that signs nothing else, never with one that signs for the public.
    #[must_use]
    pub fn without_name_check(mut self) -> Self {
        self.check_name = false;
        self
    }

    /// Uses this configuration as it is: CAs, certificate and checks are then its own, and whatever else
    /// was said here counts for nothing.
    #[must_use]
    pub fn config(mut self, config: Arc<ClientConfig>) -> Self {
        self.config = Some(config);
        self
    }

    /// What rustls needs for connections that trust these CAs of a signer besides those said here. Other MQTT clients
    /// can use it as well.
    ///
    /// # Errors
    /// Where there is nobody to trust, and if one of the signer's CAs cannot be read.
    pub fn client_config(&self, signer_cas: &[&str]) -> Result<Arc<ClientConfig>, InvalidTls> {
        if let Some(config) = &self.config {
            return Ok(Arc::clone(config));
        }
        let mut roots = RootCertStore::empty();
        if self.signer_cas {
            const TEXT: &str = "signer's CA text";
            for text in signer_cas {
                add(&mut roots, &pem::certificates(text, TEXT)?, TEXT)?;
            }
        }
        add(&mut roots, &self.cas, "CA text")?;

        let provider = Arc::new(ring::default_provider());
        let verifier = self.verifier(roots, &provider)?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            // The provider has suites for all of them.
            .map_err(|_| InvalidTls::Provider)?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        Ok(Arc::new(match &self.identity {
            Some(identity) => builder.with_client_cert_resolver(identity.resolver()),
            None => builder.with_no_client_auth(),
        }))
    }

    fn verifier(
        &self,
        roots: RootCertStore,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, InvalidTls> {
        if roots.is_empty() {
            return Err(InvalidTls::NoAuthority);
        }
        if !self.check_name {
            return Ok(Arc::new(ChainOnly::new(roots, provider)));
        }
        WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(provider))
            .build()
            .map(|verifier| verifier as _)
            // The only other cause are revocation lists.
            .map_err(|_| InvalidTls::NoAuthority)
    }
}

fn add(
    roots: &mut RootCertStore,
    found: &[CertificateDer<'static>],
    text: &'static str,
) -> Result<(), InvalidTls> {
    for (number, certificate) in (1..).zip(found) {
        roots.add(certificate.clone()).map_err(|_| InvalidTls::Certificate { number, text })?;
    }
    Ok(())
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("signer_cas", &self.signer_cas)
            .field("cas", &self.cas.len())
            .field("identity", &self.identity.is_some())
            .field("check_name", &self.check_name)
            .field("config", &self.config.is_some())
            .finish()
    }
}

/// Makes a TLS connection of an open one. `host` is the broker's name or IP address (IPv6 without brackets), which its
/// certificate has to be made out to.
///
/// It waits for the broker as long as the broker likes; the caller sets a deadline. With TLS 1.3 a broker looks at
/// a client's certificate after this is done: see [`TlsFailure::of`].
///
/// # Errors
/// Why there is no connection.
///
/// # Cancel safety
/// Dropping the future closes the connection.
pub async fn handshake<IO>(
    config: &Arc<ClientConfig>,
    host: &str,
    io: IO,
) -> Result<TlsStream<IO>, TlsError>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let name = ServerName::try_from(host).map_err(|_| {
        TlsError::new(
            TlsFailure::InvalidHost,
            io::Error::new(io::ErrorKind::InvalidInput, "not a host name"),
        )
    })?;
    let connector = tokio_rustls::TlsConnector::from(Arc::clone(config));
    connector.connect(name.to_owned(), io).await.map_err(TlsError::handshake)
}
