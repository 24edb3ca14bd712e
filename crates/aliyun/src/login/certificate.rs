//! Logins that are proved by a certificate.

use alloc::string::String;
use core::time::Duration;

use iot_home_core::Random;
use iot_home_mqtt::{InvalidField, MqttLogin, Rules, Signer};

use super::Login;
use crate::platform::RULES;
use crate::{CertificateDevice, ClientId, Endpoint, authorities};

/// Proved by a certificate.
#[derive(Clone, Debug)]
pub struct Certificate(());

impl Login<Certificate> {
    pub(crate) fn with_certificate(device: &CertificateDevice) -> Self {
        let identity = device.identity.as_ref();
        let identity = identity.map(|(product_key, device_name)| (product_key, device_name));
        Self::new(Certificate(()), identity, ClientId::empty(), &Endpoint::X509, true)
    }

    /// What the client calls itself; nothing, unless this says it.
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

    /// The login, which is always the same.
    pub fn sign(&self) -> MqttLogin {
        self.assemble(&[("securemode", "2")], String::new())
    }
}

impl Signer for Login<Certificate> {
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
