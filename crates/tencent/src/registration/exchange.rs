//! The exchanges themselves.

use core::time::Duration;

use iot_home_core::Random;
use iot_home_http::HttpClient;
use iot_home_mqtt::http::ExchangeError;

use super::open::MAX_ANSWER;
use super::{NotGiven, Publish, Registered, Registration, published};
use crate::Device;
use crate::thing::Unwritable;

/// Why a device was given nothing, or a message was not published.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// There is no answer over HTTP.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The platform refuses, or its answer cannot be opened.
    #[error(transparent)]
    NotGiven(#[from] NotGiven),
    /// The request cannot be made.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
}

impl Registration {
    /// Registers at this time, the time since 1970.
    ///
    /// # Errors
    /// When no answer comes, or the platform refuses.
    ///
    /// # Cancel safety
    /// When the future is dropped, the device may have been registered; it may register again until it first connects.
    pub async fn register(
        &self,
        client: &dyn HttpClient,
        now: Duration,
        random: &mut (dyn Random + Send),
    ) -> Result<Registered, RegisterError> {
        let request = self.request(now, nonce(random));
        Ok(self.open(&request.exchange(client, MAX_ANSWER).await?)?)
    }

    /// Registers as before: [`old_request`](Self::old_request).
    ///
    /// # Errors
    /// As for [`register`](Self::register).
    ///
    /// # Cancel safety
    /// As for [`register`](Self::register).
    pub async fn register_as_before(
        &self,
        client: &dyn HttpClient,
        now: Duration,
        random: &mut (dyn Random + Send),
    ) -> Result<Registered, RegisterError> {
        let request = self.old_request(now, nonce(random));
        Ok(self.open(&request.exchange(client, MAX_ANSWER).await?)?)
    }
}

impl Publish<'_> {
    /// Publishes it at this time, the time since 1970.
    ///
    /// # Errors
    /// When it cannot be sent, no answer comes, or the platform refuses.
    ///
    /// # Cancel safety
    /// When the future is dropped, the message may have been published.
    pub async fn send(
        &self,
        client: &dyn HttpClient,
        device: &Device,
        now: Duration,
        random: &mut (dyn Random + Send),
    ) -> Result<(), RegisterError> {
        let request = self.request(device, now, nonce(random))?;
        Ok(published(&request.exchange(client, MAX_ANSWER).await?)?)
    }
}

/// Positive, and of nine digits at most, as all of the SDKs have it.
fn nonce(random: &mut (dyn Random + Send)) -> u32 {
    let number = random.next_u64() % 999_999_999;
    u32::try_from(number).unwrap_or(0).saturating_add(1)
}
