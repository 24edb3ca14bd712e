//! What the builders make.

use std::time::Duration;

use iot_home_aliyun::{
    CertificateDevice, Device, Endpoint, Params, RULES, Region, SignMethod, Signer, Timestamp,
    TokenDevice,
};
use iot_home_core::SeededRandom;
use iot_home_mqtt::field::Fault;

use crate::mistakes::example;

const NOW: Duration = Duration::from_millis(1_600_000_000_987);

#[test]
fn transport_and_secure_mode_go_together() {
    let tls = example().tls().sign(NOW);
    assert!(tls.client_id.contains("|securemode=2,") && tls.tls && tls.port == 8883);
    let tcp = example().tcp().sign(NOW);
    assert!(tcp.client_id.contains("|securemode=3,") && !tcp.tls && tcp.port == 1883);
    // Neither host nor port nor anything else changes that.
    let elsewhere = example().tls().host("broker.lan").unwrap().port(1883).sign(NOW);
    assert!(elsewhere.client_id.contains("|securemode=2,") && elsewhere.tls);
    assert!(
        !TokenDevice::new("pk", "lamp", "id", "token")
            .unwrap()
            .tls()
            .sign()
            .client_id
            .contains("signmethod")
    );
}

#[test]
fn defaults() {
    let login = example().tls().sign(NOW);
    assert_eq!(login.host, "a1X2bEnP82z.iot-as-mqtt.cn-shanghai.aliyuncs.com");
    assert_eq!(login.client_id, "a1X2bEnP82z.example1|securemode=2,signmethod=hmacsha256|");
    assert_eq!((login.keep_alive, login.clean_session), (300, true));
    assert_eq!(login.password.unwrap().expose().len(), 64);
}

#[test]
fn every_endpoint() {
    let device = example();
    let instance = Endpoint::Instance("iot-060a1b2c".parse().unwrap());
    let own = Endpoint::Host("10.0.0.1".parse().unwrap());
    for (endpoint, host, tls_port, tcp_port) in [
        (
            Endpoint::Public(Region::CN_SHANGHAI),
            "a1X2bEnP82z.iot-as-mqtt.cn-shanghai.aliyuncs.com",
            8883,
            Some(1883),
        ),
        (
            Endpoint::Public(Region::US_WEST_1),
            "a1X2bEnP82z.iot-as-mqtt.us-west-1.aliyuncs.com",
            8883,
            Some(1883),
        ),
        (instance, "iot-060a1b2c.mqtt.iothub.aliyuncs.com", 8883, Some(1883)),
        (
            Endpoint::Shared(Region::EU_CENTRAL_1),
            "public.itls.eu-central-1.aliyuncs.com",
            1883,
            None,
        ),
        (Endpoint::X509, "x509.itls.cn-shanghai.aliyuncs.com", 1883, None),
        (Endpoint::Ipv6, "ipv6.itls.cn-shanghai.aliyuncs.com", 1883, Some(1883)),
        (own, "10.0.0.1", 8883, Some(1883)),
    ] {
        let login = device.tls().endpoint(&endpoint).unwrap().sign(NOW);
        assert_eq!((login.host.as_str(), login.port), (host, tls_port));
        match (device.tcp().endpoint(&endpoint), tcp_port) {
            (Ok(login), Some(port)) => {
                let login = login.sign(NOW);
                assert_eq!((login.host.as_str(), login.port), (host, port));
            }
            (Err(error), None) => assert_eq!(error.fault, Fault::Transport),
            (result, _) => panic!("{host}: {result:?}"),
        }
        // The credentials are the same everywhere.
        assert_eq!(login.client_id, device.tls().sign(NOW).client_id);
    }
    for region in Region::KNOWN {
        let login = device.tls().region(region.clone()).sign(NOW);
        assert_eq!(login.host, format!("a1X2bEnP82z.iot-as-mqtt.{region}.aliyuncs.com"));
    }
    let unknown = CertificateDevice::unknown().tls();
    let error = unknown.endpoint(&Endpoint::Public(Region::CN_SHANGHAI)).unwrap_err();
    assert_eq!(error.field, "endpoint");
    assert!(device.tls().host("evil.example/").is_err());
    assert!(device.tls().instance("iot-1/").is_err());
}

#[test]
fn keep_alives_within_the_platforms_range() {
    for seconds in [30, 300, 1200] {
        assert_eq!(example().tls().keep_alive(seconds).unwrap().sign(NOW).keep_alive, seconds);
    }
    for seconds in [0, 29, 1201, u16::MAX] {
        let error = example().tls().keep_alive(seconds).unwrap_err();
        assert_eq!(error.fault, Fault::Value { value: seconds.into() });
    }
    assert!(!example().tls().clean_session(false).sign(NOW).clean_session);
}

