//! Building logins: where to, how signed, what is said besides.

mod certificate;
#[cfg(feature = "registration")]
mod registering;
mod signed;
mod token;

use alloc::string::String;

use iot_home_mqtt::field::{Fault, Field};
use iot_home_mqtt::{Host, InvalidField, MqttLogin};

pub use self::certificate::Certificate;
#[cfg(feature = "registration")]
#[cfg_attr(docsrs, doc(cfg(feature = "registration")))]
pub use self::registering::Registering;
pub use self::signed::Signed;
pub use self::token::Token;
use crate::platform::RULES;
use crate::{ClientId, DeviceName, Endpoint, InstanceId, Params, ProductKey};

/// A login that is being put together, and then makes an [`MqttLogin`] for each connection.
///
/// It begins at a device ([`Device::tls`](crate::Device::tls), [`Device::tcp`](crate::Device::tcp),
/// [`CertificateDevice::tls`](crate::CertificateDevice::tls), [`TokenDevice::tls`](crate::TokenDevice::tls)),
/// which settles transport and secure mode for good: one cannot be changed without the other. Everything else
/// has a default. The key is prepared once, and what does not change from login to login is hashed once.
///
/// ```
/// use std::time::Duration;
///
/// use iot_home_aliyun::{Device, Params, Region, SignMethod, Timestamp};
///
/// # let secret = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
/// let login = Device::new("a1X2bEnP82z", "lamp-1", secret)?
///     .tls()
///     .region(Region::EU_CENTRAL_1)
///     .client_id("SN-0042")?
///     .sign_method(SignMethod::HmacSha1)
///     .timestamp(Timestamp::Millis)
///     .params(Params::new().auto_subscribe())
///     .keep_alive(120)?;
///
/// let signed = login.sign(Duration::from_millis(1_600_000_000_123));
/// assert_eq!(
///     signed.client_id,
///     "SN-0042|securemode=2,signmethod=hmacsha1,timestamp=1600000000123,_ss=1|"
/// );
/// # Ok::<(), iot_home_aliyun::InvalidField>(())
/// ```
#[derive(Clone, Debug)]
pub struct Login<A = Signed> {
    auth: A,
    /// As it stands in the packet.
    username: String,
    product_key: Option<ProductKey>,
    client_id: ClientId,
    params: Params,
    host: String,
    port: u16,
    tls: bool,
    keep_alive: u16,
    clean_session: bool,
}

const KEEP_ALIVE: Field = Field::new("keep-alive", "30 to 1200 seconds", 0..=0, |_| None);

impl<A> Login<A> {
    fn new(
        auth: A,
        identity: Option<(&ProductKey, &DeviceName)>,
        client_id: ClientId,
        endpoint: &Endpoint,
        tls: bool,
    ) -> Self {
        let username = identity.map(|(product_key, device_name)| {
            [device_name.as_str(), product_key.as_str()].join("&")
        });
        let product_key = identity.map(|(product_key, _)| product_key.clone());
        let mut login = Self {
            auth,
            username: username.unwrap_or_default(),
            product_key,
            client_id,
            params: Params::new(),
            host: String::new(),
            port: 0,
            tls,
            keep_alive: 300,
            clean_session: true,
        };
        // The defaults go with the login's transport.
        let _ = login.set_endpoint(endpoint);
        login
    }

    fn set_endpoint(&mut self, endpoint: &Endpoint) -> Result<(), InvalidField> {
        self.port = endpoint.port(self.tls)?;
        self.host = endpoint.host(self.product_key.as_ref())?;
        Ok(())
    }

    /// Connects there, and to the port that goes with it. Without it, to the public instance in Shanghai.
    ///
    /// # Errors
    /// Where the endpoint takes TLS only and this login is over TCP, and where its name is made of a product
    /// key that this login does not have.
    pub fn endpoint(mut self, endpoint: &Endpoint) -> Result<Self, InvalidField> {
        self.set_endpoint(endpoint)?;
        Ok(self)
    }

    /// Connects to an instance: `iot-…`.
    ///
    /// # Errors
    /// If the text cannot be the id of an instance.
    pub fn instance(
        self,
        instance: impl TryInto<InstanceId, Error: Into<InvalidField>>,
    ) -> Result<Self, InvalidField> {
        self.endpoint(&Endpoint::Instance(instance.try_into().map_err(Into::into)?))
    }

    /// Connects to a compatible platform, or to a broker of one's own.
    ///
    /// # Errors
    /// If the text cannot be the name of a host.
    pub fn host(
        self,
        host: impl TryInto<Host, Error: Into<InvalidField>>,
    ) -> Result<Self, InvalidField> {
        self.endpoint(&Endpoint::Host(host.try_into().map_err(Into::into)?))
    }

    /// Another port than the one that goes with the endpoint: with TLS the platform has 443, 1883 and 8883.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Says these ext params besides those of the login. No signature covers them.
    #[must_use]
    pub fn params(mut self, params: Params) -> Self {
        self.params = params;
        self
    }

    /// The longest silence between two packets: 30 to 1200 seconds, 300 unless it is said. The platform
    /// refuses less, and treats more as 1200.
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

    /// The login, with these ext params in front of the unsigned ones.
    fn assemble(&self, params: &[(&str, &str)], password: String) -> MqttLogin {
        let own = self.params.as_str();
        let parts = params.iter().flat_map(|(name, value)| [*name, *value, "=,"]);
        let length = parts.chain([self.client_id.as_str(), own, "||,"]).map(str::len);
        let mut client_id = String::with_capacity(length.fold(0, usize::saturating_add));
        client_id.push_str(self.client_id.as_str());
        client_id.push('|');
        for (at, (name, value)) in params.iter().enumerate() {
            if at > 0 {
                client_id.push(',');
            }
            client_id.push_str(name);
            client_id.push('=');
            client_id.push_str(value);
        }
        if !own.is_empty() {
            client_id.push(',');
            client_id.push_str(own);
        }
        client_id.push('|');

        let mut login = MqttLogin::new(self.host.as_str(), self.port, client_id);
        login.tls = self.tls;
        login.username = Some(self.username.clone());
        login.password = Some(password.into());
        login.keep_alive = self.keep_alive;
        login.clean_session = self.clean_session;
        login
    }
}
