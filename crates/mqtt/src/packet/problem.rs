//! What can be wrong with a packet.

use core::fmt;

/// A field of a CONNECT packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacketField {
    /// The name of the protocol.
    Protocol,
    /// The client id.
    ClientId,
    /// The topic of the will.
    WillTopic,
    /// The message of the will.
    WillMessage,
    /// The user name.
    Username,
    /// The password.
    Password,
}

impl fmt::Display for PacketField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Protocol => "protocol name",
            Self::ClientId => "client id",
            Self::WillTopic => "will topic",
            Self::WillMessage => "will message",
            Self::Username => "user name",
            Self::Password => "password",
        })
    }
}

/// Something that is wrong with a packet. It holds numbers, and nothing of what the packet carries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// There is nothing, or not even a whole header.
    #[error("the packet ends after {}, within its header", Bytes(*.length))]
    Truncated {
        /// How many bytes there are.
        length: usize,
    },
    /// Another packet than CONNECT and CONNACK.
    #[error("this is a packet of type {} ({}), not CONNECT or CONNACK", .packet_type, type_name(*.packet_type))]
    NotAHandshake {
        /// The upper half of the first byte.
        packet_type: u8,
    },
    /// The lower half of the first byte, which has to be 0.
    #[error("the reserved flags of the first byte are {flags:#x}, they have to be 0")]
    ReservedFlags {
        /// The lower half of the first byte.
        flags: u8,
    },
    /// The remaining length goes on after its fourth byte.
    #[error("the remaining length has more than 4 bytes")]
    LengthTooLong,
    /// The remaining length is written with more bytes than it needs.
    #[error("the remaining length {length} is written with {bytes} bytes, more than it needs")]
    LengthNotMinimal {
        /// The length.
        length: usize,
        /// How many bytes it takes.
        bytes: usize,
    },
    /// The remaining length does not fit what follows.
    #[error("the remaining length is {claimed}{}, and {}", Fields(.fields), Verb(*.actual, "follow"))]
    RemainingLength {
        /// What it says.
        claimed: usize,
        /// How many bytes there are.
        actual: usize,
        /// Where the fields end, if they could be read.
        fields: Option<usize>,
    },
    /// Bytes behind the last field that count as part of the packet.
    #[error("{} behind the last field, inside the packet", Verb(*.count, "stand"))]
    UnreadBytes {
        /// How many.
        count: usize,
    },
    /// Bytes behind the packet.
    #[error("{} the packet", Verb(*.count, "follow"))]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// The name is neither `MQTT` nor `MQIsdp`.
    #[error("the protocol is called neither MQTT nor MQIsdp")]
    ProtocolName,
    /// A version that is not read here.
    #[error("the protocol level is {level}; only 4 (MQTT 3.1.1) and 3 (MQTT 3.1) are read here")]
    Level {
        /// The version.
        level: u8,
    },
    /// The name of one version and the level of the other.
    #[error("the protocol level {level} does not go with the protocol's name")]
    LevelOfOtherName {
        /// The version.
        level: u8,
    },
    /// Bit 0 of the connect flags, which has to be 0.
    #[error("the reserved bit of the connect flags is set")]
    ReservedConnectFlag,
    /// A quality of service of 3, which there is not.
    #[error("the will has a quality of service of 3, there are 0, 1 and 2")]
    WillQos,
    /// Quality of service or retain without a will.
    #[error("the connect flags describe a will (QoS {qos}, retain {retain}) that there is not")]
    FlagsWithoutWill {
        /// The quality of service.
        qos: u8,
        /// Whether it is to be retained.
        retain: bool,
    },
    /// A password without a user name.
    #[error("there is a password without a user name")]
    PasswordWithoutUsername,
    /// An empty client id for a session that is to be remembered.
    #[error("the client id is empty while the session is not a clean one")]
    EmptyClientId,
    /// The packet ends within a field.
    #[error("the {field} claims {}, and {left} {} left", Bytes(*.length), if *.left == 1 { "is" } else { "are" })]
    FieldLength {
        /// Which.
        field: PacketField,
        /// What its length says.
        length: usize,
        /// How many bytes there are.
        left: usize,
    },
    /// The packet ends before a field that the flags announce.
    #[error("the {field} is missing: the packet ends before it")]
    FieldMissing {
        /// Which.
        field: PacketField,
    },
    /// A text that is not UTF-8.
    #[error("the {field} is not UTF-8 from byte {position} on")]
    NotUtf8 {
        /// Which.
        field: PacketField,
        /// The first byte that is wrong, counted from 1.
        position: usize,
    },
    /// A text with U+0000 in it, which MQTT forbids.
    #[error("the {field} holds U+0000 at byte {position}")]
    Nul {
        /// Which.
        field: PacketField,
        /// The first of them, counted from 1.
        position: usize,
    },
    /// A field is too long to be written.
    #[error("the {field} has {length} bytes, and a field has at most 65535")]
    FieldTooLong {
        /// Which.
        field: PacketField,
        /// How long it is.
        length: usize,
    },
    /// The first byte of a CONNACK has more set than the session bit.
    #[error("the reserved flags of the CONNACK are {flags:#04x}, only bit 0 may be set")]
    ReservedAckFlags {
        /// The byte.
        flags: u8,
    },
    /// A refusal that says that there is a session.
    #[error("the connection is refused, and yet a session is said to be present")]
    SessionOfRefusal,
    /// A code that MQTT 3.1.1 does not have.
    #[error("the return code is {code}, MQTT 3.1.1 has 0 to 5")]
    UnknownCode {
        /// The code.
        code: u8,
    },
    /// A keep-alive that the platform does not take.
    #[error("the keep-alive is {seconds} s, the platform takes {low} to {high}")]
    KeepAlive {
        /// As the packet has it.
        seconds: u16,
        /// The lowest.
        low: u16,
        /// The highest.
        high: u16,
    },
    /// A will, where the platform has none.
    #[error("there is a will, and the platform has none by its documents")]
    WillUnsupported,
    /// A retained will, where the platform retains nothing.
    #[error("the will is to be retained, and the platform retains no messages")]
    RetainUnsupported,
    /// A quality of service that the platform does not have.
    #[error("the will has a quality of service of {qos}, the platform goes up to {highest}")]
    QosUnsupported {
        /// As the packet has it.
        qos: u8,
        /// The highest there is.
        highest: u8,
    },
}

struct Fields<'a>(&'a Option<usize>);

impl fmt::Display for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(end) => write!(f, ", the fields take {end}"),
            None => Ok(()),
        }
    }
}

/// So many bytes.
struct Bytes(usize);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} byte{}", self.0, if self.0 == 1 { "" } else { "s" })
    }
}

/// So many bytes do that.
struct Verb(usize, &'static str);

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", Bytes(self.0), self.1, if self.0 == 1 { "s" } else { "" })
    }
}

const fn type_name(packet_type: u8) -> &'static str {
    match packet_type {
        1 => "CONNECT",
        2 => "CONNACK",
        3 => "PUBLISH",
        4 => "PUBACK",
        5 => "PUBREC",
        6 => "PUBREL",
        7 => "PUBCOMP",
        8 => "SUBSCRIBE",
        9 => "SUBACK",
        10 => "UNSUBSCRIBE",
        11 => "UNSUBACK",
        12 => "PINGREQ",
        13 => "PINGRESP",
        14 => "DISCONNECT",
        _ => "reserved",
    }
}
