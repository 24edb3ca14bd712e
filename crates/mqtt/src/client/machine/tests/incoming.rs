//! What the broker sends.

use bytes::BytesMut;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, PubRel, Publish};

use super::broker::{Play, incoming};
use crate::client::event::Event;
use crate::client::options::Options;

#[test]
fn a_message_of_qos_1_is_acknowledged_when_it_is_taken() {
    let mut play = Play::connected();
    play.feed([incoming(0, "a"), incoming(7, "b")]);
    assert!(play.sent().is_empty());
    assert_eq!(play.payloads(), ["a", "b"]);
    let sent = play.sent();
    assert!(matches!(&sent[..], [Packet::PubAck(ack)] if ack.pkid == 7), "{sent:?}");
    // Again, since the broker has not heard that.
    play.feed([incoming(7, "b")]);
    assert_eq!(play.payloads(), ["b"]);
    assert_eq!(play.sent().len(), 1);
}

#[test]
fn what_came_on_a_lost_connection_is_not_acknowledged_on_the_next() {
    let mut play = Play::connected();
    play.feed([incoming(7, "a")]);
    play.lose();
    play.connect(false);
    assert_eq!(play.payloads(), ["a"]);
    assert!(play.sent().is_empty(), "7 may be another message by now");

    // Nor where it is taken before there is another.
    play.feed([incoming(7, "a")]);
    play.lose();
    assert_eq!(play.payloads(), ["a"]);
    play.connect(false);
    assert!(play.sent().is_empty());
}

#[test]
fn messages_that_nobody_takes_are_bounded_and_told() {
    let mut play = Play::new(Options::new().inbox(2, 100));
    play.connect(false);
    play.events();
    play.feed((1..=5).map(|id| incoming(id, "m")));
    // The broker of a clean session would only wait for these.
    let acknowledged: Vec<_> = play.sent();
    assert_eq!(acknowledged.len(), 3, "{acknowledged:?}");
    let events = play.events();
    assert!(
        matches!(&events[..], [Event::Message(_), Event::Message(_), Event::Missed { count: 3 }]),
        "{events:?}"
    );
    // By size; but one of any size where there is none.
    let large = "x".repeat(200);
    play.feed([incoming(0, &large), incoming(0, "m")]);
    play.feed([incoming(0, "n")]);
    let events = play.events();
    assert!(matches!(&events[..], [Event::Message(_), Event::Missed { count: 2 }]), "{events:?}");
    // What was taken makes room.
    for _ in 0..5 {
        play.feed([incoming(0, &"x".repeat(40)), incoming(0, &"x".repeat(40))]);
        assert!(matches!(&play.events()[..], [Event::Message(_), Event::Message(_)]));
    }
}

#[test]
fn what_is_missed_stands_where_it_is_missing() {
    let mut play = Play::new(Options::new().inbox(1, 100));
    play.connect(false);
    play.events();
    play.feed([incoming(0, "a"), incoming(0, "b")]);
    play.lose();
    let events = play.events();
    assert!(
        matches!(
            &events[..],
            [Event::Message(_), Event::Missed { count: 1 }, Event::Disconnected { .. }]
        ),
        "{events:?}"
    );
}

#[test]
fn a_session_that_is_kept_fetches_what_it_missed() {
    let mut play = Play::new(Options::new().inbox(1, 100));
    play.login.clean_session = false;
    play.connect(false);
    play.events();
    play.feed([incoming(1, "a"), incoming(2, "b")]);
    assert!(play.sent().is_empty(), "not acknowledged");
    play.serve().unwrap();
    assert_eq!(play.payloads(), ["a"]);
    let error = play.serve().unwrap_err();
    assert!(error.to_string().contains("made anew"), "{error}");
    play.machine.lost(play.now, error, &mut play.random);
    play.connect(true);
    play.feed([incoming(2, "b")]);
    assert_eq!(play.payloads(), ["b"]);
    play.serve().unwrap();
}

#[test]
fn changes_that_nobody_takes_are_bounded() {
    let mut play = Play::connected();
    for _ in 0..1000 {
        play.lose();
        play.connect(false);
    }
    let events = play.events();
    assert_eq!(events.len(), 64);
    assert!(matches!(events.last(), Some(Event::Connected { .. })));
}

