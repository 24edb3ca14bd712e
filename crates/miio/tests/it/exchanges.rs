//! Every exchange of push, scenes and children, byte for byte as `fixtures/miio/exchanges.json` has it.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use iot_home_core::{Instant, PropertyId, Random, SeededRandom};
use iot_home_miio::gateway::{self, Sid};
use iot_home_miio::packet::{HELLO, Header, HelloField, HelloReply, Packet, Subscription};
use iot_home_miio::push::Event;
use iot_home_miio::scene::{self, Listener, Scene, SceneNumber, TARGET_DID};
use iot_home_miio::session::{self, Config, Session};
use iot_home_miio::{Cipher, Reply, Request, Token, miot};
use serde_json::{Value, json};

use crate::vectors::unhex;

const GATEWAY: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 20));

struct Vector(Value);

impl Vector {
    fn of(id: &str) -> Self {
        let found = vectors().into_iter().find(|vector| vector.id() == id);
        found.unwrap_or_else(|| panic!("there is no {id}"))
    }

    fn id(&self) -> &str {
        self.0["id"].as_str().unwrap()
    }

    fn text(&self) -> &str {
        self.0["plaintext"].as_str().unwrap()
    }

    fn packet(&self) -> Vec<u8> {
        unhex(self.0["packet"].as_str().unwrap())
    }

    fn did(&self) -> u64 {
        self.0["did"].as_str().unwrap().parse().unwrap()
    }

    fn stamp(&self) -> u32 {
        u32::try_from(self.0["stamp"].as_u64().unwrap()).unwrap()
    }
}

fn vectors() -> Vec<Vector> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/miio/exchanges.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file: Value = serde_json::from_str(&text).unwrap();
    file["vectors"].as_array().unwrap().iter().cloned().map(Vector).collect()
}

fn token() -> Token {
    "476e6b70343055483230644c53707a12".parse().unwrap()
}

/// Gives the numbers it holds, one after the other.
struct Numbers(Vec<u64>);

impl Random for Numbers {
    fn fill(&mut self, buffer: &mut [u8]) {
        SeededRandom::new(1).fill(buffer);
    }

    fn next_u64(&mut self) -> u64 {
        if self.0.is_empty() { 0 } else { self.0.remove(0) }
    }
}

/// A session whose first request has this id, and which knows the device's clock.
fn session(vector: &Vector, first_id: u64) -> Session {
    let mut session = Session::new(&token(), Config::default(), &mut Numbers(vec![first_id]));
    session.introduce(Instant::ORIGIN, vector.did(), vector.stamp());
    session
}

fn sent(session: &mut Session) -> Vec<Vec<u8>> {
    let mut buffer = Vec::new();
    let next = || session.poll_transmit(Instant::ORIGIN, &mut buffer).map(<[u8]>::to_vec);
    std::iter::from_fn(next).collect()
}

fn id_of(vector: &Vector) -> u64 {
    serde_json::from_str::<Value>(vector.text()).unwrap()["id"].as_u64().unwrap()
}

/// Our request is the one of the vector, and the device's answer is taken for its answer.
fn ask(request: Request, asked: &str, answer: &str) -> Reply {
    let (asked, answer) = (Vector::of(asked), Vector::of(answer));
    let id = asked.text().split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty());
    let mut session = session(&asked, id.unwrap().parse().unwrap());
    session.request(Instant::ORIGIN, request);
    assert_eq!(sent(&mut session), [asked.packet()], "{}", asked.id());
    assert!(session.handle_datagram(Instant::ORIGIN, &mut answer.packet()));
    match session.poll_event() {
        Some(session::Event::Done { result, .. }) => result.unwrap(),
        other => panic!("{}: {other:?}", answer.id()),
    }
}

#[test]
fn every_packet_is_sealed_and_opened() {
    let cipher = Cipher::new(&token());
    let mut ids = BTreeSet::new();
    for vector in vectors() {
        assert!(ids.insert(vector.id().to_owned()));
        let header = Header { did: vector.did(), stamp: vector.stamp() };
        if vector.0.get("plaintext").is_none() {
            let reply = HelloReply::new(header.did, header.stamp, HelloField::HiddenZero);
            assert_eq!(reply.encode()[..], vector.packet());
            continue;
        }
        let mut packet = vec![0; Cipher::sealed_len(vector.text().len())];
        cipher.seal(header, vector.text().as_bytes(), &mut packet).unwrap();
        assert_eq!(packet, vector.packet(), "{}", vector.id());
        assert_eq!(cipher.open(&mut packet).unwrap(), vector.text().as_bytes());
    }
    assert_eq!(ids.len(), 31);
}

