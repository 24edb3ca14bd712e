//! Searching, in virtual time.

use std::net::SocketAddr;
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_lumi::search::{ROUNDS, Target};
use iot_home_lumi::{Search, Version};
use iot_home_sim::lumi::Port;

use crate::rig::{builder, client_addr};

fn at(millis: u64) -> Instant {
    Instant::from_origin(Duration::from_millis(millis))
}

fn group() -> SocketAddr {
    "224.0.0.50:4321".parse().unwrap()
}

fn search() -> Search {
    let targets = [0, 1].map(|link| Target { link, addr: group() });
    Search::new(at(0), targets, &ROUNDS, Duration::from_secs(3))
}

#[test]
fn every_target_is_asked_three_times() {
    let mut search = search();
    let mut times = Vec::new();
    let mut now = at(0);
    while !search.is_finished(now) {
        search.handle_timeout(now);
        while let Some((target, whois)) = search.poll_transmit() {
            assert_eq!(whois, br#"{"cmd":"whois"}"#);
            times.push((now, target.link));
        }
        now = search.poll_timeout();
    }
    let expected: Vec<_> =
        [0, 500, 1500].into_iter().flat_map(|millis| [(at(millis), 0), (at(millis), 1)]).collect();
    assert_eq!(times, expected);
    assert_eq!(now, at(3000));
}

#[test]
fn a_gateway_is_found_once_and_where_it_answers_from() {
    for (version, told) in [(Version::V1, true), (Version::V2, true), (Version::V1, false)] {
        let mut search = search();
        let mut gateway = builder(version).version_in_iam(told).build();
        // It names another address than the one it answers from.
        gateway.set_addr("10.9.8.7:9899".parse().unwrap());
        let from = "192.0.2.30:4321".parse().unwrap();
        let mut found = Vec::new();
        let mut buffer = Vec::new();
        while let Some((_, whois)) = search.poll_transmit() {
            gateway.handle_datagram(at(0), Port::Search, client_addr(), whois);
            while gateway.poll_transmit(&mut buffer).is_some() {
                found.extend(search.handle_datagram(at(1), from, &buffer));
            }
        }
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].addr, "192.0.2.30:9899".parse().unwrap());
        assert_eq!(found[0].sid, gateway.sid());
        assert_eq!(found[0].version, told.then_some(version));
        assert_eq!(gateway.report().searches, 2);
    }
}

#[test]
fn what_is_no_answer_ends_nothing() {
    let mut search = search().count(1);
    let from = client_addr();
    for datagram in [&b""[..], b"{}", br#"{"cmd":"whois"}"#, br#"{"cmd":"iam","sid":"x"}"#] {
        assert_eq!(search.handle_datagram(at(1), from, datagram), None);
    }
    assert_eq!(search.ignored(), 4);
    let iam = br#"{"cmd":"iam","sid":"f0b429000001","port":"9898","model":"gateway"}"#;
    assert!(search.handle_datagram(at(1), from, iam).is_some());
    assert!(search.is_finished(at(1)));
    assert_eq!(search.handle_datagram(at(1), from, iam), None);
}

#[test]
fn forged_answers_do_not_fill_the_memory() {
    let mut search = search();
    let answer = |number: u32| {
        format!(r#"{{"cmd":"iam","sid":"{number:012x}","port":"9898","model":"gateway"}}"#)
    };
    let found = (0..5000)
        .filter(|number| {
            search.handle_datagram(at(1), client_addr(), answer(*number).as_bytes()).is_some()
        })
        .count();
    assert_eq!(found, 1024);
}
