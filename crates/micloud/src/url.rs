//! Addresses: as much as following redirects takes.

/// An address, taken apart. It holds no blanks, no control characters, no user names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Url<'a> {
    /// `http` or `https`.
    pub(crate) scheme: &'a str,
    /// Host and port, as they are written.
    pub(crate) authority: &'a str,
    /// From the slash on; may be empty.
    pub(crate) path: &'a str,
    /// Without the question mark; may be empty.
    pub(crate) query: &'a str,
}

impl<'a> Url<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let visible = text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\' && b != b'"');
        if !visible || text.len() > MAX_LEN {
            return None;
        }
        let (scheme, rest) = text.split_once("://")?;
        if scheme != "https" && scheme != "http" {
            return None;
        }
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = place.split_at(place.find('/').unwrap_or(place.len()));
        let known =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
        if authority.is_empty() || !authority.bytes().all(known) {
            return None;
        }
        Some(Self { scheme, authority, path, query })
    }

    /// The host without its port.
    pub(crate) fn host(&self) -> &'a str {
        let name = self.authority;
        if let Some(end) = name.find(']') {
            return name.get(..=end).unwrap_or(name);
        }
        name.split_once(':').map_or(name, |(host, _)| host)
    }

    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.host().trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// `https://host:port`.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    /// The address without its query.
    pub(crate) fn place(&self) -> String {
        format!("{}{}", self.origin(), self.path)
    }

    /// The address that a reference, absolute or not, stands for in a document from here.
    pub(crate) fn join(&self, reference: &str) -> Option<String> {
        let joined = if reference.contains("://") && !reference.starts_with(['/', '?']) {
            reference.to_owned()
        } else if let Some(rest) = reference.strip_prefix("//") {
            format!("{}://{rest}", self.scheme)
        } else if reference.starts_with('/') {
            format!("{}{reference}", self.origin())
        } else if reference.starts_with('?') {
            format!("{}{reference}", self.place())
        } else {
            let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{}{folder}/{reference}", self.origin())
        };
        Url::parse(&joined).is_some().then_some(joined)
    }
}

/// Adds fields to an address that may have some already.
pub(crate) fn with_query(mut url: String, fields: &str) -> String {
    if !fields.is_empty() {
        let sign = match url.find('?') {
            None => "?",
            Some(_) if url.ends_with(['?', '&']) => "",
            Some(_) => "&",
        };
        url.push_str(sign);
        url.push_str(fields);
    }
    url
}

/// Real ones are below two thousand.
const MAX_LEN: usize = 8192;

#[cfg(test)]
mod tests {
    use super::{Url, with_query};

    #[test]
    fn taken_apart() {
        let url = Url::parse("https://a.mi.com:8443/x/y?q=1&r=?#z").unwrap();
        assert_eq!((url.scheme, url.authority, url.host()), ("https", "a.mi.com:8443", "a.mi.com"));
        assert_eq!((url.path, url.query), ("/x/y", "q=1&r=?"));
        assert_eq!(Url::parse("http://[::1]:80/").unwrap().host(), "[::1]");
        assert!(Url::parse("http://[::1]:80/").unwrap().is_loopback());
        assert!(!Url::parse("http://127.0.0.1.evil.example/").unwrap().is_loopback());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "/x",
            "ftp://a/",
            "https://",
            "https:///x",
            "https://user@host/",
            "https://a b/",
            "https://a/\r\nx",
            "https://a\\b/",
            "javascript://x",
        ] {
            assert_eq!(Url::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn references() {
        let url = Url::parse("https://a.mi.com/x/y?q=1").unwrap();
        for (reference, joined) in [
            ("/z?a=b", "https://a.mi.com/z?a=b"),
            ("z", "https://a.mi.com/x/z"),
            ("?a", "https://a.mi.com/x/y?a"),
            ("//b.mi.com/z", "https://b.mi.com/z"),
            ("http://b/", "http://b/"),
            ("/z?u=https://c/", "https://a.mi.com/z?u=https://c/"),
        ] {
            assert_eq!(url.join(reference).as_deref(), Some(joined));
        }
        assert_eq!(url.join("/a b"), None);
        assert_eq!(with_query("https://a/".into(), "b=1"), "https://a/?b=1");
        assert_eq!(with_query("https://a/?c=2".into(), "b=1"), "https://a/?c=2&b=1");
    }
}
