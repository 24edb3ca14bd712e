//! The 32-byte header and what can be read from a datagram without a token.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 2 | magic, `21 31` |
//! | 2 | 2 | length of the whole packet |
//! | 4 | 8 | did, a 64-bit number |
//! | 12 | 4 | stamp: the device's clock in seconds |
//! | 16 | 16 | checksum, or in a hello reply the token |
//! | 32 | n | ciphertext, a multiple of 16; absent in hello and keep-alive |
//!
//! All numbers are big-endian.

use core::fmt;

use crate::token::Token;

/// Bytes before the ciphertext, and the size of a packet that has none.
pub const HEADER_LEN: usize = BARE_LEN as usize;

/// The probe that every device answers: 28 bytes of ones behind magic and length.
pub const HELLO: [u8; HEADER_LEN] = {
    let mut hello = [0xff; HEADER_LEN];
    [hello[0], hello[1]] = MAGIC;
    [hello[2], hello[3]] = BARE_LEN.to_be_bytes();
    hello
};

/// The probe that asks for LAN subscriptions: a hello that names the asker's virtual did.
/// Devices without subscriptions answer it like any hello.
pub fn mdid_probe(virtual_did: u64) -> [u8; HEADER_LEN] {
    let mut probe = HELLO;
    let tail = MDID.into_iter().chain(virtual_did.to_be_bytes()).chain([0; 4]);
    probe.iter_mut().skip(FIELD_AT).zip(tail).for_each(|(to, from)| *to = from);
    probe
}

/// A datagram that has the shape of a packet. Nothing in it is authenticated yet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    header: &'a [u8; HEADER_LEN],
    ciphertext: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Checks the shape of a datagram. Bytes behind the packet's own length are ignored.
    ///
    /// # Errors
    /// When the datagram is no packet; see [`PacketError`].
    pub fn parse(datagram: &'a [u8]) -> Result<Self, PacketError> {
        let (header, rest) = datagram
            .split_first_chunk::<HEADER_LEN>()
            .ok_or(PacketError::Truncated { length: datagram.len() })?;
        let [m0, m1, l0, l1, ..] = *header;
        if [m0, m1] != MAGIC {
            return Err(PacketError::Magic([m0, m1]));
        }
        let claimed = usize::from(u16::from_be_bytes([l0, l1]));
        let ciphertext = claimed
            .checked_sub(HEADER_LEN)
            .ok_or(PacketError::ClaimedTooShort { claimed })
            .and_then(|length| {
                let actual = datagram.len();
                rest.get(..length).ok_or(PacketError::ClaimedTooLong { claimed, actual })
            })?;
        if !ciphertext.len().is_multiple_of(16) {
            return Err(PacketError::Unaligned { claimed });
        }
        Ok(Self { header, ciphertext })
    }

    /// What the shape says this is.
    pub fn kind(&self) -> PacketKind {
        match (self.ciphertext, self.did()) {
            ([], u64::MAX) => PacketKind::Probe,
            ([], _) => PacketKind::Short,
            _ => PacketKind::Message,
        }
    }

    /// The did in the header; all ones in a probe.
    pub fn did(&self) -> u64 {
        u64::from_be_bytes(self.array(4))
    }

    /// The stamp: seconds on the device's clock, 0 while it has none, all ones in a probe.
    pub fn stamp(&self) -> u32 {
        u32::from_be_bytes(self.array(12))
    }

    /// Bytes 16 to 32: the checksum of a message, the token field of a hello reply.
    pub fn field(&self) -> &'a [u8; 16] {
        // The tail of a 32-byte header is 16 bytes long.
        self.header.last_chunk().unwrap_or(&[0; 16])
    }

    /// The encrypted payload; empty in 32-byte packets.
    pub fn ciphertext(&self) -> &'a [u8] {
        self.ciphertext
    }

    /// The virtual did of a probe that asks for subscriptions, see [`mdid_probe`].
    pub fn virtual_did(&self) -> Option<u64> {
        let shape = self.kind() == PacketKind::Probe
            && self.stamp() == u32::MAX
            && self.array(16) == MDID
            && self.array(28) == [0; 4];
        shape.then(|| u64::from_be_bytes(self.array(20)))
    }

    /// `N` bytes of the header. The offsets used here lie within it; beyond it would read as zero.
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let found = self.header.get(at..).and_then(|tail| tail.first_chunk().copied());
        debug_assert!(found.is_some(), "header field out of bounds");
        found.unwrap_or([0; N])
    }
}