#[test]
fn a_message_of_qos_2_is_delivered_once() {
    let mut play = Play::connected();
    let mut publish = Publish::new("t", QoS::ExactlyOnce, "a");
    publish.pkid = 7;
    let message = Packet::Publish(publish);
    play.feed([message.clone(), message.clone()]);
    assert_eq!(play.payloads(), ["a"]);
    let sent = play.sent();
    assert!(
        matches!(&sent[..], [Packet::PubRec(a), Packet::PubRec(b)] if (a.pkid, b.pkid) == (7, 7))
    );
    play.feed([Packet::PubRel(PubRel::new(7))]);
    let sent = play.sent();
    assert!(matches!(&sent[..], [Packet::PubComp(done)] if done.pkid == 7), "{sent:?}");
    // The id is free for another message; and it is where the broker began anew.
    play.feed([message.clone()]);
    assert_eq!(play.payloads(), ["a"]);
    play.lose();
    play.connect(false);
    play.feed([message]);
    assert_eq!(play.payloads(), ["a"]);
}

#[test]
fn messages_of_qos_2_that_are_never_released_are_bounded() {
    let mut play = Play::new(Options::new().inbox(100_000, usize::MAX));
    play.connect(false);
    let mut publish = Publish::new("t", QoS::ExactlyOnce, "a");
    let mut bytes = BytesMut::new();
    for id in 1..=1025 {
        publish.pkid = id;
        publish.write(&mut bytes).unwrap();
        if !play.machine.may_read() {
            play.sent();
        }
        let received = play.machine.receive(play.now, &mut bytes);
        assert_eq!(received.is_err(), id == 1025, "{id}: {received:?}");
    }
}

#[test]
fn a_packet_that_is_too_large_is_left_out() {
    let mut play = Play::new(Options::new().max_packet(100));
    play.connect(false);
    play.events();
    let mut bytes = BytesMut::new();
    for text in ["a", &"x".repeat(98), "b"] {
        incoming(0, text).write(&mut bytes, usize::MAX).unwrap();
    }
    // In pieces of any size.
    for size in 1..=bytes.len() {
        let mut input = BytesMut::new();
        for piece in bytes.chunks(size) {
            input.extend_from_slice(piece);
            play.machine.receive(play.now, &mut input).unwrap();
            assert!(input.len() < 105, "it is not kept");
        }
        let events = play.events();
        let [Event::Message(a), Event::Missed { count: 1 }, Event::Message(b)] = &events[..] else {
            panic!("{size}: {events:?}")
        };
        assert_eq!((&a.payload[..], &b.payload[..]), (&b"a"[..], &b"b"[..]));
    }
    // The rest of it does not come with the next connection.
    let mut play = Play::new(Options::new().max_packet(100));
    play.connect(false);
    play.bytes(&[0x30, 0x80, 0x02, 0, 1, b't', 0]).unwrap();
    play.lose();
    play.connect(false);
    play.feed([incoming(0, "a")]);
    assert_eq!(play.payloads(), ["a"]);
    // The largest that fits: two bytes of length, a topic of one.
    play.feed([incoming(0, &"x".repeat(97))]);
    assert_eq!(play.payloads().len(), 1);
    // Nothing else is that large.
    let error = play.bytes(&[0x90, 0x80, 0x01]).unwrap_err();
    assert_eq!(error.to_string(), "the broker sent what is not MQTT 3.1.1");
}

#[test]
fn what_no_broker_sends_ends_the_connection() {
    for bytes in [
        &[0x10, 2, 0, 0][..],
        &[0x20, 2, 0, 0],
        &[0x82, 5, 0, 1, 0, 0, 1],
        &[0xc0, 0],
        &[0xe0, 0],
        &[0x00, 0],
        &[0xf0, 0],
        &[0x30, 0x80, 0x80, 0x80, 0x80, 1],
        // A message of QoS 3, one with the id 0, and one whose topic is longer than it.
        &[0x36, 5, 0, 1, b't', 0, 1],
        &[0x32, 5, 0, 1, b't', 0, 0],
        &[0x30, 3, 0, 9, b't'],
    ] {
        let mut play = Play::connected();
        assert!(play.bytes(bytes).is_err(), "{bytes:02x?}");
    }
}

#[test]
fn a_broker_that_does_not_read_is_not_read_from() {
    let mut play = Play::connected();
    let mut flood = BytesMut::new();
    for _ in 0..10_000 {
        Packet::PubRel(PubRel::new(1)).write(&mut flood, usize::MAX).unwrap();
    }
    play.machine.receive(play.now, &mut flood).unwrap();
    assert!(!play.machine.may_read());
    assert!(flood.len() > 20_000, "{} bytes are left", flood.len());
    // Once it reads, so do we.
    let mut answered = 0;
    while !flood.is_empty() {
        answered += play.sent().len();
        assert!(play.machine.may_read());
        play.machine.receive(play.now, &mut flood).unwrap();
    }
    assert_eq!(answered + play.sent().len(), 10_000);
}
