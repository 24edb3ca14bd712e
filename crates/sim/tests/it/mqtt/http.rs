//! Registration, and the ways in over HTTP.

use std::time::Duration;

use ::http::{Method, Request, Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use iot_home_aliyun::registration::access::{self, AccessCode, AccessToken};
use iot_home_aliyun::registration::{AuthCode, Guided, NotGiven, Registration, Server, guide};
use iot_home_aliyun::{Device, SignMethod, Timestamp};
use iot_home_core::Instant;
use iot_home_mqtt::http::{self as data, Origin};
use iot_home_mqtt::mac::{Algorithm, Mac};
use iot_home_mqtt::{Connect, ConnectCode, MqttLogin};
use iot_home_sim::mqtt::{DeviceId, LoginRefusal, Machine, Output, Product, SimPlatform};
use iot_home_tencent as tencent;
use iot_home_tencent::registration::{Publish, Registered};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const PRODUCT: &str = "a1X2bEnP82z";
const PRODUCT_SECRET: &str = "PsWqkS1hGbGgdqkX";
const SECRET: &str = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
const TENCENT: &str = "YOURPROD01";
const TENCENT_SECRET: &str = "8XzjN8rfgFVGDTNTUGau4snA";
const PSK: &str = "7WmFA/MEs+Fy+32QwJWtYw==";
const NOW: Duration = Duration::from_secs(1_764_000_000);

fn product() -> Product {
    Product::aliyun(PRODUCT.parse().unwrap(), PRODUCT_SECRET.try_into().unwrap()).device("fresh-01")
}

fn tencent_product() -> Product {
    let secret = TENCENT_SECRET.try_into().unwrap();
    Product::tencent(TENCENT.parse().unwrap(), secret).device("fresh1")
}

fn platform_of(product: Product) -> Machine {
    SimPlatform::builder()
        .product(product)
        .aliyun(Device::new(PRODUCT, "lamp-1", SECRET).unwrap())
        .tencent(tencent::Device::new(TENCENT, "lamp1", PSK).unwrap())
        .time(NOW)
        .build()
}

/// Sends a request that stands as data.
fn send(platform: &mut Machine, request: &data::Request) -> Vec<u8> {
    let response = platform.handle_request(Instant::ORIGIN, &wire(request));
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body().to_vec()
}

fn wire(request: &data::Request) -> Request<Bytes> {
    let (_, rest) = request.url.split_once("://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    let mut wire = Request::post(path).header("Host", host);
    for (name, value) in &request.headers {
        wire = wire.header(*name, value);
    }
    wire.body(request.body.clone().into()).unwrap()
}

/// Changes the body of a request.
fn body(request: &data::Request, from: &str, to: &str) -> data::Request {
    let text = String::from_utf8(request.body.clone()).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    let mut changed = request.clone();
    changed.body = text.replacen(from, to, 1).into_bytes();
    changed
}

fn header(request: &data::Request, name: &str, value: &str) -> data::Request {
    let mut changed = request.clone();
    let header = changed.headers.iter_mut().find(|(ours, _)| *ours == name);
    header.unwrap_or_else(|| panic!("{name} is not there")).1 = value.to_owned();
    changed
}

fn registration() -> Registration {
    Registration::new(PRODUCT, "fresh-01", PRODUCT_SECRET).unwrap()
}

fn nonce(text: &str) -> iot_home_aliyun::registration::Nonce {
    text.parse().unwrap()
}

/// Connects, and brings the return code, what came behind it, and whether the connection was closed.
fn connect(platform: &mut Machine, now: Instant, login: &MqttLogin) -> (u8, Vec<u8>) {
    let link =
        if login.tls { iot_home_sim::mqtt::Link::tls() } else { iot_home_sim::mqtt::Link::tcp() };
    let id = platform.accept(now, link).unwrap();
    let mut packet = Vec::new();
    Connect::from(login).encode(&mut packet).unwrap();
    platform.handle_bytes(now, id, &packet);
    let mut all = Vec::new();
    while let Some(output) = platform.poll_output(now) {
        if let Output::Write { bytes, .. } = output {
            all.extend_from_slice(&bytes);
        }
    }
    assert_eq!(all[..2], [0x20, 2]);
    (all[3], all.split_off(4))
}

#[test]
fn a_device_of_aliyun_registers_and_comes_in() {
    let mut platform = platform_of(product());
    for (text, method) in
        [("a1", SignMethod::HmacSha256), ("a2", SignMethod::HmacSha1), ("a3", SignMethod::HmacMd5)]
    {
        let registration = registration().sign_method(method);
        let answer = send(&mut platform, &registration.https(&nonce(text)));
        let device = registration.open(&answer).unwrap();
        assert_eq!(platform.report().registrations, text[1..].parse::<u64>().unwrap());
        if text == "a3" {
            let (code, _) = connect(&mut platform, Instant::ORIGIN, &device.tls().sign(NOW));
            assert_eq!(code, 0);
        }
    }
    // Once it has connected it is given nothing any more.
    let answer = send(&mut platform, &registration().https(&nonce("b")));
    let refused = registration().open(&answer).unwrap_err();
    assert_eq!(refused, NotGiven::Refused { code: AuthCode::ALREADY_ACTIVE });
    assert_eq!(platform.report().violations.bad_registration, 1);
    assert_eq!(platform.report().violations.total(), 1);
}

#[test]
fn registrations_of_aliyun_that_are_refused() {
    let good = registration().https(&nonce("abc"));
    let other =
        |name: &str| Registration::new(PRODUCT, name, PRODUCT_SECRET).unwrap().https(&nonce("n"));
    let foreign = Registration::new("a1Other0000", "fresh-01", PRODUCT_SECRET).unwrap();
    for (what, request, code, registering) in [
        (
            "another secret",
            Registration::new(PRODUCT, "fresh-01", SECRET).unwrap().https(&nonce("x")),
            6600,
            false,
        ),
        ("another signature", body(&good, "sign=", "sign=0"), 6600, false),
        ("no signature", body(&good, "sign=", "sing="), 6600, false),
        ("another method", body(&good, "hmacsha256", "sha256"), 6292, false),
        ("no form", header(&good, "Content-Type", "application/json"), 460, false),
        ("a name twice", body(&good, "random=", "random=x&random="), 460, false),
        ("no random text", body(&good, "random=abc", "random="), 460, false),
        ("another product", foreign.https(&nonce("y")), 6100, false),
        ("no such device", other("fresh-02"), 6100, true),
    ] {
        let mut platform = platform_of(product());
        let answer: Value = serde_json::from_slice(&send(&mut platform, &request)).unwrap();
        assert_eq!(answer["code"], code, "{what}");
        let violations = platform.report().violations;
        let counted = (violations.bad_request, violations.bad_registration);
        assert_eq!(counted, if registering { (0, 1) } else { (1, 0) }, "{what}");
        assert_eq!(platform.report().registrations, 0);
    }
    let mut platform = platform_of(product());
    send(&mut platform, &good);
    let again: Value = serde_json::from_slice(&send(&mut platform, &good)).unwrap();
    assert_eq!(again["code"], 460, "the same random text twice");
    // However many come between, up to a thousand, and wherever they stand in the alphabet.
    for number in 0..999 {
        send(&mut platform, &registration().https(&nonce(&format!("z{number}"))));
    }
    let again: Value = serde_json::from_slice(&send(&mut platform, &good)).unwrap();
    assert_eq!(again["code"], 460, "it is one of the last thousand");
    send(&mut platform, &registration().https(&nonce("zzz")));
    let later: Value = serde_json::from_slice(&send(&mut platform, &good)).unwrap();
    assert_eq!(later["code"], 200, "and then it is forgotten");
    let mut platform = platform_of(product().registration(false));
    let off: Value = serde_json::from_slice(&send(&mut platform, &good)).unwrap();
    assert_eq!(off["code"], 6288);
}

#[test]
fn over_mqtt() {
    let mut platform = platform_of(product().makes_devices(true));
    let (code, pushed) =
        connect(&mut platform, Instant::ORIGIN, &registration().mqtt().sign(&nonce("a")));
    assert_eq!(code, 0);
    let text = String::from_utf8_lossy(&pushed);
    assert!(text.contains("/ext/register{") && text.contains("\"deviceSecret\""), "{text}");
    // The platform ends it, and counts nothing.
    let late = Instant::ORIGIN + Duration::from_secs(15);
    assert_eq!(platform.poll_timeout(), Some(late));
    platform.handle_timeout(late);
    assert_eq!(platform.report().open_connections, 0);
    let unknown = Registration::new(PRODUCT, "unheard-of", PRODUCT_SECRET).unwrap();
    let (code, pushed) =
        connect(&mut platform, late, &unknown.mqtt_unknown(None).sign(&nonce("b")));
    let text = String::from_utf8_lossy(&pushed);
    assert!(
        code == 0 && text.contains("/ext/regnwl{") && text.contains("\"deviceToken\""),
        "{text}"
    );
    let report = platform.report();
    assert_eq!((report.registrations, report.logins, report.violations.total()), (2, 0, 0));
}

#[test]
fn registrations_over_mqtt_that_are_refused() {
    let with = |secret: &str, name: &str| Registration::new(PRODUCT, name, secret).unwrap();
    for (what, login) in [
        ("another secret", with(SECRET, "fresh-01").mqtt().sign(&nonce("a"))),
        ("no such device", with(PRODUCT_SECRET, "fresh-02").mqtt().sign(&nonce("a"))),
        ("none are made", with(PRODUCT_SECRET, "fresh-02").mqtt_unknown(None).sign(&nonce("a"))),
        (
            "another product",
            Registration::new("a1Other0000", "x-01", SECRET).unwrap().mqtt().sign(&nonce("a")),
        ),
        ("no TLS", {
            let mut login = registration().mqtt().sign(&nonce("a"));
            login.tls = false;
            login
        }),
    ] {
        let mut platform = platform_of(product());
        let (code, pushed) = connect(&mut platform, Instant::ORIGIN, &login);
        assert_ne!(code, 0, "{what}");
        assert!(pushed.is_empty(), "{what}");
        let report = platform.report();
        assert_eq!((report.violations.bad_registration, report.registrations), (1, 0), "{what}");
        let unknown = matches!(report.refusals[0].1, LoginRefusal::Unknown);
        assert_eq!(unknown, what == "another product", "{what}");
    }
    let mut platform = platform_of(product());
    let login = registration().mqtt().sign(&nonce("a"));
    let id = platform.accept(Instant::ORIGIN, iot_home_sim::mqtt::Link::tls()).unwrap();
    let mut packet = Vec::new();
    Connect::from(&login).encode(&mut packet).unwrap();
    // A subscription, for which there is no session.
    packet.extend_from_slice(&[0x82, 6, 0, 1, 0, 1, b'a', 0]);
    platform.handle_bytes(Instant::ORIGIN, id, &packet);
    assert_eq!(platform.report().violations.bad_registration, 1);
}

/// Where a product makes devices it makes those that it does not have, five of a name, and none where it is told not to.
#[test]
fn devices_that_nobody_knows() {
    let name = |name: &str| Registration::new(PRODUCT, name, PRODUCT_SECRET).unwrap();
    let come = |platform: &mut Machine, registration: &Registration, text: &str| {
        let login = registration.mqtt_unknown(None).sign(&nonce(text));
        connect(platform, Instant::ORIGIN, &login).0
    };
    let mut platform = platform_of(product().makes_devices(true));
    for text in ["a", "b", "c", "d", "e"] {
        assert_eq!(come(&mut platform, &name("unheard-of"), text), 0);
    }
    for (registration, what) in
        [(name("unheard-of"), "the sixth of the name"), (name("fresh-01"), "one that there is")]
    {
        let before = platform.report().violations.bad_registration;
        assert_ne!(come(&mut platform, &registration, "f"), 0, "{what}");
        assert_eq!(platform.report().violations.bad_registration, before + 1, "{what}");
    }
    assert_eq!(come(&mut platform, &name("another-one"), "g"), 0);
    assert_eq!((platform.report().registrations, platform.report().violations.total()), (6, 2));
    let mut platform = platform_of(product().makes_devices(true).registration(false));
    assert_ne!(come(&mut platform, &name("unheard-of"), "a"), 0, "registration is off");
    assert_eq!(platform.report().violations.bad_registration, 1);
}

/// HMAC-MD5 where nothing is said, and digits of either case.
#[test]
fn how_aliyun_reads_signatures() {
    let device = Device::new(PRODUCT, "lamp-1", SECRET).unwrap();
    for (method, is_said, taken) in [
        (SignMethod::HmacMd5, false, true),
        (SignMethod::HmacSha1, false, false),
        (SignMethod::HmacSha256, true, true),
    ] {
        let sub = device.sub_device().sign_method(method);
        let mut request = guide(&Server::default(), &sub, NOW);
        let form = String::from_utf8(request.body.clone()).unwrap();
        let fields = form.split('&').filter(|field| is_said || !field.starts_with("signmethod="));
        let fields = fields.map(|field| match field.strip_prefix("sign=") {
            Some(sign) => format!("sign={}", sign.to_ascii_uppercase()),
            None => field.to_owned(),
        });
        request.body = fields.collect::<Vec<_>>().join("&").into_bytes();
        let mut platform = platform_of(product());
        let answer = Guided::open(&send(&mut platform, &request));
        assert_eq!(answer.is_ok(), taken, "{method:?}: {answer:?}");
        assert_eq!(platform.report().violations.bad_request, u64::from(!taken));
    }
}

#[test]
fn https_first() {
    let device = Device::new(PRODUCT, "lamp-1", SECRET).unwrap();
    let mut platform = platform_of(product());
    let sub = device.sub_device().client_id("gw-7").unwrap().timestamp(Timestamp::Millis);
    let answer = send(&mut platform, &guide(&Server::default(), &sub, NOW));
    let login = Guided::open(&answer).unwrap().login(&"gw-7".parse().unwrap(), false);
    assert_eq!(connect(&mut platform, Instant::ORIGIN, &login).0, 0);
    assert!(platform.is_connected(&DeviceId::from(&device)));
    for (what, change) in [
        (
            "another password",
            (|login: &mut MqttLogin| login.password = Some("x".to_owned().into())) as fn(&mut _),
        ),
        ("another client id", |login: &mut MqttLogin| login.client_id = "gw-8".into()),
    ] {
        let mut login = login.clone();
        change(&mut login);
        assert_ne!(connect(&mut platform, Instant::ORIGIN, &login).0, 0, "{what}");
    }
    assert_eq!(platform.report().violations.bad_login, 2);
    platform.advance(Instant::ORIGIN, Duration::from_secs(7 * 24 * 3600));
    let code = connect(&mut platform, Instant::ORIGIN, &login).0;
    assert_eq!(code, ConnectCode::UNAVAILABLE.get());
    // What is signed by somebody else, or for another time.
    let stranger = Device::new(PRODUCT, "lamp-1", PRODUCT_SECRET).unwrap().sub_device();
    let unknown = Device::new(PRODUCT, "lamp-2", SECRET).unwrap().sub_device();
    let before = platform.report().violations.bad_request;
    for (request, code) in [
        (guide(&Server::default(), &stranger, NOW), 401),
        (guide(&Server::default(), &unknown, NOW), 6200),
        (guide(&Server::default(), &sub, NOW), 401),
        (body(&guide(&Server::default(), &stranger, NOW), "clientId", "client"), 460),
    ] {
        let answer: Value = serde_json::from_slice(&send(&mut platform, &request)).unwrap();
        assert_eq!(answer["code"], code);
    }
    assert_eq!(platform.report().violations.bad_request, before + 4);
}

#[test]
fn access_over_http() {
    let server: Origin = "https://iot-as-http.cn-shanghai.aliyuncs.com".parse().unwrap();
    let device = Device::new(PRODUCT, "lamp-1", SECRET).unwrap().sub_device();
    let mut platform = platform_of(product());
    let request = access::authenticate(&server, &device, NOW).unwrap();
    let token = AccessToken::open(&send(&mut platform, &request)).unwrap();
    let topic = "/a1X2bEnP82z/lamp-1/user/update";
    let message = token.publish(&server, topic, "hello").unwrap();
    assert_eq!(access::published(&send(&mut platform, &message)), Ok(()));
    let said = platform.messages().next_back().unwrap();
    assert_eq!((said.topic.as_str(), &*said.payload), (topic, &b"hello"[..]));
    assert_eq!(platform.report().violations.total(), 0);
    let foreign = token.publish(&server, "/a1X2bEnP82z/lamp-9/user/update", "x").unwrap();
    for (request, code) in [
        (foreign, AccessCode::NOT_PUBLISHED),
        (header(&message, "password", "x"), AccessCode::BAD_TOKEN),
        (header(&message, "password", ""), AccessCode::NO_TOKEN),
        (header(&message, "Content-Type", "text/plain"), AccessCode::BAD_PARAMETER),
    ] {
        let refused = access::published(&send(&mut platform, &request)).unwrap_err();
        assert_eq!(refused, NotGiven::AccessRefused { code });
    }
    let stranger = Device::new(PRODUCT, "lamp-1", PRODUCT_SECRET).unwrap().sub_device();
    let request = access::authenticate(&server, &stranger, NOW).unwrap();
    assert!(AccessToken::open(&send(&mut platform, &request)).is_err());
    let request = access::authenticate(&server, &device, NOW).unwrap();
    assert!(AccessToken::open(&send(&mut platform, &body(&request, "default", "other"))).is_err());
    let violations = platform.report().violations;
    assert_eq!((violations.bad_request, violations.forbidden_publish), (5, 1));
}

/// Of a thousand tokens none is forgotten, and then the oldest is.
#[test]
fn the_oldest_token_is_forgotten() {
    let server: Origin = "https://iot-as-http.cn-shanghai.aliyuncs.com".parse().unwrap();
    let device = Device::new(PRODUCT, "lamp-1", SECRET).unwrap().sub_device();
    let mut platform = platform_of(product());
    let request = access::authenticate(&server, &device, NOW).unwrap();
    let ask = |platform: &mut Machine| AccessToken::open(&send(platform, &request)).unwrap();
    let good = |platform: &mut Machine, token: &AccessToken| {
        let topic = "/a1X2bEnP82z/lamp-1/user/update";
        let message = token.publish(&server, topic, "hello").unwrap();
        access::published(&send(platform, &message)).is_ok()
    };
    let tokens: Vec<_> = (0..1000).map(|_| ask(&mut platform)).collect();
    assert!(tokens.iter().all(|token| good(&mut platform, token)));
    let last = ask(&mut platform);
    assert!(!good(&mut platform, &tokens[0]) && good(&mut platform, &last));
    assert!(tokens[1..].iter().all(|token| good(&mut platform, token)));
}

#[test]
fn a_device_of_tencent_registers_and_comes_in() {
    for old in [false, true] {
        let mut platform = platform_of(tencent_product());
        let registration =
            tencent::registration::Registration::new(TENCENT, "fresh1", TENCENT_SECRET).unwrap();
        for nonce in 1..4 {
            let request = if old {
                registration.old_request(NOW, nonce)
            } else {
                registration.request(NOW, nonce)
            };
            let Registered::Key(device) =
                registration.open(&send(&mut platform, &request)).unwrap()
            else {
                panic!("it is one")
            };
            if nonce == 3 {
                let login = device.tcp().sign(NOW, &mut iot_home_core::SeededRandom::new(1));
                assert_eq!(connect(&mut platform, Instant::ORIGIN, &login).0, 0);
            }
        }
        assert_eq!(platform.report().registrations, 3);
        assert_eq!(platform.report().violations.total(), 0);
        let request =
            if old { registration.old_request(NOW, 9) } else { registration.request(NOW, 9) };
        assert!(registration.open(&send(&mut platform, &request)).is_err());
        assert_eq!(platform.report().violations.bad_registration, 1);
    }
}

#[test]
fn requests_to_tencent_that_are_refused() {
    let of = |name: &str, secret: &str| {
        tencent::registration::Registration::new(TENCENT, name, secret).unwrap()
    };
    let good = of("fresh1", TENCENT_SECRET);
    let now = good.request(NOW, 1);
    let before = good.old_request(NOW, 1);
    let minutes = Duration::from_secs(301);
    for (what, request) in [
        ("another secret", of("fresh1", PSK).request(NOW, 1)),
        ("another body", body(&now, "fresh1", "fresh2")),
        ("another time", header(&now, "X-TC-Timestamp", "1764000001")),
        ("another number", header(&now, "X-TC-Nonce", "2")),
        ("another method", header(&now, "X-TC-Algorithm", "rsa-sha256")),
        ("another kind", header(&now, "Content-Type", "text/plain")),
        ("too old", good.request(NOW - minutes, 1)),
        ("too new", good.request(NOW + minutes, 1)),
        ("no number", signed_again(&header(&now, "X-TC-Nonce", "1a"), TENCENT_SECRET)),
        ("no name", body(&now, "DeviceName", "deviceName")),
        ("another secret, as before", of("fresh1", PSK).old_request(NOW, 1)),
        ("another name, as before", body(&before, "fresh1", "fresh2")),
        ("too old, as before", good.old_request(NOW - minutes, 1)),
        ("no signature, as before", body(&before, "signature", "sign")),
    ] {
        let mut platform = platform_of(tencent_product().device("fresh2"));
        assert!(good.open(&send(&mut platform, &request)).is_err(), "{what}");
        assert_eq!(platform.report().violations.bad_request, 1, "{what}");
        assert_eq!(platform.report().registrations, 0);
    }
    let mut platform = platform_of(tencent_product());
    let again = signed_again(&header(&now, "X-TC-Nonce", "77"), TENCENT_SECRET);
    assert!(good.open(&send(&mut platform, &again)).is_ok(), "a number is one");
    assert!(good.open(&send(&mut platform, &now)).is_ok());
    assert!(good.open(&send(&mut platform, &now)).is_err(), "the same number twice");
    for (product, made) in
        [(tencent_product(), false), (tencent_product().makes_devices(true), true)]
    {
        let mut platform = platform_of(product);
        let request = of("fresh9", TENCENT_SECRET).request(NOW, 1);
        assert_eq!(of("fresh9", TENCENT_SECRET).open(&send(&mut platform, &request)).is_ok(), made);
        assert_eq!(platform.report().violations.bad_registration, u64::from(!made));
    }
    let mut platform = platform_of(tencent_product().registration(false));
    assert!(good.open(&send(&mut platform, &now)).is_err());
}

#[test]
fn publishing_to_tencent_over_http() {
    let device = tencent::Device::new(TENCENT, "lamp1", PSK).unwrap();
    let mut platform = platform_of(tencent_product());
    let topic = "YOURPROD01/lamp1/event";
    let request = Publish::new(topic, "hello").request(&device, NOW, 1).unwrap();
    let published = tencent::registration::published;
    assert_eq!(published(&send(&mut platform, &request)), Ok(()));
    assert_eq!(&*platform.messages().next_back().unwrap().payload, b"hello");
    assert_eq!(platform.report().violations.total(), 0);
    let stranger = tencent::Device::new(TENCENT, "lamp1", "AAAAAAAAAAAAAAAAAAAAAA==").unwrap();
    let unknown = tencent::Device::new(TENCENT, "lamp9", PSK).unwrap();
    for request in [
        Publish::new(topic, "hello").request(&stranger, NOW, 2).unwrap(),
        Publish::new(topic, "hello").request(&unknown, NOW, 3).unwrap(),
        Publish::new("YOURPROD01/lamp9/event", "x").request(&device, NOW, 4).unwrap(),
    ] {
        assert!(published(&send(&mut platform, &request)).is_err());
    }
    let violations = platform.report().violations;
    assert_eq!((violations.bad_request, violations.forbidden_publish), (2, 1));
}

/// A client that does not keep to the limits: 128 KB at the one, 16 KB at the other. Beyond it nothing is passed on.
#[test]
fn payloads_beyond_the_limit() {
    let server: Origin = "https://iot-as-http.cn-shanghai.aliyuncs.com".parse().unwrap();
    let device = Device::new(PRODUCT, "lamp-1", SECRET).unwrap().sub_device();
    for (length, refused) in [(128 << 10, 0), ((128 << 10) + 1, 1)] {
        let mut platform = platform_of(product());
        let request = access::authenticate(&server, &device, NOW).unwrap();
        let token = AccessToken::open(&send(&mut platform, &request)).unwrap();
        let mut message = token.publish(&server, "/a1X2bEnP82z/lamp-1/user/update", "").unwrap();
        message.body = vec![b'x'; length];
        let answer = access::published(&send(&mut platform, &message));
        let code = AccessCode::BAD_PARAMETER;
        assert_eq!(answer.err(), (refused == 1).then_some(NotGiven::AccessRefused { code }));
        passed_on(&platform, length, refused);
    }
    let device = tencent::Device::new(TENCENT, "lamp1", PSK).unwrap();
    for (length, refused) in [(16 << 10, 0), ((16 << 10) + 1, 1)] {
        let mut platform = platform_of(tencent_product());
        let small = Publish::new("YOURPROD01/lamp1/event", "hello").request(&device, NOW, 1);
        let large = signed_again(&body(&small.unwrap(), "hello", &"x".repeat(length)), PSK);
        let answer: Value = serde_json::from_slice(&send(&mut platform, &large)).unwrap();
        let code = answer["Response"]["Error"]["Code"].as_str();
        let told = (refused == 1).then_some("InvalidParameterValue.PayloadOverLimit");
        assert_eq!(code, told, "{length}");
        passed_on(&platform, length, refused);
    }
}

fn passed_on(platform: &Machine, length: usize, refused: u64) {
    let violations = platform.report().violations;
    assert_eq!((violations.payload_size, violations.total()), (refused, refused), "{length}");
    assert_eq!(platform.report().received, 1 - refused, "{length}");
    let said = platform.messages().next_back().map(|message| message.payload.len());
    assert_eq!(said, (refused == 0).then_some(length));
}

/// A request of Tencent's with the signature of what it says now, by this key.
fn signed_again(request: &data::Request, key: &str) -> data::Request {
    let value = |name: &str| {
        let header = request.headers.iter().find(|(ours, _)| *ours == name);
        header.unwrap_or_else(|| panic!("{name} is not there")).1.clone()
    };
    let digest: String =
        Sha256::digest(&request.body).iter().map(|byte| format!("{byte:02x}")).collect();
    let content = format!(
        "POST\nap-guangzhou.gateway.tencentdevices.com\n{}\n\nhmacsha256\n{}\n{}\n{digest}",
        request.url.split_once(".com").unwrap().1,
        value("X-TC-Timestamp"),
        value("X-TC-Nonce"),
    );
    let tag = Mac::new(Algorithm::Sha256, key.as_bytes()).sign([content.as_str()]);
    header(request, "X-TC-Signature", &tag.with_bytes(|bytes| STANDARD.encode(bytes)))
}

#[test]
fn what_is_no_request() {
    let mut platform = platform_of(product());
    for (method, path, status) in [
        (Method::GET, "/auth/register/device", StatusCode::METHOD_NOT_ALLOWED),
        (Method::POST, "/elsewhere", StatusCode::NOT_FOUND),
        (Method::POST, "/", StatusCode::NOT_FOUND),
    ] {
        let request = Request::builder().method(method).uri(path).body(Bytes::new()).unwrap();
        let response: Response<Bytes> = platform.handle_request(Instant::ORIGIN, &request);
        assert_eq!(response.status(), status);
    }
    for path in [
        "/auth/register/device",
        "/auth/devicename",
        "/auth",
        "/topic/x",
        "/device/register",
        "/register/dev",
        "/device/publish",
    ] {
        for body in [&b""[..], b"\xff", b"{}", b"[1]", b"a=1", b"{\"ProductId\":{}}"] {
            let request = Request::post(path).body(Bytes::from_static(body)).unwrap();
            let response = platform.handle_request(Instant::ORIGIN, &request);
            let answer: Value = serde_json::from_slice(response.body()).unwrap();
            assert!(
                answer["code"].as_u64().is_some_and(|code| code > 200)
                    || answer["Response"]["Error"].is_object()
            );
        }
    }
    let report = platform.report();
    assert_eq!((report.violations.bad_request, report.requests), (45, 45));
}
