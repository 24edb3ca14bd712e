//! Nothing that can be printed prints a password.

use std::fmt::Debug;

use iot_home_mqtt::packet::{Will, inspect};
use iot_home_mqtt::{Connect, Credentials, MqttLogin, Packet};

const PASSWORD: &str = "Swordfish-7319";

#[track_caller]
fn shows_nothing<T: Debug>(value: &T) {
    let list: Vec<_> = PASSWORD.bytes().take(4).map(|byte| byte.to_string()).collect();
    for text in [format!("{value:?}"), format!("{value:#?}"), format!("{value:x?}")] {
        assert!(!text.contains("Swordfish") && !text.contains("7319"), "{text}");
        let dense: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        assert!(!dense.contains(&list.join(",")), "{text}");
    }
}

#[test]
fn a_password_is_not_shown() {
    let mut login = MqttLogin::new("broker.lan", 1883, "lamp");
    login.username = Some("me".into());
    login.password = Some(String::from(PASSWORD).into());
    shows_nothing(&login);
    assert!(format!("{login:?}").contains("lamp"));
    let mut connect = Connect::from(&login);
    connect.will = Some(Will::new("t", PASSWORD.as_bytes()));
    shows_nothing(&connect);
    assert!(format!("{connect:?}").contains("redacted"));
    shows_nothing(&Credentials::from(&login));
    shows_nothing(&Credentials::from(&connect));

    let mut bytes = Vec::new();
    connect.encode(&mut bytes).unwrap();
    // A length that takes in what stands behind it.
    for at in 12..bytes.len() {
        let mut packet = bytes.clone();
        packet[at] = 0xff;
        if let Ok(inspection) = inspect(&packet) {
            inspection.problems.iter().for_each(shows_nothing);
        }
    }
    for end in 12..=bytes.len() {
        for flags in [bytes[9], 0xc3] {
            let mut packet = bytes[..end].to_vec();
            packet[9] = flags;
            let inspection = inspect(&packet).unwrap();
            // With the will's flag off, the will's fields are read as user name and password.
            if flags == bytes[9] {
                shows_nothing(&inspection);
            }
            let Packet::Connect(_) = &inspection.packet else { panic!("it is one") };
            inspection.problems.iter().for_each(shows_nothing);
            for problem in &inspection.problems {
                assert!(!problem.to_string().contains("Swordfish"));
            }
        }
    }
}

#[cfg(feature = "mac")]
#[test]
fn nor_are_keys_and_tags() {
    use iot_home_mqtt::mac::{Algorithm, Mac, Tag};

    for algorithm in Algorithm::ALL {
        let mac = Mac::new(algorithm, PASSWORD.as_bytes());
        shows_nothing(&mac);
        let tag = mac.sign([PASSWORD]);
        let (shown, hex) = (format!("{tag:?} {tag:#?} {tag:x?}"), tag.to_hex());
        let first = tag.with_bytes(|bytes| format!("{}, {}", bytes[0], bytes[1]));
        assert!(!shown.contains(&hex[..8]) && !shown.contains(&first), "{shown}");
    }
    shows_nothing(&Tag::from_hex(b"zz").unwrap_err());
}
