//! Odd devices and attackers that hold no token.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use iot_home_core::{Clock, Instant, PropertyId, SeededRandom, SystemClock};
use iot_home_miio::client::ErrorKind;
use iot_home_miio::packet::{HelloField, HelloReply, Packet};
use iot_home_miio::responder::{Incoming, Responder, RpcRequest};
use iot_home_miio::session::{Config, Event, Session};
use iot_home_miio::{Client, Device, Request, Token};
use iot_home_sim::miio::{Silence, SimDevice};
use serde_json::{Value, json};
use tokio::net::UdpSocket;

const MS: Duration = Duration::from_millis(1);
const TOKEN: [u8; 16] = [7; 16];

/// A device whose whole answer a function writes, after a while.
async fn device(
    delay: Duration,
    mut answer: impl FnMut(&RpcRequest) -> Value + Send + 'static,
) -> SocketAddr {
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let addr = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut device = Responder::new(42, Token::new(TOKEN));
        let mut buffer = vec![0; 65_536];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            let reply = match device.receive(100, &mut buffer[..length]) {
                Ok(Incoming::Hello { .. }) => device.hello_reply(100).to_vec(),
                Ok(Incoming::Request(request)) => {
                    let message = match answer(&request) {
                        Value::String(text) => text,
                        result => json!({ "id": request.id, "result": result }).to_string(),
                    };
                    device.seal(100, message.as_bytes()).unwrap()
                }
                _ => continue,
            };
            let delay = if reply.len() == 32 { Duration::ZERO } else { delay };
            let socket = Arc::clone(&socket);
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                socket.send_to(&reply, from).await.unwrap();
            });
        }
    });
    addr
}

async fn client(addr: SocketAddr) -> (Client, Device) {
    let client = Client::bind().await.unwrap();
    let device = client.device(addr, Token::new(TOKEN));
    (client, device)
}

fn items(request: &RpcRequest, code: impl Fn(&Value) -> i64) -> Value {
    let items = request.params.as_array().unwrap();
    let result = |item: &Value| json!({ "did": "42", "siid": item["siid"], "piid": item["piid"], "code": code(item), "value": 1 });
    items.iter().map(result).collect()
}

fn ten() -> Vec<PropertyId> {
    (1..=10).map(|piid| PropertyId::new(2, piid)).collect()
}

#[tokio::test]
async fn values_do_not_slide_under_other_names_when_one_is_left_out() {
    let addr = device(Duration::ZERO, |request| {
        let known = |name: &Value| match name.as_str().unwrap() {
            "power" => Some(json!("on")),
            "bright" => Some(json!(40)),
            _ => None,
        };
        request.params.as_array().unwrap().iter().filter_map(known).collect()
    })
    .await;
    let (_client, device) = client(addr).await;
    let values = device.get_prop(&["unknown", "power", "bright"]).await.unwrap();
    assert_eq!(values, [Value::Null, json!("on"), json!(40)]);
}

/// Some devices answer in an order of their own, and name another did than was asked.
#[tokio::test]
async fn results_are_matched_by_their_numbers() {
    let addr = device(Duration::ZERO, |request| {
        let asked = request.params.as_array().unwrap();
        let result = |item: &Value| {
            json!({ "did": "other", "siid": item["siid"], "piid": item["piid"], "code": 0, "value": item["piid"] })
        };
        asked.iter().rev().map(result).collect()
    })
    .await;
    let (_client, device) = client(addr).await;
    let results = device.get_properties(ten()).await.unwrap();
    for (result, id) in results.iter().zip(ten()) {
        assert_eq!((result.id, &result.value), (id, &Some(json!(id.piid.get()))));
    }
}

