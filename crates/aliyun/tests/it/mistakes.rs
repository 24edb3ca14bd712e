//! Logins that are wrong in the ways that people get them wrong, and what is said of each.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use iot_home_aliyun::{Device, Kind, Presented, Problem, ProductSecret, Refusal, SignMethod};
use iot_home_mqtt::Credentials;
use iot_home_mqtt::platform::Way;
use md5::Md5;
use serde_json::Value;
use sha1::Sha1;
use sha2::Sha256;

/// The device of most vectors.
pub(crate) struct Example {
    pub(crate) secret: &'static str,
}

pub(crate) const EXAMPLE: Example = Example { secret: "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe" };

pub(crate) fn example() -> Device {
    Device::new("a1X2bEnP82z", "example1", EXAMPLE.secret).unwrap()
}

const USERNAME: &str = "example1&a1X2bEnP82z";
const RIGHT: &str = "clientId12345deviceNameexample1productKeya1X2bEnP82ztimestamp789";
const CLIENT_ID: &str = "12345|securemode=3,signmethod=hmacsha1,timestamp=789|";
const TCP: fn() -> Way = || Way::default().tls(false);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Signed here with the hash crates alone.
pub(crate) fn hmac(method: SignMethod, content: &str) -> String {
    let key = EXAMPLE.secret.as_bytes();
    match method {
        SignMethod::HmacSha256 => {
            let mac = Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(content);
            hex(&mac.finalize().into_bytes())
        }
        SignMethod::HmacSha1 => {
            let mac = Hmac::<Sha1>::new_from_slice(key).unwrap().chain_update(content);
            hex(&mac.finalize().into_bytes())
        }
        _ => {
            let mac = Hmac::<Md5>::new_from_slice(key).unwrap().chain_update(content);
            hex(&mac.finalize().into_bytes())
        }
    }
}

fn verify(client_id: &str, username: &str, password: &str, way: Way) -> Result<(), Refusal> {
    let credentials = Credentials::new(client_id, username, password.as_bytes());
    Presented::new(credentials).verify(&example(), way)
}

fn sha1(content: &str) -> String {
    hmac(SignMethod::HmacSha1, content)
}

/// A negative case of the vectors; its own words are taken where it has some.
pub(crate) fn vector(id: &str, case: &Value) {
    assert_eq!(verify(CLIENT_ID, USERNAME, &sha1(RIGHT), TCP()), Ok(()), "the right one");
    let wrong = case["wrong_content"].as_str();
    match id {
        "neg-content-order" => {
            let refused = verify(CLIENT_ID, USERNAME, &sha1(wrong.unwrap()), TCP());
            assert_eq!(refused, Err(Refusal::Order));
        }
        "neg-signmethod-in-content" => {
            let refused = verify(CLIENT_ID, USERNAME, &sha1(wrong.unwrap()), TCP());
            assert_eq!(refused, Err(Refusal::ParamSigned { name: "signmethod" }));
        }
        "neg-ts-mismatch" => {
            let other = CLIENT_ID.replace("789", "790");
            let refused = verify(&other, USERNAME, &sha1(RIGHT), TCP());
            assert_eq!(refused, Err(Refusal::Signature));
            let without = RIGHT.strip_suffix("timestamp789").unwrap();
            let refused = verify(CLIENT_ID, USERNAME, &sha1(without), TCP());
            assert_eq!(refused, Err(Refusal::TimestampNotSigned));
        }
        "neg-clientid-65" => {
            let long = "x".repeat(65);
            assert!(example().tcp().client_id(long.as_str()).is_err(), "it cannot be signed");
            let content = RIGHT.replace("12345", &long);
            let refused =
                verify(&CLIENT_ID.replace("12345", &long), USERNAME, &sha1(&content), TCP());
            let Err(Refusal::Problem(Problem::Field(error))) = refused else {
                panic!("{refused:?}")
            };
            assert_eq!(error.field, "client id");
        }
        "neg-securemode" => {
            let tls = Way::default().tls(true);
            let refused = verify(CLIENT_ID, USERNAME, &sha1(RIGHT), tls).unwrap_err();
            assert_eq!(refused, Problem::SecureMode { mode: 3, tls: true }.into());
            let two = CLIENT_ID.replace("=3", "=2");
            let refused = verify(&two, USERNAME, &sha1(RIGHT), TCP()).unwrap_err();
            assert_eq!(refused, Problem::SecureMode { mode: 2, tls: false }.into());
        }
        "neg-user-swapped" => {
            let refused = verify(CLIENT_ID, "a1X2bEnP82z&example1", &sha1(RIGHT), TCP());
            assert_eq!(refused, Err(Refusal::Swapped));
        }
        other => panic!("nothing here knows {other}"),
    }
}

