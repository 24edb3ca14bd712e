//! Where requests go.

use alloc::format;
use alloc::string::String;
use core::net::IpAddr;

use crate::field::{Fault, Field};
use crate::{Host, checked_text};

checked_text! {
    /// Scheme, host and port of a server: `https://host` or `https://host:port`. Plain `http://` is taken for this machine alone.
    ///
    /// ```
    /// use iot_home_mqtt::http::Origin;
    ///
    /// let server: Origin = "https://iot-auth.cn-shanghai.aliyuncs.com".parse()?;
    /// assert_eq!(server.authority(), "iot-auth.cn-shanghai.aliyuncs.com");
    /// assert!("http://iot-auth.cn-shanghai.aliyuncs.com".parse::<Origin>().is_err());
    /// assert!("http://127.0.0.1:8080".parse::<Origin>().is_ok());
    /// # Ok::<(), iot_home_mqtt::InvalidField>(())
    /// ```
    Origin,
    Field::new(
        "server",
        "https:// with a host and perhaps a port, as https://host:8443, without a path; http:// for this machine alone",
        9..=290,
        fault,
    )
}

impl Origin {
    /// The host, with the port if there is one: what requests name as their `Host`.
    pub fn authority(&self) -> &str {
        self.as_str().split_once("://").map_or("", |(_, authority)| authority)
    }

    /// An address below it.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.as_str())
    }
}

impl From<&Host> for Origin {
    fn from(host: &Host) -> Self {
        let host = host.as_str();
        let origin = if host.contains(':') {
            format!("https://[{host}]")
        } else {
            format!("https://{host}")
        };
        Self(origin.into())
    }
}

/// Where the text is no origin any more.
fn fault(text: &str) -> Option<usize> {
    let (authority, is_open) = if let Some(rest) = text.strip_prefix("https://") {
        (rest, false)
    } else if let Some(rest) = text.strip_prefix("http://") {
        (rest, true)
    } else {
        return Some(0);
    };
    let start = text.len().saturating_sub(authority.len());
    let (host, port, host_at) = split(authority);
    let host_at = start.saturating_add(host_at);
    if let Err(error) = Host::check(host) {
        let at = match error.fault {
            Fault::Character { position } => position.saturating_sub(1),
            _ => 0,
        };
        return Some(host_at.saturating_add(at));
    }
    if let Some(port) = port {
        let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        if !digits || port.parse::<u16>().map_or(true, |port| port == 0) {
            return Some(text.len().saturating_sub(port.len().max(1)));
        }
    }
    // In the open, only what does not leave this machine.
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    (is_open && !here).then_some(0)
}

/// Host, port, and where the host begins.
fn split(authority: &str) -> (&str, Option<&str>, usize) {
    if let Some(rest) = authority.strip_prefix('[') {
        // Without its end it is no host.
        return match rest.split_once(']') {
            Some((host, "")) if host.contains(':') => (host, None, 1),
            Some((host, port)) if host.contains(':') && port.starts_with(':') => {
                (host, port.strip_prefix(':'), 1)
            }
            _ => (authority, None, 0),
        };
    }
    match authority.split_once(':') {
        Some((host, port)) => (host, Some(port), 0),
        None => (authority, None, 0),
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::Origin;
    use crate::Host;
    use crate::field::Fault;

    #[test]
    fn servers() {
        for good in [
            "https://a.example",
            "https://a.example:8443",
            "https://10.0.0.1",
            "https://[2001:db8::1]:1",
            "http://localhost:80",
            "http://[::1]:8080",
            "http://127.0.0.1:8080",
        ] {
            let origin: Origin = good.parse().unwrap();
            assert_eq!(origin.url("/x"), format!("{good}/x"));
        }
        for (bad, at) in [
            ("ftp://a.example", 0),
            ("https://a.example/", 17),
            ("https://user@a.example", 12),
            ("https://a b", 9),
            ("https://a:65536", 10),
            ("https://a:0", 10),
            ("https://a:+1", 10),
            ("https://a.example:", 17),
            ("https://[::1", 8),
            ("https://[::1]x", 8),
            ("https://[a.example]", 8),
            ("http://a.example", 0),
            ("http://127.0.0.1.example", 0),
            ("http://10.0.0.1", 0),
        ] {
            let fault = bad.parse::<Origin>().unwrap_err().fault;
            assert_eq!(fault, Fault::Character { position: at + 1 }, "{bad}");
        }
    }

    #[test]
    fn of_a_host() {
        for (host, origin) in [("a.example", "https://a.example"), ("::1", "https://[::1]")] {
            let host: Host = host.parse().unwrap();
            let made = Origin::from(&host);
            assert_eq!(made.as_str(), origin);
            assert_eq!(made.as_str().parse(), Ok(made.clone()));
        }
    }
}
