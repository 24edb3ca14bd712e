//! Logins for the MQTT client `rumqttc`, for programs that have one already.
//!
//! [`options`] makes its options of a login and of a platform's rules, [`renew`] puts a new login into them. rumqttc
//! reads its options again whenever it connects, so that a signer's next login goes in between two polls. It has
//! no pause between its attempts: that is for the program to make.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use iot_home_core::{Clock, SystemClock, SystemRandom};
//! use iot_home_mqtt::Signer;
//! use iot_home_mqtt::rumqttc::{options, renew};
//! use rumqttc::{AsyncClient, Transport};
//!
//! # async fn run(signer: impl Signer, tls: Transport) -> Result<(), Box<dyn std::error::Error>> {
//! let (clock, mut random) = (SystemClock::new(), SystemRandom::new());
//! let login = signer.login(clock.unix_time(), &mut random);
//! // `Transport::Tcp` for a login without TLS; `Tls::client_config` has what `Transport::Tls` needs.
//! let (client, mut eventloop) = AsyncClient::new(options(&login, signer.rules(), tls)?, 10);
//!
//! # let pause = Duration::from_secs(5);
//! loop {
//!     match eventloop.poll().await {
//!         Ok(event) => println!("{event:?}"),
//!         Err(error) => {
//!             eprintln!("{error}");
//!             tokio::time::sleep(pause.max(signer.rules().reconnect)).await;
//!             let login = signer.login(clock.unix_time(), &mut random);
//!             renew(&mut eventloop.mqtt_options, &login)?;
//!         }
//!     }
//! }
//! # }
//! ```
//!
//! What it cannot write: a user name or a password that is there and empty, as the first login of an Aliyun device
//! with a certificate has; it sends none. A TLS connection to an IPv6 address is nothing it can make.

use std::net::Ipv6Addr;
use std::time::Duration;

use rumqttc::{MqttOptions, Transport};

use crate::{MqttLogin, Rules, topic};

/// Why a login cannot be rumqttc's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// The login is for TLS, and would go over plain TCP.
    #[error(
        "the login is for TLS, and the transport is plain TCP; give rumqttc's transport for TLS"
    )]
    NeedsTls,
    /// A session is to be kept for a client without an id.
    #[error("a session without a clean start needs a client id, and the login has none")]
    NoClientId,
    /// There is a password and no user name.
    #[error("the login has a password and no user name, which MQTT does not have")]
    NoUsername,
    /// A text is too long for a packet.
    #[error("the {field} has {length} bytes; it has to have 65535 at most")]
    TooLong {
        /// Which text, in words.
        field: &'static str,
        /// How many bytes it has.
        length: usize,
    },
}

/// Options that connect as this login says, over this transport, with the largest packets that the rules allow.
///
/// # Errors
/// Where rumqttc would panic, send something else than the login says, or send it in the clear.
pub fn options(
    login: &MqttLogin,
    rules: &Rules,
    transport: Transport,
) -> Result<MqttOptions, Unfit> {
    if login.tls && matches!(transport, Transport::Tcp) {
        return Err(Unfit::NeedsTls);
    }
    check(login, login.clean_session)?;
    // It puts a colon and the port behind it.
    let host = match login.host.parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => login.host.clone(),
    };
    let mut options = MqttOptions::new(login.client_id.as_str(), host, login.port);
    let largest = largest_packet(rules);
    options
        .set_transport(transport)
        .set_keep_alive(Duration::from_secs(login.keep_alive.into()))
        .set_clean_session(login.clean_session)
        .set_max_packet_size(largest, largest);
    set_credentials(&mut options, login);
    Ok(options)
}

/// Puts a new login's client id, user name and password into options, for the next connection.
///
/// # Errors
/// As of [`options`]. The options are then as they were.
pub fn renew(options: &mut MqttOptions, login: &MqttLogin) -> Result<(), Unfit> {
    check(login, options.clean_session())?;
    options.set_client_id(login.client_id.clone());
    set_credentials(options, login);
    Ok(())
}

/// Without a platform's rules: over plain TCP, with those of MQTT itself, and packets of 10 KiB at most, which is what
/// rumqttc sets.
impl TryFrom<&MqttLogin> for MqttOptions {
    type Error = Unfit;

    fn try_from(login: &MqttLogin) -> Result<Self, Unfit> {
        let mut options = options(login, &Rules::MQTT, Transport::Tcp)?;
        let own = Self::new("", "", 0).max_packet_size();
        options.set_max_packet_size(own, own);
        Ok(options)
    }
}

fn set_credentials(options: &mut MqttOptions, login: &MqttLogin) {
    let password = login.password.as_ref().map_or("", |password| password.expose());
    // Empty, they are not sent.
    options.set_credentials(login.username.as_deref().unwrap_or_default(), password);
}

fn check(login: &MqttLogin, clean_session: bool) -> Result<(), Unfit> {
    let username = login.username.as_deref().unwrap_or_default();
    let password = login.password.as_ref().map_or("", |password| password.expose());
    let texts =
        [("client id", login.client_id.as_str()), ("user name", username), ("password", password)];
    if let Some((field, text)) = texts.iter().find(|(_, text)| text.len() > usize::from(u16::MAX)) {
        return Err(Unfit::TooLong { field, length: text.len() });
    }
    if login.client_id.is_empty() && !clean_session {
        return Err(Unfit::NoClientId);
    }
    if username.is_empty() && !password.is_empty() {
        return Err(Unfit::NoUsername);
    }
    Ok(())
}

/// The remaining length of a PUBLISH with the largest payload and the longest topic, and the header before it, which
/// rumqttc counts in one direction.
fn largest_packet(rules: &Rules) -> usize {
    const HEADERS: usize = 5 + 2 + topic::MAX_LENGTH + 2;
    const LARGEST: usize = 5 + 268_435_455;
    rules.payload.saturating_add(HEADERS).min(LARGEST)
}
