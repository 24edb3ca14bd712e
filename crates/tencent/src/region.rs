//! Where the platform listens.

use core::fmt;
use core::str::FromStr;

use alloc::format;
use alloc::string::String;

use iot_home_mqtt::InvalidField;
use iot_home_mqtt::field::{Fault, Field};

use crate::ProductId;

/// A region of the platform. Each has a domain of its own below which every product has a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Region {
    /// China, Guangzhou.
    #[default]
    Guangzhou,
    /// USA, Virginia.
    UsEast,
    /// Germany, Frankfurt.
    Europe,
    /// Thailand, Bangkok.
    Bangkok,
}

impl Region {
    /// Those that are known.
    pub const KNOWN: [Self; 4] = [Self::Guangzhou, Self::UsEast, Self::Europe, Self::Bangkok];

    /// The name, such as `ap-guangzhou`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guangzhou => "ap-guangzhou",
            Self::UsEast => "us-east",
            Self::Europe => "europe",
            Self::Bangkok => "ap-bangkok",
        }
    }

    pub(crate) fn host(self, product_id: &ProductId) -> String {
        let domain = match self {
            Self::Guangzhou => "iotcloud",
            Self::UsEast => "us-east.iotcloud",
            Self::Europe => "europe.iothub",
            Self::Bangkok => "ap-bangkok.iothub",
        };
        format!("{product_id}.{domain}.tencentdevices.com")
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Region {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        const FIELD: Field =
            Field::new("region", "ap-guangzhou, us-east, europe or ap-bangkok", 1..=32, |_| None);
        let known = Self::KNOWN.into_iter().find(|region| region.as_str() == text);
        known.ok_or(FIELD.error(Fault::Unknown))
    }
}
