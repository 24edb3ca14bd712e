//! The networks that are searched.

use std::io;
use std::net::Ipv4Addr;

use super::DiscoveryError;

/// The addresses of this machine's IPv4 interfaces, without loopback and those that containers and virtual machines
/// hang on: nobody's lamp is there, and what is behind them would answer for the host.
pub(super) fn searched() -> Result<Vec<Ipv4Addr>, DiscoveryError> {
    let known = iot_home_lan::interfaces();
    let mut addrs: Vec<_> = known
        .map_err(|error| DiscoveryError::no_interface(error.into_io()))?
        .into_iter()
        .filter(|interface| !interface.addr.is_loopback() && !interface.is_virtual())
        .map(|interface| interface.addr)
        .collect();
    addrs.dedup();
    if addrs.is_empty() {
        return Err(DiscoveryError::no_interface(io::Error::new(
            io::ErrorKind::NetworkUnreachable,
            "no interface has an IPv4 address, apart from those of containers",
        )));
    }
    Ok(addrs)
}