#[test]
fn every_order_but_one_is_wrong() {
    let fields = [
        ("clientId", "12345"),
        ("deviceName", "example1"),
        ("productKey", "a1X2bEnP82z"),
        ("timestamp", "789"),
    ];
    let mut seen = 0;
    for at in 0..256_usize {
        let order = [at & 3, at >> 2 & 3, at >> 4 & 3, at >> 6 & 3];
        if order.iter().fold(0, |bits, one| bits | 1 << one) != 0b1111 {
            continue;
        }
        seen += 1;
        let content: String = order.map(|at| [fields[at].0, fields[at].1].concat()).concat();
        let expected = if content == RIGHT { Ok(()) } else { Err(Refusal::Order) };
        assert_eq!(verify(CLIENT_ID, USERNAME, &sha1(&content), TCP()), expected, "{content}");
    }
    assert_eq!(seen, 24);
}

#[test]
fn what_is_signed_too_much() {
    let whole = RIGHT.replace("12345", CLIENT_ID);
    let refused = verify(CLIENT_ID, USERNAME, &sha1(&whole), TCP());
    assert_eq!(refused, Err(Refusal::WholeClientIdSigned));
    let mode = RIGHT.replace("timestamp", "securemode3timestamp");
    let refused = verify(CLIENT_ID, USERNAME, &sha1(&mode), TCP());
    assert_eq!(refused, Err(Refusal::ParamSigned { name: "securemode" }));
    let without = CLIENT_ID.replace(",timestamp=789", "");
    let content = RIGHT.replace("timestamp789", "signmethodhmacsha1");
    let refused = verify(&without, USERNAME, &sha1(&content), TCP());
    assert_eq!(refused, Err(Refusal::ParamSigned { name: "signmethod" }));
}

#[test]
fn every_method_signed_by_every_other() {
    let methods = [SignMethod::HmacSha256, SignMethod::HmacSha1, SignMethod::HmacMd5];
    for announced in methods {
        for used in methods {
            let client_id = CLIENT_ID.replace("hmacsha1", announced.as_str());
            let result = verify(&client_id, USERNAME, &hmac(used, RIGHT), TCP());
            let expected = if announced == used {
                Ok(())
            } else {
                Err(Refusal::OtherMethod { announced, used })
            };
            assert_eq!(result, expected);
            // The same with another secret: the length is all that can be said.
            let stranger = hmac(used, "something else");
            let result = verify(&client_id, USERNAME, &stranger, TCP());
            let digits = used.digits();
            let length = Problem::DigestLength { announced, digits, fits: Some(used) };
            let expected = if announced == used { Refusal::Signature } else { length.into() };
            assert_eq!(result, Err(expected));
        }
    }
}

