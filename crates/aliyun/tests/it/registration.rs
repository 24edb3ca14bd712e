//! Registration and the ways in over HTTP: the vectors, and what is hostile.

use std::path::Path;
use std::time::Duration;

use iot_home_aliyun::registration::access::{self, AccessCode, AccessToken};
use iot_home_aliyun::registration::{
    AuthCode, Guided, Nonce, NotGiven, Registration, Request, Server, guide,
};
use iot_home_aliyun::thing::{Unreadable, Unwritable};
use iot_home_aliyun::{Device, Presented, ProductSecret, Region, SignMethod, SubDevice, Timestamp};
use iot_home_core::SeededRandom;
use iot_home_mqtt::http::Origin;
use iot_home_mqtt::platform::Way;
use iot_home_mqtt::{Credentials, MqttLogin, Signer};
use proptest::prelude::*;
use serde_json::{Value, json};

const SECRET: &str = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
const PRODUCT_SECRET: &str = "PsWqkS1hGbGgdqkX";
const TOKEN: &str = "tok-Swordfish-7319";

fn vectors(kind: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/mqtt/vectors.json");
    let text = std::fs::read_to_string(path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let all = file["aliyun"].as_array().unwrap();
    all.iter().filter(|case| case["kind"] == kind).cloned().collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is missing: {value}"))
}

fn registration(input: &Value) -> Registration {
    let secret = text(input, "product_secret");
    let names = (text(input, "product_key"), text(input, "device_name"));
    let registration = Registration::new(names.0, names.1, secret).unwrap();
    registration.sign_method(text(input, "sign_method").parse().unwrap())
}

fn sub_device(input: &Value) -> SubDevice {
    let secret = text(input, "device_secret");
    let device = Device::new(text(input, "product_key"), text(input, "device_name"), secret);
    let sub = device.unwrap().sub_device().client_id(text(input, "client_id")).unwrap();
    sub.sign_method(text(input, "sign_method").parse().unwrap())
}

/// The fields of a form whose values need no decoding.
fn fields(request: &Request) -> Value {
    let form = String::from_utf8(request.body.clone()).unwrap();
    let pairs = form.split('&').map(|pair| pair.split_once('=').unwrap());
    Value::Object(pairs.map(|(name, value)| (name.into(), value.into())).collect())
}

fn ours() -> Registration {
    Registration::new("a1X2bEnP82z", "fresh-01", PRODUCT_SECRET).unwrap()
}

/// Each vector of a registration, over HTTPS or over MQTT.
#[test]
fn requests_of_the_vectors() {
    let cases = vectors("dynreg");
    let (mut https, mut mqtt) = (0, 0);
    for case in &cases {
        let (input, expected) = (&case["input"], &case["expected"]);
        let registration = registration(input);
        let nonce: Nonce = text(input, "random").parse().unwrap();
        let request = registration.https(&nonce);
        let fields = fields(&request);
        assert_eq!(text(&fields, "sign"), text(case, "digest_lower_hex"));
        let Some(client_id) = expected["clientId"].as_str() else {
            https += 1;
            for name in ["productKey", "deviceName", "random", "signMethod"] {
                if let Some(value) = expected[name].as_str() {
                    assert_eq!(text(&fields, name), value);
                }
            }
            if let Some(url) = expected["url"].as_str() {
                assert_eq!(request.url, url);
            }
            assert_eq!(request.headers[0].1, "application/x-www-form-urlencoded");
            continue;
        };
        mqtt += 1;
        let (id, _) = client_id.split_once('|').unwrap();
        let login = registration.mqtt().client_id(id).unwrap().sign(&nonce);
        let params = |client_id: &str| {
            let mut params: Vec<_> = client_id.split(['|', ',']).map(String::from).collect();
            params.sort();
            params
        };
        assert_eq!(params(&login.client_id), params(client_id));
        assert_eq!(login.username.as_deref(), expected["username"].as_str());
        assert_eq!(login.password.unwrap().expose(), text(expected, "password"));
        assert!(login.tls);
    }
    assert!(https >= 2 && mqtt == 1, "{https} {mqtt}");
}

/// What registers is taken for a registration by the other side, and is another one each time.
#[test]
fn over_mqtt() {
    let secret = ProductSecret::try_from(PRODUCT_SECRET).unwrap();
    let verified = |login: &MqttLogin| {
        let way = Way::default().tls(true);
        let presented = Presented::new(Credentials::from(login));
        assert_eq!(presented.verify_registration(&secret, way), Ok(()));
        assert_eq!(presented.problems(way), []);
    };
    let nonce: Nonce = "abc123".parse().unwrap();
    let known = ours().mqtt().documented_mode().sign(&nonce);
    assert_eq!(
        known.client_id,
        "a1X2bEnP82z.fresh-01|securemode=2,authType=register,random=abc123,signmethod=hmacsha256|"
    );
    let unknown = ours().mqtt_unknown(Some("iot-060a0abc".parse().unwrap()));
    assert_eq!(
        unknown.sign(&nonce).client_id,
        "a1X2bEnP82z.fresh-01|securemode=2,authType=regnwl,random=abc123,signmethod=hmacsha256,instanceId=iot-060a0abc|"
    );
    let documented = ours().mqtt_unknown(None).documented_mode().sign(&nonce);
    assert!(documented.client_id.contains("|securemode=-2,authType=regnwl,"));
    for login in [&known, &unknown.sign(&nonce), &documented] {
        verified(login);
    }
    let mut random = SeededRandom::new(1);
    let first = unknown.login(Duration::ZERO, &mut random);
    let second = unknown.login(Duration::ZERO, &mut random);
    verified(&first);
    verified(&second);
    assert_ne!(first.client_id, second.client_id);
    assert_ne!(first.password, second.password);
}

#[test]
fn answers_over_https() {
    let open = |answer: Value| ours().open(answer.to_string().as_bytes());
    let data =
        json!({"productKey": "a1X2bEnP82z", "deviceName": "fresh-01", "deviceSecret": SECRET});
    let device = open(json!({"code": 200, "data": data, "message": "success"})).unwrap();
    let expected = Device::new("a1X2bEnP82z", "fresh-01", SECRET).unwrap();
    assert_eq!(device.tls().sign(Duration::ZERO), expected.tls().sign(Duration::ZERO));
    assert!(open(json!({"code": "200", "data": data})).is_ok());
    let refused = |code: i64| open(json!({"code": code, "message": "m"})).map(|_| ()).unwrap_err();
    assert_eq!(refused(6289), NotGiven::Refused { code: AuthCode::ALREADY_ACTIVE });
    assert_eq!(
        refused(6288).to_string(),
        "the platform refused it: 6288 (dynamic registration is switched off for the product)"
    );
    // A refusal is one, whatever stands beside it.
    let both = open(json!({"code": 6600, "data": data})).map(|_| ()).unwrap_err();
    assert_eq!(both, NotGiven::Refused { code: AuthCode::WRONG_SIGNATURE });
    assert!(matches!(refused(200), NotGiven::Unreadable(Unreadable::Form { .. })));
    for (name, value) in [("productKey", "a1X2bEnP82y"), ("deviceName", "fresh-02")] {
        let mut other = data.clone();
        other[name] = value.into();
        let error = open(json!({"code": 200, "data": other})).map(|_| ()).unwrap_err();
        assert_eq!(error, NotGiven::OtherDevice);
    }
    let mut empty = data;
    empty["deviceSecret"] = "".into();
    let error = open(json!({"code": 200, "data": empty})).map(|_| ()).unwrap_err();
    assert!(matches!(error, NotGiven::Field(_)));
}

#[test]
fn servers() {
    let nonce: Nonce = "1".parse().unwrap();
    let url = |server: Server| ours().server(server).https(&nonce).url;
    assert_eq!(
        url(Region::EU_CENTRAL_1.into()),
        "https://iot-auth.eu-central-1.aliyuncs.com/auth/register/device"
    );
    let host: Origin = "https://iot.example.com".parse().unwrap();
    assert_eq!(url(host.into()), "https://iot.example.com/auth/register/device");
    for wrong in ["", "a-b", "a|b", "a,b", &"x".repeat(65)] {
        assert!(wrong.parse::<Nonce>().is_err(), "{wrong}");
    }
}

/// HTTPS first: the published example, and its answer.
#[test]
fn guided() {
    let cases = vectors("https-auth");
    assert_eq!(cases.len(), 1);
    for case in &cases {
        let device = sub_device(&case["input"]);
        let request = guide(&Server::default(), &device, Duration::ZERO);
        assert_eq!(request.url, "https://iot-auth.cn-shanghai.aliyuncs.com/auth/devicename");
        let fields = fields(&request);
        assert_eq!(text(&fields, "sign"), text(&case["expected"], "sign"));
        assert_eq!((text(&fields, "version"), text(&fields, "resources")), ("default", "mqtt"));
        assert!(fields.get("timestamp").is_none());
        let stamped = device.timestamp(Timestamp::Millis);
        let request = guide(&Server::default(), &stamped, Duration::from_secs(1));
        assert!(String::from_utf8(request.body).unwrap().ends_with("&timestamp=1000"));
    }
    let answer = json!({"code": 200, "data": {"iotId": "id-1", "iotToken": TOKEN,
        "resources": {"mqtt": {"host": "10.1.2.3", "port": "1883"}}}, "message": "success"});
    let guided = Guided::open(answer.to_string().as_bytes()).unwrap();
    assert!(!format!("{guided:?}").contains(TOKEN));
    let login = guided.login(&"gw-7".parse().unwrap(), true);
    assert_eq!((login.host.as_str(), login.port, login.tls), ("10.1.2.3", 1883, true));
    assert_eq!(login.keep_alive, 300, "what the platform recommends at least");
    assert_eq!((login.client_id.as_str(), login.username.as_deref()), ("gw-7", Some("id-1")));
    assert_eq!(login.password.unwrap().expose(), TOKEN);
    let open = |answer: Value| Guided::open(answer.to_string().as_bytes()).map(|_| ()).unwrap_err();
    assert_eq!(open(json!({"code": 6200})), NotGiven::Refused { code: AuthCode::NO_DEVICE_OTHER });
    let mut wrong = answer.clone();
    wrong["data"]["resources"]["mqtt"]["host"] = "evil.example/path".into();
    assert!(matches!(open(wrong), NotGiven::Field(_)));
    let mut wrong = answer;
    wrong["data"]["resources"]["mqtt"]["port"] = 65_536.into();
    assert!(matches!(open(wrong), NotGiven::Unreadable(_)));
}

/// Without MQTT: what the C SDK signs, and a message.
#[test]
fn access_over_http() {
    let host: Origin = "https://iot-as-http.cn-shanghai.aliyuncs.com".parse().unwrap();
    let cases = vectors("https-auth-body");
    assert_eq!(cases.len(), 1);
    for case in &cases {
        let device = sub_device(&case["input"]);
        let request = access::authenticate(&host, &device, Duration::ZERO).unwrap();
        assert_eq!(request.url, "https://iot-as-http.cn-shanghai.aliyuncs.com/auth");
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        for (name, value) in case["expected"].as_object().unwrap() {
            let ours = text(&body, name);
            assert!(ours.eq_ignore_ascii_case(value.as_str().unwrap()), "{name}");
        }
        assert_eq!(body["version"], "default");
        assert!(body.get("timestamp").is_none());
        let stamped = device.timestamp(Timestamp::Millis);
        let request = access::authenticate(&host, &stamped, Duration::from_secs(1)).unwrap();
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["timestamp"], "1000");
    }
    let token =
        AccessToken::open(json!({"code": 0, "info": {"token": TOKEN}}).to_string().as_bytes());
    let token = token.unwrap();
    let topic = "/a1X2bEnP82z/lamp-1/user/a b?c";
    let request = token.publish(&host, topic, "hello").unwrap();
    assert_eq!(
        request.url,
        "https://iot-as-http.cn-shanghai.aliyuncs.com/topic/a1X2bEnP82z/lamp-1/user/a%20b%3Fc"
    );
    let without = token.publish(&host, "a/b", "").unwrap().url;
    assert!(without.ends_with(".com/topic/a/b"), "{without}");
    assert_eq!(request.headers[1], ("password", TOKEN.into()));
    assert_eq!(request.body, b"hello");
    assert!(!format!("{token:?} {request:?}").contains(TOKEN));
    assert!(token.publish(&host, "/a/#", "").is_err());
    assert!(token.publish(&host, "/a", vec![0; 128 * 1024]).is_ok());
    assert_eq!(
        token.publish(&host, "/a", vec![0; 128 * 1024 + 1]).unwrap_err(),
        Unwritable::Length { length: 131_073, most: 131_072 }
    );
    let refused = |code: i64| json!({"code": code, "message": "m"}).to_string();
    assert_eq!(
        AccessToken::open(refused(20000).as_bytes()).map(|_| ()).unwrap_err(),
        NotGiven::AccessRefused { code: AccessCode::UNAUTHORIZED }
    );
    assert_eq!(
        access::published(refused(20001).as_bytes()),
        Err(NotGiven::AccessRefused { code: AccessCode::TOKEN_EXPIRED })
    );
    let done = br#"{"code":0,"message":"success","info":{"messageId":892687627916247040}}"#;
    assert_eq!(access::published(done), Ok(()));
    // A token that would end its header and begin another.
    for token in ["", "a\r\nHost: evil.example", "a b"] {
        let answer = json!({"code": 0, "info": {"token": token}}).to_string();
        assert!(AccessToken::open(answer.as_bytes()).is_err(), "{token:?}");
    }
}

