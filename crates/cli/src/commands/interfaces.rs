//! The network interfaces that a search is to go over.

use std::net::{IpAddr, Ipv4Addr};

use crate::failure::Failure;

/// Interfaces by name or address, as the IPv4 addresses they have.
pub(super) fn named(wanted: &[String]) -> Result<Vec<Ipv4Addr>, Failure> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let known = if_addrs::get_if_addrs()
        .map_err(|error| Failure::io("cannot list the network interfaces", &error))?;
    let known: Vec<(String, Ipv4Addr)> = known
        .into_iter()
        .filter_map(|interface| match interface.ip() {
            IpAddr::V4(ip) => Some((interface.name, ip)),
            IpAddr::V6(_) => None,
        })
        .collect();
    let mut found = Vec::new();
    for wanted in wanted {
        let ip = wanted.parse::<Ipv4Addr>().ok();
        let before = found.len();
        let fits = |(name, addr): &&(String, Ipv4Addr)| name == wanted || Some(*addr) == ip;
        found.extend(known.iter().filter(fits).map(|(_, addr)| *addr));
        if found.len() == before {
            let names: Vec<_> = known.iter().map(|(name, ip)| format!("{name} ({ip})")).collect();
            return Err(Failure::bad_input(format!(
                "no interface {wanted:?} with an IPv4 address"
            ))
            .hint(format!("there are: {}", names.join(", "))));
        }
    }
    Ok(found)
}
