//! Where registration and publishing are asked for.

use alloc::format;
use alloc::string::String;

use iot_home_mqtt::http::Origin;

use crate::Region;

/// Where registration and publishing are asked for over HTTPS.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Server {
    /// `<region>.gateway.tencentdevices.com`.
    Region(Region),
    /// A compatible platform.
    At(Origin),
}

impl Server {
    /// What requests name as their `Host`.
    pub(super) fn authority(&self) -> String {
        match self {
            Self::Region(region) => format!("{region}.gateway.tencentdevices.com"),
            Self::At(origin) => origin.authority().into(),
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        match self {
            Self::Region(_) => format!("https://{}{path}", self.authority()),
            Self::At(origin) => origin.url(path),
        }
    }

    /// Of the gateway of before, which has one host for all.
    pub(super) fn old_url(&self, path: &str) -> String {
        match self {
            Self::Region(_) => format!("https://gateway.tencentdevices.com{path}"),
            Self::At(origin) => origin.url(path),
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::Region(Region::default())
    }
}

impl From<Region> for Server {
    fn from(region: Region) -> Self {
        Self::Region(region)
    }
}

impl From<Origin> for Server {
    fn from(origin: Origin) -> Self {
        Self::At(origin)
    }
}
