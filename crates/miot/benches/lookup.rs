//! Looking things up by name, which has to take a microsecond at most, and what it costs to be ready for it.
//!
//! The instance has 30 services of 20 properties, more than any real one. The names are looked up in an order by
//! chance, and the median of the rounds is printed.

#![allow(clippy::print_stdout, reason = "it is a program that prints")]

use std::fmt::Write as _;
use std::hint::black_box;

use iot_home_core::{Clock, Random, SeededRandom, SystemClock};
use iot_home_miot::{Spec, samples};
use serde_json::json;

const ROUNDS: usize = 51;
const LOOKUPS: usize = 10_000;
const SERVICES: u32 = 30;
const PROPERTIES: u32 = 20;

fn main() {
    let mut json = String::from(r#"{"services":["#);
    for siid in 1..=SERVICES {
        let comma = if siid == 1 { "" } else { "," };
        let urn = format!("urn:miot-spec-v2:service:room-controller-{siid}:00007900:acme-x1:1");
        write!(json, r#"{comma}{{"iid":{siid},"type":"{urn}","properties":["#).expect("memory");
        for piid in 1..=PROPERTIES {
            let comma = if piid == 1 { "" } else { "," };
            let urn =
                format!("urn:miot-spec-v2:property:target-value-{siid}-{piid}:00000010:acme-x1:1");
            write!(
                json,
                r#"{comma}{{"iid":{piid},"type":"{urn}","format":"uint8","access":["read","write"],"value-range":[0,100,1]}}"#
            )
            .expect("memory");
        }
        json.push_str("]}");
    }
    json.push_str("]}");
    let spec = Spec::from_json(json.as_bytes()).expect("an instance");
    let mut random = SeededRandom::new(8);
    let mut names = |of: &dyn Fn(u32, u32) -> String| -> Vec<String> {
        let mut one = || {
            let number = u32::try_from(random.next_u64() % 600).expect("small");
            of(number / PROPERTIES + 1, number % PROPERTIES + 1)
        };
        (0..LOOKUPS).map(|_| one()).collect()
    };
    let full = names(&|siid, piid| format!("room-controller-{siid}:target-value-{siid}-{piid}"));
    let suffix = names(&|siid, piid| format!("target-value-{siid}-{piid}"));
    let spelled = names(&|siid, piid| format!("Target_Value {siid}-{piid}"));
    let numbers = names(&|siid, piid| format!("{siid}.{piid}"));

    println!("{} properties, {} bytes of JSON", SERVICES * PROPERTIES, json.len());
    println!("{:<34} {:>12}  goal", "median of the rounds", "ns each");
    let find = |name: &String| spec.property(name).expect("known").id;
    report("service:property", Some(1000.0), &full, find);
    report("property", Some(1000.0), &suffix, find);
    report("in other letters", Some(1000.0), &spelled, find);
    report("siid.piid", Some(1000.0), &numbers, find);
    let brightness = Spec::from_json(samples::LIGHT.json.as_bytes()).expect("a sample");
    let brightness = brightness.property("brightness").expect("known");
    let values: Vec<_> = (0..LOOKUPS).map(|number| json!(number % 100 + 1)).collect();
    report("a value checked", Some(1000.0), &values, |value| brightness.check_write(value).is_ok());
    report("an instance read and indexed", None, &[json], |json| {
        Spec::from_json(json.as_bytes()).expect("an instance")
    });
}

fn report<T, U>(what: &str, goal: Option<f64>, items: &[T], mut act: impl FnMut(&T) -> U) {
    let clock = SystemClock::new();
    let mut rounds: Vec<f64> = Vec::new();
    for _ in 0..ROUNDS {
        let began = clock.now();
        for item in items {
            black_box(act(black_box(item)));
        }
        let took = clock.now().saturating_since(began);
        rounds.push(took.as_secs_f64() * 1e9 / items.len() as f64);
    }
    rounds.sort_by(f64::total_cmp);
    let median = rounds[ROUNDS / 2];
    let verdict = goal.map_or_else(String::new, |goal| {
        format!("<= {goal} {}", if median <= goal { "met" } else { "MISSED" })
    });
    println!("{what:<34} {median:>12.0}  {verdict}");
}
