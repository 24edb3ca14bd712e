//! From the body of an answer to its JSON.

use std::io::Read as _;

use flate2::read::GzDecoder;

use crate::{Response, SignedNonce};

/// The longest JSON that is unpacked, in bytes: thirty times what a thousand devices need.
pub const MAX_INFLATED: usize = 32 << 20;

impl SignedNonce {
    /// The JSON of an answer to the request that was signed with this.
    ///
    /// Errors come unencrypted and are passed on as they are; gzip is undone, up to [`MAX_INFLATED`].
    ///
    /// # Errors
    /// When the answer is no JSON, or was encrypted with another key.
    pub fn open_response(&self, response: &Response) -> Result<Vec<u8>, OpenError> {
        open(&response.body, Some(self))
    }
}

/// The JSON of a body: readable, or encrypted where there is a key for it.
pub(crate) fn open(body: &[u8], key: Option<&SignedNonce>) -> Result<Vec<u8>, OpenError> {
    let body = body.trim_ascii();
    match (body, key) {
        ([], _) => Err(OpenError::Empty),
        ([b'<', ..], _) => Err(OpenError::Html),
        ([b'{' | b'[', ..], _) => Ok(body.to_vec()),
        // Compressed by HTTP, and left so by whoever received it.
        ([0x1f, 0x8b, ..], _) => json(inflate(body)?).ok_or(OpenError::Json),
        (_, None) => Err(OpenError::Json),
        (_, Some(key)) => {
            let bytes = decrypt(body, key)?;
            json(bytes).ok_or(OpenError::Key)
        }
    }
}

/// What an encrypted value says; gzip below the encryption is undone.
///
/// The bytes tell of gzip as surely as the header does, since no JSON begins like it.
pub(crate) fn decrypt(value: &[u8], key: &SignedNonce) -> Result<Vec<u8>, OpenError> {
    let bytes = key.open(value).map_err(|_| OpenError::Base64)?;
    if bytes.starts_with(&[0x1f, 0x8b]) { inflate(&bytes) } else { Ok(bytes) }
}

fn json(bytes: Vec<u8>) -> Option<Vec<u8>> {
    matches!(bytes.trim_ascii_start(), [b'{' | b'[', ..]).then_some(bytes)
}

fn inflate(bytes: &[u8]) -> Result<Vec<u8>, OpenError> {
    let limit = u64::try_from(MAX_INFLATED).unwrap_or(u64::MAX);
    let mut inflated = Vec::new();
    // One byte more tells a text that ends at the limit from one that goes on.
    let mut reader = GzDecoder::new(bytes).take(limit.saturating_add(1));
    reader.read_to_end(&mut inflated).map_err(|_| OpenError::Gzip)?;
    if inflated.len() > MAX_INFLATED {
        return Err(OpenError::TooLarge);
    }
    Ok(inflated)
}

/// Why an answer cannot be opened: the first step that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is nothing in it.
    #[error("the answer is empty")]
    Empty,
    /// It is a web page: an outage, a proxy, a portal, or a server that blocks us.
    #[error(
        "the answer is a web page and not the API's; check DNS, proxy and the server's address"
    )]
    Html,
    /// It is neither JSON nor base64.
    #[error("the answer is neither JSON nor base64")]
    Base64,
    /// Decrypted, it makes no sense.
    #[error("the answer was encrypted with another key; ssecurity or nonce is not the request's")]
    Key,
    /// The gzip below the encryption is damaged.
    #[error("the answer's gzip data is damaged")]
    Gzip,
    /// Unpacked, it is longer than [`MAX_INFLATED`].
    #[error("the answer is larger than {MAX_INFLATED} bytes when unpacked")]
    TooLarge,
    /// It is readable and no JSON.
    #[error("the answer is not JSON")]
    Json,
}

impl OpenError {
    /// The step as one word: `empty`, `html`, `base64`, `rc4`, `gzip` or `json`.
    pub const fn step(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Html => "html",
            Self::Base64 => "base64",
            Self::Key => "rc4",
            Self::Gzip | Self::TooLarge => "gzip",
            Self::Json => "json",
        }
    }
}
