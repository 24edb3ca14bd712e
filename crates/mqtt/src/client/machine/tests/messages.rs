//! Messages on their way out.

use std::time::Duration;

use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, PubAck, PubComp, PubRec};

use super::super::Done;
use super::broker::{Play, texts};
use crate::Rules;
use crate::client::error::ErrorKind;
use crate::client::message::{Message, Qos};
use crate::client::options::Options;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_message_is_done_when_it_is_acknowledged() {
    let mut play = Play::connected();
    play.publish("a", 1);
    play.publish("b", 2);
    let sent = play.published();
    assert_eq!(texts(&sent), ["a", "b"]);
    assert!(sent.iter().all(|publish| publish.qos == QoS::AtLeastOnce && !publish.dup));
    assert!(play.done().is_empty());
    // In any order, and once.
    play.puback(sent[1].pkid);
    assert_eq!(play.delivered(), [2]);
    play.puback(sent[1].pkid);
    assert!(play.delivered().is_empty());
    play.puback(sent[0].pkid);
    assert_eq!(play.delivered(), [1]);
}

#[test]
fn a_message_of_qos_0_is_done_when_it_is_written() {
    let mut play = Play::connected();
    play.machine.publish(play.now, Message::new("t", "a").qos(Qos::AtMostOnce), 1).unwrap();
    assert!(play.done().is_empty());
    assert_eq!(texts(&play.published()), ["a"]);
    assert_eq!(play.delivered(), [1]);
}

#[test]
fn messages_wait_for_a_connection() {
    let mut play = Play::new(Options::new());
    play.publish("a", 1);
    assert_eq!(play.open()[0], 0x10);
    assert!(play.sent().is_empty(), "nothing before the broker lets us in");
    play.bytes(&[0x20, 2, 0, 0]).unwrap();
    assert_eq!(texts(&play.published()), ["a"]);
}

#[test]
fn what_was_not_acknowledged_is_sent_again_first_and_in_order() {
    for session_present in [true, false] {
        let mut play = Play::new(Options::new());
        play.login.clean_session = false;
        play.connect(false);
        for (waiter, text) in ["a", "b", "c"].into_iter().enumerate() {
            play.publish(text, waiter as u32);
        }
        let first = play.published();
        play.puback(first[1].pkid);
        assert_eq!(play.delivered(), [1]);
        play.lose();
        play.publish("d", 3);
        play.connect(session_present);
        let again = play.published();
        assert_eq!(texts(&again), ["a", "c", "d"]);
        let duplicates: Vec<_> = again.iter().map(|publish| publish.dup).collect();
        assert_eq!(duplicates, [session_present, session_present, false]);
        if session_present {
            // A broker that remembers takes it for the same message by its id.
            assert_eq!([again[0].pkid, again[1].pkid], [first[0].pkid, first[2].pkid]);
        }
        for publish in again {
            play.puback(publish.pkid);
        }
        assert_eq!(play.delivered(), [0, 2, 3]);
    }
}

#[test]
fn an_acknowledgement_from_before_means_nothing_to_a_broker_that_forgot() {
    let mut play = Play::connected();
    play.publish("a", 1);
    let first = play.published();
    play.lose();
    play.connect(false);
    play.publish("b", 2);
    let again = play.published();
    assert_eq!(texts(&again), ["a", "b"]);
    assert!(again.iter().all(|publish| publish.pkid != first[0].pkid));
    play.puback(first[0].pkid);
    assert!(play.delivered().is_empty());
}

#[test]
fn what_could_not_be_sent_in_time_is_not_sent_later() {
    let mut play = Play::new(Options::new().timeout(5 * SECOND));
    play.publish("a", 1);
    play.pass(5 * SECOND);
    play.machine.step(play.now);
    let done = play.done();
    let [(1, Err(error))] = done.as_slice() else { panic!("{done:?}") };
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.to_string(), "the message could not be sent in time");
    play.lose();
    play.connect(false);
    assert!(play.sent().is_empty());
}

#[test]
fn what_expired_makes_room() {
    let mut play = Play::new(Options::new().timeout(5 * SECOND).queue(2, 1000));
    let message = || Message::new("t", vec![b'x'; 400]);
    for round in 0..3 {
        play.machine.publish(play.now, message(), round).unwrap();
        play.machine.publish(play.now, message(), round).unwrap();
        assert!(play.machine.publish(play.now, message(), round).is_err());
        play.pass(5 * SECOND);
        play.machine.step(play.now);
        assert_eq!(play.done().len(), 2);
    }
}

#[test]
fn what_was_sent_and_not_acknowledged_in_time_may_have_arrived() {
    let mut play = Play::new(Options::new().timeout(5 * SECOND));
    play.login.clean_session = false;
    play.connect(false);
    play.publish("a", 1);
    let sent = play.published();
    assert_eq!(play.serve().unwrap(), Some(play.now + 5 * SECOND));
    play.pass(5 * SECOND);
    play.serve().unwrap();
    let done = play.done();
    let [(1, Err(error))] = done.as_slice() else { panic!("{done:?}") };
    assert_eq!(error.kind(), ErrorKind::MaybeSent);
    assert!(error.is_timeout() && !error.is_retryable());
    // Its id stays taken, and the acknowledgement is nobody's.
    play.publish("b", 2);
    let [Packet::Publish(second), Packet::PingReq] = &play.sent()[..] else { panic!() };
    assert_ne!(second.pkid, sent[0].pkid);
    play.puback(sent[0].pkid);
    assert!(play.delivered().is_empty());
    // Nobody waits for it, so that it is not sent again.
    play.publish("c", 3);
    play.published();
    play.pass(SECOND);
    play.lose();
    play.connect(true);
    assert_eq!(texts(&play.published()), ["b", "c"]);
}

