//! A file's devices as one home.

use crate::config::{Config, ConfigError, Device};
use crate::home::Builder;
use crate::{SimCloud, SimHome};

impl Config {
    /// One home of all the devices, known by the cloud that stands in the file. A record of that cloud whose did is a
    /// device's is the record of this device: its name, its place. Without such a record it is called by its model.
    ///
    /// # Errors
    /// When there is a second cloud or a second server of specs, or a platform of the kind `mqtt`, which is no part of a home.
    pub fn into_home(self) -> Result<Builder, ConfigError> {
        let mut home = SimHome::builder();
        let (mut cloud, mut specs) = (None, None);
        for (at, device) in self.devices.into_iter().enumerate() {
            let wrong = |problem: &str| ConfigError::new(format!("devices[{at}]"), problem);
            home = match device {
                Device::Miio(device) => {
                    let model = device.model.clone();
                    home.miio(model, FROM_FILE, device)
                }
                Device::Yeelight(bulb) => {
                    let model = format!("yeelink.light.{}", bulb.model);
                    home.bulb(model, FROM_FILE, bulb)
                }
                Device::Lumi { gateway, did } => {
                    home.gateway("lumi.gateway.v3", FROM_FILE, did, gateway)
                }
                Device::Cloud(one) if cloud.is_none() => {
                    cloud = Some(one);
                    home
                }
                Device::Spec(one) if specs.is_none() => {
                    specs = Some(one);
                    home
                }
                Device::Cloud(_) => return Err(wrong("a home has one cloud")),
                Device::Spec(_) => return Err(wrong("a home has one server of specs")),
                #[cfg(feature = "mqtt")]
                Device::Mqtt(_) => {
                    return Err(wrong("a platform of this kind is no part of a home"));
                }
            };
        }
        let home = specs.into_iter().fold(home, Builder::specs);
        Ok(home.cloud(cloud.unwrap_or_else(SimCloud::builder)))
    }
}

/// What is special about its devices.
const FROM_FILE: &str = "as the file says";
