//! Any announcements by mDNS, one after the other: no panic; what is told of a device joins a household that keeps to its
//! size. The input has announcements of a line with a name, and lines with records; an empty line ends one.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use iot_home_hub::mdns::{Announcement, MiioName};
use iot_home_hub::{Household, Source};
use libfuzzer_sys::fuzz_target;

const MOST: usize = 8;

fuzz_target!(|input: &[u8]| {
    let mut household = Household::new().capacity(MOST);
    let text = String::from_utf8_lossy(input);
    for (at, block) in text.split("\n\n").take(64).enumerate() {
        let (name, records) = block.split_once('\n').unwrap_or((block, ""));
        if let Some(name) = MiioName::parse(name) {
            assert!(!name.model.is_empty() && !name.model.contains('-'));
            assert!(!(name.is_unprovisioned && name.did.is_some()));
        }
        let host = u8::try_from(at % 16).expect("small");
        let addr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, host));
        let records = records.lines().map(|line| {
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            (key, value.as_bytes())
        });
        let Some(announcement) = Announcement::new(name, [addr], 54321, records) else { continue };
        let Some(facts) = announcement.facts() else { continue };
        let update = household.learn(Source::Mdns, facts.clone());
        assert!(household.len() <= MOST);
        let Some(update) = update else { continue };
        assert!(household.facts(update.device).is_some());
        // Told again, it is no news.
        let again = household.learn(Source::Mdns, facts).expect("a device that is known");
        assert!(!again.is_new && !again.is_news());
    }
});
