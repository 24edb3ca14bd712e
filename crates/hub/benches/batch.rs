//! A batch read of 1,000 properties over 100 simulated devices, beside the bare calls of the miIO client, as a ratio.
//!
//! "Bare" is `get_properties` of the same client for the same properties, all devices at once, with no name looked up, no way
//! chosen and no value coerced. The two take turns, and the median of the rounds' ratios is printed, so that a busy machine
//! slows both alike. The devices share the process.

#![allow(clippy::print_stdout, reason = "it is a program that prints")]

use std::time::Duration;

use iot_home_core::{Clock as _, PropertyId, SystemClock};
use iot_home_hub::{Facts, Home, Source};
use iot_home_miio::{Client, Device};
use iot_home_miot::Spec;
use iot_home_sim::SimDevice;
use iot_home_sim::miio::{Property, Service};
use tokio::task::JoinSet;

const DEVICES: usize = 100;
const PROPERTIES: u32 = 10;
const ROUNDS: usize = 31;

#[tokio::main]
async fn main() {
    let names: Vec<String> = (1..=PROPERTIES).map(|n| format!("meter:value-{n}")).collect();
    let ids: Vec<PropertyId> = (1..=PROPERTIES).map(|n| PropertyId::new(2, n)).collect();
    let client = Client::builder().local_addr(([127, 0, 0, 1], 0).into()).bind().await;
    let client = client.expect("a socket");
    let home = Home::builder().miio(client.clone()).spec("acme.meter.v1", spec());
    let home = home.open().await.expect("a home");
    let (mut sims, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..DEVICES {
        let service = (1..=PROPERTIES).fold(Service::new(2), |service, n| {
            service.property(Property::integer(n, 0..=1000).value(7))
        });
        let sim = SimDevice::builder().model("acme.meter.v1").service(service).spawn().await;
        let sim = sim.expect("a device");
        let mut facts = Facts::default();
        facts.did = Some(sim.did());
        facts.miio = Some(sim.addr());
        facts.token = Some(sim.token());
        facts.model = Some(sim.model().into());
        home.learn(Source::Miio, facts);
        bare.push(client.device(sim.addr(), sim.token()));
        sims.push(sim);
    }
    let clock = SystemClock::new();
    let mut rounds: Vec<(Duration, Duration)> = Vec::new();
    // The first round greets everybody, and is not counted.
    for round in 0..=ROUNDS {
        let started = clock.now();
        let read = read_bare(&bare, &ids).await;
        let of_bare = clock.now().saturating_since(started);
        let started = clock.now();
        let asked = home
            .devices()
            .into_iter()
            .flat_map(|device| names.iter().map(move |name| (device.clone(), name.as_str())));
        let answers = home.get_all(asked).await;
        let of_home = clock.now().saturating_since(started);
        let good = answers.iter().filter(|answer| answer.as_ref().is_ok_and(|it| it.is_ok()));
        assert_eq!((read, good.count()), (DEVICES * PROPERTIES as usize, answers.len()));
        if round > 0 {
            rounds.push((of_home, of_bare));
        }
    }
    let median = |of: &dyn Fn(&(Duration, Duration)) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    println!("1,000 properties of 100 devices, median of {ROUNDS} rounds");
    println!("a home's batch  {:>8.2} ms", median(&|(home, _)| home.as_secs_f64() * 1e3));
    println!("bare miIO calls {:>8.2} ms", median(&|(_, bare)| bare.as_secs_f64() * 1e3));
    let ratio = median(&|(home, bare)| bare.as_secs_f64() / home.as_secs_f64());
    println!("throughput of the home, as a part of the bare one: {ratio:.2} (0.6 is the goal)");
}

async fn read_bare(devices: &[Device], ids: &[PropertyId]) -> usize {
    let mut reading = JoinSet::new();
    for device in devices {
        let (device, ids) = (device.clone(), ids.to_vec());
        reading.spawn(async move { device.get_properties(ids).await.expect("an answer").len() });
    }
    reading.join_all().await.into_iter().sum()
}

fn spec() -> Spec {
    let property = |n: u32| {
        format!(
            r#"{{"iid":{n},"type":"urn:miot-spec-v2:property:value-{n}:0000000D:acme-v1:1","format":"uint16",
            "access":["read"],"unit":"percentage","value-range":[0,1000,1]}}"#
        )
    };
    let properties: Vec<_> = (1..=PROPERTIES).map(property).collect();
    let json = format!(
        r#"{{"type":"urn:miot-spec-v2:device:meter:0000A001:acme-v1:1","services":[{{"iid":2,
        "type":"urn:miot-spec-v2:service:meter:00007802:acme-v1:1","properties":[{}]}}]}}"#,
        properties.join(",")
    );
    Spec::from_json(json.as_bytes()).expect("a spec")
}
