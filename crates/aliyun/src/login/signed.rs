//! Logins that are signed with the device's secret.

use alloc::string::String;
use core::time::Duration;

use iot_home_core::Random;
use iot_home_mqtt::mac::Mac;
use iot_home_mqtt::{InvalidField, MqttLogin, Rules, Signer};

use super::Login;
use crate::content::{content, identity};
use crate::platform::RULES;
use crate::{ClientId, Device, Endpoint, Region, SignMethod, Timestamp, authorities};

/// Signed with the device's secret.
#[derive(Clone, Debug)]
pub struct Signed {
    device: Device,
    method: SignMethod,
    timestamp: Timestamp,
    /// The key, with all of the content hashed but the timestamp.
    mac: Mac,
}

impl Login<Signed> {
    pub(crate) fn signed(device: &Device, tls: bool) -> Self {
        let (product_key, device_name) = (device.product_key(), device.device_name());
        let method = SignMethod::default();
        let mac = Mac::new(method.algorithm(), device.secret().expose().as_bytes());
        let auth = Signed { device: device.clone(), method, timestamp: Timestamp::None, mac };
        let client_id = ClientId::of_device(product_key, device_name);
        let endpoint = Endpoint::Public(Region::CN_SHANGHAI);
        Self::new(auth, Some((product_key, device_name)), client_id, &endpoint, tls).prepare()
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
        Ok(self.prepare())
    }

    /// Connects to the old public instance of this region.
    #[must_use]
    pub fn region(mut self, region: Region) -> Self {
        // Its name is made of the product key, which this login has, and any transport goes with it.
        let _ = self.set_endpoint(&Endpoint::Public(region));
        self
    }

    /// Signs in this way; without it, by HMAC-SHA-256.
    #[must_use]
    pub fn sign_method(mut self, method: SignMethod) -> Self {
        self.auth.method = method;
        self.prepare()
    }

    /// Says a time, and signs it. Without it there is none.
    #[must_use]
    pub fn timestamp(mut self, timestamp: Timestamp) -> Self {
        self.auth.timestamp = timestamp;
        self
    }

    /// The login at this time, which counts from 1970-01-01 00:00 UTC. It matters only where the login has a
    /// timestamp: otherwise all of them are equal.
    pub fn sign(&self, now: Duration) -> MqttLogin {
        let mode = ("securemode", if self.tls { "2" } else { "3" });
        let method = ("signmethod", self.auth.method.as_str());
        let mac = &self.auth.mac;
        match self.auth.timestamp.at(now) {
            None => self.assemble(&[mode, method], mac.sign([]).to_hex()),
            Some(number) => {
                let mut digits = itoa::Buffer::new();
                let timestamp = ("timestamp", digits.format(number));
                let password = mac.sign([timestamp.0, timestamp.1]).to_hex();
                self.assemble(&[mode, method, timestamp], password)
            }
        }
    }

    /// What [`sign`](Self::sign) signs at this time: to compare with what another program signs. The secret is no
    /// part of it.
    pub fn content(&self, now: Duration) -> String {
        let mut text: String = content(self.identity()).collect();
        if let Some(number) = self.auth.timestamp.at(now) {
            text.push_str("timestamp");
            text.push_str(itoa::Buffer::new().format(number));
        }
        text
    }

    fn identity(&self) -> [(&str, &str); 3] {
        let device = &self.auth.device;
        identity(
            self.client_id.as_str(),
            device.device_name().as_str(),
            device.product_key().as_str(),
        )
    }

    /// Hashes everything but the timestamp, which is the last by its name.
    fn prepare(mut self) -> Self {
        let secret = self.auth.device.secret().expose().as_bytes();
        let key = Mac::new(self.auth.method.algorithm(), secret);
        self.auth.mac = key.after(content(self.identity()));
        self
    }
}

impl Signer for Login<Signed> {
    fn login(&self, now: Duration, _: &mut dyn Random) -> MqttLogin {
        self.sign(now)
    }

    fn rules(&self) -> &'static Rules {
        &RULES
    }

    fn authorities(&self) -> &'static [&'static str] {
        authorities::ALL
    }
}
