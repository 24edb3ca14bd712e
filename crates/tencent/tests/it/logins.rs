//! What the builders make.

use std::time::Duration;

use iot_home_core::{Random, SeededRandom};
use iot_home_mqtt::field::Fault;
use iot_home_tencent::{CertificateDevice, Expiry, RULES, Region, Signer};

use crate::mistakes::example;

const NOW: Duration = Duration::from_millis(1_600_000_000_987);

fn expiry(expiry: Expiry, now: Duration) -> String {
    let login = example().tcp().expiry(expiry).sign(now, &mut SeededRandom::new(1));
    login.username.unwrap().rsplit(';').next().unwrap().to_owned()
}

#[test]
fn defaults() {
    let login = example().tcp().sign(NOW, &mut SeededRandom::new(1));
    assert_eq!(login.host, "YOURPROD01.iotcloud.tencentdevices.com");
    assert_eq!((login.port, login.tls), (1883, false));
    assert_eq!((login.keep_alive, login.clean_session), (300, true));
    let username = login.username.unwrap();
    let parts: Vec<_> = username.split(';').collect();
    assert_eq!(
        (parts[0], parts[1], parts[2].len(), parts[3]),
        ("YOURPROD01lamp1", "12010126", 5, "1600003600")
    );
    let password = login.password.unwrap();
    assert!(password.expose().ends_with(";hmacsha256") && password.expose().len() == 64 + 11);
    assert!(
        !example().tls().clean_session(false).sign(NOW, &mut SeededRandom::new(1)).clean_session
    );
}

#[test]
fn expiries() {
    assert_eq!(expiry(Expiry::default(), NOW), "1600003600");
    assert_eq!(expiry(Expiry::After(Duration::from_secs(600)), NOW), "1600000600");
    assert_eq!(expiry(Expiry::After(Duration::MAX), NOW), u64::MAX.to_string());
    assert_eq!(expiry(Expiry::At(0), NOW), "0");
    // What a clock of milliseconds makes, what 32 bits cannot hold, and the largest number.
    assert_eq!(expiry(Expiry::At(1_600_000_000_250), NOW), "1600000000250");
    assert_eq!(expiry(Expiry::At(u64::MAX), NOW), "18446744073709551615");
    assert_eq!(expiry(Expiry::Never, NOW), "9223372036854775807");
    assert_eq!(expiry(Expiry::Never, Duration::ZERO), "9223372036854775807");
}

#[test]
fn every_region_and_any_host() {
    let sign = |login: iot_home_tencent::Login| login.sign(NOW, &mut SeededRandom::new(1));
    for (region, host) in [
        (Region::Guangzhou, "YOURPROD01.iotcloud.tencentdevices.com"),
        (Region::UsEast, "YOURPROD01.us-east.iotcloud.tencentdevices.com"),
        (Region::Europe, "YOURPROD01.europe.iothub.tencentdevices.com"),
        (Region::Bangkok, "YOURPROD01.ap-bangkok.iothub.tencentdevices.com"),
    ] {
        let tls = sign(example().tls().region(region));
        assert_eq!((tls.host.as_str(), tls.port, tls.tls), (host, 8883, true));
        assert_eq!(sign(example().tcp().region(region)).port, 1883);
    }
    let own = sign(example().tcp().host("10.0.0.1").unwrap().port(1884));
    assert_eq!((own.host.as_str(), own.port), ("10.0.0.1", 1884));
    assert!(example().tcp().host("evil.example/").is_err());
}

#[test]
fn keep_alives_within_the_platforms_range() {
    for seconds in [0, 240, 900] {
        let login = example().tcp().keep_alive(seconds).unwrap();
        assert_eq!(login.sign(NOW, &mut SeededRandom::new(1)).keep_alive, seconds);
    }
    for seconds in [901, u16::MAX] {
        let error = example().tcp().keep_alive(seconds).unwrap_err();
        assert_eq!(error.fault, Fault::Value { value: seconds.into() });
    }
}

/// A session asks before each connection: the conn id is another each time, and the expiry is fresh.
#[test]
fn a_signer_signs_anew() {
    let signer: Box<dyn Signer> = Box::new(example().tls());
    let mut random = SeededRandom::new(1);
    let first = signer.login(NOW, &mut random);
    let second = signer.login(NOW, &mut random);
    let later = signer.login(NOW + Duration::from_secs(7200), &mut random);
    assert_ne!(first.username, second.username, "another conn id");
    assert!(later.username.unwrap().ends_with(";1600010800"));
    // The same time and the same randomness give the same login.
    assert_eq!(signer.login(NOW, &mut SeededRandom::new(1)), first);
    assert_eq!(signer.rules(), &RULES);
    assert_eq!(
        (RULES.keep_alive, RULES.filters, RULES.reconnect),
        (0..=900, 1, Duration::from_secs(5))
    );
    assert_eq!((RULES.will, RULES.retain, RULES.qos, RULES.payload), (false, false, 1, 16_384));

    let named = example().tls().conn_id("Ab1Cd").unwrap();
    let mut random = SeededRandom::new(1);
    assert_eq!(named.login(NOW, &mut random), named.login(NOW, &mut random));
    assert_eq!(random.next_u64(), SeededRandom::new(1).next_u64(), "it took no randomness");
    assert!(example().tls().conn_id("a;b").is_err());
}

#[test]
fn certificates() {
    let device = CertificateDevice::new("YOURPROD01", "lamp1").unwrap();
    let signer = device.tls().region(Region::UsEast);
    let login = signer.login(NOW, &mut SeededRandom::new(1));
    assert_eq!((login.port, login.tls, login.password), (8883, true, None));
    assert!(login.username.unwrap().starts_with("YOURPROD01lamp1;12010126;"));
    assert_eq!(signer.rules(), &RULES);
    assert_eq!(
        (device.product_id().as_str(), device.device_name().as_str()),
        ("YOURPROD01", "lamp1")
    );
    assert!(CertificateDevice::new("YOURPROD01", "a/b").is_err());
}
