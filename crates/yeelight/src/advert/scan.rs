//! Headers, found in one pass without an allocation.

/// The headers of a datagram, in order.
#[derive(Clone)]
pub(super) struct RawHeaders<'a> {
    rest: &'a [u8],
    at: usize,
}

/// One header as it stands in a datagram.
pub(super) struct RawHeader<'a> {
    /// Whatever stands between the header before and this one's first colon: mostly the name alone.
    pub(super) before_colon: &'a [u8],
    /// The rest of the line.
    pub(super) value: &'a [u8],
    /// Where the value begins in the datagram.
    pub(super) at: usize,
    /// Whether the line has its end. The last one of a datagram that was cut off has not.
    pub(super) is_whole: bool,
}

impl<'a> RawHeaders<'a> {
    /// Splits off the start line, which begins with the datagram.
    pub(super) fn new(datagram: &'a [u8]) -> (&'a [u8], Self) {
        let end = find(b'\n', datagram);
        let (line, rest) = split(datagram, end.unwrap_or(datagram.len()));
        (trim_end(line), Self { rest, at: line.len().saturating_add(1) })
    }
}

impl<'a> Iterator for RawHeaders<'a> {
    type Item = RawHeader<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<RawHeader<'a>> {
        let colon = find(b':', self.rest)?;
        let (before_colon, rest) = split(self.rest, colon);
        let end = find(b'\n', rest);
        let (value, rest) = split(rest, end.unwrap_or(rest.len()));
        // Offsets into a slice do not overflow.
        let at = self.at.wrapping_add(colon).wrapping_add(1);
        self.at = at.wrapping_add(value.len()).wrapping_add(1);
        self.rest = rest;
        Some(RawHeader { before_colon, value, at, is_whole: end.is_some() })
    }
}

impl<'a> RawHeader<'a> {
    /// The name: lines before it that have no colon are not its, and neither are blanks.
    pub(super) fn name(&self) -> &'a [u8] {
        let mut name = self.before_colon;
        if let Some(line_end) = name.iter().rposition(|byte| *byte == b'\n') {
            (_, name) = split(name, line_end);
        }
        trim(name)
    }
}

/// What stands before this offset, and what behind the byte at it.
#[inline(always)]
fn split(bytes: &[u8], at: usize) -> (&[u8], &[u8]) {
    let (before, rest) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
    (before, rest.get(1..).unwrap_or(&[]))
}

/// Without the blanks around it: spaces, tabs, the CR of a line's end, a NUL behind the text, and
/// every other byte up to the space.
pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    trim_end(trim_start(bytes))
}

#[inline(always)]
pub(super) fn trim_start(mut bytes: &[u8]) -> &[u8] {
    while let [..=b' ', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

#[inline(always)]
pub(super) fn trim_end(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., ..=b' '] = bytes {
        bytes = rest;
    }
    bytes
}

/// Where this byte stands first. Lines are short: eight bytes at a time beat anything with a
/// longer run-up.
#[inline(always)]
fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    const LOW: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    let wanted = u64::from_le_bytes([byte; 8]);
    let (words, tail) = bytes.as_chunks::<8>();
    let mut at: usize = 0;
    for word in words {
        // A byte that is wanted becomes zero, and the lowest zero byte the lowest bit that is left.
        let differing = u64::from_le_bytes(*word) ^ wanted;
        let found = differing.wrapping_sub(LOW) & !differing & HIGH;
        if found != 0 {
            return Some(at.wrapping_add((found.trailing_zeros() / 8) as usize));
        }
        at = at.wrapping_add(8);
    }
    tail.iter().position(|other| *other == byte).map(|position| at.wrapping_add(position))
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::{RawHeaders, find, trim};

    #[test]
    fn a_byte_is_found_where_it_stands_first() {
        // Neighbours by value are what a word-wise search may take for the byte.
        for others in [b'9', b';', 0x3b, 0x39, 0xba, 0x00, 0xff] {
            for length in 0..40 {
                let mut bytes = vec![others; length];
                assert_eq!(find(b':', &bytes), None);
                for at in (0..length).rev() {
                    bytes[at] = b':';
                    assert_eq!(find(b':', &bytes), Some(at), "{others:#x} at {at} of {length}");
                }
            }
        }
    }

    #[test]
    fn headers_are_split_at_their_first_colon() {
        let datagram = b"start: line\r\na: b: c\n\r\nno colon\nd :e\r\n:f\r\ng:\r\nh:i";
        let (start, headers) = RawHeaders::new(datagram);
        assert_eq!(start, b"start: line");
        let read: Vec<_> = headers
            .map(|header| {
                assert_eq!(&datagram[header.at..][..header.value.len()], header.value);
                (header.name(), trim(header.value), header.is_whole)
            })
            .collect();
        let expected: [(&[u8], &[u8], bool); 5] = [
            (b"a", b"b: c", true),
            (b"d", b"e", true),
            (b"", b"f", true),
            (b"g", b"", true),
            (b"h", b"i", false),
        ];
        assert_eq!(read, expected);
        for nothing in [&b""[..], b"\n", b"no colon", b"start:\nno colon\n\n"] {
            assert_eq!(RawHeaders::new(nothing).1.count(), 0, "{nothing:?}");
        }
    }
}
