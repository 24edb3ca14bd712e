//! The directory behind the listener, in time made up by the tests.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_yeelight::BulbId;
use iot_home_yeelight::directory::{Directory, MAX_LEN, Update};

use crate::advert::{datagrams, named};

const HOUR: u64 = 3600;

fn at(seconds: u64) -> Instant {
    Instant::from_origin(Duration::from_secs(seconds))
}

fn from(last: u8) -> SocketAddr {
    SocketAddr::new(Ipv4Addr::new(192, 168, 1, last).into(), 1982)
}

fn notify(id: u64, more: &str) -> Vec<u8> {
    format!("NOTIFY * HTTP/1.1\r\nid: {id:#018x}\r\n{more}\r\n").into_bytes()
}

/// What a datagram changes, as a word, and for which bulb.
fn told(update: Option<&Update>) -> Option<(&'static str, u64)> {
    let update = update?;
    let word = match update {
        Update::New(_) => "new",
        Update::Changed(_) => "changed",
        Update::Renewed(_) => "renewed",
        Update::Expired(_) => "expired",
        _ => "another",
    };
    Some((word, update.sighting().id().get()))
}

fn hear(directory: &mut Directory, now: u64, id: u64, more: &str) -> Option<(&'static str, u64)> {
    told(directory.handle_datagram(at(now), from(7), &notify(id, more)).as_ref())
}

/// Everybody who has gone by now.
fn gone(directory: &mut Directory, now: u64) -> Vec<u64> {
    let mut gone = Vec::new();
    while let Some(update) = directory.handle_timeout(at(now)) {
        assert!(matches!(update, Update::Expired(_)));
        gone.push(update.sighting().id().get());
    }
    gone
}

fn ids(directory: &Directory) -> Vec<u64> {
    directory.bulbs().map(|bulb| bulb.id().get()).collect()
}

#[test]
fn a_bulb_comes_changes_is_renewed_and_goes() {
    let mut directory = Directory::new();
    assert_eq!(directory.poll_timeout(), None);
    let on = "Cache-Control: max-age=1000\r\npower: on";
    assert_eq!(hear(&mut directory, 0, 1, on), Some(("new", 1)));
    assert_eq!(hear(&mut directory, 10, 1, on), Some(("renewed", 1)));
    let off = "Cache-Control: max-age=1000\r\npower: off";
    assert_eq!(hear(&mut directory, 20, 1, off), Some(("changed", 1)));
    let kept = directory.bulb(BulbId::new(1)).unwrap();
    assert_eq!(kept.header("power").as_deref(), Some("off"), "the newest counts");

    // It would speak again 1000 seconds later, so that an eighth more is its grace.
    assert_eq!(directory.poll_timeout(), Some(at(20 + 1125)));
    assert!(gone(&mut directory, 20 + 1124).is_empty());
    assert_eq!(ids(&directory), [1]);
    assert_eq!(gone(&mut directory, 20 + 1125), [1]);
    assert_eq!((ids(&directory), directory.poll_timeout()), (vec![], None));
    assert_eq!(hear(&mut directory, 2_000, 1, off), Some(("new", 1)), "and comes again");
}

#[test]
fn those_that_say_nothing_of_their_age_have_an_hour() {
    let mut directory = Directory::new();
    for (id, age) in [(1, ""), (2, "Cache-Control: soon"), (3, "Cache-Control: max-age=0")] {
        hear(&mut directory, 0, id, age);
    }
    hear(&mut directory, 0, 4, "Cache-Control: max-age=99999999999999999999");
    assert_eq!(gone(&mut directory, 2), [3], "a second at least");
    assert!(gone(&mut directory, HOUR).is_empty());
    assert_eq!(gone(&mut directory, HOUR + HOUR / 8), [1, 2]);
    assert!(gone(&mut directory, 27 * HOUR - 1).is_empty());
    assert_eq!(gone(&mut directory, 27 * HOUR), [4], "a day at most");
}

