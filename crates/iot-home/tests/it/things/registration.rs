//! Devices that are given something to prove themselves by, and come in with it.

use iot_home::aliyun::CertificateDevice;
use iot_home::aliyun::registration::access::{self, AccessToken};
use iot_home::aliyun::registration::{self as ali, Guided, NotGiven, RegisterError};
use iot_home::aliyun::thing::Registered;
use iot_home::core::{SeededRandom, SystemRandom};
use iot_home::http::Client;
use iot_home::mqtt::client::{Session, Tls};
use iot_home::mqtt::http::{ExchangeError, Origin};
use iot_home::sim::mqtt::{AnswerFault, DeviceId, Faults, Product, SimPlatform};
use iot_home::tencent::registration as qq;

use super::{NEW_YEAR, lamp, options, switch, within};

const PRODUCT_SECRET: &str = "PsWqkS1hGbGgdqkX";
const TENCENT_SECRET: &str = "8XzjN8rfgFVGDTNTUGau4snA";

async fn platform() -> SimPlatform {
    let key = "a1X2bEnP82z".parse().unwrap();
    let product = Product::aliyun(key, PRODUCT_SECRET.try_into().unwrap());
    let product = product.device("fresh-01").device("fresh-02").makes_devices(true);
    let id = "YOURPROD01".parse().unwrap();
    let other =
        Product::tencent(id, TENCENT_SECRET.try_into().unwrap()).device("fresh1").device("fresh2");
    let builder = SimPlatform::builder().product(product).product(other);
    let builder = builder.aliyun(lamp()).tencent(switch()).reconnect_limit(false);
    builder.time(NEW_YEAR).spawn().await.unwrap()
}

fn server(platform: &SimPlatform) -> Origin {
    format!("http://{}", platform.http_addr()).parse().unwrap()
}

fn aliyun(platform: &SimPlatform, name: &str) -> ali::Registration {
    let registration = ali::Registration::new("a1X2bEnP82z", name, PRODUCT_SECRET).unwrap();
    registration.server(server(platform))
}

/// Comes in by this login, over TLS.
macro_rules! comes_in {
    ($platform:expr, $login:expr) => {{
        let addr = $platform.tls_addr();
        let login = $login.host(addr.ip().to_string()).unwrap().port(addr.port());
        within(Session::connect(login, options(&$platform))).await.unwrap()
    }};
}

#[tokio::test]
async fn over_https() {
    let (platform, client) = (platform().await, Client::new().unwrap());
    let (registration, random) = (aliyun(&platform, "fresh-01"), &mut SystemRandom::new());
    let device = within(registration.register(&client, random)).await.unwrap();
    let _session = comes_in!(platform, device.tls());
    assert!(platform.look(|sim| sim.is_connected(&DeviceId::from(&device))));
    // It is active now.
    let error = within(registration.register(&client, random)).await.unwrap_err();
    let expected = NotGiven::Refused { code: ali::AuthCode::ALREADY_ACTIVE };
    assert!(matches!(error, RegisterError::NotGiven(given) if given == expected), "{error}");
    assert_eq!(platform.report().registrations, 1);
}

#[tokio::test]
async fn over_mqtt() {
    let platform = platform().await;
    let addr = platform.tls_addr();
    let at = |login: iot_home::aliyun::Login<_>| {
        login.host(addr.ip().to_string()).unwrap().port(addr.port())
    };
    let registration = aliyun(&platform, "fresh-02");
    let given = within(at(registration.mqtt()).register(options(&platform))).await.unwrap();
    let Registered::Secret(device) = given else { panic!("{given:?}") };
    let _session = comes_in!(platform, device.tls());

    let unknown = aliyun(&platform, "unheard-of").mqtt_unknown(None);
    let given = within(at(unknown).register(options(&platform))).await.unwrap();
    let Registered::Token(device) = given else { panic!("{given:?}") };
    let _session = comes_in!(platform, device.tls());

    let refused =
        within(at(aliyun(&platform, "fresh-02").mqtt()).register(options(&platform))).await;
    assert!(matches!(refused, Err(RegisterError::Session(_))), "{refused:?}");
    let report = platform.report();
    // Each registered on one connection and left it.
    assert_eq!((report.registrations, report.disconnects, report.connections), (2, 2, 5));
    assert_eq!(report.violations.total(), 1);
}

/// What is pushed may be somebody else's, torn, there twice, or nothing at all. It is asked for once.
#[tokio::test]
async fn over_mqtt_with_what_goes_wrong() {
    let platform = platform().await;
    let addr = platform.tls_addr();
    let register = |fault| {
        platform.set_faults(Faults::default().answers(fault, 1));
        let login = aliyun(&platform, "fresh-01").mqtt();
        let login = login.host(addr.ip().to_string()).unwrap().port(addr.port());
        within(login.register(options(&platform)))
    };
    let other = register(AnswerFault::WrongId).await;
    assert!(matches!(other, Err(RegisterError::NotGiven(NotGiven::OtherDevice))), "{other:?}");
    let torn = register(AnswerFault::Malformed).await;
    assert!(matches!(torn, Err(RegisterError::NotGiven(NotGiven::Unreadable(_)))), "{torn:?}");
    let Registered::Secret(_) = register(AnswerFault::Twice).await.unwrap() else { panic!() };
    assert_eq!(platform.report().connections, 3);
    let left = async {
        platform.until(|sim| sim.report().registrations == 4).await;
        platform.disconnect_all();
    };
    let (silent, ()) = tokio::join!(register(AnswerFault::Missing), left);
    assert!(matches!(silent, Err(RegisterError::Silent)), "{silent:?}");
    let report = platform.report();
    assert_eq!((report.connections, report.registrations), (4, 4));
    assert_eq!(report.violations.total(), 0);
}

