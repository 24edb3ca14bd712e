//! Whatever a bulb tells of itself, what is kept of it is bounded, and is what it told last.

use std::collections::BTreeMap;

use iot_home_yeelight::{Light, Property, PropertyValue, State};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::strategies::property;

/// As documented: properties of one bulb, bytes of a name, bytes of a value.
const MOST: usize = 96;
const LONGEST_NAME: usize = 64;
const LONGEST_TEXT: usize = 2_048;

fn told() -> impl Strategy<Value = (Property, PropertyValue)> {
    let long = prop_oneof![
        20 => Just(0_usize),
        1 => 2_000..2_100_usize,
    ];
    let name = prop_oneof![
        4 => property(),
        3 => (0..200_u32).prop_map(|number| Property::from(&*format!("made_up_{number}"))),
        1 => (60..70_usize).prop_map(|length| Property::from(&*"n".repeat(length))),
    ];
    let value = prop_oneof![
        (0..4_i64).prop_map(Value::from),
        select(&["on", "off", "", "5", "1,0,50,1,255,-1"][..]).prop_map(Value::from),
        Just(Value::Null),
        Just(json!([1])),
    ];
    (name, value, long).prop_map(|(property, value, long)| {
        let value = if long == 0 { value } else { "x".repeat(long).into() };
        let value = PropertyValue::from_json(&property, &value);
        (property, value)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_state_is_what_was_told_last_and_no_more_than_may_be_kept(
        told in vec(vec(told(), 0..60), 0..12),
    ) {
        let mut state = State::default();
        let mut expected = BTreeMap::new();
        for heard in told {
            let mut news = Vec::new();
            for (property, value) in heard.clone() {
                let fits = property.as_str().len() <= LONGEST_NAME
                    && value.as_text().is_none_or(|text| text.len() <= LONGEST_TEXT)
                    && (expected.contains_key(&property) || expected.len() < MOST);
                if fits && expected.get(&property) != Some(&value) {
                    expected.insert(property.clone(), value.clone());
                    news.push((property, value));
                }
            }
            let changed = state.merge(heard);
            prop_assert_eq!(changed.into_iter().collect::<Vec<_>>(), news);
            prop_assert!(state.iter().count() <= MOST);
        }
        for (property, value) in &expected {
            prop_assert_eq!(state.value(property), Some(value));
        }
        prop_assert_eq!(state.iter().count(), expected.len());
        prop_assert_eq!(state.is_empty(), expected.is_empty());

        // Whatever it holds, it can be looked at.
        for light in [Light::Main, Light::Background] {
            let _ = (state.is_on(light), state.color(light), state.flow(light));
            let _ = (state.brightness(light), state.temperature(light), state.is_flowing(light));
        }
        let _ = (state.effective_brightness(), state.minutes_left(), state.name());
        let json = serde_json::to_value(&state).unwrap();
        prop_assert_eq!(json.as_object().unwrap().len(), expected.len());
    }
}
