//! Reading a packet, and saying what is wrong with it on the way.

use alloc::borrow::Cow;
use alloc::string::String;

use super::Packet;
use super::connack::{Connack, ConnectCode};
use super::connect::{Connect, Protocol, Will};
use super::problem::{PacketField, Problem};

/// Reads a packet, tells `report` of each problem, and ends only at what keeps it from being one.
pub(super) fn packet<'a>(
    bytes: &'a [u8],
    report: &mut dyn FnMut(Problem),
) -> Result<Packet<'a>, Problem> {
    let truncated = Problem::Truncated { length: bytes.len() };
    let (first, rest) = bytes.split_first().ok_or(truncated)?;
    let packet_type = first >> 4;
    if !matches!(packet_type, 1 | 2) {
        return Err(Problem::NotAHandshake { packet_type });
    }
    if first & 0x0f != 0 {
        report(Problem::ReservedFlags { flags: first & 0x0f });
    }
    let (claimed, rest) = remaining_length(rest, bytes.len(), report)?;
    let mut reader = Reader { all: rest, rest, cut: false, report };
    let packet = if packet_type == 1 {
        Packet::Connect(reader.connect(bytes.len())?)
    } else {
        Packet::Connack(reader.connack(bytes.len())?)
    };
    reader.compare(claimed);
    Ok(packet)
}

/// The number behind the first byte, and what follows it.
fn remaining_length<'a>(
    bytes: &'a [u8],
    length: usize,
    report: &mut dyn FnMut(Problem),
) -> Result<(usize, &'a [u8]), Problem> {
    let mut claimed: usize = 0;
    for (at, byte) in (0..4).zip(bytes) {
        claimed |= usize::from(byte & 0x7f) << (7_usize.saturating_mul(at));
        if byte & 0x80 == 0 {
            let count = at.saturating_add(1);
            if *byte == 0 && at > 0 {
                report(Problem::LengthNotMinimal { length: claimed, bytes: count });
            }
            return Ok((claimed, bytes.get(count..).unwrap_or_default()));
        }
    }
    Err(if bytes.len() < 4 { Problem::Truncated { length } } else { Problem::LengthTooLong })
}

struct Reader<'a, 'r> {
    /// What follows the remaining length, whatever that says.
    all: &'a [u8],
    rest: &'a [u8],
    /// Whether a field went beyond the end.
    cut: bool,
    report: &'r mut dyn FnMut(Problem),
}

impl<'a> Reader<'a, '_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    /// A field with its length in front. One that is cut off is missing: what is left may be of another, whose
    /// contents are not to be shown.
    fn field(&mut self, field: PacketField) -> Option<&'a [u8]> {
        if self.cut {
            return None;
        }
        let Some(length) = self.take().map(u16::from_be_bytes).map(usize::from) else {
            self.cut = true;
            (self.report)(Problem::FieldMissing { field });
            return None;
        };
        let left = self.rest.len();
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            self.cut = true;
            (self.report)(Problem::FieldLength { field, length, left });
            return None;
        };
        self.rest = rest;
        Some(taken)
    }

    fn text(&mut self, field: PacketField) -> Option<Cow<'a, str>> {
        let bytes = self.field(field)?;
        if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
            (self.report)(Problem::Nul { field, position: at.saturating_add(1) });
        }
        Some(match core::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(error) => {
                let position = error.valid_up_to().saturating_add(1);
                (self.report)(Problem::NotUtf8 { field, position });
                String::from_utf8_lossy(bytes)
            }
        })
    }

    fn connect(&mut self, length: usize) -> Result<Connect<'a>, Problem> {
        let truncated = Problem::Truncated { length };
        let name_length = self.take().map(u16::from_be_bytes).ok_or(truncated.clone())?;
        let (name, rest) = self.rest.split_at_checked(name_length.into()).ok_or_else(|| {
            // A name of this length is none.
            if name_length > 6 { Problem::ProtocolName } else { truncated.clone() }
        })?;
        self.rest = rest;
        let named = match name {
            b"MQTT" => Protocol::V311,
            b"MQIsdp" => Protocol::V31,
            _ => return Err(Problem::ProtocolName),
        };
        let [level, flags] = self.take().ok_or(truncated.clone())?;
        let protocol = match level {
            4 => Protocol::V311,
            3 => Protocol::V31,
            _ => return Err(Problem::Level { level }),
        };
        if protocol != named {
            (self.report)(Problem::LevelOfOtherName { level });
        }
        let keep_alive = self.take().map(u16::from_be_bytes).ok_or(truncated)?;
        let has = |bit: u8| flags >> bit & 1 == 1;
        let (clean_session, qos, retain) = (has(1), flags >> 3 & 3, has(5));
        if has(0) {
            (self.report)(Problem::ReservedConnectFlag);
        }
        if !has(2) && (qos > 0 || retain) {
            (self.report)(Problem::FlagsWithoutWill { qos, retain });
        }
        if has(2) && qos == 3 {
            (self.report)(Problem::WillQos);
        }
        if has(6) && !has(7) {
            (self.report)(Problem::PasswordWithoutUsername);
        }

        let client_id = self.text(PacketField::ClientId);
        if client_id.as_deref() == Some("") && !clean_session {
            (self.report)(Problem::EmptyClientId);
        }
        let client_id = client_id.unwrap_or_default();
        let will = if has(2) {
            let topic = self.text(PacketField::WillTopic);
            let message = self.field(PacketField::WillMessage);
            topic.map(|topic| Will { topic, message: message.unwrap_or_default(), qos, retain })
        } else {
            None
        };
        let username = if has(7) { self.text(PacketField::Username) } else { None };
        let password = if has(6) { self.field(PacketField::Password) } else { None };
        Ok(Connect { protocol, client_id, will, username, password, keep_alive, clean_session })
    }

    fn connack(&mut self, length: usize) -> Result<Connack, Problem> {
        let [flags, code] = self.take().ok_or(Problem::Truncated { length })?;
        let code = ConnectCode::new(code);
        if flags & 0xfe != 0 {
            (self.report)(Problem::ReservedAckFlags { flags });
        }
        if code.meaning().is_none() {
            (self.report)(Problem::UnknownCode { code: code.get() });
        }
        let session_present = flags & 1 == 1;
        if session_present && !code.is_ok() {
            (self.report)(Problem::SessionOfRefusal);
        }
        Ok(Connack { session_present, code })
    }

    /// Compares what the remaining length says with what was found.
    fn compare(&mut self, claimed: usize) {
        let actual = self.all.len();
        let fields = actual.saturating_sub(self.rest.len());
        let problem = match (self.cut, claimed) {
            (true, _) if claimed == actual => return,
            (true, _) => Problem::RemainingLength { claimed, actual, fields: None },
            _ if claimed == fields && claimed == actual => return,
            _ if claimed == fields => {
                Problem::TrailingBytes { count: actual.saturating_sub(fields) }
            }
            _ if claimed == actual => Problem::UnreadBytes { count: actual.saturating_sub(fields) },
            _ => Problem::RemainingLength { claimed, actual, fields: Some(fields) },
        };
        (self.report)(problem);
    }
}
