//! Logins that are wrong in the ways that people get them wrong, and what is said of each.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use iot_home_mqtt::platform::{Way, whose};
use iot_home_mqtt::{Credentials, Platform};
use iot_home_tencent::{Device, Kind, Presented, Problem, Refusal, SignMethod, Tencent};
use serde_json::Value;
use sha1::Sha1;
use sha2::Sha256;

use crate::vectors::text;

pub(crate) const PSK: &str = "7WmFA/MEs+Fy+32QwJWtYw==";
/// The bytes that it stands for.
const KEY: [u8; 16] = [
    0xed, 0x69, 0x85, 0x03, 0xf3, 0x04, 0xb3, 0xe1, 0x72, 0xfb, 0x7d, 0x90, 0xc0, 0x95, 0xad, 0x63,
];
const CLIENT_ID: &str = "YOURPROD01lamp1";
const USERNAME: &str = "YOURPROD01lamp1;12010126;Ab1Cd;1600003600";
const NOW: Duration = Duration::from_secs(1_600_000_000);

pub(crate) fn example() -> Device {
    Device::new("YOURPROD01", "lamp1", PSK).unwrap()
}

/// Signed here with the hash crates alone.
fn hmac(method: SignMethod, key: &[u8], content: &str) -> String {
    let bytes = match method {
        SignMethod::HmacSha256 => {
            let mac = Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(content);
            mac.finalize().into_bytes().to_vec()
        }
        _ => {
            let mac = Hmac::<Sha1>::new_from_slice(key).unwrap().chain_update(content);
            mac.finalize().into_bytes().to_vec()
        }
    };
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(content: &str) -> String {
    format!("{};hmacsha256", hmac(SignMethod::HmacSha256, &KEY, content))
}

fn verify(client_id: &str, username: &str, password: &str) -> Result<(), Refusal> {
    Presented::new(Credentials::new(client_id, username, password.as_bytes()))
        .verify(&example(), NOW)
}

/// A negative case of the vectors; its own words are taken where it has some.
pub(crate) fn vector(id: &str, case: &Value) {
    assert_eq!(verify(CLIENT_ID, USERNAME, &sha256(USERNAME)), Ok(()), "the right one");
    match id {
        "neg-tx-psk-text" => {
            let refused =
                verify(CLIENT_ID, text(case, "for_username"), text(case, "wrong_password"));
            assert_eq!(refused, Err(Refusal::PskNotDecoded));
        }
        "neg-tx-expired" => {
            let username = USERNAME.replace("1600003600", "1599999999");
            let refused = verify(CLIENT_ID, &username, &sha256(&username));
            let (expiry, now) = (1_599_999_999, 1_600_000_000);
            assert_eq!(refused, Err(Refusal::Expired { expiry, now }));
            // Just good, and good as long as nobody knows the time.
            let username = USERNAME.replace("1600003600", "1600000000");
            assert_eq!(verify(CLIENT_ID, &username, &sha256(&username)), Ok(()));
            // What is forged has not expired: it was never good.
            let refused = verify(CLIENT_ID, &username, &sha256("something else"));
            assert_eq!(refused, Err(Refusal::Signature));
        }
        other => panic!("nothing here knows {other}"),
    }
}

#[test]
fn every_method_signed_by_every_other() {
    let methods = [SignMethod::HmacSha256, SignMethod::HmacSha1];
    for announced in methods {
        for used in methods {
            let password = |content: &str| format!("{};{announced}", hmac(used, &KEY, content));
            let result = verify(CLIENT_ID, USERNAME, &password(USERNAME));
            let expected = if announced == used {
                Ok(())
            } else {
                Err(Refusal::OtherMethod { announced, used })
            };
            assert_eq!(result, expected);
            let digits = used.digits();
            let length = Problem::DigestLength { announced, digits, fits: Some(used) };
            let expected = if announced == used { Refusal::Signature } else { length.into() };
            assert_eq!(verify(CLIENT_ID, USERNAME, &password("x")), Err(expected));
        }
    }
}

#[test]
fn what_is_signed_too_little() {
    for part in [CLIENT_ID, "YOURPROD01lamp1;12010126", "YOURPROD01lamp1;12010126;Ab1Cd"] {
        assert_eq!(verify(CLIENT_ID, USERNAME, &sha256(part)), Err(Refusal::PartSigned), "{part}");
    }
    assert_eq!(verify(CLIENT_ID, USERNAME, &sha256("YOURPROD01")), Err(Refusal::Signature));
}

/// Each with what is said of it first, by `problems` and by `verify` alike.
#[test]
fn what_can_be_seen_without_the_key() {
    let right = sha256(USERNAME);
    let digits = right.strip_suffix(";hmacsha256").unwrap();
    let announced = SignMethod::HmacSha256;
    let field = |name: &str, problem: &Problem| {
        let Problem::Field(error) = problem else { panic!("{problem:?}") };
        assert_eq!(error.field, name);
    };
    for (username, parts) in [
        ("", 1),
        (CLIENT_ID, 1),
        ("YOURPROD01lamp1;12010126;Ab1Cd", 3),
        ("YOURPROD01lamp1;12010126;Ab;1Cd;1600003600", 5),
    ] {
        let presented = Presented::new(Credentials::new(CLIENT_ID, username, right.as_bytes()));
        assert_eq!(
            presented.problems(Way::default()).first(),
            Some(&Problem::Username { parts }),
            "{username}"
        );
        assert_eq!(verify(CLIENT_ID, username, &right), Err(Problem::Username { parts }.into()));
    }
    for (client_id, username, name) in [
        ("SHORT", "SHORT;12010126;Ab1Cd;1600003600", "product id"),
        ("yourprod01lamp1", "yourprod01lamp1;12010126;Ab1Cd;1600003600", "product id"),
        ("YOURPROD01", "YOURPROD01;12010126;Ab1Cd;1600003600", "device name"),
        ("YOURPROD01a/b", "YOURPROD01a/b;12010126;Ab1Cd;1600003600", "device name"),
        ("YOURPROD0灯灯", "YOURPROD0灯灯;12010126;Ab1Cd;1600003600", "product id"),
        (CLIENT_ID, "YOURPROD01lamp1;x;Ab1Cd;1600003600", "SDK app id"),
        (CLIENT_ID, "YOURPROD01lamp1;;Ab1Cd;1600003600", "SDK app id"),
        (CLIENT_ID, "YOURPROD01lamp1;12010126;;1600003600", "conn id"),
        (CLIENT_ID, "YOURPROD01lamp1;12010126;a b;1600003600", "conn id"),
    ] {
        let presented = Presented::new(Credentials::new(client_id, username, right.as_bytes()));
        field(name, presented.problems(Way::default()).first().unwrap());
        let Err(Refusal::Problem(problem)) = verify(client_id, username, &sha256(username)) else {
            panic!("{username} is let in")
        };
        field(name, &problem);
    }
    for expiry in ["", "-1", "+1600003600", "1e9", "18446744073709551616", "1600003600 "] {
        let username = USERNAME.replace("1600003600", expiry);
        let refused = verify(CLIENT_ID, &username, &sha256(&username));
        assert_eq!(refused, Err(Problem::Expiry.into()), "{expiry}");
    }
    let other = USERNAME.replace("lamp1", "lamp2");
    assert_eq!(verify(CLIENT_ID, &other, &sha256(&other)), Err(Problem::OtherClientId.into()));
    for (password, problem) in [
        (digits.to_owned(), Problem::NoSignMethod),
        (format!("{digits};"), Problem::UnknownSignMethod),
        (format!("{digits};hmacmd5"), Problem::UnknownSignMethod),
        (format!("{digits};HMACSHA256"), Problem::UnknownSignMethod),
        (format!("{digits};hmacsha256;"), Problem::UnknownSignMethod),
        (format!("{}g;hmacsha256", &digits[..63]), Problem::NotHex { position: 64 }),
        (
            format!("{};hmacsha256", &digits[1..]),
            Problem::DigestLength { announced, digits: 63, fits: None },
        ),
        (";hmacsha256".into(), Problem::DigestLength { announced, digits: 0, fits: None }),
        (
            format!("{digits}00;hmacsha256"),
            Problem::DigestLength { announced, digits: 66, fits: None },
        ),
    ] {
        let presented = Presented::new(Credentials::new(CLIENT_ID, USERNAME, password.as_bytes()));
        assert_eq!(
            presented.problems(Way::default()),
            std::slice::from_ref(&problem),
            "{password}"
        );
        assert_eq!(verify(CLIENT_ID, USERNAME, &password), Err(problem.into()), "{password}");
    }
}

#[test]
fn another_device_and_another_kind() {
    let other = Device::new("YOURPROD01", "lamp2", PSK).unwrap();
    let password = sha256(USERNAME);
    let presented = Presented::new(Credentials::new(CLIENT_ID, USERNAME, password.as_bytes()));
    assert_eq!(presented.verify(&other, NOW), Err(Refusal::OtherDevice));
    assert_eq!(verify(CLIENT_ID, USERNAME, ""), Err(Refusal::OtherKind { kind: Kind::Transport }));
}

#[test]
fn whose_it_is() {
    let recognized = |client_id: &str, username: &str| {
        Presented::recognize(Credentials::new(client_id, username, b"")).is_some()
    };
    assert!(recognized(CLIENT_ID, USERNAME) && recognized("other", USERNAME));
    assert!(recognized(CLIENT_ID, "YOURPROD01lamp1;12010126"));
    for (client_id, username) in [
        ("", ""),
        ("", ";"),
        ("lamp", "me"),
        ("lamp", "a;b;c;d"),
        ("12345|securemode=3|", "example1&a1X2bEnP82z"),
    ] {
        assert!(!recognized(client_id, username), "{client_id} {username}");
    }
    let password = sha256(USERNAME);
    let credentials = Credentials::new(CLIENT_ID, USERNAME, password.as_bytes());
    let (platform, recognized) = whose(&[&Tencent], &credentials, Way::default()).unwrap();
    assert_eq!(platform.name(), "tencent");
    assert_eq!(platform.rules(), &iot_home_tencent::RULES);
    assert_eq!(
        recognized.fields,
        [
            ("kind", "key".to_owned()),
            ("product_id", "YOURPROD01".into()),
            ("device_name", "lamp1".into()),
            ("sdk_app_id", "12010126".into()),
            ("conn_id", "Ab1Cd".into()),
            ("expiry", "1600003600".into()),
            ("sign_method", "hmacsha256".into()),
        ]
    );
    assert!(recognized.problems.is_empty());
    let wrong = Credentials::new(CLIENT_ID, USERNAME, b"00;hmacsha256");
    assert_eq!(Tencent.recognize(&wrong, Way::default()).unwrap().problems.len(), 1);
}
