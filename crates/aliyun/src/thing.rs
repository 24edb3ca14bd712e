//! What a device says and hears once it is connected: topics, and the JSON on them.
//!
//! A [`Call`] is made into something to publish by the device's [`Topics`], and [`Down::parse`] reads whatever arrives.
//! Which answer belongs to which call is told by [`AnswerKey`]s, for a table such as
//! [`Pending`].
//!
//! ```
//! use iot_home_aliyun::Device;
//! use iot_home_aliyun::thing::{Call, Code, Down, Ids, What};
//! use serde_json::json;
//!
//! # let secret = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
//! let topics = Device::new("a1X2bEnP82z", "lamp-1", secret)?.topics();
//! let mut ids = Ids::new();
//! let report = Call::report(ids.next(), json!({"PowerSwitch": 1})).to(&topics)?;
//! assert_eq!(report.topic, "/sys/a1X2bEnP82z/lamp-1/thing/event/property/post");
//!
//! let answer = br#"{"id":"1","code":200,"data":{},"message":"success","version":"1.0"}"#;
//! let topic = format!("{}_reply", report.topic);
//! let down = Down::parse(&topic, answer)?;
//! assert_eq!(down.answers(), report.answer);
//! let What::Reply(_, reply) = down.what else { panic!("it is one") };
//! assert_eq!(reply.code, Code::SUCCESS);
//!
//! // The platform sets a property, and is told that it was done.
//! let set = br#"{"method":"thing.service.property.set","id":"7","params":{"PowerSwitch":0},"version":"1.0.0"}"#;
//! let down = Down::parse("/sys/a1X2bEnP82z/lamp-1/thing/service/property/set", set)?;
//! let What::PropertySet(request) = down.what else { panic!("it is one") };
//! let properties = request.params.members()?;
//! assert_eq!(properties.get("PowerSwitch").unwrap().parse::<u8>()?, 0);
//! let done = request.answer(Code::SUCCESS, &json!({}))?;
//! assert_eq!(done.topic, "/sys/a1X2bEnP82z/lamp-1/thing/service/property/set_reply");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
pub mod app;
mod call;
mod code;
pub mod config;
mod down;
pub mod gateway;
mod identity;
mod method;
pub mod ntp;
pub mod ota;
pub mod pack;
mod registered;
mod reply;
mod request;
mod rrpc;
pub mod shadow;
mod topics;

pub use iot_home_mqtt::payload::{Ids, Json, Link, Members, Text, Unreadable, Unwritable};
pub use iot_home_mqtt::{AnswerKey, Pending, Publication};

pub use self::address::Address;
pub use self::call::{Call, Event};
pub use self::code::Code;
pub use self::down::{Down, What};
pub use self::identity::Identity;
pub use self::method::{EventId, Method};
#[cfg(feature = "registration")]
pub(crate) use self::registered::Hidden;
pub use self::registered::Registered;
pub use self::reply::Reply;
pub use self::request::Request;
pub use self::rrpc::Rrpc;
pub use self::topics::Topics;

/// The most bytes of a payload, either way.
pub const MAX_PAYLOAD: usize = crate::RULES.payload;