/// Each with what is said of it first, by `problems` and by `verify` alike.
#[test]
fn what_can_be_seen_without_the_secret() {
    let right = sha1(RIGHT);
    let short = &right[1..];
    let long = format!("{right}00000000000000000000000000");
    let not_hex = right.replace(&right[4..5], "g");
    let many = format!("12345|{}securemode=3|", "a=1,".repeat(40));
    // Nothing between them is still something to read.
    let commas = CLIENT_ID.replace('|', &format!("|{}", ",".repeat(32)));
    let commas = commas.trim_end_matches(',');
    let problems: &[(&str, &str, &str, Problem)] = &[
        ("12345", USERNAME, &right, Problem::NoParams),
        ("12345|securemode=3,signmethod=hmacsha1", USERNAME, &right, Problem::OpenParams),
        (
            "12345|securemode=3,signmethod=hmacsha1|x|",
            USERNAME,
            &right,
            Problem::TextBehindParams { length: 2 },
        ),
        (
            "a|securemode=2|securemode=3,signmethod=hmacsha1|",
            USERNAME,
            &right,
            Problem::TextBehindParams { length: 33 },
        ),
        (
            "12345|securemode=3,signmethod,timestamp=789|",
            USERNAME,
            &right,
            Problem::ParamWithoutValue { index: 2 },
        ),
        (
            "12345|securemode=3,securemode=2,signmethod=hmacsha1|",
            USERNAME,
            &right,
            Problem::DuplicateParam { index: 2 },
        ),
        (CLIENT_ID, "example1", &right, Problem::Username { ampersands: 0 }),
        (CLIENT_ID, "example1&a1X2b&EnP82z", &right, Problem::Username { ampersands: 2 }),
        (CLIENT_ID, "", &right, Problem::Username { ampersands: 0 }),
        ("12345|signmethod=hmacsha1,timestamp=789|", USERNAME, &right, Problem::NoSecureMode),
        (
            "12345|securemode=6,signmethod=hmacsha1,timestamp=789|",
            USERNAME,
            &right,
            Problem::UnknownSecureMode,
        ),
        (
            "12345|securemode=3.0,signmethod=hmacsha1,timestamp=789|",
            USERNAME,
            &right,
            Problem::UnknownSecureMode,
        ),
        (
            "12345|securemode=5,signmethod=hmacsha1,timestamp=789|",
            USERNAME,
            &right,
            Problem::ModeOfOtherKind { mode: 5, kind: Kind::DeviceSecret },
        ),
        (
            "12345|securemode=-2,signmethod=hmacsha1,timestamp=789|",
            USERNAME,
            &right,
            Problem::ModeOfOtherKind { mode: -2, kind: Kind::DeviceSecret },
        ),
        (
            "12345|securemode=3,signmethod=sha1,timestamp=789|",
            USERNAME,
            &right,
            Problem::UnknownSignMethod,
        ),
        (
            "12345|securemode=3,signmethod=HMACSHA1,timestamp=789|",
            USERNAME,
            &right,
            Problem::UnknownSignMethod,
        ),
        (
            "12345|securemode=3,signmethod=hmacsha1,timestamp=78 9|",
            USERNAME,
            &right,
            Problem::Timestamp,
        ),
        (
            "12345|securemode=3,signmethod=hmacsha1,timestamp=|",
            USERNAME,
            &right,
            Problem::Timestamp,
        ),
        (
            "12345|securemode=3,signmethod=hmacsha1,timestamp=000000000000000000789|",
            USERNAME,
            &right,
            Problem::Timestamp,
        ),
        (
            "12345|securemode=2,authType=login,signmethod=hmacsha1|",
            USERNAME,
            &right,
            Problem::UnknownAuthType,
        ),
        (
            "12345|securemode=2,authType=register,random=a-b,signmethod=hmacsha1|",
            USERNAME,
            &right,
            Problem::Random,
        ),
        (
            "12345|securemode=2,authType=register,random=,signmethod=hmacsha1|",
            USERNAME,
            &right,
            Problem::Random,
        ),
        (
            "12345|securemode=2,authType=regnwl,signmethod=hmacsha1|",
            USERNAME,
            &right,
            Problem::Random,
        ),
        (CLIENT_ID, USERNAME, "", Problem::NoPassword),
        (CLIENT_ID, USERNAME, &not_hex, Problem::NotHex { position: 5 }),
        (
            CLIENT_ID,
            USERNAME,
            short,
            Problem::DigestLength { announced: SignMethod::HmacSha1, digits: 39, fits: None },
        ),
        (
            CLIENT_ID,
            USERNAME,
            &long,
            Problem::DigestLength { announced: SignMethod::HmacSha1, digits: 66, fits: None },
        ),
        (&many, USERNAME, &right, Problem::TooManyParams { most: 32 }),
        (commas, USERNAME, &right, Problem::TooManyParams { most: 32 }),
    ];
    for (client_id, username, password, problem) in problems {
        let presented = Presented::new(Credentials::new(client_id, username, password.as_bytes()));
        let seen = presented.problems(Way::default());
        assert_eq!(seen.first(), Some(problem), "{client_id} {username} {password}: {seen:?}");
        let refused = presented.verify(&example(), Way::default());
        assert!(
            refused == Err(problem.clone().into())
                || matches!(refused, Err(Refusal::OtherKind { .. })),
            "{client_id}: {refused:?}"
        );
        assert!(!problem.to_string().is_empty());
    }
}

