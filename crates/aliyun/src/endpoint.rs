//! Where the platform listens.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use iot_home_mqtt::field::{Fault, Field};
use iot_home_mqtt::{Host, InvalidField};

use crate::{InstanceId, ProductKey};

/// A region of the platform. Those that are known are constants; any other is read from text.
///
/// ```
/// use iot_home_aliyun::Region;
///
/// assert_eq!("us-west-1".parse::<Region>()?, Region::US_WEST_1);
/// assert!("cn-shanghai.evil.example/".parse::<Region>().is_err());
/// # Ok::<(), iot_home_aliyun::InvalidField>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(Cow<'static, str>);

impl Region {
    /// China, Shanghai: where most devices are.
    pub const CN_SHANGHAI: Self = Self(Cow::Borrowed("cn-shanghai"));
    /// China, Beijing; enterprise instances only.
    pub const CN_BEIJING: Self = Self(Cow::Borrowed("cn-beijing"));
    /// China, Shenzhen; enterprise instances only.
    pub const CN_SHENZHEN: Self = Self(Cow::Borrowed("cn-shenzhen"));
    /// Singapore.
    pub const AP_SOUTHEAST_1: Self = Self(Cow::Borrowed("ap-southeast-1"));
    /// Japan.
    pub const AP_NORTHEAST_1: Self = Self(Cow::Borrowed("ap-northeast-1"));
    /// USA, Silicon Valley.
    pub const US_WEST_1: Self = Self(Cow::Borrowed("us-west-1"));
    /// USA, Virginia.
    pub const US_EAST_1: Self = Self(Cow::Borrowed("us-east-1"));
    /// Germany, Frankfurt.
    pub const EU_CENTRAL_1: Self = Self(Cow::Borrowed("eu-central-1"));

    /// Those that are known.
    pub const KNOWN: [Self; 8] = [
        Self::CN_SHANGHAI,
        Self::CN_BEIJING,
        Self::CN_SHENZHEN,
        Self::AP_SOUTHEAST_1,
        Self::AP_NORTHEAST_1,
        Self::US_WEST_1,
        Self::US_EAST_1,
        Self::EU_CENTRAL_1,
    ];

    /// The name, such as `cn-shanghai`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        const FIELD: Field = Field::new(
            "region",
            "two letters, -, letters, and perhaps - and a digit",
            4..=32,
            fault,
        );
        FIELD.check(text)?;
        let known = Self::KNOWN.into_iter().find(|region| region.0 == text);
        Ok(known.unwrap_or_else(|| Self(Cow::Owned(text.into()))))
    }
}

impl TryFrom<&str> for Region {
    type Error = InvalidField;

    fn try_from(text: &str) -> Result<Self, InvalidField> {
        text.parse()
    }
}

/// `[a-z]{2}-[a-z]+(-[0-9])?`
fn fault(text: &str) -> Option<usize> {
    let mut chars = text.chars().enumerate();
    let mut letters = 0_usize;
    let mut dashes = 0_usize;
    let fault = chars.find_map(|(at, c)| {
        let fits = match (dashes, letters) {
            (0, 2) => c == '-',
            (0, _) => c.is_ascii_lowercase(),
            (1, 0) => c.is_ascii_lowercase(),
            (1, _) => c.is_ascii_lowercase() || c == '-',
            (_, 0) => c.is_ascii_digit(),
            _ => false,
        };
        if c == '-' {
            (dashes, letters) = (dashes.saturating_add(1), 0);
        } else {
            letters = letters.saturating_add(1);
        }
        (!fits).then_some(at)
    });
    // What has to follow is missing.
    fault.or_else(|| (dashes == 0 || letters == 0).then_some(text.len()))
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({})", self.0)
    }
}

/// Where to connect to. The credentials are the same everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// The old public instance: `<product key>.iot-as-mqtt.<region>.aliyuncs.com`.
    Public(Region),
    /// A new public or an enterprise instance: `<instance id>.mqtt.iothub.aliyuncs.com`.
    Instance(InstanceId),
    /// The name that all products of a region share, `public.itls.<region>.aliyuncs.com`; TLS only.
    Shared(Region),
    /// For devices with certificates, in Shanghai only: `x509.itls.cn-shanghai.aliyuncs.com`; TLS only.
    X509,
    /// Over IPv6, in Shanghai only: `ipv6.itls.cn-shanghai.aliyuncs.com`.
    Ipv6,
    /// A compatible platform, or a broker of one's own.
    Host(Host),
}

impl Endpoint {
    /// The name of the host for this product. It is needed for [`Endpoint::Public`] only.
    pub(crate) fn host(&self, product_key: Option<&ProductKey>) -> Result<String, InvalidField> {
        Ok(match self {
            Self::Public(region) => {
                // A certificate may not tell which product it is of.
                let Some(product_key) = product_key else {
                    return Err(ENDPOINT.error(Fault::Unknown));
                };
                format!("{product_key}.iot-as-mqtt.{region}.aliyuncs.com")
            }
            Self::Instance(instance) => format!("{instance}.mqtt.iothub.aliyuncs.com"),
            Self::Shared(region) => format!("public.itls.{region}.aliyuncs.com"),
            Self::X509 => "x509.itls.cn-shanghai.aliyuncs.com".into(),
            Self::Ipv6 => "ipv6.itls.cn-shanghai.aliyuncs.com".into(),
            Self::Host(host) => host.as_str().into(),
        })
    }

    /// The port that goes with it.
    pub(crate) fn port(&self, tls: bool) -> Result<u16, InvalidField> {
        match (self, tls) {
            (Self::Shared(_) | Self::X509, false) => Err(ENDPOINT.error(Fault::Transport)),
            (Self::Shared(_) | Self::X509 | Self::Ipv6, _) | (_, false) => Ok(1883),
            (_, true) => Ok(8883),
        }
    }
}

const ENDPOINT: Field = Field::new(
    "endpoint",
    "one that is reached over the login's transport, with a product key where its name has one",
    0..=0,
    |_| None,
);

impl From<Region> for Endpoint {
    fn from(region: Region) -> Self {
        Self::Public(region)
    }
}

impl From<InstanceId> for Endpoint {
    fn from(instance: InstanceId) -> Self {
        Self::Instance(instance)
    }
}

impl From<Host> for Endpoint {
    fn from(host: Host) -> Self {
        Self::Host(host)
    }
}
