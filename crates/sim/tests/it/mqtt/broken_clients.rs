//! Each rule, broken by a client that is nothing but bytes, and told from a client that keeps it.

use iot_home_mqtt::packet::Will;
use iot_home_mqtt::{Connect, MqttLogin};
use iot_home_sim::mqtt::{ConnectionId, Link, LoginRefusal, Violations};
use rumqttc::mqttbytes::v4::Packet;

use super::wire::{Wire, aliyun_login, plain_login, publish, tencent_login};
use super::{both, secs};

/// One violation, and no other.
fn only(set: impl FnOnce(&mut Violations)) -> Violations {
    let mut violations = Violations::default();
    set(&mut violations);
    assert_eq!(violations.total(), 1);
    violations
}

/// What a client that is in says, and that it is the end of its connection.
fn ends(what: &str, bytes: &[u8], expected: Violations) {
    let mut wire = Wire::new(both());
    let id = wire.plain("a", true);
    wire.send_bytes(id, bytes);
    assert!(wire.is_closed(id), "{what}");
    assert_eq!(wire.bytes(id), b"", "{what}");
    assert_eq!(wire.report().violations, expected, "{what}");
    // Others go on.
    let other = wire.plain("b", true);
    assert!(wire.answers(other));
}

fn connect(wire: &mut Wire, id: ConnectionId, login: &MqttLogin) {
    let mut bytes = Vec::new();
    Connect::from(login).encode(&mut bytes).unwrap();
    wire.send_bytes(id, &bytes);
}

#[test]
fn packets_before_connect() {
    for bytes in [&[0xc0, 0][..], &[0xe0, 0], b"\x30\x03\0\x01a", b"\x20\x02\0\0"] {
        let mut wire = Wire::new(both());
        let id = wire.open(Link::tcp());
        wire.send_bytes(id, bytes);
        assert!(wire.is_closed(id));
        assert_eq!(wire.bytes(id), b"");
        assert_eq!(wire.report().violations, only(|counted| counted.before_connect += 1));
    }
}

#[test]
fn nothing_or_half_a_connect() {
    for bytes in [&b""[..], b"\x10", b"\x10\x20\0\x04MQ"] {
        let mut wire = Wire::new(both());
        let id = wire.open(Link::tcp());
        wire.send_bytes(id, bytes);
        wire.pass(secs(9));
        assert!(!wire.is_closed(id));
        wire.pass(secs(1));
        assert!(wire.is_closed(id));
        assert_eq!(wire.report().violations, only(|counted| counted.no_connect += 1));
    }
}

#[test]
fn a_connect_that_is_none() {
    let mut right = Vec::new();
    Connect::from(&plain_login("a", true)).encode(&mut right).unwrap();
    let with = |at: usize, byte: u8| {
        let mut bytes = right.clone();
        bytes[at] = byte;
        bytes
    };
    let longer = || {
        let mut bytes = with(1, right[1] + 1);
        bytes.push(0);
        bytes
    };
    let bad = only(|counted| counted.bad_connect += 1);
    let version = only(|counted| counted.protocol_version += 1);
    for (what, bytes, answer, counted) in [
        ("reserved flags of the header", with(0, 0x11), None, bad),
        ("reserved connect flag", with(9, right[9] | 1), None, bad),
        ("a password without a user name", with(9, 0x42), None, bad),
        ("will flags without a will", with(9, right[9] | 8), None, bad),
        ("bytes behind the last field", longer(), None, bad),
        ("another name", with(4, b'X'), Some(1), version),
        ("version 5", with(8, 5), Some(1), version),
        ("the name of another version", with(8, 3), Some(1), version),
        (
            "no client id and a session",
            {
                let mut login = plain_login("", true);
                login.username = None;
                login.password = None;
                let mut bytes = Vec::new();
                Connect::from(&login).encode(&mut bytes).unwrap();
                bytes[9] = 0;
                bytes
            },
            Some(2),
            bad,
        ),
        ("a length without an end", vec![0x10, 0x80, 0x80, 0x80, 0x80], None, bad),
        ("a length that is no CONNECT's", vec![0x10, 0x80, 0x80, 0x80, 1], None, bad),
    ] {
        let mut wire = Wire::new(both());
        let id = wire.open(Link::tcp());
        wire.send_bytes(id, &bytes);
        assert!(wire.is_closed(id), "{what}");
        let told = answer.map(|code| vec![0x20, 2, 0, code]).unwrap_or_default();
        assert_eq!(wire.bytes(id), told, "{what}");
        assert_eq!(wire.report().violations, counted, "{what}");
    }
    let mut wire = Wire::new(both());
    let id = wire.open(Link::tcp());
    wire.send_bytes(id, &right);
    assert_eq!(wire.bytes(id), [0x20, 2, 0, 0]);
}

