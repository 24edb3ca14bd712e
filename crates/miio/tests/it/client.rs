//! The tokio client against simulated devices, over loopback and in real time.

use std::net::SocketAddr;
use std::time::Duration;

use iot_home_core::{ActionId, Clock, MiotCode, PropertyId, SystemClock};
use iot_home_miio::client::{Direction, ErrorKind};
use iot_home_miio::{ActionInput, Client, Device, Error, Request, Token};
use iot_home_sim::miio::{Beyond, Faults, Property, Service, Silence, SimDevice};
use serde_json::{Value, json};
use tokio::net::UdpSocket;

const MS: Duration = Duration::from_millis(1);

async fn lamp() -> (SimDevice, Client, Device) {
    with(Faults::seed(1)).await
}

async fn with(faults: Faults) -> (SimDevice, Client, Device) {
    let lamp = SimDevice::light().faults(faults).spawn().await.unwrap();
    let client = Client::builder().timeout(1500 * MS).bind().await.unwrap();
    let device = client.device(lamp.addr(), lamp.token());
    (lamp, client, device)
}

fn assert_handles<T: Clone + Send + Sync + 'static>(_: &T) {}

#[tokio::test]
async fn values_are_read_and_written() {
    let (sim, client, device) = lamp().await;
    assert_handles(&client);
    assert_handles(&device);
    assert_eq!(device.did(), None, "nothing is known before the first call");

    device.set([((2, 1), json!(true)), ((2, 2), json!(40))]).await.unwrap();
    assert!(device.get::<bool>((2, 1)).await.unwrap());
    assert_eq!(device.get::<u8>((2, 2)).await.unwrap(), 40);
    assert_eq!(device.did(), Some(sim.did()));
    assert_eq!(sim.property((2, 2)), Some(json!(40)));
    assert_eq!(
        device.get_prop(&["power", "nothing", "bright"]).await.unwrap(),
        [json!("on"), Value::Null, json!(40)]
    );
    assert_eq!(device.info().await.unwrap().model.as_deref(), Some(sim.model()));
    assert_eq!(sim.report().violations.total(), 0);
}

#[tokio::test]
async fn actions_run_in_both_dialects() {
    let (sim, _client, device) = lamp().await;
    let set = ActionId::new(2, 2);
    let by_piid = ActionInput::piids([(2, json!(11)), (3, json!(3000))]);
    let done = device.action(set, by_piid).await.unwrap();
    assert_eq!(
        (done.code, done.out, sim.property((2, 2))),
        (MiotCode::OK, vec![json!(true)], Some(json!(11)))
    );
    let in_order = ActionInput::in_order([json!(12), json!(3000)]);
    assert_eq!(device.action(set, in_order).await.unwrap().code, MiotCode::OK);
    assert_eq!(sim.property((2, 2)), Some(json!(12)));
    assert_eq!(device.action((9, 9), ActionInput::None).await.unwrap().code, MiotCode::NOT_FOUND);
}

#[tokio::test]
async fn results_stand_in_the_order_asked_with_a_code_each() {
    let (_sim, _client, device) = lamp().await;
    let asked = [(2, 3), (99, 1), (2, 1), (2, 3)].map(PropertyId::from);
    let results = device.get_properties(asked).await.unwrap();
    assert_eq!(results.iter().map(|result| result.id).collect::<Vec<_>>(), asked);
    assert_eq!(results[0].value, results[3].value);
    assert_eq!((results[1].code, &results[1].value), (MiotCode::NOT_FOUND, &None));
    assert!(device.get_properties([]).await.unwrap().is_empty());

    let refused = device.get::<bool>((99, 1)).await.unwrap_err();
    assert_eq!(
        (refused.kind(), refused.miot_code()),
        (ErrorKind::Refused, Some(MiotCode::NOT_FOUND))
    );
    let refused = device.set([((2, 2), json!(101))]).await.unwrap_err();
    assert_eq!(refused.miot_code(), Some(MiotCode::BAD_VALUE));
    let wrong = device.get::<String>((2, 1)).await.unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::Malformed);
}

