//! Whom the client trusts.

use std::net::SocketAddr;
use std::sync::Arc;

use iot_home_http::rustls::ServerConfig;
use iot_home_http::rustls::crypto::ring;
use iot_home_http::{Client, ErrorKind, HttpClient as _};
use rcgen::{CertificateParams, Issuer, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::client::get;
use crate::server::answer;

/// A server with a certificate for this name, and the CA that signed it as PEM.
async fn server(name: &str) -> (SocketAddr, String) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(&answer("200 OK", "", b"safe")).await;
                let _ = stream.shutdown().await;
            }
        }
    });
    (addr, ca_pem)
}

#[tokio::test]
async fn a_ca_of_ones_own() {
    let (addr, ca) = server("localhost").await;
    let url = format!("https://localhost:{}/", addr.port());
    let client = Client::builder().ca_pem(&ca).unwrap().build().unwrap();
    let response = client.send(get(&url)).await.unwrap();
    assert_eq!(response.into_body().collect(10).await.unwrap(), "safe");
    // Without it, and with another name, there is no trust.
    let error = Client::new().unwrap().send(get(&url)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
    let error = client.send(get(&format!("https://{addr}/"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
    assert!(error.to_string().contains("could not prove who it is"), "{error}");
    assert!(!error.is_transient());
}

#[test]
fn what_is_no_ca() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for bad in ["", "no PEM", broken] {
        assert!(Client::builder().ca_pem(bad).is_err(), "{bad:?}");
    }
}
