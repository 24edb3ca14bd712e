//! The 16-byte key that a device and its owner share.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::fmt::Write as _;
use core::str::FromStr;

use aes::Aes128Dec;
use aes::cipher::{BlockCipherDecrypt, KeyInit};
use iot_home_core::Secret;
use zeroize::{Zeroize, Zeroizing};

/// A device's token. A new one is made each time the device is provisioned or reset.
///
/// Read from text it takes the three spellings in use: 32 hexadecimal digits (either case, with
/// blanks or a leading `0x`), 16 raw ASCII characters as old backups have them, and the 96
/// hexadecimal digits of the iOS app's database.
///
/// ```
/// use iot_home_miio::Token;
///
/// let token: Token = "0x0011 2233 4455 6677 8899 AABB CCDD EEFF".parse()?;
/// assert_eq!(token.expose()[15], 0xff);
/// assert_eq!(format!("{token:?}"), "Token(<redacted>)");
/// # Ok::<(), iot_home_miio::TokenError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Secret<[u8; 16]>);

impl Token {
    /// Takes the 16 bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(Secret::new(bytes))
    }

    /// The 16 bytes themselves.
    pub const fn expose(&self) -> &[u8; 16] {
        self.0.expose()
    }

    /// The token as 32 lower-case hexadecimal digits. The text is not wiped when it is dropped.
    pub fn expose_hex(&self) -> String {
        let mut text = String::with_capacity(32);
        for byte in self.expose() {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// The iOS form: the 32 digits, padded, encrypted by AES-128-ECB with a key of zeros.
    fn from_ios(mut blocks: [u8; 48]) -> Result<Self, TokenError> {
        let cipher = Aes128Dec::new(&[0; 16].into());
        for block in blocks.as_chunks_mut::<16>().0 {
            cipher.decrypt_block(block.into());
        }
        let token = match blocks.split_at(32) {
            (digits, [16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16]) => {
                hex(digits).map(Self::new)
            }
            _ => None,
        };
        blocks.zeroize();
        token.ok_or(TokenError::Ios)
    }
}

impl From<[u8; 16]> for Token {
    fn from(bytes: [u8; 16]) -> Self {
        Self::new(bytes)
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        // Sixteen characters are a token as they stand, but for the line's end that a file has.
        if let Ok(raw) = <[u8; 16]>::try_from(text.trim_ascii().as_bytes())
            && raw.iter().all(u8::is_ascii_graphic)
        {
            return Ok(Self::new(raw));
        }
        let mut digits: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(text.len()));
        digits.extend(text.bytes().filter(|b| !b.is_ascii_whitespace()));
        let digits = match digits.as_slice() {
            [b'0', b'x' | b'X', digits @ ..] => digits,
            digits => digits,
        };
        match digits.len() {
            32 => hex(digits).map(Self::new).ok_or(TokenError::NotHex),
            96 => Self::from_ios(hex(digits).ok_or(TokenError::NotHex)?),
            length => Err(TokenError::Length { length }),
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(<redacted>)")
    }
}

/// Why a text is no token. The text itself is never part of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Neither 32 nor 96 digits nor 16 characters.
    #[error(
        "a token has 32 hexadecimal digits (or 16 characters, or 96 digits from iOS), not {length}"
    )]
    Length {
        /// How many characters there are, blanks and `0x` not counted.
        length: usize,
    },
    /// The right length, with something else than hexadecimal digits in it.
    #[error("a token of this length has hexadecimal digits only")]
    NotHex,
    /// 96 digits that do not decrypt to a token.
    #[error("these 96 digits are not a token in the form of the iOS app's database")]
    Ios,
}

/// Exactly `2 * N` hexadecimal digits.
fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    if pairs.len() != N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}
