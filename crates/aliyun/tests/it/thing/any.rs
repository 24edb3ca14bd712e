//! Anything at all: no panic, and what is written is read again.

use iot_home_aliyun::thing::{Call, Code, Down, What};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{cases, payload, topics};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
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
    prop_oneof![prop::sample::select(known), "(/[a-z_+#$]{0,8}){0,8}", any::<String>()]
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

    /// What is asked of the device comes back in the answer as it was, the id's form included.
    #[test]
    fn requests_and_answers(
        id in prop_oneof![any::<u32>().prop_map(Value::from), "\\PC{0,20}".prop_map(Value::from)],
        params in prop::collection::btree_map("[a-zA-Z]{1,8}", value(), 0..8),
        code in any::<i64>(),
    ) {
        let topic = "/sys/a1X2bEnP82z/lamp-1/thing/service/property/set";
        let body = json!({"id": id, "params": params}).to_string();
        let down = Down::parse(topic, body.as_bytes()).unwrap();
        let What::PropertySet(request) = down.what else { panic!() };
        let members = request.params.members().unwrap();
        prop_assert_eq!(members.len(), params.len());
        for (name, value) in &params {
            prop_assert_eq!(&members.get(name).unwrap().parse::<Value>().unwrap(), value);
        }
        let answer = request.answer(Code::new(code), &params).unwrap();
        let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
        prop_assert_eq!(&answer["id"], &id);
        prop_assert_eq!(&answer["code"], code);
        prop_assert_eq!(answer["data"].as_object().unwrap().len(), params.len());
    }

    /// Whatever id a call has, the answer that repeats it is known by it.
    #[test]
    fn calls_and_replies(id in "\\PC{0,20}", params in prop::collection::btree_map("[a-z]{1,8}", value(), 0..8)) {
        let call = Call::report(id, params.clone()).to(&topics()).unwrap();
        let written: Value = serde_json::from_slice(&call.payload).unwrap();
        prop_assert_eq!(&written["params"], &json!(params));
        let body = json!({"id": written["id"], "code": 200}).to_string();
        let topic = format!("{}_reply", call.topic);
        let down = Down::parse(&topic, body.as_bytes()).unwrap();
        prop_assert_eq!(down.answers(), call.answer);
    }
}
