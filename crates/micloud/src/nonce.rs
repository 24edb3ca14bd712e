//! What makes each request another one.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iot_home_core::Random;

/// A request's nonce: 8 random bytes and the time in minutes, written in base64.
///
/// The server compares the minutes with its clock. Each attempt takes a new one, repetitions too.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nonce([u8; 12]);

impl Nonce {
    /// A nonce for now: `unix_time` is the time since 1970, as the server has it.
    pub fn new(unix_time: Duration, random: &mut (impl Random + ?Sized)) -> Self {
        let mut bytes = [0; 12];
        let (head, tail) = bytes.split_at_mut(8);
        random.fill(head);
        let minutes = u32::try_from(unix_time.as_secs() / 60).unwrap_or(u32::MAX);
        tail.copy_from_slice(&minutes.to_be_bytes());
        Self(bytes)
    }

    /// Takes the bytes as they are.
    pub const fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }

    /// When it was made: minutes since 1970.
    pub const fn minutes(&self) -> u32 {
        let [.., a, b, c, d] = self.0;
        u32::from_be_bytes([a, b, c, d])
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nonce({self})")
    }
}

impl FromStr for Nonce {
    type Err = NonceError;

    fn from_str(text: &str) -> Result<Self, NonceError> {
        let bytes = STANDARD.decode(text).map_err(|_| NonceError::Base64)?;
        let length = bytes.len();
        bytes.try_into().map(Self).map_err(|_| NonceError::Length(length))
    }
}

/// Why a text is no nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NonceError {
    /// It cannot be decoded.
    #[error("the nonce is not base64")]
    Base64,
    /// It is too short or too long.
    #[error("the nonce has {0} bytes; expected 12, which are 16 characters of base64")]
    Length(usize),
}
