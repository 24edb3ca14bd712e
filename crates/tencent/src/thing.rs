//! What a device says and hears once it is connected: topics, and the JSON on them. Of the IoT Explorer (`$thing/…`), of
//! the IoT Hub (`$shadow/…`), and of both.
//!
//! What is to be said is made into something to publish by the device's [`Topics`], and [`Down::parse`] reads whatever
//! arrives. Which answer belongs to what is told by [`AnswerKey`]s, for a table such as
//! [`Pending`].
//!
//! ```
//! use iot_home_tencent::Device;
//! use iot_home_tencent::thing::{Code, Down, Ids, What, property};
//! use serde_json::json;
//!
//! # let psk = "7WmFA/MEs+Fy+32QwJWtYw==";
//! let topics = Device::new("YOURPROD01", "lamp1", psk)?.topics();
//! let mut tokens = Ids::new();
//! let report = property::report(&topics, &tokens.next(), None, &json!({"power_switch": 1}))?;
//! assert_eq!(report.topic, "$thing/up/property/YOURPROD01/lamp1");
//!
//! let topic = "$thing/down/property/YOURPROD01/lamp1";
//! let answer = br#"{"method":"report_reply","clientToken":"1","code":0,"status":"success"}"#;
//! let down = Down::parse(topic, answer)?;
//! assert_eq!(down.answers(), report.answer);
//! let What::Reply(_, reply) = down.what else { panic!("it is one") };
//! assert_eq!(reply.code, Code::SUCCESS);
//!
//! // The platform sets a property, and is told that it was done.
//! let control = br#"{"method":"control","clientToken":"7","params":{"power_switch":0}}"#;
//! let down = Down::parse(topic, control)?;
//! let What::Control(control) = down.what else { panic!("it is one") };
//! assert_eq!(control.params.members()?.get("power_switch").unwrap().parse::<u8>()?, 0);
//! let done = control.answer(&topics, Code::SUCCESS, "")?;
//! assert_eq!(done.topic, "$thing/up/property/YOURPROD01/lamp1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod code;
pub mod config;
mod down;
pub mod event;
pub mod gateway;
pub mod log;
pub mod ota;
pub mod property;
mod reply;
mod request;
mod rrpc;
pub mod shadow;
pub mod template;
pub mod time;
mod topics;

pub use iot_home_mqtt::payload::{Ids, Json, Link, Members, Text, Unreadable, Unwritable};
pub use iot_home_mqtt::{AnswerKey, Pending, Publication};

pub use self::address::Address;
pub use self::code::Code;
pub use self::down::{Down, What};
pub use self::reply::{Asked, Reply, Status};
pub use self::request::{Action, Control};
pub use self::rrpc::Rrpc;
pub use self::topics::Topics;

/// The most bytes of a payload, either way.
pub const MAX_PAYLOAD: usize = crate::RULES.payload;
