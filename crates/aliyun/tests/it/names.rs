//! Every injection that a name could be is refused, by the name's type or by the builder, with field, rule and
//! position.

use std::fmt::Debug;
use std::str::FromStr;

use iot_home_aliyun::{
    ClientId, Device, DeviceName, DeviceSecret, DeviceToken, InstanceId, InvalidField, Params,
    ProductKey, ProductSecret, Region, SignMethod,
};
use iot_home_mqtt::field::Fault;
use proptest::prelude::*;

#[track_caller]
fn refused<T: FromStr<Err = InvalidField> + Debug>(text: &str, field: &str, fault: Fault) {
    let error = text.parse::<T>().unwrap_err();
    assert_eq!((error.field, error.fault), (field, fault), "{text:?}");
    assert!(!error.rule.is_empty());
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

#[test]
fn product_keys() {
    accepted::<ProductKey>(&["pk", "a1X2bEnP82z", "0", &"a".repeat(20)]);
    for (text, fault) in [
        ("", Fault::Length { length: 0 }),
        (&"a".repeat(21), Fault::Length { length: 21 }),
        ("pk.evil.com/", at(3)),
        ("pk&dn", at(3)),
        ("a1X2bEnP82z ", at(12)),
        ("a1X2\n", at(5)),
        ("a1-b", at(3)),
        ("ａ1", at(1)),
    ] {
        refused::<ProductKey>(text, "product key", fault);
    }
}

#[test]
fn device_names() {
    accepted::<DeviceName>(&["abcd", "a-_@.:Z9", &"d".repeat(32)]);
    for (text, fault) in [
        ("abc", Fault::Length { length: 3 }),
        (&"d".repeat(33), Fault::Length { length: 33 }),
        ("lamp&other", at(5)),
        ("lamp|x", at(5)),
        ("lamp,x", at(5)),
        ("lamp/x", at(5)),
        ("lamp+", at(5)),
        ("lamp#", at(5)),
        ("ab cd", at(3)),
        ("名字名字", at(1)),
        ("lamp\0", at(5)),
    ] {
        refused::<DeviceName>(text, "device name", fault);
    }
}

#[test]
fn client_ids() {
    accepted::<ClientId>(&[
        "",
        "12345",
        "a1X&dn",
        "pk.dn",
        "with blank",
        "灯",
        &"x".repeat(64),
        &"灯".repeat(64),
    ]);
    for (text, fault) in [
        ("a|securemode=2", at(2)),
        ("|", at(1)),
        ("a\n", at(2)),
        ("\u{7f}", at(1)),
        ("a\u{85}", at(2)),
        ("a\0b", at(2)),
        (&"x".repeat(65), Fault::Length { length: 65 }),
    ] {
        refused::<ClientId>(text, "client id", fault);
    }
}

#[test]
fn instances_and_regions() {
    accepted::<InstanceId>(&["iot-060a1b2c", "iot-x"]);
    for (text, fault) in [
        ("", Fault::Length { length: 0 }),
        ("iot", Fault::Length { length: 3 }),
        ("iot-", Fault::Length { length: 4 }),
        ("IOT-060a", at(1)),
        ("iot_060a", at(4)),
        ("iot-06.evil.com/", at(7)),
        (&format!("iot-{}", "a".repeat(61)), Fault::Length { length: 65 }),
    ] {
        refused::<InstanceId>(text, "instance id", fault);
    }
    for region in Region::KNOWN {
        assert_eq!(region.as_str().parse::<Region>(), Ok(region));
    }
    accepted::<Region>(&["cn-hangzhou", "me-east-1"]);
    for (text, fault) in [
        ("", Fault::Length { length: 0 }),
        ("cn", Fault::Length { length: 2 }),
        ("cn-", Fault::Length { length: 3 }),
        ("us-west-", Fault::Length { length: 8 }),
        ("c-shanghai", at(2)),
        ("CN-shanghai", at(1)),
        ("cn_shanghai", at(3)),
        ("cn--1", at(4)),
        ("us-west-1a", at(10)),
        ("us-west-12", at(10)),
        ("us-west-x", at(9)),
        ("us-west-1-1", at(10)),
        ("cn-shanghai.evil.com", at(12)),
        ("cn-shanghai/", at(12)),
        ("chn-a", at(3)),
    ] {
        refused::<Region>(text, "region", fault);
    }
}

#[test]
fn sign_methods() {
    for method in [SignMethod::HmacSha256, SignMethod::HmacSha1, SignMethod::HmacMd5] {
        assert_eq!(method.to_string().parse(), Ok(method));
    }
    for text in ["", "sha256", "HMACSHA256", "hmacsha512", "hmacsha256 "] {
        refused::<SignMethod>(text, "sign method", Fault::Unknown);
    }
}

#[test]
fn secrets_say_where_and_not_what() {
    for text in ["", "two words", "line\n", "схема"] {
        for error in [
            text.parse::<DeviceSecret>().unwrap_err(),
            text.parse::<ProductSecret>().unwrap_err(),
            text.parse::<DeviceToken>().unwrap_err(),
        ] {
            assert!(text.is_empty() || matches!(error.fault, Fault::Character { .. }));
        }
    }
    refused::<DeviceSecret>(&"s".repeat(129), "device secret", Fault::Length { length: 129 });
    accepted::<DeviceSecret>(&[
        "secret",
        "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe",
        "fef32adf6dad46c2c7cbf335d3a7b021",
    ]);
}

#[test]
fn the_device_says_which_of_its_fields_is_wrong() {
    for (product_key, device_name, secret, field) in [
        ("pk&", "lamp", "s", "product key"),
        ("pk", "lam", "s", "device name"),
        ("pk", "lamp", "", "device secret"),
    ] {
        assert_eq!(Device::new(product_key, device_name, secret).unwrap_err().field, field);
    }
    // What was checked already goes in as it is.
    let (product_key, device_name): (ProductKey, DeviceName) =
        ("pk".parse().unwrap(), "lamp".parse().unwrap());
    let secret: DeviceSecret = "s".parse().unwrap();
    Device::new(product_key, device_name, secret).unwrap();
}

#[test]
fn ext_params() {
    let name = "ext param's name";
    let value = "ext param's value";
    let long = "v".repeat(129);
    for (key, text, field, fault) in [
        ("a|b", "1", name, at(2)),
        ("a,b", "1", name, at(2)),
        ("a=b", "1", name, at(2)),
        ("a b", "1", name, at(2)),
        ("", "1", name, Fault::Length { length: 0 }),
        ("灯", "1", name, at(1)),
        ("a", "1|", value, at(2)),
        ("a", "1,securemode=2", value, at(2)),
        ("a", "1\n", value, at(2)),
        ("a", &long, value, Fault::Length { length: 129 }),
        ("securemode", "2", name, Fault::Reserved),
        ("signmethod", "hmacmd5", name, Fault::Reserved),
        ("timestamp", "1", name, Fault::Reserved),
        ("authType", "register", name, Fault::Reserved),
        ("authtype", "register", name, Fault::Reserved),
        ("random", "1", name, Fault::Reserved),
        ("instanceId", "iot-1", name, Fault::Reserved),
    ] {
        let error = Params::new().own(key, text).unwrap_err();
        assert_eq!((error.field, error.fault), (field, fault), "{key}={text}");
    }
    let twice = Params::new().own("a", "1").unwrap().own("a", "2").unwrap_err();
    assert_eq!(twice.fault, Fault::Duplicate);
    let many = (0..16).try_fold(Params::new(), |params, at| params.own(&format!("k{at}"), "1"));
    let error = many.unwrap().own("k", "1").unwrap_err();
    assert_eq!(error.fault, Fault::TooMany);
    assert_eq!(
        error.to_string(),
        "the ext param is one too many; it has to be one of at most 16 with different names"
    );

    // An equals sign in a value changes nothing, and an empty value is one.
    let params = Params::new().own("a", "b=c").unwrap().own("d", "").unwrap();
    assert_eq!(params.to_string(), "a=b=c,d=");
    let again = Params::new().ext(1).auto_subscribe().gateway().ext(3).auto_subscribe();
    assert_eq!(again.to_string(), "gw=1,ext=3,_ss=1");
    // Said again, it is still one of the sixteen.
    let again = (0..20).fold(Params::new(), |params, bits| params.ext(bits));
    assert_eq!(again.own("mid", "7").unwrap().to_string(), "ext=19,mid=7");
}

proptest! {
    /// What the types let through never holds what would end a field.
    #[test]
    fn nothing_that_ends_a_field_gets_through(text in any::<String>()) {
        if let Ok(name) = text.parse::<ProductKey>() {
            prop_assert!(name.as_str().bytes().all(|b| b.is_ascii_alphanumeric()));
        }
        if let Ok(name) = text.parse::<DeviceName>() {
            prop_assert!(!name.as_str().contains(['&', '|', ',', '/', '+', '#', ' ', '=']));
        }
        if let Ok(id) = text.parse::<ClientId>() {
            prop_assert!(!id.as_str().contains('|') && !id.as_str().chars().any(char::is_control));
        }
        if let Ok(params) = Params::new().own(&text, "1") {
            prop_assert!(!params.to_string().contains(['|', ',', ' ', '\n']));
        }
        if let Ok(params) = Params::new().own("k", &text) {
            prop_assert!(!params.to_string().contains(['|', ',', ' ', '\n']));
        }
        if let Ok(region) = text.parse::<Region>() {
            prop_assert!(!region.as_str().contains(['.', '/', '@', ':', '?', '#']));
        }
    }
}
