//! The search for devices, in time made up by the tests.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use iot_home_core::{Did, Instant};
use iot_home_miio::discovery::{Found, ROUNDS, Search, Target};
use iot_home_miio::packet::{HELLO, HelloField, HelloReply, mdid_probe};
use iot_home_miio::{Cipher, Token};

const LAMP: Target = Target { link: 0, addr: addr(20) };
const PLUG: Target = Target { link: 0, addr: addr(21) };
const BROADCAST: Target = Target { link: 0, addr: addr(255) };
const WAIT: Duration = Duration::from_secs(3);

const fn addr(last: u8) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 168, 1, last)), 54_321)
}

fn at(milliseconds: u64) -> Instant {
    Instant::from_origin(Duration::from_millis(milliseconds))
}

fn search(targets: impl IntoIterator<Item = Target>) -> Search {
    Search::new(at(0), targets, &ROUNDS, WAIT)
}

fn reply(did: u64) -> [u8; 32] {
    HelloReply::new(did, 77, HelloField::HiddenFf).encode()
}

/// The targets of the probes that wait to be sent.
fn sent(search: &mut Search, now: Instant) -> Vec<Target> {
    let mut targets = Vec::new();
    while let Some((target, probe)) = search.poll_transmit(now) {
        assert_eq!(probe, HELLO);
        targets.push(target);
    }
    targets
}

/// Every probe of a search that nothing answers, by its time.
fn rounds(mut search: Search, now: Instant) -> Vec<(Duration, Target)> {
    let mut probes = Vec::new();
    let mut now = now;
    while !search.is_finished(now) {
        search.handle_timeout(now);
        probes.extend(sent(&mut search, now).into_iter().map(|to| (now.since_origin(), to)));
        let next = search.poll_timeout();
        assert!(next > now, "it would never sleep");
        now = next;
    }
    assert_eq!(now, at(3_000), "it ends in time");
    probes
}

#[test]
fn three_rounds_to_every_target() {
    let probes = rounds(search([LAMP, BROADCAST, LAMP]), at(0));
    let expected: Vec<_> = [0, 500, 1_500]
        .into_iter()
        .flat_map(|time| [LAMP, BROADCAST].map(|to| (Duration::from_millis(time), to)))
        .collect();
    assert_eq!(probes, expected, "a target named twice is asked once");
}

#[test]
fn rounds_after_the_end_are_none() {
    let mut search = Search::new(at(100), [LAMP], &ROUNDS, Duration::from_millis(1_500));
    assert_eq!(sent(&mut search, at(100)), [LAMP]);
    assert_eq!(search.poll_timeout(), at(600));
    search.handle_timeout(at(599));
    assert_eq!(sent(&mut search, at(599)), []);
    search.handle_timeout(at(600));
    assert_eq!(sent(&mut search, at(600)), [LAMP]);
    assert_eq!(search.poll_timeout(), at(1_600), "the end: the last round would begin there");
    assert!(!search.is_finished(at(1_599)));
    assert!(search.is_finished(at(1_600)));
    assert_eq!(search.probes(), 2);
}

#[test]
fn a_search_that_slept_too_long_catches_up_with_one_probe_each() {
    let mut search = search([LAMP]);
    sent(&mut search, at(0));
    search.handle_timeout(at(2_900));
    assert!((1..=2).contains(&sent(&mut search, at(2_900)).len()));
    assert_eq!(search.poll_timeout(), at(3_000));
}

#[test]
fn who_has_answered_is_not_asked_again() {
    let mut search = search([LAMP, PLUG, BROADCAST]);
    assert_eq!(sent(&mut search, at(0)).len(), 3);
    assert!(search.handle_datagram(at(5), 0, LAMP.addr, &reply(1)).is_some());
    // What answers a broadcast is somebody else, so that the others are still asked.
    assert!(search.handle_datagram(at(6), 0, addr(30), &reply(2)).is_some());
    search.handle_timeout(at(500));
    assert_eq!(sent(&mut search, at(500)), [PLUG, BROADCAST]);
    assert_eq!(search.probes(), 5);
}

#[test]
fn a_device_is_found_once() {
    let mut search = search([BROADCAST]);
    sent(&mut search, at(0));
    let found = search.handle_datagram(at(3), 0, LAMP.addr, &reply(7));
    let Some(Found { addr, did, stamp, token, round_trip, .. }) = found else { panic!("new") };
    assert_eq!((addr, did, stamp), (LAMP.addr, Did::from(7), 77));
    assert_eq!((token, round_trip), (None, Duration::from_millis(3)));
    // It answers each round, over each interface, and perhaps from another address.
    for (link, from) in [(0, LAMP.addr), (1, LAMP.addr), (0, PLUG.addr)] {
        assert_eq!(search.handle_datagram(at(4), link, from, &reply(7)), None);
    }
    assert!(search.handle_datagram(at(5), 0, LAMP.addr, &reply(8)).is_some(), "two at one address");
    assert_eq!(search.ignored(), 0, "all of these were answers");
}

#[test]
fn dids_above_32_bits_are_told_apart() {
    let mut search = search([BROADCAST]);
    let found = |search: &mut Search, did| {
        search.handle_datagram(at(1), 0, LAMP.addr, &reply(did)).map(|found| found.did)
    };
    assert_eq!(found(&mut search, 7), Some(Did::from(7)));
    assert_eq!(found(&mut search, 7 + (1 << 32)), Some(Did::from(7 + (1 << 32))));
    assert_eq!(found(&mut search, 7), None);
}

