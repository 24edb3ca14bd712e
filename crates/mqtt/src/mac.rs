//! Keyed hashes: what the clouds sign logins with. For the crates that do it.

use alloc::string::String;
use core::fmt;

use hmac::digest::block_api::EagerHash;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use sha1::Sha1;
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

/// Which hash an HMAC is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC-SHA-256, 32 bytes.
    Sha256,
    /// HMAC-SHA-1, 20 bytes.
    Sha1,
    /// HMAC-MD5, 16 bytes.
    Md5,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha1, Self::Md5];

    /// How many bytes a tag has.
    pub const fn tag_len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha1 => 20,
            Self::Md5 => 16,
        }
    }

    /// The algorithm whose tags have this many bytes.
    pub fn of_tag_len(length: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.tag_len() == length)
    }
}

/// A key that is ready to sign: what the hash makes of the key is computed once, and wiped on drop.
///
/// ```
/// use iot_home_mqtt::mac::{Algorithm, Mac};
///
/// let mac = Mac::new(Algorithm::Sha1, b"secret");
/// let tag = mac.sign(["clientId12345deviceNamedevice", "productKeypktimestamp789"]);
/// assert_eq!(tag.to_hex(), "fafd82a3d602b37fb0fa8b7892f24a477f851a14");
/// assert!(mac.verify(["clientId12345deviceNamedeviceproductKeypktimestamp789"], &tag));
/// ```
#[derive(Clone)]
pub struct Mac(State);

#[derive(Clone)]
enum State {
    Sha256(Hmac<Sha256>),
    Sha1(Hmac<Sha1>),
    Md5(Hmac<Md5>),
}

impl Mac {
    /// Prepares a key of any length.
    pub fn new(algorithm: Algorithm, key: &[u8]) -> Self {
        Self(match algorithm {
            Algorithm::Sha256 => State::Sha256(keyed(key)),
            Algorithm::Sha1 => State::Sha1(keyed(key)),
            Algorithm::Md5 => State::Md5(keyed(key)),
        })
    }

    /// Which hash it uses.
    pub const fn algorithm(&self) -> Algorithm {
        match self.0 {
            State::Sha256(_) => Algorithm::Sha256,
            State::Sha1(_) => Algorithm::Sha1,
            State::Md5(_) => Algorithm::Md5,
        }
    }

    /// The same key with these parts hashed already: what it signs stands behind them.
    #[must_use]
    pub fn after<'p>(&self, parts: impl IntoIterator<Item = &'p str>) -> Self {
        Self(match &self.0 {
            State::Sha256(state) => State::Sha256(feed(state, parts)),
            State::Sha1(state) => State::Sha1(feed(state, parts)),
            State::Md5(state) => State::Md5(feed(state, parts)),
        })
    }

    /// The tag of the parts, one behind the other.
    pub fn sign<'p>(&self, parts: impl IntoIterator<Item = &'p str>) -> Tag {
        match &self.0 {
            State::Sha256(state) => Tag::of(&feed(state, parts).finalize().into_bytes()),
            State::Sha1(state) => Tag::of(&feed(state, parts).finalize().into_bytes()),
            State::Md5(state) => Tag::of(&feed(state, parts).finalize().into_bytes()),
        }
    }

    /// Whether the tag is that of the parts. How long it takes tells nothing of where they differ.
    pub fn verify<'p>(&self, parts: impl IntoIterator<Item = &'p str>, tag: &Tag) -> bool {
        let tag = tag.as_bytes();
        match &self.0 {
            State::Sha256(state) => feed(state, parts).verify_slice(tag),
            State::Sha1(state) => feed(state, parts).verify_slice(tag),
            State::Md5(state) => feed(state, parts).verify_slice(tag),
        }
        .is_ok()
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mac({:?}, <redacted>)", self.algorithm())
    }
}

fn keyed<D: EagerHash>(key: &[u8]) -> Hmac<D> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn feed<'p, D: EagerHash>(state: &Hmac<D>, parts: impl IntoIterator<Item = &'p str>) -> Hmac<D> {
    let mut state = state.clone();
    for part in parts {
        state.update(part.as_bytes());
    }
    state
}

/// Whether two secrets are equal. How long it takes tells nothing of where they differ.
pub fn equal(ours: &str, theirs: &str) -> bool {
    let mac = Mac::new(Algorithm::Sha256, ours.as_bytes());
    mac.verify([ours], &mac.sign([theirs]))
}

/// What an HMAC results in. It is a password, and wiped on drop.
#[derive(Clone)]
pub struct Tag {
    bytes: [u8; MAX],
    length: usize,
}

/// The longest tag.
const MAX: usize = 32;

impl Tag {
    fn of(bytes: &[u8]) -> Self {
        let mut tag = Self { bytes: [0; MAX], length: bytes.len().min(MAX) };
        for (to, from) in tag.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        tag
    }

