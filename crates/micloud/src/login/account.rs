//! What the account's server answers.

use iot_home_core::Secret;
use serde::{Deserialize, Deserializer};

use super::LoginError;
use crate::{Response, Ssecurity, lenient};

/// Any of the server's answers: each has some of this.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AccountAnswer {
    #[serde(deserialize_with = "lenient::integer")]
    pub(super) code: Option<i64>,
    #[serde(deserialize_with = "lenient::filled")]
    pub(super) qs: Option<String>,
    #[serde(rename = "_sign", deserialize_with = "lenient::filled")]
    pub(super) sign: Option<String>,
    #[serde(deserialize_with = "lenient::filled")]
    pub(super) sid: Option<String>,
    #[serde(deserialize_with = "lenient::filled")]
    pub(super) callback: Option<String>,
    #[serde(deserialize_with = "lenient::filled")]
    pub(super) location: Option<String>,
    #[serde(deserialize_with = "lenient::parsed")]
    pub(super) ssecurity: Option<Ssecurity>,
    /// Beyond 2^53: never a double.
    #[serde(deserialize_with = "lenient::integer")]
    pub(super) nonce: Option<i64>,
    #[serde(deserialize_with = "secret")]
    pub(super) pass_token: Option<Secret<String>>,
    #[serde(deserialize_with = "lenient::filled")]
    pub(super) user_id: Option<String>,
    #[serde(deserialize_with = "lenient::filled")]
    pub(super) c_user_id: Option<String>,
    #[serde(deserialize_with = "lenient::filled")]
    pub(super) notification_url: Option<String>,
    #[serde(deserialize_with = "lenient::filled")]
    pub(super) captcha_url: Option<String>,
    /// Of `identity/list`.
    #[serde(deserialize_with = "lenient::integer")]
    pub(super) flag: Option<i64>,
    #[serde(deserialize_with = "lenient::list")]
    pub(super) options: Vec<i64>,
    #[serde(deserialize_with = "lenient::filled")]
    pub(super) masked_phone: Option<String>,
    #[serde(deserialize_with = "lenient::filled")]
    pub(super) masked_email: Option<String>,
    /// Of `longPolling/loginUrl`.
    #[serde(deserialize_with = "lenient::filled")]
    pub(super) login_url: Option<String>,
    #[serde(deserialize_with = "lenient::filled")]
    pub(super) qr: Option<String>,
    #[serde(deserialize_with = "lenient::filled")]
    pub(super) lp: Option<String>,
    #[serde(deserialize_with = "lenient::integer")]
    pub(super) timeout: Option<i64>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret<String>>, D::Error> {
    Ok(lenient::filled(deserializer)?.map(Secret::new))
}

impl AccountAnswer {
    pub(super) fn read(response: &Response) -> Result<Self, LoginError> {
        let status = response.status;
        let body = response.body.trim_ascii();
        let body = body.strip_prefix(b"&&&START&&&").unwrap_or(body).trim_ascii_start();
        match body {
            [b'<', ..] => Err(LoginError::Html { status }),
            [b'{', ..] if body.len() <= LARGEST => {
                serde_json::from_slice(body).map_err(|_| LoginError::Unreadable { status })
            }
            _ => Err(LoginError::Unreadable { status }),
        }
    }

    pub(super) fn code(&self) -> i64 {
        self.code.unwrap_or(-1)
    }

    pub(super) fn wants_captcha(&self) -> bool {
        self.captcha_url.is_some() || self.code == Some(87001)
    }
}

/// Real answers are below ten thousand bytes.
const LARGEST: usize = 1 << 20;
