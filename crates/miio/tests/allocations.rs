//! What must not allocate. In a program of its own, with one test: the count is the whole program's.

use std::alloc::System;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use iot_home_core::{Instant, SeededRandom};
use iot_home_miio::cipher::{Cipher, OpenError};
use iot_home_miio::discovery::{Search, Target};
use iot_home_miio::packet::{Header, HelloReply, PacketError};
use iot_home_miio::session::{Config, Session};
use iot_home_miio::{Packet, Request, Token};
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

    let token = Token::new([7; 16]);
    let cipher = Cipher::new(&token);
    let header = Header { did: 51_880_628, stamp: 12_346 };
    let payload = [b'x'; 200];
    let mut packet = [0; Cipher::sealed_len(200)];
    let mut datagram = packet;

    let count = allocations(|| {
        cipher.seal(header, &payload, &mut packet).unwrap();
    });
    assert_eq!(count, 0, "sealing");
    let count = allocations(|| {
        packet[32..232].copy_from_slice(&payload);
        cipher.seal_in_place(header, 200, &mut packet).unwrap();
    });
    assert_eq!(count, 0, "sealing in place");
    let count = allocations(|| {
        datagram = packet;
        assert_eq!(cipher.open(&mut datagram), Ok(&payload[..]));
    });
    assert_eq!(count, 0, "opening");
    let count = allocations(|| {
        datagram = packet;
        datagram[100] ^= 1;
        assert_eq!(cipher.open(&mut datagram), Err(OpenError::Checksum));
    });
    assert_eq!(count, 0, "refusing what was changed");
    let count = allocations(|| {
        let parsed = Packet::parse(&packet).unwrap();
        assert!(cipher.verify(&parsed));
        assert_eq!(parsed.ciphertext().len(), 208);
    });
    assert_eq!(count, 0, "parsing");

    // A header that claims 65535 bytes in a datagram of 32.
    let mut lie = [0; 32];
    lie[..4].copy_from_slice(&[0x21, 0x31, 0xff, 0xff]);
    let count = allocations(|| {
        let error = PacketError::ClaimedTooLong { claimed: 65_535, actual: 32 };
        assert_eq!(Packet::parse(&lie), Err(error.clone()));
        assert_eq!(HelloReply::parse(&lie), Err(error.clone()));
        assert_eq!(cipher.open(&mut lie), Err(error.into()));
    });
    assert_eq!(count, 0, "a lie");

    strangers_cost_nothing(&lie, &packet);
}

/// What a stranger may send, to a session with a request under way and to a search.
fn strangers_cost_nothing(lie: &[u8; 32], foreign: &[u8; 240]) {
    let now = Instant::ORIGIN;
    let mut session =
        Session::new(&Token::new([8; 16]), Config::default(), &mut SeededRandom::new(1));
    session.request(now, Request::new("get_prop", ()).unwrap());
    let addr = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 54_321);
    let mut search = Search::new(now, [Target { link: 0, addr }], &[], Duration::from_secs(1));
    for datagram in [&lie[..], foreign, &[0; 1_000], b""] {
        let mut copy = datagram.to_vec();
        let count = allocations(|| {
            assert!(!session.handle_datagram(now, &mut copy));
            assert_eq!(search.handle_datagram(now, 0, addr, datagram), None);
        });
        assert_eq!(count, 0, "a stranger's {} bytes", datagram.len());
    }
    assert_eq!(session.stats().malformed, 30);
    assert_eq!(session.stats().bad_checksum, 10);
}
