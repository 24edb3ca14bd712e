//! Everything a broker wants to know before it lets a client in.

use alloc::string::String;

use iot_home_core::Secret;

/// Where to connect, and as whom: what goes into the CONNECT packet, and the way to the broker.
///
/// The clouds' signers make it; it can also be put together by hand, and is then a [`Signer`](crate::Signer)
/// that gives the same login each time. Its `Debug` does not show the password.
///
/// ```
/// use iot_home_mqtt::MqttLogin;
///
/// let mut login = MqttLogin::new("broker.lan", 1883, "lamp-1");
/// login.username = Some("lamp".into());
/// login.password = Some(String::from("correct horse").into());
/// assert!(!format!("{login:?}").contains("horse"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MqttLogin {
    /// A host name or an IP address; IPv6 without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// Whether the connection is made over TLS.
    pub tls: bool,
    /// The client id of the packet, with all that a platform puts into it.
    pub client_id: String,
    /// The user name; `None` sends none, which is not the same as an empty one.
    pub username: Option<String>,
    /// The password; `None` sends none.
    pub password: Option<Secret<String>>,
    /// The longest silence between two packets, in seconds; 0 is without bound.
    pub keep_alive: u16,
    /// Whether the broker begins a new session; otherwise it goes on with the one it remembers.
    pub clean_session: bool,
}

impl MqttLogin {
    /// A login without credentials, over plain TCP, with a keep-alive of a minute and a clean session.
    pub fn new(host: impl Into<String>, port: u16, client_id: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port,
            tls: false,
            client_id: client_id.into(),
            username: None,
            password: None,
            keep_alive: 60,
            clean_session: true,
        }
    }
}