#[test]
fn subscriptions() {
    let (sub, reply) = (Vector::of("sub"), Vector::of("sub_reply"));
    let mut session = session(&sub, id_of(&sub));
    let virtual_did = 0x1122_3344_5566_7788;
    session.subscribe(Instant::ORIGIN, 1_700_000_000, &mut Numbers(vec![virtual_did]));
    let probes = sent(&mut session);
    assert_eq!(Packet::parse(&probes[0]).unwrap().virtual_did(), Some(virtual_did));
    let state = HelloField::Subscription(Subscription::new(0, 1, true));
    let mut answer = HelloReply::new(sub.did(), sub.stamp(), state).encode();
    session.handle_datagram(Instant::ORIGIN, &mut answer);
    assert_eq!(sent(&mut session), [sub.packet()]);
    session.handle_datagram(Instant::ORIGIN, &mut reply.packet());
    let subscribed = session::Event::Push(Event::Subscribed { again: false });
    assert_eq!(session.poll_event(), Some(subscribed));

    for what in ["properties_changed", "event_occured"] {
        let told = Vector::of(what);
        assert!(session.handle_datagram(Instant::ORIGIN, &mut told.packet()));
        let Some(session::Event::Push(event)) = session.poll_event() else { panic!("{what}") };
        match event {
            Event::Changed(changes) => {
                let changes: Vec<_> = changes
                    .iter()
                    .map(|change| (change.did.to_string(), change.id, change.value.clone()))
                    .collect();
                let own = ("51880628".to_owned(), PropertyId::new(2, 1), json!(true));
                let child = ("lumi.158d0001".to_owned(), PropertyId::new(2, 2), json!(40));
                assert_eq!(changes, [own, child]);
            }
            Event::Occurred(occurrence) => {
                assert_eq!(occurrence.id, (3, 1).into());
                assert_eq!(occurrence.arguments, [(1.into(), json!(5))]);
            }
            other => panic!("{other:?}"),
        }
        // The device's clock is a second or two further on; ours stands still.
        let mut answers = sent(&mut session);
        let cipher = Cipher::new(&token());
        let text = cipher.open(&mut answers[0]).unwrap().to_vec();
        let expected = Vector::of(&format!("{what}_answer"));
        assert_eq!(String::from_utf8(text).unwrap(), expected.text());
    }

    session.unsubscribe(Instant::ORIGIN);
    let mut unsub = sent(&mut session);
    let text = Cipher::new(&token()).open(&mut unsub[0]).unwrap().to_vec();
    assert_eq!(String::from_utf8(text).unwrap(), Vector::of("unsub").text());
    session.handle_datagram(Instant::ORIGIN, &mut Vector::of("unsub_reply").packet());
    assert_eq!(session.poll_timeout(), None, "the answer was taken");
}

#[test]
fn scenes() {
    let extra = "[1,13,1,85,[0,1],0,0]";
    let click =
        Scene::new("lumi.158d0001", "lumi.sensor_switch.v2", "click", "click", extra).unwrap();
    let keys = Cipher::new(&token());
    let magic = &mut Numbers(vec![1_600_000_000 - 1_590_161_094]);
    let here = Ipv4Addr::new(192, 168, 1, 5);
    let store = click.store(SceneNumber::FIRST, here, &keys, magic).unwrap();
    let stored = ask(store, "scene_store", "scene_store_reply");
    scene::stored(&stored).unwrap();
    let removed =
        ask(scene::remove(SceneNumber::FIRST).unwrap(), "scene_remove", "scene_remove_reply");
    scene::stored(&removed).unwrap();

    let mut listener = Listener::new(TARGET_DID);
    listener.add(GATEWAY, token());
    let unix = Vector::of("scene_hello_reply").stamp();
    let (hello, _) = listener.handle_datagram(Instant::ORIGIN, unix, GATEWAY, &mut HELLO.clone());
    assert_eq!(hello.unwrap(), Vector::of("scene_hello_reply").packet());
    let mut fires = Vector::of("scene_fires").packet();
    let (answer, fired) = listener.handle_datagram(Instant::ORIGIN, unix + 1, GATEWAY, &mut fires);
    assert_eq!(answer.unwrap(), Vector::of("scene_answer").packet());
    let fired = fired.unwrap();
    assert_eq!(
        (fired.source.to_string(), fired.action.as_str()),
        ("lumi.158d0001".to_owned(), "click")
    );
}

#[test]
fn children() {
    let sid: Sid = "lumi.158d0001".parse().unwrap();
    let flat = ask(gateway::device_list().unwrap(), "children_flat", "children_flat_reply");
    let listed = gateway::children(&flat).unwrap();
    assert_eq!(listed.len(), 1, "the gateway itself is none");
    assert_eq!((&listed[0].sid, listed[0].type_id), (&sid, Some(19)));
    assert_eq!((listed[0].online, listed[0].firmware.as_deref()), (Some(true), Some("1.0")));
    for (answer, model) in
        [("children_objects_reply", Some("lumi.sensor_ht.v1")), ("children_none_reply", None)]
    {
        let request = gateway::device_list_of_objects().unwrap();
        let listed = gateway::children(&ask(request, "children_objects", answer)).unwrap();
        assert_eq!(listed.first().and_then(|child| child.model.as_deref()), model);
    }
    for (answer, value) in
        [("child_prop_reply", json!(2150)), ("child_prop_empty_reply", Value::Null)]
    {
        let request = gateway::prop(&sid, "temperature").unwrap();
        assert_eq!(gateway::prop_value(&ask(request, "child_prop", answer)).unwrap(), value);
    }
    let request = gateway::props(&sid, &["temperature", "humidity"]).unwrap();
    let values = ask(request, "child_props", "child_props_reply");
    assert_eq!(gateway::prop_values(&values, 2).unwrap(), [json!(2150), json!(4010)]);
    let request = gateway::set_prop(&sid, "neutral_0", &json!("on")).unwrap();
    assert_eq!(ask(request, "child_set_prop", "child_set_prop_reply").text(), r#"["ok"]"#);
    let request = Request::new("toggle_plug", ["neutral_0"]).unwrap().sid(sid.as_str()).unwrap();
    assert_eq!(ask(request, "child_call", "child_call_reply").text(), r#"["ok"]"#);
    let asked = [PropertyId::new(2, 1)];
    let request = miot::get_properties(sid.as_str(), &asked).unwrap();
    let reply = ask(request, "child_get_properties", "child_get_properties_reply");
    let results = miot::property_results(&reply, &asked).unwrap();
    assert_eq!(results[0].as_ref().unwrap().value, Some(json!(true)));
}
