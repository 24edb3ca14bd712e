//! Files that devices fetch, such as firmware, by addresses that expire.

use std::collections::BTreeMap;

use ::http::header::{ACCEPT_RANGES, CONTENT_RANGE, ETAG, IF_RANGE, RANGE};
use ::http::{HeaderValue, Request, Response, StatusCode};
use bytes::Bytes;

use super::{FILES, header, plain};
use crate::mqtt::machine::Machine;
use crate::mqtt::report::count;

/// Files, and which addresses are good.
#[derive(Debug, Default)]
pub(crate) struct Files {
    files: BTreeMap<String, Bytes>,
    generation: u64,
}

/// Of an answer's body, only so many bytes arrive; then the connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CutAfter(pub usize);

impl Machine {
    /// Lets a file be fetched. Parts of it can be, and changes are told by its tag.
    pub fn put_file(&mut self, name: String, bytes: Vec<u8>) {
        self.files.files.insert(name, bytes.into());
    }

    /// Path and query of a file, until [`expire_links`](Self::expire_links).
    pub fn file_link(&self, name: &str) -> String {
        format!("{FILES}{name}?Expires={}", self.files.generation)
    }

    /// Lets every address of a file that was told so far expire.
    pub fn expire_links(&mut self) {
        self.files.generation = self.files.generation.wrapping_add(1);
    }

    pub(super) fn give_file(&mut self, name: &str, request: &Request<Bytes>) -> Response<Bytes> {
        let query = format!("Expires={}", self.files.generation);
        if request.uri().query() != Some(&query) {
            count(&mut self.report.expired_downloads);
            return plain(StatusCode::FORBIDDEN);
        }
        let Some(file) = self.files.files.get(name) else { return plain(StatusCode::NOT_FOUND) };
        count(&mut self.report.downloads);
        let tag = tag(file);
        let wanted = header(request, RANGE.as_str());
        let unchanged = header(request, IF_RANGE.as_str());
        let is_same = unchanged.is_empty() || unchanged == tag;
        let mut response = match range(wanted).filter(|_| is_same) {
            None => Response::new(file.clone()),
            Some((first, last)) if first < file.len() => {
                let length = file.len();
                let last = last.min(length.saturating_sub(1));
                let mut response = Response::new(file.slice(first..=last));
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                set(&mut response, CONTENT_RANGE, &format!("bytes {first}-{last}/{length}"));
                response
            }
            Some(_) => {
                let mut response = plain(StatusCode::RANGE_NOT_SATISFIABLE);
                set(&mut response, CONTENT_RANGE, &format!("bytes */{}", file.len()));
                return response;
            }
        };
        set(&mut response, ACCEPT_RANGES, "bytes");
        set(&mut response, ETAG, &tag);
        self.spoil(&mut response);
        response
    }

    /// Does what the faults say.
    fn spoil(&mut self, response: &mut Response<Bytes>) {
        let faults = &mut self.builder.faults;
        if faults.wrong_files > 0 && !response.body().is_empty() {
            faults.wrong_files = faults.wrong_files.saturating_sub(1);
            let mut bytes = response.body().to_vec();
            if let Some(byte) = bytes.last_mut() {
                *byte ^= 1;
            }
            *response.body_mut() = bytes.into();
        }
        if let Some((bytes, times @ 1..)) = faults.cut_files {
            faults.cut_files = Some((bytes, times.saturating_sub(1)));
            response.extensions_mut().insert(CutAfter(bytes));
        }
    }
}

/// The first byte that is wanted and the last, of `bytes=7-` and `bytes=7-9`. Other ranges are not looked at, as HTTP
/// allows.
fn range(text: &str) -> Option<(usize, usize)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let last = if last.is_empty() { usize::MAX } else { last.parse().ok()? };
    first.parse().ok().map(|first| (first, last)).filter(|(first, last)| first <= last)
}

/// Another one for other bytes.
fn tag(file: &[u8]) -> String {
    let mix = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    format!("\"{:016x}\"", file.iter().fold(0xcbf2_9ce4_8422_2325, mix))
}

fn set(response: &mut Response<Bytes>, name: ::http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
