//! A platform on real sockets.

use std::sync::Arc;
use std::time::Duration;

use iot_home_core::SeededRandom;
use iot_home_mqtt::{Connect, MqttLogin};
use iot_home_sim::mqtt::{ClientCertificates, ClientIdentity, RrpcError, SimPlatform};
use iot_home_tencent as tencent;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::wire::{aliyun_login, plain_login};
use super::{LAMP, PRODUCT, TIME, aliyun_id, both, secs, tencent_id};

async fn tls(platform: &SimPlatform, name: &'static str) -> std::io::Result<TlsStream<TcpStream>> {
    tls_as(platform, name, None).await
}

async fn tls_as(
    platform: &SimPlatform,
    name: &'static str,
    identity: Option<&ClientIdentity>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(platform.ca_pem().as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match identity {
        Some(identity) => {
            let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes());
            let key = PrivateKeyDer::from_pem_slice(identity.key.expose().as_bytes());
            config.with_client_auth_cert(vec![certificate.unwrap()], key.unwrap()).unwrap()
        }
        None => config.with_no_client_auth(),
    };
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

#[tokio::test]
async fn a_client_with_a_certificate() {
    let device = tencent::CertificateDevice::new(PRODUCT, LAMP).unwrap();
    let connect = device.tls().sign(TIME, &mut SeededRandom::new(1));
    for policy in [ClientCertificates::Optional, ClientCertificates::Required] {
        let builder = SimPlatform::builder().tencent_certificate(&device).reconnect_limit(false);
        let platform = builder.client_certificates(policy).spawn().await.unwrap();
        let right = platform.client_identity(tencent_id()).unwrap();
        let other = platform.client_identity(aliyun_id()).unwrap();
        for (identity, code) in [(&right, 0), (&other, 4)] {
            let mut stream = soon(tls_as(&platform, "localhost", Some(identity))).await.unwrap();
            assert_eq!(login(&mut stream, &connect).await, [0x20, 2, 0, code]);
        }
        // A certificate of somebody else's authority comes to nothing.
        let elsewhere = SimPlatform::builder().spawn().await.unwrap();
        let forged = elsewhere.client_identity(tencent_id()).unwrap();
        assert!(refuses(&platform, Some(&forged)).await);
        assert_eq!(refuses(&platform, None).await, policy == ClientCertificates::Required);
    }
}

/// Whether a client does not get through the handshake. By TLS 1.3 it hears of it afterwards.
async fn refuses(platform: &SimPlatform, identity: Option<&ClientIdentity>) -> bool {
    let Ok(mut stream) = soon(tls_as(platform, "localhost", identity)).await else { return true };
    // Without a login the platform says nothing, and a wrong one is answered.
    let written = stream.write_all(&[0xc0, 0]).await.and(stream.flush().await);
    let read = soon(stream.read(&mut [0; 1])).await;
    written.is_err() || read.is_err()
}

#[tokio::test]
async fn questions_over_sockets() {
    let platform = both().spawn().await.unwrap();
    let mut stream = soon(tls(&platform, "localhost")).await.unwrap();
    login(&mut stream, &aliyun_login()).await;
    let ask = || platform.rrpc(aliyun_id(), "ping", secs(20));
    assert_eq!(soon(ask()).await, Err(RrpcError::NotReceived));
    let filter = b"/sys/a1X2bEnP82z/lamp-1/rrpc/request/+";
    stream.write_all(b"\x82\x2b\0\x01\0\x26").await.unwrap();
    stream.write_all(filter).await.unwrap();
    stream.write_all(&[0]).await.unwrap();
    stream.flush().await.unwrap();
    soon(stream.read_exact(&mut [0; 5])).await.unwrap();
    let answer = async {
        let mut question = [0; 46];
        soon(stream.read_exact(&mut question)).await.unwrap();
        let number = question[41];
        assert!(question.ends_with(b"ping") && number.is_ascii_digit());
        stream.write_all(b"\x30\x2d\0\x27/sys/a1X2bEnP82z/lamp-1/rrpc/response/").await.unwrap();
        stream.write_all(&[number]).await.unwrap();
        stream.write_all(b"pong").await.unwrap();
        stream.flush().await.unwrap();
    };
    let (answered, ()) = tokio::join!(soon(ask()), answer);
    assert_eq!(answered.unwrap(), b"pong");
    let short = platform.rrpc(aliyun_id(), "ping", Duration::from_millis(20));
    assert_eq!(soon(short).await, Err(RrpcError::Timeout));
}

#[tokio::test]
async fn an_address_that_is_taken() {
    let platform = SimPlatform::builder().spawn().await.unwrap();
    let error = SimPlatform::builder().listen(platform.tls_addr()).spawn().await.unwrap_err();
    assert!(error.to_string().contains(&platform.tls_addr().to_string()), "{error}");
    let error = SimPlatform::builder().host("no host \u{1f4a1}").spawn().await.unwrap_err();
    assert!(error.to_string().contains("names of hosts"), "{error}");
}

#[tokio::test]
async fn what_is_dropped_is_gone() {
    let platform = both().spawn().await.unwrap();
    let addr = platform.tcp_addr();
    let mut stream = TcpStream::connect(addr).await.unwrap();
    login(&mut stream, &plain_login("a", true)).await;
    drop(platform);
    assert!(matches!(soon(stream.read(&mut [0; 1])).await, Ok(0) | Err(_)));
    TcpStream::connect(addr).await.unwrap_err();
}
