//! Packets that are wrong, and what is said of each.

use iot_home_mqtt::packet::{PacketField, Protocol, Will, inspect, parse};
use iot_home_mqtt::{Connack, Connect, ConnectCode, MqttLogin, Packet, Problem};

/// Level, flags and keep-alive, and then the payload, with the right remaining length in front.
fn connect(flags: u8, fields: &[&[u8]]) -> Vec<u8> {
    let mut body = b"\0\x04MQTT\x04".to_vec();
    body.extend([flags, 0, 60]);
    for field in fields {
        body.extend(u16::try_from(field.len()).unwrap().to_be_bytes());
        body.extend(*field);
    }
    let length = u8::try_from(body.len()).unwrap();
    assert!(length < 128);
    [&[0x10, length], &body[..]].concat()
}

fn right() -> Vec<u8> {
    connect(0xc2, &[b"lamp", b"me", b"pw"])
}

#[track_caller]
fn seen(bytes: &[u8]) -> Vec<Problem> {
    let inspection = inspect(bytes).unwrap_or_else(|problem| panic!("{problem}"));
    // What is strict ends at the first of them.
    let parsed = parse(bytes);
    match inspection.problems.first() {
        None => assert_eq!(parsed, Ok(inspection.packet)),
        Some(first) => assert_eq!(parsed.as_ref(), Err(first)),
    }
    for problem in &inspection.problems {
        assert!(!problem.to_string().is_empty());
    }
    inspection.problems
}

#[test]
fn a_right_one_has_none() {
    assert_eq!(seen(&right()), []);
    assert_eq!(seen(&connect(0x02, &[b""])), []);
    assert_eq!(seen(&connect(0xf6, &[b"a", b"t", b"", b"u", b""])), []);
    assert_eq!(seen(b"\x10\x10\0\x06MQIsdp\x03\x02\0\x3c\0\x02id"), []);
}

#[test]
fn remaining_lengths() {
    let packet = right();
    let with = |length: u8| [&[0x10, length], &packet[2..]].concat();
    let actual = packet.len() - 2;
    let fields = Some(actual);
    for claimed in [0, 1, actual - 1, actual + 1, 127] {
        let problem = Problem::RemainingLength { claimed, actual, fields };
        assert_eq!(seen(&with(u8::try_from(claimed).unwrap())), [problem]);
    }
    // Two bytes where one is enough.
    let longer = [&[0x10, packet[1] | 0x80, 0], &packet[2..]].concat();
    assert_eq!(seen(&longer), [Problem::LengthNotMinimal { length: actual, bytes: 2 }]);
    // Bytes behind the packet, and bytes that count as part of it.
    let trailing = [&packet[..], b"\r\n"].concat();
    assert_eq!(seen(&trailing), [Problem::TrailingBytes { count: 2 }]);
    let inside = [&with(packet[1] + 2)[..], b"\r\n"].concat();
    assert_eq!(seen(&inside), [Problem::UnreadBytes { count: 2 }]);
    // All of it wrong at once.
    let both = [&with(packet[1] + 1)[..], b"\r\n"].concat();
    let actual = actual + 2;
    let claimed = usize::from(packet[1]) + 1;
    assert_eq!(seen(&both), [Problem::RemainingLength { claimed, actual, fields }]);
}

#[test]
fn lengths_of_fields() {
    // A user name that claims more than there is, and the password behind it.
    let mut packet = right();
    let at = packet.len() - 8;
    assert_eq!(packet[at..at + 4], *b"\0\x02me");
    packet[at + 1] = 40;
    let field = PacketField::Username;
    assert_eq!(seen(&packet), [Problem::FieldLength { field, length: 40, left: 6 }]);
    let inspection = inspect(&packet).unwrap();
    let Packet::Connect(connect) = inspection.packet else { panic!("it is one") };
    assert_eq!((&*connect.client_id, connect.username.as_deref()), ("lamp", None));
    assert_eq!(connect.password, None);

    // Cut off after each byte, it is never right, and what stands before the cut is read.
    let packet = right();
    for end in 0..packet.len() {
        let cut = &packet[..end];
        if end < 12 {
            assert!(
                matches!(inspect(cut), Err(Problem::Truncated { length }) if length == end),
                "{end}"
            );
            continue;
        }
        let problems = seen(cut);
        assert!(
            problems.iter().any(|problem| matches!(
                problem,
                Problem::FieldLength { .. } | Problem::FieldMissing { .. }
            )),
            "{end}: {problems:?}"
        );
        assert!(problems.iter().any(|problem| matches!(problem, Problem::RemainingLength { .. })));
    }
}

