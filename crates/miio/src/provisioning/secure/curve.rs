//! The two curves that keys are agreed on.

use alloc::vec::Vec;
use core::fmt;

use p256::elliptic_curve::sec1::ToSec1Point;

use super::key::AgreedKey;
use crate::token::Token;

/// An elliptic curve, by the number that devices give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Curve {
    /// secp256r1, number 3.
    P256,
    /// secp384r1, number 4.
    P384,
}

impl Curve {
    /// The number that devices know it by.
    pub const fn suite(self) -> u64 {
        match self {
            Self::P256 => 3,
            Self::P384 => 4,
        }
    }

    /// The curve with this number.
    pub const fn from_suite(suite: u64) -> Option<Self> {
        match suite {
            3 => Some(Self::P256),
            4 => Some(Self::P384),
            _ => None,
        }
    }

    /// Bytes of a private key.
    pub const fn size(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }
}

/// One end's key, for one handshake only. It is wiped when dropped.
pub struct PrivateKey(Inner);

enum Inner {
    P256(p256::SecretKey),
    P384(p384::SecretKey),
}

impl PrivateKey {
    /// The key with these bytes, [`Curve::size`] of them. A few of them make no key: then take others.
    pub fn new(curve: Curve, bytes: &[u8]) -> Option<Self> {
        if bytes.len() != curve.size() {
            return None;
        }
        Some(Self(match curve {
            Curve::P256 => Inner::P256(p256::SecretKey::from_slice(bytes).ok()?),
            Curve::P384 => Inner::P384(p384::SecretKey::from_slice(bytes).ok()?),
        }))
    }

    /// The public half: `04`, X and Y.
    pub fn public(&self) -> Vec<u8> {
        match &self.0 {
            Inner::P256(key) => key.public_key().to_sec1_point(false).as_bytes().to_vec(),
            Inner::P384(key) => key.public_key().to_sec1_point(false).as_bytes().to_vec(),
        }
    }

    /// The key that both ends get, from this end's private and the other's public half.
    ///
    /// # Errors
    /// When the other's is no point of the curve, or not written as `04`, X and Y.
    pub fn agree(&self, public: &[u8], token: &Token) -> Result<AgreedKey, InvalidPublicKey> {
        if public.first() != Some(&UNCOMPRESSED) {
            return Err(InvalidPublicKey);
        }
        match &self.0 {
            Inner::P256(key) => {
                let public = p256::PublicKey::from_sec1_bytes(public);
                let public = public.map_err(|_| InvalidPublicKey)?;
                let shared =
                    p256::ecdh::diffie_hellman(key.to_nonzero_scalar(), public.as_affine());
                Ok(AgreedKey::derive(shared.raw_secret_bytes(), token))
            }
            Inner::P384(key) => {
                let public = p384::PublicKey::from_sec1_bytes(public);
                let public = public.map_err(|_| InvalidPublicKey)?;
                let shared =
                    p384::ecdh::diffie_hellman(key.to_nonzero_scalar(), public.as_affine());
                Ok(AgreedKey::derive(shared.raw_secret_bytes(), token))
            }
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(<redacted>)")
    }
}

/// Bytes that are no public key of the curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("the public key is no point of the curve, written as 04, X and Y")]
#[non_exhaustive]
pub struct InvalidPublicKey;

/// With which a point begins that is written with both its coordinates.
const UNCOMPRESSED: u8 = 4;
