//! A home on real sockets.

use std::collections::BTreeMap;
use std::fmt;

use crate::home::builder::Builder;
use crate::home::cut::LanCut;
use crate::home::member::{Device, Member};
use crate::{SimBulb, SimCloud, SimDevice, SimGateway, SimSpecServer};

/// A home on real sockets: its devices, the cloud that knows them, and the server of their specs. Dropping it ends all of
/// them.
///
/// ```
/// use iot_home_sim::SimHome;
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let home = SimHome::furnished().spawn().await?;
/// println!("{} devices, and a cloud at {}", home.members().len(), home.cloud().api_url());
/// // Here the program under test logs in, looks around, and toggles the lamp.
/// let cut = home.cut_lan();
/// // Here it toggles it again, and has to take the other way.
/// drop(cut);
/// assert_eq!(home.actions()["Desk lamp"]["2.1"], 2);
/// # Ok(())
/// # }
/// ```
pub struct SimHome {
    members: Vec<Member>,
    cloud: SimCloud,
    specs: SimSpecServer,
}

impl SimHome {
    /// A home without devices.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(members: Vec<Member>, cloud: SimCloud, specs: SimSpecServer) -> Self {
        Self { members, cloud, specs }
    }

    /// Its devices, without the children of gateways.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The device of this name.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name() == name)
    }

    /// Its miIO devices.
    pub fn devices(&self) -> impl Iterator<Item = &SimDevice> {
        self.members.iter().filter_map(|member| match member.device() {
            Device::Miio(device) => Some(device),
            _ => None,
        })
    }

    /// Its bulbs.
    pub fn bulbs(&self) -> impl Iterator<Item = &SimBulb> {
        self.members.iter().filter_map(|member| match member.device() {
            Device::Yeelight(bulb) => Some(bulb),
            _ => None,
        })
    }

    /// Its Lumi gateways.
    pub fn gateways(&self) -> impl Iterator<Item = &SimGateway> {
        self.members.iter().filter_map(|member| match member.device() {
            Device::Lumi(gateway) => Some(gateway),
            _ => None,
        })
    }

    /// The cloud.
    pub fn cloud(&self) -> &SimCloud {
        &self.cloud
    }

    /// The server of specs.
    pub fn specs(&self) -> &SimSpecServer {
        &self.specs
    }

    /// Cuts the LAN of every device until what is returned is dropped: packets are lost, both ways, and the cloud still
    /// reaches each of them.
    #[must_use = "the LAN is cut until this is dropped"]
    pub fn cut_lan(&self) -> LanCut<'_> {
        LanCut::new(self.members.iter().collect())
    }

    /// What every device has carried out that is not the same when it is done twice, whichever way it came: see
    /// [`Member::actions`].
    pub fn actions(&self) -> BTreeMap<&str, BTreeMap<String, u64>> {
        self.members.iter().map(|member| (member.name(), member.actions())).collect()
    }

    /// What devices and cloud were sent that real ones refuse.
    pub fn violations(&self) -> u64 {
        let devices = self.members.iter().map(Member::violations);
        devices.fold(self.cloud.report().violations.total(), u64::saturating_add)
    }
}

impl fmt::Debug for SimHome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimHome")
            .field("members", &self.members)
            .field("cloud", &self.cloud)
            .field("specs", &self.specs)
            .finish()
    }
}
