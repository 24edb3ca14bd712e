//! A session that is asked, answered, lied to and kept waiting: each request ends exactly once, in time.
#![no_main]

use std::collections::BTreeMap;
use std::time::Duration;

use iot_home_core::{Instant, SeededRandom};
use iot_home_miio::packet::{Header, HelloField, HelloReply, Packet, PacketKind};
use iot_home_miio::responder::{Incoming, Responder};
use iot_home_miio::session::{Config, Event, RequestKey, Session};
use iot_home_miio::{Cipher, Failure, Request, Token};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

const DID: u64 = 51_880_628;
const TIMEOUT: Duration = Duration::from_secs(5);
/// What a session may keep of the device's own requests, and of answers to them.
const MAX_REQUESTS: usize = 64;
const MAX_ANSWERS: usize = 16;

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    /// A request; the method decides whether it may be repeated.
    Ask {
        method: u8,
        /// In place of the session's own.
        timeout_milliseconds: Option<u16>,
    },
    /// The oldest request under way is given up.
    Cancel,
    /// A datagram of a stranger.
    Datagram(&'a [u8]),
    /// A hello reply nobody can vouch for.
    Hello {
        did: Option<u64>,
        stamp: u32,
        shown: bool,
    },
    /// An authentic message with any payload.
    Message {
        stamp: u32,
        payload: &'a [u8],
    },
    /// An authentic answer under an id near those in use, with anything behind it.
    Reply {
        stamp: u32,
        id: i8,
        tail: &'a str,
    },
    /// The device answers one of the datagrams it got, with this as the result.
    Answer {
        datagram: u8,
        stamp: u32,
        result: &'a str,
    },
    /// The device asks something itself.
    Push {
        id: i64,
    },
    /// The device's own request is answered.
    Acknowledge {
        id: i64,
        result: &'a str,
    },
    Wait {
        milliseconds: u16,
    },
    /// Until the session wants to be woken.
    Sleep,
    /// What waits to be sent is left to wait.
    Keep,
}

struct Run {
    session: Session,
    device: Responder,
    now: Instant,
    sent: Vec<Vec<u8>>,
    last_id: i64,
    /// Each with its deadline.
    under_way: BTreeMap<RequestKey, Instant>,
}

impl Run {
    fn new() -> Self {
        let token = Token::new([7; 16]);
        Self {
            session: Session::new(&token, Config::default(), &mut SeededRandom::new(1)),
            device: Responder::new(DID, token),
            now: Instant::ORIGIN,
            sent: Vec::new(),
            last_id: 0,
            under_way: BTreeMap::new(),
        }
    }