#[test]
fn the_old_version_is_taken() {
    let mut wire = Wire::new(both());
    let login = tencent_login();
    let mut connect = Connect::from(&login);
    connect.protocol = iot_home_mqtt::packet::Protocol::V31;
    assert_eq!(wire.connect(Link::tls(), &connect).1, 0);
    assert_eq!(wire.report().violations.total(), 0);
}

#[test]
fn a_second_connect() {
    let mut wire = Wire::new(both());
    let id = wire.plain("a", true);
    connect(&mut wire, id, &plain_login("a", true));
    assert!(wire.is_closed(id));
    assert_eq!(wire.report().violations, only(|counted| counted.second_connect += 1));
}

#[test]
fn keep_alives_of_aliyun() {
    for (seconds, code, counted) in [(0, 3, 1), (29, 3, 1), (30, 0, 0), (1200, 0, 0), (1201, 0, 1)]
    {
        let mut wire = Wire::new(both());
        let mut login = aliyun_login();
        login.keep_alive = seconds;
        let (id, told, _) = wire.login(&login);
        assert_eq!(told, code, "{seconds}");
        assert_eq!(wire.report().violations.keep_alive, counted, "{seconds}");
        assert_eq!(wire.report().violations.total(), counted, "{seconds}");
        if code != 0 {
            assert_eq!(wire.report().refusals[0].1, LoginRefusal::KeepAlive { seconds });
            continue;
        }
        // More than 1200 is treated as that.
        wire.pass(secs(u64::from(seconds.min(1200)) * 3 / 2 - 1));
        assert!(!wire.is_closed(id), "{seconds}");
        wire.pass(secs(1));
        assert!(wire.is_closed(id), "{seconds}");
        assert_eq!(wire.report().violations.silence, 1);
    }
}

#[test]
fn keep_alives_of_tencent() {
    for (seconds, counted) in [(0, 0), (1, 0), (900, 0), (901, 1)] {
        let mut wire = Wire::new(both());
        let mut login = tencent_login();
        login.keep_alive = seconds;
        let (id, told, _) = wire.login(&login);
        assert_eq!((told, wire.report().violations.keep_alive), (0, counted), "{seconds}");
        if seconds == 0 {
            wire.pass(secs(100_000));
            assert!(wire.answers(id), "no keep-alive, no end");
        }
    }
}

#[test]
fn silence() {
    let mut wire = Wire::new(both());
    let mut login = plain_login("a", true);
    login.keep_alive = 10;
    let (id, ..) = wire.login(&login);
    for _ in 0..3 {
        wire.pass(secs(14));
        assert!(wire.answers(id), "each packet counts");
    }
    // Half a packet is none.
    wire.pass(secs(14));
    wire.send_bytes(id, &[0xc0]);
    wire.pass(secs(1));
    assert!(wire.is_closed(id));
    assert_eq!(wire.report().violations, only(|counted| counted.silence += 1));
}

