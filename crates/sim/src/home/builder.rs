//! What is in a home, said before it runs.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use serde_json::Value;

use crate::home::house::SimHome;
use crate::home::member::{Device, Member};
use crate::micloud::CloudDevice;
use crate::{SimCloud, SimSpecServer, lumi, micloud, miio, miot, yeelight};

/// What is in a home. [`spawn`](Self::spawn) puts it on its sockets.
///
/// ```
/// use iot_home_sim::micloud::Account;
/// use iot_home_sim::{SimBulb, SimCloud, SimDevice, SimHome};
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let home = SimHome::builder()
///     .cloud(SimCloud::builder().account(Account::new("someone@example.com", "made up")))
///     .miio("Desk lamp", "plain", SimDevice::light())
///     .bulb("Shelf", "plain", SimBulb::tunable())
///     .spawn()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    members: Vec<Described>,
    names: BTreeMap<String, String>,
    ip: IpAddr,
    cloud_port: u16,
    place: Option<(u64, u64)>,
    cloud: micloud::Builder,
    specs: miot::Builder,
}

#[derive(Clone, Debug)]
struct Described {
    name: String,
    character: String,
    device: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Miio(Box<miio::Builder>),
    Yeelight(Box<yeelight::Builder>),
    /// With its number in the cloud.
    Lumi(Box<lumi::Builder>, String),
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            members: Vec::new(),
            names: BTreeMap::new(),
            ip: Ipv4Addr::LOCALHOST.into(),
            cloud_port: 0,
            place: None,
            cloud: SimCloud::builder(),
            specs: SimSpecServer::builder().samples(),
        }
    }

    /// Where everything listens that was not told otherwise, on free ports: 127.0.0.1 by default.
    #[must_use]
    pub fn ip(mut self, ip: impl Into<IpAddr>) -> Self {
        self.ip = ip.into();
        self
    }

    /// The cloud's port, where it was not told another address: a free one by default.
    #[must_use]
    pub fn cloud_port(mut self, port: u16) -> Self {
        self.cloud_port = port;
        self
    }

    /// The cloud, with its accounts, homes, and what else it is to know; it learns the devices of this home when they run.
    /// A record that it has without a device, whose did is that of a device of this home, is the record of that device.
    #[must_use]
    pub fn cloud(mut self, cloud: micloud::Builder) -> Self {
        self.cloud = cloud;
        self
    }

    /// The home and the room of the [`cloud`](Self::cloud) that the devices are in.
    #[must_use]
    pub fn place(mut self, home: u64, room: u64) -> Self {
        self.place = Some((home, room));
        self
    }

    /// The server of specs, in place of one that knows the models of simulated devices.
    #[must_use]
    pub fn specs(mut self, specs: miot::Builder) -> Self {
        self.specs = specs;
        self
    }

    /// One more miIO device, with all its children: its name, and what is special about it in a few words.
    #[must_use]
    pub fn miio(
        self,
        name: impl Into<String>,
        character: impl Into<String>,
        device: miio::Builder,
    ) -> Self {
        self.member(name.into(), character.into(), Kind::Miio(device.into()))
    }

    /// One more bulb, in the same way.
    #[must_use]
    pub fn bulb(
        self,
        name: impl Into<String>,
        character: impl Into<String>,
        bulb: yeelight::Builder,
    ) -> Self {
        self.member(name.into(), character.into(), Kind::Yeelight(bulb.into()))
    }

    /// One more Lumi gateway with its children, in the same way; `did` is its number in the cloud.
    #[must_use]
    pub fn gateway(
        self,
        name: impl Into<String>,
        character: impl Into<String>,
        did: impl Into<String>,
        gateway: lumi::Builder,
    ) -> Self {
        self.member(name.into(), character.into(), Kind::Lumi(gateway.into(), did.into()))
    }

    /// What the owner calls a gateway's child. By default it is called by its model.
    #[must_use]
    pub fn child_name(mut self, did: impl Into<String>, name: impl Into<String>) -> Self {
        self.names.insert(did.into(), name.into());
        self
    }

    fn member(mut self, name: String, character: String, device: Kind) -> Self {
        self.members.push(Described { name, character, device });
        self
    }

    /// Puts the home on its sockets; it runs in tasks of the present tokio runtime.
    ///
    /// # Errors
    /// When what was asked for is no device, no cloud or no spec, or an address cannot be listened on.
    ///
    /// # Cancel safety
    /// When the future is dropped there is no home.
    pub async fn spawn(self) -> Result<SimHome, SpawnError> {
        let Self { members: described, names, ip, cloud_port, place, mut cloud, specs } = self;
        let mut members = Vec::with_capacity(described.len());
        for Described { name, character, device } in described {
            let (device, records) = start(ip, device).await?;
            let did = records.first().and_then(|record| record.did.clone()).unwrap_or_default();
            let mut name = name;
            for (at, mut record) in records.into_iter().enumerate() {
                let of_it = |known: &CloudDevice| known.did == record.did && known.is_bare();
                if let Some(place) = cloud.devices.iter().position(of_it) {
                    record = record.known_as(cloud.devices.remove(place));
                    if let (0, Some(told)) = (at, record.fields.get("name").and_then(Value::as_str))
                    {
                        name = told.to_owned();
                    }
                }
                let called = match at {
                    0 => Some(&name),
                    _ => record.did.as_ref().and_then(|did| names.get(did)),
                };
                let record = called.cloned().into_iter().fold(record, CloudDevice::name);
                let record = match place {
                    Some((home, room)) => record.home(home).room(room),
                    None => record,
                };
                let record = with_mac(record, cloud.devices.len());
                cloud = cloud.device(record);
            }
            members.push(Member { name, character, did, device });
        }
        let cloud = cloud.at(ip).port(cloud_port).spawn().await?;
        let specs = specs.at(ip).spawn().await?;
        Ok(SimHome::new(members, cloud, specs))
    }
}

