//! Where one packet ends and the next begins, and what of a packet the codec lets pass although the
//! specification does not.

use bytes::BytesMut;
use rumqttc::mqttbytes::Error;
use rumqttc::mqttbytes::v4::Packet;

/// The whole length of the first packet in these bytes; `None` while more of it has to arrive before that can
/// be said or the packet is whole.
pub(crate) fn length(bytes: &[u8], largest: usize) -> Result<Option<usize>, Broken> {
    let Some((first, rest)) = bytes.split_first() else { return Ok(None) };
    check_flags(*first)?;
    let mut body: usize = 0;
    for at in 0..4_usize {
        let Some(byte) = rest.get(at) else { return Ok(None) };
        body |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 != 0 {
            continue;
        }
        if *byte == 0 && at > 0 {
            return Err(Broken::Malformed);
        }
        if body > largest {
            // Nobody waits for the end of it.
            return Err(if first >> 4 == PUBLISH { Broken::TooLarge } else { Broken::Malformed });
        }
        let whole = body.saturating_add(at).saturating_add(2);
        return Ok((bytes.len() >= whole).then_some(whole));
    }
    Err(Broken::Malformed)
}

/// The lower half of the first byte.
fn check_flags(first: u8) -> Result<(), Broken> {
    let flags = first & 0x0f;
    let is_right = match first >> 4 {
        0 | 15 => false,
        PUBLISH => {
            let (duplicate, qos) = (flags & 8 != 0, flags >> 1 & 3);
            qos != 3 && !(duplicate && qos == 0)
        }
        PUBREL | SUBSCRIBE | UNSUBSCRIBE => flags == 2,
        _ => flags == 0,
    };
    if is_right { Ok(()) } else { Err(Broken::Malformed) }
}

/// Reads one whole packet of a client that has said CONNECT.
pub(crate) fn read(frame: BytesMut) -> Result<Packet, Broken> {
    check_body(&frame)?;
    let mut frame = frame;
    let packet = Packet::read(&mut frame, usize::MAX).map_err(|error| match error {
        Error::PacketIdZero => Broken::PacketIdZero,
        _ => Broken::Malformed,
    })?;
    let id = match &packet {
        Packet::PubAck(ack) => Some(ack.pkid),
        Packet::Subscribe(subscribe) => Some(subscribe.pkid),
        Packet::Unsubscribe(unsubscribe) if unsubscribe.topics.is_empty() => {
            return Err(Broken::Malformed);
        }
        Packet::Unsubscribe(unsubscribe) => Some(unsubscribe.pkid),
        _ => None,
    };
    if id == Some(0) { Err(Broken::PacketIdZero) } else { Ok(packet) }
}

/// What stands behind the header, where its length or its bits are fixed.
fn check_body(frame: &[u8]) -> Result<(), Broken> {
    let (first, rest) = frame.split_first().ok_or(Broken::Malformed)?;
    let header = rest.iter().take(4).position(|byte| byte & 0x80 == 0).ok_or(Broken::Malformed)?;
    let body = rest.get(header.saturating_add(1)..).unwrap_or_default();
    let is_right = match first >> 4 {
        PUBACK | PUBREC | PUBREL | PUBCOMP => body.len() == 2,
        PINGREQ | DISCONNECT => body.is_empty(),
        SUBSCRIBE => options_are_right(body.get(2..).unwrap_or_default()),
        _ => true,
    };
    if is_right { Ok(()) } else { Err(Broken::Malformed) }
}

/// Behind each filter of a SUBSCRIBE stands a byte of which only the two lowest bits may be set.
fn options_are_right(mut filters: &[u8]) -> bool {
    while let Some((length, rest)) = filters.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let Some([options, rest @ ..]) = rest.get(length..) else { return false };
        if *options > 2 {
            return false;
        }
        filters = rest;
    }
    filters.is_empty()
}

/// Whether these bytes begin with a CONNECT.
pub(crate) fn is_connect(frame: &[u8]) -> bool {
    frame.first().is_some_and(|first| first >> 4 == CONNECT)
}

/// Why bytes are no packet that a client may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    Malformed,
    /// A message beyond any that would be taken.
    TooLarge,
    PacketIdZero,
}

const CONNECT: u8 = 1;
const PUBLISH: u8 = 3;
const PUBACK: u8 = 4;
const PUBREC: u8 = 5;
const PUBREL: u8 = 6;
const PUBCOMP: u8 = 7;
const SUBSCRIBE: u8 = 8;
const UNSUBSCRIBE: u8 = 10;
const PINGREQ: u8 = 12;
const DISCONNECT: u8 = 14;
