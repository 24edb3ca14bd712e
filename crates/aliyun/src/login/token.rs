//! Logins that are proved by a token.

use core::time::Duration;

use iot_home_core::Random;
use iot_home_mqtt::{MqttLogin, Rules, Signer};

use super::Login;
use crate::platform::RULES;
use crate::{DeviceToken, Endpoint, Region, TokenDevice, authorities};

/// Proved by a token that is presented as it is.
#[derive(Clone, Debug)]
pub struct Token(DeviceToken);

impl Login<Token> {
    pub(crate) fn with_token(device: &TokenDevice) -> Self {
        let auth = Token(device.token.clone());
        let identity = (&device.product_key, &device.device_name);
        let endpoint = Endpoint::Public(Region::CN_SHANGHAI);
        Self::new(auth, Some(identity), device.client_id.clone(), &endpoint, true)
    }

    /// The login, which is always the same.
    pub fn sign(&self) -> MqttLogin {
        let params = [("securemode", "-2"), ("authType", "connwl")];
        self.assemble(&params, self.auth.0.expose().into())
    }
}

impl Signer for Login<Token> {
    fn login(&self, _: Duration, _: &mut dyn Random) -> MqttLogin {
        self.sign()
    }

    fn rules(&self) -> &'static Rules {
        &RULES
    }

    fn authorities(&self) -> &'static [&'static str] {
        authorities::ALL
    }
}
