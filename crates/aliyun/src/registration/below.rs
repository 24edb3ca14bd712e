//! Registering devices below a gateway by their products' secrets.

use alloc::string::String;
use alloc::vec::Vec;

use iot_home_core::Random;
use serde::Serialize;

use super::{Nonce, Registration};
#[cfg(feature = "client")]
use crate::thing::Address;
use crate::thing::gateway::MOST_REGISTRATIONS;
use crate::thing::{Call, Method, Unwritable};

/// Devices below a gateway, each proved by its product's secret. Its `Debug` does not show the signatures.
#[derive(Clone, Serialize)]
pub struct Proxied {
    proxieds: Vec<Proof>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    product_key: String,
    device_name: String,
    random: String,
    sign_method: &'static str,
    sign: String,
}

impl core::fmt::Debug for Proxied {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Proxied").field("proxieds", &self.proxieds.len()).finish()
    }
}

impl Registration {
    /// Which device it is for.
    #[cfg(feature = "client")]
    pub(crate) const fn address(&self) -> Address<'_> {
        Address::new(&self.product_key, &self.device_name)
    }

    fn below(&self, nonce: &Nonce) -> Proof {
        Proof {
            product_key: self.product_key.as_str().into(),
            device_name: self.device_name.as_str().into(),
            random: nonce.as_str().into(),
            sign_method: self.method.as_str(),
            sign: self.sign(nonce),
        }
    }
}

impl Call<'_, Proxied> {
    /// A gateway registers these devices by their products' secrets, 30 at most, which is answered with what came of each:
    /// [`ProductRegistered`](crate::thing::gateway::ProductRegistered).
    ///
    /// # Errors
    /// If there are more.
    pub fn product_register(
        id: impl Into<String>,
        devices: &[Registration],
        random: &mut dyn Random,
    ) -> Result<Self, Unwritable> {
        Unwritable::check_count("sub-devices", devices.len(), MOST_REGISTRATIONS)?;
        let proxieds = devices.iter().map(|device| device.below(&Nonce::random(random))).collect();
        Ok(Self::new(Method::ProductRegister, id, Proxied { proxieds }))
    }
}
