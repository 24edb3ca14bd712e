//! Connections: made, kept, lost, refused, given up.

use std::time::Duration;

use iot_home_core::Instant;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, SubAck, SubscribeReasonCode};

use super::super::{Machine, Step};
use super::broker::{Play, incoming, texts};
use crate::client::error::{Error, ErrorKind};
use crate::client::event::Event;
use crate::client::message::{Message, Qos};
use crate::client::options::Options;
use crate::{ConnectCode, Packet as Handshake, Rules};

const SECOND: Duration = Duration::from_secs(1);

static TENCENT: Rules = {
    let mut rules = Rules::MQTT;
    rules.will = false;
    rules.keep_alive = 30..=900;
    rules.reconnect = Duration::from_secs(5);
    rules
};

#[test]
fn the_login_goes_out_first_and_alone() {
    let mut play = Play::new(Options::new().will(Message::new("gone", "1").retain(true)));
    play.publish("a", 1);
    play.login.username = Some("lamp".into());
    play.login.password = Some(String::from("pw").into());
    let packet = play.open();
    let Handshake::Connect(connect) = crate::packet::parse(&packet).unwrap() else { panic!() };
    assert_eq!((&*connect.client_id, connect.keep_alive), ("lamp-1", 60));
    assert_eq!((connect.username.as_deref(), connect.password), (Some("lamp"), Some(&b"pw"[..])));
    let will = connect.will.unwrap();
    assert_eq!((&*will.topic, will.message, will.qos, will.retain), ("gone", &b"1"[..], 1, true));
}

#[test]
fn what_the_platform_refuses_of_a_login_is_not_sent() {
    let options = Options::new().will(Message::new("gone", "1"));
    let error = Machine::<u32>::new(&TENCENT, options.settings(&TENCENT, false), Instant::ORIGIN);
    assert_eq!(error.unwrap_err().to_string(), "the platform has no wills");

    let mut play = Play::with_rules(&TENCENT, Options::new());
    play.login.keep_alive = 15;
    assert_eq!(play.machine.step(play.now), Step::Connect);
    let error = play.machine.opened(play.now, &play.login).unwrap_err();
    assert_eq!(error.to_string(), "a keep-alive of 15 s is not within the platform's 30 to 900 s");
    play.machine.lost(play.now, error, &mut play.random);
    assert_eq!(play.machine.step(play.now), Step::Stop);
}

#[test]
fn an_answer_may_come_in_pieces_and_with_more_behind_it() {
    let mut play = Play::new(Options::new());
    play.open();
    let mut input = bytes::BytesMut::new();
    for byte in [0x20, 2, 0] {
        input.extend_from_slice(&[byte]);
        play.machine.receive(play.now, &mut input).unwrap();
        assert!(!play.machine.is_connected());
    }
    input.extend_from_slice(&[0]);
    incoming(0, "a").write(&mut input, usize::MAX).unwrap();
    play.machine.receive(play.now, &mut input).unwrap();
    assert!(play.machine.is_connected());
    assert_eq!(play.payloads(), ["a"]);
}

#[test]
fn what_answers_and_is_no_broker_is_told_at_once() {
    for bytes in
        [&b"H"[..], b"HTTP/1.1 400", &[0x20, 3, 0, 0], &[0x20, 2, 2, 0], &[0x30, 3, 0, 1, b't']]
    {
        let mut play = Play::new(Options::new());
        play.open();
        assert_eq!(play.bytes(bytes).unwrap_err().kind(), ErrorKind::Malformed, "{bytes:02x?}");
    }
}

#[test]
fn a_broker_that_says_nothing_is_given_up() {
    let mut play = Play::new(Options::new().connect_timeout(5 * SECOND));
    assert_eq!(play.machine.step(play.now), Step::Connect);
    // The name was looked up slowly.
    play.pass(2 * SECOND);
    play.machine.opened(play.now, &play.login).unwrap();
    assert_eq!(play.serve().unwrap(), Some(play.now + 3 * SECOND));
    play.pass(3 * SECOND);
    let error = play.serve().unwrap_err();
    assert_eq!(error.to_string(), "no answer to the login in time");
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[test]
fn refused_credentials_end_the_session_and_an_unavailable_service_does_not() {
    for (code, kind) in [
        (1, ErrorKind::Refused),
        (2, ErrorKind::Refused),
        (4, ErrorKind::Auth),
        (5, ErrorKind::Auth),
        (9, ErrorKind::Refused),
    ] {
        let mut play = Play::new(Options::new());
        play.publish("a", 1);
        play.open();
        let error = play.bytes(&[0x20, 2, 0, code]).unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (kind, false), "{code}");
        assert_eq!(error.connect_code(), Some(ConnectCode::new(code)));
        play.machine.lost(play.now, error, &mut play.random);
        assert_eq!(play.machine.step(play.now), Step::Stop);
        // Who waits is told, the program is told once, and nothing more is taken.
        assert!(matches!(&play.done()[..], [(1, Err(error))] if error.kind() == kind));
        assert!(matches!(play.machine.take(), Some(Some(Err(error))) if error.kind() == kind));
        assert!(matches!(play.machine.take(), Some(None)));
        let error = play.machine.publish(play.now, Message::new("t", ""), 2).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
    }
    let mut play = Play::new(Options::new());
    play.open();
    let error = play.bytes(&[0x20, 2, 0, 3]).unwrap_err();
    assert!(error.is_retryable());
    play.machine.lost(play.now, error, &mut play.random);
    play.connect(false);
}

