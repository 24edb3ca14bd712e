//! Instances, tolerant to what servers write, and the lists of models and of texts.

use iot_home_core::{ActionId, EventId, Piid, PropertyId, Siid};
use iot_home_miot::{Fault, Format, Instance, Languages, Models, ParseError, Spec, samples};
use serde_json::json;

use crate::{fixture, spec};

#[test]
fn an_odd_instance_is_read_as_far_as_it_goes() {
    let instance = Instance::from_json(&fixture("odd.json")).unwrap();
    // Three properties, an action and two services have no number.
    assert_eq!(instance.left_out, 6);
    assert_eq!((instance.description.as_str(), &instance.extra["ts"]), ("", &json!(1_700_000_000)));
    assert_eq!(instance.services.len(), 2);
    let service = &instance.services[0];
    assert_eq!((service.siid, service.properties.len()), (Siid::new(2), 7));
    assert_eq!(service.extra["events"], json!({"iid": 1}), "kept, since it is no list");

    let spec = Spec::new(instance);
    let property = |name| spec.property(name).unwrap();
    assert_eq!(property("gadget:on").extra["source"], json!(7));
    assert_eq!(property("2.1").format, Format::Bool, "of two with one number the first counts");
    assert!(spec.property("double").is_err());
    let level = property("level");
    assert_eq!((&level.range, &level.extra["value-range"]), (&None, &json!([100, 0, 1])));
    assert!(level.check_write(&json!(255)).is_ok(), "a range that is upside down holds nobody up");
    let gain = property("gain");
    assert!(gain.check_write(&json!(-7)).is_ok());
    assert_eq!(gain.check_write(&json!(11)).unwrap_err().fault, Fault::Range);
    let mode = property("mode");
    assert_eq!(mode.list.len(), 5, "every item keeps its position");
    assert!(mode.check(&json!(2)).is_ok() && mode.check(&json!(3)).is_ok());
    assert_eq!(mode.check(&json!(4)).unwrap_err().fault, Fault::List);
    let nameless = property("2.5");
    assert_eq!((nameless.name.as_str(), &nameless.unit), ("Gadget:5", &None));
    assert_eq!(nameless.extra["type"], json!("not a urn"));
    assert_eq!(nameless.check_read().unwrap_err().fault, Fault::NotReadable);
    assert_eq!(property("far").id, PropertyId::new(2, 65_535));
    assert!(property("far").check(&json!(8_999_999_999_i64)).is_ok());
    let go = spec.action("go").unwrap();
    assert_eq!((go.id, go.inputs.len(), go.outputs.len()), (ActionId::new(2, 1), 0, 0));
}

#[test]
fn nothing_is_lost_on_the_way_through() {
    for json in samples::ALL.map(|sample| sample.json.as_bytes().to_vec()).iter() {
        let instance = Instance::from_json(json).unwrap();
        let original: serde_json::Value = serde_json::from_slice(json).unwrap();
        // `"unit": "none"` says that there is none.
        let text = original.to_string().replace(r#""unit":"none","#, "");
        let original: serde_json::Value = serde_json::from_str(&text).unwrap();
        let again = instance.to_value();
        assert_eq!(again.to_string(), original.to_string());
    }
    let odd = Instance::from_json(&fixture("odd.json")).unwrap();
    let again = Instance::from_value(odd.to_value()).unwrap();
    assert_eq!(again.services, odd.services);
}

#[test]
fn what_is_no_instance_says_why() {
    let error = |json: &str| Instance::from_json(json.as_bytes()).unwrap_err();
    assert_eq!(error("[]"), ParseError::NotAnObject);
    assert_eq!(error(r#"{"code":404}"#), ParseError::Missing("services"));
    assert_eq!(error(r#"{"services":null}"#), ParseError::Missing("services"));
    assert_eq!(error("{\n\"a\":"), ParseError::Json { line: 2, column: 4 });
    assert!(matches!(error(&"[".repeat(100_000)), ParseError::Json { .. }));
}

#[test]
fn the_newest_released_version() {
    let models = Models::from_json(&fixture("instances.json")).unwrap();
    let newest = |model| models.newest(model).map(|release| (release.version, release.released));
    assert_eq!(models.len(), 9, "what cannot be read is left out");
    assert_eq!(newest("acme.light.lamp1"), Some((10, true)), "as numbers: 10 is above 9");
    assert_eq!(models.releases("acme.light.lamp1").len(), 4);
    assert_eq!(newest("acme.fan.breeze"), Some((2, false)), "none is released");
    assert_eq!(newest("acme.plug.p1"), Some((3, true)), "a list of released ones has no status");
    assert_eq!(newest("acme.plug.p2"), Some((4, true)), "the version of the urn");
    for unknown in ["", "acme", "acme.light.lamp", "acme.light.lamp10", "zzz", "acme.broken.urn"] {
        assert_eq!(newest(unknown), None, "{unknown}");
    }
    assert_eq!(models.near("acme.ligth.lamp1"), ["acme.light.lamp1"]);
    assert_eq!(models.near("panel1"), ["acme.controller.panel1"]);
    assert!(models.near("unheard.of").is_empty());
    assert_eq!(
        Models::from_json(b"{}").unwrap_err().to_string(),
        "there is no \"instances\" in it"
    );
}

#[test]
fn descriptions_in_another_language() {
    let languages = Languages::from_json(&fixture("languages.json")).unwrap();
    assert_eq!(languages.codes().collect::<Vec<_>>(), ["de", "en", "zh_cn", "zh_tw"]);
    let heating = |code| languages.get(code).and_then(|texts| texts.service(Siid::new(2)));
    assert_eq!(heating("zh-TW"), Some("暖氣"));
    assert_eq!(heating("zh"), Some("暖气"));
    assert_eq!(heating("de_AT"), Some("Heizung"));
    assert_eq!(heating("fr"), None);

    let mut instance = spec(samples::PANEL).into_instance();
    let german = languages.get("de").unwrap();
    assert_eq!(german.event(EventId::new(2, 1)), Some("Ein Fenster wurde geöffnet"));
    instance.translate(german);
    let spec = Spec::new(instance);
    let target = spec.property("thermostat:target-temperature").unwrap();
    assert_eq!(target.description, "Wunschtemperatur");
    assert_eq!(spec.property("3.1").unwrap().description, "Closed", "an empty text is none");
    let fault = spec.property("fault").unwrap();
    let shown = [0, 1, 2].map(|value| fault.show(&json!(value)).to_string());
    assert_eq!(shown, ["Keine", "Sensor", "Ventil"], "positions, from 0");
    assert_eq!(spec.action("boost").unwrap().description, "Kurz aufheizen");
    assert_eq!(spec.action("boost").unwrap().inputs, [Piid::new(102), Piid::new(2)]);
    assert!(Languages::from_json(b"{\"data\":[]}").is_err());
}