#[test]
fn a_will() {
    let mut wire = Wire::new(both());
    let watcher = wire.plain("watcher", true);
    wire.subscribe(watcher, &[("#", 1)]);
    for (login, link) in [
        (aliyun_login(), Link::tls()),
        (tencent_login(), Link::tls()),
        (plain_login("b", true), Link::tcp()),
    ] {
        let mut connect = Connect::from(&login);
        connect.will = Some(Will::new("last/words", b"gone"));
        let (id, code, _) = wire.connect(link, &connect);
        assert_eq!(code, 0, "let in all the same");
        wire.platform.closed(wire.now, id);
    }
    wire.drain();
    assert_eq!(wire.report().violations.will, 3);
    assert_eq!(wire.report().violations.total(), 3);
    assert_eq!(wire.bytes(watcher), b"", "and forgotten");
}

#[test]
fn a_device_that_comes_back_too_soon() {
    let mut wire = Wire::new(both());
    let first = wire.tencent();
    wire.pass(secs(4));
    assert_eq!(wire.login(&tencent_login()).1, 3);
    assert!(!wire.is_closed(first), "what is refused kicks nobody");
    assert_eq!(wire.report().violations, only(|counted| counted.too_soon += 1));
    assert_eq!(wire.report().refusals[0].1, LoginRefusal::TooSoon { millis: 4000 });
    wire.pass(secs(1));
    assert_eq!(wire.login(&tencent_login()).1, 0);

    let mut lenient = Wire::new(both().reconnect_limit(false));
    for _ in 0..3 {
        assert_eq!(lenient.login(&tencent_login()).1, 0);
    }
    assert_eq!(lenient.report().violations.total(), 0);
    // Aliyun has no such rule.
    for _ in 0..3 {
        assert_eq!(wire.login(&aliyun_login()).1, 0);
    }
}

#[test]
fn a_twin_is_kicked() {
    let mut wire = Wire::new(both().reconnect_limit(false));
    let [first, plain] = [wire.aliyun(), wire.plain("a", true)];
    wire.subscribe(first, &[("/a1X2bEnP82z/lamp-1/user/get", 1)]);
    let second = wire.aliyun();
    assert!(wire.is_cut(first));
    assert!(!wire.is_closed(plain));
    assert!(wire.answers(second));
    assert_eq!((wire.report().kicked, wire.report().violations.total()), (1, 0));
    // What was subscribed on the clean session of the first is gone with it.
    assert_eq!(wire.platform.publish(wire.now, "/a1X2bEnP82z/lamp-1/user/get", b"x", 1), 0);
    // The end of the first does not touch the second.
    wire.platform.closed(wire.now, first);
    assert!(wire.platform.is_connected(&super::aliyun_id()));
    wire.plain("a", true);
    assert!(wire.is_cut(plain));
}

#[test]
fn malformed_packets() {
    for (what, bytes) in [
        ("type 0", &[0, 0][..]),
        ("type 15", &[0xf0, 0]),
        ("flags of PINGREQ", &[0xc1, 0]),
        ("PINGREQ with a body", &[0xc0, 1, 0]),
        ("DISCONNECT with a body", &[0xe0, 1, 0]),
        ("quality 3", b"\x36\x05\0\x01a\0\x01"),
        ("sent again, of quality 0", b"\x38\x03\0\x01a"),
        ("SUBSCRIBE without its flags", b"\x80\x06\0\x01\0\x01a\0"),
        ("SUBSCRIBE without a filter", b"\x82\x02\0\x01"),
        ("SUBSCRIBE with half a filter", b"\x82\x05\0\x01\0\x02a"),
        ("SUBSCRIBE with reserved bits", b"\x82\x06\0\x01\0\x01a\x04"),
        ("SUBSCRIBE with quality 3", b"\x82\x06\0\x01\0\x01a\x03"),
        ("SUBSCRIBE with a filter that is no UTF-8", b"\x82\x06\0\x01\0\x01\xff\0"),
        ("UNSUBSCRIBE without a filter", b"\xa2\x02\0\x01"),
        ("UNSUBSCRIBE without its flags", b"\xa0\x05\0\x01\0\x01a"),
        ("PUBACK of three bytes", b"\x40\x03\0\x01\0"),
        ("PUBACK of one byte", b"\x40\x01\0"),
        ("PUBLISH with half a topic", b"\x30\x03\0\x02a"),
        ("PUBLISH of quality 1 without an id", b"\x32\x03\0\x01a"),
        ("PUBLISH with a topic that is no UTF-8", b"\x30\x03\0\x01\xff"),
        ("a length without an end", b"\x30\xff\xff\xff\xff\x01"),
        ("a length longer than it needs", b"\xc0\x80\0"),
        ("an endless SUBSCRIBE", b"\x82\xff\xff\xff\x7f"),
        ("what a server says: SUBACK", b"\x90\x03\0\x01\0"),
        ("what a server says: PINGRESP", b"\xd0\0"),
        ("what a server says: CONNACK", b"\x20\x02\0\0"),
        ("what a server says: UNSUBACK", b"\xb0\x02\0\x01"),
    ] {
        ends(what, bytes, only(|counted| counted.malformed_packet += 1));
    }
}

