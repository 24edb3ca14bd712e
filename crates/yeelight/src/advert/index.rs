//! Where the headers that are known stand, as offsets into the datagram.

use super::scan::{RawHeader, RawHeaders, trim_end, trim_start};
use super::{AdvertError, AdvertKind};
use crate::id::BulbId;

/// What the one pass over a datagram has found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Index {
    pub(super) kind: AdvertKind,
    pub(super) id: BulbId,
    spans: [Span; FIELDS],
}

impl Index {
    pub(super) fn of(datagram: &[u8]) -> Result<Self, AdvertError> {
        if datagram.len() > usize::from(u16::MAX) {
            return Err(AdvertError::TooLong { length: datagram.len() });
        }
        let (start, headers) = RawHeaders::new(datagram);
        let kind = match start {
            b"HTTP/1.1 200 OK" => AdvertKind::Answer,
            b"NOTIFY * HTTP/1.1" => AdvertKind::Notify,
            _ if start.starts_with(b"M-SEARCH ") => return Err(AdvertError::Search),
            _ => return Err(AdvertError::StartLine),
        };
        let mut spans = [Span::NONE; FIELDS];
        let mut may_be_cut = false;
        for header in headers {
            let Some(field) = Field::of(&header) else { continue };
            // The first one counts: what somebody hides in a name, which stands last, changes nothing.
            if let Some(span) = spans.get_mut(field as usize)
                && *span == Span::NONE
            {
                *span = Span::of(&header);
                may_be_cut |= field == Field::Id && !header.is_whole;
            }
        }
        let index = Self { kind, id: BulbId::new(0), spans };
        let id = index.value(datagram, Field::Id).ok_or(AdvertError::NoId)?;
        // Half an id would be another bulb's.
        let is_trusted = !may_be_cut || id.len() == "0x000000000015243f".len();
        let id = BulbId::from_ascii(id).filter(|_| is_trusted).ok_or(AdvertError::Id)?;
        Ok(Self { id, ..index })
    }

    /// The value of a field, in the datagram that this index is of.
    pub(super) fn value<'a>(&self, datagram: &'a [u8], field: Field) -> Option<&'a [u8]> {
        let span = *self.spans.get(field as usize)?;
        if span == Span::NONE {
            return None;
        }
        datagram.get(usize::from(span.start)..usize::from(span.end))
    }
}

/// The place of a value. None begins at 0, where the start line stands.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Span {
    start: u16,
    end: u16,
}

impl Span {
    const NONE: Self = Self { start: 0, end: 0 };

    #[inline(always)]
    fn of(header: &RawHeader<'_>) -> Self {
        let value = trim_start(header.value);
        // Offsets into a slice do not overflow.
        let start = header.at.wrapping_add(header.value.len().wrapping_sub(value.len()));
        let end = start.wrapping_add(trim_end(value).len());
        match (u16::try_from(start), u16::try_from(end)) {
            (Ok(start), Ok(end)) => Self { start, end },
            _ => Self::NONE,
        }
    }
}

/// A header that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    CacheControl,
    Location,
    Id,
    Model,
    FwVer,
    Support,
    Power,
    Bright,
    ColorMode,
    Ct,
    Rgb,
    Hue,
    Sat,
    Name,
}

const FIELDS: usize = Field::Name as usize + 1;

impl Field {
    #[inline(always)]
    fn of(header: &RawHeader<'_>) -> Option<Self> {
        // As bulbs write them; whatever else it may be is looked at more closely.
        match header.before_colon {
            b"id" => Some(Self::Id),
            b"ct" => Some(Self::Ct),
            b"rgb" => Some(Self::Rgb),
            b"hue" => Some(Self::Hue),
            b"sat" => Some(Self::Sat),
            b"name" => Some(Self::Name),
            b"model" => Some(Self::Model),
            b"power" => Some(Self::Power),
            b"fw_ver" => Some(Self::FwVer),
            b"bright" => Some(Self::Bright),
            b"support" => Some(Self::Support),
            b"Location" => Some(Self::Location),
            b"color_mode" => Some(Self::ColorMode),
            b"Cache-Control" => Some(Self::CacheControl),
            b"Date" | b"Ext" | b"Server" | b"Host" | b"NTS" => None,
            _ => Self::named(header.name()),
        }
    }

    /// The field with this name, in either case.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let (field, known) = match (name.len(), name.first()?.to_ascii_lowercase()) {
            (2, b'i') => (Self::Id, "id"),
            (2, b'c') => (Self::Ct, "ct"),
            (3, b'r') => (Self::Rgb, "rgb"),
            (3, b'h') => (Self::Hue, "hue"),
            (3, b's') => (Self::Sat, "sat"),
            (4, b'n') => (Self::Name, "name"),
            (5, b'm') => (Self::Model, "model"),
            (5, b'p') => (Self::Power, "power"),
            (6, b'f') => (Self::FwVer, "fw_ver"),
            (6, b'b') => (Self::Bright, "bright"),
            (7, b's') => (Self::Support, "support"),
            (8, b'l') => (Self::Location, "location"),
            (10, b'c') => (Self::ColorMode, "color_mode"),
            (13, b'c') => (Self::CacheControl, "cache-control"),
            _ => return None,
        };
        name.eq_ignore_ascii_case(known.as_bytes()).then_some(field)
    }
}
