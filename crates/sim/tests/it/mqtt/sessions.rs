//! What the broker remembers, and what it sends again.

use rumqttc::mqttbytes::v4::Packet;
use rumqttc::mqttbytes::{QoS, v4::Unsubscribe};

use super::wire::{Wire, aliyun_login, plain_login, publish, tencent_login};
use super::{both, secs, tencent_id};

const GET: &str = "/a1X2bEnP82z/lamp-1/user/get";
const DATA: &str = "YOURPROD01/lamp1/data";

#[test]
fn both_qualities_both_ways() {
    let mut wire = Wire::new(both());
    let [one, other] = [wire.plain("a", true), wire.plain("b", true)];
    assert_eq!(wire.subscribe(other, &[("to/+", 1), ("low", 0)]), [1, 0]);
    wire.publish(one, "to/b", b"zero", 0);
    assert_eq!(wire.bytes(one), b"");
    wire.publish(one, "to/b", b"one", 3);
    assert_eq!(wire.bytes(one), [0x40, 2, 0, 3]);
    wire.publish(one, "low", b"less", 4);
    let messages = wire.publishes(other);
    let told: Vec<_> = messages.iter().map(|m| (&m.payload[..], m.qos, m.pkid, m.dup)).collect();
    assert_eq!(
        told,
        [
            (&b"zero"[..], QoS::AtMostOnce, 0, false),
            (b"one", QoS::AtLeastOnce, 1, false),
            // The subscription's quality is the highest there is.
            (b"less", QoS::AtMostOnce, 0, false),
        ]
    );
    wire.ack(other, 1);
    assert_eq!((wire.report().received, wire.report().sent, wire.report().acknowledged), (3, 3, 1));
    assert_eq!(wire.report().violations.total(), 0);
}

#[test]
fn the_quality_is_the_publishers_at_aliyun() {
    let mut wire = Wire::new(both());
    let [aliyun, tencent] = [wire.aliyun(), wire.tencent()];
    wire.subscribe(aliyun, &[(GET, 0)]);
    wire.subscribe(tencent, &[(DATA, 0)]);
    assert_eq!(wire.platform.publish(wire.now, GET, b"x", 1), 1);
    assert_eq!(wire.platform.publish(wire.now, DATA, b"x", 1), 1);
    wire.drain();
    assert_eq!(wire.publishes(aliyun)[0].qos, QoS::AtLeastOnce);
    assert_eq!(wire.publishes(tencent)[0].qos, QoS::AtMostOnce);
}

#[test]
fn overlapping_subscriptions_bring_a_message_once() {
    let mut wire = Wire::new(both());
    let id = wire.plain("a", true);
    wire.subscribe(id, &[("a/#", 0), ("a/+", 1), ("a/b", 0)]);
    wire.publish(id, "a/b", b"x", 0);
    assert_eq!(wire.publishes(id).len(), 1);
    assert_eq!(wire.platform.publish(wire.now, "a/b", b"x", 1), 1);
    wire.drain();
    assert_eq!(wire.publishes(id)[0].qos, QoS::AtLeastOnce);
}

#[test]
fn unsubscribed() {
    let mut wire = Wire::new(both());
    let id = wire.plain("a", true);
    wire.subscribe(id, &[("a", 0), ("b", 0)]);
    let mut unsubscribe = Unsubscribe::new("a");
    unsubscribe.pkid = 9;
    unsubscribe.topics.push("never".into());
    wire.send(id, &Packet::Unsubscribe(unsubscribe));
    assert_eq!(wire.bytes(id), [0xb0, 2, 0, 9]);
    assert_eq!(wire.platform.publish(wire.now, "a", b"x", 0), 0);
    assert_eq!(wire.platform.publish(wire.now, "b", b"x", 0), 1);
}

#[test]
fn a_stored_session() {
    let mut wire = Wire::new(both().reconnect_limit(false));
    let mut login = tencent_login();
    login.clean_session = false;
    let (id, code, present) = wire.login(&login);
    assert_eq!((code, present), (0, false));
    wire.subscribe(id, &[(DATA, 1)]);
    wire.platform.closed(wire.now, id);

    for at in 0_u8..3 {
        assert_eq!(wire.platform.publish(wire.now, DATA, &[at], 1), 1);
    }
    assert_eq!(wire.platform.publish(wire.now, DATA, b"lost", 0), 1, "of quality 0: not kept");
    assert_eq!(wire.platform.pending(&tencent_id()), 3);
    let (id, code, present) = wire.login(&login);
    assert_eq!((code, present), (0, true));
    let messages = wire.publishes(id);
    assert!(messages.iter().all(|message| !message.dup), "never sent before");
    assert_eq!(messages.iter().map(|m| m.payload[0]).collect::<Vec<_>>(), [0, 1, 2]);
    wire.ack(id, messages[1].pkid);

    // What was not acknowledged comes once more, under its ids.
    wire.platform.closed(wire.now, id);
    let (id, ..) = wire.login(&login);
    let again = wire.publishes(id);
    assert!(again.iter().all(|message| message.dup));
    let ids = |messages: &[rumqttc::mqttbytes::v4::Publish]| {
        messages.iter().map(|m| (m.pkid, m.payload[0])).collect::<Vec<_>>()
    };
    assert_eq!(ids(&again), [(messages[0].pkid, 0), (messages[2].pkid, 2)]);
    assert_eq!((wire.report().resumed, wire.report().sent_again, wire.report().dropped), (2, 2, 1));

    // A clean session forgets, and leaves nothing.
    login.clean_session = true;
    let (id, _, present) = wire.login(&login);
    assert!(!present);
    assert_eq!(wire.bytes(id), b"");
    wire.platform.closed(wire.now, id);
    assert_eq!(wire.platform.publish(wire.now, DATA, b"x", 1), 0);
    login.clean_session = false;
    assert!(!wire.login(&login).2);
}

