//! A request, taken apart.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, HOST};
use http::{HeaderMap, Method, Request};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// A request as a cloud looks at it.
pub(super) struct Asked {
    pub(super) method: Method,
    /// Host and port, as the client calls them.
    pub(super) authority: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: String,
    headers: HeaderMap,
}

impl Asked {
    pub(super) fn new(request: &Request<Bytes>) -> Self {
        let uri = request.uri();
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
        let authority = uri.authority().map(|authority| authority.as_str()).or(host);
        Self {
            method: request.method().clone(),
            authority: authority.unwrap_or_default().to_ascii_lowercase(),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            body: String::from_utf8_lossy(request.body()).into_owned(),
            headers: request.headers().clone(),
        }
    }

    /// The host without its port.
    pub(super) fn host(&self) -> &str {
        match self.authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => &self.authority,
        }
    }

    /// Whether it came under one of Xiaomi's own names.
    pub(super) fn is_by_name(&self) -> bool {
        ["xiaomi.com", "mi.com", "mijia.tech"].iter().any(|domain| {
            self.host()
                .strip_suffix(domain)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(super) fn is_form(&self) -> bool {
        let form = "application/x-www-form-urlencoded";
        self.header(CONTENT_TYPE.as_str()).is_some_and(|media_type| media_type.starts_with(form))
    }

    /// The last cookie of this name that has a value.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self.headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
        let mut pairs = pairs.flat_map(|header| header.split(';')).filter_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name && !value.is_empty()).then(|| value.trim_matches('"'))
        });
        pairs.next_back()
    }

    /// A field of the query or, where there is none, of the body.
    pub(super) fn field(&self, name: &str) -> Option<Cow<'_, str>> {
        find(&self.query, name).or_else(|| find(&self.body, name))
    }

    /// The same, and nothing where it is empty.
    pub(super) fn filled(&self, name: &str) -> Option<Cow<'_, str>> {
        self.field(name).filter(|value| !value.is_empty())
    }
}

/// The first field of this name in a form.
pub(super) fn find<'a>(form: &'a str, name: &str) -> Option<Cow<'a, str>> {
    form.split('&').find_map(|field| {
        let (key, value) = field.split_once('=').unwrap_or((field, ""));
        (key == name).then(|| decode(value)).flatten()
    })
}

fn decode(text: &str) -> Option<Cow<'_, str>> {
    if text.contains('+') {
        let text = text.replace('+', " ");
        let decoded = percent_decode_str(&text).decode_utf8().ok()?;
        return Some(Cow::Owned(decoded.into_owned()));
    }
    percent_decode_str(text).decode_utf8().ok()
}

/// As a value in a query.
pub(super) fn encode(text: &str) -> String {
    const UNRESERVED: percent_encoding::AsciiSet =
        NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(text, &UNRESERVED).to_string()
}
