//! Lines out of a stream of bytes, however it was cut.

use alloc::vec::Vec;

/// Cuts a stream into lines. A line ends with LF or CR LF; an overlong one is dropped, and reading goes on
/// with the next.
#[derive(Debug)]
pub struct Lines {
    /// What came since the last line end.
    partial: Vec<u8>,
    limit: usize,
    /// Whether an overlong line is under way.
    skipping: bool,
    dropped: u64,
}

impl Lines {
    /// The longest line that is read by default, in bytes.
    pub const LIMIT: usize = 16 * 1024;

    /// Lines of at most `limit` bytes.
    pub const fn new(limit: usize) -> Self {
        Self { partial: Vec::new(), limit, skipping: false, dropped: 0 }
    }

    /// Takes in what came, and calls `each` with every line that is complete by it, without its end.
    /// Empty lines are left out.
    pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            rest = behind.get(1..).unwrap_or_default();
            if self.skipping {
                self.skipping = false;
                continue;
            }
            if self.partial.is_empty() {
                // Nearly always: the line lies in one piece, and is not copied.
                if line.len() > self.limit {
                    self.dropped = self.dropped.saturating_add(1);
                } else {
                    emit(line, &mut each);
                }
                continue;
            }
            if self.add(line) {
                emit(&self.partial, &mut each);
            } else {
                self.skipping = false;
            }
            // A long line is rare, and its memory is not kept for the next.
            self.partial = Vec::new();
        }
        if !self.skipping {
            self.add(rest);
        }
    }

    /// Whether a line has begun that has not ended.
    pub fn is_within_line(&self) -> bool {
        self.skipping || !self.partial.is_empty()
    }

    /// How many overlong lines were dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Forgets a line that has begun: the stream starts anew.
    pub fn reset(&mut self) {
        self.partial = Vec::new();
        self.skipping = false;
    }

    fn add(&mut self, piece: &[u8]) -> bool {
        if self.partial.len().saturating_add(piece.len()) > self.limit {
            self.partial = Vec::new();
            self.skipping = true;
            self.dropped = self.dropped.saturating_add(1);
            return false;
        }
        self.partial.extend_from_slice(piece);
        true
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self::new(Self::LIMIT)
    }
}

fn emit(line: &[u8], each: &mut impl FnMut(&[u8])) {
    let line = line.trim_ascii();
    if !line.is_empty() {
        each(line);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::Lines;

    fn read(lines: &mut Lines, pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut read = Vec::new();
        for piece in pieces {
            lines.feed(piece, |line| read.push(line.to_vec()));
        }
        read
    }

    #[test]
    fn lines_come_out_the_same_however_the_stream_is_cut() {
        let stream = b"one\r\ntwo\nthree\r\n\r\n four \r\nfi";
        let whole = read(&mut Lines::default(), &[stream]);
        assert_eq!(whole, [&b"one"[..], b"two", b"three", b"four"]);
        for size in 1..stream.len() {
            let mut lines = Lines::default();
            assert_eq!(read(&mut lines, &stream.chunks(size).collect::<Vec<_>>()), whole, "{size}");
            assert!(lines.is_within_line());
            assert_eq!(read(&mut lines, &[b"ve\n"]), [b"five"]);
        }
    }

    #[test]
    fn an_overlong_line_is_lost_and_nothing_else() {
        for size in [1, 3, 7, 100] {
            let mut lines = Lines::new(5);
            let stream = b"a\n123456\nb\n12345\n1234567890123\nc\n";
            let read = read(&mut lines, &stream.chunks(size).collect::<Vec<_>>());
            assert_eq!(read, vec![&b"a"[..], b"b", b"12345", b"c"], "{size}");
            assert_eq!(lines.dropped(), 2);
        }
    }

    #[test]
    fn a_stream_without_line_ends_holds_no_more_than_the_limit() {
        let mut lines = Lines::new(100);
        for _ in 0..10_000 {
            lines.feed(&[b'x'; 64], |_| ());
            assert!(lines.partial.capacity() <= 256);
        }
        assert_eq!(read(&mut lines, &[b"\nnext\n"]), [b"next"]);
        assert_eq!(lines.dropped(), 1);
    }

    /// The lines of a stream that is there as a whole, how many were overlong, and whether one has begun.
    fn whole(stream: &[u8], limit: usize) -> (Vec<Vec<u8>>, u64, bool) {
        let mut pieces: Vec<_> = stream.split(|byte| *byte == b'\n').collect();
        let begun = pieces.pop().unwrap_or_default();
        let (short, long): (Vec<_>, Vec<_>) =
            pieces.into_iter().partition(|piece| piece.len() <= limit);
        let lines = short.iter().map(|line| line.trim_ascii().to_vec());
        let lines = lines.filter(|line| !line.is_empty()).collect();
        let dropped = long.len() + usize::from(begun.len() > limit);
        (lines, dropped.try_into().unwrap(), !begun.is_empty())
    }

    proptest! {
        #[test]
        fn any_stream_in_any_pieces_gives_the_same_lines_in_bounded_memory(
            stream in proptest::collection::vec(
                prop_oneof![2 => Just(b'\n'), 1 => Just(b'\r'), 1 => Just(b' '), 8 => any::<u8>()],
                0..120,
            ),
            sizes in proptest::collection::vec(0..60_usize, 1..20),
            limit in 0..40_usize,
        ) {
            let mut lines = Lines::new(limit);
            let (mut rest, mut read) = (&stream[..], Vec::new());
            for size in sizes.iter().cycle().take(40).chain([&usize::MAX]) {
                let (piece, behind) = rest.split_at((*size).min(rest.len()));
                rest = behind;
                lines.feed(piece, |line| read.push(line.to_vec()));
                // A vector may have up to twice the room it needs, and eight at least.
                prop_assert!(lines.partial.capacity() <= (2 * limit).max(8));
            }
            prop_assert_eq!((read, lines.dropped(), lines.is_within_line()), whole(&stream, limit));
        }
    }
}