#[test]
fn the_queue_has_an_end() {
    let mut wire = Wire::new(both().queue(5));
    let (id, ..) = wire.login(&plain_login("a", false));
    wire.subscribe(id, &[("a", 1)]);
    wire.platform.closed(wire.now, id);
    for at in 0_u8..9 {
        wire.platform.publish(wire.now, "a", &[at], 1);
    }
    assert_eq!(wire.report().dropped, 4);
    let (id, ..) = wire.login(&plain_login("a", false));
    let kept: Vec<_> = wire.publishes(id).iter().map(|message| message.payload[0]).collect();
    assert_eq!(kept, [0, 1, 2, 3, 4]);
}

#[test]
fn the_window_has_an_end() {
    let mut wire = Wire::new(both().window(2));
    let id = wire.plain("a", true);
    wire.subscribe(id, &[("a", 1)]);
    for at in 0_u8..5 {
        wire.platform.publish(wire.now, "a", &[at], 1);
    }
    wire.drain();
    let first = wire.publishes(id);
    assert_eq!(first.len(), 2);
    wire.ack(id, first[1].pkid);
    let next = wire.publishes(id);
    assert_eq!((next.len(), next[0].payload[0]), (1, 2));
    assert_ne!(next[0].pkid, first[0].pkid);
    for pkid in [first[0].pkid, next[0].pkid] {
        wire.ack(id, pkid);
    }
    let last = wire.publishes(id);
    assert_eq!(last.iter().map(|message| message.payload[0]).collect::<Vec<_>>(), [3, 4]);
}

#[test]
fn a_message_that_comes_again() {
    let mut wire = Wire::new(both());
    let id = wire.plain("a", true);
    let Packet::Publish(mut message) = publish("a", b"x", 5) else { panic!() };
    wire.send(id, &Packet::Publish(message.clone()));
    message.dup = true;
    wire.send(id, &Packet::Publish(message));
    assert_eq!(wire.bytes(id), [0x40, 2, 0, 5, 0x40, 2, 0, 5]);
    assert_eq!((wire.report().received, wire.report().received_again), (2, 1));
    assert_eq!(wire.platform.messages().map(|m| m.dup).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_restart_keeps_sessions_or_loses_them() {
    for keep in [true, false] {
        let mut wire = Wire::new(both());
        let (stored, ..) = wire.login(&plain_login("stored", false));
        let clean = wire.plain("clean", true);
        wire.tencent();
        wire.subscribe(stored, &[("a", 1)]);
        wire.platform.restart(wire.now, keep);
        wire.drain();
        assert!(wire.is_cut(stored) && wire.is_cut(clean));
        assert_eq!(wire.platform.publish(wire.now, "a", b"x", 1), usize::from(keep));
        assert_eq!(wire.login(&plain_login("stored", false)).2, keep);
        assert_eq!(wire.login(&tencent_login()).1, 0, "when it came last is forgotten too");
    }
}

#[test]
fn automatic_subscription() {
    let mut wire = Wire::new(both());
    let params = iot_home_aliyun::Params::new().auto_subscribe();
    let (id, ..) = wire.login(&super::aliyun_device().tls().params(params).sign(secs(0)));
    let set = "/sys/a1X2bEnP82z/lamp-1/thing/service/property/set";
    assert_eq!(wire.platform.publish(wire.now, set, b"{}", 1), 1);
    // Topics of the user's own have to be subscribed, those of others come to nobody.
    assert_eq!(wire.platform.publish(wire.now, GET, b"{}", 1), 0);
    let other = "/sys/a1X2bEnP82z/lamp-2/thing/service/property/set";
    assert_eq!(wire.platform.publish(wire.now, other, b"{}", 1), 0);
    wire.drain();
    assert_eq!(wire.publishes(id).len(), 1);

    // Without `_ss=1` nothing comes.
    let id = wire.login(&aliyun_login()).0;
    assert_eq!(wire.platform.publish(wire.now, set, b"{}", 1), 0);
    wire.drain();
    assert_eq!(wire.bytes(id), b"");
}