#[test]
fn the_packet_id_0() {
    for (what, bytes) in [
        ("PUBLISH", &b"\x32\x05\0\x01a\0\0"[..]),
        ("SUBSCRIBE", b"\x82\x06\0\0\0\x01a\0"),
        ("UNSUBSCRIBE", b"\xa2\x05\0\0\0\x01a"),
        ("PUBACK", b"\x40\x02\0\0"),
    ] {
        ends(what, bytes, only(|counted| counted.packet_id_zero += 1));
    }
}

#[test]
fn quality_2() {
    for (what, bytes) in [
        ("PUBLISH", &b"\x34\x05\0\x01a\0\x01"[..]),
        ("PUBREC", b"\x50\x02\0\x01"),
        ("PUBREL", b"\x62\x02\0\x01"),
        ("PUBCOMP", b"\x70\x02\0\x01"),
    ] {
        ends(what, bytes, only(|counted| counted.qos += 1));
    }
    let mut wire = Wire::new(both());
    let id = wire.plain("a", true);
    assert_eq!(wire.subscribe(id, &[("a", 2), ("b", 1), ("c", 0)]), [1, 1, 0]);
    assert_eq!(wire.report().violations, only(|counted| counted.qos += 1));
}

#[test]
fn topics_that_are_none() {
    for bytes in
        [&b"\x30\x02\0\0"[..], b"\x30\x05\0\x03a/+", b"\x30\x03\0\x01#", b"\x30\x04\0\x02a\0"]
    {
        ends("topic", bytes, only(|counted| counted.bad_topic += 1));
    }
}

#[test]
fn filters_that_are_none() {
    for filter in ["", "a#", "#/a", "a/+b", "a\0"] {
        let mut bytes = vec![0x82, u8::try_from(filter.len()).unwrap() + 5, 0, 1, 0];
        bytes.push(u8::try_from(filter.len()).unwrap());
        bytes.extend_from_slice(filter.as_bytes());
        bytes.push(0);
        ends(filter, &bytes, only(|counted| counted.bad_filter += 1));
        bytes.pop();
        bytes[0] = 0xa2;
        bytes[1] -= 1;
        ends(filter, &bytes, only(|counted| counted.bad_filter += 1));
    }
}

#[test]
fn acknowledgements_of_nothing() {
    let mut wire = Wire::new(both());
    let id = wire.plain("a", true);
    wire.ack(id, 5);
    assert!(wire.answers(id), "it does no harm");
    assert_eq!(wire.report().violations, only(|counted| counted.unknown_ack += 1));
}

#[test]
fn retained_messages() {
    let mut wire = Wire::new(both());
    let [one, other] = [wire.plain("a", true), wire.plain("b", true)];
    wire.subscribe(other, &[("a", 0)]);
    wire.send_bytes(one, b"\x31\x04\0\x01ax");
    assert_eq!(wire.report().violations, only(|counted| counted.retain += 1));
    // It is a message like any other, and nothing is kept of it.
    let [message] = &wire.publishes(other)[..] else { panic!() };
    assert!(!message.retain && message.payload == "x");
    wire.subscribe(other, &[("a", 0)]);
    assert_eq!(wire.bytes(other), b"");
}

