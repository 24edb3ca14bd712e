//! What a gateway presents for the devices below it.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::time::Duration;

use iot_home_core::Secret;
use iot_home_mqtt::InvalidField;
use iot_home_mqtt::mac::{self, Mac};

use crate::content::{content, identity};
use crate::{ClientId, Device, Params, SignMethod, Timestamp};

/// A device below a gateway: signs what the gateway presents to log it in (one alone or in a batch) and to add it
/// to its topology.
///
/// HTTPS authentication signs the same fields in the same way.
///
/// ```
/// use std::time::Duration;
///
/// use iot_home_aliyun::{Device, SignMethod, Timestamp};
///
/// # let secret = "sub1sub1sub1sub1sub1sub1sub1sub1";
/// let lamp = Device::new("a1X2bEnP82z", "sub-01", secret)?;
/// let lamp = lamp.sub_device().sign_method(SignMethod::HmacSha1).timestamp(Timestamp::Millis);
/// let proof = lamp.sign(Duration::from_millis(1_600_000_000_123));
/// assert_eq!(proof.client_id, "a1X2bEnP82z.sub-01");
/// assert_eq!(proof.timestamp.as_deref(), Some("1600000000123"));
/// assert_eq!(proof.sign.expose().len(), 40);
/// # Ok::<(), iot_home_aliyun::InvalidField>(())
/// ```
#[derive(Clone, Debug)]
pub struct SubDevice {
    device: Device,
    client_id: ClientId,
    params: Params,
    method: SignMethod,
    timestamp: Timestamp,
    mac: Mac,
}

impl SubDevice {
    pub(crate) fn new(device: &Device) -> Self {
        let method = SignMethod::default();
        Self {
            client_id: ClientId::of_device(device.product_key(), device.device_name()),
            params: Params::new(),
            method,
            timestamp: Timestamp::None,
            mac: Mac::new(method.algorithm(), device.secret().expose().as_bytes()),
            device: device.clone(),
        }
    }

    /// What the device calls itself. Without it, product key and device name with a dot between them.
    ///
    /// # Errors
    /// If the text cannot be a client id.
    pub fn client_id(
        mut self,
        client_id: impl TryInto<ClientId, Error: Into<InvalidField>>,
    ) -> Result<Self, InvalidField> {
        self.client_id = client_id.try_into().map_err(Into::into)?;
        Ok(self)
    }

    /// Puts ext params behind the client id, as the official Python SDK does in batches. Here they are
    /// signed, as part of the client id.
    #[must_use]
    pub fn params(mut self, params: Params) -> Self {
        self.params = params;
        self
    }

    /// Signs in this way; without it, by HMAC-SHA-256.
    #[must_use]
    pub fn sign_method(mut self, method: SignMethod) -> Self {
        self.mac = Mac::new(method.algorithm(), self.device.secret().expose().as_bytes());
        self.method = method;
        self
    }

    /// Says a time, and signs it. Without it there is none.
    #[must_use]
    pub fn timestamp(mut self, timestamp: Timestamp) -> Self {
        self.timestamp = timestamp;
        self
    }

    #[cfg(feature = "payload")]
    pub(crate) const fn names(&self) -> (&crate::ProductKey, &crate::DeviceName) {
        (self.device.product_key(), self.device.device_name())
    }

    #[cfg(feature = "payload")]
    pub(crate) const fn method(&self) -> SignMethod {
        self.method
    }

    /// The proof at this time, which counts from 1970-01-01 00:00 UTC.
    pub fn sign(&self, now: Duration) -> SubDeviceProof {
        let mut client_id = self.client_id.to_string();
        if !self.params.as_str().is_empty() {
            client_id = [&client_id, "|", self.params.as_str(), "|"].concat();
        }
        let timestamp = self.timestamp.at(now).map(|number| number.to_string());
        let device = (self.device.device_name().as_str(), self.device.product_key().as_str());
        let [id, device_name, product_key] = identity(&client_id, device.0, device.1);
        let tag = match timestamp.as_deref() {
            None => self.mac.sign(content([id, device_name, product_key])),
            Some(number) => {
                self.mac.sign(content([id, device_name, product_key, ("timestamp", number)]))
            }
        };
        let sign_method = self.method;
        SubDeviceProof { client_id, timestamp, sign_method, sign: tag.to_hex().into() }
    }
}

/// What a gateway presents for a device, beside product key and device name. `cleanSession` is not signed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SubDeviceProof {
    /// `clientId`.
    pub client_id: String,
    /// `timestamp`, a text, where there is one.
    pub timestamp: Option<String>,
    /// `signMethod`; in `topo/add` its name is `signmethod`.
    pub sign_method: SignMethod,
    /// `sign`, in hexadecimal digits.
    pub sign: Secret<String>,
}

impl Device {
    /// Whether a gateway that presents this device knows its secret: for whoever is the platform. `fields` is all that it
    /// says, whatever of it is signed; the signature is compared in constant time, and the case of its digits means
    /// nothing.
    pub fn is_proved_by<'f>(
        &self,
        method: SignMethod,
        fields: impl IntoIterator<Item = (&'f str, &'f str)>,
        sign: &str,
    ) -> bool {
        const UNSIGNED: [&str; 4] = ["sign", "signMethod", "signmethod", "cleanSession"];
        let signed = fields.into_iter().filter(|(name, _)| !UNSIGNED.contains(name));
        let mut signed: Vec<_> = signed.collect();
        signed.sort_unstable();
        let mac = Mac::new(method.algorithm(), self.secret().expose().as_bytes());
        let ours = mac.sign(signed.into_iter().flat_map(|(name, value)| [name, value])).to_hex();
        mac::equal(&ours, &sign.to_ascii_lowercase())
    }
}