/// 64 KiB are read, and not a byte more, whatever is in it.
#[test]
fn answers_that_are_too_long() {
    let data =
        json!({"productKey": "a1X2bEnP82z", "deviceName": "fresh-01", "deviceSecret": SECRET});
    let guided = json!({"code": 200, "data": {"iotId": "id-1", "iotToken": TOKEN,
        "resources": {"mqtt": {"host": "10.1.2.3", "port": 1883}}}});
    type Open = fn(&[u8]) -> Result<(), NotGiven>;
    let answers: [(Value, Open); 4] = [
        (json!({"code": 200, "data": data}), |answer| ours().open(answer).map(drop)),
        (guided, |answer| Guided::open(answer).map(drop)),
        (json!({"code": 0, "info": {"token": TOKEN}}), |answer| {
            AccessToken::open(answer).map(drop)
        }),
        (json!({"code": 0}), access::published),
    ];
    for (answer, open) in answers {
        let text = answer.to_string();
        let padded = |length: usize| format!("{text}{}", " ".repeat(length - text.len()));
        assert_eq!(open(padded(64 << 10).as_bytes()), Ok(()));
        let long = open(padded((64 << 10) + 1).as_bytes()).unwrap_err();
        assert_eq!(long, Unreadable::Length { length: 65_537, most: 65_536 }.into());
    }
}

