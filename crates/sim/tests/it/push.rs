//! LAN subscriptions: what a device tells its subscriber, and what it refuses.

use std::time::Duration;

use iot_home_core::{EventId, PropertyId};
use iot_home_miio::packet::{HelloField, HelloReply, Subscription, mdid_probe};
use iot_home_miio::push::{Event, Occurrence};
use iot_home_miio::{Request, json};
use iot_home_sim::miio::{LanPush, Silence};
use iot_home_sim::{Faults, SimDevice, VirtualLink};
use serde_json::{Value, json};

use crate::client::Client;

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);
const SUB: &str = r#"{"id":1,"method":"miIO.sub","params":{"version":"2.0","did":"7","update_ts":1700000000,"sub_method":"."}}"#;

fn client() -> Client {
    Client::of(SimDevice::light().lan_push(LanPush::default()))
}

fn subscribed() -> Client {
    let mut client = client();
    client.raw(&mdid_probe(7));
    assert_eq!(client.ask(SUB)["result"], json!({"code": 0}));
    client
}

fn state(client: &mut Client) -> Subscription {
    let answers = client.raw(&mdid_probe(7));
    match HelloReply::parse(&answers[0]).unwrap().field {
        HelloField::Subscription(state) => state,
        other => panic!("{other:?}"),
    }
}

/// What comes within this time: when, under which id, and what.
fn told(client: &mut Client, time: Duration) -> Vec<(Duration, i64, Value)> {
    let came = client.wait(time);
    let read = came.into_iter().map(|(at, datagram)| {
        let message = json::parse(&client.open(&datagram).unwrap()).unwrap();
        (at, message["id"].as_i64().unwrap(), message["params"].clone())
    });
    read.collect()
}

