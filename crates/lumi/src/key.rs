//! The developer key of a gateway, the tokens it gives out, and what writing needs of both.

use core::fmt;
use core::str::FromStr;

use aes::Aes128;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use iot_home_core::Secret;
use zeroize::Zeroize;

/// The key of a gateway's LAN protocol: the 16 characters that its app shows as the password.
///
/// ```
/// use iot_home_lumi::{Key, Token};
///
/// let key: Key = "0987654321qwerty".parse()?;
/// let token: Token = "1234567890abcdef".parse()?;
/// assert_eq!(key.write_key(&token).expose(), "3EB43E37C20AFF4C5872CC0D04D81314");
/// # Ok::<(), iot_home_lumi::KeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Secret<[u8; 16]>);

impl Key {
    /// What a write has to carry while this token is the gateway's: the token, encrypted by AES-128 in CBC mode
    /// without padding, in hexadecimal digits.
    pub fn write_key(&self, token: &Token) -> WriteKey {
        let mut block = *token.0.expose();
        let length = block.len();
        let cipher = cbc::Encryptor::<Aes128>::new(self.0.expose().into(), &IV.into());
        // One block into one block cannot fail.
        let _ = cipher.encrypt_padded::<NoPadding>(&mut block, length);
        let mut digits = [0; 32];
        for ([high, low], byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(block) {
            *high = digit(byte >> 4);
            *low = digit(byte & 15);
        }
        block.zeroize();
        WriteKey(Secret::new(digits))
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        characters(text).map(Self)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(<redacted>)")
    }
}

/// What a gateway gives out, 16 characters, anew with each heartbeat. A write shows that it knows the [`Key`] by
/// encrypting the last one. It travels in the open, and is not shown all the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Secret<[u8; 16]>);

impl FromStr for Token {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        characters(text).map(Self)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(<redacted>)")
    }
}

/// What allows a write while one token holds: 32 hexadecimal digits in upper case.
#[derive(Clone, PartialEq, Eq)]
pub struct WriteKey(Secret<[u8; 32]>);

impl WriteKey {
    /// The digits. They allow anybody to write until the token changes.
    pub fn expose(&self) -> &str {
        // It holds digits only.
        core::str::from_utf8(self.0.expose()).unwrap_or_default()
    }
}

impl fmt::Debug for WriteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteKey(<redacted>)")
    }
}

/// Why a text is no [`Key`] or [`Token`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It has another length.
    #[error("16 characters are needed, these are {length} bytes")]
    Length {
        /// How many bytes there are.
        length: usize,
    },
    /// It has a character that is not of printable ASCII.
    #[error("only printable ASCII characters may be among the 16")]
    Characters,
}

fn characters(text: &str) -> Result<Secret<[u8; 16]>, KeyError> {
    let bytes = text.as_bytes();
    let bytes = bytes.try_into().map_err(|_| KeyError::Length { length: bytes.len() })?;
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(KeyError::Characters);
    }
    Ok(Secret::new(bytes))
}

const fn digit(nibble: u8) -> u8 {
    if nibble < 10 { nibble.wrapping_add(b'0') } else { nibble.wrapping_sub(10).wrapping_add(b'A') }
}

/// The same for all gateways.
const IV: [u8; 16] = [
    0x17, 0x99, 0x6d, 0x09, 0x3d, 0x28, 0xdd, 0xb3, 0xba, 0x69, 0x5a, 0x2e, 0x6f, 0x58, 0x56, 0x2e,
];
