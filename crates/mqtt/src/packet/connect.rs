//! The client's first packet, and how it is written.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use super::problem::{PacketField, Problem};
use crate::MqttLogin;

/// The client's first packet.
///
/// Read by [`inspect`](super::inspect), its texts have replacement characters where they were not UTF-8.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connect<'a> {
    /// Which MQTT it is.
    pub protocol: Protocol,
    /// The client id.
    pub client_id: Cow<'a, str>,
    /// What the broker publishes when the client is lost.
    pub will: Option<Will<'a>>,
    /// The user name.
    pub username: Option<Cow<'a, str>>,
    /// The password.
    pub password: Option<&'a [u8]>,
    /// The longest silence between two packets, in seconds; 0 is without bound.
    pub keep_alive: u16,
    /// Whether the broker begins a new session.
    pub clean_session: bool,
}

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// 3.1.1: `MQTT`, level 4.
    V311,
    /// 3.1: `MQIsdp`, level 3.
    V31,
}

impl Protocol {
    /// The name in the packet.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V311 => "MQTT",
            Self::V31 => "MQIsdp",
        }
    }

    /// The level in the packet.
    pub const fn level(self) -> u8 {
        match self {
            Self::V311 => 4,
            Self::V31 => 3,
        }
    }
}

/// What the broker publishes when the client is lost.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Will<'a> {
    /// Where to.
    pub topic: Cow<'a, str>,
    /// The payload.
    pub message: &'a [u8],
    /// The quality of service, 0 to 2.
    pub qos: u8,
    /// Whether it is to be retained.
    pub retain: bool,
}

impl<'a> Will<'a> {
    /// A will that is not retained, with a quality of service of 0.
    pub fn new(topic: impl Into<Cow<'a, str>>, message: &'a [u8]) -> Self {
        Self { topic: topic.into(), message, qos: 0, retain: false }
    }
}

impl<'a> Connect<'a> {
    /// A packet of MQTT 3.1.1 without credentials, with a keep-alive of a minute and a clean session.
    pub fn new(client_id: impl Into<Cow<'a, str>>) -> Self {
        Self {
            protocol: Protocol::V311,
            client_id: client_id.into(),
            will: None,
            username: None,
            password: None,
            keep_alive: 60,
            clean_session: true,
        }
    }

    /// Appends the packet to the buffer.
    ///
    /// # Errors
    /// [`Problem::FieldTooLong`], [`Nul`](Problem::Nul), [`WillQos`](Problem::WillQos),
    /// [`PasswordWithoutUsername`](Problem::PasswordWithoutUsername) or
    /// [`EmptyClientId`](Problem::EmptyClientId); the buffer is as it was.
    pub fn encode(&self, buffer: &mut Vec<u8>) -> Result<(), Problem> {
        if self.password.is_some() && self.username.is_none() {
            return Err(Problem::PasswordWithoutUsername);
        }
        if self.client_id.is_empty() && !self.clean_session {
            return Err(Problem::EmptyClientId);
        }
        let mut flags = u8::from(self.clean_session) << 1;
        if let Some(will) = &self.will {
            if will.qos > 2 {
                return Err(Problem::WillQos);
            }
            flags |= 1 << 2 | will.qos << 3 | u8::from(will.retain) << 5;
        }
        flags |= u8::from(self.password.is_some()) << 6 | u8::from(self.username.is_some()) << 7;
        // Level, flags and keep-alive.
        let mut length: usize = 4;
        for (field, bytes) in self.fields() {
            let is_text = !matches!(field, PacketField::WillMessage | PacketField::Password);
            if u16::try_from(bytes.len()).is_err() {
                return Err(Problem::FieldTooLong { field, length: bytes.len() });
            }
            if let Some(at) = bytes.iter().position(|byte| is_text && *byte == 0) {
                return Err(Problem::Nul { field, position: at.saturating_add(1) });
            }
            length = length.saturating_add(2).saturating_add(bytes.len());
        }

        buffer.reserve(length.saturating_add(5));
        buffer.push(0x10);
        remaining_length(length, buffer);
        for (field, bytes) in self.fields() {
            // It was checked that the length fits.
            let length = u16::try_from(bytes.len()).unwrap_or_default();
            buffer.extend_from_slice(&length.to_be_bytes());
            buffer.extend_from_slice(bytes);
            if field == PacketField::Protocol {
                buffer.extend_from_slice(&[self.protocol.level(), flags]);
                buffer.extend_from_slice(&self.keep_alive.to_be_bytes());
            }
        }
        Ok(())
    }

    /// All that has a length in front of it, in the order of the packet.
    fn fields(&self) -> impl Iterator<Item = (PacketField, &[u8])> {
        let will = self.will.as_ref();
        [
            Some((PacketField::Protocol, self.protocol.name().as_bytes())),
            Some((PacketField::ClientId, self.client_id.as_bytes())),
            will.map(|will| (PacketField::WillTopic, will.topic.as_bytes())),
            will.map(|will| (PacketField::WillMessage, will.message)),
            self.username.as_ref().map(|name| (PacketField::Username, name.as_bytes())),
            self.password.map(|password| (PacketField::Password, password)),
        ]
        .into_iter()
        .flatten()
    }
}

/// Seven bits to a byte, the lowest first.
fn remaining_length(mut length: usize, buffer: &mut Vec<u8>) {
    loop {
        let low = u8::try_from(length & 0x7f).unwrap_or_default();
        length >>= 7;
        if length == 0 {
            buffer.push(low);
            return;
        }
        buffer.push(low | 0x80);
    }
}

impl<'a> From<&'a MqttLogin> for Connect<'a> {
    fn from(login: &'a MqttLogin) -> Self {
        let password = login.password.as_ref().map(|password| password.expose().as_bytes());
        Self {
            username: login.username.as_deref().map(Cow::Borrowed),
            password,
            keep_alive: login.keep_alive,
            clean_session: login.clean_session,
            ..Self::new(login.client_id.as_str())
        }
    }
}

/// Shows everything but the password.
impl fmt::Debug for Connect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("protocol", &self.protocol)
            .field("client_id", &self.client_id)
            .field("will", &self.will)
            .field("username", &self.username)
            .field("password", &self.password.map(|_| "<redacted>"))
            .field("keep_alive", &self.keep_alive)
            .field("clean_session", &self.clean_session)
            .finish()
    }
}

/// Shows everything but the payload.
impl fmt::Debug for Will<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Will")
            .field("topic", &self.topic)
            .field("qos", &self.qos)
            .field("retain", &self.retain)
            .finish_non_exhaustive()
    }
}