#[test]
fn flags() {
    let fields: &[&[u8]] = &[b"lamp", b"me", b"pw"];
    let mut reserved = right();
    reserved[0] = 0x13;
    assert_eq!(seen(&reserved), [Problem::ReservedFlags { flags: 3 }]);
    assert_eq!(seen(&connect(0xc3, fields)), [Problem::ReservedConnectFlag]);
    for (flags, qos, retain) in [(0xca, 1, false), (0xe2, 0, true), (0xfa, 3, true)] {
        assert_eq!(seen(&connect(flags, fields)), [Problem::FlagsWithoutWill { qos, retain }]);
    }
    let will: &[&[u8]] = &[b"lamp", b"t", b"m", b"me", b"pw"];
    assert_eq!(seen(&connect(0xde, will)), [Problem::WillQos]);
    assert_eq!(seen(&connect(0x42, &[b"lamp", b"pw"])), [Problem::PasswordWithoutUsername]);
    assert_eq!(seen(&connect(0xc0, &[b"", b"me", b"pw"])), [Problem::EmptyClientId]);
    let missing = [Problem::FieldMissing { field: PacketField::Password }];
    assert_eq!(seen(&connect(0xc2, &[b"lamp", b"me"])), missing);
}

#[test]
fn texts() {
    let nul = |field, position| [Problem::Nul { field, position }];
    assert_eq!(seen(&connect(0x82, &[b"la\0mp", b"me"])), nul(PacketField::ClientId, 3));
    assert_eq!(seen(&connect(0x82, &[b"lamp", b"\0"])), nul(PacketField::Username, 1));
    // A password is bytes.
    assert_eq!(seen(&connect(0xc2, &[b"lamp", b"me", b"\0\xff"])), []);
    let packet = connect(0x82, &[b"la\xffmp", b"me"]);
    assert_eq!(seen(&packet), [Problem::NotUtf8 { field: PacketField::ClientId, position: 3 }]);
    let Packet::Connect(connect) = inspect(&packet).unwrap().packet else { panic!("it is one") };
    assert_eq!(connect.client_id, "la\u{fffd}mp");
}

#[test]
fn protocols() {
    let named = |name: &[u8], level: u8| {
        let mut body = u16::try_from(name.len()).unwrap().to_be_bytes().to_vec();
        body.extend(name);
        body.extend([level, 2, 0, 60, 0, 1, b'a']);
        [&[0x10, u8::try_from(body.len()).unwrap()], &body[..]].concat()
    };
    assert_eq!(inspect(&named(b"MQTX", 4)), Err(Problem::ProtocolName));
    assert_eq!(inspect(&named(b"HTTP/1.1", 4)), Err(Problem::ProtocolName));
    assert_eq!(inspect(&named(b"mqtt", 4)), Err(Problem::ProtocolName));
    assert_eq!(inspect(&named(b"MQTT", 5)), Err(Problem::Level { level: 5 }));
    assert_eq!(seen(&named(b"MQTT", 3)), [Problem::LevelOfOtherName { level: 3 }]);
    assert_eq!(seen(&named(b"MQIsdp", 4)), [Problem::LevelOfOtherName { level: 4 }]);
    assert_eq!(inspect(b"\x10\x7f\xff\xffMQ"), Err(Problem::ProtocolName));
}

/// One byte is one byte.
#[test]
fn counts() {
    let told = |bytes: &[u8]| match inspect(bytes) {
        Ok(inspection) => inspection.problems.iter().map(ToString::to_string).collect(),
        Err(problem) => vec![problem.to_string()],
    };
    assert_eq!(told(b"\x20"), ["the packet ends after 1 byte, within its header"]);
    assert_eq!(told(b"\x20\x02\0"), ["the packet ends after 3 bytes, within its header"]);
    assert_eq!(told(b"\x20\x02\0\0\n"), ["1 byte follows the packet"]);
    assert_eq!(told(b"\x20\x02\0\0\r\n"), ["2 bytes follow the packet"]);
    let inside = ["1 byte stands behind the last field, inside the packet"];
    assert_eq!(told(b"\x20\x03\0\0\n"), inside);
    let inside = ["2 bytes stand behind the last field, inside the packet"];
    assert_eq!(told(b"\x20\x04\0\0\r\n"), inside);
    let mut packet = connect(0x02, &[b"a"]);
    packet[13] = 2;
    assert_eq!(told(&packet), ["the client id claims 2 bytes, and 1 is left"]);
}

