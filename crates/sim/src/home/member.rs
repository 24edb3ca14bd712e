//! One device of a home.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::home::cut::LanCut;
use crate::{SimBulb, SimDevice, SimGateway, miio, yeelight};

/// A device of a home: its name in the cloud, and what is special about it.
#[derive(Debug)]
pub struct Member {
    pub(crate) name: String,
    pub(crate) character: String,
    pub(crate) did: String,
    pub(crate) device: Device,
}

/// A device, by what it speaks on the LAN.
#[derive(Debug)]
#[non_exhaustive]
pub enum Device {
    /// miIO.
    Miio(SimDevice),
    /// Yeelight's own protocol.
    Yeelight(SimBulb),
    /// The protocol of Lumi gateways.
    Lumi(SimGateway),
}

impl Member {
    /// What its owner calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is special about it, in a few words.
    pub fn character(&self) -> &str {
        &self.character
    }

    /// Its id in the cloud.
    pub fn did(&self) -> &str {
        &self.did
    }

    /// The device itself.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The same, if it is a miIO device.
    pub fn miio(&self) -> Option<&SimDevice> {
        if let Device::Miio(device) = &self.device { Some(device) } else { None }
    }

    /// The same, if it is a bulb.
    pub fn bulb(&self) -> Option<&SimBulb> {
        if let Device::Yeelight(bulb) = &self.device { Some(bulb) } else { None }
    }

    /// The same, if it is a Lumi gateway.
    pub fn gateway(&self) -> Option<&SimGateway> {
        if let Device::Lumi(gateway) = &self.device { Some(gateway) } else { None }
    }

    /// Where it takes commands.
    pub fn addr(&self) -> SocketAddr {
        match &self.device {
            Device::Miio(device) => device.addr(),
            Device::Yeelight(bulb) => bulb.addr(),
            Device::Lumi(gateway) => gateway.addr(),
        }
    }

    /// Where it is searched.
    pub fn search_addr(&self) -> SocketAddr {
        match &self.device {
            Device::Miio(device) => device.addr(),
            Device::Yeelight(bulb) => bulb.search_addr(),
            Device::Lumi(gateway) => gateway.search_addr(),
        }
    }

    /// Cuts the LAN of this device until what is returned is dropped; see [`SimHome::cut_lan`](crate::SimHome::cut_lan).
    #[must_use = "the LAN is cut until this is dropped"]
    pub fn cut_lan(&self) -> LanCut<'_> {
        LanCut::new(vec![self])
    }

    pub(crate) fn set_cut(&self, cut: bool) {
        match &self.device {
            Device::Miio(device) => device.set_silence(match cut {
                true => miio::Silence::Total,
                false => miio::Silence::Never,
            }),
            Device::Yeelight(bulb) => bulb.set_silence(match cut {
                true => yeelight::Silence::Total,
                false => yeelight::Silence::Never,
            }),
            Device::Lumi(gateway) => gateway.set_cut(cut),
        }
    }

    /// What it has carried out that is not the same when it is done twice, and how often, whichever way it came. MIoT
    /// actions are called by their numbers, `2.1`, and methods by their names, `toggle`; methods that read (`get_…`) or set
    /// (`set_…`) are left out. Of a Lumi gateway it is the writes, each below the `lumi.` and sid that it was for.
    pub fn actions(&self) -> BTreeMap<String, u64> {
        let of_methods = |executions: BTreeMap<String, u64>| {
            executions.into_iter().filter(|(method, _)| {
                !NO_ACTIONS.iter().any(|beginning| method.starts_with(beginning))
            })
        };
        match &self.device {
            Device::Miio(device) => {
                let report = device.report();
                let miot = report.actions.iter().map(|(id, times)| (id.to_string(), *times));
                of_methods(report.executions.clone()).chain(miot).collect()
            }
            Device::Yeelight(bulb) => of_methods(bulb.report().executions).collect(),
            Device::Lumi(gateway) => {
                let writes = gateway.report().executions.into_iter();
                writes.map(|(sid, times)| (format!("lumi.{sid}"), times)).collect()
            }
        }
    }

    pub(crate) fn violations(&self) -> u64 {
        match &self.device {
            Device::Miio(device) => device.report().violations.total(),
            Device::Yeelight(bulb) => bulb.report().violations.total(),
            Device::Lumi(gateway) => gateway.report().violations.total(),
        }
    }
}

/// How methods begin that are no actions. `action` is counted by its numbers.
const NO_ACTIONS: [&str; 6] = ["action", "bg_set_", "cron_get", "get_", "miIO.", "set_"];