#[test]
fn a_session_that_must_connect_at_once_ends_with_its_first_failure_and_with_no_later_one() {
    let mut settings = Options::new().settings(&Rules::MQTT, false);
    settings.fail_fast = true;
    let mut play = Play::with_settings(&Rules::MQTT, settings.clone());
    play.open();
    play.lose();
    assert_eq!(play.machine.step(play.now), Step::Stop);

    let mut play = Play::with_settings(&Rules::MQTT, settings);
    play.connect(false);
    play.lose();
    play.open();
    play.lose();
    play.connect(false);
}

/// The pauses after losing a connection so many times before the broker lets us in.
fn pauses(play: &mut Play, times: usize) -> Vec<f64> {
    let mut pauses = Vec::new();
    for _ in 0..times {
        play.open();
        play.lose();
        let Some(Event::Disconnected { retry_after, .. }) = play.events().pop() else { panic!() };
        pauses.push(retry_after.as_secs_f64());
    }
    pauses
}

#[test]
fn pauses_double_up_to_the_longest_and_differ() {
    let mut play = Play::new(Options::new());
    let pauses = pauses(&mut play, 40);
    let wholes = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0].into_iter().chain(std::iter::repeat(60.0));
    for (pause, whole) in pauses.iter().zip(wholes) {
        assert!((whole / 2.0..=whole).contains(pause), "{pause} of {whole}");
    }
    let late = &pauses[10..];
    let (least, most) =
        (late.iter().copied().fold(99.0, f64::min), late.iter().copied().fold(0.0, f64::max));
    assert!(most - least > 15.0, "{least} to {most}");
}

#[test]
fn the_platforms_shortest_time_between_two_attempts_is_kept() {
    let mut play = Play::with_rules(&TENCENT, Options::new());
    let mut last = None;
    for _ in 0..50 {
        play.open();
        if let Some(last) = last {
            let since = play.now.saturating_since(last);
            assert!(since >= 5 * SECOND, "{since:?}");
        }
        last = Some(play.now);
        play.pass(SECOND / 2);
        play.lose();
    }
}

#[test]
fn a_good_connection_makes_the_next_pause_short() {
    let mut play = Play::new(Options::new());
    assert!(pauses(&mut play, 10)[9] >= 30.0);
    play.connect(false);
    play.pass(120 * SECOND);
    play.lose();
    let Some(Event::Disconnected { retry_after, .. }) = play.events().pop() else { panic!() };
    assert!(retry_after <= SECOND, "{retry_after:?}");
}

