//! Searches, read as strictly as a bulb reads them, and what is answered.

use std::net::SocketAddr;

use crate::yeelight::faults::Faults;
use crate::yeelight::quirk::Quirk;
use crate::yeelight::report::Violations;

/// Why a search is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    StartLine,
    LineEnd,
    Header,
    Host,
    NoMan,
    Man,
    CurlyQuotes,
    NoSt,
    St,
    /// What another bulb sent to the group.
    NotForUs,
}

impl Dropped {
    pub(crate) fn counter(self, violations: &mut Violations) -> Option<&mut u64> {
        Some(match self {
            Self::StartLine => &mut violations.bad_start_line,
            Self::LineEnd => &mut violations.search_line_end,
            Self::Header => &mut violations.bad_header,
            Self::Host => &mut violations.wrong_host,
            Self::NoMan => &mut violations.missing_man,
            Self::Man => &mut violations.wrong_man,
            Self::CurlyQuotes => &mut violations.curly_quotes,
            Self::NoSt => &mut violations.missing_st,
            Self::St => &mut violations.wrong_st,
            Self::NotForUs => return None,
        })
    }
}

/// Whether a datagram is a search that the bulb at `location` answers.
pub(crate) fn check(datagram: &[u8], location: SocketAddr) -> Result<(), Dropped> {
    if datagram.starts_with(b"NOTIFY * HTTP/1.1\r\n") || datagram.starts_with(b"HTTP/1.1 ") {
        return Err(Dropped::NotForUs);
    }
    // The vendor's client ends with a NUL.
    let datagram = datagram.strip_suffix(b"\0").unwrap_or(datagram);
    let text = str::from_utf8(datagram).map_err(|_| Dropped::StartLine)?;
    let mut lines = text.split('\n');
    let start = lines.next().unwrap_or_default();
    let start = start.strip_suffix('\r').ok_or(match start {
        START_LINE => Dropped::LineEnd,
        _ => Dropped::StartLine,
    })?;
    if start != START_LINE {
        return Err(Dropped::StartLine);
    }
    let (mut man, mut st) = (None, None);
    let mut lines = lines.peekable();
    while let Some(line) = lines.next() {
        let last = lines.peek().is_none();
        let line = match line.strip_suffix('\r') {
            Some(line) => line,
            None if last => line,
            None => return Err(Dropped::LineEnd),
        };
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or(Dropped::Header)?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("MAN") {
            man = Some(value);
        } else if name.eq_ignore_ascii_case("ST") {
            st = Some(value);
        } else if name.eq_ignore_ascii_case("HOST") && !is_us(value, location) {
            return Err(Dropped::Host);
        }
    }
    match man {
        None => return Err(Dropped::NoMan),
        Some(MAN) => {}
        Some(man) if man.contains(['\u{201c}', '\u{201d}']) => return Err(Dropped::CurlyQuotes),
        Some(_) => return Err(Dropped::Man),
    }
    match st {
        None => Err(Dropped::NoSt),
        Some("wifi_bulb") => Ok(()),
        Some(_) => Err(Dropped::St),
    }
}

/// The document allows the group only; devices also answer to their own address.
fn is_us(host: &str, location: SocketAddr) -> bool {
    let own = || host.parse().is_ok_and(|host: SocketAddr| host.ip() == location.ip());
    host == "239.255.255.250:1982" || own()
}

/// A search answer or an advertisement, header by header.
#[derive(Clone, Debug)]
pub(crate) struct Announcement {
    pub(crate) start: &'static str,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
}

impl Announcement {
    pub(crate) fn write(mut self, faults: &Faults) -> Vec<u8> {
        if !faults.quirks.is_empty() {
            self.disturb(faults);
        }
        let colon = if faults.has(Quirk::SearchNoBlank) { ":" } else { ": " };
        let end = if faults.has(Quirk::SearchLf) { "\n" } else { "\r\n" };
        let mut datagram = self.start.as_bytes().to_vec();
        datagram.extend_from_slice(end.as_bytes());
        for (name, value) in &self.headers {
            for part in [name.as_bytes(), colon.as_bytes(), value, end.as_bytes()] {
                datagram.extend_from_slice(part);
            }
        }
        if faults.has(Quirk::SearchTruncated) {
            datagram.truncate(datagram.len() / 2);
        }
        datagram
    }

    fn disturb(&mut self, faults: &Faults) {
        if faults.has(Quirk::SearchNoLocation) {
            self.headers.retain(|(name, _)| name != "Location");
        }
        if faults.has(Quirk::SearchNoName) {
            self.headers.retain(|(name, _)| name != "name");
        }
        if faults.has(Quirk::SearchExtraHeader) {
            self.headers.push(("lan_rssi".into(), b"-51".to_vec()));
        }
        for (quirk, name, value) in [
            (Quirk::SearchBadLocation, "Location", &b"yeelight://lamp.local"[..]),
            (Quirk::SearchNameColon, "name", b"desk: left"),
            (Quirk::SearchLatin1Name, "name", b"K\xfcche"),
            (Quirk::SearchBase64Name, "name", b"5Lit5paH"),
        ] {
            if faults.has(quirk)
                && let Some((_, old)) = self.headers.iter_mut().find(|(known, _)| known == name)
            {
                *old = value.to_vec();
            }
        }
        if faults.has(Quirk::SearchCapitals) {
            for (name, _) in &mut self.headers {
                name.make_ascii_uppercase();
            }
        }
    }
}

const START_LINE: &str = "M-SEARCH * HTTP/1.1";
const MAN: &str = "\"ssdp:discover\"";
