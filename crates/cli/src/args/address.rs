//! Addresses as people write them.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use iot_home::{miio, yeelight};
use tokio::net::lookup_host;

use crate::failure::Failure;

/// `IP`, `HOST`, `IP:PORT`, `HOST:PORT` or `[v6]:PORT`, not looked up yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    host: Host,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Ip(IpAddr),
    Name(String),
}

impl Address {
    /// Whether a port was given.
    pub(crate) fn has_port(&self) -> bool {
        self.port.is_some()
    }

    /// The host, IPv6 without brackets, and the port if one was given.
    pub(crate) fn parts(&self) -> (String, Option<u16>) {
        let host = match &self.host {
            Host::Ip(ip) => ip.to_string(),
            Host::Name(name) => name.clone(),
        };
        (host, self.port)
    }

    /// Looks the host up where it is a name. IPv4 comes first: devices speak nothing else.
    /// Without a port of its own the address gets the protocol's.
    pub(crate) async fn resolve(&self, protocol_port: u16) -> Result<SocketAddr, Failure> {
        let port = self.port.unwrap_or(protocol_port);
        let name = match &self.host {
            Host::Ip(ip) => return Ok(SocketAddr::new(*ip, port)),
            Host::Name(name) => name,
        };
        let found: Vec<_> = lookup_host((name.as_str(), port))
            .await
            .map_err(|error| Failure::io(&format!("cannot look up the host {name}"), &error))?
            .collect();
        let best = found.iter().find(|addr| addr.is_ipv4()).or(found.first());
        best.copied().ok_or_else(|| {
            Failure::new(crate::failure::Kind::Io, format!("the host {name} has no address"))
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.host, self.port) {
            (Host::Ip(ip), Some(port)) => SocketAddr::new(*ip, port).fmt(f),
            (Host::Ip(ip), None) => ip.fmt(f),
            (Host::Name(name), Some(port)) => write!(f, "{name}:{port}"),
            (Host::Name(name), None) => f.write_str(name),
        }
    }
}

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self { host: Host::Ip(ip), port: None });
        }
        if let Some(bracketed) = text.strip_prefix('[') {
            let (ip, rest) = bracketed.split_once(']').ok_or(EXPECTED)?;
            let ip = ip.parse::<Ipv6Addr>().map_err(|_| EXPECTED)?;
            let port = match rest {
                "" => None,
                rest => Some(port(rest.strip_prefix(':').ok_or(EXPECTED)?)?),
            };
            return Ok(Self { host: Host::Ip(ip.into()), port });
        }
        let (host, port) = match text.split_once(':') {
            Some((host, text)) => (host, Some(port(text)?)),
            None => (text, None),
        };
        let host = match host.parse::<IpAddr>() {
            Ok(ip) => Host::Ip(ip),
            Err(_) if is_name(host) => Host::Name(host.to_owned()),
            Err(_) => return Err(EXPECTED),
        };
        Ok(Self { host, port })
    }
}

/// Where a simulated cloud listens: there is no port of its own.
pub(super) fn listen_cloud(text: &str) -> Result<SocketAddr, &'static str> {
    listen(text, 0)
}

/// Where a simulated miIO device listens.
pub(super) fn listen_miio(text: &str) -> Result<SocketAddr, &'static str> {
    listen(text, miio::PORT)
}

/// Where a simulated bulb listens for control connections.
pub(super) fn listen_yeelight(text: &str) -> Result<SocketAddr, &'static str> {
    listen(text, yeelight::PORT)
}

/// Where a simulated platform listens for plain connections.
pub(super) fn listen_mqtt(text: &str) -> Result<SocketAddr, &'static str> {
    listen(text, 1883)
}

/// Where a simulated platform listens for TLS.
pub(super) fn listen_mqtts(text: &str) -> Result<SocketAddr, &'static str> {
    listen(text, 8883)
}

/// Where to listen: like an address, but by number, and port 0 is any free one.
fn listen(text: &str, protocol_port: u16) -> Result<SocketAddr, &'static str> {
    let ip = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, protocol_port));
    text.parse().or_else(|_| ip()).map_err(|_| "expected IP, IP:PORT or [v6]:PORT")
}

fn port(text: &str) -> Result<u16, &'static str> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| digits && *port != 0);
    port.ok_or("a port is a number from 1 to 65535")
}

/// What can be looked up. A last label of digits only is a mistyped IP address.
fn is_name(host: &str) -> bool {
    let labels = host.strip_suffix('.').unwrap_or(host).split('.');
    let label = |label: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=63).contains(&label.len()) && label.bytes().all(fits) && !label.starts_with('-')
    };
    let last = labels.clone().next_back().unwrap_or_default();
    host.len() <= 253 && labels.into_iter().all(label) && !last.bytes().all(|b| b.is_ascii_digit())
}

const EXPECTED: &str = "expected IP, HOST, IP:PORT, HOST:PORT or [v6]:PORT";

#[cfg(test)]
mod tests {
    use super::{Address, listen_miio, listen_mqtt, listen_mqtts, listen_yeelight};

    #[test]
    fn the_forms_of_an_address() {
        for (text, shown, port) in [
            ("192.168.1.2", "192.168.1.2", false),
            ("192.168.1.2:9", "192.168.1.2:9", true),
            ("lamp.lan", "lamp.lan", false),
            ("lamp.lan:65535", "lamp.lan:65535", true),
            ("yeelink-light-lamp1_miio123.local.", "yeelink-light-lamp1_miio123.local.", false),
            ("::1", "::1", false),
            ("[::1]", "::1", false),
            ("[fe80::1]:7", "[fe80::1]:7", true),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.to_string().as_str(), address.has_port()), (shown, port), "{text}");
        }
    }

    #[test]
    fn what_is_no_address() {
        for text in [
            "",
            " ",
            "a b",
            "300.1.1.1",
            "1.2.3",
            "1.2.3.4:",
            "1.2.3.4:0",
            "1.2.3.4:65536",
            "lamp:x",
            "lamp:+1",
            "[::1",
            "[1.2.3.4]:5",
            "[::1]5",
            "::1:99999",
            "-lamp",
            "a..b",
            "lämp",
            "a/b",
            "1234",
            "http://lamp",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_listener_may_take_any_port_and_no_name() {
        assert_eq!(listen_miio("127.0.0.1:0").unwrap().to_string(), "127.0.0.1:0");
        assert_eq!(listen_miio("127.0.0.1").unwrap().to_string(), "127.0.0.1:54321");
        assert_eq!(listen_miio("::1").unwrap().to_string(), "[::1]:54321");
        assert_eq!(listen_yeelight("127.0.0.1").unwrap().to_string(), "127.0.0.1:55443");
        assert_eq!(listen_mqtt("127.0.0.1").unwrap().to_string(), "127.0.0.1:1883");
        assert_eq!(listen_mqtts("127.0.0.1").unwrap().to_string(), "127.0.0.1:8883");
        assert!(listen_miio("localhost").is_err() && listen_yeelight("").is_err());
    }
}
