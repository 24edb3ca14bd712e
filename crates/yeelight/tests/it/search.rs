//! The search for bulbs, in time made up by the tests.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_yeelight::search::{GROUP, REQUEST, ROUNDS, Search, Target};
use iot_home_yeelight::{BulbId, PORT, SEARCH_PORT};

use crate::advert::{datagrams, named};

const LAMP: Target = Target { link: 0, addr: addr(20) };
const STRIP: Target = Target { link: 0, addr: addr(21) };
const ALL: Target = Target { link: 0, addr: SocketAddr::new(IpAddr::V4(GROUP), SEARCH_PORT) };
const WAIT: Duration = Duration::from_secs(3);

const fn addr(last: u8) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 168, 1, last)), SEARCH_PORT)
}

fn at(milliseconds: u64) -> Instant {
    Instant::from_origin(Duration::from_millis(milliseconds))
}

fn search(targets: impl IntoIterator<Item = Target>) -> Search {
    Search::new(at(0), targets, &ROUNDS, WAIT)
}

fn answer(id: u64) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nid: {id:#018x}\r\nmodel: mono\r\n").into_bytes()
}

/// The targets of the searches that wait to be sent.
fn sent(search: &mut Search) -> Vec<Target> {
    let mut targets = Vec::new();
    while let Some((target, request)) = search.poll_transmit() {
        assert_eq!(request, REQUEST);
        targets.push(target);
    }
    targets
}

fn is_found(search: &mut Search, from: SocketAddr, id: u64) -> bool {
    let found = search.handle_datagram(at(1), 0, from, &answer(id));
    assert!(found.as_ref().is_none_or(|found| found.id() == BulbId::new(id)));
    found.is_some()
}

#[test]
fn the_request_is_the_documented_one() {
    let documented = concat!(
        "4d2d534541524348202a20485454502f312e310d0a",
        "484f53543a203233392e3235352e3235352e3235303a313938320d0a",
        "4d414e3a2022737364703a646973636f766572220d0a",
        "53543a20776966695f62756c620d0a",
    );
    let hex: String = REQUEST.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((hex.as_str(), REQUEST.len()), (documented, 86));
    assert_eq!((GROUP, SEARCH_PORT), (Ipv4Addr::new(239, 255, 255, 250), 1982));
}

#[test]
fn three_rounds_to_every_target() {
    let mut search = search([LAMP, ALL, LAMP]);
    let mut probes = Vec::new();
    let mut now = at(0);
    while !search.is_finished(now) {
        search.handle_timeout(now);
        probes.extend(sent(&mut search).into_iter().map(|to| (now.since_origin(), to)));
        let next = search.poll_timeout();
        assert!(next > now, "it would never sleep");
        now = next;
    }
    assert_eq!(now, at(3_000), "it ends in time");
    let expected: Vec<_> = [0, 1_000, 2_000]
        .into_iter()
        .flat_map(|time| [LAMP, ALL].map(|to| (Duration::from_millis(time), to)))
        .collect();
    assert_eq!(probes, expected, "a target named twice is asked once");
    assert_eq!(search.probes(), 6);
}

#[test]
fn rounds_after_the_end_are_none() {
    let mut search = Search::new(at(100), [LAMP], &ROUNDS, Duration::from_millis(2_000));
    assert_eq!(sent(&mut search), [LAMP]);
    assert_eq!(search.poll_timeout(), at(1_100));
    search.handle_timeout(at(1_099));
    assert_eq!(sent(&mut search), []);
    search.handle_timeout(at(1_100));
    assert_eq!(sent(&mut search), [LAMP]);
    assert_eq!(search.poll_timeout(), at(2_100), "the end: the last round would begin there");
    assert!(!search.is_finished(at(2_099)));
    assert!(search.is_finished(at(2_100)));
}

