mod any;

use std::net::{Ipv4Addr, SocketAddr};

use super::*;
use crate::facts::{CloudFacts, Parent};

fn addr(last: u8, port: u16) -> SocketAddr {
    (Ipv4Addr::new(192, 168, 1, last), port).into()
}

fn hello(did: u64, last: u8) -> Facts {
    Facts { did: Some(did.into()), miio: Some(addr(last, 54321)), ..Facts::default() }
}

fn bulb(id: u64, last: u8) -> Facts {
    let bulb = Some(BulbId::new(id));
    Facts { bulb, yeelight: Some(addr(last, 55443)), ..Facts::default() }
}

fn gateway(sid: &str, last: u8) -> Facts {
    Facts {
        sid: Some(sid.parse().unwrap()),
        mac: sid.parse().ok(),
        lumi: Some(addr(last, 9898)),
        ..Facts::default()
    }
}

fn record(did: u64, mac: &str) -> Facts {
    Facts { did: Some(did.into()), mac: Some(mac.parse().unwrap()), ..Facts::default() }
}

const GATEWAY: &str = "f0b429aabbcc";
const OTHER: &str = "f0b429ddeeff";

#[test]
fn one_lamp_by_three_protocols_and_the_cloud_is_one_device() {
    let mut household = Household::new();
    let first = household.learn(Source::Miio, hello(0x15_243f, 7)).unwrap();
    assert!(first.is_new && first.is_news());
    let second = household.learn(Source::Yeelight, bulb(0x15_243f, 7)).unwrap();
    assert_eq!((second.device, second.is_new), (first.device, false));
    assert_eq!(second.news, bulb(0x15_243f, 7));
    let mut told = record(0x15_243f, "28:6c:07:aa:bb:cc");
    told.name = Some("Lamp".into());
    told.host = Some(addr(9, 0).ip());
    let third = household.learn(Source::Cloud, told.clone()).unwrap();
    assert_eq!(third.device, first.device);
    assert!(!household.learn(Source::Cloud, told).unwrap().is_news());
    let lamp = household.facts(first.device).unwrap();
    assert_eq!((lamp.name.as_deref(), lamp.miio), (Some("Lamp"), Some(addr(7, 54321))));
    assert_eq!(household.len(), 1);
}

#[test]
fn a_child_is_joined_by_the_sid_in_its_did() {
    let mut household = Household::new();
    let child = Facts {
        sid: Some("158d0001a2b3c4".parse().unwrap()),
        parent: Some(Parent::Sid(GATEWAY.parse().unwrap())),
        ..Facts::default()
    };
    let heard = household.learn(Source::Lumi, child).unwrap().device;
    let did = "lumi.158d0001a2b3c4".parse().ok();
    let named = household.learn(Source::Cloud, Facts { did, ..Facts::default() }).unwrap();
    assert_eq!((named.device, household.len()), (heard, 1));
    // Every gateway calls itself so.
    let did = "lumi.0".parse().ok();
    household.learn(Source::Cloud, Facts { did, ..Facts::default() }).unwrap();
    assert_eq!((household.len(), household.by_sid("0".parse().unwrap())), (2, None));
}

#[test]
fn a_gateway_is_joined_by_its_address_or_its_mac() {
    let mut household = Household::new();
    let hub = household.learn(Source::Miio, hello(5, 7)).unwrap().device;
    let found = household.learn(Source::Lumi, gateway(GATEWAY, 7)).unwrap();
    assert_eq!((found.device, found.is_new), (hub, false));

    let mut household = Household::new();
    let one = household.learn(Source::Miio, hello(5, 7)).unwrap().device;
    let other = household.learn(Source::Lumi, gateway(GATEWAY, 8)).unwrap().device;
    let joined = household.learn(Source::Cloud, record(5, GATEWAY)).unwrap();
    assert_eq!((joined.device, joined.absorbed), (one, vec![other]));
    assert_eq!((household.len(), household.facts(other)), (1, None));
}

