//! pcapng: a sequence of blocks, in sections.
//!
//! Section headers (byte order), interface descriptions (link type, clock) and packet blocks are
//! read; all others are stepped over.

use std::io::{self, Read};
use std::ops::Range;

use super::file::{Frame, MAX_RECORD, Order, fill, moment, skip};
use super::{CaptureError, End, Summary, Time, increase};

/// The most interfaces one section may describe.
const MAX_INTERFACES: usize = 1 << 16;

/// Block types.
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// A pcapng capture, within one of its sections.
pub(super) struct Section {
    order: Order,
    /// In order of appearance; none where the description could not be read.
    interfaces: Vec<Option<Interface>>,
}

#[derive(Clone, Copy)]
struct Interface {
    link: u32,
    snaplen: u32,
    /// Units of its clock in a second.
    resolution: Option<u128>,
    /// Seconds to add to its clock.
    offset: i64,
}

/// A packet block, its bytes by their place in the block.
struct Packet {
    link: u32,
    interface: u32,
    time: Option<Time>,
    range: Range<usize>,
    cut: bool,
}

impl Section {
    /// Reads the section header a file starts with, behind its type.
    pub(super) fn open(input: &mut impl Read, buffer: &mut Vec<u8>) -> Result<Self, CaptureError> {
        match section(input, buffer)? {
            Ok(order) => Ok(Self { order, interfaces: Vec::new() }),
            Err(End::Cut) => Err(CaptureError::Empty),
            Err(_) => Err(CaptureError::NotACapture),
        }
    }

