//! Building logins: where to, how signed, until when.

mod certificate;
mod keyed;

use alloc::format;
use alloc::string::String;
use core::time::Duration;

use iot_home_core::Random;
use iot_home_mqtt::field::{Fault, Field};
use iot_home_mqtt::{Host, InvalidField, MqttLogin};

pub use self::certificate::Certificate;
pub use self::keyed::Keyed;
use crate::name::client_id;
use crate::platform::RULES;
use crate::{ConnId, DeviceName, Expiry, ProductId, Region, SdkAppId};

/// A login that is being put together, and then makes an [`MqttLogin`] for each connection.
///
/// It begins at a device ([`Device::tcp`](crate::Device::tcp), [`Device::tls`](crate::Device::tls),
/// [`CertificateDevice::tls`](crate::CertificateDevice::tls)). Everything else has a default. The key is decoded and
/// prepared once.
///
/// ```
/// use std::time::Duration;
///
/// use iot_home_core::SeededRandom;
/// use iot_home_tencent::{Device, Expiry, Region, SdkAppId, SignMethod};
///
/// # let psk = "7WmFA/MEs+Fy+32QwJWtYw==";
/// let login = Device::new("YOURPROD01", "lamp1", psk)?
///     .tcp()
///     .region(Region::UsEast)
///     .sign_method(SignMethod::HmacSha1)
///     .sdk_app_id(SdkAppId::C)
///     .conn_id("Ab1Cd")?
///     .expiry(Expiry::At(1_600_003_600));
///
/// let signed = login.sign(Duration::ZERO, &mut SeededRandom::new(1));
/// assert_eq!(signed.username.unwrap(), "YOURPROD01lamp1;21010406;Ab1Cd;1600003600");
/// assert!(signed.password.unwrap().expose().ends_with(";hmacsha1"));
/// # Ok::<(), iot_home_tencent::InvalidField>(())
/// ```
#[derive(Clone, Debug)]
pub struct Login<A = Keyed> {
    auth: A,
    product_id: ProductId,
    /// Product id and device name.
    client_id: String,
    /// The parts of the user name that do not change: client id and SDK app id, each with its semicolon.
    head: String,
    conn_id: Option<ConnId>,
    expiry: Expiry,
    host: String,
    port: u16,
    tls: bool,
    keep_alive: u16,
    clean_session: bool,
}

const KEEP_ALIVE: Field = Field::new("keep-alive", "0 to 900 seconds", 0..=0, |_| None);

impl<A> Login<A> {
    fn new(auth: A, product_id: &ProductId, device_name: &DeviceName, tls: bool) -> Self {
        let client_id = client_id(product_id, device_name);
        Self {
            auth,
            product_id: product_id.clone(),
            head: format!("{client_id};{};", SdkAppId::default()),
            client_id,
            conn_id: None,
            expiry: Expiry::default(),
            host: Region::default().host(product_id),
            port: if tls { 8883 } else { 1883 },
            tls,
            keep_alive: 300,
            clean_session: true,
        }
    }

    /// Connects to this region; without it, to Guangzhou.
    #[must_use]
    pub fn region(mut self, region: Region) -> Self {
        self.host = region.host(&self.product_id);
        self
    }

    /// Connects to another host: a region that is not known here, or a broker of one's own.
    ///
    /// # Errors
    /// If the text cannot be the name of a host.
    pub fn host(
        mut self,
        host: impl TryInto<Host, Error: Into<InvalidField>>,
    ) -> Result<Self, InvalidField> {
        self.host = host.try_into().map_err(Into::into)?.as_str().into();
        Ok(self)
    }

    /// Another port than the one that goes with the transport.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Says this number; without it, that of the documents.
    #[must_use]
    pub fn sdk_app_id(mut self, sdk_app_id: SdkAppId) -> Self {
        self.head = format!("{};{sdk_app_id};", self.client_id);
        self
    }

    /// Always names the connection like this. Without it every connection has five new letters and digits.
    ///
    /// # Errors
    /// If the text cannot be one.
    pub fn conn_id(
        mut self,
        conn_id: impl TryInto<ConnId, Error: Into<InvalidField>>,
    ) -> Result<Self, InvalidField> {
        self.conn_id = Some(conn_id.try_into().map_err(Into::into)?);
        Ok(self)
    }

    /// Until when a login is good; an hour, unless this says otherwise.
    #[must_use]
    pub fn expiry(mut self, expiry: Expiry) -> Self {
        self.expiry = expiry;
        self
    }

    /// The longest silence between two packets: 0 to 900 seconds, 300 unless it is said. One of the platform's pages
    /// says 60 to 850.
    ///
    /// # Errors
    /// Outside of that range.
    pub fn keep_alive(mut self, seconds: u16) -> Result<Self, InvalidField> {
        if !RULES.keep_alive.contains(&seconds) {
            return Err(KEEP_ALIVE.error(Fault::Value { value: seconds.into() }));
        }
        self.keep_alive = seconds;
        Ok(self)
    }

    /// Whether the platform is to forget what it kept for the device; it is, unless this says otherwise.
    #[must_use]
    pub fn clean_session(mut self, clean: bool) -> Self {
        self.clean_session = clean;
        self
    }

    /// The user name at this time.
    fn username(&self, now: Duration, random: &mut dyn Random) -> String {
        let mut expiry = itoa::Buffer::new();
        let expiry = expiry.format(self.expiry.at(now));
        let conn_id = self.conn_id.as_ref().map_or("", |conn_id| conn_id.as_str());
        let lengths = [self.head.len(), conn_id.len().max(ConnId::RANDOM_LEN), 1, expiry.len()];
        let mut username =
            String::with_capacity(lengths.into_iter().fold(0, usize::saturating_add));
        username.push_str(&self.head);
        match conn_id {
            "" => {
                let letters = ConnId::random_letters(random);
                username.push_str(core::str::from_utf8(&letters).unwrap_or_default());
            }
            conn_id => username.push_str(conn_id),
        }
        username.push(';');
        username.push_str(expiry);
        username
    }

    fn assemble(&self, username: String) -> MqttLogin {
        let mut login = MqttLogin::new(self.host.as_str(), self.port, self.client_id.as_str());
        login.tls = self.tls;
        login.username = Some(username);
        login.keep_alive = self.keep_alive;
        login.clean_session = self.clean_session;
        login
    }
}