#[test]
fn payloads_beyond_the_limit() {
    let topics = ["/a1X2bEnP82z/lamp-1/user/update", "YOURPROD01/lamp1/data"];
    for (topic, limit) in topics.into_iter().zip([256 << 10, 16 << 10]) {
        for (length, counted) in [(limit, 0), (limit + 1, 1)] {
            let mut wire = Wire::new(both());
            let id = if limit > 16 << 10 { wire.aliyun() } else { wire.tencent() };
            wire.publish(id, topic, &vec![0; length], 1);
            let violations = wire.report().violations;
            assert_eq!(
                (violations.payload_size, violations.total()),
                (counted, counted),
                "{length}"
            );
            assert_eq!(wire.is_closed(id), counted == 1, "{length}");
            assert_eq!(wire.bytes(id).is_empty(), counted == 1, "{length}");
        }
    }
    // One that is far too large is not waited for.
    ends("header", b"\x30\xff\xff\xff\x7f", only(|counted| counted.payload_size += 1));
}

#[test]
fn several_filters_in_one_subscribe() {
    let [data, control] = ["YOURPROD01/lamp1/data", "YOURPROD01/lamp1/control"];
    let mut wire = Wire::new(both());
    let id = wire.tencent();
    assert_eq!(wire.subscribe(id, &[(data, 1), (control, 1)]), [0x80, 0x80]);
    assert_eq!(wire.report().violations, only(|counted| counted.filters += 1));
    assert!(wire.platform.subscriptions(&super::tencent_id()).is_empty());
    assert_eq!(wire.subscribe(id, &[(data, 1)]), [1]);
    // Aliyun takes them.
    let id = wire.aliyun();
    let [get, service] =
        ["/a1X2bEnP82z/lamp-1/user/get", "/sys/a1X2bEnP82z/lamp-1/thing/service/property/set"];
    assert_eq!(wire.subscribe(id, &[(get, 0), (service, 1)]), [0, 1]);
    assert_eq!(wire.report().violations.total(), 1);
}

#[test]
fn too_many_subscriptions() {
    let mut wire = Wire::new(both());
    let id = wire.plain("a", true);
    for at in 0..100 {
        assert_eq!(wire.subscribe(id, &[(&format!("a/{at}"), 0)]), [0]);
    }
    assert_eq!(wire.subscribe(id, &[("b", 0)]), [0x80]);
    assert_eq!(wire.report().violations, only(|counted| counted.subscriptions += 1));
    assert_eq!(wire.subscribe(id, &[("a/7", 1)]), [1], "one that is there already");
}

#[test]
fn long_topics() {
    let longest = format!("YOURPROD01/lamp1/{}", "x".repeat(238));
    let longer = format!("{longest}x");
    let mut wire = Wire::new(both());
    let id = wire.tencent();
    assert_eq!(wire.subscribe(id, &[(&longest, 0)]), [0]);
    wire.publish(id, &longest, b"x", 0);
    assert_eq!(wire.publishes(id).len(), 1);
    assert_eq!(wire.subscribe(id, &[(&longer, 0)]), [0x80]);
    wire.publish(id, &longer, b"x", 0);
    assert_eq!(wire.bytes(id), b"");
    let violations = wire.report().violations;
    assert_eq!((violations.long_topic, violations.total()), (2, 2));
}

#[test]
fn nothing_is_read_behind_the_end() {
    let mut wire = Wire::new(both());
    let id = wire.plain("a", true);
    let mut bytes = vec![0xe0, 0];
    let mut message = bytes::BytesMut::new();
    let Packet::Publish(publish) = publish("a", b"x", 0) else { panic!() };
    publish.write(&mut message).unwrap();
    bytes.extend_from_slice(&message);
    wire.send_bytes(id, &bytes);
    assert!(wire.is_closed(id) && !wire.is_cut(id));
    assert_eq!((wire.report().disconnects, wire.report().received), (1, 0));
    assert_eq!(wire.platform.messages().count(), 0);
}
