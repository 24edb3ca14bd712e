//! Capture files, frame by frame: telling the formats apart, and pcap, which is a header of 24
//! bytes and frames one after the other.

use std::io::{self, BufReader, Read};

use super::pcapng::Section;
use super::{CaptureError, End, Summary, Time};

/// The largest record taken into memory: four times the largest frame libpcap records.
pub(super) const MAX_RECORD: u64 = 1 << 20;
const NANOS: u128 = 1_000_000_000;

/// One captured frame.
pub(super) struct Frame<'a> {
    /// Link type.
    pub(super) link: u32,
    /// Interface it was captured on, as its section numbers them.
    pub(super) interface: u32,
    /// When it was captured.
    pub(super) time: Option<Time>,
    /// What was captured of it.
    pub(super) bytes: &'a [u8],
    /// Whether that is less than there was.
    pub(super) cut: bool,
}

/// An open capture.
pub(super) struct File<R> {
    input: BufReader<R>,
    buffer: Vec<u8>,
    format: Format,
}

enum Format {
    Pcap(Pcap),
    Pcapng(Section),
}

struct Pcap {
    order: Order,
    link: u32,
    /// Nanoseconds in a unit of the fraction of a second.
    unit: u64,
    /// Length of the header of a frame.
    head: usize,
}

/// The byte order of a file's numbers.
#[derive(Clone, Copy)]
pub(super) enum Order {
    /// The most significant byte first.
    Big,
    /// The least significant byte first.
    Little,
}

impl Order {
    /// A number at some place, if it is there.
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let field = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Big => u16::from_be_bytes(field),
            Self::Little => u16::from_le_bytes(field),
        })
    }

    /// A number at some place, if it is there.
    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let field = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Big => u32::from_be_bytes(field),
            Self::Little => u32::from_le_bytes(field),
        })
    }

    /// A number.
    pub(super) fn i64(self, bytes: [u8; 8]) -> i64 {
        match self {
            Self::Big => i64::from_be_bytes(bytes),
            Self::Little => i64::from_le_bytes(bytes),
        }
    }
}

impl<R: Read> File<R> {
    /// Reads as much of the file as tells what it is.
    pub(super) fn open(input: R) -> Result<Self, CaptureError> {
        let mut input = BufReader::with_capacity(1 << 16, input);
        let mut buffer = Vec::new();
        if !fill(&mut input, &mut buffer, 4)? {
            return Err(CaptureError::Empty);
        }
        let magic: [u8; 4] = buffer.first_chunk().copied().unwrap_or_default();
        // The four pcap magics, and the variant with longer frame headers of old Linux tools.
        let (order, unit, head) = match magic {
            [0xa1, 0xb2, 0xc3, 0xd4] => (Order::Big, 1_000, 16),
            [0xd4, 0xc3, 0xb2, 0xa1] => (Order::Little, 1_000, 16),
            [0xa1, 0xb2, 0x3c, 0x4d] => (Order::Big, 1, 16),
            [0x4d, 0x3c, 0xb2, 0xa1] => (Order::Little, 1, 16),
            [0xa1, 0xb2, 0xcd, 0x34] => (Order::Big, 1_000, 24),
            [0x34, 0xcd, 0xb2, 0xa1] => (Order::Little, 1_000, 24),
            [0x0a, 0x0d, 0x0d, 0x0a] => {
                let format = Format::Pcapng(Section::open(&mut input, &mut buffer)?);
                return Ok(Self { input, buffer, format });
            }
            // gzip, zstd, xz, lz4.
            [0x1f, 0x8b, ..]
            | [0x28, 0xb5, 0x2f, 0xfd]
            | [0xfd, 0x37, 0x7a, 0x58]
            | [0x04, 0x22, 0x4d, 0x18] => return Err(CaptureError::Compressed),
            _ => return Err(CaptureError::NotACapture),
        };
        if !fill(&mut input, &mut buffer, 20)? {
            return Err(CaptureError::Empty);
        }
        // The upper bits of the link type tell about checksums at the end of frames.
        let link = order.u32(&buffer, 16).unwrap_or_default() & 0x03ff_ffff;
        Ok(Self { input, buffer, format: Format::Pcap(Pcap { order, link, unit, head }) })
    }

    /// The next frame, or none at the end, which `summary` then explains.
    pub(super) fn next(
        &mut self,
        summary: &mut Summary,
    ) -> Result<Option<Frame<'_>>, CaptureError> {
        match &mut self.format {
            Format::Pcap(pcap) => pcap.next(&mut self.input, &mut self.buffer, summary),
            Format::Pcapng(section) => section.next(&mut self.input, &mut self.buffer, summary),
        }
    }
}

impl Pcap {
    fn next<'a>(
        &self,
        input: &mut impl Read,
        buffer: &'a mut Vec<u8>,
        summary: &mut Summary,
    ) -> Result<Option<Frame<'a>>, CaptureError> {
        if !fill(input, buffer, u64::try_from(self.head).unwrap_or_default())? {
            summary.end = if buffer.is_empty() { End::Complete } else { End::Cut };
            return Ok(None);
        }
        let field = |at| self.order.u32(buffer, at).unwrap_or_default();
        let (secs, fraction, captured, original) = (field(0), field(4), field(8), field(12));
        let nanos = u128::from(fraction).saturating_mul(u128::from(self.unit));
        let time = moment(nanos, NANOS, i64::from(secs));
        if u64::from(captured) > MAX_RECORD {
            // Nothing but this length tells where the next frame starts.
            summary.end = End::Damaged;
            return Ok(None);
        }
        if !fill(input, buffer, u64::from(captured))? {
            summary.end = End::Cut;
            return Ok(None);
        }
        let cut = captured < original;
        Ok(Some(Frame { link: self.link, interface: 0, time, bytes: buffer, cut }))
    }
}

/// The moment a clock of some resolution shows, `offset` seconds added.
pub(super) fn moment(ticks: u128, resolution: u128, offset: i64) -> Option<Time> {
    let secs = i64::try_from(ticks.checked_div(resolution)?).ok()?.checked_add(offset)?;
    let nanos = ticks.checked_rem(resolution)?.checked_mul(NANOS)?.checked_div(resolution)?;
    Some(Time { secs, nanos: u32::try_from(nanos).ok()? })
}

/// Replaces the buffer with the next bytes; false if the file ends before there are that many.
pub(super) fn fill(input: &mut impl Read, buffer: &mut Vec<u8>, length: u64) -> io::Result<bool> {
    buffer.clear();
    let read = input.take(length).read_to_end(buffer)?;
    Ok(u64::try_from(read).is_ok_and(|read| read == length))
}

/// Steps over bytes; false if the file ends before there are that many.
pub(super) fn skip(input: &mut impl Read, length: u64) -> io::Result<bool> {
    Ok(io::copy(&mut input.take(length), &mut io::sink())? == length)
}
