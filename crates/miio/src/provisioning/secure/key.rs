//! The key that both ends agree on, and what is done with it.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use iot_home_core::Secret;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::token::Token;

/// The 16-byte key of one handshake, for signatures and for the settings. It is wiped when dropped.
#[derive(Clone)]
pub struct AgreedKey(Secret<[u8; 16]>);

impl AgreedKey {
    /// HKDF-SHA256 of the shared X coordinate, salted with the token as lower-case hexadecimal digits.
    pub(super) fn derive(shared: &[u8], token: &Token) -> Self {
        let salt = Zeroizing::new(token.expose_hex());
        let mut key = [0; 16];
        // Only a key of more than 8160 bytes is refused.
        let _ = Hkdf::<Sha256>::new(Some(salt.as_bytes()), shared).expand(&[], &mut key);
        Self(Secret::new(key))
    }

    /// The 16 bytes themselves.
    pub const fn expose(&self) -> &[u8; 16] {
        self.0.expose()
    }

    /// HMAC-SHA256 of these parts, one behind the other.
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.mac(parts).finalize().into_bytes().into()
    }

    /// Checks a signature, in constant time.
    ///
    /// # Errors
    /// When it was made by another key or of something else.
    pub fn verify(&self, parts: &[&[u8]], signature: &[u8]) -> Result<(), InvalidSignature> {
        self.mac(parts).verify_slice(signature).map_err(|_| InvalidSignature)
    }

    /// AES-128-CBC with the padding of PKCS #7.
    pub fn encrypt(&self, iv: &[u8; 16], plaintext: &[u8]) -> Vec<u8> {
        let length = plaintext.len();
        let mut out = vec![0; length.saturating_add(16) & !15];
        if let Some(start) = out.get_mut(..length) {
            start.copy_from_slice(plaintext);
        }
        let cipher = cbc::Encryptor::<Aes128>::new(self.expose().into(), iv.into());
        // There is room for the padding.
        let _ = cipher.encrypt_padded::<Pkcs7>(&mut out, length);
        out
    }

    /// What [`encrypt`](Self::encrypt) was given; nothing where the padding is wrong. Check the signature first.
    pub fn decrypt(&self, iv: &[u8; 16], ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut out = Zeroizing::new(ciphertext.to_vec());
        let cipher = cbc::Decryptor::<Aes128>::new(self.expose().into(), iv.into());
        let length = cipher.decrypt_padded::<Pkcs7>(&mut out).ok()?.len();
        out.truncate(length);
        Some(out)
    }

    fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        // HMAC takes a key of any length; a block's is the way in that cannot fail.
        let mut block = Zeroizing::new([0; 64]);
        block.iter_mut().zip(self.expose()).for_each(|(to, from)| *to = *from);
        let mut mac = Hmac::<Sha256>::new((&*block).into());
        parts.iter().for_each(|part| mac.update(part));
        mac
    }
}

impl fmt::Debug for AgreedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgreedKey(<redacted>)")
    }
}

/// A signature that does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("the signature was made with another key or of something else")]
#[non_exhaustive]
pub struct InvalidSignature;
