//! A home of 300 devices joined from what discovery hears, which has to take 5 ms at most.
//!
//! Each device is heard by miIO, by Yeelight and by mDNS, in an order by chance; the median of the rounds is printed.

#![allow(clippy::print_stdout, reason = "it is a program that prints")]

use std::net::Ipv4Addr;
use std::time::Duration;

use iot_home_core::{Clock, Mac, Random, SeededRandom, SystemClock};
use iot_home_hub::{Facts, Household, Source};
use iot_home_yeelight::BulbId;

const ROUNDS: usize = 101;
const DEVICES: u16 = 300;

fn main() {
    let mut told = Vec::new();
    for number in 0..DEVICES {
        let id = u64::from(number) + 70_000_000;
        let [high, low] = number.to_be_bytes();
        let at = |port| Some((Ipv4Addr::new(10, 0, high, low), port).into());
        let mut hello = Facts::default();
        (hello.did, hello.miio) = (Some(id.into()), at(54321));
        hello.token_visible = Some(false);
        let mut bulb = Facts::default();
        (bulb.bulb, bulb.yeelight) = (Some(BulbId::new(id)), at(55443));
        bulb.name = Some(format!("lamp {number}").into());
        bulb.model = Some("yeelink.light.color".into());
        let mut announced = Facts::default();
        (announced.did, announced.miio) = (Some(id.into()), at(54321));
        announced.mac = Some(Mac::new([0x28, 0x6c, 7, 0, high, low]));
        announced.model = Some("yeelink.light.color1".into());
        told.extend([(Source::Miio, hello), (Source::Yeelight, bulb), (Source::Mdns, announced)]);
    }
    let mut random = SeededRandom::new(300);
    for end in (1..told.len()).rev() {
        let below = u64::try_from(end).expect("small") + 1;
        told.swap(end, usize::try_from(random.next_u64() % below).expect("small"));
    }
    let clock = SystemClock::new();
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let facts = told.clone();
            let mut household = Household::new();
            let before = clock.now();
            for (source, facts) in facts {
                household.learn(source, facts);
            }
            let took = clock.now().saturating_since(before);
            assert_eq!(household.len(), usize::from(DEVICES));
            took
        })
        .collect();
    rounds.sort_unstable();
    let at = |at: usize| rounds.get(at).copied().unwrap_or_default();
    let (median, worst) = (at(ROUNDS / 2), at(ROUNDS - 1));
    println!(
        "{DEVICES} devices, {} sightings: median {median:?}, worst {worst:?}, goal 5 ms",
        told.len()
    );
}
