//! Devices that are proved by a certificate or by a token.

use iot_home_aliyun as aliyun;
use iot_home_core::SeededRandom;
use iot_home_mqtt::ConnectCode;
use iot_home_sim::mqtt::{DeviceId, Link, LoginRefusal, SimPlatform};
use iot_home_tencent as tencent;
use serde_json::json;

use super::wire::Wire;
use super::{KEY, LAMP, NAME, PRODUCT, TIME, aliyun_id, tencent_id};

#[test]
fn a_device_of_tencent_with_a_certificate() {
    let device = tencent::CertificateDevice::new(PRODUCT, LAMP).unwrap();
    let login = device.tls().sign(TIME, &mut SeededRandom::new(1));
    let mut wire = Wire::new(SimPlatform::builder().tencent_certificate(&device));
    let name = tencent_id().common_name();
    assert_eq!(name, "YOURPROD01lamp1");
    assert_eq!(wire.login_over(Link::tls(), &login).1, 4);
    assert_eq!(wire.login_over(Link::tls().certificate("YOURPROD01lamp2"), &login).1, 4);
    assert_eq!(wire.login_over(Link::tls().certificate(name.as_str()), &login).1, 0);
    let reasons: Vec<_> = wire.report().refusals.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons, [LoginRefusal::NoCertificate, LoginRefusal::OtherCertificate]);
    // The password may be anything, the user name may not.
    let mut odd = login.clone();
    odd.password = Some(String::from("anything").into());
    wire.pass(super::secs(5));
    assert_eq!(wire.login_over(Link::tls().certificate(name.as_str()), &odd).1, 0);
    odd.username = Some("YOURPROD01lamp1".into());
    wire.pass(super::secs(5));
    assert_eq!(wire.login_over(Link::tls().certificate(name.as_str()), &odd).1, 4);
}

#[test]
fn a_device_with_a_key_does_not_come_in_with_nothing() {
    let device = tencent::CertificateDevice::new(PRODUCT, LAMP).unwrap();
    let login = device.tls().sign(TIME, &mut SeededRandom::new(1));
    let mut wire = Wire::new(super::both());
    let link = Link::tls().certificate(tencent_id().common_name());
    assert_eq!(wire.login_over(link, &login).1, 4);
    let refusal = tencent::Refusal::OtherKind { kind: tencent::Kind::Transport };
    assert_eq!(wire.report().refusals[0].1, LoginRefusal::Tencent(refusal));
}

#[test]
fn a_device_of_aliyun_with_a_certificate() {
    let device = aliyun::CertificateDevice::new(KEY, NAME).unwrap();
    let mut wire = Wire::new(SimPlatform::builder().aliyun_certificate(&device));
    let link = || Link::tls().certificate(aliyun_id().common_name());
    assert_eq!(wire.login_over(Link::tls(), &device.tls().sign()).1, 4);
    let (named, code, _) = wire.login_over(link(), &device.tls().sign());
    assert_eq!(code, 0);
    assert_eq!(wire.bytes(named), b"", "it knows its name");
    let other = aliyun::CertificateDevice::new(KEY, "lamp-2").unwrap();
    assert_eq!(wire.login_over(link(), &other.tls().sign()).1, 4);

    // One that does not know its name is told, without a subscription.
    let unknown = aliyun::CertificateDevice::unknown().tls().sign();
    let (id, code, _) = wire.login_over(link(), &unknown);
    assert_eq!(code, 0);
    let [told] = &wire.publishes(id)[..] else { panic!() };
    assert_eq!(told.topic, "/ext/auth/identity/response");
    let told: serde_json::Value = serde_json::from_slice(&told.payload).unwrap();
    assert_eq!(told, json!({"productKey": KEY, "deviceName": NAME}));
    assert!(wire.is_cut(named), "it is the same device");
    assert_eq!(wire.login_over(Link::tls(), &unknown).1, 4);
}

#[test]
fn a_device_of_aliyun_with_a_token() {
    let device = aliyun::TokenDevice::new(KEY, NAME, "id-1", "Zm9vYmFyYmF6").unwrap();
    let mut wire = Wire::new(SimPlatform::builder().aliyun_token(&device));
    assert_eq!(wire.login_over(Link::tls(), &device.tls().sign()).1, 0);
    assert!(wire.platform.is_connected(&DeviceId::aliyun(KEY, NAME)));
    assert_eq!(wire.login_over(Link::tcp(), &device.tls().sign()).1, 2, "over TLS only");
    for (id, token) in [("id-1", "Zm9vYmFyYmF7"), ("id-2", "Zm9vYmFyYmF6")] {
        let other = aliyun::TokenDevice::new(KEY, NAME, id, token).unwrap();
        assert_eq!(wire.login_over(Link::tls(), &other.tls().sign()).1, 4, "{id} {token}");
    }
    assert_eq!(wire.report().refusals[1].0, ConnectCode::BAD_CREDENTIALS);
}