#[tokio::test]
async fn one_unknown_name_does_not_fail_the_others_for_devices_that_refuse_it_all() {
    let addr = device(Duration::ZERO, |request| {
        let names = request.params.as_array().unwrap();
        if names.len() > 1 {
            return json!(format!(
                "{{\"id\":{},\"error\":{{\"code\":-5001,\"message\":\"\"}}}}",
                request.id
            ));
        }
        json!(["on"])
    })
    .await;
    let (_client, device) = client(addr).await;
    assert_eq!(device.get_prop(&["a", "b"]).await.unwrap(), [json!("on"), json!("on")]);
}

#[tokio::test]
async fn a_device_that_goes_away_fails_at_the_deadline_and_not_at_a_share_of_it() {
    let sim = SimDevice::light().spawn().await.unwrap();
    let client = Client::builder().timeout(2000 * MS).bind().await.unwrap();
    let device = client.device(sim.addr(), sim.token());
    device.get::<bool>((2, 1)).await.unwrap();
    sim.set_silence(Silence::Total);
    let clock = SystemClock::new();
    let error = device.get_properties(ten()).await.unwrap_err();
    let took = clock.now().since_origin();
    assert_eq!(error.kind(), ErrorKind::NoHello, "{error}");
    assert!((1900 * MS..2200 * MS).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_slow_device_is_read_in_one_request() {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let addr = device(1300 * MS, move |request| {
        counter.fetch_add(1, Ordering::Relaxed);
        items(request, |_| 0)
    })
    .await;
    let (_client, device) = client(addr).await;
    let clock = SystemClock::new();
    assert_eq!(device.get_properties(ten()).await.unwrap().len(), 10);
    assert!(clock.now().since_origin() < 2000 * MS, "{:?}", clock.now());
}

#[tokio::test]
async fn one_unreadable_property_is_told_from_a_limit_of_one() {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let addr = device(Duration::ZERO, move |request| {
        counter.fetch_add(1, Ordering::Relaxed);
        let many = request.params.as_array().unwrap().len() > 1;
        items(request, |item| if many || item["piid"] == 1 { -4004 } else { 0 })
    })
    .await;
    let (_client, device) = client(addr).await;
    let codes: Vec<_> = device
        .get_properties(ten())
        .await
        .unwrap()
        .iter()
        .map(|result| result.code.get())
        .collect();
    assert_eq!(codes, [-4004, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert!(count.load(Ordering::Relaxed) <= 14, "{count:?}");
}

#[tokio::test]
async fn what_may_have_been_executed_is_not_called_retryable() {
    let addr = device(Duration::ZERO, |request| {
        let id = request.id;
        json!(match request.method.as_str() {
            "toggle" => format!("{{\"id\":{id},\"result\":[\"o"),
            _ => format!(
                "{{\"id\":{id},\"error\":{{\"code\":-9999,\"message\":\"user ack timeout\"}}}}"
            ),
        })
    })
    .await;
    let (_client, device) = client(addr).await;
    for (method, kind) in [("toggle", ErrorKind::Malformed), ("action", ErrorKind::Device)] {
        let error = device.call::<Value>(method, ()).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (kind, false), "{error}");
    }
    let error = device.call::<Value>("get_something", ()).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
}

#[tokio::test]
async fn another_tokens_answers_are_no_bad_checksums() {
    let addr = device(300 * MS, |_| json!(["on"])).await;
    let client = Client::builder().timeout(1200 * MS).bind().await.unwrap();
    let wrong = client.device(addr, Token::new([9; 16]));
    let right = client.device(addr, Token::new(TOKEN));
    let (wrong, right) = tokio::join!(
        wrong.call::<Value>("get_prop", ["power"]),
        right.call::<Value>("get_prop", ["power"])
    );
    right.unwrap();
    assert_eq!(wrong.unwrap_err().kind(), ErrorKind::NoAnswer);
}

fn session() -> Session {
    Session::new(&Token::new(TOKEN), Config::default(), &mut SeededRandom::new(3))
}

fn sent(session: &mut Session, now: Instant) -> Vec<Vec<u8>> {
    let mut buffer = Vec::new();
    let mut datagrams = Vec::new();
    while let Some(datagram) = session.poll_transmit(now, &mut buffer) {
        datagrams.push(datagram.to_vec());
    }
    datagrams
}

/// Both directions have one key. Whoever throws our own request back must not get an answer out of
/// us that he could throw back in turn.
#[test]
fn our_own_packets_thrown_back_answer_nothing() {
    let mut session = session();
    let now = Instant::ORIGIN;
    session.request(now, Request::new("toggle", ()).unwrap());
    sent(&mut session, now);
    session.handle_datagram(now, &mut HelloReply::new(42, 100, HelloField::HiddenFf).encode());
    let mut request = sent(&mut session, now).pop().unwrap();
    session.handle_datagram(now, &mut request);
    assert_eq!(session.poll_event(), None, "it is not taken for a request of the device's");
    assert_eq!(sent(&mut session, now), Vec::<Vec<u8>>::new());
    assert!(!session.is_confirmed());
}

/// An error without an id may answer the only call there is. It proves nothing about the time.
#[test]
fn a_replayed_error_without_an_id_does_not_set_the_clock() {
    let mut session = session();
    let device = Responder::new(42, Token::new(TOKEN));
    let now = Instant::ORIGIN;
    let text = b"{\"id\":0,\"error\":{\"code\":-32700,\"message\":\"x\"}}";
    let mut recorded = device.seal(5, text).unwrap();
    session.request(now, Request::new("toggle", ()).unwrap());
    sent(&mut session, now);
    session.handle_datagram(now, &mut device.hello_reply(90_000));
    sent(&mut session, now);
    session.handle_datagram(now, &mut recorded);
    assert!(matches!(session.poll_event(), Some(Event::Done { result: Err(_), .. })));
    session.request(now, Request::new("get_prop", ["power"]).unwrap());
    let next = sent(&mut session, now).pop().unwrap();
    assert_eq!(Packet::parse(&next).unwrap().stamp(), 90_000);
}

#[test]
fn a_device_that_loses_its_clock_is_asked_again_once() {
    let mut session = session();
    let mut device = Responder::new(42, Token::new(TOKEN)).stamp_window(60);
    let mut now = Instant::ORIGIN;
    let mut clock = 5000;
    let mut took = Vec::new();
    for call in 0..6 {
        let began = now;
        session.request(now, Request::new("get_prop", ["power"]).unwrap());
        loop {
            let mut replies = Vec::new();
            for mut datagram in sent(&mut session, now) {
                match device.receive(clock, &mut datagram) {
                    Ok(Incoming::Hello { .. }) => replies.push(device.hello_reply(clock).to_vec()),
                    Ok(Incoming::Request(request)) => {
                        replies.push(device.reply(clock, request.id, "[\"on\"]").unwrap());
                    }
                    _ => {}
                }
            }
            if replies.is_empty() {
                now = session.poll_timeout().unwrap();
                session.handle_timeout(now);
            }
            now = now + 5 * MS;
            for mut reply in replies {
                session.handle_datagram(now, &mut reply);
            }
            if session.poll_event().is_some() {
                break;
            }
        }
        took.push(now.saturating_since(began));
        if call == 1 {
            clock = 0;
        }
    }
    assert!(took[2] > 200 * MS && took[3..].iter().all(|took| *took < 50 * MS), "{took:?}");
}

#[test]
fn a_did_of_all_ones_is_none() {
    for unknown in [0xffff_ffff, u64::MAX] {
        let mut session = session();
        session.request(Instant::ORIGIN, Request::new("toggle", ()).unwrap());
        sent(&mut session, Instant::ORIGIN);
        let mut reply = HelloReply::new(unknown, 90, HelloField::HiddenFf).encode();
        session.handle_datagram(Instant::ORIGIN, &mut reply);
        assert_eq!(session.did(), None);
    }
}