#[test]
fn an_address_that_was_leased_anew_joins_nobody() {
    let mut household = Household::new();
    let old = household.learn(Source::Miio, hello(1, 7)).unwrap().device;
    let new = household.learn(Source::Miio, hello(2, 7)).unwrap();
    assert!(new.is_new);
    assert_eq!(new.displaced, [old]);
    assert_eq!(household.facts(old).unwrap().miio, None);
    // What the cloud remembers takes the address from nobody.
    let mut told = record(1, GATEWAY);
    told.host = Some(addr(7, 0).ip());
    let told = household.learn(Source::Cloud, told).unwrap();
    assert_eq!((told.device, told.displaced, told.news.host), (old, vec![], None));
}

#[test]
fn what_has_no_id_is_whoever_is_there() {
    let mut household = Household::new();
    let nameless = Facts { did: None, ..hello(1, 7) };
    let first = household.learn(Source::Miio, nameless.clone()).unwrap().device;
    let named = household.learn(Source::Mdns, hello(1, 7)).unwrap();
    assert_eq!((named.device, named.is_new), (first, false));
    assert!(!household.learn(Source::Miio, nameless).unwrap().is_news());
    // Who comes from elsewhere takes what was known of nobody else along.
    let nameless = Facts { did: None, ..hello(1, 8) };
    let second = household.learn(Source::Miio, nameless).unwrap().device;
    let moved = household.learn(Source::Miio, hello(1, 8)).unwrap();
    assert_eq!((moved.absorbed, household.len()), (vec![second], 1));
}

#[test]
fn without_an_id_only_the_first_address_counts() {
    let mut household = Household::new();
    let nameless = |last| Facts { did: None, ..hello(1, last) };
    let [one, two] =
        [1, 2].map(|last| household.learn(Source::Miio, nameless(last)).unwrap().device);
    let hub = household.learn(Source::Lumi, gateway(GATEWAY, 3)).unwrap().device;
    let all = Facts {
        lumi: Some(addr(1, 9898)),
        yeelight: Some(addr(3, 55443)),
        host: Some(addr(2, 0).ip()),
        name: Some("somebody".into()),
        ..nameless(2)
    };
    let told = household.learn(Source::Mdns, all.clone()).unwrap();
    assert_eq!((told.device, told.absorbed), (two, vec![]));
    assert!(!household.learn(Source::Mdns, all).unwrap().is_news());
    let names = [one, two, hub].map(|key| household.facts(key).unwrap().name.as_deref());
    assert_eq!(names, [None, Some("somebody"), None]);
}

#[test]
fn two_heard_apart_that_become_one_were_heard_at_two_addresses() {
    let mut household = Household::new();
    let seen = Facts { did: None, mac: OTHER.parse().ok(), ..hello(1, 7) };
    let one = household.learn(Source::Device, seen).unwrap().device;
    household.learn(Source::Miio, hello(1, 8)).unwrap();
    assert_eq!(household.learn(Source::Cloud, record(1, OTHER)).unwrap().device, one);
    let met = household.learn(Source::Lumi, Facts { mac: None, ..gateway(GATEWAY, 7) }).unwrap();
    assert!(met.is_new, "it may as well be the next one at that address");
}

#[test]
fn forged_answers_join_no_two_devices() {
    let mut household = Household::new();
    let one = household.learn(Source::Miio, hello(1, 7)).unwrap().device;
    let hub = household.learn(Source::Lumi, gateway(GATEWAY, 8)).unwrap().device;
    let two = household.learn(Source::Cloud, record(2, OTHER)).unwrap().device;
    // Both from one address, where neither was before.
    household.learn(Source::Miio, hello(1, 66)).unwrap();
    household.learn(Source::Lumi, gateway(GATEWAY, 66)).unwrap();
    // Ids of two devices in one breath.
    let both = household.learn(Source::Mdns, record(1, OTHER)).unwrap();
    assert_eq!((both.device, both.is_news()), (one, false));
    let both = Facts { sid: GATEWAY.parse().ok(), ..hello(2, 66) };
    assert_eq!(household.learn(Source::Mdns, both).unwrap().device, two);
    // A bulb that says another number than the device at its address.
    household.learn(Source::Yeelight, bulb(3, 66)).unwrap();
    assert_eq!(household.len(), 4);
    assert_eq!(household.by_did(&1.into()), Some(one));
    assert_eq!(household.by_sid(GATEWAY.parse().unwrap()), Some(hub));
    assert_eq!(household.by_mac(OTHER.parse().unwrap()), Some(two));
}

