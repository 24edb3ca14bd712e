//! Packets of a session with a broker: put together from pieces, and told without secrets.

use std::sync::{Mutex, PoisonError};

use iot_home::mqtt::client::{Direction, WireEvent};
use iot_home::mqtt::{Packet, packet};
use serde::Serialize;

use super::Recorder;
use crate::ordered::{Hidden, Ordered, without_tokens};

#[derive(Debug, Default, PartialEq, Serialize)]
struct Line<'a> {
    /// Seconds since the command began.
    time: f64,
    direction: &'static str,
    peer: &'a str,
    /// Which connection of the session, from 1.
    connection: u64,
    kind: Option<&'static str>,
    length: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    qos: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Ordered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
}

impl Recorder {
    /// What a session calls with all that goes and comes. Passwords are left out, and secrets, which are given in lower
    /// case, are blanked wherever they stand.
    pub(crate) fn session_observer(
        &self,
        peer: String,
        secrets: Vec<String>,
    ) -> impl Fn(&WireEvent<'_>) + Send + Sync + use<> {
        let this = self.clone();
        let packets = Mutex::new(Packets::default());
        move |event| {
            let mut packets = packets.lock().unwrap_or_else(PoisonError::into_inner);
            packets.push(event.connection, event.direction, event.bytes, |bytes| {
                let told = match bytes {
                    Some(bytes) => tell(bytes, &secrets),
                    None => Line { problem: Some("no packet of MQTT"), ..Line::default() },
                };
                this.write(&Line {
                    time: this.elapsed(),
                    direction: match event.direction {
                        Direction::Sent => "sent",
                        Direction::Received => "received",
                    },
                    peer: &peer,
                    connection: event.connection,
                    ..told
                });
            });
        }
    }
}

/// The beginnings of packets, for each direction.
#[derive(Default)]
struct Packets {
    connection: u64,
    received: Pieces,
    sent: Pieces,
}

#[derive(Default)]
struct Pieces {
    bytes: Vec<u8>,
    /// Nothing more of this connection can be read.
    is_lost: bool,
}

impl Packets {
    /// Tells of each packet that is whole, and once of what is none.
    fn push(
        &mut self,
        connection: u64,
        direction: Direction,
        bytes: &[u8],
        mut tell: impl FnMut(Option<&[u8]>),
    ) {
        if self.connection != connection {
            *self = Self { connection, ..Self::default() };
        }
        let pieces = match direction {
            Direction::Received => &mut self.received,
            Direction::Sent => &mut self.sent,
        };
        if pieces.is_lost {
            return;
        }
        pieces.bytes.extend_from_slice(bytes);
        let mut rest = pieces.bytes.as_slice();
        loop {
            match whole(rest) {
                Some(Ok(length)) => {
                    let Some((packet, behind)) = rest.split_at_checked(length) else { break };
                    tell(Some(packet));
                    rest = behind;
                }
                Some(Err(())) => {
                    tell(None);
                    pieces.is_lost = true;
                    rest = &[];
                    break;
                }
                None => break,
            }
        }
        let rest = rest.to_vec();
        pieces.bytes = rest;
    }
}

/// The length of the packet that begins here, as far as it can be told.
fn whole(bytes: &[u8]) -> Option<Result<usize, ()>> {
    let (_, lengths) = bytes.split_first()?;
    let mut body = 0_usize;
    for (at, byte) in lengths.iter().take(4).enumerate() {
        body |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            // No session takes a larger one, and a transcript keeps none.
            return Some(if body > LARGEST { Err(()) } else { Ok(body + at + 2) });
        }
    }
    (lengths.len() >= 4).then_some(Err(()))
}

const LARGEST: usize = 2 << 20;

