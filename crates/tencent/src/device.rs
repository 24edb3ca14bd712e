//! A device, and what it proves itself by.

use iot_home_mqtt::InvalidField;

use crate::login::{Certificate, Keyed, Login};
use crate::{DeviceName, ProductId, Psk};

/// A device that has a key: the usual kind. Hub and Explorer let it in alike.
///
/// ```
/// use std::time::Duration;
///
/// use iot_home_core::SeededRandom;
/// use iot_home_tencent::{Device, Expiry};
///
/// # let psk = "7WmFA/MEs+Fy+32QwJWtYw==";
/// let device = Device::new("YOURPROD01", "lamp1", psk)?;
/// let login = device.tls().expiry(Expiry::After(Duration::from_secs(600)));
///
/// // The time and the randomness of the moment; a program takes them from `SystemClock` and `SystemRandom`.
/// let now = Duration::from_secs(1_600_000_000);
/// let signed = login.sign(now, &mut SeededRandom::new(7));
/// assert_eq!(signed.host, "YOURPROD01.iotcloud.tencentdevices.com");
/// assert_eq!((signed.port, signed.tls), (8883, true));
/// assert_eq!(signed.client_id, "YOURPROD01lamp1");
/// assert!(signed.username.unwrap().ends_with(";1600000600"));
/// # Ok::<(), iot_home_tencent::InvalidField>(())
/// ```
#[derive(Clone, Debug)]
pub struct Device {
    product_id: ProductId,
    device_name: DeviceName,
    psk: Psk,
}

impl Device {
    /// The device of this name. Texts are checked here; what was checked already may be given as well.
    ///
    /// # Errors
    /// Which field cannot be one, by which rule, and where.
    pub fn new(
        product_id: impl TryInto<ProductId, Error: Into<InvalidField>>,
        device_name: impl TryInto<DeviceName, Error: Into<InvalidField>>,
        psk: impl TryInto<Psk, Error: Into<InvalidField>>,
    ) -> Result<Self, InvalidField> {
        Ok(Self {
            product_id: product_id.try_into().map_err(Into::into)?,
            device_name: device_name.try_into().map_err(Into::into)?,
            psk: psk.try_into().map_err(Into::into)?,
        })
    }

    /// Which product it is.
    pub const fn product_id(&self) -> &ProductId {
        &self.product_id
    }

    /// What it is called.
    pub const fn device_name(&self) -> &DeviceName {
        &self.device_name
    }

    /// What proves it, to be stored where it was registered.
    pub const fn psk(&self) -> &Psk {
        &self.psk
    }

    /// A login over plain TCP, port 1883. Whoever listens can use it again until it expires.
    pub fn tcp(&self) -> Login<Keyed> {
        Login::keyed(self, false)
    }

    /// A login over TLS, port 8883.
    pub fn tls(&self) -> Login<Keyed> {
        Login::keyed(self, true)
    }
}

/// A device with a certificate. The certificate itself is the business of whoever makes the connection; those that the
/// platform makes have product id and device name as their common name.
#[derive(Clone, Debug)]
pub struct CertificateDevice {
    pub(crate) product_id: ProductId,
    pub(crate) device_name: DeviceName,
}

impl CertificateDevice {
    /// The device of this name.
    ///
    /// # Errors
    /// Which field cannot be one, by which rule, and where.
    pub fn new(
        product_id: impl TryInto<ProductId, Error: Into<InvalidField>>,
        device_name: impl TryInto<DeviceName, Error: Into<InvalidField>>,
    ) -> Result<Self, InvalidField> {
        Ok(Self {
            product_id: product_id.try_into().map_err(Into::into)?,
            device_name: device_name.try_into().map_err(Into::into)?,
        })
    }

    /// Which product it is.
    pub const fn product_id(&self) -> &ProductId {
        &self.product_id
    }

    /// What it is called.
    pub const fn device_name(&self) -> &DeviceName {
        &self.device_name
    }

    /// A login over TLS, the only way there is, port 8883.
    pub fn tls(&self) -> Login<Certificate> {
        Login::with_certificate(self)
    }
}
