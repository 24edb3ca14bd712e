//! A platform on real sockets.

use std::sync::Arc;
use std::time::Duration;

use iot_home_mqtt::{Connect, MqttLogin};
use iot_home_sim::mqtt::SimPlatform;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::wire::{aliyun_login, plain_login};
use super::{aliyun_id, both};

async fn tls(platform: &SimPlatform, name: &'static str) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(platform.ca_pem().as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(platform.tls_addr()).await?;
    let name = ServerName::try_from(name).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

async fn login(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), login: &MqttLogin) -> [u8; 4] {
    let mut packet = Vec::new();
    Connect::from(login).encode(&mut packet).unwrap();
    stream.write_all(&packet).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = [0; 4];
    soon(stream.read_exact(&mut answer)).await.unwrap();
    answer
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), future).await.expect("in time")
}

#[tokio::test]
async fn over_tcp_and_over_tls() {
    let platform = both().host("broker.example").spawn().await.unwrap();
    let mut secure = soon(tls(&platform, "broker.example")).await.unwrap();
    assert_eq!(login(&mut secure, &aliyun_login()).await, [0x20, 2, 0, 0]);
    let mut plain = TcpStream::connect(platform.tcp_addr()).await.unwrap();
    // The secure mode says TLS.
    assert_eq!(login(&mut plain, &aliyun_login()).await, [0x20, 2, 0, 2]);
    assert_eq!(soon(plain.read(&mut [0; 1])).await.unwrap(), 0);

    soon(platform.until(|platform| platform.is_connected(&aliyun_id()))).await;
    secure.write_all(b"\x82\x21\0\x01\0\x1c/a1X2bEnP82z/lamp-1/user/get\0").await.unwrap();
    secure.flush().await.unwrap();
    let mut answer = [0; 5];
    soon(secure.read_exact(&mut answer)).await.unwrap();
    assert_eq!(answer, [0x90, 3, 0, 1, 0]);
    assert_eq!(platform.publish("/a1X2bEnP82z/lamp-1/user/get", "hello", 0), 1);
    let mut message = [0; 37];
    soon(secure.read_exact(&mut message)).await.unwrap();
    assert!(message.ends_with(b"/user/gethello"));
}

#[tokio::test]
async fn a_name_that_is_not_in_the_certificate() {
    let platform = both().spawn().await.unwrap();
    soon(tls(&platform, "localhost")).await.unwrap();
    soon(tls(&platform, "127.0.0.1")).await.unwrap();
    soon(tls(&platform, "elsewhere.example")).await.unwrap_err();
    soon(platform.until(|platform| platform.report().failed_handshakes == 1)).await;
}

#[tokio::test]
async fn a_restart_keeps_the_addresses() {
    let platform = both().spawn().await.unwrap();
    let addr = platform.tcp_addr();
    let mut first = TcpStream::connect(addr).await.unwrap();
    assert_eq!(login(&mut first, &plain_login("a", false)).await, [0x20, 2, 0, 0]);
    platform.stop(true).await.unwrap();
    soon(first.read(&mut [0; 1])).await.unwrap_err();
    TcpStream::connect(addr).await.unwrap_err();
    platform.start().await.unwrap();
    let mut again = TcpStream::connect(addr).await.unwrap();
    assert_eq!(login(&mut again, &plain_login("a", false)).await, [0x20, 2, 1, 0]);
    platform.restart(false).await.unwrap();
    let mut anew = TcpStream::connect(addr).await.unwrap();
    assert_eq!(login(&mut anew, &plain_login("a", false)).await, [0x20, 2, 0, 0]);
    assert_eq!(platform.report().restarts, 2);
    platform.disconnect_all();
    soon(anew.read(&mut [0; 1])).await.unwrap_err();
}
