//! Anything at all: no panic, and what is written is read again.

use iot_home_tencent::thing::shadow::State;
use iot_home_tencent::thing::{Code, Down, What, property, shadow, template};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{cases, payload, topics};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn topic() -> impl Strategy<Value = String> {
    let known: Vec<String> =
        cases("down").iter().map(|case| case["topic"].as_str().unwrap().into()).collect();
    prop_oneof![prop::sample::select(known), "([$a-z_+#]{0,8}/){0,6}", any::<String>()]
}

proptest! {
    #[test]
    fn any_message_is_read_or_refused(topic in topic(), payload in any::<Vec<u8>>()) {
        if let Ok(down) = Down::parse(&topic, &payload) {
            let _ = (format!("{down:?}"), down.answers(), down.is_for(&topics()));
        }
    }

    /// The fixtures with a value put in the place of another.
    #[test]
    fn changed_messages_are_read_or_refused(
        at in any::<prop::sample::Index>(),
        member in any::<prop::sample::Index>(),
        put in value(),
    ) {
        let cases = cases("down");
        let case = at.get(&cases);
        let mut message = case["payload"].clone();
        if let Some(object) = message.as_object_mut().filter(|object| !object.is_empty()) {
            let keys: Vec<_> = object.keys().cloned().collect();
            object.insert(member.get(&keys).clone(), put);
        }
        let text = payload(&message);
        if let Ok(down) = Down::parse(case["topic"].as_str().unwrap(), text.as_bytes()) {
            let _ = (format!("{down:?}"), down.answers());
        }
    }

    /// What is asked of the device comes back in the answer as it was, the token's form included.
    #[test]
    fn controls_and_answers(
        token in prop_oneof![any::<i64>().prop_map(Value::from), "\\PC{0,20}".prop_map(Value::from)],
        params in prop::collection::btree_map("[a-zA-Z]{1,8}", value(), 0..8),
        code in any::<i64>(),
        status in "\\PC{0,20}",
    ) {
        let body = json!({"method": "control", "clientToken": token, "params": params}).to_string();
        let down = Down::parse("$thing/down/property/YOURPROD01/lamp1", body.as_bytes()).unwrap();
        let What::Control(control) = down.what else { panic!() };
        let members = control.params.members().unwrap();
        prop_assert_eq!(members.len(), params.len());
        let answer = control.answer(&topics(), Code::new(code), &status).unwrap();
        let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
        prop_assert_eq!(&answer["clientToken"], &token);
        prop_assert_eq!(&answer["code"], code);
        prop_assert_eq!(&answer["status"], &status);
    }

    #[test]
    fn reports_and_replies(
        token in "\\PC{0,20}",
        params in prop::collection::btree_map("[a-z]{1,8}", value(), 0..8),
    ) {
        let report = property::report(&topics(), &token, None, &params).unwrap();
        let written: Value = serde_json::from_slice(&report.payload).unwrap();
        prop_assert_eq!(written["params"].as_object().unwrap().len(), params.len());
        let body = json!({"method": "report_reply", "clientToken": token, "code": 0}).to_string();
        let down = Down::parse("$thing/down/property/YOURPROD01/lamp1", body.as_bytes()).unwrap();
        prop_assert_eq!(down.answers(), report.answer);
    }

    /// A shadow and a template that is told comes back as it was, and the answer belongs to what was asked on its topic alone.
    #[test]
    fn shadows_and_templates(
        token in "\\PC{0,20}",
        values in prop::collection::btree_map("[a-z]{1,8}", value(), 0..8),
        version in any::<Option<u64>>(),
        takes_over in any::<bool>(),
    ) {
        let told = if takes_over { template::take_over } else { template::update };
        let told = told(&topics(), &token, &values, version).unwrap();
        let shadow = if takes_over { shadow::take_over } else { shadow::update };
        let shadow = shadow(&topics(), &token, &values, version).unwrap();
        prop_assert_eq!(&told.payload, &shadow.payload);
        prop_assert_ne!(&told.topic, &shadow.topic);
        let written: Value = serde_json::from_slice(&told.payload).unwrap();
        let state = &written["state"];
        prop_assert_eq!(state.get("desired"), takes_over.then_some(&Value::Null));
        prop_assert_eq!(written.get("version").and_then(Value::as_u64), version);
        let body = json!({
            "type": "update", "result": 0, "clientToken": token,
            "payload": {"state": {"reported": state["reported"]}, "version": version},
        });
        let (answer, body) = (told.answer.unwrap(), body.to_string());
        let down = Down::parse(&answer.topic, body.as_bytes()).unwrap();
        prop_assert_eq!(down.answers(), Some(answer.clone()));
        prop_assert_ne!(Some(&answer), shadow.answer.as_ref());
        let What::Template(template) = down.what else { panic!() };
        let remembered = template.payload.unwrap();
        prop_assert_eq!(remembered.version, version);
        let state: State<'_> = remembered.state.unwrap().parse().unwrap();
        prop_assert_eq!(state.reported.unwrap().members().unwrap().len(), values.len());
    }
}
