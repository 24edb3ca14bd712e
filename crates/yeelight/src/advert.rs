//! What bulbs tell of themselves over UDP: the answer to a search, and the advertisement.
//!
//! Both are a start line and headers, one to a line:
//!
//! ```text
//! HTTP/1.1 200 OK                         or NOTIFY * HTTP/1.1
//! Cache-Control: max-age=3600
//! Location: yeelight://192.168.1.239:55443
//! id: 0x000000000015243f
//! model: color
//! fw_ver: 18
//! support: get_prop set_default set_power toggle
//! power: on                               and bright, color_mode, ct, rgb, hue, sat
//! name: my_bulb
//! ```
//!
//! They are read as leniently as firmware is written. A header's name ends at the first colon of its
//! line and may be in either case; blanks around name and value do not count; lines end in LF or CRLF;
//! headers may be empty, missing, unknown and any number. Of a header that is repeated the first one
//! counts. Text that is not UTF-8 is read with replacement characters. Only the start line and the id
//! have to be right.

mod index;
mod scan;

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use core::net::SocketAddrV4;
use core::time::Duration;

use self::index::Field;
pub(crate) use self::index::Index;
use self::scan::{RawHeaders, trim};
use crate::id::BulbId;
use crate::property::{Property, PropertyValue};

/// A search answer or an advertisement, checked once; the [owned form](crate::Sighting) adds who sent it.
///
/// All of it is what the datagram claims. Parsing allocates nothing.
///
/// ```
/// use iot_home_yeelight::{Advert, BulbId};
///
/// let advert = Advert::parse(b"HTTP/1.1 200 OK\r\nid: 0x15243f\r\nModel:color\r\nname: desk: left\r\n")?;
/// assert_eq!(advert.id(), BulbId::new(0x15243f));
/// assert_eq!(advert.model().as_deref(), Some("color"));
/// assert_eq!(advert.raw_name().as_deref(), Some("desk: left"));
/// assert_eq!(advert.location(), None);
/// # Ok::<(), iot_home_yeelight::AdvertError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Advert<'a> {
    datagram: &'a [u8],
    index: Index,
}

impl<'a> Advert<'a> {
    /// Reads a datagram.
    ///
    /// # Errors
    /// When it is neither an answer nor an advertisement, or has no id; see [`AdvertError`].
    pub fn parse(datagram: &'a [u8]) -> Result<Self, AdvertError> {
        Ok(Self { datagram, index: Index::of(datagram)? })
    }

    pub(crate) fn from_parts(datagram: &'a [u8], index: Index) -> Self {
        Self { datagram, index }
    }

    pub(crate) fn into_parts(self) -> (&'a [u8], Index) {
        (self.datagram, self.index)
    }

    /// Which of the two it is.
    pub fn kind(&self) -> AdvertKind {
        self.index.kind
    }

    /// The bulb's id.
    pub fn id(&self) -> BulbId {
        self.index.id
    }

    /// Where the bulb says that it is controlled, if it says so in the form
    /// `yeelight://192.168.1.239:55443`. [`Sighting::addr`](crate::Sighting::addr) is the address to use.
    pub fn location(&self) -> Option<SocketAddrV4> {
        let text = core::str::from_utf8(self.value(Field::Location)?).ok()?;
        let (scheme, rest) = text.split_once("://")?;
        let addr = rest.strip_suffix('/').unwrap_or(rest);
        let addr: SocketAddrV4 = addr.parse().ok()?;
        (scheme.eq_ignore_ascii_case("yeelight") && addr.port() != 0).then_some(addr)
    }

    /// How long the bulb lets this stand before it speaks again, held to between a second and a day.
    pub fn max_age(&self) -> Option<Duration> {
        let text = core::str::from_utf8(self.value(Field::CacheControl)?).ok()?;
        let seconds = text.split(',').find_map(|directive| {
            let (name, seconds) = directive.split_once('=')?;
            name.trim().eq_ignore_ascii_case("max-age").then_some(seconds.trim())
        })?;
        if seconds.is_empty() || !seconds.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        // A number that is too large for anything is the largest.
        let seconds = seconds.parse().unwrap_or(u64::MAX);
        Some(Duration::from_secs(seconds).clamp(MIN_AGE, MAX_AGE))
    }

