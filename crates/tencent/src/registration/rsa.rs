//! Signatures of devices that have a certificate.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iot_home_http::rustls::SignatureScheme;
use iot_home_http::rustls::crypto::ring::sign::any_supported_type;
use iot_home_http::rustls::pki_types::PrivateKeyDer;
use iot_home_http::rustls::pki_types::pem::PemObject as _;
use iot_home_http::rustls::sign;

/// The private key of a device's certificate, which is RSA at this cloud. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct RsaKey(Arc<dyn sign::SigningKey>);

/// A text that holds no such key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text holds no RSA private key as PEM: PKCS#8 or PKCS#1, not encrypted")]
#[non_exhaustive]
pub struct InvalidKey;

impl RsaKey {
    /// Reads it from PEM: PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`), not encrypted.
    ///
    /// # Errors
    /// When there is none, or one of another kind.
    pub fn from_pem(text: &str) -> Result<Self, InvalidKey> {
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| InvalidKey)?;
        let key = any_supported_type(&key).map_err(|_| InvalidKey)?;
        key.choose_scheme(&[SCHEME]).ok_or(InvalidKey)?;
        Ok(Self(key))
    }

    /// The signature by PKCS#1 v1.5 over SHA-256, as base64; none where the key does not work after all.
    pub(super) fn sign(&self, content: &str) -> Option<String> {
        let signer = self.0.choose_scheme(&[SCHEME])?;
        Some(STANDARD.encode(signer.sign(content.as_bytes()).ok()?))
    }
}

const SCHEME: SignatureScheme = SignatureScheme::RSA_PKCS1_SHA256;

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaKey(<redacted>)")
    }
}
