//! Registration over MQTT: what is asked by the login, and pushed on the connection.

use core::future::poll_fn;
use core::pin::Pin;
use core::time::Duration;

use futures_core::Stream as _;
use iot_home_mqtt::client::{Event, Options, Session};
use tokio::time;

use super::{NotGiven, RegisterError, Registering};
use crate::login::Login;
use crate::thing::Registered;

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

/// The platform closes the connection after 15 seconds.
const PUSHED_WITHIN: Duration = Duration::from_secs(20);
const FAREWELL: Duration = Duration::from_secs(1);