    fn step(&mut self, step: Step<'_>) {
        match step {
            Step::Ask { method, timeout_milliseconds } => self.ask(method, timeout_milliseconds),
            Step::Cancel => {
                if let Some((key, _)) = self.under_way.pop_first() {
                    // It must not be heard of again.
                    self.session.cancel(self.now, key);
                }
            }
            Step::Datagram(bytes) => self.hand(bytes.to_vec()),
            Step::Hello { did, stamp, shown } => {
                let field = match shown {
                    true => HelloField::Token(Token::new([9; 16])),
                    false => HelloField::HiddenFf,
                };
                self.hand(HelloReply::new(did.unwrap_or(DID), stamp, field).encode().to_vec());
            }
            Step::Message { stamp, payload } => self.hand(seal(stamp, payload)),
            Step::Reply { stamp, id, tail } => {
                let id = self.last_id + i64::from(id);
                self.hand(seal(stamp, format!("{{\"id\":{id},{tail}").as_bytes()));
            }
            Step::Answer { datagram, stamp, result } => {
                if self.sent.is_empty() {
                    return;
                }
                let mut got = self.sent[usize::from(datagram) % self.sent.len()].clone();
                match self.device.receive(stamp, &mut got) {
                    Ok(Incoming::Hello { .. }) => {
                        self.hand(self.device.hello_reply(stamp).to_vec());
                    }
                    Ok(Incoming::Request(request)) => {
                        let reply = format!(r#"{{"id":{},"result":{result}}}"#, request.id);
                        self.hand(seal(stamp, reply.as_bytes()));
                    }
                    // A forged hello reply may have shown the session another did.
                    _ => {}
                }
            }
            Step::Push { id } => {
                let text = format!(r#"{{"id":{id},"method":"props","params":{{}}}}"#);
                self.hand(seal(77, text.as_bytes()));
            }
            Step::Acknowledge { id, result } => drop(self.session.answer(id, result)),
            Step::Wait { milliseconds } => self.wait(Duration::from_millis(milliseconds.into())),
            Step::Sleep => {
                if let Some(until) = self.session.poll_timeout() {
                    self.wait(until.saturating_since(self.now));
                }
            }
            Step::Keep => return,
        }
        self.drain();
    }

    fn ask(&mut self, method: u8, timeout_milliseconds: Option<u16>) {
        let method = ["get_prop", "set_power", "toggle", "action"][usize::from(method % 4)];
        let mut request = Request::new(method, ["power"]).expect("a short request");
        let mut timeout = TIMEOUT;
        if let Some(milliseconds) = timeout_milliseconds {
            timeout = Duration::from_millis(milliseconds.into());
            request = request.timeout(timeout);
        }
        let key = self.session.request(self.now, request);
        let known = self.under_way.insert(key, self.now + timeout);
        assert_eq!(known, None, "a key that was given twice");
    }

    fn hand(&mut self, mut datagram: Vec<u8>) {
        let before = datagram.clone();
        let authentic = self.session.handle_datagram(self.now, &mut datagram);
        let verified = Packet::parse(&before).is_ok_and(|packet| {
            packet.kind() == PacketKind::Message && self.session.cipher().verify(&packet)
        });
        assert_eq!(authentic, verified);
    }

    fn wait(&mut self, duration: Duration) {
        self.now = self.now + duration;
        self.session.handle_timeout(self.now);
        self.drain();
        if let Some(next) = self.session.poll_timeout() {
            assert!(next > self.now, "a session that wants to be woken in the past");
        }
        let late = self.under_way.values().find(|deadline| **deadline <= self.now);
        assert_eq!(late, None, "a request that outlives its deadline");
    }

    fn drain(&mut self) {
        let mut buffer = Vec::new();
        let mut sent = 0;
        while let Some(datagram) = self.session.poll_transmit(self.now, &mut buffer) {
            let packet = Packet::parse(datagram).expect("what is sent is a packet");
            if packet.kind() == PacketKind::Message {
                let mut copy = datagram.to_vec();
                let payload = self.session.cipher().open(&mut copy).expect("sealed");
                // An answer of ours holds whatever result this program made up.
                if let Ok(message) = serde_json::from_slice::<serde_json::Value>(payload)
                    && message.get("method").is_some()
                {
                    let id = message["id"].as_i64().expect("an id");
                    assert!((1..=i64::from(i32::MAX)).contains(&id), "the id {id}");
                    self.last_id = id;
                }
            }
            self.sent.push(datagram.to_vec());
            sent += 1;
            let most = 1 + MAX_ANSWERS + self.under_way.len();
            assert!(sent <= most, "{sent} datagrams for {} requests", self.under_way.len());
        }
        let kept = self.sent.len().min(16);
        self.sent.drain(..self.sent.len() - kept);

        let mut requests = 0;
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Done { key, result } => {
                    let known = self.under_way.remove(&key);
                    assert!(known.is_some(), "a request that ended twice or after it was given up");
                    if let Err(Failure::MaybeExecuted { transmissions }) = result {
                        assert!(transmissions > 0);
                    }
                }
                _ => requests += 1,
            }
        }
        assert!(requests <= MAX_REQUESTS, "{requests} requests of the device wait");
    }
}

fn seal(stamp: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; Cipher::sealed_len(payload.len())];
    let cipher = Cipher::new(&Token::new([7; 16]));
    match cipher.seal(Header { did: DID, stamp }, payload, &mut packet) {
        Ok(_) => packet,
        Err(_) => Vec::new(),
    }
}

fuzz_target!(|steps: Vec<Step<'_>>| {
    let mut run = Run::new();
    for step in steps {
        run.step(step);
    }
    // Silence from here on: every request ends by its deadline, and the session comes to rest.
    for _ in 0..2_000 {
        let Some(until) = run.session.poll_timeout() else { break };
        run.wait(until.saturating_since(run.now));
    }
    run.drain();
    assert_eq!(run.session.poll_timeout(), None, "a session that never comes to rest");
    assert!(run.under_way.is_empty(), "a request that never ended");
});
