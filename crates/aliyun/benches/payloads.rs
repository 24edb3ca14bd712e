//! A report of 20 properties and the answer to a set of 20, beside serde_json on the same structs: as a ratio.
//!
//! Contenders take turns round by round, and the median of the rounds' ratios is printed, so that a busy
//! machine slows both alike. Allocations are counted in the same program; the counting costs both alike.

#![allow(clippy::print_stdout, reason = "it is a program that prints")]

use std::alloc::System;
use std::hint::black_box;
use std::time::Duration;

use iot_home_aliyun::thing::{Call, Down, What};
use iot_home_aliyun::{Device, thing::Topics};
use iot_home_core::{Clock, SystemClock};
use serde::{Deserialize, Serialize};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 1001;
const CALLS: u32 = 200;

/// Twenty properties of the kinds that devices have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties<'a> {
    power_switch: u8,
    brightness: u8,
    color_temperature: u16,
    work_mode: u8,
    #[serde(borrow)]
    scene: &'a str,
    red: u8,
    green: u8,
    blue: u8,
    current_temperature: f64,
    target_temperature: f64,
    relative_humidity: f64,
    power: f64,
    voltage: f64,
    current: f64,
    energy: f64,
    count_down: u32,
    error: u32,
    firmware: &'a str,
    rssi: i16,
    child_lock: u8,
}

const PROPERTIES: Properties<'static> = Properties {
    power_switch: 1,
    brightness: 80,
    color_temperature: 4000,
    work_mode: 2,
    scene: "reading",
    red: 255,
    green: 136,
    blue: 0,
    current_temperature: 21.5,
    target_temperature: 22.0,
    relative_humidity: 48.3,
    power: 8.4,
    voltage: 229.7,
    current: 0.037,
    energy: 1234.567,
    count_down: 3600,
    error: 0,
    firmware: "2.1.0_0042",
    rssi: -58,
    child_lock: 0,
};

/// What a report is, as serde_json alone would write and read it.
#[derive(Serialize, Deserialize)]
struct Envelope<'a, P> {
    #[serde(borrow)]
    id: &'a str,
    version: &'a str,
    params: P,
    method: &'a str,
}

fn main() {
    println!(
        "{:<46} {:>12} {:>12} {:>7}  goal",
        "per second, median of the rounds", "ours", "serde_json", "ratio"
    );
    let topics = Device::new("a1X2bEnP82z", "lamp-1", "secret").expect("valid names").topics();
    compare("a report of 20 properties, built", 0.5, || ours_built(&topics), bare_built);
    let set = Envelope {
        id: "4294967295",
        version: "1.0.0",
        params: PROPERTIES,
        method: "thing.service.property.set",
    };
    let set = serde_json::to_vec(&set).expect("it serialises");
    compare("a set of 20 properties, read", 0.5, || ours_read(&set), || bare_read(&set));
    let region = Region::new(GLOBAL);
    black_box(ours_built(&topics));
    let built = region.change().allocations;
    let region = Region::new(GLOBAL);
    black_box(ours_read(&set));
    println!("allocations: built {built}, read {}", region.change().allocations);
}

fn ours_built(topics: &Topics) -> usize {
    let report = Call::report("4294967295", black_box(&PROPERTIES)).to(topics);
    let report = report.expect("it fits");
    report.topic.len().saturating_add(report.payload.len())
}

fn bare_built() -> usize {
    let envelope = Envelope {
        id: "4294967295",
        version: "1.0",
        params: black_box(&PROPERTIES),
        method: "thing.event.property.post",
    };
    serde_json::to_vec(&envelope).expect("it serialises").len()
}

fn ours_read(set: &[u8]) -> Properties<'_> {
    let topic = "/sys/a1X2bEnP82z/lamp-1/thing/service/property/set";
    let What::PropertySet(request) = Down::parse(topic, black_box(set)).expect("it is one").what
    else {
        unreachable!("it is one")
    };
    request.params.parse().expect("it has the form")
}

fn bare_read(set: &[u8]) -> Properties<'_> {
    let envelope: Envelope<'_, Properties<'_>> =
        serde_json::from_slice(black_box(set)).expect("it has the form");
    envelope.params
}

fn compare<T>(name: &str, goal: f64, mut ours: impl FnMut() -> T, mut bare: impl FnMut() -> T) {
    let mut rounds: Vec<(f64, f64)> = (0..ROUNDS)
        .map(|_| {
            let (ours, bare) = (per_call(&mut ours), per_call(&mut bare));
            (1.0 / ours.as_secs_f64(), 1.0 / bare.as_secs_f64())
        })
        .collect();
    let mut median = |of: fn(&(f64, f64)) -> f64| {
        rounds.sort_by(|a, b| of(a).total_cmp(&of(b)));
        rounds.get(ROUNDS / 2).map(of).unwrap_or_default()
    };
    let ratio = median(|(ours, bare)| ours / bare);
    let (ours, bare) = (median(|round| round.0), median(|round| round.1));
    let verdict = if ratio >= goal { "met" } else { "MISSED" };
    println!("{name:<46} {ours:>12.0} {bare:>12.0} {ratio:>7.3}  >= {goal} {verdict}");
}

fn per_call<T>(call: &mut impl FnMut() -> T) -> Duration {
    let clock = SystemClock::new();
    for _ in 0..CALLS {
        black_box(call());
    }
    clock.now().since_origin() / CALLS
}
