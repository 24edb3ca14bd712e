//! What holds whatever is told, and in whatever order.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use proptest::prelude::*;

use super::{GATEWAY, OTHER, addr};
use crate::facts::CloudFacts;
use crate::household::id::ids;
use crate::household::place::places;
use crate::household::*;

/// A device, and the facts of it that one source tells.
fn part(number: u8, mask: u16, source: Source) -> Facts {
    let tells = |bit: u16| mask & (1 << bit) != 0;
    let id = u64::from(number) + 100;
    // Every third lives on ports of its own behind an address that it shares.
    let (ip, own) = if number.is_multiple_of(3) {
        (Ipv4Addr::new(10, 0, 0, 1), Some(1000 + u16::from(number)))
    } else {
        (Ipv4Addr::new(10, 0, 1, number), None)
    };
    let at = |bit, port| tells(bit).then(|| SocketAddr::from((ip, own.unwrap_or(port))));
    Facts {
        did: tells(0).then(|| id.into()),
        bulb: tells(1).then(|| BulbId::new(id)),
        sid: tells(2).then(|| format!("{:012x}", id + 0xf000).parse().unwrap()),
        mac: tells(3).then(|| Mac::new([4, 0, 0, 0, 0, number])),
        miio: at(4, 54321),
        yeelight: at(5, 55443),
        lumi: at(6, 9898),
        host: (tells(7) && own.is_none()).then_some(IpAddr::V4(ip)),
        // Each has its own idea of it.
        name: tells(8).then(|| format!("{number} by {source:?}").into()),
        cloud: (tells(9) && source == Source::Cloud).then(CloudFacts::default),
        ..Facts::default()
    }
}

fn sources() -> impl Strategy<Value = Source> {
    prop::sample::select(vec![
        Source::Yeelight,
        Source::Lumi,
        Source::Mdns,
        Source::Miio,
        Source::Inventory,
        Source::Device,
        Source::Cloud,
    ])
}

/// Facts of which many contradict each other.
fn anything() -> impl Strategy<Value = Facts> {
    let at = || prop::option::weighted(0.3, (1_u8..4, prop::bool::ANY));
    let dids = vec!["1", "2", "3", "lumi.f0b429aabbcc", "lumi.0", "blt.3.x"];
    (
        prop::option::weighted(0.4, prop::sample::select(dids)),
        prop::option::weighted(0.3, 1_u64..4),
        prop::option::weighted(0.3, prop::sample::select(vec![GATEWAY, OTHER, "1"])),
        prop::option::weighted(0.3, 0_u8..4),
        (at(), at(), at(), at()),
        prop::option::of("[a-c]{0,2}"),
    )
        .prop_map(|(did, bulb, sid, mac, (miio, yeelight, lumi, host), name)| {
            let socket = |at: Option<(u8, bool)>, usual| {
                at.map(|(last, own)| addr(last, if own { 4000 } else { usual }))
            };
            Facts {
                did: did.map(|did| did.parse().unwrap()),
                bulb: bulb.map(BulbId::new),
                sid: sid.map(|sid| sid.parse().unwrap()),
                mac: mac.map(|last| Mac::new([0, 0, 0, 0, 0, last])),
                miio: socket(miio, 54321),
                yeelight: socket(yeelight, 55443),
                lumi: socket(lumi, 9898),
                host: host.map(|(last, _)| addr(last, 0).ip()),
                name: name.map(Into::into),
                ..Facts::default()
            }
        })
}

/// Every id and every address leads to the one device that has it, and every device to itself.
fn check(household: &Household) {
    let mut seen = BTreeSet::new();
    let (mut addresses, mut told) = (BTreeSet::new(), 0);
    for (key, facts) in household.devices() {
        for id in ids(facts) {
            assert_eq!(household.ids.get(&id), Some(&key), "{id:?}");
            assert!(seen.insert(id), "an id of two devices");
            told += 1;
        }
        let at: BTreeSet<_> = places(facts).collect();
        for place in &at {
            assert_eq!(household.places.get(place), Some(&key), "{place:?}");
            assert!(addresses.insert(*place), "an address of two devices");
        }
        assert!(told > 0 || !at.is_empty(), "a device that nothing leads to");
    }
    assert_eq!((household.ids.len(), household.places.len()), (told, addresses.len()));
}

fn set(household: &Household) -> BTreeSet<String> {
    household.devices().map(|(_, facts)| format!("{facts:?}")).collect()
}

proptest! {
    #[test]
    fn without_contradiction_the_order_makes_no_difference(
        (told, shuffled) in prop::collection::vec((0_u8..7, any::<u16>(), sources()), 0..40)
            .prop_flat_map(|told| (Just(told.clone()), Just(told).prop_shuffle())),
    ) {
        let learn = |told: &[(u8, u16, Source)]| {
            let mut household = Household::new();
            for (number, mask, source) in told {
                household.learn(*source, part(*number, *mask, *source));
            }
            check(&household);
            set(&household)
        };
        prop_assert_eq!(learn(&told), learn(&shuffled));
    }

    #[test]
    fn anything_may_be_told(
        told in prop::collection::vec((sources(), anything()), 0..60),
        capacity in 0_usize..8,
    ) {
        let mut household = Household::new().capacity(capacity);
        for (source, facts) in told {
            let before = household.ignored();
            let first = household.learn(source, facts.clone());
            prop_assert!(household.len() <= capacity);
            prop_assert_eq!(first.is_none(), household.ignored() > before);
            check(&household);
            let (known, after) = (household.len(), set(&household));
            let again = household.learn(source, facts);
            prop_assert_eq!(
                first.map(|update| update.device),
                again.as_ref().map(|update| update.device)
            );
            prop_assert!(again.is_none_or(|update| !update.is_news()));
            prop_assert_eq!((known, after), (household.len(), set(&household)));
        }
    }
}
