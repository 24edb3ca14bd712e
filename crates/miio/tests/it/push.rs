//! Subscriptions: the session against devices that lie, and the client's stream over loopback.

use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home_core::{Instant, PropertyId, SeededRandom};
use iot_home_miio::client::ErrorKind;
use iot_home_miio::packet::{Header, HelloField, HelloReply, Packet, Subscription};
use iot_home_miio::push::Event;
use iot_home_miio::responder::{Incoming, Responder};
use iot_home_miio::session::{Config, Session};
use iot_home_miio::{Cipher, Client, Device, Token, session};
use iot_home_sim::miio::{LanPush, Silence, SimDevice};
use serde_json::{Value, json};

const DID: u64 = 51_880_628;
const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);
const TOKEN: [u8; 16] = [7; 16];
const CHANGED: &str = r#""method":"properties_changed","params":[{"did":"51880628","siid":2,"piid":1,"value":true}]}"#;

/// A session that subscribes, and a device played by hand.
struct Bench {
    session: Session,
    device: Responder,
    now: Instant,
    /// The device's clock at the zero of time.
    stamp: u32,
    timestamp: u32,
    subs: Vec<Value>,
    answers: Vec<Value>,
    probes: Vec<Duration>,
    /// Whether probes are answered.
    on: bool,
}

impl Bench {
    fn new() -> Self {
        let token = Token::new(TOKEN);
        let mut bench = Self {
            session: Session::new(&token, Config::default(), &mut SeededRandom::new(1)),
            device: Responder::new(DID, token),
            now: Instant::ORIGIN,
            stamp: 1000,
            timestamp: 0,
            subs: Vec::new(),
            answers: Vec::new(),
            probes: Vec::new(),
            on: true,
        };
        bench.session.subscribe(bench.now, 1_700_000_000, &mut SeededRandom::new(5));
        bench.exchange();
        bench
    }

    fn subscribed() -> Self {
        let mut bench = Self::new();
        assert_eq!(bench.events(), [Event::Subscribed { again: false }]);
        bench
    }

    fn clock(&self) -> u32 {
        self.stamp + u32::try_from(self.now.since_origin().as_secs()).unwrap()
    }

    fn exchange(&mut self) {
        let mut buffer = Vec::new();
        while let Some(datagram) = self.session.poll_transmit(self.now, &mut buffer) {
            let mut datagram = datagram.to_vec();
            let clock = self.clock();
            match self.device.receive(clock, &mut datagram).unwrap() {
                Incoming::Hello { virtual_did } => {
                    let field = match virtual_did {
                        Some(_) => {
                            self.probes.push(self.now.since_origin());
                            let state = Subscription::new(self.timestamp, 1, true);
                            HelloField::Subscription(state)
                        }
                        None => HelloField::HiddenFf,
                    };
                    if self.on {
                        let reply = HelloReply::new(DID, clock, field).encode();
                        self.session.handle_datagram(self.now, &mut reply.clone());
                    }
                }
                Incoming::Request(request) if request.method == "miIO.sub" => {
                    self.timestamp =
                        u32::try_from(request.params["update_ts"].as_u64().unwrap()).unwrap();
                    self.subs.push(request.message);
                    self.say(&format!(r#"{{"id":{},"result":{{"code":0}}}}"#, request.id));
                }
                Incoming::Request(request) => self.answers.push(request.message),
                _ => {}
            }
        }
    }

    fn say(&mut self, text: &str) {
        self.say_with(DID, self.clock(), text);
    }

    fn say_with(&mut self, did: u64, stamp: u32, text: &str) {
        let packet = seal(&TOKEN, did, stamp, text);
        self.hear(&packet);
    }

    fn hear(&mut self, packet: &[u8]) {
        self.session.handle_datagram(self.now, &mut packet.to_vec());
        self.exchange();
    }

    fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(next) = self.session.poll_timeout().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.session.handle_timeout(self.now);
            self.exchange();
        }
        self.now = until;
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.session.poll_event())
            .filter_map(|event| match event {
                session::Event::Push(event) => Some(event),
                _ => None,
            })
            .collect()
    }

    /// How many messages were delivered and how many answered since this was last asked.
    fn counts(&mut self) -> (usize, usize) {
        (self.events().len(), std::mem::take(&mut self.answers).len())
    }
}