    /// The next frame, or none at the end, which `summary` then explains.
    pub(super) fn next<'a>(
        &mut self,
        input: &mut impl Read,
        buffer: &'a mut Vec<u8>,
        summary: &mut Summary,
    ) -> Result<Option<Frame<'a>>, CaptureError> {
        let packet = loop {
            match self.block(input, buffer, summary)? {
                Ok(Some(packet)) => break packet,
                Ok(None) => {}
                Err(end) => {
                    summary.end = end;
                    return Ok(None);
                }
            }
        };
        let Packet { link, interface, time, range, cut } = packet;
        let bytes = buffer.get(range).unwrap_or_default();
        Ok(Some(Frame { link, interface, time, bytes, cut }))
    }

    /// Reads a block, of which the buffer then holds what follows its first length.
    fn block(
        &mut self,
        input: &mut impl Read,
        buffer: &mut Vec<u8>,
        summary: &mut Summary,
    ) -> io::Result<Result<Option<Packet>, End>> {
        if !fill(input, buffer, 4)? {
            return Ok(Err(if buffer.is_empty() { End::Complete } else { End::Cut }));
        }
        let kind = self.order.u32(buffer, 0).unwrap_or_default();
        if kind == SECTION {
            return Ok(section(input, buffer)?.map(|order| {
                *self = Self { order, interfaces: Vec::new() };
                None
            }));
        }
        if !fill(input, buffer, 4)? {
            return Ok(Err(End::Cut));
        }
        let length = self.order.u32(buffer, 0).unwrap_or_default();
        let Some(rest) = remaining(length, 8) else {
            return Ok(Err(End::Damaged));
        };
        let wanted = matches!(kind, INTERFACE | OBSOLETE_PACKET | SIMPLE_PACKET | ENHANCED_PACKET);
        let taken = wanted && rest <= MAX_RECORD;
        if !(if taken { fill(input, buffer, rest)? } else { skip(input, rest)? }) {
            return Ok(Err(End::Cut));
        }
        let content = if taken { self.content(buffer, length) } else { None };
        let (packet, read) = if kind == INTERFACE {
            let interface = content.and_then(|content| self.interface(content));
            // A description that cannot be read still counts: packets name them by number.
            let room = self.interfaces.len() < MAX_INTERFACES;
            if room {
                self.interfaces.push(interface);
            }
            (None, interface.is_some() && room)
        } else {
            let packet = content.and_then(|content| self.packet(kind, content));
            let read = packet.is_some() || !wanted;
            (packet, read)
        };
        if !read {
            increase(&mut summary.damaged);
        }
        Ok(Ok(packet))
    }

    /// A block without the length at its end, which has to be that at its start.
    fn content<'a>(&self, rest: &'a [u8], length: u32) -> Option<&'a [u8]> {
        let (content, end) = rest.split_last_chunk::<4>()?;
        (self.order.u32(end, 0)? == length).then_some(content)
    }

    fn interface(&self, content: &[u8]) -> Option<Interface> {
        let link = u32::from(self.order.u16(content, 0)?);
        let snaplen = self.order.u32(content, 4)?;
        let (mut resolution, mut offset) = (Some(1_000_000), 0);
        let mut options = content.get(8..)?;
        while let (Some(code), Some(length)) =
            (self.order.u16(options, 0), self.order.u16(options, 2))
        {
            let length = usize::from(length);
            let Some((value, rest)) = options.get(4..).and_then(|o| o.split_at_checked(length))
            else {
                break;
            };
            match (code, value) {
                (0, _) => break,
                (9, &[exponent]) => resolution = units_per_second(exponent),
                (14, value) => offset = value.try_into().map_or(0, |value| self.order.i64(value)),
                _ => {}
            }
            let padding = length.next_multiple_of(4).saturating_sub(length);
            options = rest.get(padding..).unwrap_or_default();
        }
        Some(Interface { link, snaplen, resolution, offset })
    }

    fn packet(&self, kind: u32, content: &[u8]) -> Option<Packet> {
        let field = |at| self.order.u32(content, at);
        let interface = match kind {
            SIMPLE_PACKET => 0,
            OBSOLETE_PACKET => u32::from(self.order.u16(content, 0)?),
            _ => field(0)?,
        };
        let Interface { link, snaplen, resolution, offset } =
            (*self.interfaces.get(usize::try_from(interface).ok()?)?)?;
        if kind == SIMPLE_PACKET {
            // It says how long the packet was, not how much of it was captured.
            let original = field(0)?;
            let captured = if snaplen == 0 { original } else { original.min(snaplen) };
            let captured = usize::try_from(captured).ok()?;
            let end = captured.checked_add(4)?.min(content.len());
            let cut = end.checked_sub(4)? < usize::try_from(original).ok()?;
            return Some(Packet { link, interface, time: None, range: 4..end, cut });
        }
        let ticks = u64::from(field(4)?) << 32 | u64::from(field(8)?);
        let time = resolution.and_then(|per_second| moment(ticks.into(), per_second, offset));
        let (captured, original) = (field(12)?, field(16)?);
        let range = 20..usize::try_from(captured).ok()?.checked_add(20)?;
        content.get(range.clone())?;
        Some(Packet { link, interface, time, range, cut: captured < original })
    }
}

/// Reads a section header behind its type, which is the same in either byte order.
fn section(input: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<Result<Order, End>> {
    if !fill(input, buffer, 8)? {
        return Ok(Err(End::Cut));
    }
    let order = match buffer.get(4..) {
        Some([0x1a, 0x2b, 0x3c, 0x4d]) => Order::Big,
        Some([0x4d, 0x3c, 0x2b, 0x1a]) => Order::Little,
        _ => return Ok(Err(End::Damaged)),
    };
    let Some(rest) = remaining(order.u32(buffer, 0).unwrap_or_default(), 12) else {
        return Ok(Err(End::Damaged));
    };
    Ok(if skip(input, rest)? { Ok(order) } else { Err(End::Cut) })
}

/// What is left of a block of some length, of which some bytes were read: at least its length
/// once more.
fn remaining(length: u32, read: u32) -> Option<u64> {
    let rest = length.checked_sub(read)?;
    (rest >= 4 && length.is_multiple_of(4)).then_some(u64::from(rest))
}

/// The clock resolution an interface describes: a power of ten, or of two with the top bit set.
fn units_per_second(exponent: u8) -> Option<u128> {
    match exponent & 0x80 {
        0 => 10_u128.checked_pow(u32::from(exponent)),
        _ => 1_u128.checked_shl(u32::from(exponent & 0x7f)),
    }
}
