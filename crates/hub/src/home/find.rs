//! Which device is meant: by its name, its did, its address, or another of its ids.

use std::net::{IpAddr, SocketAddr};

use iot_home_core::{Did, Mac};
use iot_home_lumi::Sid;
use iot_home_yeelight::BulbId;

use super::error::{Cause, Error};
use crate::{DeviceKey, Facts, Household};

/// The one device that is meant. Ids and addresses come before names.
pub(super) fn find(household: &Household, text: &str) -> Result<DeviceKey, Error> {
    let text = text.trim();
    if let Some(key) = by_id(household, text) {
        return Ok(key);
    }
    let at = by_address(household, text);
    let named = |exact: bool| -> Vec<DeviceKey> {
        let is = |name: &str| if exact { name == text } else { normal(name) == normal(text) };
        let all = household.devices();
        all.filter(|(_, facts)| facts.name.as_deref().is_some_and(is)).map(|(key, _)| key).collect()
    };
    let mut found = [at, named(true), named(false)].into_iter().filter(|found| !found.is_empty());
    match found.next().as_deref() {
        Some([key]) => Ok(*key),
        Some(several) => {
            let facts = several.iter().filter_map(|key| household.facts(*key));
            Err(Error::new(Cause::Ambiguous {
                name: shortened(text),
                candidates: facts.map(distinct).collect(),
            }))
        }
        None => {
            Err(Error::new(Cause::Unknown { name: shortened(text), near: near(household, text) }))
        }
    }
}

/// What a device is called: by its name, or else by an id or an address.
pub(super) fn called(facts: &Facts) -> Box<str> {
    facts.name.clone().unwrap_or_else(|| id(facts))
}

fn by_id(household: &Household, text: &str) -> Option<DeviceKey> {
    let did = text.parse::<Did>().ok().and_then(|did| household.by_did(&did));
    let bulb = || text.parse::<BulbId>().ok().and_then(|bulb| household.by_bulb(bulb));
    let mac = || text.parse::<Mac>().ok().and_then(|mac| household.by_mac(mac));
    let sid = || text.strip_prefix("lumi.").unwrap_or(text).parse::<Sid>().ok();
    let sid = || sid().and_then(|sid| household.by_sid(sid));
    did.or_else(bulb).or_else(mac).or_else(sid)
}

/// The devices at an address, which may be with or without a port.
fn by_address(household: &Household, text: &str) -> Vec<DeviceKey> {
    let at = |is_there: &dyn Fn(&Facts) -> bool| -> Vec<DeviceKey> {
        household.devices().filter(|(_, facts)| is_there(facts)).map(|(key, _)| key).collect()
    };
    if let Ok(addr) = text.parse::<SocketAddr>() {
        let heard = at(&|facts| addrs(facts).into_iter().flatten().any(|there| there == addr));
        return if heard.is_empty() { at(&|facts| is_usual(facts, addr)) } else { heard };
    }
    let Ok(ip) = text.parse::<IpAddr>() else { return Vec::new() };
    at(&|facts| {
        facts.host == Some(ip) || addrs(facts).into_iter().flatten().any(|there| there.ip() == ip)
    })
}

/// Where a device was heard, in each protocol of the LAN.
fn addrs(facts: &Facts) -> [Option<SocketAddr>; 3] {
    [facts.miio, facts.yeelight, facts.lumi]
}

/// Whether it is the usual port of a protocol that the device was not heard in, at the address that it is known by.
fn is_usual(facts: &Facts, addr: SocketAddr) -> bool {
    let mut unheard = addrs(facts).into_iter().zip(PORTS).filter(|(heard, _)| heard.is_none());
    facts.host == Some(addr.ip()) && unheard.any(|(_, port)| port == addr.port())
}

/// Names that may have been meant, the likeliest first.
fn near(household: &Household, text: &str) -> Vec<Box<str>> {
    let wanted = normal(text);
    if wanted.chars().count() > LONGEST {
        return Vec::new();
    }
    let distance = |name: &str| {
        let known = normal(name);
        if wanted.chars().count() > 2 && known.contains(&wanted) {
            return Some(1);
        }
        let most = wanted.chars().count().div_ceil(3);
        let edits = edits(&wanted, &known, most)?;
        (edits <= most).then_some(edits)
    };
    let names = household.devices().filter_map(|(_, facts)| facts.name.as_deref());
    let mut near: Vec<_> =
        names.filter_map(|name| Some((distance(name)?, Box::<str>::from(name)))).collect();
    near.sort();
    near.dedup_by(|one, other| one.1 == other.1);
    near.into_iter().take(SUGGESTED).map(|(_, name)| name).collect()
}

/// Letters that are missing, too many or others; none where the lengths alone say that it is more than `most`.
fn edits(one: &str, other: &str, most: usize) -> Option<usize> {
    let other: Vec<char> = other.chars().take(LONGEST).collect();
    if one.chars().count().min(LONGEST).abs_diff(other.len()) > most {
        return None;
    }
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.chars().take(LONGEST).enumerate() {
        let mut next = vec![row.saturating_add(1)];
        for ((same, above), at) in other.iter().zip(last.windows(2)).zip(0..) {
            let [diagonal, above] = above else { continue };
            let left: usize = next.get(at as usize).copied().unwrap_or(LONGEST);
            let changed = diagonal.saturating_add(usize::from(*same != letter));
            next.push(changed.min(above.saturating_add(1)).min(left.saturating_add(1)));
        }
        last = next;
    }
    last.last().copied()
}

