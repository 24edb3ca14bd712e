//! Where registration and authentication are asked for.

use alloc::format;
use alloc::string::String;

use iot_home_mqtt::Host;

use crate::Region;

/// Where registration and authentication are asked for over HTTPS.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Server {
    /// `iot-auth.<region>.aliyuncs.com`.
    Region(Region),
    /// A compatible platform.
    Host(Host),
}

impl Server {
    pub(super) fn url(&self, path: &str) -> String {
        match self {
            Self::Region(region) => format!("https://iot-auth.{region}.aliyuncs.com{path}"),
            Self::Host(host) => format!("https://{}{path}", host.as_str()),
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

impl From<Host> for Server {
    fn from(host: Host) -> Self {
        Self::Host(host)
    }
}