#[test]
fn a_search_that_slept_too_long_asks_once() {
    let mut search = search([LAMP, STRIP]);
    assert_eq!(search.poll_transmit().map(|(target, _)| target), Some(LAMP));
    // The socket took no more for a while, and both rounds have come meanwhile.
    search.handle_timeout(at(2_900));
    assert_eq!(sent(&mut search), [LAMP, STRIP]);
    assert_eq!(search.poll_timeout(), at(3_000));
}

#[test]
fn who_has_answered_is_not_asked_again() {
    let mut search = search([LAMP, STRIP, ALL]);
    assert_eq!(sent(&mut search).len(), 3);
    assert!(is_found(&mut search, LAMP.addr, 1));
    // What answers the group is somebody else, so that the others are still asked.
    assert!(is_found(&mut search, addr(30), 2));
    search.handle_timeout(at(1_000));
    assert!(is_found(&mut search, STRIP.addr, 3), "before the round reached it");
    assert_eq!(sent(&mut search), [ALL]);
    assert_eq!(search.probes(), 4);
}

#[test]
fn answers_count_from_whatever_port() {
    let other_port = |target: Target| SocketAddr::new(target.addr.ip(), 49_153);
    let mut search = search([LAMP, STRIP]);
    sent(&mut search);
    assert!(is_found(&mut search, other_port(LAMP), 1));
    search.handle_timeout(at(1_000));
    assert_eq!(sent(&mut search), [STRIP]);

    // With two behind one address there is no telling which it was, until it tells itself.
    let second = Target { addr: other_port(LAMP), ..LAMP };
    let mut search = self::search([LAMP, second]);
    sent(&mut search);
    assert!(is_found(&mut search, SocketAddr::new(LAMP.addr.ip(), 50_000), 1));
    search.handle_timeout(at(1_000));
    assert_eq!(sent(&mut search), [LAMP, second]);
    assert!(is_found(&mut search, LAMP.addr, 2));
    assert!(!is_found(&mut search, LAMP.addr, 2), "once more: the other is still silent");
    search.handle_timeout(at(2_000));
    assert_eq!(sent(&mut search), [second]);
}

#[test]
fn a_bulb_is_found_once() {
    let mut search = search([ALL]);
    sent(&mut search);
    let found = search.handle_datagram(at(3), 0, LAMP.addr, &named("documented_answer")).unwrap();
    assert_eq!(found.source(), LAMP.addr);
    assert_eq!(found.addr(), SocketAddr::new(LAMP.addr.ip(), 55_443));
    // It answers each round, over each interface, from whatever port, and perhaps in another state.
    let mut dimmed = String::from_utf8(named("documented_answer")).unwrap();
    dimmed = dimmed.replace("bright: 100", "bright: 1");
    for (link, port) in [(0, 1982), (1, 1982), (0, 49_153)] {
        let from = SocketAddr::new(LAMP.addr.ip(), port);
        assert_eq!(search.handle_datagram(at(4), link, from, dimmed.as_bytes()), None);
    }
    assert!(is_found(&mut search, LAMP.addr, 8), "two at one address");
    assert_eq!(search.ignored(), 0, "all of these were answers");
}

#[test]
fn a_bulb_that_moves_is_found_again() {
    let mut search = search([ALL]).count(2);
    let mut found = |last, port: u16| {
        let answer = format!("HTTP/1.1 200 OK\nid: 7\nLocation: yeelight://0.0.0.0:{port}\n");
        search.handle_datagram(at(1), 0, addr(last), answer.as_bytes()).map(|found| found.addr())
    };
    let to = |last, port| Some(SocketAddr::new(addr(last).ip(), port));
    assert_eq!(found(20, PORT), to(20, PORT));
    assert_eq!(found(20, PORT), None);
    assert_eq!(found(21, PORT), to(21, PORT), "another address");
    assert_eq!(found(21, 5_000), to(21, 5_000), "another port");
    assert_eq!(found(21, 5_000), None);
    assert_eq!(found(20, PORT), to(20, PORT), "the newest counts");
    assert!(!search.is_finished(at(1)), "all of that is one bulb");
}

