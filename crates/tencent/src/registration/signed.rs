//! Requests to the gateway of today, which are signed with headers.

use alloc::format;
use alloc::string::{String, ToString as _};
use core::fmt::Write as _;
use core::time::Duration;

use iot_home_mqtt::http::Request;
use sha2::{Digest as _, Sha256};

use super::Server;
use crate::{SignMethod, signature};

pub(super) const JSON: &str = "application/json; charset=utf-8";

/// A POST of this body to this path, signed with a key that is used as it is written.
pub(super) fn request(
    server: &Server,
    path: &str,
    body: String,
    key: &str,
    method: SignMethod,
    now: Duration,
    nonce: u32,
) -> Request {
    let sign = |content: &str| signature::base64(method, key, [content]);
    request_by(server, path, body, (method.as_str(), sign), now, nonce)
}

/// The same, signed by whatever is called so.
pub(super) fn request_by(
    server: &Server,
    path: &str,
    body: String,
    (algorithm, sign): (&str, impl FnOnce(&str) -> String),
    now: Duration,
    nonce: u32,
) -> Request {
    let host = server.authority();
    let (timestamp, nonce) = (now.as_secs().to_string(), nonce.to_string());
    // The empty line is the query. The body's hash is SHA-256, whatever signs.
    let digest = hex(&Sha256::digest(&body));
    let content = format!("POST\n{host}\n{path}\n\n{algorithm}\n{timestamp}\n{nonce}\n{digest}");
    let signature = sign(&content);
    Request::post(server.url(path), JSON, body)
        .header("X-TC-Algorithm", algorithm)
        .header("X-TC-Timestamp", timestamp)
        .header("X-TC-Nonce", nonce)
        .header("X-TC-Signature", signature)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
