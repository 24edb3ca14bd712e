//! Logins of others: whose they are, and what is accepted.

use std::time::Duration;

use iot_home_aliyun::{
    Aliyun, CertificateDevice, Kind, Presented, ProductSecret, Refusal, TokenDevice,
};
use iot_home_mqtt::platform::{Way, whose};
use iot_home_mqtt::{Credentials, Platform};

use crate::mistakes::{SignedRegistration, example};

fn recognized(client_id: &str, username: &str) -> bool {
    Presented::recognize(Credentials::new(client_id, username, b"x")).is_some()
}

#[test]
fn whose_it_is() {
    for (client_id, username) in [
        ("12345|securemode=3|", "example1&a1X2bEnP82z"),
        ("12345|securemode=3", ""),
        ("|authType=connwl|", ""),
        ("a|b|signmethod=x", "lamp&pk"),
        ("no params at all", "lamp&pk"),
    ] {
        assert!(recognized(client_id, username), "{client_id} {username}");
    }
    for (client_id, username) in [
        ("", ""),
        ("lamp", "user"),
        ("lamp", "a&b&c"),
        ("lamp", "&"),
        ("lamp", "me&you and me"),
        ("a|b|", "user"),
        ("YOURPROD01lamp1", "YOURPROD01lamp1;12010126;Ab1Cd;1600003600"),
    ] {
        assert!(!recognized(client_id, username), "{client_id} {username}");
    }
}

#[test]
fn the_platform_tells_what_it_sees() {
    let login = example().tls().client_id("gw").unwrap().sign(Duration::ZERO);
    let credentials = Credentials::from(&login);
    let platforms: [&dyn Platform; 1] = [&Aliyun];
    let (platform, recognized) = whose(&platforms, &credentials, Way::default()).unwrap();
    assert_eq!(platform.name(), "aliyun");
    assert_eq!(
        recognized.fields,
        [
            ("kind", "device-secret".to_owned()),
            ("product_key", "a1X2bEnP82z".into()),
            ("device_name", "example1".into()),
            ("client_id", "gw".into()),
            ("secure_mode", "2".into()),
            ("sign_method", "hmacsha256".into()),
        ]
    );
    assert!(recognized.problems.is_empty());
    for (way, problems) in [
        (Way::default().port(8883), 0),
        (Way::default().port(443), 0),
        (Way::default().port(1883), 0),
        (Way::default().port(80), 1),
        (Way::default().port(8883).tls(false), 1),
    ] {
        let recognized = Aliyun.recognize(&credentials, way).unwrap();
        assert_eq!(recognized.problems.len(), problems, "{way:?}");
    }
    assert!(whose(&platforms, &Credentials::new("lamp", "me", b""), Way::default()).is_none());
}

#[test]
fn blanks_and_commas_between_params_are_tolerated() {
    let login = example().tcp().client_id("12345").unwrap().sign(Duration::ZERO);
    let password = login.password.as_ref().unwrap().expose().as_bytes();
    let username = login.username.as_deref().unwrap();
    for client_id in [
        "12345|securemode=3,signmethod=hmacsha256|",
        "12345|signmethod=hmacsha256,securemode=3|",
        "12345|securemode=3,signmethod=hmacsha256,|",
        "12345|,,securemode=3, ,signmethod=hmacsha256|",
        "12345|securemode=3,\n        signmethod=hmacsha256|",
        "12345|securemode=3 , signmethod=hmacsha256 |",
        "12345|securemode=3,signmethod=hmacsha256,_v=a=b,x=|",
    ] {
        let presented = Presented::new(Credentials::new(client_id, username, password));
        assert_eq!(presented.verify(&example(), Way::default()), Ok(()), "{client_id}");
    }
}

#[test]
fn tokens() {
    let login = TokenDevice::new("pk", "lamp", "a1B2", "tok/en+==").unwrap().tls().sign();
    let presented = Presented::new(Credentials::from(&login));
    assert_eq!(presented.kind(), Kind::DeviceToken);
    let verify = |token: &str, way| {
        presented.verify_token(&TokenDevice::new("pk", "lamp", "a1B2", token).unwrap(), way)
    };
    let tls = Way::default().tls(true);
    assert_eq!(verify("tok/en+==", tls), Ok(()));
    for other in ["tok/en+=", "tok/en+===", "Tok/en+=="] {
        assert_eq!(verify(other, tls), Err(Refusal::Signature));
    }
    assert!(matches!(verify("tok/en+==", Way::default().tls(false)), Err(Refusal::Problem(_))));
    assert_eq!(presented.problems(tls), []);
    let empty = Presented::new(Credentials::new(&login.client_id, "lamp&pk", b""));
    assert_eq!(empty.problems(tls).len(), 1);
    let secret = example().tls().sign(Duration::ZERO);
    let secret = Presented::new(Credentials::from(&secret));
    let token = TokenDevice::new("a1X2bEnP82z", "example1", "gw", "t").unwrap();
    let kind = Kind::DeviceSecret;
    assert_eq!(secret.verify_token(&token, tls), Err(Refusal::OtherKind { kind }));
    // A device has a token for each of its client ids.
    for (product_key, device_name, client_id) in
        [("pk2", "lamp", "a1B2"), ("pk", "lamp2", "a1B2"), ("pk", "lamp", "a1B3")]
    {
        let other = TokenDevice::new(product_key, device_name, client_id, "tok/en+==").unwrap();
        assert_eq!(presented.verify_token(&other, tls), Err(Refusal::OtherDevice));
    }
}

#[test]
fn certificates_prove_themselves_elsewhere() {
    for login in [
        CertificateDevice::unknown().tls().sign(),
        CertificateDevice::new("a1X2bEnP82z", "example1").unwrap().tls().sign(),
    ] {
        let presented = Presented::recognize(Credentials::from(&login)).unwrap();
        assert_eq!(presented.kind(), Kind::Certificate);
        assert_eq!(presented.problems(Way::default().tls(true)), []);
        let kind = Kind::Certificate;
        let refused = presented.verify(&example(), Way::default());
        assert_eq!(refused, Err(Refusal::OtherKind { kind }));
    }
}

#[test]
fn registrations() {
    let secret = ProductSecret::try_from("PsWqkS1hGbGgdqkX").unwrap();
    for (auth, mode, kind) in [
        ("register", "2", Kind::Registration),
        ("regnwl", "2", Kind::RegistrationUnknown),
        ("regnwl", "-2", Kind::RegistrationUnknown),
    ] {
        let login = SignedRegistration::new(secret.expose(), auth, mode);
        let presented = Presented::new(login.credentials());
        assert_eq!(presented.kind(), kind);
        assert_eq!(presented.verify_registration(&secret, Way::default().tls(true)), Ok(()));
        let tcp = presented.verify_registration(&secret, Way::default().tls(false));
        assert!(matches!(tcp, Err(Refusal::Problem(_))), "registration is over TLS only");
    }
    let login = SignedRegistration::new(secret.expose(), "register", "-2");
    let presented = Presented::new(login.credentials());
    assert!(presented.verify_registration(&secret, Way::default()).is_err());
}
