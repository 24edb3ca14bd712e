//! Whoever makes logins.

use alloc::boxed::Box;
use core::time::Duration;

use iot_home_core::Random;

use crate::{MqttLogin, Rules};

/// Makes a login for each connection.
///
/// Credentials of clouds hold a time: they run out, or are marked as old. So a session keeps no login; it
/// keeps the signer, and asks it anew before each connection, with the time and the randomness of that moment.
/// The same arguments give the same login.
///
/// ```
/// use std::time::Duration;
///
/// use iot_home_core::{Random, SeededRandom};
/// use iot_home_mqtt::{MqttLogin, Signer};
///
/// /// A broker of one's own that takes the hour as the password.
/// struct Hourly;
///
/// impl Signer for Hourly {
///     fn login(&self, now: Duration, _: &mut dyn Random) -> MqttLogin {
///         let mut login = MqttLogin::new("broker.lan", 1883, "lamp-1");
///         login.username = Some("lamp".into());
///         login.password = Some((now.as_secs() / 3600).to_string().into());
///         login
///     }
/// }
///
/// let signer: Box<dyn Signer> = Box::new(Hourly);
/// let mut random = SeededRandom::new(1);
/// let first = signer.login(Duration::from_secs(7_000), &mut random);
/// assert_eq!(first.password.unwrap().expose(), "1");
/// let later = signer.login(Duration::from_secs(7_200), &mut random);
/// assert_eq!(later.password.unwrap().expose(), "2");
/// ```
pub trait Signer {
    /// A login for a connection that is made now. `now` is the time since 1970-01-01 00:00 UTC, as
    /// [`Clock::unix_time`](iot_home_core::Clock::unix_time) tells it.
    fn login(&self, now: Duration, random: &mut dyn Random) -> MqttLogin;

    /// What the broker takes and what it refuses, unless that is MQTT itself.
    fn rules(&self) -> &'static Rules {
        &Rules::MQTT
    }

    /// The CAs that sign the broker's certificate, each as PEM; none, unless the platform has some of its own.
    fn authorities(&self) -> &'static [&'static str] {
        &[]
    }
}

/// The same login each time.
impl Signer for MqttLogin {
    fn login(&self, _: Duration, _: &mut dyn Random) -> MqttLogin {
        self.clone()
    }
}

impl<S: Signer + ?Sized> Signer for &S {
    fn login(&self, now: Duration, random: &mut dyn Random) -> MqttLogin {
        (**self).login(now, random)
    }

    fn rules(&self) -> &'static Rules {
        (**self).rules()
    }

    fn authorities(&self) -> &'static [&'static str] {
        (**self).authorities()
    }
}

impl<S: Signer + ?Sized> Signer for Box<S> {
    fn login(&self, now: Duration, random: &mut dyn Random) -> MqttLogin {
        (**self).login(now, random)
    }

    fn rules(&self) -> &'static Rules {
        (**self).rules()
    }

    fn authorities(&self) -> &'static [&'static str] {
        (**self).authorities()
    }
}
