//! Which device of which cloud.

use std::fmt;

use iot_home_aliyun as aliyun;
use iot_home_tencent as tencent;

/// A device as the platform knows it, whatever it is proved by.
///
/// ```
/// use iot_home_sim::mqtt::DeviceId;
///
/// # let secret = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
/// let device = iot_home_aliyun::Device::new("a1X2bEnP82z", "lamp-1", secret)?;
/// assert_eq!(DeviceId::from(&device), DeviceId::aliyun("a1X2bEnP82z", "lamp-1"));
/// # Ok::<(), iot_home_aliyun::InvalidField>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DeviceId {
    /// A device of Aliyun IoT.
    #[non_exhaustive]
    Aliyun {
        /// Of which product.
        product_key: String,
        /// Its name.
        device_name: String,
    },
    /// A device of Tencent Cloud IoT.
    #[non_exhaustive]
    Tencent {
        /// Of which product.
        product_id: String,
        /// Its name.
        device_name: String,
    },
    /// A client with a plain account.
    #[non_exhaustive]
    Client {
        /// What it calls itself.
        client_id: String,
    },
}

impl DeviceId {
    /// A device of Aliyun IoT.
    pub fn aliyun(product_key: impl Into<String>, device_name: impl Into<String>) -> Self {
        Self::Aliyun { product_key: product_key.into(), device_name: device_name.into() }
    }

    /// A device of Tencent Cloud IoT.
    pub fn tencent(product_id: impl Into<String>, device_name: impl Into<String>) -> Self {
        Self::Tencent { product_id: product_id.into(), device_name: device_name.into() }
    }

    /// A client with a plain account.
    pub fn client(client_id: impl Into<String>) -> Self {
        Self::Client { client_id: client_id.into() }
    }

    /// The common name of the certificate that the platform issues for this device. Tencent's is the product id
    /// and the device name; what stands in Aliyun's is not known, here it is product key, dot and device name.
    pub fn common_name(&self) -> String {
        match self {
            Self::Aliyun { product_key, device_name } => format!("{product_key}.{device_name}"),
            Self::Tencent { product_id, device_name } => format!("{product_id}{device_name}"),
            Self::Client { client_id } => client_id.clone(),
        }
    }
}

/// `aliyun a1X2bEnP82z/lamp-1`.
impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aliyun { product_key, device_name } => {
                write!(f, "aliyun {product_key}/{device_name}")
            }
            Self::Tencent { product_id, device_name } => {
                write!(f, "tencent {product_id}/{device_name}")
            }
            Self::Client { client_id } => write!(f, "client {client_id}"),
        }
    }
}

impl From<&aliyun::Device> for DeviceId {
    fn from(device: &aliyun::Device) -> Self {
        Self::aliyun(device.product_key().as_str(), device.device_name().as_str())
    }
}

impl From<&tencent::Device> for DeviceId {
    fn from(device: &tencent::Device) -> Self {
        Self::tencent(device.product_id().as_str(), device.device_name().as_str())
    }
}

impl From<&Self> for DeviceId {
    fn from(device: &Self) -> Self {
        device.clone()
    }
}
