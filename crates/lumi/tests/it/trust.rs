//! Whom a session believes.

use std::net::SocketAddr;

use iot_home_lumi::session::{Answer, Config, Event};
use iot_home_lumi::{Failure, Values, Version};

use crate::rig::{Rig, builder, gateway_addr, key};

fn stranger() -> SocketAddr {
    "192.0.2.66:9898".parse().unwrap()
}

fn other_port() -> SocketAddr {
    SocketAddr::new(gateway_addr().ip(), 4321)
}

fn on() -> Values {
    Values::new().with("status", "on")
}

/// A rig whose gateway is known and has given out a token.
fn known(version: Version) -> Rig {
    let mut config = Config::default();
    config.version = Some(version);
    let mut rig = Rig::with(builder(version), Some(key()), config);
    let asked = rig.session.children(rig.now);
    rig.end_of(asked).unwrap();
    rig
}

#[test]
fn answers_count_from_the_gateways_address_and_port_alone() {
    let mut rig = known(Version::V1);
    let plug = rig.child(0);
    let asked = rig.session.read(rig.now, plug);
    let mut buffer = Vec::new();
    rig.session.poll_transmit(rig.now, &mut buffer).unwrap();
    let forged = format!(r#"{{"cmd":"read_ack","sid":"{plug}","data":{{"status":"forged"}}}}"#);
    for from in [stranger(), other_port()] {
        assert!(!rig.session.handle_datagram(rig.now, from, forged.as_bytes()), "{from}");
    }
    assert_eq!(rig.session.stats().foreign, 2);
    assert!(!rig.session.handle_multicast(gateway_addr(), forged.as_bytes()));
    assert_eq!(rig.session.poll_event(), None);
    let right = forged.replace("forged", "on");
    assert!(rig.session.handle_datagram(rig.now, gateway_addr(), right.as_bytes()));
    let Some(Event::Done { key, result: Ok(Answer::Read(state)) }) = rig.session.poll_event()
    else {
        panic!()
    };
    assert_eq!((key, state.values.text("status")), (asked, Some("on")));
}

#[test]
fn answers_that_nobody_waits_for_change_nothing() {
    let mut rig = known(Version::V1);
    let (plug, own) = (rig.child(0), rig.gateway.sid());
    let list = format!(
        r#"{{"cmd":"get_id_list_ack","sid":"{own}","token":"forgedforgedforg","data":"[]"}}"#
    );
    let read = format!(r#"{{"cmd":"read_ack","model":"forged","sid":"{plug}","data":"{{}}"}}"#);
    let written = format!(r#"{{"cmd":"write_ack","sid":"{plug}","data":"{{}}"}}"#);
    // Something is waited for, but none of these.
    let waiting = rig.session.read(rig.now, own);
    let mut buffer = Vec::new();
    rig.session.poll_transmit(rig.now, &mut buffer).unwrap();
    for unasked in [list, read, written] {
        assert!(!rig.session.handle_datagram(rig.now, gateway_addr(), unasked.as_bytes()));
    }
    rig.session.cancel(rig.now, waiting);
    assert_eq!(rig.session.stats().unasked, 3);
    assert_eq!(rig.session.known_children().count(), 2);
    let asked = rig.session.write(rig.now, plug, on());
    assert!(rig.end_of(asked).is_ok());
    assert_eq!(rig.gateway.report().violations.total(), 0, "the token is still the right one");
}

/// An answer to what has not been sent yet cannot be one.
#[test]
fn an_answer_before_the_question_is_none() {
    let mut rig = known(Version::V1);
    let plug = rig.child(0);
    rig.session.read(rig.now, plug);
    let early = format!(r#"{{"cmd":"read_ack","sid":"{plug}","data":"{{}}"}}"#);
    assert!(!rig.session.handle_datagram(rig.now, gateway_addr(), early.as_bytes()));
}

#[test]
fn a_token_is_taken_from_the_gateways_own_heartbeat_alone() {
    let mut rig = known(Version::V1);
    let (plug, own) = (rig.child(0), rig.gateway.sid());
    let heartbeat = |sid| {
        format!(
            r#"{{"cmd":"heartbeat","model":"gateway","sid":"{sid}","token":"forgedforgedforg","data":"{{}}"}}"#
        )
    };
    assert!(!rig.session.handle_multicast(stranger(), heartbeat(own).as_bytes()));
    // From its address, and yet of another: told, but no token is taken from it.
    assert!(rig.session.handle_multicast(gateway_addr(), heartbeat(plug).as_bytes()));
    let asked = rig.session.write(rig.now, plug, on());
    assert!(rig.end_of(asked).is_ok());
    assert_eq!(rig.gateway.report().violations.total(), 0);
    // One that is forged in full costs a refusal, and the write is executed once all the same.
    assert!(rig.session.handle_multicast(gateway_addr(), heartbeat(own).as_bytes()));
    let asked = rig.session.write(rig.now, plug, Values::new().with("status", "toggle"));
    assert!(rig.end_of(asked).is_ok());
    let report = rig.gateway.report();
    assert_eq!(report.violations.wrong_key, 1);
    assert_eq!(report.executed(plug), 2);
}

/// Whose id is not known yet has no token that could be taken.
#[test]
fn a_heartbeat_before_the_gateway_is_known_gives_no_token() {
    let mut config = Config::default();
    config.version = Some(Version::V1);
    let mut rig = Rig::with(builder(Version::V1), Some(key()), config);
    let forged =
        br#"{"cmd":"heartbeat","model":"gateway","sid":"f0b429ffffff","token":"forgedforgedforg"}"#;
    assert!(rig.session.handle_multicast(gateway_addr(), forged));
    let plug = rig.child(0);
    let asked = rig.session.write(rig.now, plug, on());
    assert!(rig.end_of(asked).is_ok());
    assert_eq!(rig.gateway.report().violations.total(), 0);
}

#[test]
fn reports_are_told_from_the_gateways_address_whatever_the_port() {
    let mut rig = known(Version::V1);
    let report =
        br#"{"cmd":"report","model":"forged","sid":"158d0001a2b3c4","data":"{\"status\":\"on\"}"}"#;
    assert!(!rig.session.handle_multicast(stranger(), report));
    assert!(!rig.session.handle_datagram(rig.now, stranger(), report));
    assert_eq!(rig.session.poll_event(), None);
    assert!(rig.session.handle_multicast(other_port(), report));
    assert!(rig.session.handle_datagram(rig.now, other_port(), report));
    assert!(matches!(rig.session.poll_event(), Some(Event::Report(_))));
    assert!(matches!(rig.session.poll_event(), Some(Event::Report(_))));
    assert_eq!(rig.session.known_children().count(), 2, "a report makes no child");
}

/// A report changes no model either: a write would carry it.
#[test]
fn a_report_does_not_change_what_is_known_of_a_child() {
    let mut rig = known(Version::V1);
    let plug = rig.child(0);
    let forged =
        format!(r#"{{"cmd":"report","model":"forged","sid":"{plug}","short_id":1,"data":"{{}}"}}"#);
    assert!(rig.session.handle_multicast(gateway_addr(), forged.as_bytes()));
    let asked = rig.session.write(rig.now, plug, on());
    assert!(rig.end_of(asked).is_ok());
    assert_eq!(rig.gateway.report().violations.total(), 0);
}

#[test]
fn another_gateway_at_the_address_is_not_taken_for_it() {
    let mut rig = known(Version::V1);
    let asked = rig.session.children(rig.now);
    let mut buffer = Vec::new();
    rig.session.poll_transmit(rig.now, &mut buffer).unwrap();
    let other =
        br#"{"cmd":"get_id_list_ack","sid":"f0b429ffffff","token":"forgedforgedforg","data":"[]"}"#;
    assert!(!rig.session.handle_datagram(rig.now, gateway_addr(), other));
    assert_eq!(rig.session.stats().other_gateway, 1);
    rig.gateway.ignore(u32::MAX);
    assert!(matches!(rig.end_of(asked), Err(Failure::NoAnswer { .. })));
}

#[test]
fn an_overlong_report_is_not_kept() {
    let mut rig = known(Version::V1);
    let long =
        |length| format!(r#"{{"cmd":"report","sid":"1","data":{{"x":"{}"}}}}"#, "y".repeat(length));
    assert!(rig.session.handle_multicast(gateway_addr(), long(1900).as_bytes()));
    assert!(!rig.session.handle_multicast(gateway_addr(), long(2048).as_bytes()));
    assert_eq!(rig.session.stats().malformed, 1);
}

#[test]
fn a_list_of_too_many_is_cut() {
    let mut rig = known(Version::V1);
    let own = rig.gateway.sid();
    let asked = rig.session.children(rig.now);
    let mut buffer = Vec::new();
    rig.session.poll_transmit(rig.now, &mut buffer).unwrap();
    let sids: Vec<_> = (0..2000).map(|number| format!("{number:012x}")).collect();
    let list = serde_json::json!({
        "cmd": "get_id_list_ack", "sid": own.to_string(), "data": serde_json::json!(sids).to_string(),
    });
    assert!(rig.session.handle_datagram(rig.now, gateway_addr(), list.to_string().as_bytes()));
    assert_eq!(rig.session.known_children().count(), 256);
    let Ok(Answer::Children(children)) = rig.end_of(asked) else { panic!() };
    assert_eq!(children.len(), 256);
}
