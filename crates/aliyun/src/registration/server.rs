//! Where registration and authentication are asked for.

use alloc::format;
use alloc::string::String;

use iot_home_mqtt::http::Origin;

use crate::Region;

/// Where registration and authentication are asked for over HTTPS.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Server {
    /// `iot-auth.<region>.aliyuncs.com`.
    Region(Region),
    /// A compatible platform.
    At(Origin),
}

impl Server {
    pub(super) fn url(&self, path: &str) -> String {
        match self {
            Self::Region(region) => format!("https://iot-auth.{region}.aliyuncs.com{path}"),
            Self::At(origin) => origin.url(path),
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::Region(Region::CN_SHANGHAI)
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
