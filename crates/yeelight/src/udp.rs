//! The UDP session of newer models, without IO: commands without quota and without answers, after a token was given.
//!
//! Drive a [`UdpSession`] like the [control session](crate::session): send what
//! [`poll_transmit`](UdpSession::poll_transmit) gives, one datagram each time, hand in what comes, and sleep until
//! [`poll_timeout`](UdpSession::poll_timeout).

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use iot_home_core::{Instant, Secret};
use serde::Deserialize;
use serde_json::Value;

use crate::method::{Method, id_after};
use crate::model::Profile;

/// Which names the bulb has for the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "bulbs have had these two")]
pub enum Generation {
    /// `udp_new`, `udp_token`, `udp_keep_alive`.
    First,
    /// `udp_sess_new`, `udp_sess_token`, `udp_sess_keep_alive`.
    Second,
}

impl Generation {
    /// The one that the bulb lists, if it lists either.
    pub fn of(profile: &Profile) -> Option<Self> {
        if profile.supports("udp_sess_new") == Some(true) {
            Some(Self::Second)
        } else if profile.supports("udp_new") == Some(true) {
            Some(Self::First)
        } else {
            None
        }
    }

    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::First => ("udp_new", "udp_keep_alive"),
            Self::Second => ("udp_sess_new", "udp_sess_keep_alive"),
        }
    }

    fn gives_token(self, method: &str) -> bool {
        match self {
            Self::First => method == "udp_token",
            Self::Second => method == "udp_sess_token",
        }
    }
}

/// A UDP session with a bulb.
#[derive(Debug)]
pub struct UdpSession {
    generation: Generation,
    state: State,
    next_id: u32,
    heard_at: Instant,
}

#[derive(Debug)]
enum State {
    /// Asks for a token, now and then again.
    Asking { next: Instant, wait: Duration },
    /// Has one.
    Open { token: Secret<String>, next_keep_alive: Instant },
}

impl UdpSession {
    /// A session that asks for its token now.
    pub fn new(now: Instant, generation: Generation) -> Self {
        let state = State::Asking { next: now, wait: FIRST_WAIT };
        Self { generation, state, next_id: 1, heard_at: now }
    }

    /// Whether commands can be sent.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// Writes a command as one datagram, if the session is open.
    pub fn write(&mut self, method: &Method, out: &mut Vec<u8>) -> bool {
        let id = self.next_id;
        let State::Open { token, .. } = &self.state else { return false };
        method.write_with_token(id, token.expose(), out);
        self.count();
        true
    }

    /// The session's own next datagram.
    pub fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        let (new, keep_alive) = self.generation.names();
        let id = self.next_id;
        match &mut self.state {
            State::Asking { next, wait } if *next <= now => {
                *next = now + *wait;
                *wait = wait.saturating_mul(2).min(LONGEST_WAIT);
                write(id, new, "[]", None, out);
            }
            State::Open { token, next_keep_alive } if *next_keep_alive <= now => {
                *next_keep_alive = now + KEEP_ALIVE;
                // Misspelt on the wire.
                let params = "[\"keeplive_interval\",\"10\"]";
                write(id, keep_alive, params, Some(token.expose()), out);
            }
            _ => return false,
        }
        self.count();
        true
    }

    /// Takes in a datagram that came from the bulb.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) {
        let Ok(message) = serde_json::from_slice::<Incoming>(datagram) else {
            // One firmware says in words that a token comes first.
            self.handle_text(now, &String::from_utf8_lossy(datagram));
            return;
        };
        let named = message.params.get("token").and_then(Value::as_str);
        let given = match named {
            Some(token) if self.generation.gives_token(&message.method) => Some(token),
            // Some firmware gives it as a result.
            _ => message.result.get(0).and_then(Value::as_str),
        };
        if let Some(token) = given.filter(|token| is_token(token)) {
            self.heard_at = now;
            if !self.is_open() {
                let token = Secret::new(token.into());
                self.state = State::Open { token, next_keep_alive: now + KEEP_ALIVE };
            }
            return;
        }
        if !message.error.is_null() {
            use alloc::string::ToString;
            self.handle_text(now, &message.error.to_string());
            return;
        }
        if self.is_open() {
            self.heard_at = now;
        }
    }

    fn handle_text(&mut self, now: Instant, text: &str) {
        if text.contains("first") && text.contains("token") {
            self.ask_anew(now);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called, and
    /// [`poll_transmit`](Self::poll_transmit) after it.
    pub fn poll_timeout(&self) -> Instant {
        match &self.state {
            State::Asking { next, .. } => *next,
            State::Open { next_keep_alive, .. } => (*next_keep_alive).min(self.heard_at + SILENCE),
        }
    }

    /// Gives the token up if the bulb has been silent for too long, and asks for another.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.is_open() && self.heard_at + SILENCE <= now {
            self.ask_anew(now);
        }
    }

    fn ask_anew(&mut self, now: Instant) {
        // Not more often than it is answered: a bulb that says so each time is not flooded.
        if self.is_open() {
            self.state = State::Asking { next: now, wait: FIRST_WAIT };
        }
    }

    fn count(&mut self) {
        self.next_id = id_after(self.next_id, 1);
    }
}

