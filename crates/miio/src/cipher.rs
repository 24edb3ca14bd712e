//! Sealing and opening of messages.

use core::fmt;

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use cbc::{Decryptor, Encryptor};
use iot_home_core::Secret;
use md5::{Digest, Md5};

use crate::packet::{BARE_LEN, FIELD_AT, HEADER_LEN, Header, Packet, PacketError, PacketKind};
use crate::token::Token;

/// Seals and opens the messages of one device. Key, IV and key schedule are derived once.
///
/// ```text
/// key      = MD5(token)
/// iv       = MD5(key || token)                      the same for every message
/// payload  = AES-128-CBC(key, iv, PKCS#7(text))
/// checksum = MD5(header[0..16] || token || payload)
/// ```
#[derive(Clone)]
pub struct Cipher {
    token: Token,
    iv: Secret<[u8; 16]>,
    aes: Aes128,
}

impl Cipher {
    /// The most bytes one message can carry: what fits a UDP datagram over IPv4.
    pub const MAX_PLAINTEXT: usize = (65_507 - HEADER_LEN) / 16 * 16 - 1;

    /// Derives the keys of a token.
    pub fn new(token: &Token) -> Self {
        let key = Secret::new(<[u8; 16]>::from(Md5::digest(token.expose())));
        let iv = Md5::new().chain_update(key.expose()).chain_update(token.expose()).finalize();
        let aes = Aes128::new(key.expose().into());
        Self { token: token.clone(), iv: Secret::new(iv.into()), aes }
    }

    /// The token this was made from.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// The size of the packet around a payload of this size, at most [`MAX_PLAINTEXT`](Self::MAX_PLAINTEXT).
    pub const fn sealed_len(plaintext_len: usize) -> usize {
        // Padding is always added: a full block where the payload fills its blocks.
        HEADER_LEN
            .saturating_add(plaintext_len.saturating_sub(plaintext_len % 16).saturating_add(16))
    }

