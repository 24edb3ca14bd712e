//! How much is allocated. In a program of its own, with one test: the count is the whole program's.

use std::alloc::System;
use std::hint::black_box;

use iot_home_mqtt::packet::{inspect, parse};
use iot_home_mqtt::{Connect, MqttLogin, Problem};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How much `run` allocates: how often, and how many bytes. The test harness has a thread of its own, so
/// that a single run may count too much; never too little.
fn allocations(mut run: impl FnMut()) -> (usize, usize) {
    let count = |run: &mut dyn FnMut()| {
        let region = Region::new(GLOBAL);
        run();
        let change = region.change();
        (change.allocations + change.reallocations, change.bytes_allocated)
    };
    (0..10).map(|_| count(&mut run)).min().unwrap_or_default()
}

#[test]
fn a_packet_is_read_where_it_lies() {
    assert!(allocations(|| drop(black_box(vec![0_u8; 100]))).0 > 0, "they are counted");
    let mut login = MqttLogin::new("broker.lan", 1883, "lamp");
    login.username = Some("me".into());
    login.password = Some(String::from("pw").into());
    let mut packet = Vec::new();
    Connect::from(&login).encode(&mut packet).unwrap();

    let mut buffer = Vec::with_capacity(1024);
    let (count, _) = allocations(|| {
        buffer.clear();
        Connect::from(&login).encode(&mut buffer).unwrap();
    });
    assert_eq!(count, 0, "writing into a buffer");
    assert_eq!(allocations(|| assert!(parse(&packet).is_ok())).0, 0, "reading");
    assert_eq!(
        allocations(|| assert!(inspect(&packet).is_ok())).0,
        0,
        "looking into what is right"
    );

    // A packet of 16 bytes that claims 256 MiB, and a field that claims 64 KiB of it.
    let lie = b"\x10\xff\xff\xff\x7f\0\x04MQTT\x04\x02\0\x3c\xff\xff";
    assert!(matches!(parse(lie), Err(Problem::FieldLength { .. })));
    assert_eq!(allocations(|| assert!(parse(lie).is_err())).0, 0, "a lie");
    let (_, bytes) = allocations(|| assert!(inspect(lie).is_ok()));
    assert!(bytes < 1024, "a lie costs its problems: {bytes}");
    // A text that is no UTF-8 is copied, and no more than it has.
    let other = [&b"\x10\x8d\x10\0\x04MQTT\x04\x02\0\x3c\x08\0"[..], &[0xff; 2048]].concat();
    let (_, bytes) = allocations(|| assert!(inspect(&other).is_ok()));
    assert!(bytes < 8 * other.len(), "{bytes}");
}
