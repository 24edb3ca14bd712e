//! Every case of `fixtures/mqtt/vectors.json` that is about Aliyun. A case that nothing here knows is a failure.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use iot_home_aliyun::{
    ClientId, Device, DeviceName, Kind, Login, Params, Presented, Problem, ProductSecret, Refusal,
    SignMethod, Timestamp,
};
use iot_home_mqtt::Credentials;
use iot_home_mqtt::platform::Way;
use serde_json::Value;

use crate::mistakes::{self, EXAMPLE};

/// No login here looks at the clock.
const NOW: Duration = Duration::ZERO;

#[test]
fn every_case_is_exercised() {
    let file = vectors();
    let sections: Vec<_> = file.as_object().unwrap().keys().map(String::as_str).collect();
    let known = ["about", "aliyun", "connect_decode", "negative", "tencent", "validation"];
    assert_eq!(sections, known, "a new section belongs to somebody");

    let mut exercised = BTreeSet::new();
    for case in cases(&file, "aliyun") {
        let id = case["id"].as_str().unwrap();
        match case["kind"].as_str().unwrap() {
            "mqtt-connect" => connect(case),
            "dynreg" => registration(case),
            "https-auth" | "https-auth-body" | "subdevice-sign" => sub_device(case),
            "tls-psk" => tls_psk(case),
            "negative" => wrong_method(case),
            kind => panic!("{id} is of a kind that nothing here knows: {kind}"),
        }
        exercised.insert(id.to_owned());
    }
    assert_eq!(exercised.len(), cases(&file, "aliyun").len(), "no id is there twice");
    assert_eq!(exercised.len(), 30);

    let negative: Vec<_> =
        cases(&file, "negative").iter().filter(|case| !of_tencent(case)).collect();
    for case in &negative {
        mistakes::vector(case["id"].as_str().unwrap(), case);
    }
    assert_eq!(negative.len(), 6);

    let validation: Vec<_> =
        cases(&file, "validation").iter().filter(|case| !of_tencent(case)).collect();
    for case in &validation {
        let value = case["value"].as_str().unwrap();
        let accepted = match case["field"].as_str().unwrap() {
            "aliyun.client_id" => value.parse::<ClientId>().is_ok(),
            "aliyun.device_name" => value.parse::<DeviceName>().is_ok(),
            field => panic!("nothing here knows the field {field}"),
        };
        assert_eq!(accepted, case["must"] == "accept", "{case}");
    }
    assert_eq!(validation.len(), 9);
}

fn of_tencent(case: &Value) -> bool {
    let starts = |key: &str, with| case[key].as_str().is_some_and(|text| text.starts_with(with));
    starts("id", "neg-tx-") || starts("field", "tencent.")
}

