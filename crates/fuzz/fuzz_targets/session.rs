//! A session that is asked, answered, lied to and kept waiting: each request ends exactly once, in time.
#![no_main]

use std::collections::HashSet;
use std::time::Duration;

use iot_home_core::{Instant, SeededRandom};
use iot_home_miio::packet::{Header, HelloField, HelloReply};
use iot_home_miio::responder::{Incoming, Responder};
use iot_home_miio::session::{Config, Event, RequestKey, Session};
use iot_home_miio::{Cipher, Request, Token};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

const DID: u64 = 51_880_628;

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    /// A request; the method decides whether it may be repeated.
    Ask {
        method: u8,
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
    /// The device answers one of the datagrams it got, with this as the result.
    Answer {
        datagram: u8,
        stamp: u32,
        result: &'a str,
    },
    /// The device's own request is answered.
    Reply {
        id: i64,
        result: &'a str,
    },
    Wait {
        milliseconds: u16,
    },
    /// Until the session wants to be woken.
    Sleep,
}

struct Run {
    session: Session,
    device: Responder,
    now: Instant,
    sent: Vec<Vec<u8>>,
    under_way: Vec<RequestKey>,
    ended: HashSet<RequestKey>,
}

impl Run {
    fn new() -> Self {
        let token = Token::new([7; 16]);
        Self {
            session: Session::new(&token, Config::default(), &mut SeededRandom::new(1)),
            device: Responder::new(DID, token),
            now: Instant::ORIGIN,
            sent: Vec::new(),
            under_way: Vec::new(),
            ended: HashSet::new(),
        }
    }

    fn step(&mut self, step: Step<'_>) {
        match step {
            Step::Ask { method } => {
                let method = ["get_prop", "set_power", "toggle", "action"][usize::from(method % 4)];
                let request = Request::new(method, ["power"]).expect("a short request");
                self.under_way.push(self.session.request(self.now, request));
            }
            Step::Cancel => {
                if !self.under_way.is_empty() {
                    let key = self.under_way.remove(0);
                    self.session.cancel(self.now, key);
                    // It must not be heard of again.
                    self.ended.insert(key);
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
            Step::Answer { datagram, stamp, result } => {
                if self.sent.is_empty() {
                    return;
                }
                let mut got = self.sent[usize::from(datagram) % self.sent.len()].clone();
                match self.device.receive(stamp, &mut got) {
                    Ok(Incoming::Hello { .. }) => {
                        self.hand(self.device.hello_reply(stamp).to_vec())
                    }
                    Ok(Incoming::Request(request)) => {
                        let reply = format!(r#"{{"id":{},"result":{result}}}"#, request.id);
                        self.hand(seal(stamp, reply.as_bytes()));
                    }
                    // A session greets its device, does not know its did at first, and answers its requests.
                    _ => {}
                }
            }
            Step::Reply { id, result } => drop(self.session.answer(id, result)),
            Step::Wait { milliseconds } => self.wait(Duration::from_millis(milliseconds.into())),
            Step::Sleep => {
                if let Some(until) = self.session.poll_timeout() {
                    self.wait(until.saturating_since(self.now));
                }
            }
        }
        self.drain();
    }

    fn hand(&mut self, mut datagram: Vec<u8>) {
        self.session.handle_datagram(self.now, &mut datagram);
    }

    fn wait(&mut self, duration: Duration) {
        self.now = self.now + duration;
        self.session.handle_timeout(self.now);
    }

    fn drain(&mut self) {
        let mut buffer = Vec::new();
        let mut sent = 0;
        while let Some(datagram) = self.session.poll_transmit(self.now, &mut buffer) {
            self.sent.push(datagram.to_vec());
            sent += 1;
            assert!(sent < 1_000, "a session that never stops to send");
        }
        let kept = self.sent.len().min(16);
        self.sent.drain(..self.sent.len() - kept);
        while let Some(event) = self.session.poll_event() {
            if let Event::Done { key, .. } = event {
                assert!(
                    self.ended.insert(key),
                    "a request that ended twice, or after it was given up"
                );
                self.under_way.retain(|under_way| *under_way != key);
            }
        }
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
    for _ in 0..1_000 {
        let Some(until) = run.session.poll_timeout() else { break };
        run.wait(until.saturating_since(run.now));
        run.drain();
    }
    assert!(
        run.session.poll_timeout().is_none(),
        "a session without requests that wants to be woken"
    );
    assert!(run.under_way.is_empty(), "a request that never ended");
});
