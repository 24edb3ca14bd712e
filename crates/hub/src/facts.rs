//! What is told of a device, whoever tells it.

use std::net::{IpAddr, SocketAddr};

use iot_home_core::{Did, Mac};
use iot_home_lumi::{Child, Sid};
use iot_home_miio::Token;
use iot_home_yeelight::BulbId;

/// What one source tells of one device, or all that is known of it. Everything is optional, and all of it is a claim of
/// whoever told it.
///
/// ```
/// use iot_home_hub::Facts;
///
/// let mut facts = Facts::default();
/// facts.did = Some("51880628".parse()?);
/// facts.name = Some("Desk lamp".into());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// The device's id in miIO and in the cloud.
    pub did: Option<Did>,
    /// Its id in the Yeelight protocol.
    pub bulb: Option<BulbId>,
    /// Its id in the protocol of the Lumi gateways.
    pub sid: Option<Sid>,
    /// Its MAC address.
    pub mac: Option<Mac>,
    /// Its model, such as `yeelink.light.color1`.
    pub model: Option<Box<str>>,
    /// What its owner calls it.
    pub name: Option<Box<str>>,
    /// The key to it in miIO.
    pub token: Option<Token>,
    /// Whether it shows its token to whoever says hello, as devices do that are not provisioned.
    pub token_visible: Option<bool>,
    /// Where it speaks miIO.
    pub miio: Option<SocketAddr>,
    /// Where a bulb is controlled by the Yeelight protocol.
    pub yeelight: Option<SocketAddr>,
    /// Where a gateway takes commands of the Lumi protocol.
    pub lumi: Option<SocketAddr>,
    /// Its address, where no protocol was seen to be spoken there.
    pub host: Option<IpAddr>,
    /// The device that it hangs below.
    pub parent: Option<Parent>,
    /// What the cloud told.
    pub cloud: Option<CloudFacts>,
}

impl Facts {
    /// Whether nothing is told.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Of a gateway's child.
    pub fn of_child(gateway: Sid, child: &Child) -> Self {
        Self {
            sid: Some(child.sid),
            model: child.model.clone(),
            parent: Some(Parent::Sid(gateway)),
            ..Self::default()
        }
    }
}

/// Of a device that answered a hello.
impl From<&iot_home_miio::discovery::Found> for Facts {
    fn from(found: &iot_home_miio::discovery::Found) -> Self {
        // Some answer without telling who they are.
        let is_told = |did: &Did| did.as_u64().is_none_or(|did| !NO_DID.contains(&did));
        Self {
            did: Some(found.did.clone()).filter(is_told),
            token: found.token.clone(),
            token_visible: Some(found.token.is_some()),
            miio: Some(found.addr),
            ..Self::default()
        }
    }
}

/// Of a bulb that answered a search or advertised itself.
impl From<&iot_home_yeelight::Sighting> for Facts {
    fn from(found: &iot_home_yeelight::Sighting) -> Self {
        Self {
            bulb: Some(found.id()),
            model: found.model().map(|model| format!("yeelink.light.{model}").into()),
            name: found.name().filter(|name| !name.is_empty()).map(Into::into),
            yeelight: Some(found.addr()),
            ..Self::default()
        }
    }
}

/// Of a Lumi gateway that answered a search. Its sid is its MAC address.
impl From<&iot_home_lumi::search::Found> for Facts {
    fn from(found: &iot_home_lumi::search::Found) -> Self {
        Self {
            sid: Some(found.sid),
            mac: found.sid.to_string().parse().ok(),
            model: Some(found.model.clone()).filter(|model| !model.is_empty()),
            lumi: Some(found.addr),
            ..Self::default()
        }
    }
}

/// Who tells something. Of two that tell different models, names, tokens or MAC addresses, the one is believed that
/// stands further down, and of one the last word. Addresses are another matter: where a device answered comes before
/// what it announces by mDNS, where anybody may name any address, and that before what the inventory and the cloud
/// remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Source {
    /// A bulb's search answer or advertisement. Its model is a short form.
    Yeelight,
    /// A Lumi gateway, of itself or of its children.
    Lumi,
    /// An announcement by mDNS.
    Mdns,
    /// The answer to a hello.
    Miio,
    /// What was known when the program ran before.
    Inventory,
    /// The device's own answer to a request that only the token opens.
    Device,
    /// The cloud.
    Cloud,
}

impl Source {
    /// Whether an address that it tells is where a datagram came from.
    pub(crate) fn hears(self) -> bool {
        !matches!(self, Self::Mdns | Self::Inventory | Self::Cloud)
    }
}

/// The device that another one hangs below.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parent {
    /// As the cloud tells.
    Did(Did),
    /// As a gateway tells.
    Sid(Sid),
}

/// What only the cloud knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloudFacts {
    /// The region whose servers know the device, such as `cn`.
    pub region: Box<str>,
    /// Whether the cloud reaches it.
    pub is_online: Option<bool>,
    /// The name of the home it is in.
    pub home: Option<Box<str>>,
    /// The name of its room.
    pub room: Option<Box<str>>,
    /// The instance of MIoT-Spec that its firmware has, such as `urn:miot-spec-v2:device:light:…`.
    pub spec: Option<Box<str>>,
}

/// What stands in the place of a did in the answers of devices that do not tell it.
const NO_DID: [u64; 3] = [0, 0xffff_ffff, u64::MAX];
