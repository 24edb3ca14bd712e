//! Any datagrams at any times for a UDP session: it sends no more than it is asked for, what it sends can be read, and
//! nothing that it is told shows in its `Debug`. The input is a script, one step a line; see [`Run::step`].
#![no_main]

use std::time::Duration;

use iot_home_core::Instant;
use iot_home_yeelight::udp::{Generation, UdpSession};
use iot_home_yeelight::{Effect, Light, Method, Rgb};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const TOKEN: &str = "5e9d03b7c1f2486aa7d4e0918c36fb52";
/// The shortest pause between two questions for a token that nobody answers, and the least that may be sent at once.
const PAUSE: Duration = Duration::from_millis(500);
const SILENCE: Duration = Duration::from_secs(12);

struct Run {
    session: UdpSession,
    now: Instant,
    began: Instant,
    /// Datagrams that came, and those of the session's own.
    came: u32,
    own: u32,
    last_id: u64,
    /// When one came last that may have been the bulb's.
    heard: Instant,
}

impl Run {
    /// `w`ait so many milliseconds, until it `s`ays something, a `c`ommand, a good `t`oken by method or `r`esult, the
    /// `f`irst-a-token words, and anything else as a datagram.
    fn step(&mut self, line: &[u8]) {
        let Some((kind, rest)) = line.split_first() else { return };
        match kind {
            b'w' => {
                let number = str::from_utf8(rest).ok().and_then(|text| text.parse::<u32>().ok());
                self.wait(Duration::from_millis(u64::from(number.unwrap_or(0) % 100_000)));
            }
            b's' => self.wait(self.session.poll_timeout().saturating_since(self.now)),
            b'c' => self.command(),
            b't' => {
                for word in ["udp_token", "udp_sess_token"] {
                    self.hand(
                        format!("{{\"method\":\"{word}\",\"params\":{{\"token\":\"{TOKEN}\"}}}}")
                            .as_bytes(),
                    );
                }
                assert!(self.session.is_open());
            }
            b'r' => {
                self.hand(format!("{{\"id\":1,\"result\":[\"{TOKEN}\"]}}").as_bytes());
                assert!(self.session.is_open());
            }
            b'f' => self.hand(b"{\"id\":1,\"error\":\"get a token first\"}"),
            _ => self.hand(line),
        }
    }

    fn hand(&mut self, datagram: &[u8]) {
        self.came += 1;
        self.heard = self.now;
        self.session.handle_datagram(self.now, datagram);
        let shown = format!("{:?}", self.session);
        assert!(!shown.contains(&TOKEN[..8]), "{shown}");
        self.turn();
    }

    fn command(&mut self) {
        let method =
            Method::SetRgb { light: Light::Main, rgb: Rgb(0xff_0000), effect: Effect::Sudden };
        let mut out = b"kept".to_vec();
        let wrote = self.session.write(&method, &mut out);
        assert_eq!(wrote, self.session.is_open());
        if wrote {
            self.datagram(&out[4..], "set_rgb");
        } else {
            assert_eq!(out, b"kept");
        }
    }

    /// What is sent is one object, and a token in it is nothing but letters and digits.
    fn datagram(&mut self, sent: &[u8], method: &str) {
        let body = sent.strip_suffix(b"\r\n").expect("it ends with CR LF");
        assert!(body.iter().all(|byte| *byte >= b' ' && byte.is_ascii()));
        let json: Value = serde_json::from_slice(body).expect("JSON");
        assert!(json["method"].as_str().is_some_and(|name| name.contains(method)));
        let id = json["id"].as_u64().expect("an id");
        assert_eq!(id, self.last_id + 1);
        self.last_id = id;
        let asks = json["method"].as_str().is_some_and(|name| name.ends_with("new"));
        assert_eq!(json.get("token").is_none(), asks);
        if let Some(token) = json["token"].as_str() {
            assert!((8..=128).contains(&token.len()));
            assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        }
    }

    fn wait(&mut self, duration: Duration) {
        let until = self.now + duration;
        for _ in 0..10_000 {
            let due = self.session.poll_timeout();
            if due > until {
                break;
            }
            self.now = self.now.max(due);
            self.turn();
        }
        self.now = self.now.max(until);
        self.turn();
    }

    fn turn(&mut self) {
        self.session.handle_timeout(self.now);
        let mut sent = 0;
        loop {
            let mut out = b"kept".to_vec();
            if !self.session.poll_transmit(self.now, &mut out) {
                assert_eq!(out, b"kept");
                break;
            }
            sent += 1;
            assert!(sent <= 1, "more than one datagram at once");
            self.own += 1;
            self.datagram(&out[4..], "udp_");
        }
        assert!(self.session.poll_timeout() > self.now, "it wants to be woken in the past");
        // One for each that came, and as time passes; a silent session is given up, and asks once.
        let elapsed = self.now.saturating_since(self.began).as_millis() / PAUSE.as_millis();
        let most = u128::from(2 * self.came) + elapsed + 2;
        assert!(u128::from(self.own) <= most, "{} sent, {} came", self.own, self.came);
        let silent = self.now.saturating_since(self.heard) >= SILENCE;
        assert!(!silent || !self.session.is_open(), "it holds on to a bulb that says nothing");
    }
}

fuzz_target!(|script: &[u8]| {
    let mut lines = script.split(|byte| *byte == b'\n').take(300).peekable();
    let generation = match lines.next_if(|line| *line == b"1") {
        Some(_) => Generation::First,
        None => Generation::Second,
    };
    let now = Instant::ORIGIN;
    let session = UdpSession::new(now, generation);
    let mut run = Run { session, now, began: now, came: 0, own: 0, last_id: 0, heard: now };
    run.turn();
    for line in lines {
        run.step(line);
    }
    run.wait(Duration::from_secs(60));
    assert!(!run.session.is_open(), "nobody has said anything for a minute");
});
