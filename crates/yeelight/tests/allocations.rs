//! What must not allocate. In a program of its own, with one test: the count is the whole program's.

use std::alloc::System;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_yeelight::search::Target;
use iot_home_yeelight::{Advert, AdvertError, Directory, Search};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How often `run` allocates. The test harness has a thread of its own, so that a single run may
/// count too much; never too little.
fn allocations(mut run: impl FnMut()) -> usize {
    let count = |run: &mut dyn FnMut()| {
        let region = Region::new(GLOBAL);
        run();
        let change = region.change();
        change.allocations + change.reallocations
    };
    (0..10).map(|_| count(&mut run)).min().unwrap_or_default()
}

#[test]
fn nothing_allocates_that_must_not() {
    assert!(allocations(|| drop(vec![0_u8; 100])) > 0, "they are counted");

    let mut answer = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=3600\r\n\
        Location: yeelight://192.168.1.239:55443\r\nServer: POSIX UPnP/1.0 YGLC/1\r\n\
        id: 0x000000000015243f\r\nmodel: color\r\nfw_ver: 18\r\nsupport: get_prop set_power\r\n\
        power: on\r\nname: desk lamp\r\n"
        .to_vec();
    answer.extend((0..100).flat_map(|_| *b"Unknown: header\r\n"));
    let source = SocketAddr::new(Ipv4Addr::new(192, 168, 1, 239).into(), 1982);

    let count = allocations(|| {
        let advert = Advert::parse(&answer).unwrap();
        assert_eq!(advert.support().count(), 2);
        assert_eq!(advert.model().unwrap(), "color");
        assert_eq!(advert.name().unwrap(), "desk lamp");
        assert_eq!(advert.header("server").unwrap(), "POSIX UPnP/1.0 YGLC/1");
        assert_eq!(advert.headers().count(), 109);
        assert!(advert.location().is_some() && advert.max_age().is_some());
    });
    assert_eq!(count, 0, "parsing, and looking at what was parsed");

    let count = allocations(|| drop(Advert::parse(&answer).unwrap().to_sighting(source)));
    assert_eq!(count, 1, "keeping it");

    let sighting = Advert::parse(&answer).unwrap().to_sighting(source);
    let count = allocations(|| assert_eq!(sighting.name().unwrap(), "desk lamp"));
    assert_eq!(count, 0, "looking at what was kept");

    strangers_cost_nothing(&answer, source);
}

/// What a stranger may send, and what was heard before.
fn strangers_cost_nothing(answer: &[u8], source: SocketAddr) {
    let now = Instant::ORIGIN;
    let target = Target { link: 0, addr: source };
    let mut search = Search::new(now, [target], &[], Duration::from_secs(1));
    let mut directory = Directory::new().capacity(0);
    assert!(search.handle_datagram(now, 0, source, answer).is_some());
    let no_id = answer.split_at(40).0;
    assert_eq!(Advert::parse(no_id), Err(AdvertError::NoId));
    for datagram in [no_id, &iot_home_yeelight::search::REQUEST, &[0; 1_000], b"", answer] {
        let count = allocations(|| {
            assert_eq!(search.handle_datagram(now, 0, source, datagram), None);
            assert_eq!(directory.handle_datagram(now, source, datagram), None);
        });
        assert_eq!(count, 0, "a stranger's {} bytes", datagram.len());
    }
    assert_eq!((search.ignored(), directory.ignored()), (40, 40));
}