impl fmt::Debug for Packet<'_> {
    /// Leaves out the token field, which in a hello reply is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("kind", &self.kind())
            .field("did", &self.did())
            .field("stamp", &self.stamp())
            .field("ciphertext_len", &self.ciphertext.len())
            .finish_non_exhaustive()
    }
}

/// What the shape of a packet says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacketKind {
    /// 32 bytes with a did of all ones: a hello, or a device's request for the time.
    Probe,
    /// 32 bytes with a did: from a device a hello reply, from a client a keep-alive.
    Short,
    /// An encrypted message.
    Message,
}

/// The head of a packet that is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "the wire format has these two fields")]
pub struct Header {
    /// The device the packet goes to or comes from.
    pub did: u64,
    /// Seconds on that device's clock.
    pub stamp: u32,
}

impl Header {
    /// The first 16 bytes of a packet of this whole length.
    pub(crate) fn encode(self, length: u16) -> [u8; FIELD_AT] {
        let [m0, m1] = MAGIC;
        let [l0, l1] = length.to_be_bytes();
        let [d0, d1, d2, d3, d4, d5, d6, d7] = self.did.to_be_bytes();
        let [s0, s1, s2, s3] = self.stamp.to_be_bytes();
        [m0, m1, l0, l1, d0, d1, d2, d3, d4, d5, d6, d7, s0, s1, s2, s3]
    }
}

/// A device's answer to a hello. Anyone on the network can forge one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HelloReply {
    /// The device's id. Some robots' internal sockets say all ones: not known.
    pub did: u64,
    /// Seconds on the device's clock; 0 while it has none.
    pub stamp: u32,
    /// What stands where a message has its checksum.
    pub field: HelloField,
}

impl HelloReply {
    /// An answer to be sent.
    pub const fn new(did: u64, stamp: u32, field: HelloField) -> Self {
        Self { did, stamp, field }
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// When the datagram is no packet, or one with a payload, or our own probe come back.
    pub fn parse(datagram: &[u8]) -> Result<Self, PacketError> {
        let packet = Packet::parse(datagram)?;
        Self::from_packet(&packet).ok_or(PacketError::NotAHelloReply)
    }

    /// The answer that a packet is, if it is one.
    pub fn from_packet(packet: &Packet<'_>) -> Option<Self> {
        let (did, stamp) = (packet.did(), packet.stamp());
        // All ones in did and stamp is a probe; all ones and zero is a device asking for the time.
        let is_reply =
            packet.ciphertext().is_empty() && !(did == u64::MAX && matches!(stamp, 0 | u32::MAX));
        is_reply.then(|| Self { did, stamp, field: HelloField::decode(packet.field()) })
    }

    /// The 32 bytes to send.
    pub fn encode(&self) -> [u8; HEADER_LEN] {
        let mut reply = [0; HEADER_LEN];
        let header = Header { did: self.did, stamp: self.stamp }.encode(BARE_LEN);
        let bytes = header.into_iter().chain(self.field.encode());
        reply.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        reply
    }
}

/// Bytes 16 to 32 of a hello reply.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HelloField {
    /// The token itself: the device is not provisioned, or its firmware is from before 2017.
    Token(Token),
    /// All ones: the token is hidden, as it is on every provisioned device of today.
    HiddenFf,
    /// All zeros: the token is hidden; some devices write it so.
    HiddenZero,
    /// The device takes LAN subscriptions and answers an [`mdid_probe`].
    Subscription(Subscription),
}

