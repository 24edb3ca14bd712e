//! A lamp that speaks miIO, classic and MIoT.

use std::io;

use iot_home::core::{Clock, SystemClock};
use iot_home::miio::Token;
use iot_home::miio::responder::{Incoming, Responder, RpcRequest};
use serde_json::{Value, json};
use tokio::net::UdpSocket;

/// What the lamp says it is.
pub(crate) const MODEL: &str = "example.light.software";

/// The lamp: what it is, and the protocol's side of it.
pub(crate) struct Lamp {
    responder: Responder,
    on: bool,
    brightness: u8,
}

impl Lamp {
    /// A lamp that is off. Every device has an id and a token of its own.
    pub(crate) fn new(did: u64, token: Token) -> Self {
        // Real devices also ignore an id that they saw a moment ago (`id_memory`), so that a repetition runs nothing
        // twice. Clients that begin with the same id at each start have to wait then, as python-miio does.
        let responder = Responder::new(did, token).stamp_window(60);
        Self { responder, on: false, brightness: 100 }
    }

    /// Answers whoever asks, until the socket breaks.
    ///
    /// # Errors
    /// When the socket gives no more datagrams.
    pub(crate) async fn serve(mut self, socket: &UdpSocket) -> io::Result<()> {
        let clock = SystemClock::new();
        let mut buffer = vec![0; 65_536];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await?;
            // A device's clock counts the seconds since it was switched on.
            let stamp = u32::try_from(clock.now().since_origin().as_secs()).unwrap_or(u32::MAX);
            let datagram = buffer.get_mut(..length).unwrap_or_default();
            if let Some(answer) = self.answer(stamp, datagram) {
                // What cannot be sent is lost, as on any network: the client asks again.
                let _ = socket.send_to(&answer, from).await;
            }
        }
    }

    /// The datagram that answers this one, if it deserves one.
    pub(crate) fn answer(&mut self, stamp: u32, datagram: &mut [u8]) -> Option<Vec<u8>> {
        match self.responder.receive(stamp, datagram) {
            Ok(Incoming::Hello { .. }) => Some(self.responder.hello_reply(stamp).into()),
            Ok(Incoming::Request(request)) => {
                let answer = match self.call(&request) {
                    Ok(result) => self.responder.reply(stamp, request.id, &result.to_string()),
                    Err((code, why)) => self.responder.error_reply(stamp, request.id, code, why),
                };
                answer.ok()
            }
            // A device is silent about what is damaged, forged or meant for another.
            _ => None,
        }
    }

    fn call(&mut self, request: &RpcRequest) -> Result<Value, (i64, &'static str)> {
        let params = &request.params;
        match request.method.as_str() {
            "miIO.info" => Ok(json!({ "model": MODEL, "fw_ver": "1.0.0", "hw_ver": "Software" })),
            // Classic: by name, in and out in one order.
            "get_prop" => Ok(list(params)?.iter().map(|name| self.property(name)).collect()),
            "set_power" => {
                self.on = match params[0].as_str() {
                    Some("on") => true,
                    Some("off") => false,
                    _ => return Err(INVALID),
                };
                Ok(json!(["ok"]))
            }
            "set_bright" => {
                self.brightness = percent(&params[0]).ok_or(INVALID)?;
                Ok(json!(["ok"]))
            }
            // MIoT: by number, each item with a code of its own.
            "get_properties" => Ok(list(params)?.iter().map(|item| self.get(item)).collect()),
            "set_properties" => Ok(list(params)?.iter().map(|item| self.set(item)).collect()),
            "action" if (&params["siid"], &params["aiid"]) == (&json!(2), &json!(1)) => {
                self.on = !self.on;
                Ok(json!({ "code": 0, "out": [] }))
            }
            "action" => Ok(json!({ "code": NO_SUCH })),
            _ => Err((-32601, "Method not found.")),
        }
    }

    fn property(&self, name: &Value) -> Value {
        match name.as_str() {
            Some("power") => (if self.on { "on" } else { "off" }).into(),
            Some("bright") => self.brightness.into(),
            _ => Value::Null,
        }
    }

    fn get(&self, item: &Value) -> Value {
        match ids(item) {
            Some((2, 1)) => with(item, &[("code", 0.into()), ("value", self.on.into())]),
            Some((2, 2)) => with(item, &[("code", 0.into()), ("value", self.brightness.into())]),
            _ => with(item, &[("code", NO_SUCH.into())]),
        }
    }

    fn set(&mut self, item: &Value) -> Value {
        let value = &item["value"];
        let code = match ids(item) {
            Some((2, 1)) => value.as_bool().map(|on| self.on = on),
            Some((2, 2)) => percent(value).map(|percent| self.brightness = percent),
            _ => return with(item, &[("code", NO_SUCH.into())]),
        };
        with(item, &[("code", if code.is_some() { 0 } else { BAD_VALUE }.into())])
    }
}

fn list(params: &Value) -> Result<&[Value], (i64, &'static str)> {
    params.as_array().map(Vec::as_slice).ok_or(INVALID)
}

fn ids(item: &Value) -> Option<(u64, u64)> {
    Some((item["siid"].as_u64()?, item["piid"].as_u64()?))
}

fn percent(value: &Value) -> Option<u8> {
    value
        .as_u64()
        .and_then(|value| u8::try_from(value).ok())
        .filter(|value| (1..=100).contains(value))
}

/// The item's did and numbers as they came, and the outcome.
fn with(item: &Value, outcome: &[(&str, Value)]) -> Value {
    let named = ["did", "siid", "piid"].map(|key| (key, item[key].clone()));
    named
        .into_iter()
        .chain(outcome.iter().cloned())
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// MIoT: there is no such property or action.
const NO_SUCH: i64 = -4003;
/// MIoT: the value has the wrong type, or is out of range.
const BAD_VALUE: i64 = -4005;
const INVALID: (i64, &str) = (-32602, "Invalid params.");
