//! An instance of a service, with all that is told of it.

use std::net::{IpAddr, SocketAddr};

use iot_home_core::{Did, Mac};

use super::{CentralProfile, MiioName, Service, mac_in};
use crate::facts::Facts;

/// An instance of a recognised service. All of it is what the announcement claims.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Announcement {
    /// The type of service.
    pub service: Service,
    /// The instance's own name, without the service.
    pub name: Box<str>,
    /// Where the service is: an IPv4 address, if there is one.
    pub addr: SocketAddr,
    /// The model: of a miIO device by its name, of a HomeKit accessory by its record `md`.
    pub model: Option<Box<str>>,
    /// The did, of miIO devices and central gateways.
    pub did: Option<Did>,
    /// The MAC address, where a miIO device tells it.
    pub mac: Option<Mac>,
    /// What a central gateway tells.
    pub central: Option<CentralProfile>,
}

impl Announcement {
    /// Puts together what the records of one instance say. Nothing comes of services that are not recognised, of names
    /// that are not of the form, and of instances without an address. Only the first records of a TXT are read.
    pub fn new<'a>(
        full_name: &str,
        addrs: impl IntoIterator<Item = IpAddr>,
        port: u16,
        txt: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Option<Self> {
        let (service, name) = Service::divide(full_name)?;
        let ip = addrs.into_iter().min_by_key(IpAddr::is_ipv6)?;
        let mut announcement = Self {
            service,
            name: name.into(),
            addr: SocketAddr::new(ip, port),
            model: None,
            did: None,
            mac: None,
            central: None,
        };
        if service == Service::Miio {
            let name = MiioName::parse(name)?;
            announcement.model = Some(name.model);
            announcement.did = name.did;
        }
        for (key, value) in txt.into_iter().take(MAX_RECORDS) {
            announcement.read(key, value);
        }
        Some(announcement)
    }

    fn read(&mut self, key: &str, value: &[u8]) {
        match self.service {
            Service::Miio if self.mac.is_none() => {
                self.mac = mac_in(&[key.as_bytes(), b"=", value].concat());
            }
            Service::HomeKit | Service::HomeKitThread if key.eq_ignore_ascii_case("md") => {
                self.model = str::from_utf8(value).ok().map(Into::into);
            }
            Service::MiotCentral if key.eq_ignore_ascii_case("profile") => {
                self.central = CentralProfile::parse(value);
                self.did = self.central.as_ref().map(|central| central.did.clone());
            }
            _ => {}
        }
    }

    /// What it tells of a device that can be talked to; nothing, if it is a neighbour's.
    pub fn facts(&self) -> Option<Facts> {
        let facts = Facts {
            did: self.did.clone(),
            mac: self.mac,
            model: self.model.clone(),
            ..Facts::default()
        };
        match self.service {
            Service::Miio => Some(Facts { miio: Some(self.addr), ..facts }),
            Service::MiotCentral => Some(Facts { host: Some(self.addr.ip()), ..facts }),
            _ => None,
        }
    }
}

/// A device has two or three, Matter some ten.
const MAX_RECORDS: usize = 32;

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const HERE: [IpAddr; 2] =
        [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::new(10, 0, 0, 5))];

    #[test]
    fn a_device_is_told_by_its_name_and_its_mac_by_any_record() {
        let name = "lumi-gateway-v3_miio123456._miio._udp.local.";
        // As a parser sees the record of an old gateway.
        let broken = [("poch", &b"0:mac=286c07aabbcc\0"[..])];
        let facts = Announcement::new(name, HERE, 54321, broken).unwrap().facts().unwrap();
        assert_eq!(facts.did, Some(123_456.into()));
        assert_eq!(facts.model.as_deref(), Some("lumi.gateway.v3"));
        assert_eq!(facts.mac, "286c07aabbcc".parse().ok());
        assert_eq!(facts.miio, "10.0.0.5:54321".parse().ok());
        let right = [("epoch", &b"1"[..]), ("mac", b"286c07aabbcc")];
        assert_eq!(Announcement::new(name, HERE, 54321, right).unwrap().facts(), Some(facts));
        let without = Announcement::new(name, HERE, 54321, []).unwrap();
        assert_eq!((without.mac, without.did), (None, Some(123_456.into())));
        assert_eq!(Announcement::new(name, [], 54321, []), None);
    }

    #[test]
    fn the_first_mac_counts() {
        let name = "lumi-gateway-v3_miio123456._miio._udp.local.";
        let records = [("mac", &b"286c07aabbcc"[..]), ("mac", b"286c07ddeeff"), ("epoch", b"1")];
        let told = Announcement::new(name, HERE, 54321, records).unwrap();
        assert_eq!(told.mac, "286c07aabbcc".parse().ok());
    }

    #[test]
    fn a_central_gateway_is_told_by_its_profile_and_keys_have_no_case() {
        // The did 7, in the second to the ninth byte of 23.
        let profile = b"AAAAAAAAAAAHAAAAAAAAAAAAAAAAAAA=";
        for key in ["profile", "Profile"] {
            let name = "gateway._miot-central._tcp.local.";
            let told = Announcement::new(name, HERE, 8883, [(key, &profile[..])]).unwrap();
            let facts = told.facts().unwrap();
            assert_eq!((facts.did, facts.miio), (Some(7.into()), None), "{key}");
            assert_eq!(facts.host, "10.0.0.5".parse().ok());
        }
        let name = "lamp._hap._tcp.local.";
        let told = Announcement::new(name, HERE, 80, [("MD", &b"YLDP02YL"[..])]).unwrap();
        assert_eq!(told.model.as_deref(), Some("YLDP02YL"));
    }

    #[test]
    fn only_so_many_records_are_read() {
        let name = "lumi-gateway-v3_miio123456._miio._udp.local.";
        let records = |before| {
            let others = std::iter::repeat_n(("x", &b"y"[..]), before);
            others.chain([("mac", &b"286c07aabbcc"[..])])
        };
        let read = |before| Announcement::new(name, HERE, 54321, records(before)).unwrap().mac;
        assert_eq!(read(MAX_RECORDS - 1), "286c07aabbcc".parse().ok());
        assert_eq!(read(MAX_RECORDS), None);
    }

    #[test]
    fn neighbours_are_recognised_and_are_no_devices_of_ours() {
        for service in Service::ALL {
            let full_name = format!("x_miio1.{}", service.name());
            let told = Announcement::new(&full_name, HERE, 80, [("md", &b"YLDP02YL"[..])]).unwrap();
            assert_eq!((told.service, &*told.name), (service, "x_miio1"));
            let is_ours = matches!(service, Service::Miio | Service::MiotCentral);
            assert_eq!(told.facts().is_some(), is_ours, "{service:?}");
            let is_homekit = matches!(service, Service::HomeKit | Service::HomeKitThread);
            assert_eq!(told.model.as_deref() == Some("YLDP02YL"), is_homekit, "{service:?}");
        }
        for name in ["x._yeelight._tcp.local.", "_hap._tcp.local.", "._hap._tcp.local.", "x"] {
            assert_eq!(Announcement::new(name, HERE, 80, []), None, "{name}");
        }
    }
}