fn accept(client: &mut Client, id: i64) {
    assert!(client.send(&format!(r#"{{"id":{id},"result":{{"code":0}}}}"#)).is_empty());
}

#[test]
fn a_probe_shows_the_subscription() {
    let mut client = client();
    assert_eq!(state(&mut client), Subscription::new(0, 1, true));
    client.ask(SUB);
    assert_eq!(state(&mut client), Subscription::new(1_700_000_000, 1, true));
    client.device.reboot(client.now);
    assert_eq!(state(&mut client).timestamp, 0);
    assert_eq!(client.device.report().violations.total(), 0);

    let mut plain = Client::of(SimDevice::light());
    let reply = HelloReply::parse(&plain.raw(&mdid_probe(7))[0]).unwrap();
    assert_eq!(reply.field, HelloField::HiddenFf);
    assert_eq!(plain.ask(SUB)["error"]["code"], -32601);
}

#[test]
fn every_wrong_subscription_is_refused_and_counted() {
    for (right, wrong) in [
        (r#""version":"2.0""#, r#""version":"1.0""#),
        (r#""version":"2.0","#, ""),
        (r#""did":"7""#, r#""did":7"#),
        (r#""did":"7""#, r#""did":"8""#),
        ("1700000000", r#""1700000000""#),
        ("1700000000", "0"),
        ("1700000000", "4294967296"),
        (r#""sub_method":".""#, r#""sub_method":"props""#),
        (r#""sub_method":".""#, r#""sub_method":".","more":1"#),
    ] {
        let mut client = client();
        client.raw(&mdid_probe(7));
        let answer = client.ask(&SUB.replace(right, wrong));
        assert_eq!(answer["error"]["code"], -32602, "{wrong}");
        let report = client.device.report();
        assert_eq!((report.violations.bad_subscription, report.subscriptions), (1, 0), "{wrong}");
        assert_eq!(report.violations.total(), 1);
        assert_eq!(state(&mut client).timestamp, 0, "{wrong}");
    }
    // Without a probe nobody knows the did.
    let mut unknown = client();
    assert_eq!(unknown.ask(SUB)["error"]["code"], -32602);
    assert_eq!(unknown.device.report().violations.bad_subscription, 1);
}

#[test]
fn only_the_present_subscription_can_be_ended() {
    let mut client = subscribed();
    let unsub = SUB.replace("miIO.sub", "miIO.unsub").replace(r#""id":1"#, r#""id":2"#);
    let other = unsub.replace("1700000000", "1700000001");
    assert_eq!(client.ask(&other)["error"]["code"], -32602);
    assert_eq!(state(&mut client).timestamp, 1_700_000_000);
    assert_eq!(client.ask(&unsub)["result"], json!({"code": 0}));
    assert_eq!(state(&mut client).timestamp, 0);
    let report = client.device.report();
    assert_eq!((report.unsubscriptions, report.violations.bad_subscription), (1, 1));
    client.device.properties_mut().set("2.1", true).unwrap();
    assert!(told(&mut client, 10 * SECOND).is_empty());
}

#[test]
fn properties_are_told_together_once_a_second() {
    let mut client = subscribed();
    let set = |client: &mut Client, name: &str, value: Value| {
        client.device.properties_mut().set(name, value).unwrap();
    };
    set(&mut client, "2.2", json!(10));
    let first = told(&mut client, Duration::ZERO);
    let [(_, 1, params)] = &first[..] else { panic!("{first:?}") };
    let did = client.device.did();
    assert_eq!(*params, json!([{"did": did, "siid": 2, "piid": 2, "value": 10}]));
    accept(&mut client, 1);
    // Within the second: kept, together, and only the last value of each.
    client.now = client.now + 100 * MS;
    for bright in 11..50 {
        set(&mut client, "2.2", json!(bright));
    }
    set(&mut client, "2.1", json!(true));
    let second = told(&mut client, 2 * SECOND);
    let [(at, 2, params), ..] = &second[..] else { panic!("{second:?}") };
    assert_eq!(*at, 900 * MS);
    let values: Vec<_> = params.as_array().unwrap().iter().map(|item| &item["value"]).collect();
    assert_eq!(values, [&json!(true), &json!(49)]);
    accept(&mut client, 2);
    // There and back again is no change.
    set(&mut client, "2.2", json!(1));
    set(&mut client, "2.2", json!(49));
    assert!(told(&mut client, 5 * SECOND).is_empty());
    assert_eq!(client.device.report().violations.total(), 0);
}

#[test]
fn three_events_a_second() {
    let mut client = subscribed();
    for count in 0..7 {
        client.device.emit((3, 1), [(1, json!(count))]);
    }
    let mut came = Vec::new();
    for _ in 0..30 {
        let now = client.now.since_origin();
        for (at, id, params) in told(&mut client, 100 * MS) {
            accept(&mut client, id);
            came.push((now + at, params["arguments"][0]["value"].clone()));
        }
    }
    let at = |second: u32| SECOND * second;
    let expected = [0, 0, 0, 1, 1, 1, 2].map(at).into_iter().zip((0..7).map(Value::from));
    let expected: Vec<_> = expected.collect();
    assert_eq!(came, expected);
    let report = client.device.report();
    assert_eq!((report.uplinks, report.acknowledged, report.repeated_uplinks), (7, 7, 0));
}

#[test]
fn a_message_comes_again_until_it_is_answered_or_given_up() {
    let mut client = subscribed();
    client.device.emit((3, 1), []);
    let came = told(&mut client, 3 * SECOND);
    let at: Vec<_> = came.iter().map(|(at, id, _)| (at.as_secs(), *id)).collect();
    assert_eq!(at, [(0, 1), (1, 1), (2, 1), (3, 1)]);
    // None of these is an answer.
    for wrong in [
        r#"{"id":1,"result":["ok"]}"#,
        r#"{"id":1,"result":{"code":1}}"#,
        r#"{"id":2,"result":{"code":0}}"#,
        r#"{"id":1,"error":{"code":-1,"message":"no"}}"#,
    ] {
        let before = client.device.report().violations.bad_answer;
        assert!(client.send(wrong).is_empty());
        assert_eq!(client.device.report().violations.bad_answer, before + 1, "{wrong}");
    }
    assert_eq!(told(&mut client, SECOND).len(), 1);
    accept(&mut client, 1);
    accept(&mut client, 1);
    assert!(told(&mut client, 60 * SECOND).is_empty());
    assert_eq!(client.device.report().violations.bad_answer, 4, "an answer may come twice");

    client.device.emit((3, 1), []);
    assert_eq!(told(&mut client, 600 * SECOND).len(), 10);
    assert_eq!(client.device.report().unacknowledged, 1);
}

#[test]
fn a_device_that_is_off_tells_nothing() {
    let mut client = subscribed();
    client.device.emit((3, 1), []);
    client.device.reboot(client.now);
    client.device.emit((3, 1), []);
    assert!(told(&mut client, 60 * SECOND).is_empty());
    assert_eq!(client.device.report().untold_events, 1);
}

#[test]
fn a_device_told_to_start_again_has_forgotten_its_subscriber() {
    for method in ["miIO.reboot", "miIO.restore"] {
        let mut client = subscribed();
        client.ask(&format!(r#"{{"id":2,"method":"{method}","params":[]}}"#));
        client.wait(SECOND);
        client.device.emit((3, 1), []);
        assert!(
            client.wait(60 * SECOND).is_empty(),
            "{method}: nothing while it is away, nor after"
        );
        assert_eq!(state(&mut client).timestamp, 0, "{method}");
    }
}

fn link(faults: Faults) -> VirtualLink {
    let lamp = SimDevice::light().lan_push(LanPush::default()).faults(faults);
    let mut link = VirtualLink::new(lamp.build().unwrap());
    link.subscribe();
    link
}

fn values(pushes: Vec<Event>) -> Vec<(PropertyId, Value)> {
    let changes = pushes.into_iter().filter_map(|event| match event {
        Event::Changed(changes) => Some(changes),
        _ => None,
    });
    changes.flatten().map(|change| (change.id, change.value)).collect()
}

#[test]
fn a_session_hears_of_what_happens() {
    let mut link = link(Faults::default());
    link.idle(SECOND);
    assert_eq!(link.take_pushes(), [Event::Subscribed { again: false }]);
    link.device_mut().properties_mut().set("2.1", true).unwrap();
    link.device_mut().emit((3, 1), [(1, json!(5))]);
    link.idle(SECOND);
    let pushes = link.take_pushes();
    let [Event::Changed(changes), Event::Occurred(occurrence)] = &pushes[..] else {
        panic!("{pushes:?}")
    };
    assert_eq!((changes[0].id, &changes[0].value), (PropertyId::new(2, 1), &json!(true)));
    assert_eq!(changes[0].did, link.device().did());
    let Occurrence { id, arguments, .. } = &**occurrence;
    assert_eq!((*id, &arguments[..]), (EventId::new(3, 1), &[(1.into(), json!(5))][..]));
    link.idle(Duration::from_secs(3600));
    let report = link.device().report();
    assert_eq!((report.acknowledged, report.repeated_uplinks), (2, 0));
    // Every 20, 40, 50, 50 … seconds, a tenth more or less.
    assert!((68..=82).contains(&report.hellos), "{}", report.hellos);
    assert_eq!((report.subscriptions, report.violations.total()), (1, 0));
    assert!(link.take_pushes().is_empty());

    link.unsubscribe();
    link.idle(SECOND);
    assert_eq!(link.device().report().unsubscriptions, 1);
    assert_eq!(link.device().report().violations.total(), 0);
    assert_eq!(link.session().poll_timeout(), None, "nothing goes on");
}

#[test]
fn a_reboot_costs_a_minute_at_most() {
    let faults = Faults::default().stamp_window(2 * SECOND).id_memory(32);
    let mut link = link(faults);
    link.idle(300 * SECOND);
    link.reboot();
    link.device_mut().properties_mut().set("2.1", true).unwrap();
    link.take_pushes();
    link.idle(56 * SECOND);
    assert_eq!(link.take_pushes(), [Event::Subscribed { again: true }]);
    link.device_mut().properties_mut().set("2.2", 7).unwrap();
    link.idle(2 * SECOND);
    assert_eq!(values(link.take_pushes()), [(PropertyId::new(2, 2), json!(7))]);
    assert_eq!(link.device().report().subscriptions, 2);
}

#[test]
fn a_device_that_goes_and_comes_back() {
    let mut link = link(Faults::default());
    link.idle(SECOND);
    link.take_pushes();
    link.device_mut().set_silence(Silence::Total);
    link.device_mut().properties_mut().set("2.2", 3).unwrap();
    link.idle(80 * SECOND);
    assert_eq!(link.take_pushes(), [Event::Offline]);
    link.idle(600 * SECOND);
    assert!(link.take_pushes().is_empty(), "it is told once");
    link.device_mut().set_silence(Silence::Never);
    link.idle(60 * SECOND);
    assert_eq!(link.take_pushes(), [Event::Subscribed { again: true }]);
    let report = link.device().report();
    assert_eq!(report.subscriptions, 1, "the device has not forgotten");
    assert_eq!((report.repeated_uplinks, report.unacknowledged), (9, 1), "nobody heard it");
}

#[test]
fn devices_without_subscriptions() {
    for terms in [None, Some((1, false)), Some((2, true))] {
        let mut lamp = SimDevice::light();
        if let Some((kind, wildcard)) = terms {
            let mut push = LanPush::default();
            (push.kind, push.wildcard) = (kind, wildcard);
            lamp = lamp.lan_push(push);
        }
        let mut link = VirtualLink::new(lamp.build().unwrap());
        link.subscribe();
        link.idle(600 * SECOND);
        assert_eq!(link.take_pushes(), [Event::Unsupported], "{terms:?}");
        let report = link.device().report();
        assert_eq!((report.requests, report.violations.total()), (0, 0));
        assert!(report.hellos < 20);
    }
}

#[test]
fn nothing_is_lost_and_nothing_comes_twice_on_a_bad_link() {
    for seed in 0..60 {
        let faults = Faults::seed(seed)
            .loss(0.1)
            .delay(MS..=20 * MS)
            .duplicate(0.1)
            .reorder(0.1)
            .id_memory(32)
            .stamp_window(2 * SECOND);
        let mut link = link(faults);
        link.idle(30 * SECOND);
        assert_eq!(link.take_pushes(), [Event::Subscribed { again: false }], "{seed}");
        let mut heard = Vec::new();
        for bright in 1..=20 {
            link.device_mut().properties_mut().set("2.2", bright).unwrap();
            // Calls go on meanwhile.
            link.call(Request::new("get_prop", ["power"]).unwrap()).0.unwrap();
            link.idle(8 * SECOND);
            heard.extend(values(link.take_pushes()).into_iter().map(|(_, value)| value));
        }
        let expected: Vec<Value> =
            (1..=20).filter(|bright| *bright != 50).map(Value::from).collect();
        assert_eq!(heard, expected, "{seed}");
        let stats = link.session().push_stats().unwrap();
        assert_eq!((stats.stale, stats.replayed, stats.malformed), (0, 0, 0));
        assert_eq!(link.device().report().violations.bad_answer, 0);
        assert_eq!(link.device().report().unacknowledged, 0);
    }
}

#[test]
fn probes_take_no_room_from_calls() {
    let mut quiet = VirtualLink::new(SimDevice::light().build().unwrap());
    let mut link = link(Faults::default());
    for link in [&mut quiet, &mut link] {
        link.idle(SECOND);
        for _ in 0..500 {
            let (reply, elapsed) = link.call(Request::new("get_prop", ["power"]).unwrap());
            assert!(reply.is_ok());
            assert!(elapsed <= 4 * MS, "{elapsed:?}");
            link.idle(997 * MS);
        }
    }
    assert_eq!(link.device().report().requests, quiet.device().report().requests + 1);
}
