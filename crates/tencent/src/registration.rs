//! Ways in for a device that has no key of its own yet, and publishing over HTTP. Requests and answers are data: whoever
//! has an HTTP client sends the one and hands the other back.
//!
//! ```
//! use std::time::Duration;
//!
//! use iot_home_tencent::registration::{Registered, Registration};
//!
//! # let secret = "8XzjN8rfgFVGDTNTUGau4snA";
//! let registration = Registration::new("S3EUVBRJLB", "device_1234", secret)?;
//! // The time of the moment, and a number that is another one each time.
//! let request = registration.request(Duration::from_secs(1_600_000_000), 123_456);
//! assert_eq!(request.url, "https://ap-guangzhou.gateway.tencentdevices.com/device/register");
//!
//! let answer = br#"{"Response":{"Len":53,"Payload":"eHGRUBar9LBPI+mcaHnVEZsj05mSdoZLPhd54hDJXv/2va2rXSpfddgRy5XE/FIS835NjUr5Mhw1AJSg4yGC/w==","RequestId":"1"}}"#;
//! let Registered::Key(device) = registration.open(answer)? else { panic!("it is one") };
//! assert_eq!(device.device_name().as_str(), "device_1234");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
#[cfg(feature = "http")]
mod exchange;
mod open;
mod publish;
mod register;
#[cfg(feature = "http")]
mod rsa;
mod secret;
mod server;
mod signed;

pub use iot_home_mqtt::http::Request;

pub use self::error::NotGiven;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use self::exchange::RegisterError;
pub use self::open::Registered;
pub use self::publish::{Publish, published};
pub use self::register::Registration;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use self::rsa::{InvalidKey, RsaKey};
pub use self::secret::ProductSecret;
pub use self::server::Server;
