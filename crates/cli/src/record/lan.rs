//! What goes over the wire in a home: miIO, bulbs and gateways, told by one client.

use std::net::SocketAddr;
use std::sync::Arc;

use iot_home::hub::WireEvent;
use iot_home::lumi::client as lumi;
use iot_home::miio::client as miio;
use serde::Serialize;
use serde_json::Value;

use super::{Recorder, word};
use crate::ordered::{Hidden, Ordered};

/// The spellings of the tokens that must not be shown, as far as they are known by now.
type Tokens = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

#[derive(Serialize)]
struct Line {
    /// Seconds since the command began.
    time: f64,
    direction: &'static str,
    peer: SocketAddr,
    /// The command, such as `whois` and `iam`.
    kind: Option<String>,
    length: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Ordered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
}

impl Recorder {
    /// What a search or a home calls with all that goes and comes. The tokens are blanked wherever they stand.
    pub(crate) fn lan_observer(
        &self,
        tokens: impl Fn() -> Vec<String> + Send + Sync + 'static,
    ) -> impl Fn(&WireEvent<'_>) + Send + Sync + 'static {
        let (this, tokens): (Self, Tokens) = (self.clone(), Arc::new(tokens));
        move |event| match event {
            WireEvent::Miio(event) => this.write_miio(event, &tokens()),
            WireEvent::Yeelight(event) => this.write_bulb(event, &tokens()),
            WireEvent::Lumi(event) => this.write_lumi(event, &tokens()),
            _ => {}
        }
    }

    /// What a client of miIO calls whose devices' tokens come and go.
    pub(crate) fn home_observer(
        &self,
        tokens: impl Fn() -> Vec<String> + Send + Sync + 'static,
    ) -> impl Fn(&miio::WireEvent<'_>) + Send + Sync + 'static {
        let this = self.clone();
        move |event| this.write_miio(event, &tokens())
    }

    fn write_lumi(&self, event: &lumi::WireEvent<'_>, tokens: &[String]) {
        let payload = str::from_utf8(event.bytes).ok().and_then(|text| payload(text, tokens));
        self.write(&Line {
            time: self.elapsed(),
            direction: word(event.direction),
            peer: event.peer,
            kind: payload.as_ref().and_then(|payload| match payload.get("cmd")? {
                Ordered::Scalar(Value::String(cmd)) => Some(cmd.clone()),
                _ => None,
            }),
            length: event.bytes.len(),
            // Text that is no JSON cannot be searched for secrets, so none of it is shown.
            problem: payload.is_none().then_some("the datagram is not JSON"),
            payload,
        });
    }
}

/// A message without tokens and keys. What it tells of a child is JSON in a text of its own.
fn payload(text: &str, tokens: &[String]) -> Option<Ordered> {
    let hidden = Hidden::personal(tokens);
    let mut payload = Ordered::parse(text).ok()?;
    payload.hide(&hidden);
    if let Ordered::Object(members) = &mut payload {
        for (key, value) in members {
            if let Ordered::Scalar(Value::String(text)) = value
                && (key == "data" || key == "params")
            {
                let mut data = Ordered::parse(text).ok()?;
                data.hide(&hidden);
                *value = Ordered::Scalar(data.to_string().into());
            }
        }
    }
    Some(payload)
}

#[cfg(test)]
mod tests {
    use super::payload;

    #[test]
    fn a_gateways_keys_and_tokens_are_left_out() {
        let write = r#"{"cmd":"write","sid":"1","data":"{\"status\":\"on\",\"key\":\"A1B2\"}"}"#;
        assert_eq!(
            payload(write, &[]).unwrap().to_string(),
            r#"{"cmd":"write","sid":"1","data":"{\"status\":\"on\",\"key\":null}"}"#
        );
        let beat = r#"{"cmd":"heartbeat","token":"1234567890abcdef","data":"{\"ip\":\"10.0.0.2\",\"x\":1}"}"#;
        assert_eq!(
            payload(beat, &[]).unwrap().to_string(),
            r#"{"cmd":"heartbeat","token":null,"data":"{\"ip\":null,\"x\":1}"}"#
        );
        let v2 = r#"{"cmd":"write","key":"A1B2","params":[{"status":"on"}]}"#;
        assert!(!payload(v2, &[]).unwrap().to_string().contains("A1B2"));
        for unreadable in ["", "{", r#"{"cmd":"report","data":"key A1B2"}"#] {
            assert_eq!(payload(unreadable, &[]), None, "{unreadable}");
        }
        let token = "00112233445566778899aabbccddeeff".to_owned();
        let named = payload(&format!(r#"{{"cmd":"iam","model":"{token}"}}"#), &[token]).unwrap();
        assert_eq!(named.to_string(), r#"{"cmd":"iam","model":null}"#);
    }
}
