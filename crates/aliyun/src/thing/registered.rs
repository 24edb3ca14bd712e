//! What a device was given when it registered.

use alloc::string::String;

use iot_home_core::Secret;
use iot_home_mqtt::payload::{self, Unreadable};
use serde::{Deserialize, Deserializer};

use super::MAX_PAYLOAD;
use crate::{ClientId, Device, DeviceName, DeviceToken, ProductKey, TokenDevice};

/// What a device was given when it registered over MQTT. The connection that it came on has done its work, and is not to
/// be made again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Registered {
    /// A device that was registered before: its secret.
    Secret(Device),
    /// A device that was not: a token.
    Token(TokenDevice),
}

impl Registered {
    /// Where it is pushed, without a subscription. Documents name the first, SDKs listen on the second.
    #[cfg(all(feature = "client", feature = "registration"))]
    pub(crate) const TOPICS: [&'static str; 2] = ["/ext/register", "/ext/regnwl"];

    pub(crate) fn parse(payload: &[u8]) -> Result<Self, Unreadable> {
        let wire: Wire = payload::read(payload, MAX_PAYLOAD)?;
        let product_key: ProductKey = wire.product_key.try_into()?;
        let device_name: DeviceName = wire.device_name.try_into()?;
        Ok(match (wire.device_secret, wire.device_token, wire.client_id) {
            (Some(Hidden(secret)), None, _) => {
                Self::Secret(Device::new(product_key, device_name, secret)?)
            }
            (None, Some(Hidden(token)), Some(client_id)) => {
                let client_id: ClientId = client_id.try_into()?;
                let token = DeviceToken::try_from(token)?;
                Self::Token(TokenDevice::new(product_key, device_name, client_id, token)?)
            }
            // Neither, or both: whoever sent this does not know either.
            _ => return Err(Unreadable::Form { offset: payload.len() }),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    product_key: String,
    device_name: String,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    device_secret: Option<Hidden>,
    #[serde(default)]
    device_token: Option<Hidden>,
}

/// A secret in an answer.
pub(crate) struct Hidden(pub(crate) Secret<String>);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}