fn seal(token: &[u8; 16], did: u64, stamp: u32, text: &str) -> Vec<u8> {
    let mut packet = vec![0; Cipher::sealed_len(text.len())];
    let cipher = Cipher::new(&Token::new(*token));
    cipher.seal(Header { did, stamp }, text.as_bytes(), &mut packet).unwrap();
    packet
}

#[test]
fn the_request_is_what_devices_know_to_the_byte() {
    let mut session =
        Session::new(&Token::new(TOKEN), Config::default(), &mut SeededRandom::new(1));
    session.subscribe(Instant::ORIGIN, 1_700_000_000, &mut SeededRandom::new(5));
    let mut buffer = Vec::new();
    let probe = session.poll_transmit(Instant::ORIGIN, &mut buffer).unwrap().to_vec();
    let virtual_did = Packet::parse(&probe).unwrap().virtual_did().unwrap();
    let state = HelloField::Subscription(Subscription::new(0, 4, true));
    let mut reply = HelloReply::new(DID, 77, state).encode();
    session.handle_datagram(Instant::ORIGIN, &mut reply);
    let mut sub = session.poll_transmit(Instant::ORIGIN, &mut buffer).unwrap().to_vec();
    let text = String::from_utf8(session.cipher().open(&mut sub).unwrap().to_vec()).unwrap();
    let (_, tail) = text.split_once(',').unwrap();
    let expected = format!(
        r#""method":"miIO.sub","params":{{"version":"2.0","did":"{virtual_did}","update_ts":1700000000,"sub_method":"."}}}}"#
    );
    assert_eq!(tail, expected);
}

