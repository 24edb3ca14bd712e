//! The networks that this machine is in.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use if_addrs::IfAddr;

use crate::Error;

/// An IPv4 address of this machine, and the network that it is in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Interface {
    /// The address.
    pub addr: Ipv4Addr,
    /// How many bits of it are the network's, 0 to 32.
    pub prefix_len: u8,
    /// The network's broadcast address, if it has one: loopback and point-to-point links have none.
    pub broadcast: Option<Ipv4Addr>,
    /// What the system calls the interface: `eth0`.
    pub name: String,
}

impl Interface {
    /// The first address of the network, which none of its machines has.
    pub fn network(&self) -> Ipv4Addr {
        let host = u32::MAX.checked_shr(self.prefix_len.into()).unwrap_or(0);
        Ipv4Addr::from_bits(self.addr.to_bits() & !host)
    }

    /// Whether containers and virtual machines hang on it, by its name. Nobody's lamp is there, and what is behind it
    /// answers for this machine.
    pub fn is_virtual(&self) -> bool {
        // Docker names a bridge after twelve digits of the network's id. Routers have a `br-lan`, which is the LAN itself.
        let is_docker_bridge = self
            .name
            .strip_prefix("br-")
            .is_some_and(|id| id.len() == 12 && id.bytes().all(|digit| digit.is_ascii_hexdigit()));
        is_docker_bridge || PREFIXES.iter().any(|prefix| self.name.starts_with(prefix))
    }
}

/// The machine's IPv4 addresses in their order, loopback among them.
///
/// # Errors
/// When the system does not list them.
pub fn interfaces() -> Result<Vec<Interface>, Error> {
    let known = if_addrs::get_if_addrs().map_err(Error::interfaces)?;
    let mut interfaces: Vec<_> = known
        .into_iter()
        .filter_map(|interface| match interface.addr {
            IfAddr::V4(v4) => Some(Interface {
                addr: v4.ip,
                prefix_len: v4.prefixlen,
                broadcast: v4.broadcast,
                name: interface.name,
            }),
            IfAddr::V6(_) => None,
        })
        .collect();
    interfaces.sort_unstable();
    Ok(interfaces)
}

/// The interfaces that have these addresses; without any, all but loopback. Each address is there once.
///
/// # Errors
/// When the system does not list the interfaces, no interface has one of the addresses, or none has an address at all.
pub fn chosen(addrs: &[Ipv4Addr]) -> Result<Vec<Interface>, Error> {
    choose(interfaces()?, addrs)
}

fn choose(mut interfaces: Vec<Interface>, addrs: &[Ipv4Addr]) -> Result<Vec<Interface>, Error> {
    interfaces.retain(|interface| match addrs {
        [] => !interface.addr.is_loopback(),
        addrs => addrs.contains(&interface.addr),
    });
    interfaces.dedup_by_key(|interface| interface.addr);
    if let Some(ip) = addrs.iter().find(|ip| !interfaces.iter().any(|known| known.addr == **ip)) {
        let problem =
            io::Error::new(io::ErrorKind::AddrNotAvailable, "no interface has this address");
        return Err(Error::bind(SocketAddr::new((*ip).into(), 0), problem));
    }
    if interfaces.is_empty() {
        let problem =
            io::Error::new(io::ErrorKind::NetworkUnreachable, "no interface has an IPv4 address");
        return Err(Error::interfaces(problem));
    }
    Ok(interfaces)
}

/// Whether an address lies within a network that this machine is in, and is reached without a router.
///
/// # Errors
/// When the system does not list the interfaces.
pub fn is_on_link(ip: IpAddr) -> Result<bool, Error> {
    let interfaces = if_addrs::get_if_addrs().map_err(Error::interfaces)?;
    Ok(interfaces.iter().any(|interface| match (&interface.addr, ip) {
        (IfAddr::V4(local), IpAddr::V4(ip)) => {
            let mask = local.netmask.to_bits();
            ip.to_bits() & mask == local.ip.to_bits() & mask
        }
        (IfAddr::V6(local), IpAddr::V6(ip)) => {
            let mask = local.netmask.to_bits();
            ip.to_bits() & mask == local.ip.to_bits() & mask
        }
        _ => false,
    }))
}

