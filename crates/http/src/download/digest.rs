//! By what a file is checked.

use std::fmt;

use md5::{Digest as _, Md5};
use sha2::Sha256;

/// The digest that a file is announced with.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Digest {
    /// MD5, which still finds what broke on the way, and does not keep out whoever means harm.
    Md5([u8; 16]),
    /// SHA-256.
    Sha256([u8; 32]),
}

impl Digest {
    /// MD5 as 32 hexadecimal digits.
    ///
    /// # Errors
    /// When they are not that.
    pub fn md5(hex: &str) -> Result<Self, InvalidDigest> {
        read(hex).map(Self::Md5)
    }

    /// SHA-256 as 64 hexadecimal digits.
    ///
    /// # Errors
    /// When they are not that.
    pub fn sha256(hex: &str) -> Result<Self, InvalidDigest> {
        read(hex).map(Self::Sha256)
    }
}

fn read<const N: usize>(hex: &str) -> Result<[u8; N], InvalidDigest> {
    let mut digest = [0; N];
    let invalid = InvalidDigest { bytes: N };
    if hex.len() != N.saturating_mul(2) {
        return Err(invalid);
    }
    for (byte, pair) in digest.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let digit = |at: usize| pair.get(at).and_then(|&digit| char::from(digit).to_digit(16));
        let (high, low) = digit(0).zip(digit(1)).ok_or(invalid)?;
        *byte = u8::try_from(high << 4 | low).map_err(|_| invalid)?;
    }
    Ok(digest)
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, bytes): (_, &[u8]) = match self {
            Self::Md5(bytes) => ("md5", bytes),
            Self::Sha256(bytes) => ("sha256", bytes),
        };
        write!(f, "{name}:")?;
        bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text that is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidDigest {
    bytes: usize,
}

impl fmt::Display for InvalidDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the digest has to have {} hexadecimal digits", self.bytes.saturating_mul(2))
    }
}

impl std::error::Error for InvalidDigest {}

/// A digest under way.
#[derive(Clone)]
pub(super) enum Hasher {
    Md5(Md5),
    Sha256(Sha256),
}

impl Hasher {
    pub(super) fn of(digest: Digest) -> Self {
        match digest {
            Digest::Md5(_) => Self::Md5(Md5::new()),
            Digest::Sha256(_) => Self::Sha256(Sha256::new()),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(state) => state.update(bytes),
            Self::Sha256(state) => state.update(bytes),
        }
    }

    pub(super) fn finish(self) -> Digest {
        match self {
            Self::Md5(state) => Digest::Md5(state.finalize().into()),
            Self::Sha256(state) => Digest::Sha256(state.finalize().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Digest, Hasher};

    #[test]
    fn as_digits() {
        let empty = Digest::md5("D41D8CD98F00b204e9800998ecf8427e").unwrap();
        assert_eq!(Hasher::of(empty).finish(), empty);
        assert_eq!(format!("{empty:?}"), "md5:d41d8cd98f00b204e9800998ecf8427e");
        for bad in
            ["", "d4", "+41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427\u{e9}"]
        {
            assert!(Digest::md5(bad).is_err(), "{bad}");
        }
        assert_eq!(
            Digest::sha256("ab").unwrap_err().to_string(),
            "the digest has to have 64 hexadecimal digits"
        );
    }
}
