//! Values are checked before they are sent, and read by their meaning when they come back.

use iot_home_core::{ActionId, ActionResult, MiotCode, PropertyId, PropertyResult};
use iot_home_miot::{Fault, Spec, samples};
use serde_json::{Value, json};

use crate::spec;

fn fault(spec: &Spec, name: &str, value: Value) -> Option<Fault> {
    let property = spec.property(name).unwrap();
    property.check_write(&value).err().map(|error| {
        assert_eq!((error.id, &*error.name), (property.id, property.name.as_str()));
        error.fault
    })
}

#[test]
fn what_can_be_written() {
    let (light, panel) = (spec(samples::LIGHT), spec(samples::PANEL));
    for (spec, name, value, expected) in [
        (&light, "on", json!(true), None),
        (&light, "on", json!(1), Some(Fault::Format)),
        (&light, "on", json!("on"), Some(Fault::Format)),
        (&light, "brightness", json!(1), None),
        (&light, "brightness", json!(100), None),
        (&light, "brightness", json!(0), Some(Fault::Range)),
        (&light, "brightness", json!(101), Some(Fault::Range)),
        (&light, "brightness", json!(256), Some(Fault::Format)),
        (&light, "brightness", json!(-1), Some(Fault::Format)),
        (&light, "brightness", json!(50.0), Some(Fault::Format)),
        (&light, "brightness", json!("50"), Some(Fault::Format)),
        (&light, "brightness", json!(null), Some(Fault::Format)),
        (&light, "brightness", json!([50]), Some(Fault::Format)),
        (&light, "mode", json!(5), None),
        (&light, "mode", json!(3), Some(Fault::List)),
        (&light, "name", json!("灯".repeat(32)), None),
        (&light, "name", json!("灯".repeat(33)), Some(Fault::Length)),
        (&light, "name", json!(5), Some(Fault::Format)),
        (&light, "model", json!("x"), Some(Fault::NotWritable)),
        (&panel, "target-temperature", json!(21.5), None),
        (&panel, "target-temperature", json!(21), None),
        (&panel, "target-temperature", json!(21.3), Some(Fault::Step)),
        (&panel, "target-temperature", json!(35.5), Some(Fault::Range)),
        (&panel, "target-temperature", json!(true), Some(Fault::Format)),
        (&panel, "fault", json!(0), Some(Fault::NotWritable)),
        (&panel, "schedule", json!("00FFa0"), None),
        (&panel, "schedule", json!("0x00"), Some(Fault::Format)),
        (&panel, "schedule", json!("0".repeat(65)), Some(Fault::Length)),
        (&panel, "indicator-light:brightness", json!(75), None),
        (&panel, "indicator-light:brightness", json!(80), Some(Fault::Step)),
    ] {
        assert_eq!(fault(spec, name, value.clone()), expected, "{name} {value}");
    }
    assert!(light.property("on").unwrap().check_read().is_ok());
}

#[test]
fn errors_say_which_what_and_what_instead() {
    let (light, panel) = (spec(samples::LIGHT), spec(samples::PANEL));
    let said = |spec: &Spec, name: &str, value: Value| {
        spec.property(name).unwrap().check_write(&value).unwrap_err().to_string()
    };
    for (said, expected) in [
        (
            said(&light, "brightness", json!(140)),
            "light:brightness (2.2): 140 is out of range; allowed is a whole number from 1 to 100",
        ),
        (
            said(&light, "on", json!("secret words")),
            "light:on (2.1): a text of 12 characters is not of its format; allowed is true or false",
        ),
        (
            said(&light, "mode", json!(3)),
            "light:mode (2.4): 3 is not one of its values; allowed is 0 (Plain), 1 (Reading), 2 (Film), 5 (Night)",
        ),
        (
            said(&light, "name", json!("x".repeat(40))),
            "light:name (2.5): a text of 40 characters is too long; allowed is a text of at most 32 characters",
        ),
        (
            said(&panel, "target-temperature", json!(21.3)),
            "thermostat:target-temperature (2.2): 21.3 is between two steps; allowed is a number from 5 to 35 in steps of 0.5",
        ),
        (said(&panel, "temperature", json!(20)), "thermostat:temperature (2.3) cannot be written"),
    ] {
        assert_eq!(said, expected);
    }
    let minutes = panel.property("minutes").unwrap();
    assert_eq!(
        minutes.check_read().unwrap_err().to_string(),
        "thermostat:minutes (2.102) cannot be read"
    );
}

