//! How much is allocated. In a program of its own, with one test: the count is the whole program's.

use std::alloc::System;
use std::hint::black_box;
use std::time::Duration;

use iot_home_aliyun::{Device, Presented, Timestamp};
use iot_home_mqtt::Credentials;
use iot_home_mqtt::platform::Way;
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
fn a_login_is_its_texts_and_a_verification_nothing() {
    assert!(allocations(|| drop(black_box(vec![0_u8; 100]))) > 0, "they are counted");
    let device = Device::new("a1X2bEnP82z", "example1", "secret").unwrap();
    let plain = device.tls();
    let stamped = plain.clone().timestamp(Timestamp::Millis);
    // Host, client id, user name and password.
    for login in [&plain, &stamped] {
        assert_eq!(allocations(|| drop(black_box(login.sign(Duration::MAX)))), 4);
    }

    let signed = stamped.sign(Duration::from_secs(1));
    let other = Device::new("a1X2bEnP82z", "example1", "another").unwrap();
    let presented = Presented::new(Credentials::from(&signed));
    let (right, wrong) = (Way::default().tls(true), Way::default().tls(false));
    assert_eq!(allocations(|| assert!(presented.verify(&device, right).is_ok())), 0);
    assert_eq!(allocations(|| assert!(presented.verify(&device, wrong).is_err())), 0);
    // What nobody can explain takes the longest way.
    assert_eq!(allocations(|| assert!(presented.verify(&other, right).is_err())), 0);
    let long = format!("x|{}|", "a=1,".repeat(10_000));
    let count = allocations(|| {
        let presented = Presented::new(Credentials::new(&long, "lamp&pk", &[b'0'; 64]));
        assert!(presented.verify(&device, right).is_err());
    });
    assert_eq!(count, 0, "a stranger's 40,000 bytes");
}
