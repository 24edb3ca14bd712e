//! Credentials: the shapes in use, those that expire, those that are refused.

use std::time::Duration;

use iot_home::core::SeededRandom;
use iot_home::mqtt::client::{ErrorKind, Qos, Session};
use iot_home::mqtt::platform::Way;
use iot_home::mqtt::{ConnectCode, Signer as _};
use iot_home::sim::mqtt::{DeviceId, Faults};
use iot_home::{aliyun, tencent};

use super::clock::TestClock;
use super::{
    NEW_YEAR, aliyun_at, connect, connected, disconnected, event, lamp, message, options, platform,
    switch, tencent_at, within,
};
use futures_util::StreamExt as _;

/// What Petkit's integrations and its devices send: HMAC-SHA-256, no timestamp, plain TCP.
#[tokio::test]
async fn the_shape_of_petkit() {
    let platform = platform().spawn().await.unwrap();
    let addr = platform.tcp_addr();
    let login = lamp().tcp().client_id("a1X2bEnP82z.lamp-1").unwrap();
    let login = login.host(addr.ip().to_string()).unwrap().port(addr.port());
    let signed = login.sign(Duration::ZERO);
    assert_eq!(signed.client_id, "a1X2bEnP82z.lamp-1|securemode=3,signmethod=hmacsha256|");

    let mut session = connect(login, options(&platform)).await;
    session.subscribe("/a1X2bEnP82z/lamp-1/user/get", Qos::AtMostOnce).await.unwrap();
    platform.publish("/a1X2bEnP82z/lamp-1/user/get", "{}", 0);
    assert_eq!(message(&mut session).await.qos, Qos::AtMostOnce);
    assert_eq!(platform.report().violations.total(), 0);
}

