//! How much is allocated. In a program of its own, with one test: the count is the whole program's.

use std::alloc::System;
use std::hint::black_box;
use std::time::Duration;

use iot_home_core::SeededRandom;
use iot_home_mqtt::Credentials;
use iot_home_tencent::{Device, Presented};
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
fn a_login_is_its_texts_and_a_verification_its_key() {
    assert!(allocations(|| drop(black_box(vec![0_u8; 100]))) > 0, "they are counted");
    let device = Device::new("YOURPROD01", "lamp1", "7WmFA/MEs+Fy+32QwJWtYw==").unwrap();
    let login = device.tls();
    let named = login.clone().conn_id("Ab1Cd").unwrap();
    let mut random = SeededRandom::new(1);
    // Host, client id, user name and password.
    for login in [&login, &named] {
        assert_eq!(allocations(|| drop(black_box(login.sign(Duration::MAX, &mut random)))), 4);
    }

    let now = Duration::from_secs(1_600_000_000);
    let signed = login.sign(now, &mut random);
    let other = Device::new("YOURPROD01", "lamp1", "c3Vic3Vic3Vic3Vic3Vicw==").unwrap();
    let presented = Presented::new(Credentials::from(&signed));
    // The key is decoded for it.
    assert_eq!(allocations(|| assert!(presented.verify(&device, now).is_ok())), 1);
    assert_eq!(allocations(|| assert!(presented.verify(&device, Duration::MAX).is_err())), 1);
    assert_eq!(allocations(|| assert!(presented.verify(&other, now).is_err())), 1);
    let long = ";".repeat(40_000);
    let count = allocations(|| {
        let presented = Presented::new(Credentials::new("lamp", &long, &[b'0'; 64]));
        assert!(presented.verify(&device, now).is_err());
    });
    assert_eq!(count, 0, "a stranger's 40,000 bytes");
}