/// What a packet says.
fn tell(bytes: &[u8], secrets: &[String]) -> Line<'static> {
    let text = |text: &str| without_tokens(text, secrets);
    let mut line = Line { length: bytes.len(), ..Line::default() };
    let first = bytes.first().copied().unwrap_or_default();
    let header = bytes.iter().skip(1).position(|byte| byte & 0x80 == 0).unwrap_or_default() + 2;
    let mut body = bytes.get(header..).unwrap_or_default();
    let mut number = || {
        let (taken, rest) = body.split_first_chunk()?;
        body = rest;
        Some(u16::from_be_bytes(*taken))
    };
    let (kind, has_id) = match first >> 4 {
        1 => ("connect", false),
        2 => ("connack", false),
        3 => ("publish", false),
        4 => ("puback", true),
        8 => ("subscribe", true),
        9 => ("suback", true),
        10 => ("unsubscribe", true),
        11 => ("unsuback", true),
        12 => ("pingreq", false),
        13 => ("pingresp", false),
        14 => ("disconnect", false),
        _ => return line,
    };
    line.kind = Some(kind);
    if has_id {
        line.id = number();
    }
    match kind {
        "connect" => {
            if let Ok(Packet::Connect(connect)) = packet::parse(bytes) {
                line.client_id = Some(text(&connect.client_id));
                line.username = connect.username.as_deref().map(text);
            }
        }
        "connack" => line.code = body.get(1).copied(),
        "suback" => line.code = body.first().copied(),
        "subscribe" | "unsubscribe" | "publish" => {
            let length = number().map(usize::from);
            let Some((topic, rest)) = length.and_then(|length| body.split_at_checked(length))
            else {
                line.problem = Some("the packet ends too early");
                return line;
            };
            line.topic = Some(text(&String::from_utf8_lossy(topic)));
            if kind == "subscribe" {
                line.qos = rest.first().copied();
            }
            if kind == "publish" {
                let qos = first >> 1 & 3;
                line.qos = Some(qos);
                let id = rest.split_first_chunk().filter(|_| qos > 0);
                line.id = id.map(|(id, _)| u16::from_be_bytes(*id));
                line.payload = json(id.map_or(rest, |(_, rest)| rest), secrets);
                // What is no JSON cannot be searched for secrets.
                line.problem = line.payload.is_none().then_some("the payload is not JSON");
            }
        }
        _ => {}
    }
    line
}

fn json(bytes: &[u8], secrets: &[String]) -> Option<Ordered> {
    let mut payload = Ordered::parse(std::str::from_utf8(bytes).ok()?).ok()?;
    payload.hide(&Hidden::clouds_personal(secrets));
    Some(payload)
}

#[cfg(test)]
mod tests {
    use iot_home::mqtt::client::Direction::{Received, Sent};
    use iot_home::mqtt::{Connect, MqttLogin};

    use super::{Packets, tell};

    fn pieces(packets: &mut Packets, connection: u64, bytes: &[u8]) -> Vec<Option<Vec<u8>>> {
        let mut seen = Vec::new();
        packets.push(connection, Sent, bytes, |packet| seen.push(packet.map(<[u8]>::to_vec)));
        seen
    }

    #[test]
    fn packets_are_put_together() {
        let mut packets = Packets::default();
        let ping = [0xc0, 0];
        let ack = [0x40, 2, 0, 7];
        assert_eq!(pieces(&mut packets, 1, &ping[..1]), []);
        // The other way has its own.
        packets.push(1, Received, &ack[..3], |_| panic!("it is not whole"));
        assert_eq!(
            pieces(&mut packets, 1, &[&ping[1..], &ack].concat()),
            [Some(ping.to_vec()), Some(ack.to_vec())]
        );
        // What another connection began is not gone on with.
        assert_eq!(pieces(&mut packets, 1, &ack[..3]), []);
        assert_eq!(pieces(&mut packets, 2, &ping), [Some(ping.to_vec())]);
        for broken in [&[0x30, 0xff, 0xff, 0xff, 0xff][..], &[0x30, 0xff, 0xff, 0xff, 0x7f]] {
            let mut packets = Packets::default();
            assert_eq!(pieces(&mut packets, 1, broken), [None]);
            assert_eq!(pieces(&mut packets, 1, &ping), [], "told once");
        }
    }

    #[test]
    fn what_a_packet_says() {
        let secrets = ["hunter2-hunter2".to_owned()];
        let told = |bytes: &[u8]| serde_json::to_string(&tell(bytes, &secrets)).unwrap();
        let mut login = MqttLogin::new("host", 1, "lamp-Hunter2-hunter2");
        login.username = Some("me".into());
        login.password = Some(String::from("the-password").into());
        let mut connect = Vec::new();
        Connect::from(&login).encode(&mut connect).unwrap();
        let line = told(&connect);
        assert!(
            line.contains(r#""kind":"connect""#) && line.contains(r#""username":"me""#),
            "{line}"
        );
        assert!(!line.contains("unter2") && !line.contains("the-password"), "{line}");
        assert!(told(&[0x20, 2, 0, 5]).contains(r#""kind":"connack","length":4,"code":5"#));
        assert!(told(&[0x40, 2, 0, 7]).contains(r#""kind":"puback","length":4,"id":7"#));
        let publish = told(b"\x32\x0c\0\x01t\0\x09{\"k\":1}");
        assert!(publish.ends_with(r#""id":9,"topic":"t","qos":1,"payload":{"k":1}}"#), "{publish}");
        let text = told(b"\x30\x05\0\x01thi");
        assert!(text.contains("not JSON") && !text.contains("hi"), "{text}");
        // Whatever comes is told without a panic.
        for end in 0..connect.len() {
            for first in 0..=255 {
                let bytes = [&[first], &connect[..end]].concat();
                let _ = told(&bytes);
            }
        }
        assert!(told(b"\x30\x02\0\x09").contains("too early"));
    }
}
