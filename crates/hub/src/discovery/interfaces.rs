//! The networks that are searched.

use std::io;
use std::net::Ipv4Addr;

use if_addrs::IfAddr;

use super::DiscoveryError;

/// The addresses of this machine's IPv4 interfaces, without loopback and those that containers and virtual machines
/// hang on: nobody's lamp is there, and what is behind them would answer for the host.
pub(super) fn searched() -> Result<Vec<Ipv4Addr>, DiscoveryError> {
    let mut addrs: Vec<_> = if_addrs::get_if_addrs()
        .map_err(DiscoveryError::no_interface)?
        .into_iter()
        .filter(|interface| !interface.is_loopback() && !is_virtual(&interface.name))
        .filter_map(|interface| match interface.addr {
            IfAddr::V4(addr) => Some(addr.ip),
            IfAddr::V6(_) => None,
        })
        .collect();
    addrs.sort_unstable();
    addrs.dedup();
    if addrs.is_empty() {
        return Err(DiscoveryError::no_interface(io::Error::new(
            io::ErrorKind::NetworkUnreachable,
            "no interface has an IPv4 address, apart from those of containers",
        )));
    }
    Ok(addrs)
}

fn is_virtual(name: &str) -> bool {
    // Docker names a bridge after twelve digits of the network's id. Routers have a `br-lan`, which is the LAN itself.
    let is_docker_bridge = name
        .strip_prefix("br-")
        .is_some_and(|id| id.len() == 12 && id.bytes().all(|digit| digit.is_ascii_hexdigit()));
    is_docker_bridge || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

const PREFIXES: [&str; 16] = [
    "cali", "cbr", "cilium", "cni", "docker", "flannel", "incusbr", "kube", "lxc", "lxdbr",
    "podman", "vboxnet", "veth", "virbr", "vmnet", "weave",
];

#[cfg(test)]
mod tests {
    use super::is_virtual;

    #[test]
    fn interfaces_of_containers_are_known_by_their_names() {
        for name in ["docker0", "br-0123456789ab", "veth12ab", "virbr0", "vmnet8", "lxcbr0", "cni0"]
        {
            assert!(is_virtual(name), "{name}");
        }
        for name in ["eth0", "enp3s0", "wlan0", "br0", "br-lan", "br-0123456789xy", "en0", "bond0"]
        {
            assert!(!is_virtual(name), "{name}");
        }
    }
}
