//! Who a device with a certificate is.

use alloc::string::String;

use iot_home_mqtt::payload::{self, Unreadable};
use serde::Deserialize;

use super::MAX_PAYLOAD;
use crate::{CertificateDevice, DeviceName, ProductKey};

/// Who a device with a certificate is. The platform says it after the first login, without a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// Which product it is.
    pub product_key: ProductKey,
    /// What it is called.
    pub device_name: DeviceName,
}

impl Identity {
    /// Where it is pushed, without a subscription.
    #[cfg(all(feature = "client", feature = "registration"))]
    pub(crate) const TOPIC: &'static str = "/ext/auth/identity/response";

    pub(crate) fn parse(payload: &[u8]) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            product_key: String,
            device_name: String,
        }
        let wire: Wire = payload::read(payload, MAX_PAYLOAD)?;
        let (product_key, device_name) =
            (wire.product_key.try_into()?, wire.device_name.try_into()?);
        Ok(Self { product_key, device_name })
    }

    /// The device as it will log in from then on.
    pub fn into_device(self) -> CertificateDevice {
        CertificateDevice { identity: Some((self.product_key, self.device_name)) }
    }
}