    /// Writes the packet around `plaintext` into `out` and returns its size.
    ///
    /// # Errors
    /// When `out` is shorter than [`sealed_len`](Self::sealed_len), or the payload is too long for a datagram.
    pub fn seal(
        &self,
        header: Header,
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<usize, SealError> {
        let needed = Self::sealed_len(plaintext.len());
        let room = out.len();
        let payload = out.get_mut(HEADER_LEN..).and_then(|tail| tail.get_mut(..plaintext.len()));
        payload.ok_or(SealError::Buffer { needed, room })?.copy_from_slice(plaintext);
        self.seal_in_place(header, plaintext.len(), out)
    }

    /// Like [`seal`](Self::seal), for a payload that stands in `packet` behind 32 bytes of room already.
    ///
    /// # Errors
    /// As [`seal`](Self::seal).
    pub fn seal_in_place(
        &self,
        header: Header,
        plaintext_len: usize,
        packet: &mut [u8],
    ) -> Result<usize, SealError> {
        if plaintext_len > Self::MAX_PLAINTEXT {
            return Err(SealError::TooLong { length: plaintext_len });
        }
        let needed = Self::sealed_len(plaintext_len);
        let room = packet.len();
        let packet = packet.get_mut(..needed).ok_or(SealError::Buffer { needed, room })?;
        let length =
            u16::try_from(needed).map_err(|_| SealError::TooLong { length: plaintext_len })?;
        let (head, payload) = packet.split_at_mut(HEADER_LEN);
        Encryptor::<&Aes128>::inner_iv_init(&self.aes, self.iv.expose().into())
            .encrypt_padded::<Pkcs7>(payload, plaintext_len)
            .map_err(|_| SealError::Buffer { needed, room })?;
        let (start, field) = head.split_at_mut(FIELD_AT);
        start.copy_from_slice(&header.encode(length));
        field.copy_from_slice(self.token.expose());
        // With the token in the checksum's place the packet is hashed as it lies, in one pass.
        let checksum = Md5::digest(&*packet);
        if let Some(field) = packet.get_mut(FIELD_AT..HEADER_LEN) {
            field.copy_from_slice(&checksum);
        }
        Ok(needed)
    }

    /// The 32 bytes that keep a subscription alive: a header with a checksum and no payload.
    pub fn keep_alive(&self, header: Header) -> [u8; HEADER_LEN] {
        let mut packet = [0; HEADER_LEN];
        let start = header.encode(BARE_LEN);
        let checksum = Md5::new().chain_update(start).chain_update(self.token.expose()).finalize();
        packet.iter_mut().zip(start.into_iter().chain(checksum)).for_each(|(to, from)| *to = from);
        packet
    }

    /// Whether the packet's checksum was made with this token. A hello reply has none.
    pub fn verify(&self, packet: &Packet<'_>) -> bool {
        let header = Header { did: packet.did(), stamp: packet.stamp() };
        let length = HEADER_LEN.saturating_add(packet.ciphertext().len());
        let checksum = Md5::new()
            // A parsed packet is no longer than its 16-bit length field says.
            .chain_update(header.encode(u16::try_from(length).unwrap_or(u16::MAX)))
            .chain_update(self.token.expose())
            .chain_update(packet.ciphertext())
            .finalize();
        checksum.as_slice() == packet.field()
    }

    /// Checks and decrypts a message in place, and returns its payload as the sender wrote it.
    /// Devices often end it with a NUL.
    ///
    /// # Errors
    /// [`OpenError`]. Unless the padding was wrong, the datagram is as it was.
    pub fn open<'a>(&self, datagram: &'a mut [u8]) -> Result<&'a [u8], OpenError> {
        let packet = Packet::parse(datagram)?;
        if packet.kind() != PacketKind::Message {
            return Err(OpenError::NotAMessage);
        }
        let length = HEADER_LEN.saturating_add(packet.ciphertext().len());
        let checksum = *packet.field();
        // Bounds were checked by `parse`; the errors below cannot happen.
        let whole = datagram.get_mut(..length).ok_or(OpenError::NotAMessage)?;
        replace_field(whole, self.token.expose());
        let expected = Md5::digest(&*whole);
        replace_field(whole, &checksum);
        // Not in constant time: the sum travels in the clear and guards against accident, not forgery.
        if expected.as_slice() != checksum {
            return Err(OpenError::Checksum);
        }
        let payload = whole.get_mut(HEADER_LEN..).ok_or(OpenError::NotAMessage)?;
        Decryptor::<&Aes128>::inner_iv_init(&self.aes, self.iv.expose().into())
            .decrypt_padded::<Pkcs7>(payload)
            .map_err(|_| OpenError::Padding)
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(<redacted>)")
    }
}

fn replace_field(packet: &mut [u8], with: &[u8; 16]) {
    if let Some(field) = packet.get_mut(FIELD_AT..HEADER_LEN) {
        field.copy_from_slice(with);
    }
}

/// Why a payload could not be sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The caller's buffer is too short.
    #[error("the packet takes {needed} bytes, the buffer has {room}")]
    Buffer {
        /// Size of the packet.
        needed: usize,
        /// Size of the buffer.
        room: usize,
    },
    /// The payload does not fit a datagram.
    #[error(
        "{length} bytes are too many for one packet, which carries at most {}",
        Cipher::MAX_PLAINTEXT
    )]
    TooLong {
        /// Size of the payload.
        length: usize,
    },
}

/// Why a datagram could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It is no packet at all.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// It is a hello, a hello reply or a keep-alive.
    #[error("the packet has no payload to open")]
    NotAMessage,
    /// The checksum is another than this token makes: the token is wrong, or the packet was changed.
    #[error("the checksum does not match: the token is wrong or the packet was damaged")]
    Checksum,
    /// The checksum is right and the plaintext's padding is not: the sender pads wrongly.
    #[error("the padding is wrong although the checksum is right")]
    Padding,
}