#[test]
fn no_more_is_under_way_than_the_window_has() {
    let mut play = Play::new(Options::new().window(2));
    play.connect(false);
    for (waiter, text) in ["a", "b", "c"].into_iter().enumerate() {
        play.publish(text, waiter as u32);
    }
    let sent = play.published();
    assert_eq!(texts(&sent), ["a", "b"]);
    assert!(play.sent().is_empty());
    play.puback(sent[0].pkid);
    assert_eq!(texts(&play.published()), ["c"]);
}

#[test]
fn a_broker_that_acknowledges_nothing_is_left() {
    let mut play = Play::new(Options::new().window(2).timeout(5 * SECOND));
    play.connect(false);
    play.publish("a", 1);
    play.publish("b", 2);
    play.published();
    play.pass(4 * SECOND);
    play.serve().unwrap();
    play.pass(SECOND);
    let error = play.serve().unwrap_err();
    assert_eq!(error.to_string(), "the broker acknowledges nothing");
    assert_eq!(play.done().len(), 2);
}

#[test]
fn too_much_is_refused_and_nothing_is_lost_for_it() {
    let mut play = Play::new(Options::new().queue(2, 1000));
    let message = |size: usize| Message::new("t", vec![b'x'; size]);
    let publish =
        |play: &mut Play, size, waiter| play.machine.publish(play.now, message(size), waiter);
    // A first one may be larger than the queue.
    publish(&mut play, 2000, 1).unwrap();
    let error = publish(&mut play, 1, 2).unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Full, true));
    play.connect(false);
    assert_eq!(play.published().len(), 1);

    publish(&mut play, 499, 3).unwrap();
    assert_eq!(publish(&mut play, 501, 4).unwrap_err().kind(), ErrorKind::Full);
    publish(&mut play, 499, 5).unwrap();
    assert_eq!(publish(&mut play, 0, 6).unwrap_err().to_string(), "2 messages wait already");
    assert_eq!(play.published().len(), 2);
    publish(&mut play, 999, 7).unwrap();
}

#[test]
fn what_the_platform_does_not_take_is_refused_before_it_is_sent() {
    static STRICT: Rules = {
        let mut rules = Rules::MQTT;
        rules.qos = 1;
        rules.retain = false;
        rules.payload = 10;
        rules
    };
    let mut play = Play::with_rules(&STRICT, Options::new());
    let mut refused = |message: Message| {
        let error = play.machine.publish(play.now, message, 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadInput);
        error.to_string()
    };
    assert_eq!(
        refused(Message::new("t", "").qos(Qos::ExactlyOnce)),
        "quality of service 2 is more than the platform has: 1"
    );
    assert_eq!(refused(Message::new("t", "").retain(true)), "the platform retains no messages");
    assert_eq!(
        refused(Message::new("t", "12345678901")),
        "a payload of 11 bytes is more than the platform takes: 10"
    );
    for topic in ["", "a/+", "a/#", "a\0"] {
        assert!(refused(Message::new(topic, "")).contains("topic"));
    }
    play.publish("1234567890", 1);
    play.connect(false);
    assert_eq!(texts(&play.published()), ["1234567890"]);
}

#[test]
fn a_message_of_qos_2_takes_four_packets_and_arrives_once() {
    let mut play = Play::new(Options::new());
    play.login.clean_session = false;
    play.connect(false);
    play.machine.publish(play.now, Message::new("t", "a").qos(Qos::ExactlyOnce), 1).unwrap();
    let id = play.published()[0].pkid;
    // An acknowledgement of another kind is none.
    play.feed([Packet::PubAck(PubAck::new(id)), Packet::PubComp(PubComp { pkid: id })]);
    assert!(play.done().is_empty());
    play.feed([Packet::PubRec(PubRec::new(id))]);
    let sent = play.sent();
    assert!(matches!(&sent[..], [Packet::PubRel(rel)] if rel.pkid == id), "{sent:?}");
    // The connection is lost: the message is not sent again, its release is.
    play.lose();
    play.connect(true);
    let sent = play.sent();
    assert!(matches!(&sent[..], [Packet::PubRel(rel)] if rel.pkid == id), "{sent:?}");
    play.feed([Packet::PubComp(PubComp { pkid: id })]);
    assert_eq!(play.delivered(), [1]);
}

#[test]
fn a_message_of_qos_2_that_a_forgetful_broker_had_taken_is_delivered() {
    let mut play = Play::connected();
    for (waiter, text) in ["a", "b"].into_iter().enumerate() {
        let message = Message::new("t", text).qos(Qos::ExactlyOnce);
        play.machine.publish(play.now, message, waiter as u32).unwrap();
    }
    let sent = play.published();
    play.feed([Packet::PubRec(PubRec::new(sent[0].pkid))]);
    play.sent();
    play.lose();
    play.connect(false);
    assert_eq!(
        play.done().into_iter().map(|(w, r)| (w, r.unwrap())).collect::<Vec<_>>(),
        [(0, Done::Published)]
    );
    assert_eq!(texts(&play.published()), ["b"]);
}
