//! Whose login is it?

use alloc::string::String;
use alloc::vec::Vec;

use crate::{Connect, MqttLogin, Rules};

/// The three fields of a CONNECT packet that a cloud's login consists of.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials<'a> {
    /// The client id, with all that is in it.
    pub client_id: &'a str,
    /// The user name; empty where there is none.
    pub username: &'a str,
    /// The password; empty where there is none.
    pub password: &'a [u8],
}

impl<'a> Credentials<'a> {
    /// These three.
    pub const fn new(client_id: &'a str, username: &'a str, password: &'a [u8]) -> Self {
        Self { client_id, username, password }
    }
}

impl<'a> From<&'a Connect<'_>> for Credentials<'a> {
    fn from(connect: &'a Connect<'_>) -> Self {
        let username = connect.username.as_deref().unwrap_or_default();
        Self::new(&connect.client_id, username, connect.password.unwrap_or_default())
    }
}

impl<'a> From<&'a MqttLogin> for Credentials<'a> {
    fn from(login: &'a MqttLogin) -> Self {
        let password = login.password.as_ref().map(|password| password.expose().as_bytes());
        let username = login.username.as_deref().unwrap_or_default();
        Self::new(&login.client_id, username, password.unwrap_or_default())
    }
}

impl core::fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Credentials")
            .field("client_id", &self.client_id)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// A cloud that knows its own logins when it sees them.
///
/// The crates of the clouds implement it, and whoever has several of them at hand asks one after the other
/// with [`whose`].
pub trait Platform {
    /// The name it goes by, such as `aliyun`.
    fn name(&self) -> &'static str;

    /// What it takes of MQTT.
    fn rules(&self) -> &'static Rules;

    /// What the login says, and what is wrong with it as far as can be seen without the secret; `None`
    /// where it has not the form of this platform's logins. `way` is how it came, where that is known.
    fn recognize(&self, credentials: &Credentials<'_>, way: Way) -> Option<Recognized>;
}

/// How a login came, as far as is known. The default knows nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Way {
    /// Whether over TLS.
    pub tls: Option<bool>,
    /// To which port.
    pub port: Option<u16>,
}

impl Way {
    /// Over TLS, or over plain TCP.
    pub const fn tls(mut self, tls: bool) -> Self {
        self.tls = Some(tls);
        self
    }

    /// To this port.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Whether it came over TLS, by what was said or by a port that says so: 8883 and 443 are TLS on all of the
    /// clouds, 80 is not. 1883 tells nothing, since some have both there.
    pub const fn is_tls(self) -> Option<bool> {
        match (self.tls, self.port) {
            (Some(tls), _) => Some(tls),
            (None, Some(443 | 8883)) => Some(true),
            (None, Some(80)) => Some(false),
            (None, _) => None,
        }
    }
}

/// A login that a platform took for one of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recognized {
    /// What the login says, by name: which device, which sign method. Nothing that proves anything.
    pub fields: Vec<(&'static str, String)>,
    /// What is wrong with it, in words.
    pub problems: Vec<String>,
}

impl Recognized {
    /// These fields and problems.
    pub const fn new(fields: Vec<(&'static str, String)>, problems: Vec<String>) -> Self {
        Self { fields, problems }
    }
}

/// The first of the platforms that takes the login for one of its own.
pub fn whose<'p>(
    platforms: &[&'p dyn Platform],
    credentials: &Credentials<'_>,
    way: Way,
) -> Option<(&'p dyn Platform, Recognized)> {
    platforms.iter().find_map(|platform| Some((*platform, platform.recognize(credentials, way)?)))
}