#[test]
fn devices_that_do_not_know_their_did_go_by_address() {
    for nameless in [u64::MAX, 0xffff_ffff] {
        let mut search = search([BROADCAST]);
        let found = |search: &mut Search, from| {
            search.handle_datagram(at(1), 0, from, &reply(nameless)).is_some()
        };
        assert!(found(&mut search, LAMP.addr));
        assert!(found(&mut search, PLUG.addr));
        assert!(!found(&mut search, LAMP.addr));
        let other_port = SocketAddr::new(LAMP.addr.ip(), 1024);
        assert!(found(&mut search, other_port), "several behind one address");
    }
}

#[test]
fn it_ends_when_enough_are_found() {
    let mut search = search([BROADCAST]).count(2);
    sent(&mut search, at(0));
    for (did, finished) in [(1, false), (1, false), (2, true)] {
        search.handle_datagram(at(1), 0, LAMP.addr, &reply(did));
        assert_eq!(search.is_finished(at(1)), finished);
    }
    assert_eq!(search.handle_datagram(at(2), 0, PLUG.addr, &reply(3)), None);
    assert!(self::search([BROADCAST]).count(0).is_finished(at(0)), "none are enough at once");
}

#[test]
fn an_answer_after_the_end_is_ignored() {
    let mut search = search([BROADCAST]);
    assert_eq!(search.handle_datagram(at(3_000), 0, LAMP.addr, &reply(1)), None);
    assert_eq!(search.ignored(), 1);
}

#[test]
fn what_is_no_answer_is_ignored() {
    let cipher = Cipher::new(&Token::new([7; 16]));
    let mut message = vec![0; Cipher::sealed_len(2)];
    let header = iot_home_miio::packet::Header { did: 9, stamp: 1 };
    cipher.seal(header, b"{}", &mut message).unwrap();
    let cut = &reply(9)[..31];
    // Our own probe comes back by broadcast, and other searchers' do.
    let probe = mdid_probe(5);
    let garbage = [&b""[..], b"GET / HTTP/1.1\r\n\r\n", &[0; 32], &HELLO, &probe, cut, &message];

    let mut search = search([LAMP]).count(1);
    sent(&mut search, at(0));
    for datagram in garbage {
        assert_eq!(search.handle_datagram(at(1), 0, LAMP.addr, datagram), None, "{datagram:?}");
    }
    assert_eq!(search.ignored(), 7);
    assert!(!search.is_finished(at(1)));
    search.handle_timeout(at(500));
    assert_eq!(sent(&mut search, at(500)), [LAMP], "it has not answered yet");
    assert!(search.handle_datagram(at(501), 0, LAMP.addr, &reply(9)).is_some());
}

#[test]
fn a_flood_of_forged_answers_is_bounded() {
    const FLOOD: u64 = 60_000;
    let mut search = search([BROADCAST]);
    sent(&mut search, at(0));
    let found = (0..FLOOD)
        .filter(|did| search.handle_datagram(at(1), 0, LAMP.addr, &reply(*did)).is_some())
        .count();
    assert!((1_000..20_000).contains(&found), "{found} devices");

    // The same without dids, from as many addresses.
    let mut search = self::search([BROADCAST]);
    sent(&mut search, at(0));
    let found = (0..FLOOD)
        .filter(|from| {
            let ip = Ipv4Addr::from_bits(u32::try_from(*from).unwrap());
            let from = SocketAddr::new(ip.into(), 54_321);
            search.handle_datagram(at(1), 0, from, &reply(u64::MAX)).is_some()
        })
        .count();
    assert!((1_000..20_000).contains(&found), "{found} devices");
    search.handle_timeout(at(500));
    assert_eq!(sent(&mut search, at(500)), [BROADCAST], "the search goes on");
    assert!(search.is_finished(at(3_000)), "and ends");
}

#[test]
fn two_links() {
    let second = Target { link: 1, ..BROADCAST };
    let mut search = search([LAMP, Target { link: 1, ..LAMP }, BROADCAST, second]);
    let links: BTreeSet<_> = sent(&mut search, at(0)).into_iter().collect();
    assert_eq!(links.len(), 4);
    // An answer counts for the link it came over: the other one may lead to another network.
    assert!(search.handle_datagram(at(2), 1, LAMP.addr, &reply(1)).is_some());
    assert_eq!(search.handle_datagram(at(3), 1, LAMP.addr, &reply(1)), None);
    search.handle_timeout(at(500));
    assert_eq!(sent(&mut search, at(500)), [LAMP, BROADCAST, second]);
    // There the same address may be another device.
    assert!(search.handle_datagram(at(501), 0, LAMP.addr, &reply(2)).is_some());
}

#[test]
fn round_trips_count_from_the_latest_probe() {
    let mut search = search([LAMP, BROADCAST]);
    sent(&mut search, at(0));
    search.handle_timeout(at(500));
    sent(&mut search, at(500));
    let mut round_trip = |from, did| {
        let found = search.handle_datagram(at(540), 0, from, &reply(did));
        found.map(|found| found.round_trip)
    };
    assert_eq!(round_trip(LAMP.addr, 1), Some(Duration::from_millis(40)));
    assert_eq!(round_trip(addr(99), 2), Some(Duration::from_millis(40)), "by the broadcast");
}

#[test]
fn a_shown_token_is_passed_on() {
    let mut search = search([BROADCAST]);
    let token = Token::new([9; 16]);
    let shown = HelloReply::new(1, 0, HelloField::Token(token.clone())).encode();
    let found = search.handle_datagram(at(1), 0, LAMP.addr, &shown).unwrap();
    assert_eq!((found.token, found.stamp), (Some(token), 0));
}
