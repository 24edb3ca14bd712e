//! The messages of the handshake as JSON.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the client sends as `params` of `miIO.handshake`.
#[derive(Serialize)]
pub(super) struct Sent {
    #[serde(rename = "type")]
    pub(super) kind: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ecdh: Option<SentKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) oob: Option<SentOob>,
}

#[derive(Serialize)]
pub(super) struct SentKey {
    pub(super) sign_suite: u64,
    pub(super) curve_suite: u64,
    pub(super) public_key: String,
}

#[derive(Serialize)]
pub(super) struct SentOob {
    pub(super) step: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mode: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sign: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) random: Option<String>,
}

/// What the device answers. What a step does not need is not looked at.
#[derive(Deserialize)]
pub(super) struct Received {
    #[serde(rename = "type")]
    pub(super) kind: u64,
    ecdh: Option<Value>,
    oob: Option<Value>,
}

impl Received {
    /// A list of numbers, as the device offers suites.
    pub(super) fn numbers(&self, of: Part, key: &str) -> Option<Vec<u64>> {
        self.field(of, key)?.as_array()?.iter().map(Value::as_u64).collect()
    }

    pub(super) fn number(&self, of: Part, key: &str) -> Option<u64> {
        self.field(of, key)?.as_u64()
    }

    /// Bytes, as base64.
    pub(super) fn bytes(&self, of: Part, key: &str) -> Option<Vec<u8>> {
        let text = self.field(of, key)?.as_str()?;
        // No field is longer; a packet would carry more.
        if text.len() > LONGEST { None } else { STANDARD.decode(text).ok() }
    }

    fn field(&self, of: Part, key: &str) -> Option<&Value> {
        let part = match of {
            Part::Ecdh => &self.ecdh,
            Part::Oob => &self.oob,
        };
        part.as_ref()?.get(key)
    }
}

#[derive(Clone, Copy)]
pub(super) enum Part {
    Ecdh,
    Oob,
}

pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

const LONGEST: usize = 512;
