//! Forms.

use std::collections::BTreeMap;

use ::http::Request;
use bytes::Bytes;
use percent_encoding::percent_decode_str;

use super::header;

/// The fields of a form, if it is one in which no name is there twice.
pub(super) fn read(request: &Request<Bytes>) -> Option<BTreeMap<String, String>> {
    let kind = header(request, "content-type");
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return None;
    }
    let text = std::str::from_utf8(request.body()).ok()?;
    let mut fields = BTreeMap::new();
    for pair in text.split('&') {
        let (name, value) = pair.split_once('=')?;
        let plain = |text: &str| {
            let text = text.replace('+', " ");
            Some(percent_decode_str(&text).decode_utf8().ok()?.into_owned())
        };
        if fields.insert(plain(name)?, plain(value)?).is_some() {
            return None;
        }
    }
    Some(fields)
}
