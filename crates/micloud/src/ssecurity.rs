//! The key of a login.

use core::fmt;
use core::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iot_home_core::Secret;

/// The key that a login gives and that every request is signed with: 16 bytes, written in base64.
///
/// It belongs to one `serviceToken`, and changes with it. It never travels to the API.
#[derive(Clone, PartialEq, Eq)]
pub struct Ssecurity(Secret<Vec<u8>>);

impl Ssecurity {
    /// The longest key that is taken, in bytes. All that were seen have 16.
    pub const MAX_LEN: usize = 64;

    /// The bytes. Do not print them.
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// The text, as logins answer it. Do not print it.
    pub fn expose_base64(&self) -> Secret<String> {
        Secret::new(STANDARD.encode(self.expose()))
    }
}

impl FromStr for Ssecurity {
    type Err = SsecurityError;

    fn from_str(text: &str) -> Result<Self, SsecurityError> {
        let bytes = STANDARD.decode(text).map_err(|_| SsecurityError::Base64)?;
        if bytes.is_empty() || bytes.len() > Self::MAX_LEN {
            return Err(SsecurityError::Length(bytes.len()));
        }
        Ok(Self(Secret::new(bytes)))
    }
}

impl fmt::Debug for Ssecurity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ssecurity(<redacted>)")
    }
}

/// Why a text is no ssecurity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SsecurityError {
    /// It cannot be decoded.
    #[error("the ssecurity is not base64 with padding, as in AAECAwQFBgcICQoLDA0ODw==")]
    Base64,
    /// It is empty, or longer than [`Ssecurity::MAX_LEN`].
    #[error("the ssecurity has {0} bytes; expected 1 to 64, mostly 16")]
    Length(usize),
}
