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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use iot_home_core::Instant;
    use iot_home_miio::packet::{HelloField, HelloReply};

    use super::*;

    const NOW: Instant = Instant::ORIGIN;
    const WAIT: Duration = Duration::from_secs(1);

    fn here() -> SocketAddr {
        ([192, 0, 2, 7], 4000).into()
    }

    fn greeted(did: u64, token: HelloField) -> Facts {
        use iot_home_miio::discovery::{Search, Target};
        let mut search = Search::new(NOW, [Target { link: 0, addr: here() }], &[], WAIT);
        search.poll_transmit(NOW);
        let answer = HelloReply::new(did, 1, token).encode();
        (&search.handle_datagram(NOW, 0, here(), &answer).unwrap()).into()
    }

    fn bulb(headers: &str) -> Facts {
        use iot_home_yeelight::search::{Search, Target};
        let mut search = Search::new(NOW, [Target { link: 0, addr: here() }], &[], WAIT);
        search.poll_transmit();
        let answer = format!("HTTP/1.1 200 OK\r\nid: 0x7\r\n{headers}\r\n");
        (&search.handle_datagram(NOW, 0, here(), answer.as_bytes()).unwrap()).into()
    }

    fn gateway(model: &str) -> Facts {
        use iot_home_lumi::search::{Search, Target};
        let mut search = Search::new(NOW, [Target { link: 0, addr: here() }], &[], WAIT);
        search.poll_transmit();
        let answer = format!(r#"{{"cmd":"iam","sid":"f0b429aabbcc","model":"{model}"}}"#);
        (&search.handle_datagram(NOW, here(), answer.as_bytes()).unwrap()).into()
    }

    #[test]
    fn a_hello_tells_a_did_and_whether_the_token_shows() {
        let hidden = greeted(7, HelloField::HiddenFf);
        assert_eq!((hidden.did, hidden.miio), (Some(7.into()), Some(here())));
        assert_eq!((hidden.token, hidden.token_visible), (None, Some(false)));
        let token = Token::new([7; 16]);
        let shown = greeted(7, HelloField::Token(token.clone()));
        assert_eq!((shown.token, shown.token_visible), (Some(token), Some(true)));
        for nobody in [0, 0xffff_ffff, u64::MAX] {
            assert_eq!(greeted(nobody, HelloField::HiddenFf).did, None, "{nobody:x}");
        }
    }

    #[test]
    fn a_bulb_tells_the_short_form_of_its_model_and_perhaps_a_name() {
        let told = bulb("model: color\r\nname: aGFsbA==\r\n");
        assert_eq!(told.bulb, Some(BulbId::new(7)));
        assert_eq!(told.model.as_deref(), Some("yeelink.light.color"));
        assert!(told.name.is_some() && told.yeelight.is_some());
        assert_eq!(bulb("name: \r\n").name, None);
    }

    #[test]
    fn the_sid_of_a_gateway_is_its_mac() {
        let told = gateway("gateway");
        assert_eq!(
            (told.sid, told.mac),
            ("f0b429aabbcc".parse().ok(), "f0b429aabbcc".parse().ok())
        );
        assert_eq!(told.model.as_deref(), Some("gateway"));
        assert_eq!(gateway("").model, None);
    }

    #[test]
    fn only_who_answers_is_heard_at_an_address() {
        for source in [Source::Yeelight, Source::Lumi, Source::Miio, Source::Device] {
            assert!(source.hears(), "{source:?}");
        }
        for source in [Source::Mdns, Source::Inventory, Source::Cloud] {
            assert!(!source.hears(), "{source:?}");
        }
    }
}