/// Below a gateway: each device signed as it would sign itself, with a text of its own.
#[test]
fn below_a_gateway() {
    use iot_home_aliyun::thing::{Call, Topics};

    let topics = Topics::new(&"a1X2bEnP82z".parse().unwrap(), &"lamp-1".parse().unwrap());
    let second = Registration::new("a1SubSubSub", "fresh-02", "another-secret").unwrap();
    let devices = [ours(), second.sign_method(SignMethod::HmacSha1)];
    let mut random = SeededRandom::new(3);
    let call = Call::product_register("1", &devices, &mut random).unwrap();
    assert!(!format!("{call:?}").contains("sign"));
    let call = call.to(&topics).unwrap();
    assert_eq!(call.topic, "/sys/a1X2bEnP82z/lamp-1/thing/proxy/provisioning/product_register");
    assert_eq!((call.qos, call.answer.unwrap().topic), (1, format!("{}_reply", call.topic)));
    let body: Value = serde_json::from_slice(&call.payload).unwrap();
    assert_eq!(
        (&body["method"], &body["version"]),
        (&json!("thing.proxy.provisioning.product_register"), &json!("1.0"))
    );
    let told = body["params"]["proxieds"].as_array().unwrap();
    assert_eq!(told.len(), 2);
    for (device, told) in devices.iter().zip(told) {
        let nonce: Nonce = text(told, "random").parse().unwrap();
        let mut expected = fields(&device.https(&nonce));
        // The form and the list have the same names and values.
        assert_eq!(told.as_object(), expected.as_object_mut().map(|expected| &*expected));
    }
    assert_ne!(told[0]["random"], told[1]["random"]);
    let mut random = SeededRandom::new(3);
    let many = vec![ours(); 30];
    assert!(Call::product_register("1", &many, &mut random).is_ok());
    assert_eq!(
        Call::product_register("1", &[&many[..], &many[..1]].concat(), &mut random).unwrap_err(),
        Unwritable::TooMany { what: "sub-devices", count: 31, most: 30 }
    );
}

