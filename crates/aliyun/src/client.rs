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

mod announced;
mod call;
mod event;
#[cfg(feature = "http")]
mod fetch;
mod gateway;
mod refused;
mod thing;

pub use iot_home_mqtt::client::CallErrorKind as ErrorKind;

pub use self::announced::{Announced, AnnouncedFile};
pub use self::call::{Call, Question};
pub use self::event::{Event, Events, Received};
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use self::fetch::FetchError;
pub use self::gateway::Gateway;
#[cfg(feature = "registration")]
#[cfg_attr(docsrs, doc(cfg(feature = "registration")))]
pub use self::gateway::RegisteredBelow;
pub use self::refused::Refused;
pub use self::thing::{Desired, Shadow, Thing};

/// Why a call did not work.
pub type Error = iot_home_mqtt::client::CallError<Refused>;