fn write(id: u32, method: &str, params: &str, token: Option<&str>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"id\":");
    out.extend_from_slice(itoa::Buffer::new().format(id).as_bytes());
    for part in [",\"method\":\"", method, "\",\"params\":", params] {
        out.extend_from_slice(part.as_bytes());
    }
    if let Some(token) = token {
        for part in [",\"token\":\"", token, "\""] {
            out.extend_from_slice(part.as_bytes());
        }
    }
    out.extend_from_slice(b"}\r\n");
}

/// What is copied into every command must not break out of its quotes.
fn is_token(text: &str) -> bool {
    (8..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[derive(Deserialize)]
struct Incoming {
    #[serde(default)]
    method: String,
    #[serde(default)]
    params: Value,
    #[serde(default)]
    result: Value,
    #[serde(default)]
    error: Value,
}

const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(3);
/// Four keep-alives without an answer.
const SILENCE: Duration = Duration::from_secs(12);

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;
    use core::time::Duration;

    use iot_home_core::Instant;

    use super::{Generation, UdpSession};
    use crate::color::Light;
    use crate::method::Method;
    use crate::model::Profile;

    const TOKEN: &str = "00112233445566778899aabbccddeeff";

    fn at(millis: u64) -> Instant {
        Instant::from_origin(Duration::from_millis(millis))
    }

    fn sent(session: &mut UdpSession, now: Instant) -> Option<String> {
        let mut out = Vec::new();
        session.poll_transmit(now, &mut out).then(|| String::from_utf8(out).unwrap())
    }

    fn token(method: &str) -> String {
        format!("{{\"id\":1,\"method\":\"{method}\",\"params\":{{\"token\":\"{TOKEN}\"}}}}")
    }

    #[test]
    fn a_session_asks_again_until_it_has_a_token_and_keeps_it_alive() {
        let mut session = UdpSession::new(at(0), Generation::Second);
        let first = sent(&mut session, at(0)).unwrap();
        assert_eq!(first, "{\"id\":1,\"method\":\"udp_sess_new\",\"params\":[]}\r\n");
        assert_eq!(sent(&mut session, at(499)), None);
        assert!(sent(&mut session, at(500)).is_some());
        assert_eq!(session.poll_timeout(), at(1_500));
        let toggle = Method::Toggle(Light::Main);
        assert!(!session.write(&toggle, &mut Vec::new()));

        session.handle_datagram(at(600), token("udp_token").as_bytes());
        assert!(!session.is_open(), "that is the other generation's");
        session.handle_datagram(at(600), token("udp_sess_token").as_bytes());
        let mut command = Vec::new();
        assert!(session.write(&toggle, &mut command));
        assert_eq!(
            String::from_utf8(command).unwrap(),
            format!("{{\"id\":3,\"method\":\"toggle\",\"params\":[],\"token\":\"{TOKEN}\"}}\r\n")
        );
        assert_eq!(sent(&mut session, at(3_599)), None);
        assert_eq!(
            sent(&mut session, at(3_600)).unwrap(),
            format!(
                "{{\"id\":4,\"method\":\"udp_sess_keep_alive\",\"params\":[\"keeplive_interval\",\"10\"],\"token\":\"{TOKEN}\"}}\r\n"
            )
        );
        assert!(!format!("{session:?}").contains(TOKEN));
    }

    #[test]
    fn silence_ends_a_session_and_an_answer_keeps_it() {
        let mut session = UdpSession::new(at(0), Generation::First);
        assert!(sent(&mut session, at(0)).unwrap().contains("\"udp_new\""));
        session.handle_datagram(at(0), token("udp_token").as_bytes());
        session.handle_datagram(at(9_000), b"{\"id\":2,\"result\":[\"ok\"]}");
        session.handle_timeout(at(20_999));
        assert!(session.is_open());
        session.handle_timeout(at(21_000));
        assert!(!session.is_open());
        assert!(sent(&mut session, at(21_000)).unwrap().contains("\"udp_new\""));
    }

    #[test]
    fn a_bulb_that_has_forgotten_the_token_is_asked_for_another() {
        for text in
            ["{\"id\":2,\"error\":{\"message\":\"get token first\"}}", "please get the token first"]
        {
            let mut session = UdpSession::new(at(0), Generation::Second);
            session.handle_datagram(at(0), b"{\"id\":1,\"result\":[\"0123456789abcdef\"]}");
            assert!(session.is_open());
            session.handle_datagram(at(10), text.as_bytes());
            assert!(!session.is_open(), "{text}");
        }
    }

    #[test]
    fn a_token_that_would_break_the_commands_is_none() {
        let mut session = UdpSession::new(at(0), Generation::Second);
        for token in ["", "short", "0123456789\\\"]}", &"a".repeat(200)] {
            let message =
                format!("{{\"method\":\"udp_sess_token\",\"params\":{{\"token\":\"{token}\"}}}}");
            session.handle_datagram(at(0), message.as_bytes());
            session.handle_datagram(at(0), b"\xff\xfe{");
            assert!(!session.is_open(), "{token}");
        }
    }

    #[test]
    fn the_list_of_methods_tells_the_generation() {
        let of = |support: &str| Generation::of(&Profile::of_bulb("x", support.split(' ')));
        assert_eq!(of("set_power udp_sess_new udp_new"), Some(Generation::Second));
        assert_eq!(of("set_power udp_new"), Some(Generation::First));
        assert_eq!(of("set_power set_music"), None);
        assert_eq!(Generation::of(&Profile::unknown()), None);
    }
}