#[test]
fn nothing_shows_a_secret() {
    let nonce: Nonce = "abc123".parse().unwrap();
    let login = ours().mqtt();
    let request = ours().https(&nonce);
    let sign = text(&fields(&request), "sign").to_owned();
    let answer =
        json!({"code": 200, "data": {"productKey": "a1X2bEnP82z", "deviceName": "fresh-01",
        "deviceSecret": SECRET}})
        .to_string();
    let mut printed = format!(
        "{:?} {request:?} {login:?} {:?} {:?}",
        ours(),
        login.sign(&nonce),
        ours().open(answer.as_bytes())
    );
    let sub = Device::new("a1X2bEnP82z", "fresh-01", SECRET).unwrap().sub_device();
    printed += &format!("{:?}", guide(&Server::default(), &sub, Duration::ZERO));
    for at in 0..answer.len() {
        let error = ours().open(&answer.as_bytes()[..at]).unwrap_err();
        printed += &format!("{error} {error:?}");
    }
    for secret in [SECRET, PRODUCT_SECRET, &sign] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

proptest! {
    #[test]
    fn any_answer_is_read_or_refused(answer in any::<Vec<u8>>()) {
        let _ = ours().open(&answer).map_err(|error| error.to_string());
        let _ = Guided::open(&answer).map_err(|error| error.to_string());
        let _ = AccessToken::open(&answer).map_err(|error| error.to_string());
        let _ = access::published(&answer);
    }

    /// Whatever a client id has in it, it stays one value of the form.
    #[test]
    fn forms_keep_their_fields(id in "[^|\\p{Cc}]{0,64}") {
        let device = Device::new("a1X2bEnP82z", "fresh-01", SECRET).unwrap();
        let sub = device.sub_device().client_id(id.as_str()).unwrap();
        let sub = sub.sign_method(SignMethod::HmacSha1);
        let form = String::from_utf8(guide(&Server::default(), &sub, Duration::ZERO).body).unwrap();
        prop_assert!(form.is_ascii());
        let pairs: Vec<_> = form.split('&').collect();
        prop_assert_eq!(pairs.len(), 7);
        let value = pairs[2].strip_prefix("clientId=").unwrap();
        let mut bytes = Vec::new();
        let mut rest = value.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'%' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                other => other,
            });
        }
        prop_assert_eq!(bytes, id.as_bytes());
    }
}
