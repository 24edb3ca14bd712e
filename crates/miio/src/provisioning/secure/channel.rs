//! What the handshake leads to: a way to tell the device its Wi-Fi.

use alloc::string::String;
use core::fmt;

use serde::Serialize;
use zeroize::Zeroizing;

use super::key::AgreedKey;
use super::messages::base64;
use crate::message::{Request, RequestError};
use crate::provisioning::{Network, NetworkError};

/// A key that both ends have agreed on and proved to each other.
pub struct Channel {
    key: AgreedKey,
    iv: [u8; 16],
}

impl Channel {
    pub(super) fn new(key: AgreedKey, iv: [u8; 16]) -> Self {
        Self { key, iv }
    }

    /// With an initialisation vector of zeros in place of the one that the device told: one version of the vendor's
    /// device software reads the settings so.
    #[must_use]
    pub fn zero_iv(mut self) -> Self {
        self.iv = [0; 16];
        self
    }

    /// The call `miIO.config_router_safe`: the settings encrypted, and a signature of what came out.
    ///
    /// # Errors
    /// As [`Network::request`].
    pub fn request(&self, network: &Network) -> Result<Request, NetworkError> {
        #[derive(Serialize)]
        struct Params {
            data: String,
            sign: String,
        }
        network.check()?;
        let text = serde_json::to_vec(&network.params()).map_err(|_| RequestError::Params)?;
        let text = Zeroizing::new(text);
        let data = self.key.encrypt(&self.iv, &text);
        let sign = self.key.sign(&[&data]);
        let params = Params { data: base64(&data), sign: base64(&sign) };
        Ok(Request::new("miIO.config_router_safe", params)?)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").finish_non_exhaustive()
    }
}