#[test]
fn timestamps() {
    let sign = |timestamp| example().tcp().client_id("1").unwrap().timestamp(timestamp).sign(NOW);
    for (timestamp, text) in [
        (Timestamp::None, None),
        (Timestamp::Millis, Some("1600000000987")),
        (Timestamp::Seconds, Some("1600000000")),
        (Timestamp::Fixed(0), Some("0")),
        (Timestamp::Fixed(u64::MAX), Some("18446744073709551615")),
    ] {
        let stamp = text.map(|text| format!(",timestamp={text}")).unwrap_or_default();
        let expected = format!("1|securemode=3,signmethod=hmacsha256{stamp}|");
        assert_eq!(sign(timestamp).client_id, expected);
    }
    let login = example().tls().timestamp(Timestamp::Millis);
    assert_eq!(login.sign(Duration::MAX).client_id.matches("18446744073709551615").count(), 1);
}

/// The key is prepared again for whatever changes it.
#[test]
fn the_order_of_the_steps_does_not_matter() {
    let device = example();
    let one = device
        .tls()
        .client_id("x")
        .unwrap()
        .sign_method(SignMethod::HmacMd5)
        .timestamp(Timestamp::Seconds)
        .params(Params::new().auto_subscribe());
    let other = device
        .tls()
        .params(Params::new().ext(1))
        .timestamp(Timestamp::Fixed(1))
        .sign_method(SignMethod::HmacSha1)
        .client_id("y")
        .unwrap()
        .params(Params::new().auto_subscribe())
        .timestamp(Timestamp::Seconds)
        .sign_method(SignMethod::HmacMd5)
        .client_id("x")
        .unwrap();
    assert_eq!(one.sign(NOW), other.sign(NOW));
    assert_eq!(
        one.content(NOW),
        "clientIdxdeviceNameexample1productKeya1X2bEnP82ztimestamp1600000000"
    );
}

#[test]
fn a_signer_signs_anew() {
    let signer: Box<dyn Signer> = Box::new(example().tls().timestamp(Timestamp::Millis));
    let mut random = SeededRandom::new(1);
    let first = signer.login(NOW, &mut random);
    assert_eq!(first, signer.login(NOW, &mut random), "the same time, the same login");
    let later = signer.login(NOW + Duration::from_millis(1), &mut random);
    assert_ne!(first.password, later.password);
    assert_eq!(signer.rules(), &RULES);
    assert_eq!(RULES.keep_alive, 30..=1200);
    assert_eq!((RULES.will, RULES.retain, RULES.qos), (false, false, 1));
    assert_eq!((RULES.payload, RULES.filters), (262_144, usize::MAX));

    let token = TokenDevice::new("pk", "lamp", "id", "token").unwrap().tls();
    assert_eq!(token.login(NOW, &mut random), token.sign());
    let certificate = CertificateDevice::unknown().tls();
    assert_eq!(certificate.login(NOW, &mut random), certificate.sign());
}

#[test]
fn certificates() {
    let known = CertificateDevice::new("pk", "lamp").unwrap().tls().client_id(".").unwrap().sign();
    assert_eq!(known.client_id, ".|securemode=2|");
    assert_eq!(known.username.as_deref(), Some("lamp&pk"));
    assert_eq!(known.password.unwrap().expose(), "");
    assert_eq!(
        (known.host.as_str(), known.port, known.tls),
        ("x509.itls.cn-shanghai.aliyuncs.com", 1883, true)
    );
    assert!(CertificateDevice::new("pk&", "lamp").is_err());
    let device = CertificateDevice::new("pk", "lamp").unwrap();
    let names = (device.product_key().unwrap().as_str(), device.device_name().unwrap().as_str());
    assert_eq!(names, ("pk", "lamp"));
    let unknown = CertificateDevice::unknown();
    assert!(unknown.product_key().is_none() && unknown.device_name().is_none());
}

#[test]
fn tokens() {
    let device = TokenDevice::new("pk", "lamp", "a1B2", "tok/en+==").unwrap();
    let login = device.tls().params(Params::new().auto_subscribe()).sign();
    assert_eq!(login.client_id, "a1B2|securemode=-2,authType=connwl,_ss=1|");
    assert_eq!(login.username.as_deref(), Some("lamp&pk"));
    assert_eq!(login.password.unwrap().expose(), "tok/en+==");
    let names =
        [device.product_key().as_str(), device.device_name().as_str(), device.client_id().as_str()];
    assert_eq!(names, ["pk", "lamp", "a1B2"]);
    assert!(TokenDevice::new("pk", "lamp", "a|b", "t").is_err());
    assert!(TokenDevice::new("pk", "lamp", "a", "").is_err());
}

#[test]
fn sub_devices() {
    let device = Device::new("a1X2bEnP82z", "sub-01", "sub1sub1sub1sub1sub1sub1sub1sub1").unwrap();
    let params =
        Params::new().language("Python").unwrap().version("2.2.1").unwrap().auto_subscribe();
    let proof = device.sub_device().params(params).timestamp(Timestamp::Millis).sign(NOW);
    assert_eq!(proof.client_id, "a1X2bEnP82z.sub-01|lan=Python,_v=2.2.1,_ss=1|");
    // Here the ext params are signed, as a part of the client id.
    let alone = device.sub_device().timestamp(Timestamp::Millis).sign(NOW);
    assert_ne!(proof.sign, alone.sign);
    assert_eq!(proof.sign_method, SignMethod::HmacSha256);
}