/// A device that runs, and what the cloud knows of it and of its children, itself first.
async fn start(ip: IpAddr, device: Kind) -> Result<(Device, Vec<CloudDevice>), SpawnError> {
    Ok(match device {
        Kind::Miio(device) => {
            let device = device.at(ip).spawn().await?;
            let own =
                CloudDevice::running(&device).field("localip", device.addr().ip().to_string());
            let children = device.children();
            let children = children.iter().map(|sid| CloudDevice::child(&device, sid));
            let records = std::iter::once(own).chain(children).collect();
            (Device::Miio(device), records)
        }
        Kind::Yeelight(bulb) => {
            let bulb = bulb.at(ip).spawn().await?;
            let record = CloudDevice::bulb(&bulb);
            (Device::Yeelight(bulb), vec![record])
        }
        Kind::Lumi(gateway, did) => {
            let gateway = gateway.at(ip).spawn().await?;
            let own = CloudDevice::gateway(&*did, &gateway);
            let children = gateway.children();
            let children =
                children.iter().map(|sid| CloudDevice::lumi_child(&*did, &gateway, *sid));
            let records = std::iter::once(own).chain(children).collect();
            (Device::Lumi(gateway), records)
        }
    })
}

/// No two devices have one MAC address.
fn with_mac(record: CloudDevice, nth: usize) -> CloudDevice {
    if record.fields.contains_key("mac") {
        return record;
    }
    let [.., high, low] = nth.to_be_bytes();
    record.field("mac", format!("50:EC:50:01:{high:02X}:{low:02X}"))
}

/// Why a home could not be put on the network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// A miIO device.
    #[error(transparent)]
    Miio(#[from] miio::SpawnError),
    /// A bulb.
    #[error(transparent)]
    Yeelight(#[from] yeelight::SpawnError),
    /// A Lumi gateway.
    #[error(transparent)]
    Lumi(#[from] lumi::SpawnError),
    /// The cloud.
    #[error(transparent)]
    Cloud(#[from] micloud::SpawnError),
    /// The server of specs.
    #[error(transparent)]
    Specs(#[from] miot::SpawnError),
}
