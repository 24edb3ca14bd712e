//! Which part of a file an answer holds.

use http::HeaderMap;
use http::header::CONTENT_RANGE;

pub(super) struct Range {
    pub(super) first: u64,
    /// Of the whole file, where the server knows.
    pub(super) total: Option<u64>,
}

/// Reads `bytes 5-9/10` and `bytes 5-9/*`.
pub(super) fn read(headers: &HeaderMap) -> Option<Range> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    let (place, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = place.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let total = match total {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    (first <= last && total.is_none_or(|total| last < total)).then_some(Range { first, total })
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    fn read(text: &str) -> Option<(u64, Option<u64>)> {
        let mut headers = HeaderMap::new();
        headers.insert("content-range", HeaderValue::from_str(text).unwrap());
        super::read(&headers).map(|range| (range.first, range.total))
    }

    #[test]
    fn forms() {
        assert_eq!(read("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(read("bytes 0-0/*"), Some((0, None)));
        for bad in [
            "",
            "5-9/10",
            "bytes 5-9",
            "bytes 9-5/10",
            "bytes 5-10/10",
            "bytes */10",
            "bytes -1-2/3",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
