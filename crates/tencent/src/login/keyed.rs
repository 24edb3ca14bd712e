//! Logins that are signed with the device's key.

use core::time::Duration;

use iot_home_core::Random;
use iot_home_mqtt::mac::Mac;
use iot_home_mqtt::{MqttLogin, Rules, Signer};

use super::Login;
use crate::platform::RULES;
use crate::{Device, SignMethod, authorities};

/// Signed with the device's key.
#[derive(Clone, Debug)]
pub struct Keyed {
    device: Device,
    method: SignMethod,
    mac: Mac,
}

impl Keyed {
    fn mac(device: &Device, method: SignMethod) -> Mac {
        Mac::new(method.algorithm(), device.psk().key().expose())
    }
}

impl Login<Keyed> {
    pub(crate) fn keyed(device: &Device, tls: bool) -> Self {
        let method = SignMethod::default();
        let auth = Keyed { device: device.clone(), method, mac: Keyed::mac(device, method) };
        Self::new(auth, device.product_id(), device.device_name(), tls)
    }

    /// Signs in this way; without it, by HMAC-SHA-256.
    #[must_use]
    pub fn sign_method(mut self, method: SignMethod) -> Self {
        self.auth.mac = Keyed::mac(&self.auth.device, method);
        self.auth.method = method;
        self
    }

    /// The login at this time, which counts from 1970-01-01 00:00 UTC. Randomness is taken only where no conn id was
    /// said.
    pub fn sign(&self, now: Duration, random: &mut dyn Random) -> MqttLogin {
        let username = self.username(now, random);
        let tag = self.auth.mac.sign([username.as_str()]);
        let password = tag.hex_with(match self.auth.method {
            SignMethod::HmacSha256 => ";hmacsha256",
            SignMethod::HmacSha1 => ";hmacsha1",
        });
        let mut login = self.assemble(username);
        login.password = Some(password.into());
        login
    }
}

impl Signer for Login<Keyed> {
    fn login(&self, now: Duration, random: &mut dyn Random) -> MqttLogin {
        self.sign(now, random)
    }

    fn rules(&self) -> &'static Rules {
        &RULES
    }

    fn authorities(&self) -> &'static [&'static str] {
        authorities::ALL
    }
}
