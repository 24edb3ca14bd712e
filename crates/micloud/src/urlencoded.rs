//! Form bodies and queries.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// What `encodeURIComponent` leaves alone.
const COMPONENT: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// Adds a field to a form.
pub(crate) fn push(form: &mut String, key: &str, value: &str) {
    if !form.is_empty() {
        form.push('&');
    }
    form.push_str(key);
    form.push('=');
    form.extend(utf8_percent_encode(value, &COMPONENT));
}

/// A form of these fields.
pub(crate) fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut form = String::new();
    for (key, value) in fields {
        push(&mut form, key, value);
    }
    form
}

/// The fields of a form in their order. What is not UTF-8 is left out.
pub(crate) fn fields(form: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form.split('&').filter(|field| !field.is_empty()).filter_map(|field| {
        let (key, value) = field.split_once('=').unwrap_or((field, ""));
        Some((decode(key)?, decode(value)?))
    })
}

/// The first field of this name.
pub(crate) fn find<'a>(form: &'a str, name: &str) -> Option<Cow<'a, str>> {
    fields(form).find(|(key, _)| key == name).map(|(_, value)| value)
}

/// One key or value, in which a plus is a blank.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if text.contains('+') {
        let text = text.replace('+', " ");
        let decoded = percent_decode(text.as_bytes()).decode_utf8().ok()?;
        return Some(Cow::Owned(decoded.into_owned()));
    }
    percent_decode(text.as_bytes()).decode_utf8().ok()
}
