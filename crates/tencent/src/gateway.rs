//! What binds a device to a gateway.

use core::time::Duration;

use alloc::string::{String, ToString as _};

use iot_home_core::Secret;

use crate::name::client_id;
use crate::{Device, SignMethod, signature};

/// What a gateway presents to bind a device to itself, beside product id and device name.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BindProof {
    /// `random`.
    pub random: u32,
    /// `timestamp`, in seconds.
    pub timestamp: u64,
    /// `signmethod`.
    pub sign_method: SignMethod,
    /// `signature`, base64.
    pub signature: Secret<String>,
}

impl Device {
    /// What a gateway needs to bind this device to itself. Its key is the text of the psk, not the bytes that it stands
    /// for; the official C and Python SDKs sign it by HMAC-SHA-1, the Java SDK by HMAC-SHA-256.
    pub fn bind_proof(&self, method: SignMethod, random: u32, now: Duration) -> BindProof {
        let timestamp = now.as_secs();
        let (number, time) = (random.to_string(), timestamp.to_string());
        let id = client_id(self.product_id(), self.device_name());
        let parts = [id.as_str(), ";", &number, ";", &time];
        let signature = signature::base64(method, self.psk().expose(), parts);
        BindProof { random, timestamp, sign_method: method, signature: Secret::new(signature) }
    }
}