/// Read the wrong way round, many a device name is no product key: that is not what is wrong with it.
#[test]
fn the_product_key_in_front() {
    let lamp = Device::new("a1X2bEnP82z", "lamp-1", EXAMPLE.secret).unwrap();
    let content = RIGHT.replace("example1", "lamp-1");
    let password = sha1(&content);
    for (username, result) in
        [("lamp-1&a1X2bEnP82z", Ok(())), ("a1X2bEnP82z&lamp-1", Err(Refusal::Swapped))]
    {
        let presented = Presented::new(Credentials::new(CLIENT_ID, username, password.as_bytes()));
        assert_eq!(presented.verify(&lamp, TCP()), result);
    }
    // Where both are alike there is nothing to swap.
    let alike = Device::new("same", "same", EXAMPLE.secret).unwrap();
    let login = alike.tcp().sign(Duration::ZERO);
    assert_eq!(Presented::new(Credentials::from(&login)).verify(&alike, TCP()), Ok(()));
}

#[test]
fn another_devices_login() {
    let other = Device::new("a1X2bEnP82z", "example2", EXAMPLE.secret).unwrap();
    let login = sha1(RIGHT);
    let presented = Presented::new(Credentials::new(CLIENT_ID, USERNAME, login.as_bytes()));
    assert_eq!(presented.verify(&other, TCP()), Err(Refusal::OtherDevice));
    assert_eq!(presented.verify(&example(), TCP()), Ok(()));
}

#[test]
fn a_login_of_another_kind() {
    let token = "x|securemode=-2,authType=connwl|";
    let refused = verify(token, USERNAME, "token", Way::default()).unwrap_err();
    assert_eq!(refused, Refusal::OtherKind { kind: Kind::DeviceToken });
    let certificate = verify(".|securemode=2|", "", "", Way::default()).unwrap_err();
    assert_eq!(certificate, Refusal::OtherKind { kind: Kind::Certificate });
    let secret = ProductSecret::try_from("PsWqkS1hGbGgdqkX").unwrap();
    let login = sha1(RIGHT);
    let presented = Presented::new(Credentials::new(CLIENT_ID, USERNAME, login.as_bytes()));
    let refused = presented.verify_registration(&secret, Way::default());
    assert_eq!(refused, Err(Refusal::OtherKind { kind: Kind::DeviceSecret }));
}

/// Without a sign method, old documents say MD5 and an SDK says SHA-1.
#[test]
fn a_login_without_a_method() {
    let without = CLIENT_ID.replace("signmethod=hmacsha1,", "");
    for (method, result) in [
        (SignMethod::HmacMd5, Ok(())),
        (SignMethod::HmacSha1, Ok(())),
        // The login says nothing of MD5, so it is not told that it does.
        (SignMethod::HmacSha256, Err(Problem::NoSignMethod.into())),
    ] {
        assert_eq!(verify(&without, USERNAME, &hmac(method, RIGHT), TCP()), result);
    }
}

/// A registration as a device sends it, signed with the hash crates alone.
pub(crate) struct SignedRegistration {
    client_id: String,
    password: String,
}

impl SignedRegistration {
    pub(crate) fn new(secret: &str, auth: &str, mode: &str) -> Self {
        let content = "deviceNamefresh-01productKeya1X2bEnP82zrandomabc123";
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(content);
        Self {
            client_id: format!(
                "id|securemode={mode},authType={auth},random=abc123,signmethod=hmacsha256|"
            ),
            password: hex(&mac.finalize().into_bytes()),
        }
    }

    pub(crate) fn credentials(&self) -> Credentials<'_> {
        Credentials::new(&self.client_id, "fresh-01&a1X2bEnP82z", self.password.as_bytes())
    }
}
