//! The services whose announcements are recognised.

/// A type of service that devices of a smart home announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Service {
    /// Devices that speak miIO: Xiaomi's, Yeelight's and Lumi's on Wi-Fi.
    Miio,
    /// Xiaomi's central gateways, which speak MQTT.
    MiotCentral,
    /// HomeKit accessories on IP. Bulbs of Yeelight's may be some as well.
    HomeKit,
    /// HomeKit accessories on Thread.
    HomeKitThread,
    /// Home Assistant.
    HomeAssistant,
    /// Matter devices that belong to somebody.
    Matter,
    /// Matter devices that wait for an owner.
    MatterCommissionable,
    /// Border routers of Thread networks.
    ThreadBorderRouter,
    /// ESPHome nodes.
    EspHome,
    /// Bridges of Philips Hue.
    Hue,
    /// WLED light strips.
    Wled,
    /// Shelly's devices.
    Shelly,
    /// What Google Cast plays on.
    GoogleCast,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Miio,
        Self::MiotCentral,
        Self::HomeKit,
        Self::HomeKitThread,
        Self::HomeAssistant,
        Self::Matter,
        Self::MatterCommissionable,
        Self::ThreadBorderRouter,
        Self::EspHome,
        Self::Hue,
        Self::Wled,
        Self::Shelly,
        Self::GoogleCast,
    ];

    /// The name of the type, with the domain.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Miio => "_miio._udp.local.",
            Self::MiotCentral => "_miot-central._tcp.local.",
            Self::HomeKit => "_hap._tcp.local.",
            Self::HomeKitThread => "_hap._udp.local.",
            Self::HomeAssistant => "_home-assistant._tcp.local.",
            Self::Matter => "_matter._tcp.local.",
            Self::MatterCommissionable => "_matterc._udp.local.",
            Self::ThreadBorderRouter => "_meshcop._udp.local.",
            Self::EspHome => "_esphomelib._tcp.local.",
            Self::Hue => "_hue._tcp.local.",
            Self::Wled => "_wled._tcp.local.",
            Self::Shelly => "_shelly._tcp.local.",
            Self::GoogleCast => "_googlecast._tcp.local.",
        }
    }

    /// Divides the full name of an instance into the service and the instance's own name. Names are compared as DNS
    /// does, in either case; of services that are not known it returns nothing.
    pub fn divide(full_name: &str) -> Option<(Self, &str)> {
        let full_name = full_name.strip_suffix('.').unwrap_or(full_name);
        Self::ALL.into_iter().find_map(|service| {
            let name = service.name().trim_end_matches('.');
            let at = full_name.len().checked_sub(name.len())?;
            let (instance, tail) = full_name.split_at_checked(at)?;
            let instance = instance.strip_suffix('.')?;
            (tail.eq_ignore_ascii_case(name) && !instance.is_empty()).then_some((service, instance))
        })
    }
}
