//! Logging in on the level of TLS already.

use alloc::format;
use alloc::string::{String, ToString as _};

use iot_home_mqtt::mac::{Algorithm, Mac, Tag};

use crate::Device;
use crate::content::content;

/// Identity and key for TLS with a pre-shared key, which the official C SDK can use. rustls cannot: this is for
/// programs with another TLS.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TlsPsk {
    /// What is sent in the clear.
    pub identity: String,
    /// The key.
    pub key: Tag,
}

impl Device {
    /// Identity and key for TLS with a pre-shared key. The timestamp is a salt: any number will do, and the
    /// official C SDK takes 2524608000000.
    pub fn tls_psk(&self, timestamp: u64) -> TlsPsk {
        let id = format!("{}&{}", self.product_key(), self.device_name());
        let timestamp = timestamp.to_string();
        let mac = Mac::new(Algorithm::Sha256, self.secret().expose().as_bytes());
        let key = mac.sign(content([("id", &id), ("timestamp", &timestamp)]));
        TlsPsk { identity: format!("devicename|hmacsha256|{id}|{timestamp}"), key }
    }
}
