//! A device on a session: it reports, it is asked, it asks.
//!
//! A [`Thing`] makes calls and waits for their answers; its [`Events`] are what the platform says by itself.
//!
//! * Calls wait for the broker as long as the session's options say, and then for the platform's answer:
//!   [`Thing::PATIENCE`]. [`Error::kind`] tells whether anything was sent.
//! * A connection that is lost ends no call. The session makes another and sends what the broker has not acknowledged;
//!   what the broker had is answered later, or not at all, which the deadline tells.
//! * There is no task: whoever waits reads for all. A program that only calls need not take events; beyond 256 they are
//!   lost, and told as [`Event::Missed`].
//! * What cannot be read is an event, and never the end.

mod call;
mod event;
#[cfg(feature = "http")]
mod fetch;
mod gateway;
mod shadow;
mod thing;

pub use iot_home_mqtt::client::CallErrorKind as ErrorKind;

pub use self::call::{Action, Control, Question};
pub use self::event::{Announced, Event, Events, Received};
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use self::fetch::FetchError;
pub use self::gateway::{Gateway, Name};
pub use self::shadow::Shadow;
pub use self::thing::{Status, Thing};

/// Why a call did not work.
pub type Error = iot_home_mqtt::client::CallError<crate::thing::Code>;
