//! Any datagrams at any times for a session with a Lumi gateway: each request ends once and in time, what it keeps is bounded,
//! what it sends can be read, a write leaves once and again only after a refusal, and nothing shows the key. The
//! input is a script, one step a line; see [`Run::step`].
#![no_main]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_lumi::session::{Config, Event, RequestKey};
use iot_home_lumi::{Key, Message, Search, Session, Sid, Values};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const KEY: &str = "q3zq0f2yd3t3nqx4";
const PLUG: &str = "158d0001a2b3c4";

struct Run {
    session: Session,
    search: Search,
    now: Instant,
    waiting: BTreeSet<RequestKey>,
    /// Writes that were asked for, and those that were sent.
    writes: u32,
    written: u32,
}

impl Run {
    /// `w`ait so many milliseconds; ask for `c`hildren, `r`ead, `s`et a value, `x` forget a request; `m`ulticast, an answer
    /// from another `p`ort, and anything else as a datagram of the gateway's.
    fn step(&mut self, line: &[u8]) {
        let Some((kind, rest)) = line.split_first() else { return };
        let plug: Sid = PLUG.parse().expect("a sid");
        match kind {
            b'w' => {
                let number = str::from_utf8(rest).ok().and_then(|text| text.parse::<u32>().ok());
                self.wait(Duration::from_millis(u64::from(number.unwrap_or(0) % 40_000)));
            }
            b'c' => {
                let asked = self.session.children(self.now);
                self.waiting.insert(asked);
            }
            b'r' => {
                let asked = self.session.read(self.now, plug);
                self.waiting.insert(asked);
            }
            b's' => {
                let values = Values::new().with("status", "on");
                let asked = self.session.write(self.now, plug, values);
                self.waiting.insert(asked);
                self.writes += 1;
            }
            b'x' => {
                if let Some(key) = self.waiting.pop_first() {
                    self.session.cancel(self.now, key);
                }
            }
            b'm' => drop_bool(self.session.handle_multicast(gateway(), rest)),
            b'p' => {
                let elsewhere = SocketAddr::new(gateway().ip(), 1);
                drop_bool(self.session.handle_datagram(self.now, elsewhere, rest));
            }
            _ => {
                let _ = self.search.handle_datagram(self.now, gateway(), line);
                let taken = self.session.handle_datagram(self.now, gateway(), line);
                assert!(!taken || Message::parse(line).is_ok(), "it took what cannot be read");
            }
        }
        self.turn();
    }

    fn wait(&mut self, duration: Duration) {
        let until = self.now + duration;
        while let Some(due) = self.session.poll_timeout().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.session.handle_timeout(self.now);
            self.turn();
        }
        self.now = until;
    }

    fn turn(&mut self) {
        let mut buffer = Vec::new();
        for sent in 0.. {
            assert!(sent < 600, "it does not stop sending");
            let Some(datagram) = self.session.poll_transmit(self.now, &mut buffer) else { break };
            let request: Value = serde_json::from_slice(datagram).expect("JSON");
            match request["cmd"].as_str().expect("a command") {
                "write" => self.written += 1,
                "read" => assert!(request["sid"].as_str().is_some_and(|sid| sid.len() <= 16)),
                command => assert!(matches!(command, "get_id_list" | "discovery")),
            }
        }
        assert!(self.written <= 2 * self.writes, "a write is sent again once at most");
        let mut told = 0;
        while let Some(event) = self.session.poll_event() {
            assert!(!format!("{event:?}").contains(KEY));
            match event {
                Event::Done { key, .. } => assert!(self.waiting.remove(&key), "it ended twice"),
                Event::Missed { events } => assert!(events > 0),
                _ => told += 1,
            }
        }
        assert!(told <= 256 && self.session.known_children().count() <= 256);
        assert!(!format!("{:?}", self.session).contains(KEY));
        let due = self.session.poll_timeout();
        assert!(due.is_none_or(|due| due > self.now), "it wants to be woken in the past");
        assert!(!self.waiting.is_empty() || due.is_none(), "it waits for nothing");
    }
}

fn drop_bool(_: bool) {}

fn gateway() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 30], 9898))
}

fuzz_target!(|script: &[u8]| {
    let _ = Message::parse(script);
    let key: Key = KEY.parse().expect("a key");
    let now = Instant::ORIGIN;
    let mut run = Run {
        session: Session::new(gateway(), Some(key), Config::default()),
        search: Search::new(now, [], &[], Duration::from_secs(60)),
        now,
        waiting: BTreeSet::new(),
        writes: 0,
        written: 0,
    };
    for line in script.split(|byte| *byte == b'\n').take(300) {
        run.step(line);
    }
    run.wait(Duration::from_secs(31));
    assert!(run.waiting.is_empty(), "a request without an end");
});
