//! A device, and what it proves itself by.

use iot_home_mqtt::InvalidField;

use crate::login::{Certificate, Login, Signed, Token};
use crate::{ClientId, DeviceName, DeviceSecret, ProductKey, SubDevice};

/// A device that has a secret of its own: the usual kind.
///
/// ```
/// use std::time::Duration;
///
/// use iot_home_aliyun::Device;
///
/// # let secret = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
/// let device = Device::new("a1X2bEnP82z", "lamp-1", secret)?;
/// let now = Duration::from_secs(1_764_000_000);
/// let login = device.tls().client_id("gw-7")?.sign(now);
/// assert_eq!(login.host, "a1X2bEnP82z.iot-as-mqtt.cn-shanghai.aliyuncs.com");
/// assert_eq!((login.port, login.tls), (8883, true));
/// assert_eq!(login.client_id, "gw-7|securemode=2,signmethod=hmacsha256|");
/// assert_eq!(login.username.as_deref(), Some("lamp-1&a1X2bEnP82z"));
/// # Ok::<(), iot_home_aliyun::InvalidField>(())
/// ```
#[derive(Clone, Debug)]
pub struct Device {
    product_key: ProductKey,
    device_name: DeviceName,
    secret: DeviceSecret,
}

impl Device {
    /// The device of this name. Texts are checked here; what was checked already may be given as well.
    ///
    /// # Errors
    /// Which field cannot be one, by which rule, and where.
    pub fn new(
        product_key: impl TryInto<ProductKey, Error: Into<InvalidField>>,
        device_name: impl TryInto<DeviceName, Error: Into<InvalidField>>,
        secret: impl TryInto<DeviceSecret, Error: Into<InvalidField>>,
    ) -> Result<Self, InvalidField> {
        Ok(Self {
            product_key: product_key.try_into().map_err(Into::into)?,
            device_name: device_name.try_into().map_err(Into::into)?,
            secret: secret.try_into().map_err(Into::into)?,
        })
    }

    /// Which product it is.
    pub const fn product_key(&self) -> &ProductKey {
        &self.product_key
    }

    /// What it is called.
    pub const fn device_name(&self) -> &DeviceName {
        &self.device_name
    }

    /// What proves it, to be stored where it was registered.
    pub const fn secret(&self) -> &DeviceSecret {
        &self.secret
    }

    /// A login over TLS: secure mode 2, port 8883.
    pub fn tls(&self) -> Login<Signed> {
        Login::signed(self, true)
    }

    /// A login over plain TCP: secure mode 3, port 1883. Whoever listens can use it again for ever, and new
    /// instances of the platform refuse it.
    pub fn tcp(&self) -> Login<Signed> {
        Login::signed(self, false)
    }

    /// What a gateway needs to let this device in below itself.
    pub fn sub_device(&self) -> SubDevice {
        SubDevice::new(self)
    }
}

/// A device with a certificate. The certificate itself is the business of whoever makes the connection.
///
/// ```
/// use iot_home_aliyun::CertificateDevice;
///
/// let login = CertificateDevice::unknown().tls().sign();
/// assert_eq!((login.host.as_str(), login.port), ("x509.itls.cn-shanghai.aliyuncs.com", 1883));
/// assert_eq!(login.client_id, "|securemode=2|");
/// assert_eq!(login.username.as_deref(), Some(""));
/// ```
#[derive(Clone, Debug)]
pub struct CertificateDevice {
    pub(crate) identity: Option<(ProductKey, DeviceName)>,
}

impl CertificateDevice {
    /// A device that does not know its name yet. The platform tells it after the first login, on
    /// `/ext/auth/identity/response` and without a subscription.
    pub const fn unknown() -> Self {
        Self { identity: None }
    }

    /// The device of this name.
    ///
    /// # Errors
    /// Which field cannot be one, by which rule, and where.
    pub fn new(
        product_key: impl TryInto<ProductKey, Error: Into<InvalidField>>,
        device_name: impl TryInto<DeviceName, Error: Into<InvalidField>>,
    ) -> Result<Self, InvalidField> {
        let product_key = product_key.try_into().map_err(Into::into)?;
        let device_name = device_name.try_into().map_err(Into::into)?;
        Ok(Self { identity: Some((product_key, device_name)) })
    }

    /// Which product it is, if it knows.
    pub fn product_key(&self) -> Option<&ProductKey> {
        self.identity.as_ref().map(|(product_key, _)| product_key)
    }

    /// What it is called, if it knows.
    pub fn device_name(&self) -> Option<&DeviceName> {
        self.identity.as_ref().map(|(_, device_name)| device_name)
    }

    /// A login over TLS, the only way there is: secure mode 2.
    pub fn tls(&self) -> Login<Certificate> {
        Login::with_certificate(self)
    }
}

/// A device that registered itself without having been registered before, and was given a token.
///
/// Product key, device name, client id and token are those of the registration's answer.
///
/// ```
/// use iot_home_aliyun::TokenDevice;
///
/// # let token = "Zm9vYmFyYmF6";
/// let device = TokenDevice::new("a1X2bEnP82z", "lamp-1", "id-from-the-answer", token)?;
/// let login = device.tls().sign();
/// assert_eq!(login.client_id, "id-from-the-answer|securemode=-2,authType=connwl|");
/// # Ok::<(), iot_home_aliyun::InvalidField>(())
/// ```
#[derive(Clone, Debug)]
pub struct TokenDevice {
    pub(crate) product_key: ProductKey,
    pub(crate) device_name: DeviceName,
    pub(crate) client_id: ClientId,
    pub(crate) token: crate::DeviceToken,
}

impl TokenDevice {
    /// The device that the registration's answer describes.
    ///
    /// # Errors
    /// Which field cannot be one, by which rule, and where.
    pub fn new(
        product_key: impl TryInto<ProductKey, Error: Into<InvalidField>>,
        device_name: impl TryInto<DeviceName, Error: Into<InvalidField>>,
        client_id: impl TryInto<ClientId, Error: Into<InvalidField>>,
        token: impl TryInto<crate::DeviceToken, Error: Into<InvalidField>>,
    ) -> Result<Self, InvalidField> {
        Ok(Self {
            product_key: product_key.try_into().map_err(Into::into)?,
            device_name: device_name.try_into().map_err(Into::into)?,
            client_id: client_id.try_into().map_err(Into::into)?,
            token: token.try_into().map_err(Into::into)?,
        })
    }

    /// Which product it is.
    pub const fn product_key(&self) -> &ProductKey {
        &self.product_key
    }

    /// What it is called.
    pub const fn device_name(&self) -> &DeviceName {
        &self.device_name
    }

    /// What it calls itself, and what its token is good for.
    pub const fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// What proves it, to be stored where it was registered.
    pub const fn token(&self) -> &crate::DeviceToken {
        &self.token
    }

    /// A login over TLS, the only way there is: secure mode -2.
    pub fn tls(&self) -> Login<Token> {
        Login::with_token(self)
    }
}
