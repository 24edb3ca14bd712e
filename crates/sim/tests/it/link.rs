//! A session against a device over the link in virtual time: whatever goes wrong, all ends well.

use std::time::Duration;

use iot_home_core::SeededRandom;
use iot_home_miio::packet::{HelloField, HelloReply};
use iot_home_miio::session::Config;
use iot_home_miio::{Failure, Request, Session};
use iot_home_sim::miio::{DeviceClock, Silence};
use iot_home_sim::{Faults, SimDevice, VirtualLink};

const SECOND: Duration = Duration::from_secs(1);

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn get() -> Request {
    Request::new("get_prop", ["power"]).unwrap()
}

fn lamp(faults: Faults) -> VirtualLink {
    VirtualLink::new(SimDevice::light().did(7).faults(faults).build().unwrap())
}

#[test]
fn a_call_takes_two_ways_and_the_first_a_hello() {
    let mut link = lamp(Faults::default());
    let (reply, elapsed) = link.call(get());
    assert_eq!((reply.unwrap().text(), elapsed), (r#"["off"]"#, millis(4)));
    let (reply, elapsed) = link.call(get());
    assert_eq!((reply.is_ok(), elapsed), (true, millis(2)));
    link.idle(SECOND);
    assert_eq!(link.now().since_origin(), millis(1006));
    link.idle(Duration::ZERO);
    assert_eq!(link.now().since_origin(), millis(1006));
}

#[test]
fn several_at_a_time() {
    let mut link = lamp(Faults::default());
    let keys = [get(), get(), get()].map(|request| link.start(request));
    assert!(keys.into_iter().rev().all(|key| link.finish(key).is_ok()));
    assert_eq!(link.finish(keys[0]), Err(Failure::NeverSent), "it has been taken already");
}

#[test]
fn loss_delay_duplication_reordering() {
    for seed in 0..200 {
        let faults = Faults::seed(seed)
            .loss(0.05)
            .delay(millis(1)..=millis(20))
            .duplicate(0.05)
            .reorder(0.1)
            .id_memory(32)
            .stamp_window(2 * SECOND);
        let mut link = lamp(faults);
        for n in 1..=100_u64 {
            let bright = Request::new("set_bright", [n]).unwrap();
            let (reply, elapsed) = link.call(bright);
            assert!(reply.is_ok(), "seed {seed}, call {n}: {reply:?} after {elapsed:?}");
        }
        assert_eq!(link.device().properties().get("bright"), Some(100.into()));
        assert_eq!(link.device().report().violations.total(), 0, "seed {seed}");
    }
}

#[test]
fn what_must_not_happen_twice_does_not() {
    let mut lost = 0;
    for seed in 0..200 {
        let mut link = lamp(Faults::seed(seed).loss(0.2).duplicate(0.1).id_memory(32));
        let (reply, _) = link.call(Request::new("toggle", ()).unwrap());
        let executed = link.device().report().executed("toggle");
        match reply {
            Ok(_) => assert_eq!(executed, 1, "seed {seed}"),
            Err(Failure::MaybeExecuted { .. }) => {
                assert!(executed <= 1, "seed {seed}");
                lost += 1;
            }
            Err(other) => panic!("seed {seed}: {other}"),
        }
    }
    assert!(lost > 0, "some answers get lost for good");
}

#[test]
fn a_reboot_costs_one_repetition() {
    let mut link = lamp(Faults::seed(1).stamp_window(2 * SECOND).id_memory(32));
    link.call(get()).0.unwrap();
    link.idle(Duration::from_secs(100));
    link.reboot();
    let (reply, elapsed) = link.call(get());
    assert!(reply.is_ok() && elapsed < SECOND, "{elapsed:?}");
    assert!(link.device().report().violations.stale_stamp > 0, "it could not know");
    let now = link.now();
    link.device_mut().set_clock(now, DeviceClock::From(1_790_000_000));
    let (reply, elapsed) = link.call(get());
    assert!(reply.is_ok() && elapsed < SECOND, "{elapsed:?}");
}

#[test]
fn a_client_that_starts_anew_does_not_stall() {
    let mut link = lamp(Faults::seed(1).id_memory(32).stamp_window(2 * SECOND));
    for start in 0..10 {
        let token = link.device().token().clone();
        *link.session_mut() =
            Session::new(&token, Config::default(), &mut SeededRandom::new(start));
        let (reply, elapsed) = link.call(get());
        assert!(reply.is_ok() && elapsed < millis(10), "start {start}: {elapsed:?}");
    }
    assert_eq!(link.device().report().violations.repeated_id, 0);
}

#[test]
fn idle_time_does_not_make_stamps_stale() {
    let mut link = lamp(Faults::seed(1).stamp_window(2 * SECOND));
    link.call(get()).0.unwrap();
    for idle in [25, 61, 3600, 86_400] {
        link.idle(Duration::from_secs(idle));
        let (reply, elapsed) = link.call(get());
        assert!(reply.is_ok() && elapsed < millis(10), "after {idle} s: {elapsed:?}");
    }
    assert_eq!(link.device().report().violations.stale_stamp, 0);
}

#[test]
fn forged_hellos_do_no_lasting_harm() {
    let mut link = lamp(Faults::seed(1).stamp_window(2 * SECOND));
    link.call(get()).0.unwrap();
    for stamp in [1, 99, 4_000_000_000] {
        let forged = HelloReply::new(7, stamp, HelloField::HiddenFf).encode();
        link.idle(Duration::from_secs(61));
        // The session greets along with this request; the forger is quicker than the device.
        let key = link.start(get());
        link.inject_to_session(&forged);
        assert!(link.finish(key).is_ok());
        let (reply, elapsed) = link.call(get());
        assert!(reply.is_ok() && elapsed < SECOND, "{elapsed:?}");
    }
}

#[test]
fn failures_are_told_apart() {
    let mut link = lamp(Faults::seed(1).silence(Silence::Total));
    let (reply, elapsed) = link.call(get());
    assert!(matches!(reply, Err(Failure::NoHello { .. })), "{reply:?}");
    assert_eq!(elapsed, 5 * SECOND);

    link.device_mut().set_silence(Silence::ToRequests);
    let (reply, _) = link.call(get());
    assert!(matches!(reply, Err(Failure::NoAnswer { other_token_shown: false, .. })), "{reply:?}");
    let (reply, _) = link.call(Request::new("toggle", ()).unwrap());
    assert!(matches!(reply, Err(Failure::MaybeExecuted { .. })), "{reply:?}");
    assert!(link.device().report().ignored > 0);

    link.device_mut().set_silence(Silence::Never);
    assert!(link.call(get()).0.is_ok());
    link.device_mut().set_token([1; 16]);
    let (reply, _) = link.call(get());
    assert!(matches!(reply, Err(Failure::NoAnswer { .. })), "{reply:?}");
    assert!(link.device().report().violations.bad_checksum > 0);
}

#[test]
fn strangers_reach_the_device_and_get_no_answer_here() {
    let mut link = lamp(Faults::default());
    link.inject_to_device(b"hello?");
    link.inject_to_device(&iot_home_miio::packet::HELLO);
    link.idle(SECOND);
    let report = link.device().report();
    assert_eq!((report.violations.malformed_packet, report.hellos), (1, 1));
    assert_eq!(link.session().stats().unsolicited, 0);
}

#[test]
fn equal_seeds_equal_runs() {
    let run = |seed| {
        let mut link = lamp(Faults::seed(seed).loss(0.2).delay(millis(1)..=millis(40)));
        let times: Vec<_> = (0..50).map(|_| link.call(get()).1).collect();
        (times, link.device().report().clone(), link.session().stats())
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}
