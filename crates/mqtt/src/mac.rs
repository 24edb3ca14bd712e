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
        let verified = tag.with_bytes(|tag| match &self.0 {
            State::Sha256(state) => feed(state, parts).verify_slice(tag),
            State::Sha1(state) => feed(state, parts).verify_slice(tag),
            State::Md5(state) => feed(state, parts).verify_slice(tag),
        });
        verified.is_ok()
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
    /// Words, because eight bytes at a time are turned into digits, and wiped. Zeros behind the end.
    words: [u64; MAX / 8],
    length: usize,
}

/// The longest tag.
const MAX: usize = 32;

impl Tag {
    #[inline]
    fn of(bytes: &[u8]) -> Self {
        let mut padded = [0; MAX];
        let length = bytes.len().min(MAX);
        if let (Some(to), Some(from)) = (padded.get_mut(..length), bytes.get(..length)) {
            to.copy_from_slice(from);
        }
        let (words, _) = padded.as_chunks::<8>();
        let mut tag = Self { words: [0; MAX / 8], length };
        for (word, eight) in tag.words.iter_mut().zip(words) {
            *word = u64::from_be_bytes(*eight);
        }
        tag
    }

    /// Reads hexadecimal digits of either case.
    ///
    /// # Errors
    /// What keeps the text from being a tag.
    pub fn from_hex(digits: &[u8]) -> Result<Self, HexError> {
        let (pairs, odd) = digits.as_chunks::<2>();
        if !odd.is_empty() || pairs.len() > MAX {
            return Err(HexError::Length { digits: digits.len() });
        }
        let mut bytes = Zeroizing::new([0; MAX]);
        for (at, (byte, [high, low])) in bytes.iter_mut().zip(pairs).enumerate() {
            let at = at.saturating_mul(2).saturating_add(1);
            let digit = |digit: u8, position| {
                let value =
                    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
                value.ok_or(HexError::Digit { position })
            };
            *byte = digit(*high, at)? << 4 | digit(*low, at.saturating_add(1))?;
        }
        Ok(Self::of(bytes.get(..pairs.len()).unwrap_or_default()))
    }

    /// How many bytes there are: 32, 20 or 16 where an HMAC made it.
    #[expect(clippy::len_without_is_empty, reason = "none is empty but the one of no digits")]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Hands the bytes out, for as long as the call takes.
    pub fn with_bytes<T>(&self, take: impl FnOnce(&[u8]) -> T) -> T {
        let mut bytes = Zeroizing::new([0; MAX]);
        for (eight, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(self.words) {
            *eight = word.to_be_bytes();
        }
        take(bytes.get(..self.length).unwrap_or_default())
    }

    /// Lower-case hexadecimal digits, two for each byte.
    pub fn to_hex(&self) -> String {
        self.hex_with("")
    }

    /// The same digits with something behind them that is no secret.
    pub fn hex_with(&self, behind: &str) -> String {
        let mut eights = [[0; 8]; MAX / 4];
        let (words, _) = eights.as_chunks_mut::<2>();
        for ([high, low], word) in words.iter_mut().zip(self.words).take(self.length.div_ceil(8)) {
            *high = eight_digits(word >> 32);
            *low = eight_digits(word & 0xffff_ffff);
        }
        let digits = eights.as_flattened();
        let digits = digits.get(..self.length.saturating_mul(2)).unwrap_or_default();
        let mut text = String::with_capacity(digits.len().saturating_add(behind.len()));
        text.push_str(core::str::from_utf8(digits).unwrap_or_default());
        text.push_str(behind);
        text
    }
}

/// The digits of 32 bits, all at once: no table is looked up by a secret.
const fn eight_digits(half: u64) -> [u8; 8] {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const ZERO_DIGITS: u64 = 0x3030_3030_3030_3030;
    // A nibble to each byte.
    let half = (half << 16 | half) & 0x0000_ffff_0000_ffff;
    let half = (half << 8 | half) & 0x00ff_00ff_00ff_00ff;
    let half = (half << 4 | half) & 0x0f0f_0f0f_0f0f_0f0f;
    // 1 where it is a letter. No sum of a byte carries into the next.
    let letters = half.wrapping_add(6 * ONES) >> 4 & ONES;
    let gap = (b'a' - b'0' - 10) as u64;
    let digits = half.wrapping_add(ZERO_DIGITS).wrapping_add(letters.wrapping_mul(gap));
    digits.to_be_bytes()
}

impl Drop for Tag {
    fn drop(&mut self) {
        self.words.zeroize();
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
            assert_eq!(tag.len(), algorithm.tag_len());
            assert_eq!(tag.with_bytes(<[u8]>::len), algorithm.tag_len());
            assert_eq!(tag.hex_with(";x"), format!("{expected};x"));
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