const PREFIXES: [&str; 16] = [
    "cali", "cbr", "cilium", "cni", "docker", "flannel", "incusbr", "kube", "lxc", "lxdbr",
    "podman", "vboxnet", "veth", "virbr", "vmnet", "weave",
];

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: [u8; 4] = [127, 0, 0, 1];
    const LAN: [u8; 4] = [192, 0, 2, 7];
    const OTHER: [u8; 4] = [198, 51, 100, 7];

    fn interface(name: &str, addr: [u8; 4]) -> Interface {
        Interface { name: name.into(), addr: addr.into(), prefix_len: 24, broadcast: None }
    }

    fn chosen_of(interfaces: &[Interface], addrs: &[[u8; 4]]) -> Result<Vec<Ipv4Addr>, Error> {
        let addrs: Vec<_> = addrs.iter().copied().map(Ipv4Addr::from).collect();
        let chosen = choose(interfaces.to_vec(), &addrs)?;
        Ok(chosen.into_iter().map(|interface| interface.addr).collect())
    }

    #[test]
    fn a_network_begins_where_its_machines_differ() {
        for (prefix_len, network) in [
            (24, [192, 0, 2, 0]),
            (30, [192, 0, 2, 4]),
            (32, LAN),
            (8, [192, 0, 0, 0]),
            (0, [0; 4]),
        ] {
            let interface = Interface { prefix_len, ..interface("eth0", LAN) };
            assert_eq!(interface.network(), Ipv4Addr::from(network), "/{prefix_len}");
        }
    }

    #[test]
    fn loopback_takes_part_only_when_it_is_chosen() {
        let all = [interface("lo", LOOPBACK), interface("eth0", LAN), interface("eth1", OTHER)];
        assert_eq!(chosen_of(&all, &[]).unwrap(), [LAN.into(), Ipv4Addr::from(OTHER)]);
        assert_eq!(chosen_of(&all, &[LOOPBACK]).unwrap(), [Ipv4Addr::from(LOOPBACK)]);
        assert_eq!(chosen_of(&all, &[OTHER, LAN]).unwrap(), [LAN.into(), Ipv4Addr::from(OTHER)]);
    }

    #[test]
    fn an_address_of_two_interfaces_is_there_once() {
        let all = [interface("eth0", LAN), interface("eth1", LAN)];
        assert_eq!(chosen_of(&all, &[]).unwrap(), [Ipv4Addr::from(LAN)]);
    }

    #[test]
    fn an_address_that_is_nobodys_is_named() {
        let error = chosen_of(&[interface("eth0", LAN)], &[LAN, OTHER]).unwrap_err();
        assert_eq!(error.addr(), Some(SocketAddr::from((OTHER, 0))));
        assert_eq!(error.into_io().kind(), io::ErrorKind::AddrNotAvailable);
    }

    #[test]
    fn a_machine_without_a_network_has_nothing_to_choose_from() {
        let error = chosen_of(&[interface("lo", LOOPBACK)], &[]).unwrap_err();
        assert_eq!(error.addr(), None);
        assert_eq!(error.into_io().kind(), io::ErrorKind::NetworkUnreachable);
    }

    #[test]
    fn interfaces_of_containers_are_known_by_their_names() {
        for name in ["docker0", "br-0123456789ab", "veth12ab", "virbr0", "vmnet8", "lxcbr0", "cni0"]
        {
            assert!(interface(name, LAN).is_virtual(), "{name}");
        }
        for name in ["eth0", "enp3s0", "wlan0", "br0", "br-lan", "br-0123456789xy", "en0", "bond0"]
        {
            assert!(!interface(name, LAN).is_virtual(), "{name}");
        }
    }
}