/// Signed by us, it is what the SDK sent; and what the SDK sent is verified by us.
fn connect(case: &Value) {
    let input = &case["input"];
    let expected = &case["expected"];
    let id = case["id"].as_str().unwrap();
    let mode = input["secure_mode"].as_i64().unwrap();
    let tls = mode != 3;
    let device = device(input);
    let theirs = text(expected, "mqtt_client_id");

    let mut login = if tls { device.tls() } else { device.tcp() };
    login = configured(login, input).params(extras(theirs));
    if let Some(instance) = input["instance_id"].as_str() {
        login = login.instance(instance).unwrap();
    }
    assert_eq!(login.content(NOW), text(case, "content"), "{id}");
    let signed = login.sign(NOW);
    let password = signed.password.as_ref().unwrap().expose().as_str();
    assert_eq!(password, text(case, "digest_lower_hex"), "{id}");
    assert!(password.eq_ignore_ascii_case(text(expected, "password")), "{id}");
    assert_eq!(signed.username.as_deref(), Some(text(expected, "username")), "{id}");
    // We always say the sign method, and never -1.
    let same = id != "ali-default-md5" && mode != -1;
    assert_eq!(items(&signed.client_id) == items(theirs), same, "{id}: {}", signed.client_id);
    let standard =
        theirs.contains("|securemode=") && theirs.find("timestamp=") < theirs.find("lan=");
    if same && standard && !theirs.contains(",ext=") {
        assert_eq!(signed.client_id, theirs, "{id}: in the same order");
    }
    if let Some(host) = expected["host"].as_str() {
        assert_eq!(signed.host, host, "{id}");
        let port = expected["port"].as_u64().unwrap();
        let port = u16::try_from(port).unwrap();
        assert!(!tls || login.clone().port(port).sign(NOW).port == port, "{id}");
        assert!(tls || signed.port == port, "{id}");
    }
    if let Some(url) = expected["broker_url"].as_str() {
        let (scheme, rest) = url.split_once("://").unwrap();
        assert_eq!(scheme == "mqtts", signed.tls, "{id}");
        let (host, port) = rest.trim_end_matches('/').split_once(':').unwrap();
        assert_eq!(signed.host, host, "{id}");
        // The SDK speaks TLS on 1883 to the old instances, we do on 8883; both are there.
        let ours = login.port(port.parse().unwrap()).sign(NOW);
        assert_eq!((ours.host.as_str(), ours.port), (host, port.parse().unwrap()), "{id}");
    }

    // The signature that goes to the HTTPS service first is no login to a broker.
    let direct = theirs.replace("securemode=-1", "securemode=2");
    if mode == -1 {
        let password = text(expected, "password").as_bytes();
        let presented =
            Presented::new(Credentials::new(theirs, text(expected, "username"), password));
        let problem = Problem::ModeOfOtherKind { mode: -1, kind: Kind::DeviceSecret };
        assert_eq!(presented.verify(&device, Way::default()), Err(problem.into()));
    }
    let theirs = direct.as_str();

    let way = Way::default().tls(tls);
    let theirs = (theirs, text(expected, "username"), text(expected, "password"));
    let verbatim = &case["sdk_output_verbatim"];
    let verbatim = verbatim.is_object().then(|| {
        (text(verbatim, "clientId"), text(verbatim, "username"), text(verbatim, "password"))
    });
    for (client_id, username, password) in [theirs].into_iter().chain(verbatim) {
        let presented = Presented::new(Credentials::new(client_id, username, password.as_bytes()));
        assert_eq!(presented.verify(&device, way), Ok(()), "{id}");
        let problems = presented.problems(way);
        let expected: &[Problem] =
            if id == "ali-default-md5" { &[Problem::NoSignMethod] } else { &[] };
        assert_eq!(problems, expected, "{id}");
        let wrong = Way::default().tls(!tls);
        let refusal = presented.verify(&device, wrong).unwrap_err();
        assert!(matches!(refusal, Refusal::Problem(Problem::SecureMode { .. })), "{id}: {refusal}");
        for case in [password.to_uppercase(), password.to_lowercase()] {
            let presented = Presented::new(Credentials::new(client_id, username, case.as_bytes()));
            assert_eq!(presented.verify(&device, way), Ok(()), "{id}: case is tolerated");
        }
    }
}

/// An SDK that says one method and signs by another.
fn wrong_method(case: &Value) {
    let device = device(&case["input"]);
    let wrong = &case["wrong"];
    let password = text(wrong, "password").as_bytes();
    let credentials = Credentials::new(text(wrong, "clientId"), text(wrong, "username"), password);
    let presented = Presented::new(credentials);
    let (announced, used) = (SignMethod::HmacSha256, SignMethod::HmacSha1);
    assert_eq!(
        presented.verify(&device, Way::default().tls(false)),
        Err(Refusal::OtherMethod { announced, used })
    );
    let problem = Problem::DigestLength { announced, digits: 40, fits: Some(used) };
    assert_eq!(presented.problems(Way::default()), [problem]);
    let ours = configured(device.tcp(), &case["input"]).sign(NOW);
    assert_eq!(ours.password.unwrap().expose(), text(case, "correct_password"));
}

