//! The exchanges themselves.

use alloc::vec::Vec;
use core::future::poll_fn;
use core::pin::Pin;
use core::time::Duration;

use futures_core::Stream as _;
use iot_home_core::Random;
use iot_home_http::HttpClient;
use iot_home_mqtt::client::{self, Event, Options, Session};
use iot_home_mqtt::http::{ExchangeError, Origin};
use tokio::time;

use super::access::{self, AccessToken};
use super::register::MAX_ANSWER;
use super::{Guided, Nonce, NotGiven, Registering, Registration, Server, guide};
use crate::login::Login;
use crate::thing::{Registered, Unwritable};
use crate::{Device, SubDevice};

/// Why a device was given nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// There is no answer over HTTP.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The answer gives nothing.
    #[error(transparent)]
    NotGiven(#[from] NotGiven),
    /// There is no connection over MQTT.
    #[error(transparent)]
    Session(#[from] client::Error),
    /// The connection over MQTT was let in, and ended or stayed without an answer.
    #[error(
        "the platform let the device in and gave it nothing; it may be activated already, or dynamic \
         registration may be switched off for its product"
    )]
    Silent,
    /// The request cannot be made.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
}

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

impl Login<Registering> {
    /// Registers over MQTT: connects, waits for what is pushed, and leaves. It never connects a second time.
    ///
    /// # Errors
    /// When there is no connection, or nothing comes on it, or it is for another device.
    ///
    /// # Cancel safety
    /// When the future is dropped, the device may have been registered.
    pub async fn register(self, options: Options) -> Result<Registered, RegisterError> {
        let (product_key, device_name) = self.auth_names();
        let mut session = Session::connect(self, options).await?;
        let given = time::timeout(PUSHED_WITHIN, pushed(&mut session)).await;
        // The platform closes by itself as well.
        let _ = time::timeout(FAREWELL, session.close()).await;
        let given = given.unwrap_or(Err(RegisterError::Silent))?;
        let ours = match &given {
            Registered::Secret(device) => {
                (device.product_key(), device.device_name()) == (&product_key, &device_name)
            }
            Registered::Token(device) => {
                (device.product_key(), device.device_name()) == (&product_key, &device_name)
            }
        };
        if ours { Ok(given) } else { Err(NotGiven::OtherDevice.into()) }
    }
}

/// What is pushed on the connection, as long as it stands.
async fn pushed(session: &mut Session) -> Result<Registered, RegisterError> {
    while let Some(event) = poll_fn(|cx| Pin::new(&mut *session).poll_next(cx)).await {
        match event? {
            Event::Message(message) if Registered::TOPICS.contains(&&*message.topic) => {
                return Ok(Registered::parse(&message.payload).map_err(NotGiven::from)?);
            }
            // The next connection would register again.
            Event::Disconnected { .. } => break,
            _ => {}
        }
    }
    Err(RegisterError::Silent)
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

/// The platform closes the connection after 15 seconds.
const PUSHED_WITHIN: Duration = Duration::from_secs(20);
const FAREWELL: Duration = Duration::from_secs(1);