#[tokio::test]
async fn who_a_certificate_is_for() {
    let device = CertificateDevice::new("a1X2bEnP82z", "cert-1").unwrap();
    let builder = SimPlatform::builder().aliyun_certificate(&device).time(NEW_YEAR);
    let platform = builder.spawn().await.unwrap();
    let identity = platform.client_identity(DeviceId::aliyun("a1X2bEnP82z", "cert-1")).unwrap();
    let tls = Tls::new().ca_pem(platform.ca_pem()).unwrap();
    let tls = tls.client_identity(&identity.certificate, identity.key.expose()).unwrap();
    let addr = platform.tls_addr();
    let login = CertificateDevice::unknown().tls();
    let login = login.host(addr.ip().to_string()).unwrap().port(addr.port());
    let found = within(login.identify(options(&platform).tls(tls.clone()))).await.unwrap();
    assert_eq!((found.product_key.as_str(), found.device_name.as_str()), ("a1X2bEnP82z", "cert-1"));
    let login = found.into_device().tls().host(addr.ip().to_string()).unwrap().port(addr.port());
    let _session = within(Session::connect(login, options(&platform).tls(tls))).await.unwrap();
    let report = platform.report();
    assert_eq!((report.logins, report.disconnects, report.violations.total()), (2, 1, 0));
}

#[tokio::test]
async fn of_tencent() {
    let (platform, client) = (platform().await, Client::new().unwrap());
    let random = &mut SeededRandom::new(7);
    for (name, old) in [("fresh1", false), ("fresh2", true)] {
        let registration = qq::Registration::new("YOURPROD01", name, TENCENT_SECRET).unwrap();
        let registration = registration.server(server(&platform));
        let given = if old {
            within(registration.register_as_before(&client, NEW_YEAR, random)).await
        } else {
            within(registration.register(&client, NEW_YEAR, random)).await
        };
        let qq::Registered::Key(device) = given.unwrap() else { panic!("it is one") };
        let _session = comes_in!(platform, device.tls());
        let refused = within(registration.register(&client, NEW_YEAR, random)).await.unwrap_err();
        let words = "the platform refused it: FailedOperation.DeviceAlreadyActive";
        assert_eq!(refused.to_string(), words);
    }
    let mut message = qq::Publish::new("YOURPROD01/lamp1/event", "hello");
    message.server = server(&platform).into();
    within(message.send(&client, &switch(), NEW_YEAR, random)).await.unwrap();
    let said = platform.messages().pop().unwrap();
    assert_eq!((said.topic.as_str(), &*said.payload), ("YOURPROD01/lamp1/event", &b"hello"[..]));
    assert_eq!(platform.report().violations.total(), 2);
}

#[tokio::test]
async fn https_first_and_without_mqtt() {
    let (platform, client) = (platform().await, Client::new().unwrap());
    let sub = lamp().sub_device().client_id("gw-7").unwrap();
    let guided =
        within(Guided::ask(&client, &server(&platform).into(), &sub, NEW_YEAR)).await.unwrap();
    let login = guided.login(&"gw-7".parse().unwrap(), false);
    let _session = within(Session::connect(login, options(&platform))).await.unwrap();
    assert!(platform.look(|sim| sim.is_connected(&DeviceId::from(&lamp()))));

    let token =
        within(AccessToken::ask(&client, &server(&platform), &sub, NEW_YEAR)).await.unwrap();
    let topic = "/a1X2bEnP82z/lamp-1/user/update";
    within(token.send(&client, &server(&platform), topic, "hello")).await.unwrap();
    assert_eq!(&*platform.messages().pop().unwrap().payload, b"hello");
    let error = within(token.send(&client, &server(&platform), "/a1X2bEnP82z/x/user/y", "")).await;
    let error = error.unwrap_err();
    let expected = NotGiven::AccessRefused { code: access::AccessCode::NOT_PUBLISHED };
    assert!(matches!(error, RegisterError::NotGiven(given) if given == expected), "{error}");
}

#[tokio::test]
async fn where_nobody_answers() {
    let (platform, client) = (platform().await, Client::new().unwrap());
    let nowhere: Origin = format!("http://{}", platform.tls_addr()).parse().unwrap();
    let registration = aliyun(&platform, "fresh-01").server(nowhere);
    let error = within(registration.register(&client, &mut SystemRandom::new())).await.unwrap_err();
    assert!(matches!(error, RegisterError::Exchange(ExchangeError::Http(_))), "{error}");
    assert!(!format!("{error} {error:?}").contains(PRODUCT_SECRET));
}
