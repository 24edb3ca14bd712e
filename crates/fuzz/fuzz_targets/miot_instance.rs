//! Any JSON as an instance, a list of models and descriptions: no panic. What is read can be looked up by its numbers
//! and written again, and a value that may be sent is its own meaning. The input is a line with a name and a value,
//! and then the JSON.
#![no_main]

use iot_home_miot::{Instance, Languages, Models, Spec};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let (line, json) = match input.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&input[..end], &input[end..]),
        None => (&input[..0], input),
    };
    let line = String::from_utf8_lossy(line);
    let (name, value) = line.split_once('=').unwrap_or((&line, "1"));
    let value: Value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    if let Ok(models) = Models::from_json(json) {
        let newest = models.newest(name);
        assert_eq!(newest, models.releases(name).last());
        assert!(models.near(name).len() <= 3);
    }
    let languages = Languages::from_json(json);
    let Ok(mut instance) = Instance::from_json(json) else { return };
    let again = Instance::from_value(instance.to_value()).expect("what is written can be read");
    assert_eq!(again.services, instance.services);
    if let Some(language) = languages.ok().as_ref().and_then(|languages| languages.get(name)) {
        instance.translate(language);
    }
    let spec = Spec::new(instance);
    for found in [spec.property(name).err(), spec.action(name).err(), spec.event(name).err()] {
        let _ = found.map(|error| error.to_string());
    }
    for service in &spec.instance().services {
        for property in &service.properties {
            let found = spec.property_by_id(property.id).expect("it is there");
            assert_eq!(found.id, property.id);
            let _ = (property.show(&value).to_string(), property.allowed());
            match property.check(&value) {
                Ok(()) => assert_eq!(property.coerce(&value), Some(value.clone())),
                Err(error) => drop(error.to_string()),
            }
        }
        for action in &service.actions {
            let _ = spec.name_input(action, [value.clone()]).map_err(|error| error.to_string());
        }
    }
});
