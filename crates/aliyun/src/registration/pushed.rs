//! What is asked by a login over MQTT, and pushed on its connection.

use alloc::vec::Vec;
use core::future::poll_fn;
use core::pin::Pin;
use core::time::Duration;

use futures_core::Stream as _;
use iot_home_mqtt::Signer;
use iot_home_mqtt::client::{Event, Options, Session};
use tokio::time;

use super::{NotGiven, RegisterError, Registering};
use crate::login::{Certificate, Login};
use crate::thing::{Identity, Registered};

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
        let pushed = pushed(self, options, &Registered::TOPICS).await?;
        let given = Registered::parse(&pushed).map_err(NotGiven::from)?;
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

impl Login<Certificate> {
    /// Asks who the device is, of one that has a certificate and does not know its name
    /// ([`CertificateDevice::unknown`](crate::CertificateDevice::unknown)): connects, waits for what is pushed, and leaves. Store it:
    /// [`Identity::into_device`] is the device as it logs in from then on.
    ///
    /// # Errors
    /// When there is no connection, or nothing comes on it.
    pub async fn identify(self, options: Options) -> Result<Identity, RegisterError> {
        let pushed = pushed(self, options, &[Identity::TOPIC]).await?;
        Ok(Identity::parse(&pushed).map_err(NotGiven::from)?)
    }
}

/// Connects once, and brings what is pushed there on one of these topics.
async fn pushed(
    login: impl Signer + Send + 'static,
    options: Options,
    topics: &[&str],
) -> Result<Vec<u8>, RegisterError> {
    let mut session = Session::connect(login, options).await?;
    let heard = async {
        while let Some(event) = poll_fn(|cx| Pin::new(&mut session).poll_next(cx)).await {
            match event? {
                Event::Message(message) if topics.contains(&&*message.topic) => {
                    return Ok(message.payload.to_vec());
                }
                // The next connection would ask again.
                Event::Disconnected { .. } => break,
                _ => {}
            }
        }
        Err(RegisterError::Silent)
    };
    let heard = time::timeout(PUSHED_WITHIN, heard).await;
    // The platform closes by itself as well.
    let _ = time::timeout(FAREWELL, session.close()).await;
    heard.unwrap_or(Err(RegisterError::Silent))
}

/// The platform closes the connection after 15 seconds.
const PUSHED_WITHIN: Duration = Duration::from_secs(20);
const FAREWELL: Duration = Duration::from_secs(1);
