//! Packet captures: the UDP datagrams of a pcap or pcapng file.
//!
//! [`read`] streams a capture of any size through a buffer of fixed bounds and hands over every
//! UDP datagram in it: IPv4 and IPv6 over Ethernet (VLAN tags included), Linux "any" captures,
//! raw IP and BSD loopback, put together again where IP had fragmented it. A capture is hostile
//! input: what is damaged, cut off or of an unknown kind is stepped over and counted in the
//! [`Summary`], never guessed at.

mod file;
mod packet;
mod pcapng;
mod reassembly;
#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::net::SocketAddr;
use std::ops::ControlFlow;

use self::file::File;
use self::packet::Skip;
use self::reassembly::{Key, Reassembly};

/// A moment as the capture recorded it, counted from 1970-01-01 00:00 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time {
    /// Whole seconds.
    pub(crate) secs: i64,
    /// Nanoseconds within the second, below 1,000,000,000.
    pub(crate) nanos: u32,
}

/// One UDP datagram of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Captured<'a> {
    /// Number of the frame in the capture, from 1; of the last fragment if it was fragmented.
    pub(crate) frame: u64,
    /// When that frame was captured, if the capture says so.
    pub(crate) time: Option<Time>,
    /// Sender.
    pub(crate) src: SocketAddr,
    /// Receiver.
    pub(crate) dst: SocketAddr,
    /// What the datagram carries.
    pub(crate) payload: &'a [u8],
}

/// How reading a capture ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// At the end of the file.
    #[default]
    Complete,
    /// The file ends in the middle of a record, as a capture still being written does.
    Cut,
    /// A record's length makes no sense, so where the next one starts is unknown.
    Damaged,
    /// The caller wanted no more.
    Stopped,
}

/// What a capture held, and what of it could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Captured frames.
    pub(crate) frames: u64,
    /// UDP datagrams handed over.
    pub(crate) datagrams: u64,
    /// Frames that held one fragment of a UDP datagram.
    pub(crate) fragments: u64,
    /// Frames that hold no UDP: nothing is wrong with them.
    pub(crate) not_udp: u64,
    /// Frames the capture kept too little of: recorded with a snapshot length.
    pub(crate) truncated: u64,
    /// Frames, or datagrams put together from fragments, that contradict themselves.
    pub(crate) malformed: u64,
    /// Datagrams of which fragments are missing.
    pub(crate) incomplete: u64,
    /// Frames of a link type that is not supported.
    pub(crate) other_link: u64,
    /// The first such link type, as in the registry at <https://www.tcpdump.org/linktypes.html>.
    pub(crate) link_type: Option<u32>,
    /// Records of the file that were stepped over: damaged or beyond any sensible size.
    pub(crate) damaged: u64,
    /// How reading ended.
    pub(crate) end: End,
}

impl Summary {
    /// What a person should know about the parts of the capture that were not read, a line each.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut count = |what: &str, n: u64| {
            if n > 0 {
                lines.push(format!("{what}: {n}"));
            }
        };
        count("frames cut short by the capture (record with snapshot length 0)", self.truncated);
        count("malformed packets", self.malformed);
        count("datagrams with missing fragments", self.incomplete);
        count("damaged records of the file", self.damaged);
        if let Some(link) = self.link_type {
            count(&format!("frames of a link type not supported ({link})"), self.other_link);
        }
        match self.end {
            End::Complete | End::Stopped => {}
            End::Cut => lines.push("the file ends in the middle of a record".to_owned()),
            End::Damaged => {
                lines.push("the file is damaged; nothing after the damage was read".to_owned());
            }
        }
        lines
    }

    fn skip(&mut self, why: Skip) {
        let counter = match why {
            Skip::NotUdp => &mut self.not_udp,
            Skip::Truncated => &mut self.truncated,
            Skip::Malformed => &mut self.malformed,
            Skip::Link(link) => {
                self.link_type.get_or_insert(link);
                &mut self.other_link
            }
        };
        increase(counter);
    }
}

/// Why a file could not be read as a capture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaptureError {
    /// The file starts like nothing known.
    #[error("not a pcap or pcapng file")]
    NotACapture,
    /// The file is compressed.
    #[error("the capture is compressed; decompress it first (gunzip, zstd -d or similar)")]
    Compressed,
    /// The file ends before its header does.
    #[error("the file is empty or ends before its first packet: nothing was captured")]
    Empty,
    /// The operating system could not read the file.
    #[error("cannot read the capture: {0}")]
    Io(#[from] io::Error),
}

/// Reads a pcap or pcapng capture and hands every UDP datagram in it to `each`, until that breaks.
///
/// Memory is bounded whatever the input holds: one record (at most a mebibyte) and the datagrams
/// waiting for fragments (at most 64, of 64 KiB).
pub(crate) fn read(
    input: impl Read,
    mut each: impl FnMut(Captured<'_>) -> ControlFlow<()>,
) -> Result<Summary, CaptureError> {
    let mut summary = Summary::default();
    let mut file = File::open(input)?;
    let mut fragments = Reassembly::default();
    while let Some(frame) = file.next(&mut summary)? {
        increase(&mut summary.frames);
        let ip = match packet::parse(frame.link, frame.bytes, frame.cut) {
            Ok(ip) => ip,
            Err(why) => {
                summary.skip(why);
                continue;
            }
        };
        let whole;
        let datagram = match ip.fragment {
            None => ip.payload,
            Some(fragment) => {
                increase(&mut summary.fragments);
                let interface = frame.interface;
                let (src, dst, id) = (ip.src, ip.dst, fragment.id);
                let key = Key { interface, vlans: ip.vlans, src, dst, id };
                match fragments.add(key, fragment, ip.payload, frame.time, &mut summary) {
                    Some(datagram) => whole = datagram,
                    None => continue,
                }
                whole.as_slice()
            }
        };
        let Some((from, to, payload)) = packet::udp(datagram) else {
            summary.skip(Skip::Malformed);
            continue;
        };
        increase(&mut summary.datagrams);
        let src = SocketAddr::new(ip.src, from);
        let dst = SocketAddr::new(ip.dst, to);
        let captured = Captured { frame: summary.frames, time: frame.time, src, dst, payload };
        if each(captured).is_break() {
            summary.end = End::Stopped;
            break;
        }
    }
    summary.incomplete = summary.incomplete.saturating_add(fragments.pending());
    Ok(summary)
}

/// Whether a UDP payload is a miIO packet, on whatever port it travelled: the magic, room for the
/// header of 32 bytes, and a length field that covers the header and no more than is there.
pub(crate) fn looks_like_miio(payload: &[u8]) -> bool {
    let Some(&[0x21, 0x31, high, low]) = payload.first_chunk::<4>() else {
        return false;
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    (32..=payload.len()).contains(&length)
}

fn increase(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
