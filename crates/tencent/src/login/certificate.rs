//! Logins that are proved by a certificate.

use core::time::Duration;

use iot_home_core::Random;
use iot_home_mqtt::{MqttLogin, Rules, Signer};

use super::Login;
use crate::platform::RULES;
use crate::{CertificateDevice, authorities};

/// Proved by a certificate.
#[derive(Clone, Debug)]
pub struct Certificate(());

impl Login<Certificate> {
    pub(crate) fn with_certificate(device: &CertificateDevice) -> Self {
        Self::new(Certificate(()), &device.product_id, &device.device_name, true)
    }

    /// The login at this time, which counts from 1970-01-01 00:00 UTC. It has a user name and no password, as that of
    /// the official C SDK; by the documents any password will do.
    pub fn sign(&self, now: Duration, random: &mut dyn Random) -> MqttLogin {
        self.assemble(self.username(now, random))
    }
}

impl Signer for Login<Certificate> {
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