#[test]
fn messages_are_delivered_once_and_answered_each_time() {
    let mut bench = Bench::subscribed();
    bench.say(&format!(r#"{{"id":9,{CHANGED}"#));
    assert_eq!(bench.answers, [json!({"id": 9, "result": {"code": 0}})]);
    let events = bench.events();
    let [Event::Changed(changes)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((changes[0].id, &changes[0].value), (PropertyId::new(2, 1), &json!(true)));
    bench.answers.clear();
    for _ in 0..4 {
        bench.wait(SECOND);
        bench.say(&format!(r#"{{"id":9,{CHANGED}"#));
        assert_eq!(bench.counts(), (0, 1), "a repetition");
    }
    bench.wait(5 * SECOND);
    bench.say(&format!(r#"{{"id":9,{CHANGED}"#));
    assert_eq!(bench.counts(), (1, 1), "the id has come round");
    // Answered although nobody can read it: it would come again and again.
    bench.say(r#"{"id":10,"method":"properties_changed","params":"?"}"#);
    assert_eq!(bench.counts(), (0, 1));
    // The answer to this would pass for the device's own.
    bench.say(&format!(r#"{{"id":0,{CHANGED}"#));
    assert_eq!(bench.counts(), (1, 0));
    let stats = bench.session.push_stats().unwrap();
    assert_eq!((stats.delivered, stats.repeated, stats.malformed), (3, 4, 1));
}

#[test]
fn what_is_forged_is_neither_delivered_nor_answered() {
    let mut bench = Bench::subscribed();
    bench.wait(SECOND);
    let text = |id: i64| format!(r#"{{"id":{id},{CHANGED}"#);
    let clock = bench.clock();
    bench.hear(&seal(&[8; 16], DID, clock, &text(1)));
    assert_eq!(bench.counts(), (0, 0), "another token");
    bench.say_with(DID + 1, clock, &text(2));
    assert_eq!(bench.counts(), (0, 0), "another did");
    let genuine = seal(&TOKEN, DID, clock, &text(3));
    bench.hear(&genuine);
    assert_eq!(bench.counts(), (1, 1));
    for seconds in [5, 3, 2] {
        bench.wait(SECOND * seconds);
        bench.hear(&genuine);
        assert_eq!(bench.counts(), (0, 0), "a replay");
    }
    assert_eq!(bench.session.push_stats().unwrap().replayed, 3);
    // Its stamp is old by now.
    let subs = bench.subs.len();
    bench.wait(SECOND);
    bench.hear(&genuine);
    assert_eq!(bench.counts().1, 0);
    assert_eq!(bench.session.push_stats().unwrap().stale, 1);
    // The device is asked, once: its clock may have jumped.
    assert_eq!(bench.subs.len(), subs + 1);
    for _ in 0..100 {
        bench.hear(&genuine);
    }
    assert_eq!(bench.subs.len(), subs + 1);
    assert_eq!(bench.session.push_stats().unwrap().other_did, 1);
}

#[test]
fn a_clock_that_jumps_is_found_out() {
    let mut bench = Bench::subscribed();
    bench.wait(15 * SECOND);
    bench.stamp = 1_700_000_000;
    bench.say(&format!(r#"{{"id":1,{CHANGED}"#));
    assert_eq!(bench.events(), [Event::Subscribed { again: true }]);
    bench.wait(SECOND);
    bench.say(&format!(r#"{{"id":1,{CHANGED}"#));
    assert_eq!(bench.events().len(), 1, "the repetition is believed");
}

#[test]
fn probes_come_at_their_pace() {
    let mut bench = Bench::subscribed();
    bench.wait(SECOND * 400);
    let waits: Vec<_> = bench.probes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!((7..=10).contains(&waits.len()), "{waits:?}");
    for (wait, middle) in waits.iter().zip([20, 40].into_iter().chain(std::iter::repeat(50))) {
        let tenth = SECOND * middle / 10;
        assert!(*wait >= SECOND * middle - tenth && *wait <= SECOND * middle + tenth, "{waits:?}");
    }
    assert!(waits.iter().any(|wait| wait.subsec_millis() != 0), "in step with all the others");

    // Three more, five seconds apart, and then it is offline.
    bench.on = false;
    bench.probes.clear();
    bench.wait(SECOND * 80);
    let waits: Vec<_> = bench.probes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(waits[..3], [5 * SECOND; 3], "{waits:?}");
    assert!(waits.get(3).is_none_or(|wait| *wait >= 18 * SECOND + 5 * SECOND), "{waits:?}");
    assert_eq!(bench.events(), [Event::Offline]);
    bench.on = true;
    bench.wait(SECOND * 60);
    assert_eq!(bench.events(), [Event::Subscribed { again: true }]);
}

#[test]
fn another_time_of_subscribing_is_answered_by_subscribing() {
    let mut bench = Bench::subscribed();
    // Somebody else has subscribed, or the device was switched off.
    for other in [5, 0] {
        bench.timestamp = other;
        bench.wait(56 * SECOND);
        assert_eq!(bench.events(), [Event::Subscribed { again: true }]);
    }
    let times: Vec<_> =
        bench.subs.iter().map(|sub| sub["params"]["update_ts"].as_u64().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
    let dids: Vec<_> = bench.subs.iter().map(|sub| &sub["params"]["did"]).collect();
    assert!(dids.iter().all(|did| *did == dids[0] && did.is_string()), "kept while running");
}

#[test]
fn forged_answers_to_probes_cost_little() {
    let mut bench = Bench::subscribed();
    let forged = |timestamp, stamp| {
        let state = Subscription::new(timestamp, 1, true);
        HelloReply::new(DID, stamp, HelloField::Subscription(state)).encode()
    };
    // Nobody asked.
    bench.wait(10 * SECOND);
    let subs = bench.subs.len();
    for timestamp in 0..1000 {
        bench.hear(&forged(timestamp, 4_000_000_000));
    }
    assert_eq!(bench.subs.len(), subs);
    // While an answer is expected, one of them gets through.
    let probes = bench.probes.len();
    while bench.probes.len() == probes {
        bench.wait(SECOND);
    }
    for timestamp in 0..1000 {
        bench.hear(&forged(timestamp, 4_000_000_000));
    }
    assert_eq!(bench.subs.len(), subs + 1);
    // Plain answers beside the genuine ones end nothing.
    for _ in 0..20 {
        bench.wait(15 * SECOND);
        bench.hear(&HelloReply::new(DID, bench.clock(), HelloField::HiddenFf).encode());
    }
    assert!(!bench.events().iter().any(|event| matches!(event, Event::Unsupported)));
    bench.say(&format!(r#"{{"id":77,{CHANGED}"#));
    assert_eq!(bench.counts(), (1, 1), "it works as before");
}

#[test]
fn a_refused_subscription_is_tried_again() {
    let mut bench = Bench::new();
    bench.events();
    bench.timestamp = 1;
    let mut buffer = Vec::new();
    // Until it asks again.
    while bench.subs.len() == 1 {
        let next = bench.session.poll_timeout().unwrap();
        bench.now = bench.now.max(next);
        bench.session.handle_timeout(bench.now);
        let Some(datagram) = bench.session.poll_transmit(bench.now, &mut buffer) else { continue };
        let mut datagram = datagram.to_vec();
        match bench.device.receive(bench.clock(), &mut datagram).unwrap() {
            Incoming::Hello { .. } => {
                let state = HelloField::Subscription(Subscription::new(1, 1, true));
                let mut reply = HelloReply::new(DID, bench.clock(), state).encode();
                bench.session.handle_datagram(bench.now, &mut reply);
                let sub = bench.session.poll_transmit(bench.now, &mut buffer).unwrap().to_vec();
                let sub = bench.device.receive(bench.clock(), &mut sub.clone()).unwrap();
                let Incoming::Request(sub) = sub else { panic!("{sub:?}") };
                let refusal = format!(r#"{{"id":{},"result":{{"code":-4}}}}"#, sub.id);
                bench.subs.push(sub.message);
                bench.say(&refusal);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(bench.events()[..], [Event::NotSubscribed(_)]));
    bench.wait(60 * SECOND);
    assert_eq!(bench.events(), [Event::Subscribed { again: true }]);
}

#[test]
fn memory_is_bounded_and_the_device_is_not_answered_what_nobody_kept() {
    let mut bench = Bench::subscribed();
    for id in 1..=1000 {
        bench.say(&format!(r#"{{"id":{id},{CHANGED}"#));
    }
    let (delivered, answered) = bench.counts();
    assert_eq!((delivered, answered), (64, 64));
    bench.say(&format!(r#"{{"id":1000,{CHANGED}"#));
    assert_eq!(bench.counts(), (1, 1), "the device comes again, and it is news");
}

async fn pushing() -> (SimDevice, Client, Device) {
    let sim = SimDevice::light().lan_push(LanPush::default()).spawn().await.unwrap();
    let client = Client::builder().timeout(1500 * MS).bind().await.unwrap();
    let device = client.device(sim.addr(), sim.token());
    (sim, client, device)
}

async fn next(pushes: &mut iot_home_miio::client::Pushes) -> Event {
    tokio::time::timeout(10 * SECOND, pushes.next()).await.expect("in time").expect("an event")
}

fn value(event: &Event) -> Value {
    match event {
        Event::Changed(changes) => changes[0].value.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_stream_of_events_on_the_clients_socket() {
    let (sim, client, device) = pushing().await;
    let mut pushes = device.subscribe().await.unwrap();
    sim.set_property((2, 2), 7).unwrap();
    assert_eq!(value(&next(&mut pushes).await), json!(7));
    // Calls work as ever, and what they change is told as well.
    device.set([((2, 1), json!(true))]).await.unwrap();
    assert_eq!(value(&next(&mut pushes).await), json!(true));
    sim.emit((3, 1), [(1, json!(5))]);
    let Event::Occurred(occurrence) = next(&mut pushes).await else { panic!("an event") };
    assert_eq!(occurrence.did, sim.did());

    // A second stream shares the subscription, and ends for itself.
    let mut second = client.device(sim.addr(), sim.token()).subscribe().await.unwrap();
    sim.set_property((2, 2), 8).unwrap();
    assert_eq!(value(&next(&mut pushes).await), json!(8));
    assert_eq!(value(&next(&mut second).await), json!(8));
    drop(pushes);
    sim.set_property((2, 2), 9).unwrap();
    assert_eq!(value(&next(&mut second).await), json!(9));
    assert_eq!(sim.report().unsubscriptions, 0);
    drop(second);
    // It still has a handle: the device was told, and calls work.
    device.get::<bool>((2, 1)).await.unwrap();
    let report = sim.report();
    assert_eq!((report.subscriptions, report.unsubscriptions), (1, 1));
    assert_eq!((report.repeated_uplinks, report.violations.total()), (0, 0));
}

#[tokio::test]
async fn a_stream_that_outlives_its_handles() {
    let (sim, client, device) = pushing().await;
    let mut pushes = device.subscribe().await.unwrap();
    drop((client, device));
    sim.set_property((2, 2), 7).unwrap();
    assert_eq!(value(&next(&mut pushes).await), json!(7));
    drop(pushes);
    // In one datagram, which on loopback arrives.
    let began = tokio::time::Instant::now();
    while sim.report().unsubscriptions == 0 {
        assert!(began.elapsed() < 5 * SECOND, "the device was not told");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_reader_that_is_too_slow_is_told_what_it_missed() {
    // A device by hand, which pushes faster than devices do.
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let addr = socket.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let mut device = Responder::new(DID, Token::new(TOKEN));
        let mut buffer = vec![0; 2048];
        let mut acknowledged = 0;
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            match device.receive(77, &mut buffer[..length]).unwrap() {
                Incoming::Hello { .. } => {
                    let state = HelloField::Subscription(Subscription::new(0, 1, true));
                    let reply = HelloReply::new(DID, 77, state).encode();
                    socket.send_to(&reply, from).await.unwrap();
                }
                Incoming::Request(request) if request.method == "miIO.sub" => {
                    let reply = device.reply(77, request.id, r#"{"code":0}"#).unwrap();
                    socket.send_to(&reply, from).await.unwrap();
                    let push = device.seal(77, format!(r#"{{"id":1,{CHANGED}"#).as_bytes());
                    socket.send_to(&push.unwrap(), from).await.unwrap();
                }
                Incoming::Request(request) if request.method.is_empty() => {
                    acknowledged += 1;
                    if acknowledged == 300 {
                        return;
                    }
                    let text = format!(r#"{{"id":{},{CHANGED}"#, request.id + 1);
                    let push = device.seal(77, text.as_bytes()).unwrap();
                    socket.send_to(&push, from).await.unwrap();
                }
                other => panic!("{other:?}"),
            }
        }
    });
    let client = Client::bind().await.unwrap();
    let device = client.device(addr, Token::new(TOKEN));
    let mut pushes = device.subscribe().await.unwrap();
    // Calls and acknowledgements go on while nobody reads.
    tokio::time::timeout(10 * SECOND, served).await.expect("all are answered").unwrap();
    assert_eq!(next(&mut pushes).await, Event::Missed { events: 300 - 256 });
    for _ in 0..256 {
        assert_eq!(value(&next(&mut pushes).await), json!(true));
    }
    let more = tokio::time::timeout(20 * MS, pushes.next()).await;
    assert!(more.is_err(), "{more:?}");
}

#[tokio::test]
async fn devices_that_cannot_be_subscribed_to() {
    let sim = SimDevice::light().spawn().await.unwrap();
    let client = Client::bind().await.unwrap();
    let device = client.device(sim.addr(), sim.token());
    let (error, call) = tokio::join!(device.subscribe(), device.get::<bool>((2, 1)));
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSupported, "{error}");
    assert!(error.hint().is_some() && call.is_ok());
    sim.set_silence(Silence::Total);
    let error = device.subscribe().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoHello, "{error}");
    // A wrong token: the probe is answered, and nothing else.
    let sim = SimDevice::light().lan_push(LanPush::default()).spawn().await.unwrap();
    let device = client.device(sim.addr(), Token::new([1; 16]));
    let error = device.subscribe().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAnswer, "{error}");
}

#[tokio::test]
async fn a_stream_ends_with_its_client() {
    let (_sim, client, device) = pushing().await;
    let mut pushes = device.subscribe().await.unwrap();
    drop((client, device));
    assert!(
        tokio::time::timeout(50 * MS, pushes.next()).await.is_err(),
        "it keeps the client alive"
    );
}
