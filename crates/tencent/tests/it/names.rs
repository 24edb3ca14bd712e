//! Every injection that a name could be is refused by the name's type, with field, rule and position.

use std::fmt::Debug;
use std::str::FromStr;

use iot_home_core::SeededRandom;
use iot_home_mqtt::field::Fault;
use iot_home_tencent::{
    ConnId, Device, DeviceName, InvalidField, ProductId, Psk, Region, SdkAppId, SignMethod,
};
use proptest::prelude::*;

#[track_caller]
fn refused<T: FromStr<Err = InvalidField> + Debug>(text: &str, field: &str, fault: Fault) {
    let error = text.parse::<T>().unwrap_err();
    assert_eq!((error.field, error.fault), (field, fault), "{text:?}");
    let told = error.to_string();
    assert!(told.contains(field) && told.contains(error.rule), "{told}");
}

#[track_caller]
fn accepted<T: FromStr<Err = InvalidField> + Debug>(texts: &[&str]) {
    for text in texts {
        text.parse::<T>().unwrap_or_else(|error| panic!("{text:?}: {error}"));
    }
}

const fn at(position: usize) -> Fault {
    Fault::Character { position }
}

const fn long(length: usize) -> Fault {
    Fault::Length { length }
}

#[test]
fn product_ids() {
    accepted::<ProductId>(&["YOURPROD01", "0123456789"]);
    for (text, fault) in [
        ("", long(0)),
        ("SHORT", long(5)),
        ("YOURPROD012", long(11)),
        ("yourprod01", at(1)),
        ("YOURPROD0/", at(10)),
        ("YOURPROD;1", at(9)),
        ("YOURPROD.evil.com", at(9)),
        ("ＹOURPROD01", at(1)),
    ] {
        refused::<ProductId>(text, "product id", fault);
    }
}

#[test]
fn device_names() {
    accepted::<DeviceName>(&["a", "a:b", "a-_Z9", &"a".repeat(48)]);
    for (text, fault) in [
        ("", long(0)),
        (&"a".repeat(49), long(49)),
        ("a b", at(2)),
        ("a/b", at(2)),
        ("a#b", at(2)),
        ("a+b", at(2)),
        ("a;b", at(2)),
        ("a.b", at(2)),
        ("a@b", at(2)),
        ("灯", at(1)),
        ("a\n", at(2)),
    ] {
        refused::<DeviceName>(text, "device name", fault);
    }
}

#[test]
fn conn_ids() {
    accepted::<ConnId>(&["x", "Ab1Cd", "with=sign", &"x".repeat(32)]);
    for (text, fault) in [
        ("", long(0)),
        ("a;b", at(2)),
        (";", at(1)),
        ("a b", at(2)),
        ("a\0", at(2)),
        ("连", at(1)),
        (&"x".repeat(33), long(33)),
    ] {
        refused::<ConnId>(text, "conn id", fault);
    }
    let mut random = SeededRandom::new(1);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..1000 {
        let conn_id = ConnId::random(&mut random);
        assert!(
            conn_id.as_str().len() == 5
                && conn_id.as_str().bytes().all(|b| b.is_ascii_alphanumeric())
        );
        seen.insert(conn_id.to_string());
    }
    assert!(seen.len() > 990, "they differ: {}", seen.len());
    let letters: std::collections::BTreeSet<char> = seen.iter().flat_map(|id| id.chars()).collect();
    assert_eq!(letters.len(), 62);
}

#[test]
fn numbers_regions_and_methods() {
    for number in [SdkAppId::DOCUMENTED, SdkAppId::C, SdkAppId::EXPLORER, SdkAppId::new(u64::MAX)] {
        assert_eq!(number.to_string().parse(), Ok(number));
    }
    for (text, fault) in [
        ("", long(0)),
        ("12a", at(3)),
        ("+1", at(1)),
        ("1;2", at(2)),
        ("99999999999999999999", long(20)),
    ] {
        refused::<SdkAppId>(text, "SDK app id", fault);
    }
    for region in Region::KNOWN {
        assert_eq!(region.to_string().parse(), Ok(region));
    }
    for text in ["", "china", "us-east/", "AP-GUANGZHOU"] {
        refused::<Region>(text, "region", Fault::Unknown);
    }
    for method in [SignMethod::HmacSha256, SignMethod::HmacSha1] {
        assert_eq!(method.to_string().parse(), Ok(method));
    }
    for text in ["", "sha1", "hmacmd5", "HMACSHA1"] {
        refused::<SignMethod>(text, "sign method", Fault::Unknown);
    }
}

#[test]
fn psks() {
    accepted::<Psk>(&["7WmFA/MEs+Fy+32QwJWtYw==", "AA==", "AAA=", "AAAA"]);
    for (text, fault) in [
        ("", long(0)),
        ("secret", long(6)),
        ("7WmFA/MEs+Fy+32QwJWtYw", long(22)),
        ("7WmFA/MEs+Fy+32QwJWtYw=", long(23)),
        ("7WmFA_MEs-Fy-32QwJWtYw==", at(6)),
        ("7WmFA/MEs+Fy +32QwJWtYw=", at(13)),
        ("7WmFA/MEs+Fy+32QwJWtYw==\n", at(25)),
        ("AB==", at(2)),
        ("====", at(1)),
        (&"A".repeat(1028), long(1028)),
    ] {
        refused::<Psk>(text, "psk", fault);
    }
}

#[test]
fn the_device_says_which_of_its_fields_is_wrong() {
    let psk = "7WmFA/MEs+Fy+32QwJWtYw==";
    for (product_id, device_name, psk, field) in [
        ("SHORT", "lamp", psk, "product id"),
        ("YOURPROD01", "la mp", psk, "device name"),
        ("YOURPROD01", "lamp", "", "psk"),
    ] {
        assert_eq!(Device::new(product_id, device_name, psk).unwrap_err().field, field);
    }
    let product_id: ProductId = "YOURPROD01".parse().unwrap();
    let device_name: DeviceName = "lamp".parse().unwrap();
    Device::new(product_id, device_name, psk.parse::<Psk>().unwrap()).unwrap();
}

proptest! {
    /// What the types let through never holds what would end a field.
    #[test]
    fn nothing_that_ends_a_field_gets_through(text in any::<String>()) {
        if let Ok(name) = text.parse::<ProductId>() {
            prop_assert_eq!(name.as_str().len(), 10);
        }
        if let Ok(name) = text.parse::<DeviceName>() {
            prop_assert!(!name.as_str().contains([';', '/', '+', '#', ' ']));
        }
        if let Ok(id) = text.parse::<ConnId>() {
            prop_assert!(!id.as_str().contains([';', ' ', '\n']));
        }
        let _ = text.parse::<Psk>();
    }
}
