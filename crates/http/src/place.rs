//! Where a request goes, as far as it may be told.

use std::fmt;
use std::net::IpAddr;

use http::Uri;

use crate::Error;

/// Scheme, host and port of an address. Path and query, which may be secret, are not part of it, nor is a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Place {
    scheme: &'static str,
    host: String,
    port: Option<u16>,
}

impl Place {
    pub(crate) fn of(uri: &Uri) -> Result<Self, Error> {
        let scheme = match uri.scheme_str() {
            Some("https") => "https",
            Some("http") => "http",
            _ => return Err(Error::bad_request("an address begins with https:// or http://")),
        };
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| Error::bad_request("there is no host in the address"))?;
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(Error::bad_request("an address holds no user name and no password"));
        }
        Ok(Self { scheme, host: host.to_owned(), port: uri.port_u16() })
    }

    /// Whether it is this machine: no proxy can reach it.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    fn place(address: &str) -> Result<Place, crate::Error> {
        Place::of(&address.parse().unwrap())
    }

    #[test]
    fn what_is_told() {
        let told = place("https://ota.example:8443/firmware?Signature=hush").unwrap();
        assert_eq!(told.to_string(), "https://ota.example:8443");
        assert_eq!(place("http://[::1]/x").unwrap().to_string(), "http://[::1]");
    }

    #[test]
    fn this_machine() {
        for here in
            ["http://127.0.0.1:1/", "http://127.9.9.9/", "https://[::1]:2/", "http://LOCALHOST"]
        {
            assert!(place(here).unwrap().is_loopback(), "{here}");
        }
        for away in ["http://127.0.0.1.example/", "http://localhost.example", "http://10.0.0.1/"] {
            assert!(!place(away).unwrap().is_loopback(), "{away}");
        }
    }

    #[test]
    fn what_is_no_address() {
        for bad in ["/path", "ftp://host/", "http://user:hush@host/"] {
            let error = place(bad).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::BadRequest, "{bad}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
}
