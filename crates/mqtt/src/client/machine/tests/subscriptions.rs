//! Subscriptions.

use std::time::Duration;

use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, SubAck, Subscribe, SubscribeReasonCode, UnsubAck};

use super::super::Done;
use super::broker::Play;
use crate::Rules;
use crate::client::error::ErrorKind;
use crate::client::event::Event;
use crate::client::message::Qos;
use crate::client::options::Options;

const GRANTED: SubscribeReasonCode = SubscribeReasonCode::Success(QoS::AtLeastOnce);
const REFUSED: SubscribeReasonCode = SubscribeReasonCode::Failure;

fn subscribe(play: &mut Play, filter: &str, waiter: u32) {
    play.machine.subscribe(play.now, filter.into(), Qos::AtLeastOnce, waiter).unwrap();
}

/// The SUBSCRIBE packets that are sent now, and nothing else.
fn subscribes(play: &mut Play) -> Vec<Subscribe> {
    let subscribe = |packet| match packet {
        Packet::Subscribe(subscribe) => subscribe,
        other => panic!("no subscription: {other:?}"),
    };
    play.sent().into_iter().map(subscribe).collect()
}

fn filters(subscribe: &Subscribe) -> Vec<&str> {
    subscribe.filters.iter().map(|filter| filter.path.as_str()).collect()
}

fn suback(play: &mut Play, id: u16, codes: &[SubscribeReasonCode]) {
    play.feed([Packet::SubAck(SubAck::new(id, codes.to_vec()))]);
}

#[test]
fn a_subscription_is_granted_or_refused() {
    let mut play = Play::connected();
    subscribe(&mut play, "a/#", 1);
    subscribe(&mut play, "b", 2);
    let asked = subscribes(&mut play);
    assert_eq!((filters(&asked[0]), filters(&asked[1])), (vec!["a/#"], vec!["b"]));
    suback(&mut play, asked[1].pkid, &[REFUSED]);
    // As many answers as filters, or it is none.
    suback(&mut play, asked[0].pkid, &[GRANTED, GRANTED]);
    suback(&mut play, asked[0].pkid, &[SubscribeReasonCode::Success(QoS::AtMostOnce)]);
    suback(&mut play, asked[0].pkid, &[REFUSED]);
    let done = play.done();
    let [(2, Err(error)), (1, Ok(Done::Subscribed(Qos::AtMostOnce)))] = done.as_slice() else {
        panic!("{done:?}")
    };
    assert_eq!(error.kind(), ErrorKind::SubscriptionRefused);
    assert_eq!(error.to_string(), "the broker refuses the subscription to b");
}

#[test]
fn a_filter_that_is_none_is_not_sent() {
    let mut play = Play::connected();
    for filter in ["", "a/#/b", "a+", "#a"] {
        let error =
            play.machine.subscribe(play.now, filter.into(), Qos::AtMostOnce, 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadInput, "{filter}");
        let error = play.machine.unsubscribe(play.now, filter.into(), 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadInput, "{filter}");
    }
    assert!(play.sent().is_empty());
}

#[test]
fn a_broker_that_forgot_is_asked_again_before_anything_else() {
    let mut play = Play::new(Options::new());
    play.login.clean_session = false;
    play.connect(false);
    for (waiter, filter) in ["a", "b", "c"].into_iter().enumerate() {
        subscribe(&mut play, filter, waiter as u32);
    }
    for asked in subscribes(&mut play) {
        let code = if filters(&asked) == ["b"] { REFUSED } else { GRANTED };
        suback(&mut play, asked.pkid, &[code]);
    }
    assert_eq!(play.done().len(), 3);

    play.lose();
    play.connect(true);
    assert!(play.sent().is_empty(), "the broker remembers");

    play.lose();
    play.publish("x", 9);
    subscribe(&mut play, "d", 4);
    play.connect(false);
    play.events();
    let sent = play.sent();
    let [Packet::Subscribe(again), Packet::Subscribe(new), Packet::Publish(_)] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!((filters(again), filters(new)), (vec!["a", "c"], vec!["d"]));
    // What it grants no longer is told once, and not asked for again.
    suback(&mut play, again.pkid, &[GRANTED, REFUSED]);
    let events = play.events();
    assert!(matches!(&events[..], [Event::Unsubscribed { filter }] if filter == "c"), "{events:?}");
    play.lose();
    play.connect(false);
    let sent = play.sent();
    assert!(matches!(&sent[0], Packet::Subscribe(again) if filters(again) == ["a"]), "{sent:?}");
}