#[test]
fn devices_behind_one_address_are_told_apart_by_their_ports() {
    let mut household = Household::new();
    for (did, port) in [(1, 4001), (2, 4002), (3, 54321)] {
        let found = Facts { miio: Some(addr(7, port)), ..hello(did, 7) };
        assert!(household.learn(Source::Miio, found).unwrap().displaced.is_empty());
    }
    household
        .learn(Source::Lumi, Facts { lumi: Some(addr(7, 4001)), ..gateway(GATEWAY, 7) })
        .unwrap();
    assert_eq!(household.len(), 4);
    // What runs on this machine is not one device because of that.
    let local = |port| Some((Ipv4Addr::LOCALHOST, port).into());
    household.learn(Source::Miio, Facts { miio: local(54321), ..hello(9, 7) }).unwrap();
    household.learn(Source::Lumi, Facts { lumi: local(9898), ..gateway(OTHER, 7) }).unwrap();
    assert_eq!(household.len(), 6);
}

#[test]
fn who_knows_better_is_believed() {
    let mut household = Household::new();
    let told = |name: &str| Facts { name: Some(name.into()), ..hello(1, 7) };
    let lamp = household.learn(Source::Cloud, told("from the cloud")).unwrap().device;
    assert!(!household.learn(Source::Yeelight, told("from the bulb")).unwrap().is_news());
    assert_eq!(household.facts(lamp).unwrap().name.as_deref(), Some("from the cloud"));
    assert!(household.learn(Source::Cloud, told("new name")).unwrap().is_news());
    assert_eq!(household.facts(lamp).unwrap().name.as_deref(), Some("new name"));
}

#[test]
fn a_full_household_ignores_newcomers_and_counts_them() {
    let mut household = Household::new().capacity(2);
    household.learn(Source::Miio, hello(1, 1)).unwrap();
    household.learn(Source::Miio, hello(2, 2)).unwrap();
    assert_eq!(household.learn(Source::Miio, hello(3, 3)), None);
    assert_eq!(household.learn(Source::Miio, Facts::default()), None);
    assert!(household.learn(Source::Miio, hello(2, 4)).unwrap().is_news());
    assert_eq!((household.len(), household.ignored()), (2, 2));
}

#[test]
fn long_texts_are_cut_between_characters() {
    let mut household = Household::new();
    let told = Facts { name: Some(format!("x{}", "灯".repeat(1000)).into()), ..hello(1, 1) };
    let lamp = household.learn(Source::Yeelight, told).unwrap().device;
    assert_eq!(household.facts(lamp).unwrap().name.as_deref().map(str::len), Some(256));
}

#[test]
fn who_was_heard_elsewhere_is_not_joined_with_whom_it_meets() {
    let mut household = Household::new();
    let one = household.learn(Source::Miio, hello(1, 7)).unwrap().device;
    let hub = household.learn(Source::Lumi, gateway(GATEWAY, 8)).unwrap().device;
    let moved = household.learn(Source::Miio, hello(1, 8)).unwrap();
    assert_eq!((moved.device, moved.absorbed, moved.displaced), (one, vec![], vec![hub]));
    assert_eq!(household.len(), 2);
}