fn evictions(play: &mut Play) -> Option<u32> {
    match play.events().pop() {
        Some(Event::Disconnected { error, .. }) => error.evictions(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_twin_is_recognised_by_connections_that_the_broker_ends_early() {
    let mut play = Play::new(Options::new());
    let mut told = Vec::new();
    for _ in 0..4 {
        play.connect(false);
        play.pass(30 * SECOND);
        play.evict();
        told.push(evictions(&mut play));
    }
    assert_eq!(told, [None, None, Some(3), Some(4)]);
    // From then on the pauses are long.
    let before = play.now;
    play.open();
    assert!(play.now.saturating_since(before) >= 30 * SECOND);
    // A broker that cannot be reached says nothing of a twin; a good connection says there is none.
    play.lose();
    assert_eq!(evictions(&mut play), None);
    play.connect(false);
    play.pass(120 * SECOND);
    play.evict();
    assert_eq!(evictions(&mut play), None);
}

#[test]
fn networks_that_fail_are_no_twin() {
    let mut play = Play::new(Options::new());
    for _ in 0..10 {
        play.connect(false);
        play.lose();
        assert_eq!(evictions(&mut play), None);
    }
}

#[test]
fn silence_is_asked_about_and_then_given_up() {
    let mut play = Play::connected();
    // The login's keep-alive is a minute.
    let due = play.serve().unwrap().unwrap();
    assert_eq!(due, play.now + 45 * SECOND);
    assert!(play.sent().is_empty());
    play.now = due;
    let sent = play.sent();
    assert!(matches!(&sent[..], [Packet::PingReq]), "{sent:?}");
    assert!(play.sent().is_empty(), "once");
    assert_eq!(play.serve().unwrap(), Some(due + 10 * SECOND));
    play.feed([Packet::PingResp]);
    assert_eq!(play.serve().unwrap(), Some(due + 45 * SECOND));

    play.pass(45 * SECOND);
    assert_eq!(play.sent().len(), 1);
    play.pass(10 * SECOND);
    let error = play.serve().unwrap_err();
    assert_eq!(error.to_string(), "nothing heard of the broker for 55s");
}

#[test]
fn a_client_that_only_listens_keeps_alive() {
    let mut play = Play::connected();
    let mut pings = 0;
    for _ in 0..120 {
        play.pass(SECOND);
        play.feed([incoming(0, "a")]);
        play.serve().unwrap();
        for packet in play.sent() {
            assert_eq!(packet, Packet::PingReq);
            pings += 1;
            play.feed([Packet::PingResp]);
        }
    }
    assert_eq!(pings, 2);
}

#[test]
fn who_waits_for_an_answer_is_not_kept_waiting_by_a_dead_connection() {
    let mut play = Play::connected();
    play.pass(20 * SECOND);
    // One after the other is sent, and nothing is heard.
    let mut asked = None;
    for second in 0..20 {
        play.publish("a", second);
        let sent = play.sent();
        if sent.contains(&Packet::PingReq) {
            asked.get_or_insert(second);
        }
        if let Err(error) = play.serve() {
            assert_eq!((error.kind(), second), (ErrorKind::Disconnected, 15));
            assert_eq!(asked, Some(5));
            return;
        }
        play.pass(SECOND);
    }
    panic!("the connection is not given up");
}

#[test]
fn an_answer_ends_the_waiting_that_is_asked_about() {
    let mut play = Play::connected();
    play.publish("a", 1);
    let id = play.published()[0].pkid;
    play.pass(SECOND);
    play.puback(id);
    play.pass(20 * SECOND);
    play.publish("b", 2);
    assert_eq!(play.published().len(), 1, "and no ping");
    assert_eq!(play.serve().unwrap(), Some(play.now + 5 * SECOND));
}

#[test]
fn a_broker_that_remembers_what_it_was_told_to_forget_is_not_believed() {
    let mut play = Play::connected();
    play.machine.subscribe(play.now, "a".into(), Qos::AtMostOnce, 1).unwrap();
    let Packet::Subscribe(asked) = &play.sent()[0] else { panic!() };
    play.feed([Packet::SubAck(SubAck::new(
        asked.pkid,
        vec![SubscribeReasonCode::Success(QoS::AtMostOnce)],
    ))]);
    play.lose();
    play.connect(true);
    assert!(matches!(play.events().last(), Some(Event::Connected { session_present: false })));
    assert!(matches!(&play.sent()[..], [Packet::Subscribe(_)]));
}

#[test]
fn a_keep_alive_of_zero_asks_only_where_something_is_awaited() {
    let mut play = Play::new(Options::new());
    play.login.keep_alive = 0;
    play.connect(false);
    assert_eq!(play.serve().unwrap(), None);
    play.publish("a", 1);
    play.published();
    assert_eq!(play.serve().unwrap(), Some(play.now + 5 * SECOND));

    let mut play = Play::new(Options::new().ping_interval(7 * SECOND));
    play.login.keep_alive = 0;
    play.connect(false);
    assert_eq!(play.serve().unwrap(), Some(play.now + 7 * SECOND));
}

#[test]
fn a_blocked_connection_needs_no_ping_that_could_not_be_written() {
    let mut play = Play::connected();
    play.pass(100 * SECOND);
    assert_eq!(play.machine.serve(play.now, true).unwrap(), None);
}

#[test]
fn closing_has_everything_acknowledged_first() {
    let mut play = Play::connected();
    play.publish("a", 1);
    play.machine.close(play.now);
    let error = play.machine.publish(play.now, Message::new("t", "b"), 2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    let sent = play.published();
    assert_eq!(texts(&sent), ["a"]);
    assert!(!play.machine.is_leaving());
    play.puback(sent[0].pkid);
    assert_eq!(play.sent(), [Packet::Disconnect]);
    assert!(play.machine.is_leaving());
    assert_eq!(play.delivered(), [1]);
    play.evict();
    play.events();
    assert!(matches!(play.machine.take(), Some(None)), "no error");
    assert_eq!(play.machine.step(play.now), Step::Stop);
}

#[test]
fn closing_does_not_wait_for_ever_and_not_without_a_connection() {
    let mut play = Play::connected();
    play.publish("a", 1);
    play.published();
    play.machine.close(play.now);
    play.pass(10 * SECOND);
    assert!(play.sent().contains(&Packet::Disconnect));
    play.machine.lost(play.now, Error::closed(), &mut play.random);
    assert!(matches!(&play.done()[..], [(1, Err(error))] if error.kind() == ErrorKind::MaybeSent));

    let mut play = Play::new(Options::new());
    play.publish("a", 1);
    play.machine.close(play.now);
    assert_eq!(play.machine.step(play.now), Step::Stop);
    assert!(matches!(&play.done()[..], [(1, Err(error))] if error.kind() == ErrorKind::Closed));

    // Lost while it closes: no other connection is made for that.
    let mut play = Play::connected();
    play.publish("a", 1);
    play.machine.close(play.now);
    play.lose();
    assert_eq!(play.machine.step(play.now), Step::Stop);

    // The broker takes nothing any more.
    let mut play = Play::connected();
    play.machine.close(play.now);
    play.pass(10 * SECOND);
    assert!(play.machine.serve(play.now, true).is_err());
}
