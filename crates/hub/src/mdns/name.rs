//! The instance names of devices that speak miIO.

use iot_home_core::{Did, Mac};

/// What the name of a `_miio._udp` instance says: `yeelink-light-color1_miio12345678`.
///
/// ```
/// use iot_home_hub::mdns::MiioName;
///
/// let name = MiioName::parse("mmgg-pet_waterer-s1_miio12345678._miio._udp.local.").expect("a device");
/// assert_eq!(&*name.model, "mmgg.pet_waterer.s1");
/// assert_eq!(name.did, Some(12345678.into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MiioName {
    /// The model, such as `yeelink.light.color1`.
    pub model: Box<str>,
    /// The did, where the name tells it.
    pub did: Option<Did>,
    /// Whether the device waits to be provisioned. Then the name ends in digits of its MAC address in place of the did.
    pub is_unprovisioned: bool,
}

impl MiioName {
    /// Reads a name, with the service and the domain behind it or without.
    ///
    /// A model may have underscores of its own: what is behind the last one is the did, marked by `miio` or, with
    /// devices that have Bluetooth too, `mibt`, or else `miap` and hexadecimal digits.
    pub fn parse(name: &str) -> Option<Self> {
        let instance = match super::Service::divide(name) {
            Some((super::Service::Miio, instance)) => instance,
            Some(_) => return None,
            None => name,
        };
        let (model, id) = instance.rsplit_once('_')?;
        let (kind, digits) = id.split_at_checked(KIND)?;
        let is_model = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if !(1..=MAX_MODEL).contains(&model.len())
            || !model.bytes().all(is_model)
            || !(1..=MAX_DIGITS).contains(&digits.len())
            || !digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        {
            return None;
        }
        let is_unprovisioned = match kind.to_ascii_lowercase().as_str() {
            "miio" | "mibt" => false,
            "miap" => true,
            _ => return None,
        };
        let did = digits.parse::<u64>().ok().filter(|did| !is_unprovisioned && *did != 0);
        Some(Self {
            model: model.replace('-', ".").into(),
            did: did.map(Did::from),
            is_unprovisioned,
        })
    }
}

/// The MAC address in a TXT record, wherever it stands: old gateways leave out the byte that tells a record's length, so
/// that it may lie within another one.
pub(crate) fn mac_in(txt: &[u8]) -> Option<Mac> {
    txt.windows(MAC_RECORD.len()).find_map(|window| {
        let digits = window.strip_prefix(b"mac=")?;
        str::from_utf8(digits).ok()?.parse().ok()
    })
}

/// The length of `miio`, `mibt` and `miap`.
const KIND: usize = 4;
/// The digits of a number of 64 bits.
const MAX_DIGITS: usize = 20;
/// A label of DNS has no more.
const MAX_MODEL: usize = 63;
/// As long as the record that tells a MAC address.
const MAC_RECORD: &[u8] = b"mac=286c07aabbcc";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(name: &str) -> Option<(String, Option<u64>, bool)> {
        let name = MiioName::parse(name)?;
        let did = name.did.and_then(|did| did.as_u64());
        Some((name.model.into(), did, name.is_unprovisioned))
    }

    #[test]
    fn every_form_of_the_name() {
        for (name, model, did, is_unprovisioned) in [
            ("yeelink-light-color1_miio12345678", "yeelink.light.color1", Some(12_345_678), false),
            (
                "yeelink-light-ceiling4_mibt72799069._miio._udp.local.",
                "yeelink.light.ceiling4",
                Some(72_799_069),
                false,
            ),
            ("lumi-gateway-v3_miio00123456", "lumi.gateway.v3", Some(123_456), false),
            ("mmgg-pet_waterer-s1_miio7", "mmgg.pet_waterer.s1", Some(7), false),
            ("a_miio1_miio2", "a_miio1", Some(2), false),
            ("Rockrobo-Vacuum-V1_miio3", "Rockrobo.Vacuum.V1", Some(3), false),
            ("chuangmi-plug-m3_miap1AbF", "chuangmi.plug.m3", None, true),
            ("chuangmi-plug-m3_miap1234", "chuangmi.plug.m3", None, true),
            ("x_MIIO9._MIIO._UDP.Local", "x", Some(9), false),
            // A did that is no number leaves the model.
            ("x_miioab12", "x", None, false),
            ("x_miio0", "x", None, false),
            ("x_miio99999999999999999999", "x", None, false),
            ("x_miio18446744073709551615", "x", Some(u64::MAX), false),
        ] {
            assert_eq!(read(name), Some((model.into(), did, is_unprovisioned)), "{name}");
        }
    }

    #[test]
    fn what_is_no_device() {
        for name in [
            "",
            "_miio1",
            "lamp",
            "lamp_miio",
            "lamp_mi",
            "lamp_miot1",
            "lamp_miio1x",
            "lamp_miio+1",
            "lamp_miio100000000000000000000",
            "lamp 1_miio1",
            "灯_miio1",
            "lamp_é",
            "yeelink-light-color1_miio1._hap._tcp.local.",
            "._miio._udp.local.",
        ] {
            assert_eq!(read(name), None, "{name}");
        }
        assert_eq!(read(&format!("{}_miio1", "x".repeat(64))), None);
    }

    #[test]
    fn the_mac_is_found_in_broken_records() {
        let mac = "286c07aabbcc".parse().ok();
        for txt in [
            &b"\x07epoch=1\x10mac=286c07aabbcc"[..],
            b"epoch=0:mac=286C07AABBCC\0",
            b"mac=,mac=286c07aabbcc!",
        ] {
            assert_eq!(mac_in(txt), mac, "{}", txt.escape_ascii());
        }
        for txt in [&b""[..], b"mac=286c07aabbc", b"mac=286c07aabbcg", b"mac=28:6c:07:aa:"] {
            assert_eq!(mac_in(txt), None, "{}", txt.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn a_name_that_was_made_is_read(
            model in "[a-z]{1,8}(\\.[a-z0-9_]{1,8}){0,3}",
            did in 1_u64..,
            kind in prop::sample::select(vec!["miio", "mibt"]),
        ) {
            let name = format!("{}_{kind}{did}", model.replace('.', "-"));
            prop_assert_eq!(read(&name), Some((model, Some(did), false)));
        }

        #[test]
        fn any_text_is_read_or_refused(name: String, tail in "[-a-z_.]{0,6}_mi[iab][opt][0-9a-fA-F]{0,24}") {
            let _ = MiioName::parse(&name);
            let _ = MiioName::parse(&(name + &tail));
        }
    }
}