/// What Petkit's devices send to a broker in the house, as petkit-local is one: they ask for automatic subscription, never
/// subscribe, and are commanded with QoS 0, since QoS 1 makes some of them leave.
#[tokio::test]
async fn the_shape_of_petkit_local() {
    let platform = platform().spawn().await.unwrap();
    let addr = platform.tcp_addr();
    let params = aliyun::Params::new().own("_ss", "1").unwrap();
    let login = lamp().tcp().params(params).host(addr.ip().to_string()).unwrap().port(addr.port());
    // The house's broker knows the device's secret and verifies what it says.
    let signed = login.sign(Duration::ZERO);
    let presented = aliyun::Presented::new((&signed).into());
    assert_eq!(presented.verify(&lamp(), Way::default().tls(false)), Ok(()));

    let mut session = connect(login, options(&platform)).await;
    let command = "/sys/a1X2bEnP82z/lamp-1/thing/service/property/set";
    platform.publish(command, r#"{"id":"1","params":{"power":1}}"#, 0);
    let message = message(&mut session).await;
    assert_eq!((message.topic.as_str(), message.qos), (command, Qos::AtMostOnce));
    assert_eq!(platform.report().violations.total(), 0);
}

/// What PyMammotion sends: HMAC-SHA-1, seconds as the timestamp, TLS, automatic subscription, and a new signature for
/// each attempt.
#[tokio::test]
async fn the_shape_of_pymammotion() {
    let platform = platform().spawn().await.unwrap();
    let clock = TestClock::at(NEW_YEAR);
    let login = aliyun_at(&platform)
        .client_id("a1X2bEnP82z&lamp-1")
        .unwrap()
        .sign_method(aliyun::SignMethod::HmacSha1)
        .timestamp(aliyun::Timestamp::Seconds)
        .params(aliyun::Params::new().own("_ss", "1").unwrap());
    let signed = login.login(NEW_YEAR, &mut SeededRandom::new(1));
    assert!(signed.client_id.contains("securemode=2,signmethod=hmacsha1"), "{}", signed.client_id);
    assert!(signed.client_id.contains("_ss=1"), "{}", signed.client_id);

    let mut session = connect(login, options(&platform).clock(clock.clone())).await;
    // Without a subscription.
    platform.publish("/sys/a1X2bEnP82z/lamp-1/thing/service/property/set", "{}", 1);
    assert_eq!(message(&mut session).await.payload, "{}");
    clock.set(NEW_YEAR + Duration::from_secs(60));
    platform.disconnect_all();
    connected(&mut session).await;
    let report = platform.report();
    assert_eq!((report.logins, report.refused, report.violations.total()), (2, 0, 0));
}

/// An expired login is refused and told; once the clock is right, the next one is let in.
#[tokio::test]
async fn an_expired_login_and_then_a_clock_that_is_right() {
    let platform = platform().spawn().await.unwrap();
    // As after a start without a battery.
    let clock = TestClock::at(Duration::from_secs(86_400));
    let options = options(&platform).clock(clock.clone());
    let error = within(Session::connect(tencent_at(&platform), options.clone())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(error.hint().unwrap().contains("clock"));
    assert_eq!(platform.report().refused, 1);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(platform.report().connections, 1, "no further attempt is made");

    clock.set(NEW_YEAR);
    let session = connect(tencent_at(&platform), options).await;
    assert!(session.is_connected());
}

/// A session outlives its credentials, since each connection has its own.
#[tokio::test]
async fn every_connection_is_signed_anew() {
    let platform = platform().reconnect_limit(false).spawn().await.unwrap();
    let clock = TestClock::at(NEW_YEAR);
    let expiry = tencent::Expiry::After(Duration::from_secs(600));
    let login = tencent_at(&platform).expiry(expiry);
    let options = options(&platform).clock(clock.clone());
    let mut session = connect(QuickTencent(login.clone()), options.clone()).await;
    // One that is signed once is as good, at first.
    let fixed = login.login(NEW_YEAR, &mut SeededRandom::new(1));
    event(&mut session).await;

    for hours in 1..=3 {
        let later = NEW_YEAR + Duration::from_secs(3600 * hours);
        platform.set_time(later);
        clock.set(later);
        platform.disconnect_all();
        assert_ne!(disconnected(&mut session).await.kind(), ErrorKind::Auth);
        connected(&mut session).await;
    }
    session.close().await;
    assert_eq!(platform.report().refused, 0);

    let error = within(Session::connect(fixed, options)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth, "and is refused once it has expired");
}

/// Tencent's signer without its platform's five seconds between connections, which a test need not wait for.
struct QuickTencent(tencent::Login);

impl iot_home::mqtt::Signer for QuickTencent {
    fn login(
        &self,
        now: Duration,
        random: &mut dyn iot_home::core::Random,
    ) -> iot_home::mqtt::MqttLogin {
        self.0.login(now, random)
    }

    fn authorities(&self) -> &'static [&'static str] {
        self.0.authorities()
    }
}

#[tokio::test]
async fn a_wrong_secret_ends_the_session_with_either_code() {
    for code in [ConnectCode::BAD_CREDENTIALS, ConnectCode::NOT_AUTHORIZED] {
        let platform = platform().bad_login(code).spawn().await.unwrap();
        let addr = platform.tls_addr();
        let wrong = aliyun::Device::new("a1X2bEnP82z", "lamp-1", "another-secret").unwrap();
        let login = wrong.tls().host(addr.ip().to_string()).unwrap().port(addr.port());
        // Also where the first connection is not waited for.
        let mut session = Session::start(login, options(&platform)).unwrap();
        let waiting = session.handle();
        let publishing = tokio::spawn(async move { waiting.publish("/a/b", "x").await });
        let error = within(session.next()).await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.connect_code()), (ErrorKind::Auth, Some(code)));
        assert_eq!(publishing.await.unwrap().unwrap_err().kind(), ErrorKind::Auth);
        assert!(within(session.next()).await.is_none());
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(platform.report().connections, 1);
    }
}

#[tokio::test]
async fn a_platform_that_is_not_available_is_asked_again() {
    let platform = platform()
        .faults(Faults::default().refuse(ConnectCode::UNAVAILABLE, 3))
        .spawn()
        .await
        .unwrap();
    let mut session = Session::start(aliyun_at(&platform), options(&platform)).unwrap();
    for _ in 0..3 {
        let error = disconnected(&mut session).await;
        assert_eq!(error.connect_code(), Some(ConnectCode::UNAVAILABLE));
    }
    connected(&mut session).await;
    assert!(!platform.look(|platform| platform.is_connected(&DeviceId::from(&switch()))));
}
