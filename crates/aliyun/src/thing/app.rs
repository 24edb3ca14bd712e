//! The channel between a device and the vendor's app (Living Link).

use alloc::string::String;

use iot_home_core::Secret;
use iot_home_mqtt::payload;
use iot_home_mqtt::{AnswerKey, Publication};
use serde::Serialize;

use super::{MAX_PAYLOAD, Topics, Unwritable};

/// Binds a device to an account: the account's client id and its token.
///
/// The answer comes as [`What::App`](super::What::App), `down/account/bind_reply`; code 2043 says that the token is not
/// valid.
///
/// # Errors
/// If the texts are too long.
pub fn bind(
    topics: &Topics,
    id: &str,
    client_id: &str,
    iot_token: &Secret<String>,
) -> Result<Publication, Unwritable> {
    #[derive(Serialize)]
    struct Wire<'a> {
        id: &'a str,
        version: &'a str,
        request: Request<'a>,
        params: Params<'a>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Request<'a> {
        client_id: &'a str,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Params<'a> {
        iot_token: &'a str,
    }
    let wire = Wire {
        id,
        version: "1.0",
        request: Request { client_id },
        params: Params { iot_token: iot_token.expose() },
    };
    let payload = payload::value("account", &wire, MAX_PAYLOAD)?;
    let answer = topics.app_up("account/bind_reply").replacen("/app/up/", "/app/down/", 1);
    let key = AnswerKey::new(answer, id);
    Ok(Publication::new(topics.app_up("account/bind"), payload).answered_by(key))
}