#[test]
fn it_ends_when_enough_are_found() {
    let mut search = search([ALL]).count(2);
    for (id, finished) in [(1, false), (1, false), (2, true)] {
        is_found(&mut search, LAMP.addr, id);
        assert_eq!(search.is_finished(at(1)), finished);
    }
    assert!(!is_found(&mut search, STRIP.addr, 3));
    assert!(self::search([ALL]).count(0).is_finished(at(0)), "none are enough at once");
}

#[test]
fn it_ends_when_all_that_are_wanted_are_found() {
    let mut search = search([ALL]).ids([4, 2].map(BulbId::new));
    for (id, finished) in [(1, false), (2, false), (2, false), (3, false), (4, true)] {
        is_found(&mut search, LAMP.addr, id);
        assert_eq!(search.is_finished(at(1)), finished, "{id}");
    }
    assert!(!self::search([ALL]).ids([]).is_finished(at(0)), "no ids are no condition");
    let mut either = self::search([ALL]).ids([BulbId::new(9)]).count(1);
    assert!(is_found(&mut either, LAMP.addr, 1));
    assert!(either.is_finished(at(1)));
}

#[test]
fn an_answer_after_the_end_is_ignored() {
    let mut search = search([ALL]);
    assert_eq!(search.handle_datagram(at(3_000), 0, LAMP.addr, &answer(1)), None);
    assert_eq!(search.ignored(), 1);
}

#[test]
fn what_is_no_answer_is_ignored_and_ends_nothing() {
    let mut search = search([LAMP]);
    sent(&mut search);
    let mut bad = 0;
    for (name, datagram) in datagrams() {
        let advert = iot_home_yeelight::Advert::parse(&datagram);
        if advert.is_ok_and(|advert| advert.kind() == iot_home_yeelight::AdvertKind::Answer) {
            continue;
        }
        assert_eq!(search.handle_datagram(at(1), 0, LAMP.addr, &datagram), None, "{name}");
        bad += 1;
        assert_eq!(search.ignored(), bad, "{name}");
    }
    // Advertisements and our own searches among them.
    assert!(bad > 20, "{bad}");
    search.handle_timeout(at(1_000));
    assert_eq!(sent(&mut search), [LAMP], "it has not answered yet");
    assert!(is_found(&mut search, LAMP.addr, 9));
}

#[test]
fn a_flood_of_forged_ids_is_bounded_and_hides_nobody_who_is_wanted() {
    let mut search = search([ALL]).ids([BulbId::new(77_777_777)]);
    sent(&mut search);
    let found = (0..60_000).filter(|id| is_found(&mut search, LAMP.addr, *id)).count();
    assert!((1_000..20_000).contains(&found), "{found} bulbs");
    assert!(is_found(&mut search, STRIP.addr, 0), "a known one that moves");
    search.handle_timeout(at(1_000));
    assert_eq!(sent(&mut search), [ALL], "the search goes on");
    assert!(is_found(&mut search, STRIP.addr, 77_777_777));
    assert!(search.is_finished(at(1_001)), "and ends");
}

#[test]
fn two_links() {
    let second = Target { link: 1, ..ALL };
    let other_lamp = Target { link: 1, ..LAMP };
    let mut search = search([LAMP, other_lamp, ALL, second]);
    let links: BTreeSet<_> = sent(&mut search).into_iter().collect();
    assert_eq!(links.len(), 4);
    // An answer counts for the link it came over: the other one may lead to another network.
    assert!(search.handle_datagram(at(2), 1, LAMP.addr, &answer(1)).is_some());
    assert_eq!(search.handle_datagram(at(3), 1, LAMP.addr, &answer(1)), None);
    search.handle_timeout(at(1_000));
    assert_eq!(sent(&mut search), [LAMP, ALL, second]);
}