impl HelloField {
    /// The token, where the device shows it.
    pub fn token(&self) -> Option<&Token> {
        match self {
            Self::Token(token) => Some(token),
            _ => None,
        }
    }

    fn decode(field: &[u8; 16]) -> Self {
        let [m0, m1, m2, m3, t0, t1, t2, t3, p0, p1, p2, kind, wildcard, ..] = *field;
        match field {
            [0xff, rest @ ..] if rest.iter().all(|b| *b == 0xff) => Self::HiddenFf,
            [0, rest @ ..] if rest.iter().all(|b| *b == 0) => Self::HiddenZero,
            _ if [m0, m1, m2, m3] == MSUB => Self::Subscription(Subscription {
                timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
                kind,
                wildcard: wildcard == WILDCARD && [p0, p1, p2] == PUB,
            }),
            _ => Self::Token(Token::new(*field)),
        }
    }

    fn encode(&self) -> [u8; 16] {
        match self {
            Self::Token(token) => *token.expose(),
            Self::HiddenFf => [0xff; 16],
            Self::HiddenZero => [0; 16],
            Self::Subscription(subscription) => subscription.encode(),
        }
    }
}

/// What a device says of its LAN subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subscription {
    /// When the present subscription was made, in the subscriber's own Unix seconds.
    pub timestamp: u32,
    /// The subscription type; 0, 1 and 4 are known to work.
    pub kind: u8,
    /// Whether one subscription may cover all properties and events.
    pub wildcard: bool,
}

impl Subscription {
    /// A state to be sent.
    pub const fn new(timestamp: u32, kind: u8, wildcard: bool) -> Self {
        Self { timestamp, kind, wildcard }
    }

    fn encode(self) -> [u8; 16] {
        let [m0, m1, m2, m3] = MSUB;
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let wildcard = if self.wildcard { WILDCARD } else { 0 };
        let [p0, p1, p2] = PUB;
        [m0, m1, m2, m3, t0, t1, t2, t3, p0, p1, p2, self.kind, wildcard, 0, 0, 0]
    }
}

/// Why a datagram is no packet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// Shorter than a header.
    #[error("{length} bytes are too few for a packet, which has at least 32")]
    Truncated {
        /// Size of the datagram.
        length: usize,
    },
    /// Does not begin with `21 31`.
    #[error("begins with {:02x}{:02x} instead of 2131", .0[0], .0[1])]
    Magic([u8; 2]),
    /// The length field is smaller than the header.
    #[error("claims a length of {claimed} bytes, less than its own header")]
    ClaimedTooShort {
        /// What the length field says.
        claimed: usize,
    },
    /// The length field is larger than the datagram.
    #[error("claims a length of {claimed} bytes in a datagram of {actual}")]
    ClaimedTooLong {
        /// What the length field says.
        claimed: usize,
        /// Size of the datagram.
        actual: usize,
    },
    /// The ciphertext is not made of whole cipher blocks.
    #[error("claims a length of {claimed} bytes, whose payload is not a multiple of 16")]
    Unaligned {
        /// What the length field says.
        claimed: usize,
    },
    /// A packet, but not a device's answer to a hello.
    #[error("is not the answer to a hello")]
    NotAHelloReply,
}

/// All ones, in all eight bytes or in the lower four by which many programs read them: some robots'
/// internal sockets do not tell their did.
pub(crate) fn is_unknown_did(did: u64) -> bool {
    matches!(did, u64::MAX | 0xffff_ffff)
}

/// What the length field says of a packet without a payload.
pub(crate) const BARE_LEN: u16 = 32;
const MAGIC: [u8; 2] = [0x21, 0x31];
pub(crate) const FIELD_AT: usize = 16;
const MDID: [u8; 4] = *b"MDID";
const MSUB: [u8; 4] = *b"MSUB";
const PUB: [u8; 3] = *b"PUB";
const WILDCARD: u8 = 0xfe;
