//! The key of one request and of its answer.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use iot_home_core::Secret;
use rc4::{Rc4, StreamCipher as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use crate::form::{Mode, SignedForm};
use crate::{Method, Nonce, Ssecurity};

/// What ssecurity and nonce give together: the key that signs a request, encrypts it, and opens its answer.
#[derive(Clone)]
pub struct SignedNonce {
    nonce: Nonce,
    key: Secret<[u8; 32]>,
    text: Secret<String>,
}

impl SignedNonce {
    /// `SHA256(ssecurity ‖ nonce)`.
    pub fn new(ssecurity: &Ssecurity, nonce: Nonce) -> Self {
        let hash = Sha256::new().chain_update(ssecurity.expose()).chain_update(nonce.as_bytes());
        let key = Secret::new(hash.finalize().into());
        let text = Secret::new(STANDARD.encode(key.expose()));
        Self { nonce, key, text }
    }

    /// The nonce of the request.
    pub const fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// The key in base64, as it stands in what is signed. Do not print it.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// Signs a request with this `data`, and encrypts it where the mode says so.
    ///
    /// `path` is the signed one, see [`signing_path`](crate::signing_path).
    pub fn sign(&self, mode: Mode, method: Method, path: &str, data: &str) -> SignedForm {
        let nonce = self.nonce;
        match mode {
            Mode::Plain => {
                let signature = self.plain_signature(path, &[("data", data)]);
                SignedForm { data: data.to_owned(), rc4_hash: None, signature, nonce }
            }
            Mode::Rc4 => {
                let hash = self.sha1(method, path, &[("data", data)]);
                // Every value begins the keystream anew, so that it is made once, for the longest.
                let keystream = self.keystream(data.len().max(hash.len()));
                let data = sealed(&keystream, data);
                let hash = sealed(&keystream, &hash);
                let signature = self.sha1(method, path, &[("data", &data), ("rc4_hash__", &hash)]);
                SignedForm { data, rc4_hash: Some(hash), signature, nonce }
            }
        }
    }

    /// Encrypts one value: the other side of [`open`](Self::open).
    pub fn seal(&self, plaintext: &[u8]) -> String {
        let mut bytes = plaintext.to_vec();
        self.apply(&mut bytes);
        STANDARD.encode(bytes)
    }

    /// Decrypts one value. Blanks around it do not count.
    ///
    /// With another key than it was encrypted with, bytes come out all the same, and no text.
    ///
    /// # Errors
    /// When it is not base64.
    pub fn open(&self, value: &[u8]) -> Result<Vec<u8>, NotBase64> {
        let mut bytes = STANDARD.decode(value.trim_ascii()).map_err(|_| NotBase64)?;
        self.apply(&mut bytes);
        Ok(bytes)
    }

    /// Encrypts or decrypts in place: RC4, whose first 1024 bytes are dropped.
    fn apply(&self, bytes: &mut [u8]) {
        self.cipher().apply_keystream(bytes);
    }

    fn cipher(&self) -> Rc4 {
        let mut cipher = <Rc4 as rc4::KeyInit>::new(self.key.expose().into());
        let mut dropped = [0; 1024];
        cipher.write_keystream(&mut dropped);
        dropped.zeroize();
        cipher
    }

    fn keystream(&self, length: usize) -> Secret<Vec<u8>> {
        let mut keystream = vec![0; length];
        self.cipher().write_keystream(&mut keystream);
        Secret::new(keystream)
    }

    /// `base64(SHA1(METHOD & path & key=value… & signed nonce))`.
    pub(crate) fn sha1(&self, method: Method, path: &str, params: &[(&str, &str)]) -> String {
        let mut hash = Sha1::new().chain_update(method.name()).chain_update("&").chain_update(path);
        for (key, value) in params {
            for part in ["&", key, "=", value] {
                hash.update(part);
            }
        }
        hash.update("&");
        hash.update(self.expose());
        STANDARD.encode(hash.finalize())
    }

    /// `base64(HMAC-SHA256(key, path & signed nonce & nonce & key=value…))`.
    pub(crate) fn plain_signature(&self, path: &str, params: &[(&str, &str)]) -> String {
        // HMAC fills keys up with zeros: a key that is filled up already has the right type.
        let mut block = Zeroizing::new([0; 64]);
        block.iter_mut().zip(self.key.expose()).for_each(|(to, from)| *to = *from);
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new((&*block).into());
        let nonce = self.nonce.to_string();
        for part in [path, "&", self.expose(), "&", &nonce] {
            mac.update(part.as_bytes());
        }
        for (key, value) in params {
            for part in ["&", key, "=", value] {
                mac.update(part.as_bytes());
            }
        }
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

impl fmt::Debug for SignedNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedNonce").field("nonce", &self.nonce).finish_non_exhaustive()
    }
}

fn sealed(keystream: &Secret<Vec<u8>>, value: &str) -> String {
    let bytes: Vec<u8> = value.bytes().zip(keystream.expose()).map(|(a, b)| a ^ b).collect();
    STANDARD.encode(bytes)
}

/// A value that should have been base64 is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value is not base64 with padding")]
#[non_exhaustive]
pub struct NotBase64;