/// A device with twenty properties that takes three at a time.
async fn limited(beyond: Beyond) -> (SimDevice, Client, Device) {
    let service = (1..=20).fold(Service::new(2), |service, piid| {
        service.property(
            Property::integer(piid, 0..=1000)
                .value(i64::from(piid) * 10)
                .classic(format!("p{piid}")),
        )
    });
    let faults = Faults::seed(1).max_properties(3).beyond(beyond);
    let sim = SimDevice::builder().service(service).faults(faults).spawn().await.unwrap();
    let client = Client::builder().timeout(6000 * MS).bind().await.unwrap();
    let device = client.device(sim.addr(), sim.token());
    (sim, client, device)
}

async fn finds_the_limit(beyond: Beyond) {
    let (sim, _client, device) = limited(beyond).await;
    let asked: Vec<_> = (1..=20).rev().map(|piid| PropertyId::new(2, piid)).collect();
    for round in 0..2 {
        let before = sim.report().requests;
        let results = device.get_properties(asked.clone()).await.unwrap();
        for (result, id) in results.iter().zip(&asked) {
            assert_eq!((result.id, &result.value), (*id, &Some(json!(id.piid.get() * 10))));
        }
        if round == 1 {
            let requests = sim.report().requests - before;
            assert_eq!(requests, 10, "10, 5 and then 2 at a time; 2 is remembered");
        }
    }
}

#[tokio::test]
async fn the_limit_is_found_by_minus_9999() {
    finds_the_limit(Beyond::Error).await;
}

#[tokio::test]
async fn the_limit_is_found_by_silence() {
    finds_the_limit(Beyond::Silence).await;
}

#[tokio::test]
async fn the_limit_is_found_by_truncated_answers() {
    finds_the_limit(Beyond::Truncated).await;
}

#[tokio::test]
async fn the_limit_is_found_by_bad_checksums() {
    finds_the_limit(Beyond::BadChecksum).await;
}

#[tokio::test]
async fn the_limit_is_found_by_minus_4004_for_all() {
    finds_the_limit(Beyond::Internal).await;
}

