//! Things are found by their names.

use iot_home_core::{ActionId, EventId, PropertyId};
use iot_home_miot::{LookupError, samples};

use crate::spec;

#[test]
fn every_way_to_say_it() {
    let light = spec(samples::LIGHT);
    for name in [
        "light:color-temperature",
        "color-temperature",
        "2:color-temperature",
        "2.3",
        " Light:Color_Temperature ",
        "color temperature",
    ] {
        assert_eq!(light.property(name).unwrap().id, PropertyId::new(2, 3), "{name}");
    }
    assert_eq!(light.action("light:toggle").unwrap().id, ActionId::new(2, 1));
    assert_eq!(light.action("2.2").unwrap().name, "light:light-up");
    assert_eq!(spec(samples::PANEL).event("window-opened").unwrap().id, EventId::new(2, 1));
    assert!(light.action("light:on").is_err(), "a property is no action");
}

#[test]
fn two_of_a_name_are_told_apart_by_their_service() {
    let panel = spec(samples::PANEL);
    let candidates = |name: &str| match panel.property(name) {
        Err(LookupError::Ambiguous { candidates, .. }) => candidates,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(candidates("on"), ["thermostat:on", "3:on", "4:on"]);
    assert_eq!(candidates("switch:on"), ["3:on", "4:on"]);
    for name in candidates("on") {
        assert!(panel.property(&name).is_ok(), "{name}");
    }
    assert_eq!(panel.property("4:mode").unwrap().id, PropertyId::new(4, 2));
    assert_eq!(
        panel.action("toggle").unwrap_err().to_string(),
        "more than one action is called \"toggle\": 3:toggle, 4:toggle"
    );
}

#[test]
fn near_misses() {
    let light = spec(samples::LIGHT);
    let said = |name: &str| light.property(name).unwrap_err().to_string();
    assert_eq!(
        said("light:brigthness"),
        "there is no property \"light:brigthness\"; is it light:brightness?"
    );
    assert_eq!(said("bright"), "there is no property \"bright\"; is it light:brightness?");
    assert_eq!(said("colour-temperature"), {
        "there is no property \"colour-temperature\"; is it light:color-temperature?"
    });
    assert_eq!(said("humidity"), "there is no property \"humidity\"");
    assert_eq!(said("2.99"), "there is no property \"2.99\"");
    assert_eq!(said(""), "there is no property \"\"");
    let long = "x".repeat(100_000);
    assert!(said(&long).len() < 100, "what was given is shortened");
    assert_eq!(said("a\u{1b}[2J"), "there is no property \"a\\u{1b}[2J\"");
    let near = |name: &str| match light.action(name) {
        Err(LookupError::Unknown { near, .. }) => near,
        other => panic!("{other:?}"),
    };
    assert_eq!(near("togle"), ["light:toggle"]);
}