    /// The model's short name, as in `color` or `ceiling4`; none where it is missing or empty.
    pub fn model(&self) -> Option<Cow<'a, str>> {
        self.value(Field::Model).filter(|model| !model.is_empty()).map(String::from_utf8_lossy)
    }

    /// The firmware's version, where it is a number as usual.
    pub fn fw_ver(&self) -> Option<u32> {
        core::str::from_utf8(self.value(Field::FwVer)?).ok()?.parse().ok()
    }

    /// The methods that the bulb takes. What is no UTF-8 is left out: it names none.
    pub fn support(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        let methods = self.value(Field::Support).unwrap_or_default();
        methods
            .split(u8::is_ascii_whitespace)
            .filter(|method| !method.is_empty())
            .filter_map(|method| core::str::from_utf8(method).ok())
    }

    /// The state that came along: `power`, `bright`, `color_mode`, `ct`, `rgb`, `hue`, `sat` and `name`
    /// (as it is stored), as far as they are there.
    pub fn properties(&self) -> impl Iterator<Item = (Property, PropertyValue)> + use<'a> {
        let this = *self;
        PROPERTIES.iter().filter_map(move |(field, property)| {
            let text = String::from_utf8_lossy(this.value(*field)?);
            Some((property.clone(), PropertyValue::from_text(property, &text)))
        })
    }

    /// The name as it is stored in the bulb, see [`name::decode`](crate::name::decode); none where the
    /// header is missing, and an empty one where the bulb was never given a name.
    pub fn raw_name(&self) -> Option<Cow<'a, str>> {
        self.value(Field::Name).map(String::from_utf8_lossy)
    }

    /// The bulb's name.
    pub fn name(&self) -> Option<Cow<'a, str>> {
        Some(match self.raw_name()? {
            Cow::Borrowed(stored) => crate::name::decode(stored),
            // Not even UTF-8, so no BASE64.
            owned @ Cow::Owned(_) => owned,
        })
    }

    /// The value of a header, by its name in either case. Those with a method of their own are found at
    /// once, others are looked for.
    pub fn header(&self, name: &str) -> Option<Cow<'a, str>> {
        let name = name.as_bytes();
        let value = match Field::named(name) {
            Some(field) => self.value(field),
            None => self
                .raw_headers()
                .find(|(other, _)| other.eq_ignore_ascii_case(name))
                .map(|(_, value)| value),
        };
        value.map(String::from_utf8_lossy)
    }

    /// Every header in order, names and values without the blanks around them.
    pub fn headers(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + Clone + use<'a> {
        self.raw_headers()
            .map(|(name, value)| (String::from_utf8_lossy(name), String::from_utf8_lossy(value)))
    }

    pub(crate) fn raw_headers(
        &self,
    ) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone + use<'a> {
        let (_, headers) = RawHeaders::new(self.datagram);
        headers.map(|header| (header.name(), trim(header.value)))
    }

    /// The datagram.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.datagram
    }

    fn value(&self, field: Field) -> Option<&'a [u8]> {
        self.index.value(self.datagram, field)
    }
}

impl fmt::Debug for Advert<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Advert")
            .field("kind", &self.kind())
            .field("id", &self.id())
            .field("location", &self.location())
            .field("model", &self.model().unwrap_or_default())
            .field("name", &self.name().unwrap_or_default())
            .field("len", &self.datagram.len())
            .finish_non_exhaustive()
    }
}

/// What made a bulb speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "the protocol has these two")]
pub enum AdvertKind {
    /// A search.
    Answer,
    /// That it joined the network, or that its last advertisement grew old.
    Notify,
}

/// Why a datagram tells of no bulb.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdvertError {
    /// It is a search, somebody else's or our own, as the group hears them all.
    #[error("a search, not an answer")]
    Search,
    /// It begins otherwise than a search answer or an advertisement.
    #[error("neither a search answer nor an advertisement")]
    StartLine,
    /// It has no id.
    #[error("no id")]
    NoId,
    /// Its id is none: 1 to 16 hexadecimal digits behind `0x`.
    #[error("an id that is not hexadecimal, or was cut off")]
    Id,
    /// It is longer than a datagram can be.
    #[error("{length} bytes are more than a datagram holds")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
}

const MIN_AGE: Duration = Duration::from_secs(1);
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);

const PROPERTIES: [(Field, Property); 8] = [
    (Field::Power, Property::Power),
    (Field::Bright, Property::Bright),
    (Field::ColorMode, Property::ColorMode),
    (Field::Ct, Property::Ct),
    (Field::Rgb, Property::Rgb),
    (Field::Hue, Property::Hue),
    (Field::Sat, Property::Sat),
    (Field::Name, Property::Name),
];
