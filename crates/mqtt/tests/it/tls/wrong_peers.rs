//! Peers that are no TLS brokers.

use std::error::Error as _;
use std::io;
use std::sync::Arc;

use iot_home_mqtt::client::Tls;
use iot_home_mqtt::client::tls::{self, TlsFailure};
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::server::{Authority, NAME, Server, VERSIONS, meet, refused, trusting};

/// Reads what comes first, answers this, and hangs up.
async fn answering(answer: &'static [u8]) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await?;
        tcp.read_buf(&mut Vec::with_capacity(4096)).await?;
        tcp.write_all(answer).await
    });
    addr
}

#[tokio::test]
async fn a_port_for_plain_tcp() {
    let tls = trusting(&Authority::new("Ours")).unwrap();
    for (answer, failure, kind) in [
        // CONNACK, as a broker of MQTT answers what it takes for a CONNECT.
        (&b"\x20\x02\x00\x01"[..], TlsFailure::NotTls, None),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", TlsFailure::NotTls, None),
        (b"", TlsFailure::HungUp, Some(io::ErrorKind::UnexpectedEof)),
    ] {
        let error = refused(answering(answer).await, &tls).await;
        assert_eq!(error.failure(), failure, "{answer:?}");
        let source = error.source().unwrap();
        assert_eq!(source.downcast_ref::<io::Error>().map(io::Error::kind), kind, "{source:?}");
        assert!(error.to_string().contains("plain TCP"), "{error}");
    }
}

#[tokio::test]
async fn no_version_in_common() {
    let ca = Authority::new("Ours");
    let mut roots = rustls::RootCertStore::empty();
    let pem = rustls::pki_types::pem::PemObject::from_pem_slice(ca.pem.as_bytes()).unwrap();
    roots.add(pem).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    for (own, theirs) in VERSIONS.into_iter().zip(VERSIONS.into_iter().rev()) {
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(own)
            .unwrap()
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        let tls = Tls::new().config(Arc::new(config));
        let server = Server::new(&ca.sign(&[NAME])).versions(theirs);
        assert_eq!(server.meets(&tls, NAME).await, Err(TlsFailure::Incompatible), "{own:?}");
    }
}

#[tokio::test]
async fn hosts_that_are_none() {
    let tls = trusting(&Authority::new("Ours")).unwrap();
    let config = tls.client_config(&[]).unwrap();
    for host in ["", "a b", "broker.lan:8883", "[::1]"] {
        let (io, _other) = tokio::io::duplex(64);
        let error = tls::handshake(&config, host, io).await.unwrap_err();
        assert_eq!(error.failure(), TlsFailure::InvalidHost, "{host}");
    }
}

#[test]
fn errors_that_are_none_of_tls() {
    for error in [io::ErrorKind::ConnectionReset.into(), io::Error::other("mains failed")] {
        assert_eq!(TlsFailure::of(&error), None);
    }
    let error = io::Error::other(rustls::Error::DecryptError);
    assert_eq!(TlsFailure::of(&error), Some(TlsFailure::Other));
}

/// What a broker of another make may say of our certificate.
#[test]
fn alerts() {
    use rustls::AlertDescription as A;
    for (alert, failure) in [
        (A::CertificateRequired, TlsFailure::ClientCertificateMissing),
        (A::NoCertificate, TlsFailure::ClientCertificateMissing),
        (A::BadCertificate, TlsFailure::ClientCertificateRefused),
        (A::UnsupportedCertificate, TlsFailure::ClientCertificateRefused),
        (A::CertificateRevoked, TlsFailure::ClientCertificateRefused),
        (A::CertificateExpired, TlsFailure::ClientCertificateRefused),
        (A::CertificateUnknown, TlsFailure::ClientCertificateRefused),
        (A::UnknownCA, TlsFailure::ClientCertificateRefused),
        (A::AccessDenied, TlsFailure::ClientCertificateRefused),
        (A::HandshakeFailure, TlsFailure::Refused),
        (A::ProtocolVersion, TlsFailure::Incompatible),
        (A::InsufficientSecurity, TlsFailure::Incompatible),
        (A::InternalError, TlsFailure::Other),
    ] {
        let error = io::Error::other(rustls::Error::AlertReceived(alert));
        assert_eq!(TlsFailure::of(&error), Some(failure), "{alert:?}");
    }
}

/// A server whose key is not that of its certificate.
#[tokio::test]
async fn a_stolen_certificate() {
    use rustls::pki_types::pem::PemObject as _;
    let ca = Authority::new("Ours");
    let (stolen, own) = (ca.sign(&[NAME]), ca.sign(&["other.lan"]));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
    let key = provider.key_provider.load_private_key(key).unwrap();
    let chain =
        vec![rustls::pki_types::CertificateDer::from_pem_slice(stolen.chain.as_bytes()).unwrap()];
    let certified = rustls::sign::CertifiedKey::new(chain, key);
    let resolver = Arc::new(rustls::sign::SingleCertAndKey::from(certified));
    for version in VERSIONS {
        let checked = trusting(&ca).unwrap();
        for tls in [checked.clone().without_name_check(), checked] {
            let config = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
                .with_protocol_versions(version)
                .unwrap()
                .with_no_client_auth()
                .with_cert_resolver(Arc::clone(&resolver) as _);
            let (addr, task) = super::server::serve_config(config).await;
            assert_eq!(
                meet(addr, &tls, NAME).await,
                Err(TlsFailure::WrongSignature),
                "{version:?}"
            );
            assert!(task.await.unwrap().is_err());
        }
    }
}