/// Names as they are compared.
fn normal(name: &str) -> String {
    name.trim().to_lowercase()
}

/// A name that tells a device from others of the same name.
fn distinct(facts: &Facts) -> Box<str> {
    match &facts.name {
        Some(name) => format!("{name} ({})", id(facts)).into(),
        None => id(facts),
    }
}

fn id(facts: &Facts) -> Box<str> {
    let addr = facts.miio.or(facts.yeelight).or(facts.lumi);
    if let Some(did) = &facts.did {
        did.to_string().into()
    } else if let Some(bulb) = facts.bulb {
        bulb.to_string().into()
    } else if let Some(mac) = facts.mac {
        mac.to_string().into()
    } else if let Some(addr) = addr {
        addr.to_string().into()
    } else {
        "a device".into()
    }
}

fn shortened(text: &str) -> Box<str> {
    text.chars().take(64).collect::<String>().into()
}

/// The usual ports, in the order of [`addrs`].
const PORTS: [u16; 3] = [iot_home_miio::PORT, iot_home_yeelight::PORT, iot_home_lumi::PORT];
/// How many names are suggested.
const SUGGESTED: usize = 3;
/// Nothing is suggested for what is longer, and longer names are compared by their beginning.
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;
    use crate::home::ErrorKind;

    fn household() -> Household {
        let mut household = Household::new();
        for (did, name, addr) in [
            (1, "Desk lamp", "10.0.0.1:54321"),
            (2, "Küche", "10.0.0.2:54321"),
            (3, "Plug", "10.0.0.3:54321"),
            (4, "plug", "10.0.0.4:54321"),
            (5, "Fan", "10.0.0.5:54321"),
            (6, "Fan", "10.0.0.6:54321"),
        ] {
            let facts = Facts {
                did: Some(did.into()),
                name: Some(name.into()),
                miio: Some(addr.parse().unwrap()),
                ..Facts::default()
            };
            household.learn(Source::Miio, facts).unwrap();
        }
        household
    }

    fn found(text: &str) -> Option<Did> {
        let household = household();
        let key = find(&household, text).ok()?;
        household.facts(key)?.did.clone()
    }

    #[test]
    fn a_device_is_found_by_whatever_it_is_called() {
        for (text, did) in [
            ("Desk lamp", 1),
            (" desk LAMP ", 1),
            ("küche", 2),
            ("KÜCHE", 2),
            ("1", 1),
            ("10.0.0.2", 2),
            ("10.0.0.2:54321", 2),
            // The exact name comes before one that only looks alike.
            ("Plug", 3),
            ("plug", 4),
        ] {
            assert_eq!(found(text), Some(did.into()), "{text}");
        }
    }

    /// As the cloud tells of a device: a host, and no port.
    #[test]
    fn a_usual_port_may_be_written_out() {
        let mut household = household();
        let mut learn = |facts: Facts| household.learn(Source::Cloud, facts).unwrap().device;
        let host = |did: u64, host: &str| Facts {
            did: Some(did.into()),
            host: Some(host.parse().unwrap()),
            ..Facts::default()
        };
        let (lamp, v6) = (learn(host(11, "10.0.0.11")), learn(host(12, "fe80::1")));
        let moved =
            Facts { miio: Some("10.0.0.13:5000".parse().unwrap()), ..host(13, "10.0.0.13") };
        let moved = learn(moved);
        // What was heard there is meant, and not what was said to be.
        learn(host(14, "10.0.0.5"));
        let found = |text: &str| find(&household, text).ok();
        for text in ["10.0.0.11", "10.0.0.11:54321", "10.0.0.11:55443", "10.0.0.11:9898"] {
            assert_eq!(found(text), Some(lamp), "{text}");
        }
        assert_eq!(found("[fe80::1]:54321"), Some(v6));
        assert_eq!((found("10.0.0.13:5000"), found("10.0.0.13:54321")), (Some(moved), None));
        let fan = household.by_did(&5.into());
        assert_eq!((found("10.0.0.5:54321"), found("10.0.0.11:54322")), (fan, None));
    }

    #[test]
    fn what_is_not_unique_is_listed() {
        for (text, listed) in [("Fan", ["Fan (5)", "Fan (6)"]), ("PLUG", ["Plug (3)", "plug (4)"])]
        {
            let error = find(&household(), text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Device);
            assert_eq!(error.candidates().collect::<Vec<_>>(), listed);
            assert!(error.to_string().contains("more than one device is called"), "{error}");
        }
    }

    #[test]
    fn near_misses_are_suggested() {
        for (text, near) in [("Desk lmap", "Desk lamp"), ("lamp", "Desk lamp"), ("kuche", "Küche")]
        {
            let error = find(&household(), text).unwrap_err();
            assert_eq!(error.candidates().collect::<Vec<_>>(), [near], "{text}");
        }
        let long = "x".repeat(10_000);
        for text in ["", "10.0.0.9", "zzzzzz", &long] {
            let error = find(&household(), text).unwrap_err();
            assert_eq!(error.candidates().count(), 0, "{text}");
            assert!(error.to_string().len() < 200, "{error}");
        }
    }
}