#[tokio::test]
async fn writes_and_classic_reads_find_the_limit_too() {
    let (sim, _client, device) = limited(Beyond::Error).await;
    let values: Vec<_> =
        (1..=20).map(|piid| (PropertyId::new(2, piid), json!(piid + 500))).collect();
    let results = device.set_properties(values).await.unwrap();
    assert!(results.iter().all(|result| result.code.is_ok()), "{results:?}");
    assert_eq!(sim.property((2, 20)), Some(json!(520)));
    let names: Vec<_> = (1..=20).map(|piid| format!("p{piid}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let values = device.get_prop(&names).await.unwrap();
    assert_eq!(values, (501..=520).map(Value::from).collect::<Vec<_>>());
}

/// A device that does no MIoT says -4004 to everything: that is no reason to ask one by one for ever.
#[tokio::test]
async fn a_device_that_fails_at_everything_is_not_taken_for_a_limited_one() {
    let (sim, _client, device) = lamp().await;
    sim.set_faults(Faults::seed(1).max_properties(0).beyond(Beyond::Internal));
    let asked: Vec<_> = (1..=5).map(|piid| PropertyId::new(2, piid)).collect();
    let results = device.get_properties(asked.clone()).await.unwrap();
    assert!(results.iter().all(|result| result.code == MiotCode::INTERNAL));
    sim.set_faults(Faults::seed(1));
    let before = sim.report().executed("get_properties");
    device.get_properties(asked).await.unwrap();
    assert_eq!(sim.report().executed("get_properties") - before, 1, "nothing was remembered");
}

#[tokio::test]
async fn an_unreachable_device_fails_at_its_deadline() {
    // A bound socket that nobody reads from: silence without an error from the system.
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let client = Client::builder().timeout(700 * MS).bind().await.unwrap();
    let device = client.device(silent.local_addr().unwrap(), Token::new([1; 16]));
    for properties in [false, true] {
        let clock = SystemClock::new();
        let error = if properties {
            device.get_properties([(2, 1).into()]).await.unwrap_err()
        } else {
            device.call::<Value>("get_prop", ["power"]).await.unwrap_err()
        };
        let took = clock.now().since_origin();
        assert_eq!(
            (error.kind(), error.off_subnet()),
            (ErrorKind::NoHello, Some(false)),
            "{error}"
        );
        assert!(error.is_timeout() && error.is_retryable() && error.hint().is_some());
        assert!((700 * MS..900 * MS).contains(&took), "{took:?}");
    }
    let error = client.hello(silent.local_addr().unwrap(), 300 * MS).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoHello);
}

#[tokio::test]
async fn causes_are_told_apart() {
    let (sim, client, device) = lamp().await;
    let wrong = client.device(sim.addr(), Token::new([9; 16]));
    let error = wrong.call::<Value>("get_prop", ["power"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAnswer, "{error}");
    assert!(error.hint().unwrap().contains("token"));
    assert!(sim.report().violations.bad_checksum > 0);

    let error = device.call::<Value>("no_such_method", ()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.device_error().unwrap().code),
        (ErrorKind::Device, Some(-32601))
    );
    assert!(error.to_string().contains("does not know this method"), "{error}");

    sim.set_silence(Silence::ToRequests);
    let error = device.call::<Value>("toggle", ()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MaybeExecuted, "{error}");
    assert!(!error.is_retryable());
    sim.set_silence(Silence::Total);
    let error = device.call::<Value>("get_prop", ["power"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoHello, "{error}");
}

#[tokio::test]
async fn bad_input_is_refused_before_anything_is_sent() {
    let (sim, client, device) = lamp().await;
    let kind = |error: Error| error.kind();
    let long = "x".repeat(70_000);
    assert_eq!(
        device.call::<Value>("set_name", [long]).await.map_err(kind),
        Err(ErrorKind::BadInput)
    );
    assert_eq!(device.call::<Value>("", ()).await.map_err(kind), Err(ErrorKind::BadInput));
    let v6: SocketAddr = "[::1]:54321".parse().unwrap();
    let other = client.device(v6, Token::new([1; 16]));
    assert_eq!(other.call::<Value>("get_prop", ()).await.map_err(kind), Err(ErrorKind::BadInput));
    assert_eq!(sim.report().datagrams, 0);
}

#[tokio::test]
async fn one_socket_serves_many_devices_at_once() {
    let client = Client::bind().await.unwrap();
    let mut tasks = Vec::new();
    let mut sims = Vec::new();
    for did in 1..=50_u64 {
        let sim = SimDevice::light()
            .did(did)
            .token([u8::try_from(did).unwrap(); 16])
            .spawn()
            .await
            .unwrap();
        let device = client.device(sim.addr(), sim.token());
        sims.push(sim);
        tasks.push(tokio::spawn(async move {
            for round in 1..=20 {
                let level = (did + round) % 100 + 1;
                device.set([((2, 2), json!(level))]).await.unwrap();
                assert_eq!(device.get::<u64>((2, 2)).await.unwrap(), level);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert!(sims.iter().all(|sim| sim.report().violations.total() == 0));
}

#[tokio::test]
async fn a_dropped_call_is_not_repeated_and_harms_no_other() {
    let (sim, _client, device) = lamp().await;
    device.get::<bool>((2, 1)).await.unwrap();
    sim.set_silence(Silence::ToRequests);
    for _ in 0..10 {
        let call = device.call::<Value>("get_prop", ["power"]);
        assert!(tokio::time::timeout(20 * MS, call).await.is_err());
    }
    let seen = sim.report().datagrams;
    tokio::time::sleep(500 * MS).await;
    assert_eq!(sim.report().datagrams, seen, "nobody waits for an answer, so nothing is repeated");
    sim.set_silence(Silence::Never);
    device.get::<bool>((2, 1)).await.unwrap();
}

#[tokio::test]
async fn dropping_the_last_handle_closes_the_socket() {
    let (_sim, client, device) = lamp().await;
    device.get::<bool>((2, 1)).await.unwrap();
    let port = client.local_addr().port();
    let taken = || std::net::UdpSocket::bind(("0.0.0.0", port)).is_err();
    drop(client);
    device.get::<bool>((2, 1)).await.unwrap();
    assert!(taken(), "a device's handle keeps it open");
    drop(device);
    let mut tries = 0;
    while taken() {
        tries += 1;
        assert!(tries < 100, "the socket is still open");
        tokio::time::sleep(5 * MS).await;
    }
}

#[tokio::test]
async fn strangers_cost_nothing_and_change_nothing() {
    let (sim, client, device) = lamp().await;
    device.get::<bool>((2, 1)).await.unwrap();
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = SocketAddr::new("127.0.0.1".parse().unwrap(), client.local_addr().port());
    for size in 0..300 {
        stranger.send_to(&vec![0x21; size], to).await.unwrap();
        stranger.send_to(&iot_home_miio::packet::HELLO, to).await.unwrap();
    }
    stranger.send_to(&[0x21; 60_000], to).await.unwrap();
    for _ in 0..20 {
        device.get::<bool>((2, 1)).await.unwrap();
    }
    let requests = sim.report().requests;
    assert_eq!(requests, 21, "nothing had to be repeated");
}

#[tokio::test]
async fn garbage_from_the_device_itself_ends_nothing() {
    let (sim, _client, device) = with(Faults::seed(3).garbage(0.9)).await;
    for _ in 0..50 {
        device.get::<bool>((2, 1)).await.unwrap();
    }
    assert!(sim.report().garbage > 20);
}

#[tokio::test]
async fn two_tokens_at_one_address_are_two_devices() {
    let (sim, client, device) = lamp().await;
    let stale = client.device(sim.addr(), Token::new([9; 16]));
    let same = client.device(sim.addr(), sim.token());
    let (right, wrong) = tokio::join!(device.get::<bool>((2, 1)), stale.get::<bool>((2, 1)));
    right.unwrap();
    assert_eq!(wrong.unwrap_err().kind(), ErrorKind::NoAnswer);
    assert_eq!(same.did(), Some(sim.did()), "handles of one token share what is known");
    drop(device);
    same.get::<bool>((2, 1)).await.unwrap();
}

#[tokio::test]
async fn requests_can_be_told_what_to_do() {
    let (sim, client, device) = lamp().await;
    sim.set_silence(Silence::Total);
    let clock = SystemClock::new();
    let short = Request::new("get_prop", ["power"]).unwrap().timeout(200 * MS);
    device.request(short).await.unwrap_err();
    assert!(clock.now().since_origin() < 400 * MS);
    sim.set_silence(Silence::Never);

    let reply = device.request(Request::new("get_prop", ["power"]).unwrap()).await.unwrap();
    assert!(reply.id() > 0);
    assert_eq!(reply.text(), "[\"off\"]");
    assert_eq!(reply.value().unwrap(), json!(["off"]));
    drop(client);
}

#[tokio::test]
async fn the_wire_can_be_watched() {
    use std::sync::{Arc, Mutex};
    let sim = SimDevice::light().spawn().await.unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let client = Client::builder()
        .on_wire(move |event| {
            let payload = event.payload.map(str::to_owned);
            log.lock().unwrap().push((
                event.direction,
                event.did,
                payload,
                event.problem.map(str::to_owned),
            ));
        })
        .bind()
        .await
        .unwrap();
    let device = client.device(sim.addr(), sim.token());
    device.call::<Value>("get_prop", ["power"]).await.unwrap();
    let seen = seen.lock().unwrap();
    let directions: Vec<_> = seen.iter().map(|event| event.0).collect();
    assert_eq!(
        directions,
        [Direction::Sent, Direction::Received, Direction::Sent, Direction::Received]
    );
    assert_eq!(seen[3].1, sim.did().as_u64());
    assert!(seen[2].2.as_deref().unwrap().contains("\"params\":[\"power\"]"));
    assert!(seen[3].2.as_deref().unwrap().contains("[\"off\"]"));
    assert!(seen.iter().all(|event| event.3.is_none()), "{seen:?}");
}

#[tokio::test]
async fn many_calls_at_once_wait_for_their_turn() {
    let (sim, _client, device) = lamp().await;
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let device = device.clone();
            tokio::spawn(async move { device.get_prop(&["power"]).await.map(drop) })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(sim.report().executed("get_prop"), 200);
}

/// The runtime goes away under a call: it ends, and does not hang.
#[test]
fn a_call_ends_when_the_driver_does() {
    let inner = tokio::runtime::Runtime::new().unwrap();
    let client = inner.block_on(Client::bind()).unwrap();
    let device = client.device("127.0.0.1:9".parse::<SocketAddr>().unwrap(), Token::new([1; 16]));
    let outer = tokio::runtime::Runtime::new().unwrap();
    let call = outer.spawn(async move { device.call::<Value>("get_prop", ()).await });
    inner.shutdown_background();
    let error = outer.block_on(call).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    drop(client);
}

#[tokio::test]
async fn a_hello_is_answered_by_whom_it_was_meant_for() {
    use iot_home_miio::packet::{HelloField, HelloReply};
    let device = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let addr = device.local_addr().unwrap();
    let answers = tokio::spawn(async move {
        let mut buffer = [0; 64];
        let (_, from) = device.recv_from(&mut buffer).await.unwrap();
        let reply = HelloReply::new(7, 1, HelloField::HiddenFf).encode();
        // The forgery claims the same did, so that it is not told apart by that.
        stranger.send_to(&reply, from).await.unwrap();
        tokio::time::sleep(20 * MS).await;
        device.send_to(&reply, from).await.unwrap();
    });
    let found = Client::bind().await.unwrap().hello(addr, 3000 * MS).await.unwrap();
    assert_eq!(found.addr, addr);
    answers.await.unwrap();
}

/// The system refuses to send from loopback to the world outside; nothing leaves this machine.
#[tokio::test]
async fn what_the_system_does_not_send_is_said() {
    let local: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let client = Client::builder().local_addr(local).timeout(300 * MS).bind().await.unwrap();
    let outside: SocketAddr = "192.0.2.1:54321".parse().unwrap();
    let device = client.device(outside, Token::new([1; 16]));
    let call = device.call::<Value>("get_prop", ["power"]).await.unwrap_err();
    let hello = client.hello(outside, 300 * MS).await.unwrap_err();
    for error in [call, hello] {
        assert_eq!(error.kind(), ErrorKind::NoHello);
        assert!(error.to_string().contains("could not be sent"), "{error}");
        assert!(error.hint().unwrap().contains("route"), "{error}");
    }
}

/// The did is found out first; what that hello has told is not asked for again.
#[tokio::test]
async fn the_first_properties_cost_one_hello() {
    let (sim, client, device) = lamp().await;
    device.get::<bool>((2, 1)).await.unwrap();
    device.get::<bool>((2, 1)).await.unwrap();
    let report = sim.report();
    assert_eq!((report.hellos, report.requests), (1, 2));
    drop(client);
}

#[tokio::test]
async fn searches_and_hellos_can_be_watched_too() {
    use std::sync::{Arc, Mutex};

    use futures_util::StreamExt;
    use iot_home_miio::Discovery;
    use iot_home_miio::client::WireEvent;
    use iot_home_miio::packet::PacketKind;

    let sim = SimDevice::light().spawn().await.unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let observer = || {
        let seen = Arc::clone(&seen);
        move |event: &WireEvent<'_>| {
            seen.lock().unwrap().push((event.direction, event.kind, event.peer));
        }
    };
    let story = [
        (Direction::Sent, Some(PacketKind::Probe), sim.addr()),
        (Direction::Received, Some(PacketKind::Short), sim.addr()),
    ];
    let search = Discovery::builder().targets([sim.addr()]).count(1).on_wire(observer());
    assert_eq!(search.start().unwrap().count().await, 1);
    assert_eq!(std::mem::take(&mut *seen.lock().unwrap()), story);
    let client = Client::builder().on_wire(observer()).bind().await.unwrap();
    client.hello(sim.addr(), 2000 * MS).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), story);
}
