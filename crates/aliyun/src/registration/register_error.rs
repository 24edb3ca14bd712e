//! Why a registration did not work.

use iot_home_mqtt::client;
#[cfg(feature = "http")]
use iot_home_mqtt::http::ExchangeError;

use super::NotGiven;
#[cfg(feature = "http")]
use crate::thing::Unwritable;

/// Why a device was given nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// There is no answer over HTTP.
    #[cfg(feature = "http")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
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
    #[cfg(feature = "http")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
}
