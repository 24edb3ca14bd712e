//! Cookies, as far as a login needs them.

use iot_home_core::Secret;

use crate::{Hosts, Response};

/// Whether a text can be a cookie's value as it is.
pub(crate) fn is_value(text: &str) -> bool {
    text.len() <= MAX_LEN
        && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b';' | b',' | b'"' | b'\\'))
}

/// The cookies that an answer sets. One without a value is to be forgotten.
pub(crate) fn set_by(response: &Response) -> impl Iterator<Item = (&str, &str)> {
    response.all("Set-Cookie").filter_map(|header| {
        let (pair, attributes) = header.split_once(';').unwrap_or((header, ""));
        let (name, value) = pair.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        // Quotes around a value are not part of it; what is encoded stays so.
        let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
        let usable = !name.is_empty() && name.len() <= 128 && is_value(name) && is_value(value);
        let gone = value == "EXPIRED" || value == "deleted" || is_over(attributes);
        usable.then_some((name, if gone { "" } else { value }))
    })
}

fn is_over(attributes: &str) -> bool {
    attributes.split(';').any(|attribute| {
        let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        name.trim().eq_ignore_ascii_case("max-age")
            && value.trim().parse::<i64>().is_ok_and(|age| age <= 0)
    })
}

/// What the account's server has set. It goes back to that server, and nowhere else.
#[derive(Clone, Default)]
pub(crate) struct Jar(Vec<(String, Secret<String>)>);

impl Jar {
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.0.retain(|(known, _)| known != name);
        if !value.is_empty() && self.0.len() < MAX_COOKIES {
            self.0.push((name.to_owned(), Secret::new(value.to_owned())));
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.expose().as_str())
    }

    /// Takes in what an answer sets, if it came from the account's server.
    pub(crate) fn keep(&mut self, hosts: &Hosts, url: &str, response: &Response) {
        let ours = crate::url::Url::parse(url).is_some_and(|url| hosts.is_account(&url));
        if ours {
            for (name, value) in set_by(response) {
                self.set(name, value);
            }
        }
    }

    /// What to send there.
    pub(crate) fn cookies(&self) -> Vec<(String, Secret<String>)> {
        self.0.clone()
    }
}

/// The longest value; real ones are below a thousand characters.
const MAX_LEN: usize = 4096;
const MAX_COOKIES: usize = 64;
