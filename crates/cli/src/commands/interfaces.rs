//! The network interfaces that a search is to go over.

use std::net::Ipv4Addr;

use iot_home::hub::discovery;

use crate::failure::Failure;

/// Interfaces by name or address, as the IPv4 addresses they have.
pub(super) fn named(wanted: &[String]) -> Result<Vec<Ipv4Addr>, Failure> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let known = discovery::interfaces()
        .map_err(|error| Failure::io("cannot list the network interfaces", &error.into_io()))?;
    let mut found = Vec::new();
    for wanted in wanted {
        let ip = wanted.parse::<Ipv4Addr>().ok();
        let before = found.len();
        let fitting = known.iter().filter(|it| it.name == *wanted || Some(it.addr) == ip);
        found.extend(fitting.map(|interface| interface.addr));
        if found.len() == before {
            let names: Vec<_> =
                known.iter().map(|it| format!("{} ({})", it.name, it.addr)).collect();
            return Err(Failure::bad_input(format!(
                "no interface {wanted:?} with an IPv4 address"
            ))
            .hint(format!("there are: {}", names.join(", "))));
        }
    }
    Ok(found)
}