    /// Reads hexadecimal digits of either case.
    ///
    /// # Errors
    /// What keeps the text from being a tag.
    pub fn from_hex(digits: &[u8]) -> Result<Self, HexError> {
        let mut tag = Self { bytes: [0; MAX], length: digits.len() / 2 };
        let (pairs, odd) = digits.as_chunks::<2>();
        if !odd.is_empty() || pairs.len() > MAX {
            return Err(HexError::Length { digits: digits.len() });
        }
        for (at, (byte, [high, low])) in tag.bytes.iter_mut().zip(pairs).enumerate() {
            let at = at.saturating_mul(2).saturating_add(1);
            let digit = |digit: u8, position| {
                let value =
                    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
                value.ok_or(HexError::Digit { position })
            };
            *byte = digit(*high, at)? << 4 | digit(*low, at.saturating_add(1))?;
        }
        Ok(tag)
    }

    /// The bytes: 32, 20 or 16 of them where an HMAC made it.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Lower-case hexadecimal digits, two for each byte.
    pub fn to_hex(&self) -> String {
        let digit = |nibble: u8| nibble.wrapping_add(if nibble < 10 { b'0' } else { b'a' - 10 });
        let mut digits = Zeroizing::new([0_u8; 2 * MAX]);
        for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(self.bytes) {
            *pair = [digit(byte >> 4), digit(byte & 0x0f)];
        }
        let digits = digits.get(..self.length.saturating_mul(2)).unwrap_or_default();
        String::from(core::str::from_utf8(digits).unwrap_or_default())
    }
}

impl Drop for Tag {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({} bytes, <redacted>)", self.length)
    }
}

/// Why a text is not a tag in hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HexError {
    /// An odd number of digits, or more than 64.
    #[error("{digits} hexadecimal digits are no digest")]
    Length {
        /// How many characters there are.
        digits: usize,
    },
    /// Something that is no digit.
    #[error("there is no hexadecimal digit at position {position}")]
    Digit {
        /// Where, counted from 1.
        position: usize,
    },
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::{Algorithm, HexError, Mac, Tag, equal};

    /// RFC 2202 and RFC 4231: "Jefe", and a key longer than a block.
    #[test]
    fn published_vectors() {
        let what = ["what do ya want ", "for nothing?"];
        for (algorithm, expected) in [
            (Algorithm::Md5, "750c783e6ab0b503eaa86e310a5db738"),
            (Algorithm::Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (Algorithm::Sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        ] {
            let mac = Mac::new(algorithm, b"Jefe");
            assert_eq!(mac.algorithm(), algorithm);
            let tag = mac.sign(what);
            assert_eq!(tag.to_hex(), expected);
            assert_eq!(tag.as_bytes().len(), algorithm.tag_len());
            assert_eq!(Algorithm::of_tag_len(tag.as_bytes().len()), Some(algorithm));
            assert_eq!(mac.after([what[0]]).sign([what[1]]).to_hex(), expected);
        }
        let long = Mac::new(Algorithm::Sha256, &[0xaa; 131]);
        assert_eq!(
            long.sign(["Test Using Larger Than Block-Size Key - Hash Key First"]).to_hex(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn only_the_whole_tag_verifies() {
        let mac = Mac::new(Algorithm::Sha1, b"key");
        let hex = mac.sign(["message"]).to_hex();
        let read = |text: &str| Tag::from_hex(text.as_bytes()).unwrap();
        assert!(mac.verify(["mess", "age"], &read(&hex)));
        assert!(mac.verify(["message"], &read(&hex.to_uppercase())));
        for wrong in [&hex[..38], &hex[2..], "", &format!("{hex}00"), &hex.replace('a', "b")] {
            assert!(!mac.verify(["message"], &read(wrong)), "{wrong}");
        }
        assert!(!mac.verify(["massage"], &read(&hex)));
        assert!(!Mac::new(Algorithm::Md5, b"key").verify(["message"], &read(&hex)));
    }

    #[test]
    fn what_is_no_tag() {
        for (text, error) in [
            ("abc", HexError::Length { digits: 3 }),
            (&"00".repeat(33), HexError::Length { digits: 66 }),
            ("0g", HexError::Digit { position: 2 }),
            ("0011x2", HexError::Digit { position: 5 }),
            ("é", HexError::Digit { position: 1 }),
        ] {
            assert_eq!(Tag::from_hex(text.as_bytes()).unwrap_err(), error);
        }
    }

    #[test]
    fn secrets_are_compared_whole() {
        assert!(equal("token", "token") && equal("", ""));
        for other in ["", "toke", "tokens", "Token", "tokem"] {
            assert!(!equal("token", other) && !equal(other, "token"));
        }
    }
}
