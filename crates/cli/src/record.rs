//! A transcript of what goes over the wire, fit to be shown: `--record FILE`.

mod cloud;
mod http;
mod lan;
mod session;

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use iot_home::miio::client::{Direction, WireEvent};
use iot_home::miio::packet::PacketKind;
use iot_home::yeelight::client as yeelight;
use serde::Serialize;
use tokio::time::Instant;

pub(crate) use self::http::Recorded;
use crate::failure::Failure;
use crate::ordered::{Hidden, Ordered, without_tokens};

/// An open transcript: a line of JSON for each datagram, and for each piece of a connection.
#[derive(Clone)]
pub(crate) struct Recorder {
    file: Arc<Mutex<File>>,
    started: Instant,
}

#[derive(Serialize)]
struct Line {
    /// Seconds since the command began.
    time: f64,
    direction: &'static str,
    peer: SocketAddr,
    kind: Option<&'static str>,
    did: Option<String>,
    stamp: Option<u32>,
    length: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Ordered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

#[derive(Serialize)]
struct BulbLine {
    /// Seconds since the command began.
    time: f64,
    direction: &'static str,
    peer: SocketAddr,
    kind: &'static str,
    length: usize,
    text: String,
}

impl Recorder {
    /// Begins a transcript in place of whatever the file held.
    pub(crate) fn create(file: &Path) -> Result<Self, Failure> {
        let opened = File::create(file).map_err(|error| {
            Failure::bad_input(format!("cannot write {}: {error}", file.display()))
        })?;
        Ok(Self { file: Arc::new(Mutex::new(opened)), started: Instant::now() })
    }

    /// What a client calls with every datagram. The tokens are blanked wherever they stand.
    pub(crate) fn observer(
        &self,
        tokens: Vec<String>,
    ) -> impl Fn(&WireEvent<'_>) + Send + Sync + 'static {
        let this = self.clone();
        move |event| this.write_miio(event, &tokens)
    }

    fn write_miio(&self, event: &WireEvent<'_>, tokens: &[String]) {
        // Text that is no JSON cannot be searched for secrets, so none of it is shown.
        let payload = event.payload.map(|text| {
            Ordered::lenient(text).map(|mut payload| {
                payload.hide(&Hidden::personal(tokens));
                payload
            })
        });
        let unreadable = matches!(payload, Some(None));
        self.write(&Line {
            time: self.elapsed(),
            direction: word(event.direction),
            peer: event.peer,
            kind: event.kind.and_then(|kind| name(kind, event.direction)),
            did: event.did.map(|did| did.to_string()),
            stamp: event.stamp,
            length: event.len,
            payload: payload.flatten(),
            problem: match event.problem {
                None if unreadable => Some("the payload is not JSON".into()),
                problem => problem.map(ToString::to_string),
            },
        });
    }

    /// What a client of bulbs calls with all that goes and comes. Bulbs know no secrets but the tokens of their UDP sessions.
    pub(crate) fn bulb_observer(
        &self,
    ) -> impl Fn(&yeelight::WireEvent<'_>) + Send + Sync + 'static {
        let this = self.clone();
        move |event| this.write_bulb(event, &[])
    }

    fn write_bulb(&self, event: &yeelight::WireEvent<'_>, tokens: &[String]) {
        let text = String::from_utf8_lossy(event.bytes);
        self.write(&BulbLine {
            time: self.elapsed(),
            direction: word(event.direction),
            peer: event.peer,
            kind: bulb_kind(&text),
            length: event.bytes.len(),
            text: without_tokens(&without_session_tokens(&text), tokens),
        });
    }

    fn elapsed(&self) -> f64 {
        micros(self.started.elapsed())
    }

    fn write(&self, line: &impl Serialize) {
        // A transcript that cannot be written to the end must not end what it describes.
        let Ok(mut text) = serde_json::to_string(line) else { return };
        text.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(text.as_bytes()) {
            tracing::warn!(%error, "the transcript is incomplete");
        }
    }
}

/// Seconds, to the microsecond.
fn micros(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e6
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Sent => "sent",
        Direction::Received => "received",
    }
}

fn name(kind: PacketKind, direction: Direction) -> Option<&'static str> {
    match (kind, direction) {
        (PacketKind::Probe, _) => Some("hello"),
        (PacketKind::Short, Direction::Received) => Some("hello-reply"),
        (PacketKind::Short, Direction::Sent) => Some("keep-alive"),
        (PacketKind::Message, _) => Some("message"),
        _ => None,
    }
}

fn bulb_kind(text: &str) -> &'static str {
    let is = |start: &str| text.get(..start.len()).is_some_and(|it| it.eq_ignore_ascii_case(start));
    if is("M-SEARCH") {
        "search"
    } else if is("HTTP/") {
        "search-answer"
    } else if is("NOTIFY") {
        "advertisement"
    } else {
        "control"
    }
}

/// The text as it was, without each text of 32 hexadecimal digits: so are tokens written, whatever
/// they are called.
fn without_session_tokens(text: &str) -> String {
    let parts: Vec<&str> = text.split('"').collect();
    let is_token = |part: &str| part.len() == 32 && part.bytes().all(|it| it.is_ascii_hexdigit());
    let mut out = String::with_capacity(text.len());
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            out.push('"');
        }
        out.push_str(if is_token(part) { "<redacted>" } else { part });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{bulb_kind, without_session_tokens};

    #[test]
    fn a_session_token_is_blanked_wherever_it_stands() {
        let token = "0123456789abcdefABCDEF0123456789";
        for text in [
            format!(
                "{{\"id\":1,\"method\":\"udp_sess_token\",\"params\":{{\"token\":\"{token}\"}}}}\r\n"
            ),
            format!("{{\"id\":1, \"result\":[\"{token}\"]}}\r\n"),
        ] {
            let shown = without_session_tokens(&text);
            assert_eq!(shown, text.replace(token, "<redacted>"));
        }
        let plain = "{\"id\":1,\"result\":[\"on\",\"100\",\"\"]}\r\n";
        assert_eq!(without_session_tokens(plain), plain);
    }

    #[test]
    fn what_a_text_is() {
        assert_eq!(bulb_kind("M-SEARCH * HTTP/1.1\r\n"), "search");
        assert_eq!(bulb_kind("HTTP/1.1 200 OK\r\n"), "search-answer");
        assert_eq!(bulb_kind("NOTIFY * HTTP/1.1\r\n"), "advertisement");
        assert_eq!(bulb_kind("{\"id\":1"), "control");
        assert_eq!(bulb_kind("\u{fffd}"), "control");
    }
}
