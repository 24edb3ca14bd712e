//! A session that is subscribed, told things, lied to and kept waiting: it holds little, answers what it took,
//! and never delivers one message twice.
#![no_main]

use std::time::Duration;

use iot_home_core::{Instant, SeededRandom};
use iot_home_miio::packet::{Header, HelloField, HelloReply, Packet, PacketKind, Subscription};
use iot_home_miio::push;
use iot_home_miio::session::{Config, Event, Session};
use iot_home_miio::{Cipher, Request, Token};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

const DID: u64 = 51_880_628;
/// What a session may keep of what a device tells.
const MAX_REQUESTS: usize = 64;

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Subscribe,
    Unsubscribe,
    Ask,
    /// Anybody's answer to a probe.
    State {
        timestamp: Option<u32>,
        kind: u8,
        wildcard: bool,
        did: Option<u64>,
        stamp: u32,
    },
    /// A datagram of a stranger.
    Datagram(&'a [u8]),
    /// The device answers the last request.
    Answer {
        code: i8,
    },
    /// The device tells something.
    Push {
        id: i8,
        event: bool,
        params: &'a str,
        late: i8,
    },
    /// Any sealed message.
    Message {
        stamp: u32,
        payload: &'a [u8],
    },
    /// The last thing told comes again.
    Replay,
    Wait {
        milliseconds: u16,
    },
    Sleep,
}

struct Run {
    session: Session,
    random: SeededRandom,
    now: Instant,
    /// The id and the time of the last request.
    asked: Option<i64>,
    timestamp: u32,
    told: Vec<u8>,
    delivered: u32,
}

fn seal(did: u64, stamp: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; Cipher::sealed_len(payload.len())];
    let cipher = Cipher::new(&Token::new([7; 16]));
    match cipher.seal(Header { did, stamp }, payload, &mut packet) {
        Ok(_) => packet,
        Err(_) => Vec::new(),
    }
}

impl Run {
    fn clock(&self) -> u32 {
        1000 + u32::try_from(self.now.since_origin().as_secs()).unwrap_or(u32::MAX - 1000)
    }

    fn step(&mut self, step: Step<'_>) {
        match step {
            Step::Subscribe => {
                self.session.subscribe(self.now, 1_700_000_000, &mut self.random);
            }
            Step::Unsubscribe => self.session.unsubscribe(self.now),
            Step::Ask => {
                let request = Request::new("get_prop", ["power"]).expect("a short request");
                self.session.request(self.now, request);
            }
            Step::State { timestamp, kind, wildcard, did, stamp } => {
                let state =
                    Subscription::new(timestamp.unwrap_or(self.timestamp), kind % 6, wildcard);
                let field = HelloField::Subscription(state);
                let stamp = if did.is_some() { stamp } else { self.clock() };
                let reply = HelloReply::new(did.unwrap_or(DID), stamp, field);
                self.hand(&reply.encode());
            }
            Step::Datagram(bytes) => self.hand(bytes),
            Step::Answer { code } => {
                if let Some(id) = self.asked {
                    let text = format!(r#"{{"id":{id},"result":{{"code":{code}}}}}"#);
                    self.hand(&seal(DID, self.clock(), text.as_bytes()));
                }
            }
            Step::Push { id, event, params, late } => {
                let method = if event { "event_occured" } else { "properties_changed" };
                let item = r#"{"did":"7","siid":2,"piid":1,"eiid":1,"value":1}"#;
                let params = if params.is_empty() { item } else { params };
                let text = format!(r#"{{"id":{id},"method":"{method}","params":[{params}]}}"#);
                let stamp = self.clock().saturating_add_signed(late.into());
                self.told = seal(DID, stamp, text.as_bytes());
                self.hand(&self.told.clone());
            }
            Step::Message { stamp, payload } => self.hand(&seal(DID, stamp, payload)),
            Step::Replay => {
                let before = self.delivered;
                self.hand(&self.told.clone());
                self.drain();
                // It may be delivered now if it was not before: the session was not subscribed, or full.
                assert!(self.delivered <= before + 1);
                let after = self.delivered;
                self.hand(&self.told.clone());
                self.drain();
                assert_eq!(self.delivered, after, "one message was delivered twice");
            }
            Step::Wait { milliseconds } => self.wait(Duration::from_millis(milliseconds.into())),
            Step::Sleep => {
                if let Some(until) = self.session.poll_timeout() {
                    self.wait(until.saturating_since(self.now));
                }
            }
        }
        self.drain();
    }

    fn hand(&mut self, datagram: &[u8]) {
        self.session.handle_datagram(self.now, &mut datagram.to_vec());
    }

    fn wait(&mut self, duration: Duration) {
        self.now = self.now + duration;
        self.session.handle_timeout(self.now);
        self.drain();
        if let Some(next) = self.session.poll_timeout() {
            assert!(next > self.now, "a session that wants to be woken in the past");
        }
    }

    fn drain(&mut self) {
        let mut buffer = Vec::new();
        let mut sent = 0;
        while let Some(datagram) = self.session.poll_transmit(self.now, &mut buffer) {
            let packet = Packet::parse(datagram).expect("what is sent is a packet");
            if packet.kind() == PacketKind::Message {
                let mut copy = datagram.to_vec();
                let payload = self.session.cipher().open(&mut copy).expect("sealed");
                let message: serde_json::Value =
                    serde_json::from_slice(payload).expect("JSON is what we send");
                if message.get("method").is_some() {
                    self.asked = message["id"].as_i64();
                }
                if message["method"] == "miIO.sub" {
                    let timestamp = message["params"]["update_ts"].as_u64().expect("a time");
                    let timestamp = u32::try_from(timestamp).expect("32 bits");
                    assert!(timestamp >= 1_700_000_000, "the time {timestamp}");
                    self.timestamp = timestamp;
                }
            }
            sent += 1;
            assert!(sent < 4096, "a session that never stops sending");
        }
        let mut requests = 0;
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Push(event) => {
                    requests += 1;
                    if matches!(event, push::Event::Changed(_) | push::Event::Occurred(_)) {
                        self.delivered += 1;
                    }
                }
                Event::Request(_) => requests += 1,
                _ => {}
            }
        }
        assert!(requests <= MAX_REQUESTS + 8, "{requests} things wait");
    }
}

fuzz_target!(|steps: Vec<Step<'_>>| {
    let session = Session::new(&Token::new([7; 16]), Config::default(), &mut SeededRandom::new(1));
    let mut run = Run {
        session,
        random: SeededRandom::new(2),
        now: Instant::ORIGIN,
        asked: None,
        timestamp: 0,
        told: Vec::new(),
        delivered: 0,
    };
    for step in steps {
        run.step(step);
    }
    run.session.unsubscribe(run.now);
    for _ in 0..2_000 {
        let Some(until) = run.session.poll_timeout() else { break };
        run.wait(until.saturating_since(run.now));
    }
    assert_eq!(run.session.poll_timeout(), None, "a session that never comes to rest");
});