/// Verifying registrations. Those over HTTPS have the same signature.
fn registration(case: &Value) {
    let (input, expected) = (&case["input"], &case["expected"]);
    let sign = expected["sign"].as_str().or(expected["password"].as_str()).unwrap();
    assert_eq!(sign, text(case, "digest_lower_hex"));
    let (method, random) = (text(input, "sign_method"), text(input, "random"));
    let ours = format!("x|securemode=2,authType=register,random={random},signmethod={method}|");
    let client_id = expected["clientId"].as_str().unwrap_or(&ours);
    let username = format!("{}&{}", text(input, "device_name"), text(input, "product_key"));
    let presented = Presented::new(Credentials::new(client_id, &username, sign.as_bytes()));
    let secret = ProductSecret::try_from(text(input, "product_secret")).unwrap();
    let way = Way::default().tls(true);
    assert_eq!(presented.verify_registration(&secret, way), Ok(()), "{case}");
    assert_eq!(presented.problems(way), []);
    let other = ProductSecret::try_from("another").unwrap();
    assert_eq!(presented.verify_registration(&other, way), Err(Refusal::Signature));
}

fn sub_device(case: &Value) {
    let input = &case["input"];
    let mut sub = device(input)
        .sub_device()
        .client_id(text(input, "client_id"))
        .unwrap()
        .sign_method(text(input, "sign_method").parse().unwrap());
    if let Some(timestamp) = input["timestamp"].as_str() {
        sub = sub.timestamp(Timestamp::Fixed(timestamp.parse().unwrap()));
    }
    let proof = sub.sign(NOW);
    assert_eq!(proof.sign.expose(), text(case, "digest_lower_hex"), "{case}");
    assert_eq!(proof.client_id, text(input, "client_id"));
    assert_eq!(proof.timestamp.as_deref(), input["timestamp"].as_str());
    let expected = case["expected"]["payload"]["params"].get(0).unwrap_or(&case["expected"]);
    assert!(expected["sign"].as_str().unwrap().eq_ignore_ascii_case(proof.sign.expose()));
}

fn tls_psk(case: &Value) {
    let psk = device(&case["input"]).tls_psk(text(&case["input"], "timestamp").parse().unwrap());
    assert_eq!(psk.identity, text(&case["expected"], "identity"));
    assert_eq!(psk.key.to_hex().to_uppercase(), text(&case["expected"], "psk_hex"));
}

pub(crate) fn device(input: &Value) -> Device {
    let secret = text(input, "device_secret");
    Device::new(text(input, "product_key"), text(input, "device_name"), secret).unwrap()
}

fn configured(login: Login, input: &Value) -> Login {
    let login = login.client_id(text(input, "client_id")).unwrap();
    let login = login.sign_method(text(input, "sign_method").parse().unwrap());
    match input["timestamp"].as_str() {
        Some(number) => login.timestamp(Timestamp::Fixed(number.parse().unwrap())),
        None => login,
    }
}

/// The ext params that no login sets by itself.
fn extras(client_id: &str) -> Params {
    let own = ["securemode", "signmethod", "timestamp"];
    let extras = items(client_id).into_iter().filter_map(|item| item.split_once('='));
    let extras = extras.filter(|(name, _)| !own.contains(name));
    let mut extras: Vec<_> = extras.collect();
    // In the order in which the SDK has them.
    extras.sort_by_key(|(name, _)| client_id.find(&format!("{name}=")));
    extras.iter().fold(Params::new(), |params, (name, value)| params.own(name, value).unwrap())
}

/// What stands before the bar, and the ext params in any order.
fn items(client_id: &str) -> BTreeSet<&str> {
    let (id, params) = client_id.split_once('|').unwrap();
    params.trim_end_matches('|').split(',').filter(|item| !item.is_empty()).chain([id]).collect()
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is missing: {value}"))
}

fn cases<'a>(file: &'a Value, section: &str) -> &'a Vec<Value> {
    file[section].as_array().unwrap()
}

fn vectors() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/mqtt/vectors.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_example_is_the_one_of_the_vectors() {
    let file = vectors();
    let case = cases(&file, "aliyun").iter().find(|case| case["id"] == "ali-node128-tcp").unwrap();
    assert_eq!(text(&case["input"], "device_secret"), EXAMPLE.secret);
}
