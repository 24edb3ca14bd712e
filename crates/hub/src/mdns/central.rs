//! What a central gateway of Xiaomi's says of itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iot_home_core::Did;

/// The record `profile` that a central gateway announces.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CentralProfile {
    /// The gateway's did.
    pub did: Did,
    /// The id of the home it works for.
    pub group: u64,
    /// Whether it is the one that leads, where there are several.
    pub is_primary: bool,
    /// Whether programs on the LAN may talk to it by MQTT.
    pub speaks_mqtt: bool,
}

impl CentralProfile {
    /// Reads the record's value: Base64 of at least 23 bytes.
    pub fn parse(profile: &[u8]) -> Option<Self> {
        if profile.len() > MAX_LEN {
            return None;
        }
        let bytes = STANDARD.decode(profile).ok()?;
        // The did, most significant byte first; the group's id the other way round.
        let (did, rest) = bytes.get(1..)?.split_first_chunk::<8>()?;
        let (group, rest) = rest.split_first_chunk::<8>()?;
        Some(Self {
            did: Did::from(u64::from_be_bytes(*did)),
            group: u64::from_le_bytes(*group),
            is_primary: rest.get(3)? >> 4 == 1,
            speaks_mqtt: rest.get(5)? & 2 != 0,
        })
    }
}

/// A record of a TXT has no more.
const MAX_LEN: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(edit: impl FnOnce(&mut [u8; 23])) -> String {
        let mut bytes = [0; 23];
        bytes[1..9].copy_from_slice(&1_234_567_890_u64.to_be_bytes());
        bytes[9..17].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
        edit(&mut bytes);
        STANDARD.encode(bytes)
    }

    #[test]
    fn each_field_has_its_place() {
        let read = |edit: fn(&mut [u8; 23])| CentralProfile::parse(profile(edit).as_bytes());
        let plain = read(|_| {}).unwrap();
        assert_eq!((plain.did, plain.group), (1_234_567_890.into(), 0x0807_0605_0403_0201));
        assert_eq!((plain.is_primary, plain.speaks_mqtt), (false, false));
        assert!(read(|bytes| bytes[20] = 0x1f).unwrap().is_primary);
        assert!(!read(|bytes| bytes[20] = 0x21).unwrap().is_primary);
        assert!(read(|bytes| bytes[22] = 0x02).unwrap().speaks_mqtt);
        assert!(!read(|bytes| bytes[22] = 0x01).unwrap().speaks_mqtt);
    }

    #[test]
    fn what_is_too_short_or_no_base64() {
        for bad in ["", "*", &STANDARD.encode([0; 22]), &"A".repeat(256)] {
            assert_eq!(CentralProfile::parse(bad.as_bytes()), None, "{bad}");
        }
        assert!(CentralProfile::parse(STANDARD.encode([0; 60]).as_bytes()).is_some());
    }
}