#[test]
fn who_has_moved_has_moved_under_another_key_too() {
    let mut household = Household::new();
    let named = Facts { mac: OTHER.parse().ok(), ..Facts::default() };
    let known = household.learn(Source::Cloud, named).unwrap().device;
    household.learn(Source::Miio, hello(1, 7)).unwrap();
    household.learn(Source::Miio, hello(1, 8)).unwrap();
    let joined = household.learn(Source::Cloud, record(1, OTHER)).unwrap();
    assert_eq!((joined.device, household.len()), (known, 1));
    let met = household.learn(Source::Lumi, Facts { mac: None, ..gateway(GATEWAY, 8) }).unwrap();
    assert!(met.is_new, "it may as well be the next one at that address");
}

#[test]
fn of_two_that_become_one_the_first_words_count() {
    let mut household = Household::new();
    let name = |name: &str| Some(name.into());
    let first = Facts { did: Some(1.into()), name: name("first"), ..Facts::default() };
    let first = household.learn(Source::Cloud, first).unwrap().device;
    let second = Facts { mac: OTHER.parse().ok(), name: name("second"), ..Facts::default() };
    household.learn(Source::Cloud, second).unwrap();
    assert_eq!(household.learn(Source::Device, record(1, OTHER)).unwrap().device, first);
    assert_eq!(household.facts(first).unwrap().name.as_deref(), Some("first"));
}

#[test]
fn on_the_usual_ports_an_address_is_one_device() {
    let other = Facts { host: Some(addr(7, 0).ip()), ..record(5, OTHER) };
    for (source, facts) in [
        (Source::Miio, Facts { did: None, ..hello(1, 7) }),
        (Source::Yeelight, bulb(5, 7)),
        (Source::Lumi, Facts { mac: None, ..gateway(GATEWAY, 7) }),
    ] {
        let mut household = Household::new();
        let mut facts = facts;
        (facts.did, facts.bulb) = (None, None);
        household.learn(source, facts).unwrap();
        household.learn(Source::Mdns, other.clone()).unwrap();
        assert_eq!(household.len(), 1, "{source:?}");
    }
}

#[test]
fn addresses_of_nobody_join_nobody() {
    for host in ["127.0.0.1", "0.0.0.0", "224.0.0.251", "ff02::fb"] {
        let mut household = Household::new();
        let host = host.parse().ok();
        let told = |facts| Facts { host, ..facts };
        household.learn(Source::Mdns, told(Facts { mac: None, ..record(1, OTHER) })).unwrap();
        let hub = Facts { sid: GATEWAY.parse().ok(), ..Facts::default() };
        assert!(household.learn(Source::Mdns, told(hub)).unwrap().is_new, "{host:?}");
    }
}

#[test]
fn ids_of_nobody_or_that_contradict_each_other_are_left_out() {
    let mut household = Household::new();
    let everybody = "ff:ff:ff:ff:ff:ff";
    let one = household.learn(Source::Mdns, record(1, everybody)).unwrap().device;
    assert!(household.learn(Source::Mdns, record(2, everybody)).unwrap().is_new);
    assert_eq!(household.by_mac(everybody.parse().unwrap()), None);
    let both = Facts { bulb: Some(BulbId::new(9)), ..hello(1, 7) };
    assert_eq!(household.learn(Source::Miio, both).unwrap().device, one);
    assert_eq!(household.facts(one).unwrap().bulb, None);
    assert_eq!(household.by_bulb(BulbId::new(9)), None);
}

#[test]
fn every_text_is_cut() {
    let mut household = Household::new();
    let long = || Box::from("x".repeat(MAX_TEXT + 1));
    let mut told = hello(1, 1);
    (told.model, told.name) = (Some(long()), Some(long()));
    told.cloud = Some(CloudFacts {
        region: long(),
        home: Some(long()),
        room: Some(long()),
        spec: Some(long()),
        is_online: None,
    });
    let lamp = household.learn(Source::Cloud, told).unwrap().device;
    let lamp = household.facts(lamp).unwrap();
    let cloud = lamp.cloud.as_ref().unwrap();
    let texts = [&lamp.model, &lamp.name, &cloud.home, &cloud.room, &cloud.spec]
        .map(|text| text.as_ref().unwrap());
    for text in texts.into_iter().chain([&cloud.region]) {
        assert_eq!(text.len(), MAX_TEXT);
    }
}
