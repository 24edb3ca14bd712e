//! Over TLS: whom is trusted, and who is let in.

use iot_home::aliyun;
use iot_home::mqtt::client::tls::{InvalidTls, TlsFailure};
use iot_home::mqtt::client::{ErrorKind, Options, Session, Tls};
use iot_home::sim::mqtt::{ClientCertificates, DeviceId, SimPlatform};
use iot_home::tencent;

use super::{aliyun_at, connect, options, platform, tencent_at, within};

async fn refused(platform: &SimPlatform, tls: Tls) -> TlsFailure {
    let connecting = Session::connect(aliyun_at(platform), options(platform).tls(tls));
    let error = within(connecting).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    error.tls_failure().unwrap()
}

#[tokio::test]
async fn a_broker_of_another_ca_is_not_trusted() {
    let platform = platform().spawn().await.unwrap();
    // The clouds' own CAs alone.
    assert_eq!(refused(&platform, Tls::new()).await, TlsFailure::UnknownAuthority);
    let other = SimPlatform::builder().spawn().await.unwrap();
    let tls = Tls::new().ca_pem(other.ca_pem()).unwrap().without_name_check();
    let failure = refused(&platform, tls).await;
    // Its CA has the name of ours and another key.
    assert_eq!(failure, TlsFailure::WrongSignature);
    assert_eq!(platform.report().logins, 0, "nothing was told to it");
}

#[tokio::test]
async fn a_broker_of_another_name_is_not_trusted_unless_that_is_said() {
    let platform = platform().spawn().await.unwrap();
    let port = platform.tls_addr().port();
    // 127.0.0.2 is loopback as well and stands in no certificate.
    let dial = move |_: &str, _: u16| tokio::net::TcpStream::connect(("127.0.0.1", port));
    let login = || super::lamp().tls().host("127.0.0.2").unwrap().port(port);
    let at = options(&platform).dial_with(dial);
    let error = within(Session::connect(login(), at.clone())).await.unwrap_err();
    assert_eq!(error.tls_failure(), Some(TlsFailure::WrongName));
    let tls = Tls::new().ca_pem(platform.ca_pem()).unwrap().without_name_check();
    connect(login(), at.tls(tls)).await.close().await;
}

#[tokio::test]
async fn devices_with_certificates() {
    let platform = SimPlatform::builder()
        .aliyun_certificate(&aliyun::CertificateDevice::new("a1X2bEnP82z", "lamp-2").unwrap())
        .tencent_certificate(&tencent::CertificateDevice::new("YOURPROD01", "lamp2").unwrap())
        .client_certificates(ClientCertificates::Required)
        .time(super::NEW_YEAR)
        .spawn()
        .await
        .unwrap();
    let addr = platform.tls_addr();
    let (host, port) = (addr.ip().to_string(), addr.port());
    let login = || {
        let device = tencent::CertificateDevice::new("YOURPROD01", "lamp2").unwrap();
        device.tls().host(host.as_str()).unwrap().port(port)
    };
    let trusting = || Tls::new().ca_pem(platform.ca_pem()).unwrap();
    let with = |tls: Tls| options(&platform).tls(tls);

    let device = DeviceId::tencent("YOURPROD01", "lamp2");
    let identity = platform.client_identity(device).unwrap();
    let tls = trusting().client_identity(&identity.certificate, identity.key.expose()).unwrap();
    connect(login(), with(tls)).await.close().await;

    // None, one of another CA, one of another device, and a key that is not the certificate's.
    let error = within(Session::connect(login(), with(trusting()))).await.unwrap_err();
    assert_eq!(error.tls_failure(), Some(TlsFailure::ClientCertificateMissing), "{error:?}");
    let other = SimPlatform::builder().spawn().await.unwrap();
    let foreign = other.client_identity(DeviceId::tencent("YOURPROD01", "lamp2")).unwrap();
    let tls = trusting().client_identity(&foreign.certificate, foreign.key.expose()).unwrap();
    let error = within(Session::connect(login(), with(tls))).await.unwrap_err();
    assert_eq!(error.tls_failure(), Some(TlsFailure::ClientCertificateRefused), "{error:?}");
    let neighbour = platform.client_identity(DeviceId::tencent("YOURPROD01", "lamp3")).unwrap();
    let tls = trusting().client_identity(&neighbour.certificate, neighbour.key.expose()).unwrap();
    let error = within(Session::connect(login(), with(tls))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth, "{error:?}");
    let mixed = trusting().client_identity(&identity.certificate, neighbour.key.expose());
    assert_eq!(mixed.unwrap_err(), InvalidTls::KeyMismatch);

    let device = aliyun::CertificateDevice::new("a1X2bEnP82z", "lamp-2").unwrap();
    let identity = platform.client_identity(DeviceId::aliyun("a1X2bEnP82z", "lamp-2")).unwrap();
    let tls = trusting().client_identity(&identity.certificate, identity.key.expose()).unwrap();
    let login = device.tls().host(host.as_str()).unwrap().port(port);
    connect(login, with(tls)).await.close().await;
}

#[tokio::test]
async fn tls_and_plain_tcp_mixed_up() {
    let platform = platform().spawn().await.unwrap();
    let (tcp, tls) = (platform.tcp_addr(), platform.tls_addr());
    let login = aliyun_at(&platform).port(tcp.port());
    let error = within(Session::connect(login, options(&platform))).await.unwrap_err();
    let failure = error.tls_failure().unwrap();
    assert!(matches!(failure, TlsFailure::NotTls | TlsFailure::HungUp), "{failure:?}");

    let login = super::lamp().tcp().host(tls.ip().to_string()).unwrap().port(tls.port());
    let error = within(Session::connect(login, options(&platform))).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Malformed | ErrorKind::Disconnected), "{error:?}");
}

#[tokio::test]
async fn nobody_to_trust_is_told_before_anything_is_sent() {
    let platform = platform().spawn().await.unwrap();
    let tls = Tls::new().only_own_cas();
    let connecting = Session::connect(tencent_at(&platform), Options::new().tls(tls));
    let error = within(connecting).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    assert!(error.to_string().contains("CA"), "{error}");
    assert_eq!(platform.report().connections, 0);
}
