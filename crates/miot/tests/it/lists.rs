//! Lists of values, where they are odd.

use iot_home_miot::{Fault, Spec};
use serde_json::{Value, json};

fn check(property: Value, value: Value) -> Option<Fault> {
    let mut property = property;
    property["iid"] = json!(1);
    let instance = json!({"services": [{"iid": 2, "properties": [property]}]});
    let spec = Spec::from_json(instance.to_string().as_bytes()).unwrap();
    spec.property("2.1").unwrap().check(&value).err().map(|error| error.fault)
}

#[test]
fn a_list_beside_a_range_adds_to_it() {
    let level = || {
        let list = json!([{"value": 255, "description": "Off"}]);
        json!({"format": "uint8", "value-range": [0, 100, 10], "value-list": list})
    };
    assert_eq!(check(level(), json!(255)), None);
    assert_eq!(check(level(), json!(40)), None);
    assert_eq!(check(level(), json!(45)), Some(Fault::Step));
    assert_eq!(check(level(), json!(254)), Some(Fault::Range));
}

#[test]
fn texts_and_unknown_formats() {
    let words = || json!({"format": "string", "value-list": [{"value": "eco"}, {"value": "full"}]});
    assert_eq!(check(words(), json!("eco")), None);
    assert_eq!(check(words(), json!("warp")), Some(Fault::List));
    let other = || json!({"format": "tlv8"});
    assert_eq!(check(other(), json!([1, 2])), None);
    assert_eq!(check(other(), json!(null)), Some(Fault::Format));
}

#[test]
fn a_list_of_a_bool_names_it_and_forbids_nothing() {
    let named = || json!({"format": "bool", "value-list": [{"value": 1, "description": "Open"}]});
    assert_eq!(check(named(), json!(false)), None);
    assert_eq!(check(named(), json!(1)), Some(Fault::Format));
}

#[test]
fn formats_have_limits() {
    for (format, inside, outside) in [
        ("uint8", vec![json!(0), json!(255)], vec![json!(-1), json!(256)]),
        ("uint16", vec![json!(0), json!(65_535)], vec![json!(-1), json!(65_536)]),
        ("uint32", vec![json!(0), json!(u32::MAX)], vec![json!(-1), json!(1_u64 << 32)]),
        ("uint64", vec![json!(0), json!(u64::MAX)], vec![json!(-1), json!(2e19)]),
        ("int8", vec![json!(-128), json!(127)], vec![json!(-129), json!(128)]),
        ("int16", vec![json!(-32_768), json!(32_767)], vec![json!(-32_769), json!(32_768)]),
        (
            "int32",
            vec![json!(i32::MIN), json!(i32::MAX)],
            vec![json!(1_i64 << 31), json!(-1_i64 << 32)],
        ),
        ("int64", vec![json!(i64::MIN), json!(i64::MAX)], vec![json!(u64::MAX), json!(1.5)]),
    ] {
        for value in inside {
            assert_eq!(check(json!({"format": format}), value.clone()), None, "{format} {value}");
        }
        for value in outside {
            let fault = check(json!({"format": format}), value.clone());
            assert_eq!(fault, Some(Fault::Format), "{format} {value}");
        }
    }
}
