//! Logins that register a device.

use alloc::vec::Vec;
use core::time::Duration;

use iot_home_core::Random;
use iot_home_mqtt::mac::Mac;
use iot_home_mqtt::{InvalidField, MqttLogin, Rules, Signer};

use super::Login;
use crate::platform::RULES;
use crate::registration::{Nonce, sign};
use crate::{
    ClientId, DeviceName, Endpoint, InstanceId, ProductKey, Region, SignMethod, authorities,
};

/// Signed with the product's secret, to be given something of the device's own.
#[derive(Clone, Debug)]
pub struct Registering {
    product_key: ProductKey,
    device_name: DeviceName,
    mac: Mac,
    method: SignMethod,
    /// Where the device does not exist yet; and then, perhaps, in an instance.
    unknown: Option<Option<InstanceId>>,
    mode: &'static str,
}

impl Login<Registering> {
    pub(crate) fn registering(
        product_key: &ProductKey,
        device_name: &DeviceName,
        mac: Mac,
        method: SignMethod,
        unknown: Option<Option<InstanceId>>,
    ) -> Self {
        let auth = Registering {
            product_key: product_key.clone(),
            device_name: device_name.clone(),
            mac,
            method,
            unknown,
            mode: "2",
        };
        let client_id = ClientId::of_device(product_key, device_name);
        let endpoint = Endpoint::Public(Region::CN_SHANGHAI);
        Self::new(auth, Some((product_key, device_name)), client_id, &endpoint, true)
    }

    /// What the client calls itself. Without it, product key and device name with a dot between them.
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

    /// Says secure mode -2, as the document has it for devices that do not exist yet. Every official SDK says 2, and so
    /// does this without it. For devices that exist it changes nothing.
    #[must_use]
    pub fn documented_mode(mut self) -> Self {
        if self.auth.unknown.is_some() {
            self.auth.mode = "-2";
        }
        self
    }

    /// Whom it registers.
    #[cfg(feature = "client")]
    pub(crate) fn auth_names(&self) -> (ProductKey, DeviceName) {
        (self.auth.product_key.clone(), self.auth.device_name.clone())
    }

    /// The login with this random text.
    pub fn sign(&self, nonce: &Nonce) -> MqttLogin {
        let auth = &self.auth;
        let (key, name) = (auth.product_key.as_str(), auth.device_name.as_str());
        let password = sign(&auth.mac, key, name, nonce.as_str());
        let kind = if auth.unknown.is_some() { "regnwl" } else { "register" };
        let mut params = Vec::from([
            ("securemode", auth.mode),
            ("authType", kind),
            ("random", nonce.as_str()),
            ("signmethod", auth.method.as_str()),
        ]);
        if let Some(Some(instance)) = &auth.unknown {
            params.push(("instanceId", instance.as_str()));
        }
        self.assemble(&params, password)
    }
}

/// A session that connects again would register again: it is to be closed when it has its answer.
impl Signer for Login<Registering> {
    fn login(&self, _: Duration, random: &mut dyn Random) -> MqttLogin {
        self.sign(&Nonce::random(random))
    }

    fn rules(&self) -> &'static Rules {
        &RULES
    }

    fn authorities(&self) -> &'static [&'static str] {
        authorities::ALL
    }
}
