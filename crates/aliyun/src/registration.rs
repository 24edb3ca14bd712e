//! Ways in for a device that has no secret of its own yet, and ways in over HTTP. Requests and answers are data: whoever
//! has an HTTP client sends the one and hands the other back.
//!
//! ```
//! use std::time::Duration;
//!
//! use iot_home_aliyun::registration::{Nonce, Registration};
//! use iot_home_core::SeededRandom;
//!
//! # let secret = "PsWqkS1hGbGgdqkX";
//! let registration = Registration::new("a1X2bEnP82z", "fresh-01", secret)?;
//! // A program takes the randomness from `SystemRandom`.
//! let request = registration.https(&Nonce::random(&mut SeededRandom::new(7)));
//! assert_eq!(request.url, "https://iot-auth.cn-shanghai.aliyuncs.com/auth/register/device");
//!
//! let answer = br#"{"code":200,"data":{"productKey":"a1X2bEnP82z","deviceName":"fresh-01",
//!     "deviceSecret":"ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe"},"message":"success"}"#;
//! let device = registration.open(answer)?;
//! let login = device.tls().sign(Duration::ZERO);
//! assert_eq!(login.username.as_deref(), Some("fresh-01&a1X2bEnP82z"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A gateway registers those below it with [`Call::product_register`](crate::thing::Call::product_register).
//!
//! Over MQTT the same is [`Registration::mqtt`] and [`Registration::mqtt_unknown`]; what they are answered with is
//! [`Registered`](crate::thing::Registered).

pub mod access;
mod below;
mod code;
mod error;
#[cfg(feature = "http")]
mod exchange;
mod form;
mod https;
mod nonce;
#[cfg(feature = "client")]
mod pushed;
mod register;
#[cfg(feature = "client")]
mod register_error;
mod server;

pub use iot_home_mqtt::http::Request;

pub use self::below::Proxied;
pub use self::code::AuthCode;
pub use self::error::NotGiven;
pub use self::https::{Guided, guide};
pub use self::nonce::Nonce;
pub use self::register::Registration;
pub(crate) use self::register::sign;
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use self::register_error::RegisterError;
pub use self::server::Server;
pub use crate::login::Registering;