#[test]
fn each_goes_at_its_own_time() {
    let mut directory = Directory::new();
    for id in [5, 3, 4] {
        hear(&mut directory, id, id, "Cache-Control: max-age=80");
    }
    assert_eq!(directory.poll_timeout(), Some(at(93)));
    hear(&mut directory, 10, 3, "Cache-Control: max-age=80");
    assert_eq!(directory.poll_timeout(), Some(at(94)));
    assert_eq!(gone(&mut directory, 94), [4]);
    // A shorter time than before counts as well.
    hear(&mut directory, 94, 3, "Cache-Control: max-age=8");
    assert_eq!(gone(&mut directory, 99), [5]);
    assert_eq!(gone(&mut directory, 103), [3]);
    assert_eq!(directory.poll_timeout(), None);
}

#[test]
fn a_change_is_what_is_told_of_the_bulb() {
    let notify = named("documented_notify");
    let mut directory = Directory::new();
    let mut hear = |source: SocketAddr, datagram: &[u8]| {
        told(directory.handle_datagram(at(0), source, datagram).as_ref()).unwrap().0
    };
    assert_eq!(hear(from(7), &notify), "new");
    assert_eq!(
        hear(SocketAddr::new(from(7).ip(), 49_153), &notify),
        "renewed",
        "its sender's port"
    );
    assert_eq!(hear(from(7), &named("documented_answer")), "renewed", "an answer says the same");
    assert_eq!(hear(from(8), &notify), "changed", "it has another address");
    let edited = |from: &str, to: &str| {
        let text = String::from_utf8(notify.clone()).unwrap();
        assert!(text.contains(from));
        text.replace(from, to).into_bytes()
    };
    assert_eq!(hear(from(8), &edited("max-age=3600", "max-age=3584")), "renewed");
    assert_eq!(hear(from(8), &edited(":55443", ":55444")), "changed");
    assert_eq!(hear(from(8), &edited("fw_ver: 18", "fw_ver: 19")), "changed");
    assert_eq!(hear(from(8), &edited("fw_ver: 18", "fw_ver: 19\r\nbg_power: on")), "changed");
    assert_eq!(hear(from(8), &edited("fw_ver: 18", "fw_ver: 19\r\nbg_power: off")), "changed");
    assert_eq!(hear(from(8), &notify), "changed");
    assert_eq!(hear(from(8), &notify), "renewed");
}

#[test]
fn what_tells_of_no_bulb_is_ignored_and_searches_are_no_fault() {
    let mut directory = Directory::new();
    assert_eq!(directory.handle_datagram(at(0), from(2), &named("search")), None);
    assert_eq!(directory.ignored(), 0);
    for name in ["upnp_notify", "random_200_bytes", "id_missing", "empty"] {
        assert_eq!(directory.handle_datagram(at(0), from(2), &named(name)), None, "{name}");
    }
    assert_eq!(directory.ignored(), 4);
    for (_, datagram) in datagrams() {
        directory.handle_datagram(at(0), from(2), &datagram);
    }
    assert_eq!(ids(&directory), [0x15243f, u64::MAX]);
}

#[test]
fn newcomers_find_no_room_while_it_is_full() {
    let mut directory = Directory::new().capacity(2);
    let age = "Cache-Control: max-age=80";
    assert_eq!(hear(&mut directory, 0, 1, age), Some(("new", 1)));
    assert_eq!(hear(&mut directory, 5, 2, age), Some(("new", 2)));
    assert_eq!(hear(&mut directory, 6, 3, age), None);
    assert_eq!(directory.ignored(), 1);
    assert_eq!(hear(&mut directory, 50, 2, age), Some(("renewed", 2)), "those that are there are");
    assert_eq!(gone(&mut directory, 90), [1]);
    assert_eq!(hear(&mut directory, 91, 3, age), Some(("new", 3)));
    assert_eq!(ids(&directory), [2, 3]);
}

#[test]
fn a_flood_of_forged_advertisements_is_bounded() {
    let mut directory = Directory::new();
    hear(&mut directory, 0, 1, "power: on");
    for id in 2..50_000 {
        hear(&mut directory, 0, id, "power: off");
    }
    assert_eq!(directory.bulbs().len(), 1024);
    assert!(directory.bulb(BulbId::new(1)).is_some());
    // Neither many nor long ones fill the memory.
    let long = "x".repeat(MAX_LEN);
    assert_eq!(hear(&mut directory, 1, 1, &long), None);
    // The same one over and over leaves one time behind, not many.
    for now in 0..10_000 {
        hear(&mut directory, now, 1, "");
    }
    assert_eq!(gone(&mut directory, 20_000).len(), 1024);
    assert_eq!(directory.poll_timeout(), None);
}