#[test]
fn no_packet_has_more_filters_than_the_platform_takes() {
    static ONE: Rules = {
        let mut rules = Rules::MQTT;
        rules.filters = 1;
        rules
    };
    for (rules, packets) in [(&ONE, 20), (&Rules::MQTT, 2)] {
        let mut play = Play::with_rules(rules, Options::new());
        play.connect(false);
        for number in 0..20 {
            subscribe(&mut play, &format!("topic/{number}"), number);
        }
        for asked in subscribes(&mut play) {
            suback(&mut play, asked.pkid, &[GRANTED]);
        }
        play.lose();
        play.connect(false);
        let again = subscribes(&mut play);
        assert_eq!(again.len(), packets);
        assert_eq!(again.iter().map(|asked| asked.filters.len()).sum::<usize>(), 20);
    }
}

#[test]
fn what_was_asked_and_not_answered_is_asked_again() {
    let mut play = Play::connected();
    subscribe(&mut play, "a", 1);
    play.machine.unsubscribe(play.now, "b".into(), 2).unwrap();
    assert_eq!(play.sent().len(), 2);
    play.lose();
    play.connect(false);
    let sent = play.sent();
    let [Packet::Subscribe(asked), Packet::Unsubscribe(ended)] = &sent[..] else {
        panic!("{sent:?}")
    };
    suback(&mut play, asked.pkid, &[GRANTED]);
    play.feed([Packet::UnsubAck(UnsubAck::new(ended.pkid))]);
    assert_eq!(play.delivered(), [1, 2]);
}

#[test]
fn an_ended_subscription_is_not_made_again() {
    let mut play = Play::connected();
    subscribe(&mut play, "a", 1);
    let id = subscribes(&mut play)[0].pkid;
    suback(&mut play, id, &[GRANTED]);
    play.machine.unsubscribe(play.now, "a".into(), 2).unwrap();
    let sent = play.sent();
    let [Packet::Unsubscribe(ended)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(ended.topics, ["a"]);
    play.feed([Packet::UnsubAck(UnsubAck::new(ended.pkid))]);
    assert_eq!(play.delivered(), [1, 2]);
    play.lose();
    play.connect(false);
    assert!(play.sent().is_empty());
}

#[test]
fn a_request_has_a_deadline_and_its_late_answer_is_nobodys() {
    let mut play = Play::new(Options::new().timeout(Duration::from_secs(5)));
    play.connect(false);
    subscribe(&mut play, "a", 1);
    let id = subscribes(&mut play)[0].pkid;
    play.pass(Duration::from_secs(5));
    play.serve().unwrap();
    let done = play.done();
    let [(1, Err(error))] = done.as_slice() else { panic!("{done:?}") };
    assert!(error.is_timeout());
    suback(&mut play, id, &[GRANTED]);
    assert!(play.done().is_empty());
    // It was told to have failed, so that it is not kept up either.
    play.lose();
    play.connect(false);
    assert!(play.sent().is_empty());
}

#[test]
fn requests_that_are_never_answered_are_bounded() {
    let mut play = Play::new(Options::new().queue(3, 1000).timeout(Duration::from_secs(5)));
    play.connect(false);
    for waiter in 0..3 {
        subscribe(&mut play, "a", waiter);
    }
    assert_eq!(play.sent().len(), 3);
    let error = play.machine.subscribe(play.now, "a".into(), Qos::AtMostOnce, 9).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full);
    play.pass(Duration::from_secs(5));
    assert_eq!(play.serve().unwrap_err().to_string(), "the broker acknowledges nothing");
}

/// The broker knows the session again, since it began one on the connection that was lost in between.
#[test]
fn what_the_broker_forgot_is_asked_for_until_it_answers() {
    for is_sent in [false, true] {
        let mut play = Play::new(Options::new());
        play.login.clean_session = false;
        play.connect(false);
        subscribe(&mut play, "a", 1);
        let id = subscribes(&mut play)[0].pkid;
        suback(&mut play, id, &[GRANTED]);
        play.lose();
        play.connect(false);
        if is_sent {
            assert_eq!(filters(&subscribes(&mut play)[0]), ["a"]);
        }
        play.lose();
        play.connect(true);
        let again = subscribes(&mut play);
        assert_eq!(again.iter().map(filters).collect::<Vec<_>>(), [["a"]], "sent: {is_sent}");
        // Where it has forgotten once more, it is asked once.
        play.lose();
        play.connect(false);
        let again = subscribes(&mut play);
        assert_eq!(again.iter().map(filters).collect::<Vec<_>>(), [["a"]]);
        suback(&mut play, again[0].pkid, &[GRANTED]);
        play.lose();
        play.connect(true);
        assert!(play.sent().is_empty());
    }
}