#[test]
fn values_are_shown() {
    let (light, panel) = (spec(samples::LIGHT), spec(samples::PANEL));
    let shown = |spec: &Spec, name: &str, value: Value| {
        spec.property(name).unwrap().show(&value).to_string()
    };
    for (shown, expected) in [
        (shown(&light, "on", json!("ON")), "true"),
        (shown(&light, "brightness", json!("40")), "40 %"),
        (shown(&light, "color-temperature", json!(2700.0)), "2700 K"),
        (shown(&light, "mode", json!("2")), "Film"),
        (shown(&light, "mode", json!(9)), "9"),
        (shown(&light, "name", json!("a\u{1b}[2Jb")), "a [2Jb"),
        (shown(&light, "brightness", json!("bright")), "bright"),
        (shown(&light, "brightness", json!(null)), "null"),
        (shown(&light, "brightness", json!([1, 2])), "[1,2]"),
        (shown(&panel, "thermostat:temperature", json!("-3.5")), "-3.5 °C"),
        (shown(&panel, "total-seconds", json!("18446744073709551615")), "18446744073709551615 s"),
        (shown(&panel, "color", json!(0x00_88ff)), "#0088ff"),
        (shown(&panel, "color", json!(-1)), "-1 rgb"),
        (shown(&panel, "fault", json!(0)), "None"),
    ] {
        assert_eq!(shown, expected);
    }
    let mode = light.property("mode").unwrap();
    assert_eq!(mode.value_named(" reading "), Some(&json!(1)));
    assert_eq!(mode.value_named("disco"), None);
}

#[test]
fn results_are_read_by_their_meaning() {
    let light = spec(samples::LIGHT);
    let coerced = |piid, value: Option<Value>| {
        light.coerce(PropertyResult::new(PropertyId::new(2, piid), MiotCode::OK, value)).value
    };
    assert_eq!(coerced(1, Some(json!(1))), Some(json!(true)));
    assert_eq!(coerced(2, Some(json!("40"))), Some(json!(40)));
    assert_eq!(coerced(2, Some(json!("lots"))), Some(json!("lots")), "as it came");
    assert_eq!(coerced(2, None), None);
    assert_eq!(coerced(99, Some(json!("1"))), Some(json!("1")), "not described");

    let outputs = |aiid, out: Vec<Value>| {
        light.coerce_outputs(ActionResult::new(ActionId::new(2, aiid), MiotCode::OK, out)).out
    };
    assert_eq!(
        outputs(2, vec![json!("on"), json!("1")]),
        [json!(true), json!("1")],
        "one is described"
    );
    assert_eq!(outputs(2, vec![]), [] as [Value; 0]);
    assert_eq!(outputs(99, vec![json!("on")]), [json!("on")]);
}

#[test]
fn numbers_of_nobody_are_not_shown() {
    let spec = Spec::from_json(
        br#"{"services":[{"iid":0,"type":"urn:acme:service:lamp:0","properties":[{"iid":1,
            "type":"urn:acme:property:level:0","format":"uint8","access":["read","write"]}]}]}"#,
    )
    .unwrap();
    let level = spec.property("lamp:level").unwrap();
    let error = level.check_write(&json!(-1)).unwrap_err();
    assert!(error.to_string().starts_with("lamp:level: -1 is not of its format"), "{error}");
    let error = level.error(Fault::NotReadable, &json!(null));
    assert_eq!(error.to_string(), "lamp:level cannot be read");
}
