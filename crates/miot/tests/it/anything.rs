//! Anything at all: nothing panics, and what is said holds.

use iot_home_core::PropertyId;
use iot_home_miot::{Fault, Instance, Languages, Models, Property, Spec, Urn};
use proptest::prelude::*;
use serde_json::{Value, json};

fn property(fields: Value) -> Property {
    let mut fields = fields;
    fields["iid"] = json!(1);
    let instance = json!({"services": [{"iid": 2, "properties": [fields]}]});
    let instance = Instance::from_value(instance).expect("an instance");
    instance.services[0].properties[0].clone()
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "iid",
        "type",
        "description",
        "format",
        "access",
        "unit",
        "value-range",
        "value-list",
        "value",
        "properties",
        "actions",
        "events",
        "services",
        "in",
        "out",
        "arguments",
        "max-length",
        "uint8",
        "bool",
        "float",
        "read",
        "urn:miot-spec-v2:property:on:00000006:acme-x1:1",
        "data",
        "instances",
        "model",
        "status",
        "released",
        "service:002:property:001",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_u8..10).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.clone().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 128, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((words.clone(), inner), 0..8).prop_map(|fields| {
                fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_document_is_read_or_refused(json in any_json(), name in ".{0,20}") {
        let bytes = json.to_string();
        let _ = Models::from_json(bytes.as_bytes());
        let _ = Languages::from_json(bytes.as_bytes());
        let mut numbered = json.clone();
        if let Some(fields) = numbered.as_object_mut() {
            fields.insert("iid".to_owned(), json!(1));
        }
        let wrapped = json!({"services": [{"iid": 2, "properties": [numbered], "actions": json}, json]});
        let instance = Instance::from_value(wrapped).unwrap();
        let again = Instance::from_value(instance.to_value()).unwrap();
        prop_assert_eq!(&again.services, &instance.services);
        let spec = Spec::new(instance);
        let _ = spec.property(&name).map_err(|error| error.to_string());
        for service in &spec.instance().services {
            for property in &service.properties {
                let found = spec.property(&property.id.to_string());
                prop_assert!(found.is_ok());
                let _ = (property.allowed(), property.check_write(&json!(5)), property.show(&json!("5")).to_string());
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, text: String) {
        let _ = (Instance::from_json(&bytes), Models::from_json(&bytes), Languages::from_json(&bytes));
        if let Ok(urn) = text.parse::<Urn>() {
            prop_assert_eq!(urn.as_str(), text);
        }
    }

    /// Against the plain arithmetic that the range stands for.
    #[test]
    fn whole_numbers_fit_their_range(min in -500_i64..500, width in 0_i64..500, step in 1_i64..40, value in -1200_i64..1200) {
        let max = min + width;
        let level = property(json!({"format": "int16", "access": ["write"], "value-range": [min, max, step]}));
        let fits = value == max || (min..=max).step_by(usize::try_from(step).unwrap()).any(|known| known == value);
        let checked = level.check_write(&json!(value));
        prop_assert_eq!(checked.is_ok(), fits);
        if let Err(error) = checked {
            let expected = if value < min || value > max { Fault::Range } else { Fault::Step };
            prop_assert_eq!(error.fault, expected);
            prop_assert_eq!(error.id, PropertyId::new(2, 1));
        }
    }

    /// In tenths, so that what is right is known without fractions.
    #[test]
    fn fractions_fit_their_range(min in -1000_i32..1000, count in 0_i32..2000, step in 1_i32..20, off in 1_i32..10) {
        let tenth = |number: i32| f64::from(number) / 10.0;
        let value = min + count * step;
        let range = json!([tenth(min), tenth(min + 2000 * step), tenth(step)]);
        let level = property(json!({"format": "float", "access": ["write"], "value-range": range}));
        prop_assert!(level.check_write(&json!(tenth(value))).is_ok());
        let between = tenth(value) + tenth(step) * f64::from(off) / 10.0;
        prop_assert_eq!(level.check_write(&json!(between)).unwrap_err().fault, Fault::Step);
    }

    /// What may be sent is what comes back.
    #[test]
    fn a_value_that_fits_is_its_own_meaning(value in any_json(), format in prop::sample::select(vec![
        "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float", "string", "hex",
    ])) {
        let property = property(json!({"format": format}));
        if property.check(&value).is_ok() {
            prop_assert_eq!(property.coerce(&value), Some(value));
        }
    }

    /// However firmware writes a value, it is read as what it is.
    #[test]
    fn a_number_as_text_is_the_number(number: i32) {
        let property = property(json!({"format": "int32"}));
        for came in [json!(number), json!(number.to_string()), json!(f64::from(number)), json!(format!(" {number} "))] {
            prop_assert_eq!(property.coerce(&came), Some(json!(number)));
        }
    }

    #[test]
    fn only_what_is_listed(listed in prop::collection::btree_set(0_u8..20, 1..6), value in 0_u8..20) {
        let list: Vec<_> = listed.iter().map(|value| json!({"value": value, "description": "x"})).collect();
        let mode = property(json!({"format": "uint8", "access": ["write"], "value-list": list}));
        prop_assert_eq!(mode.check_write(&json!(value)).is_ok(), listed.contains(&value));
    }
}
