//! The exchanges over HTTP.

use alloc::vec::Vec;
use core::time::Duration;

use iot_home_core::Random;
use iot_home_http::HttpClient;
use iot_home_mqtt::http::Origin;

use super::access::{self, AccessToken};
use super::register::MAX_ANSWER;
use super::{Guided, Nonce, RegisterError, Registration, Server, guide};
use crate::{Device, SubDevice};

impl Registration {
    /// Registers over HTTPS. The platform gives a device its secret once: keep it.
    ///
    /// # Errors
    /// When no answer comes, or the platform refuses.
    ///
    /// # Cancel safety
    /// When the future is dropped, the device may have been registered.
    pub async fn register(
        &self,
        client: &dyn HttpClient,
        random: &mut (dyn Random + Send),
    ) -> Result<Device, RegisterError> {
        let request = self.https(&Nonce::random(random));
        let answer = request.exchange(client, MAX_ANSWER).await?;
        Ok(self.open(&answer)?)
    }
}

impl Guided {
    /// Asks over HTTPS where to connect and as whom. What is asked stands in [`guide`].
    ///
    /// # Errors
    /// When no answer comes, or the platform refuses.
    pub async fn ask(
        client: &dyn HttpClient,
        server: &Server,
        device: &SubDevice,
        now: Duration,
    ) -> Result<Self, RegisterError> {
        let answer = guide(server, device, now).exchange(client, MAX_ANSWER).await?;
        Ok(Self::open(&answer)?)
    }
}

impl AccessToken {
    /// Asks for a token. What is asked stands in [`access::authenticate`].
    ///
    /// # Errors
    /// When no answer comes, or the platform refuses.
    pub async fn ask(
        client: &dyn HttpClient,
        server: &Origin,
        device: &SubDevice,
        now: Duration,
    ) -> Result<Self, RegisterError> {
        let request = access::authenticate(server, device, now)?;
        Ok(Self::open(&request.exchange(client, MAX_ANSWER).await?)?)
    }

    /// Publishes to a topic, over HTTPS.
    ///
    /// # Errors
    /// When it cannot be sent, no answer comes, or the platform refuses.
    ///
    /// # Cancel safety
    /// When the future is dropped, the message may have been published.
    pub async fn send(
        &self,
        client: &dyn HttpClient,
        server: &Origin,
        topic: &str,
        payload: impl Into<Vec<u8>>,
    ) -> Result<(), RegisterError> {
        let request = self.publish(server, topic, payload)?;
        Ok(access::published(&request.exchange(client, MAX_ANSWER).await?)?)
    }
}
