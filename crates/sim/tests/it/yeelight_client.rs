//! A client of a bulb's machine, driven by hand.

use std::net::SocketAddr;
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_sim::yeelight::{Builder, ConnectionId, Machine, Output};
use iot_home_yeelight::Property;
use serde_json::{Value, json};

/// A search as the document has it.
pub(crate) const SEARCH: &[u8] = b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1982\r\n\
    MAN: \"ssdp:discover\"\r\nST: wifi_bulb\r\n";

/// A bulb, the present time, and one control connection.
pub(crate) struct Client {
    pub(crate) bulb: Machine,
    pub(crate) now: Instant,
    pub(crate) connection: ConnectionId,
    next_id: i32,
}

impl Client {
    pub(crate) fn of(builder: Builder) -> Self {
        let mut bulb = builder.build().unwrap();
        let now = Instant::from_origin(Duration::from_secs(1000));
        let connection = bulb.accept(now).unwrap();
        Self { bulb, now, connection, next_id: 1 }
    }

    pub(crate) fn addr() -> SocketAddr {
        "192.168.1.7:40000".parse().unwrap()
    }

    /// Lets the time pass, event by event.
    pub(crate) fn wait(&mut self, duration: Duration) {
        let until = self.now + duration;
        while let Some(due) = self.bulb.poll_timeout().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.bulb.handle_timeout(self.now);
            if self.bulb.poll_timeout() == Some(due) {
                break;
            }
        }
        self.now = until;
        self.bulb.handle_timeout(until);
    }

    /// Everything the bulb wants done by now.
    pub(crate) fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.bulb.poll_output(self.now)).collect()
    }

    /// What the bulb wrote on this connection by now.
    pub(crate) fn written_on(&mut self, connection: ConnectionId) -> Vec<u8> {
        let outputs = self.outputs().into_iter();
        let bytes = outputs.filter_map(|output| match output {
            Output::Write { to, bytes } if to == connection => Some(bytes),
            _ => None,
        });
        bytes.flatten().collect()
    }

    /// The messages that the bulb wrote on this connection by now.
    pub(crate) fn read_on(&mut self, connection: ConnectionId) -> Vec<Value> {
        let bytes = self.written_on(connection);
        let text = String::from_utf8(bytes).unwrap();
        text.split_terminator("\r\n").map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn read(&mut self) -> Vec<Value> {
        self.read_on(self.connection)
    }

    /// Writes bytes; the messages that come back at once.
    pub(crate) fn raw(&mut self, bytes: impl AsRef<[u8]>) -> Vec<Value> {
        self.bulb.handle_bytes(self.now, self.connection, bytes.as_ref());
        self.read()
    }

    pub(crate) fn line(&mut self, method: &str, params: &Value) -> String {
        let id = self.next_id;
        self.next_id += 1;
        json!({"id": id, "method": method, "params": params}).to_string() + "\r\n"
    }

    /// Sends a command; the answer and the notifications, which are merged.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> (Value, Value) {
        let line = self.line(method, &params);
        let mut answer = None;
        let mut props = json!({});
        for message in self.raw(line) {
            if message["method"] == "props" {
                props
                    .as_object_mut()
                    .unwrap()
                    .extend(message["params"].as_object().unwrap().clone());
            } else {
                assert_eq!(message["id"], self.next_id - 1);
                assert!(answer.replace(message).is_none(), "one answer");
            }
        }
        (answer.expect("an answer"), props)
    }

    /// Sends a command that is taken; what changed.
    #[track_caller]
    pub(crate) fn ok(&mut self, method: &str, params: Value) -> Value {
        let (answer, props) = self.ask(method, params);
        assert_eq!(answer["result"], json!(["ok"]), "{answer}");
        props
    }

    /// Sends a command that is refused; the error's code.
    #[track_caller]
    pub(crate) fn refused(&mut self, method: &str, params: Value) -> i64 {
        let (answer, props) = self.ask(method, params);
        assert_eq!(props, json!({}), "nothing changes");
        answer["error"]["code"].as_i64().unwrap_or_else(|| panic!("{answer}"))
    }

    /// Everything that it shows.
    pub(crate) fn shown(&self) -> Vec<Option<Value>> {
        Property::known().map(|property| self.bulb.property(property.as_str())).collect()
    }

    /// The properties with these names, as answered.
    pub(crate) fn props(&mut self, names: &[&str]) -> Value {
        self.ask("get_prop", json!(names)).0["result"].take()
    }
}
