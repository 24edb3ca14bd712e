//! Whatever may come over a control connection: how it is read, and what a session tells of it.

use std::time::Duration;

use iot_home_core::Instant;
use iot_home_yeelight::line::Lines;
use iot_home_yeelight::message::Message;
use iot_home_yeelight::quota::Window;
use iot_home_yeelight::session::{Config, Event};
use iot_home_yeelight::{
    DeviceError, Failure, Light, Method, Profile, Properties, PropertyValue, QuotaPolicy, Reply,
    Session,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::means::{Command, cases};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    asks: Option<Vec<Command>>,
    pieces: Vec<Piece>,
    reads: Vec<Value>,
    #[serde(default)]
    garbage: usize,
    events: Vec<Value>,
    #[serde(default)]
    ignored: u64,
    state: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Piece {
    Text(String),
    Hex { hex: String },
}

impl Piece {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::Hex { hex } => {
                let digits: Vec<_> = hex.chars().map(|digit| digit.to_digit(16).unwrap()).collect();
                digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]).try_into().unwrap()).collect()
            }
        }
    }
}

impl Case {
    fn pieces(&self) -> Vec<Vec<u8>> {
        self.pieces.iter().map(Piece::bytes).collect()
    }

    fn methods(&self) -> Vec<Method> {
        match &self.asks {
            Some(asks) => asks.iter().map(Method::from).collect(),
            None => vec![Method::Toggle(Light::Main)],
        }
    }
}

fn value(value: &PropertyValue) -> Value {
    match value {
        PropertyValue::Unsupported => Value::Null,
        PropertyValue::Number(number) => json!(number),
        value => json!(value.to_string()),
    }
}

/// As an object; as a list where a name is told twice.
fn properties(properties: &Properties) -> Value {
    let told = || properties.iter().map(|(property, told)| (property.to_string(), value(told)));
    let object: Map<_, _> = told().collect();
    if object.len() == properties.len() {
        object.into()
    } else {
        told().map(|(name, value)| json!([name, value])).collect()
    }
}

fn error(error: &DeviceError) -> Value {
    let name = match error {
        DeviceError::QuotaExceeded => "quota_exceeded",
        DeviceError::NotSupported => "not_supported",
        DeviceError::InvalidParams { .. } => "invalid_params",
        DeviceError::InvalidCommand => "invalid_command",
        DeviceError::General => "general",
        DeviceError::IllegalRequest => "illegal_request",
        DeviceError::Other { .. } => "other",
        _ => "another",
    };
    let mut json = json!({"error": name, "code": error.code()});
    if let DeviceError::Other { message, .. } = error {
        json["message"] = json!(message);
    }
    json
}

fn result(reply: &Reply) -> Value {
    serde_json::from_str(reply.text()).unwrap()
}

/// A message in the form of the fixtures.
fn message(message: &Message) -> Value {
    match message {
        Message::Result(reply) => json!({"id": reply.id(), "result": result(reply)}),
        Message::Error { id, error: cause } => {
            let mut json = error(cause);
            json["id"] = json!(id);
            json
        }
        Message::Props(told) => json!({"props": properties(told)}),
        _ => json!("other"),
    }
}

fn event(event: Event<usize>) -> Value {
    match event {
        Event::Done { tag, result: Ok(reply) } => json!({"done": tag, "result": result(&reply)}),
        Event::Done { tag, result: Err(failure) } => {
            let mut json = match failure {
                Failure::Device(cause) => error(&cause),
                Failure::QuotaExceeded { retry_after } => {
                    assert!(retry_after >= Duration::from_secs(5), "{retry_after:?}");
                    error(&DeviceError::QuotaExceeded)
                }
                other => panic!("{other:?}"),
            };
            json["done"] = json!(tag);
            json
        }
        Event::Changed(told) => json!({"changed": properties(&told)}),
        other => panic!("{other:?}"),
    }
}

/// The messages, and how many lines held garbage.
fn read(pieces: &[&[u8]]) -> (Vec<Value>, usize) {
    let (mut lines, mut messages, mut garbage) = (Lines::default(), Vec::new(), 0);
    for piece in pieces {
        lines.feed(piece, |line| {
            garbage += usize::from(Message::read_line(line, |read| messages.push(message(&read))));
        });
    }
    (messages, garbage)
}

#[test]
fn every_message_is_read_as_it_says() {
    for case in cases::<Case>("answers.json") {
        let pieces = case.pieces();
        let expected = (case.reads.clone(), case.garbage);
        let as_they_come: Vec<_> = pieces.iter().map(Vec::as_slice).collect();
        assert_eq!(read(&as_they_come), expected, "{}", case.id);
        // And however else they are cut.
        let whole = pieces.concat();
        assert_eq!(read(&[&whole]), expected, "{}, in one piece", case.id);
        for size in [1, 2, 3, 7] {
            let cut: Vec<_> = whole.chunks(size).collect();
            assert_eq!(read(&cut), expected, "{}, {size} bytes at a time", case.id);
        }
    }
}

#[test]
fn a_session_tells_of_every_message_what_it_should() {
    let now = Instant::ORIGIN;
    for case in cases::<Case>("answers.json") {
        let config =
            Config::default().read_state(false).settle(Duration::ZERO).quota(QuotaPolicy::Off);
        let mut session = Session::new(config, Profile::unknown());
        session.connected(now);
        let methods = case.methods();
        let asked = methods.len();
        for (tag, method) in methods.into_iter().enumerate() {
            session.request(now, method, tag).unwrap();
        }
        session.poll_transmit(now, &mut Window::of_bulb(), &mut Vec::new());
        for piece in case.pieces() {
            session.handle_bytes(now, &piece);
        }
        let events: Vec<_> = std::iter::from_fn(|| session.poll_event()).map(event).collect();
        assert_eq!(events, case.events, "{}", case.id);
        assert_eq!(session.ignored(), case.ignored, "{}", case.id);
        let ended = events.iter().filter(|event| event.get("done").is_some()).count();
        assert_eq!(session.under_way(), asked - ended, "{}", case.id);
        if let Some(state) = &case.state {
            let known: Map<_, _> = session
                .state()
                .iter()
                .map(|(property, told)| (property.to_string(), value(told)))
                .collect();
            assert_eq!(Value::from(known), *state, "{}", case.id);
        }
        // What was not answered is still waited for, and ends.
        session.handle_timeout(now + Duration::from_secs(5));
        assert_eq!(session.under_way(), 0, "{}", case.id);
    }
}
