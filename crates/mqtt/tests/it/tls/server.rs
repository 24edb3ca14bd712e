//! CAs, certificates and a server that shows them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use iot_home_mqtt::client::Tls;
use iot_home_mqtt::client::tls::{self, InvalidTls, TlsError, TlsFailure};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(super) const NAME: &str = "broker.lan";
pub(super) type Versions = &'static [&'static SupportedProtocolVersion];
const BOTH: Versions = &[&TLS12, &TLS13];
/// Each version alone.
pub(super) const VERSIONS: [Versions; 2] = [&[&TLS12], &[&TLS13]];

/// Somebody who signs certificates.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(super) pem: String,
}

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub(super) struct Certified {
    pub(super) chain: String,
    pub(super) key: String,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Signs a certificate for these names and addresses.
    pub(super) fn sign(&self, names: &[&str]) -> Certified {
        self.sign_with(names, |_| {}, &KeyPair::generate().unwrap())
    }

    pub(super) fn sign_with(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
        key: &KeyPair,
    ) -> Certified {
        let names: Vec<_> = names.iter().map(|name| String::from(*name)).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let certificate = params.signed_by(key, &self.issuer).unwrap();
        Certified { chain: certificate.pem(), key: key.serialize_pem() }
    }
}

/// How the server's side of a connection ended.
pub(super) type Ended = Result<(), std::io::Error>;

pub(super) struct Server {
    certified: Certified,
    /// Whose client certificates it takes; it asks for none where there is nobody.
    client_ca: Option<String>,
    versions: Versions,
}

impl Server {
    pub(super) fn new(certified: &Certified) -> Self {
        Self { certified: certified.clone(), client_ca: None, versions: BOTH }
    }

    pub(super) fn asks_for(mut self, ca: &Authority) -> Self {
        self.client_ca = Some(ca.pem.clone());
        self
    }

    pub(super) fn versions(mut self, versions: Versions) -> Self {
        self.versions = versions;
        self
    }

    fn config(&self) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(self.versions)
            .unwrap();
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(ca) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let chain = CertificateDer::pem_slice_iter(self.certified.chain.as_bytes())
            .collect::<Result<_, _>>()
            .unwrap();
        let key = PrivateKeyDer::from_pem_slice(self.certified.key.as_bytes()).unwrap();
        builder.with_single_cert(chain, key).unwrap()
    }

    /// Answers one connection with a byte, once it has come about.
    pub(super) async fn serve(&self) -> (SocketAddr, tokio::task::JoinHandle<Ended>) {
        serve_config(self.config()).await
    }

    /// What this client finds, connecting to `host`: the byte, or why there is none.
    pub(super) async fn meets(&self, tls: &Tls, host: &str) -> Result<(), TlsFailure> {
        let (addr, task) = self.serve().await;
        let met = meet(addr, tls, host).await;
        assert_eq!(task.await.unwrap().is_ok(), met.is_ok(), "both sides see the same");
        met
    }
}

pub(super) async fn serve_config(
    config: ServerConfig,
) -> (SocketAddr, tokio::task::JoinHandle<Ended>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let task = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await?;
        let mut stream = acceptor.accept(tcp).await?;
        stream.write_all(b"!").await?;
        stream.shutdown().await
    });
    (addr, task)
}

/// What a handshake and the first read come to. The signer names no CAs.
pub(super) async fn meet(addr: SocketAddr, tls: &Tls, host: &str) -> Result<(), TlsFailure> {
    let config = tls.client_config(&[]).unwrap();
    let both = async {
        let tcp = TcpStream::connect(addr).await.unwrap();
        let mut stream = tls::handshake(&config, host, tcp).await.map_err(|e| e.failure())?;
        let mut byte = [0];
        let read = stream.read_exact(&mut byte).await;
        read.map_err(|error| TlsFailure::of(&error).expect("an error of TLS"))?;
        assert_eq!(byte, *b"!");
        Ok(())
    };
    tokio::time::timeout(Duration::from_secs(20), both).await.expect("an end")
}

/// The error of a handshake.
pub(super) async fn refused(addr: SocketAddr, tls: &Tls) -> TlsError {
    let config = tls.client_config(&[]).unwrap();
    let tcp = TcpStream::connect(addr).await.unwrap();
    let handshake = tls::handshake(&config, NAME, tcp);
    tokio::time::timeout(Duration::from_secs(20), handshake).await.expect("an end").unwrap_err()
}

pub(super) fn trusting(ca: &Authority) -> Result<Tls, InvalidTls> {
    Tls::new().ca_pem(&ca.pem)
}