#[test]
fn what_is_no_handshake() {
    assert_eq!(inspect(b""), Err(Problem::Truncated { length: 0 }));
    assert_eq!(inspect(b"\x10"), Err(Problem::Truncated { length: 1 }));
    assert_eq!(inspect(b"\x10\x80\x80\x80"), Err(Problem::Truncated { length: 4 }));
    assert_eq!(inspect(b"\x10\x80\x80\x80\x80\x01"), Err(Problem::LengthTooLong));
    for first in [0_u8, 0x30, 0xc0, 0xe0, 0xf0] {
        let problem = inspect(&[first, 0]).unwrap_err();
        assert_eq!(problem, Problem::NotAHandshake { packet_type: first >> 4 });
    }
    assert!(inspect(b"\xe0\0").unwrap_err().to_string().contains("DISCONNECT"));
    assert!(inspect(b"GET / HTTP/1.1\r\n").unwrap_err().to_string().contains("PUBACK"));
}

#[test]
fn answers() {
    assert_eq!(seen(b"\x20\x02\x01\x00"), []);
    assert_eq!(seen(b"\x20\x02\x02\x00"), [Problem::ReservedAckFlags { flags: 2 }]);
    assert_eq!(seen(b"\x20\x02\x01\x05"), [Problem::SessionOfRefusal]);
    // Nor is one written.
    assert_eq!(Connack::new(true, ConnectCode::NOT_AUTHORIZED).encode(), *b"\x20\x02\0\x05");
    assert_eq!(Connack::new(true, ConnectCode::ACCEPTED).encode(), *b"\x20\x02\x01\0");
    assert_eq!(seen(b"\x20\x02\x00\x86"), [Problem::UnknownCode { code: 0x86 }]);
    assert_eq!(seen(b"\x20\x02\x00\x00\x00"), [Problem::TrailingBytes { count: 1 }]);
    assert_eq!(seen(b"\x20\x03\x00\x00\x00"), [Problem::UnreadBytes { count: 1 }]);
    let short = Problem::RemainingLength { claimed: 3, actual: 2, fields: Some(2) };
    assert_eq!(seen(b"\x20\x03\x00\x00"), [short]);
    assert_eq!(inspect(b"\x20\x02\x00"), Err(Problem::Truncated { length: 3 }));
}

#[test]
fn what_cannot_be_written() {
    let refused = |connect: &Connect<'_>| {
        let mut buffer = b"kept".to_vec();
        let problem = connect.encode(&mut buffer).unwrap_err();
        assert_eq!(buffer, b"kept");
        problem
    };
    let mut connect = Connect::new("lamp");
    connect.password = Some(b"pw");
    assert_eq!(refused(&connect), Problem::PasswordWithoutUsername);
    let mut connect = Connect::new("");
    connect.clean_session = false;
    assert_eq!(refused(&connect), Problem::EmptyClientId);
    let long = "x".repeat(65_536);
    let field = PacketField::ClientId;
    assert_eq!(
        refused(&Connect::new(long.as_str())),
        Problem::FieldTooLong { field, length: 65_536 }
    );
    assert_eq!(refused(&Connect::new("a\0")), Problem::Nul { field, position: 2 });
    let mut connect = Connect::new("lamp");
    let mut will = Will::new("t", b"m");
    will.qos = 3;
    connect.will = Some(will);
    assert_eq!(refused(&connect), Problem::WillQos);
    // The longest there is takes three bytes for its length.
    let long = "x".repeat(65_535);
    let mut connect = Connect::new(long.as_str());
    connect.username = Some(long.as_str().into());
    connect.password = Some(long.as_bytes());
    connect.will = Some(Will::new(long.as_str(), long.as_bytes()));
    let mut buffer = Vec::new();
    connect.encode(&mut buffer).unwrap();
    assert_eq!(buffer.len(), 1 + 3 + 10 + 5 * 65_537);
    assert_eq!(parse(&buffer), Ok(Packet::Connect(connect)));
}

#[test]
fn a_login_as_a_packet() {
    let mut login = MqttLogin::new("broker.lan", 1883, "lamp");
    assert_eq!(Connect::from(&login), Connect::new("lamp"));
    login.username = Some("me".into());
    login.password = Some(String::from("pw").into());
    let mut buffer = Vec::new();
    Connect::from(&login).encode(&mut buffer).unwrap();
    assert_eq!(buffer, right());
    assert_eq!(Connect::from(&login).protocol, Protocol::V311);
}
