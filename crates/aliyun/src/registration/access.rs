//! Publishing over HTTPS, without MQTT.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use iot_home_core::Secret;
use iot_home_mqtt::http::{Origin, Request};
use iot_home_mqtt::payload::{self, Unreadable, Unwritable};
use iot_home_mqtt::{codes, topic};
use serde::{Deserialize, Serialize};

use super::NotGiven;
use super::form::encode;
use super::register::MAX_ANSWER;
use crate::SubDevice;
use crate::thing::Hidden;

/// The most bytes of a payload that is sent this way.
pub const MAX_PAYLOAD: usize = 128 * 1024;

codes! {
    /// What the access over HTTP answers.
    AccessCode {
        SUCCESS = 0 "success",
        COMMON = 10000 "an error of no kind of its own",
        BAD_PARAMETER = 10001 "a parameter is wrong",
        UNAUTHORIZED = 20000 "the device could not be authenticated",
        TOKEN_EXPIRED = 20001 "the token has expired, ask for another",
        NO_TOKEN = 20002 "the token is missing",
        BAD_TOKEN = 20003 "the token is wrong, ask for another",
        NOT_PUBLISHED = 30001 "the message could not be published",
        THROTTLED = 40000 "too many requests, try again later",
    }
}

/// Asks for a token, for this device at this time. The platform takes a time that is up to 15 minutes away from its own,
/// or none at all: [`SubDevice::timestamp`].
///
/// # Errors
/// None: what is written is short.
pub fn authenticate(
    server: &Origin,
    device: &SubDevice,
    now: Duration,
) -> Result<Request, Unwritable> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Wire<'a> {
        version: &'a str,
        client_id: &'a str,
        signmethod: &'a str,
        sign: &'a str,
        product_key: &'a str,
        device_name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        timestamp: Option<&'a str>,
    }
    let (product_key, device_name) = device.names();
    let proof = device.sign(now);
    let wire = Wire {
        version: "default",
        client_id: &proof.client_id,
        signmethod: proof.sign_method.as_str(),
        sign: proof.sign.expose(),
        product_key: product_key.as_str(),
        device_name: device_name.as_str(),
        timestamp: proof.timestamp.as_deref(),
    };
    let body = payload::value("login", &wire, MAX_PAYLOAD)?;
    Ok(Request::post(server.url("/auth"), "application/json", body))
}

/// What publishing takes, for seven days. Wiped on drop, never shown.
#[derive(Clone, Debug)]
pub struct AccessToken(Secret<String>);

#[derive(Deserialize)]
struct Wire<I> {
    code: AccessCode,
    #[serde(default = "Option::default")]
    info: Option<I>,
}

impl AccessToken {
    /// Reads the answer.
    ///
    /// # Errors
    /// If it was refused, or cannot be read.
    pub fn open(answer: &[u8]) -> Result<Self, NotGiven> {
        #[derive(Deserialize)]
        struct Info {
            token: Hidden,
        }
        let wire: Wire<Info> = payload::read(answer, MAX_ANSWER)?;
        if wire.code != AccessCode::SUCCESS {
            return Err(NotGiven::AccessRefused { code: wire.code });
        }
        let info = wire.info.ok_or(Unreadable::Form { offset: answer.len() })?;
        // It becomes the value of a header.
        let token = info.token.0;
        let is_header =
            !token.expose().is_empty() && token.expose().bytes().all(|b| b.is_ascii_graphic());
        if is_header {
            Ok(Self(token))
        } else {
            Err(Unreadable::Form { offset: answer.len() }.into())
        }
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Publishes to a topic.
    ///
    /// # Errors
    /// If the topic is none, or the payload is longer than 128 KB.
    pub fn publish(
        &self,
        server: &Origin,
        topic: &str,
        payload: impl Into<Vec<u8>>,
    ) -> Result<Request, Unwritable> {
        topic::check_name(topic)?;
        let body = Unwritable::check_length(payload.into(), MAX_PAYLOAD)?;
        let mut url = server.url("/topic");
        if !topic.starts_with('/') {
            url.push('/');
        }
        encode(topic, "/-_.:@$", &mut url);
        let request = Request::post(url, "application/octet-stream", body);
        Ok(request.header("password", self.expose()))
    }
}

/// What publishing was answered with.
///
/// # Errors
/// If it was refused, or the answer cannot be read.
pub fn published(answer: &[u8]) -> Result<(), NotGiven> {
    let wire: Wire<serde::de::IgnoredAny> = payload::read(answer, MAX_ANSWER)?;
    match wire.code {
        AccessCode::SUCCESS => Ok(()),
        code => Err(NotGiven::AccessRefused { code }),
    }
}
