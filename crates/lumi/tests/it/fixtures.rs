//! Keys, messages and requests, as others made them.

use iot_home_lumi::request::{self, WHOIS};
use iot_home_lumi::{GatewayError, Key, Message, MessageError, Sid, State, Token, Values, Version};
use serde_json::{Map, Value, json};

fn cases(name: &str) -> Vec<Value> {
    let path = format!("{}/../../fixtures/lumi/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    document["cases"].as_array().unwrap().clone()
}

#[test]
fn keys_are_those_of_other_software() {
    let cases = cases("keys");
    assert_eq!(cases.len(), 32);
    for case in cases {
        let text = |name: &str| case[name].as_str().unwrap().to_owned();
        let key: Key = text("key").parse().unwrap();
        let token: Token = text("token").parse().unwrap();
        assert_eq!(key.write_key(&token).expose(), text("write_key"), "{case}");
    }
}

#[test]
fn what_is_no_key() {
    for wrong in
        ["", "0987654321qwert", "0987654321qwertyu", "0987654321qwert ", "098765432qwertyé"]
    {
        assert!(wrong.parse::<Key>().is_err(), "{wrong}");
        assert!(wrong.parse::<Token>().is_err(), "{wrong}");
    }
}

#[test]
fn messages_are_read_as_they_should_be() {
    let cases = cases("messages");
    assert!(cases.len() > 50);
    for case in cases {
        let datagram = case["datagram"].as_str().unwrap();
        match Message::parse(datagram.as_bytes()) {
            Ok(message) => assert_eq!(told(&message), case["reads"], "{}", case["name"]),
            Err(error) => assert_eq!(why(error), case["error"], "{}", case["name"]),
        }
    }
}

#[test]
fn requests_are_written_as_they_should_be() {
    for case in cases("requests") {
        let text = |name: &str| case[name].as_str().unwrap();
        let sid = || text("sid").parse::<Sid>().unwrap();
        let version = || if case["version"] == 1 { Version::V1 } else { Version::V2 };
        let written = match text("ask") {
            "whois" => WHOIS.to_owned(),
            "list" => request::list(version()),
            "read" => request::read(sid()),
            "write" => {
                let key = text("key").parse::<Key>().unwrap();
                let key = key.write_key(&text("token").parse().unwrap());
                let child = child(&case);
                let values = Values::from(case["values"].as_object().unwrap().clone());
                request::write(version(), &child, &values, &key).unwrap()
            }
            other => panic!("{other}"),
        };
        assert_eq!(opened(&written), opened(text("datagram")), "{}", case["name"]);
    }
}

/// A child of which as much is known as the case says, learned as a program learns it.
fn child(case: &Value) -> iot_home_lumi::Child {
    let mut entry = Map::new();
    for name in ["sid", "model", "short_id"] {
        if let Some(value) = case.get(name) {
            entry.insert(name.to_owned(), value.clone());
        }
    }
    let list = json!({"cmd": "discovery_rsp", "sid": "1", "dev_list": [entry]}).to_string();
    match Message::parse(list.as_bytes()).unwrap() {
        Message::Children(mut listing) => listing.children.remove(0),
        other => panic!("{other:?}"),
    }
}

/// A request with the object that stands in the text of `data`.
fn opened(text: &str) -> Value {
    let mut request: Value = serde_json::from_str(text).unwrap();
    if let Some(data) = request.get("data").and_then(Value::as_str) {
        request["data"] = json!({"text of": serde_json::from_str::<Value>(data).unwrap()});
    }
    request
}

fn told(message: &Message) -> Value {
    let version = |version| match version {
        Version::V1 => 1,
        Version::V2 => 2,
        other => panic!("{other:?}"),
    };
    match message {
        Message::Iam(iam) => json!({
            "kind": "iam", "sid": iam.sid.to_string(), "model": iam.model, "port": iam.port,
            "ip": iam.ip.map(|ip| ip.to_string()), "version": iam.version.map(version),
        }),
        Message::Children(listing) => {
            let children: Vec<_> = listing
                .children
                .iter()
                .map(|child| {
                    let mut told = json!({"sid": child.sid.to_string()});
                    if let Some(model) = &child.model {
                        told["model"] = json!(model);
                    }
                    told
                })
                .collect();
            json!({
                "kind": "children", "version": version(listing.version),
                "sid": listing.sid.to_string(), "token": listing.token.is_some(),
                "children": children,
            })
        }
        Message::Read(reply) | Message::Written(reply) => {
            let mut told = match &reply.result {
                Ok(state) => state_told(state),
                Err(error) => json!({
                    "sid": reply.sid.map(|sid| sid.to_string()), "error": name(error),
                }),
            };
            let kind = if matches!(message, Message::Read(_)) { "read" } else { "written" };
            told["kind"] = json!(kind);
            told["version"] = json!(version(reply.version));
            told
        }
        Message::Report(state) => {
            let mut told = state_told(state);
            told["kind"] = json!("report");
            told
        }
        Message::Heartbeat { state, token } => {
            let mut told = state_told(state);
            told["kind"] = json!("heartbeat");
            told["token"] = json!(token.is_some());
            told
        }
        other => panic!("{other:?}"),
    }
}

fn state_told(state: &State) -> Value {
    let values: Map<_, _> =
        state.values.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    json!({
        "sid": state.sid.to_string(), "model": state.model, "short_id": state.short_id,
        "values": values,
    })
}

fn name(error: &GatewayError) -> String {
    match error {
        GatewayError::Other { message } => format!("Other({message})"),
        other => format!("{other:?}"),
    }
}

fn why(error: MessageError) -> String {
    match error {
        MessageError::Missing { field } => format!("Missing {field}"),
        MessageError::Wrong { field } => format!("Wrong {field}"),
        other => format!("{other:?}"),
    }
}
