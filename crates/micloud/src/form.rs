//! What a signed request carries.

use core::fmt;
use core::str::FromStr;

use crate::Nonce;
use crate::urlencoded;

/// How requests are protected besides TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Encrypted with RC4 and signed with SHA-1: what the apps do, and all regions take.
    #[default]
    Rc4,
    /// Readable and signed with HMAC-SHA256. Some regions answer device lists no more this way.
    Plain,
}

impl Mode {
    /// `rc4` or `plain`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rc4 => "rc4",
            Self::Plain => "plain",
        }
    }
}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        match text {
            "rc4" => Ok(Self::Rc4),
            "plain" => Ok(Self::Plain),
            _ => Err(UnknownMode),
        }
    }
}

/// There is no mode of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a mode is rc4 or plain")]
#[non_exhaustive]
pub struct UnknownMode;

/// The fields of a signed request, as they travel. The ssecurity is not among them.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedForm {
    /// The request's JSON; encrypted in [`Mode::Rc4`].
    pub data: String,
    /// What proves that `data` was encrypted with the right key; in [`Mode::Rc4`] only.
    pub rc4_hash: Option<String>,
    /// The signature over all the rest.
    pub signature: String,
    /// The nonce.
    pub nonce: Nonce,
}

impl SignedForm {
    /// The form body or the query: percent-encoded, in the order data, rc4_hash__, signature, _nonce.
    pub fn to_urlencoded(&self) -> String {
        let nonce = self.nonce.to_string();
        let mut form =
            String::with_capacity((self.data.len().saturating_mul(5) / 4).saturating_add(160));
        let hash = self.rc4_hash.as_deref().map(|hash| ("rc4_hash__", hash));
        let fields = [("data", self.data.as_str())].into_iter().chain(hash);
        let fields = fields.chain([("signature", self.signature.as_str()), ("_nonce", &nonce)]);
        for (key, value) in fields {
            urlencoded::push(&mut form, key, value);
        }
        form
    }
}

impl fmt::Debug for SignedForm {
    /// Leaves out the data, which holds what a person may have typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedForm").field("nonce", &self.nonce).finish_non_exhaustive()
    }
}
