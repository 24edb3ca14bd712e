//! Whatever arrives, the device goes on.

use std::time::Duration;

use iot_home_core::Instant;
use iot_home_miio::packet::HELLO;
use iot_home_sim::{Faults, Quirk, SimDevice};
use proptest::prelude::*;

use crate::client::{Client, DID, is_hello_reply};

fn faults() -> impl Strategy<Value = Faults> {
    let quirks = proptest::collection::vec(proptest::sample::select(Quirk::ALL), 0..4);
    (any::<u64>(), 0..40_u64, 0..3_usize, quirks).prop_map(|(seed, delay, most, quirks)| {
        let delay = Duration::from_millis(delay);
        let faults = Faults::seed(seed).garbage(0.3).duplicate(0.3).reorder(0.3).id_memory(3);
        let faults = faults.delay(Duration::ZERO..=delay).max_properties(most);
        quirks.into_iter().fold(faults, Faults::quirk)
    })
}

fn alive(client: &mut Client) -> bool {
    client.wait(Duration::from_secs(1));
    client.device.handle_datagram(client.now, Client::addr(), &mut HELLO.clone());
    client.wait(Duration::from_secs(1)).iter().any(|(_, datagram)| is_hello_reply(datagram))
}

/// JSON with the words that devices know in it.
fn params() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (0..6_u32).prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "[a-z灯\u{1}\"]{0,5}".prop_map(Into::into),
        proptest::sample::select(&["power", "bright", "2.1"][..]).prop_map(Into::into),
    ];
    let key = proptest::sample::select(&["did", "siid", "piid", "aiid", "in", "value", "x"][..]);
    leaf.prop_recursive(4, 30, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            proptest::collection::vec((key.clone(), inner), 0..5).prop_map(|members| {
                members.into_iter().map(|(key, value)| (key.to_string(), value)).collect()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_datagrams(
        faults in faults(),
        datagrams in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..100), 0..8),
    ) {
        let mut client = Client::of(SimDevice::light().faults(faults));
        for mut datagram in datagrams {
            client.device.handle_datagram(client.now, Client::addr(), &mut datagram);
        }
        prop_assert!(alive(&mut client));
        prop_assert!(client.device.report().executions.is_empty());
    }

    #[test]
    fn any_payloads(
        faults in faults(),
        payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..100), 0..8),
    ) {
        let mut client = Client::of(SimDevice::light().faults(faults));
        for payload in payloads {
            let mut packet = client.seal(DID, 12_345, &payload);
            client.device.handle_datagram(client.now, Client::addr(), &mut packet);
        }
        prop_assert!(alive(&mut client));
    }

    #[test]
    fn any_requests(
        faults in faults(),
        calls in proptest::collection::vec((
            proptest::sample::select(&[
                "miIO.info", "get_prop", "set_power", "set_bright", "get_properties",
                "set_properties", "action", "toggle", "set_", "",
            ][..]),
            params(),
        ), 0..8),
    ) {
        let mut client = Client::of(SimDevice::light().faults(faults));
        for (id, (method, params)) in (1..).zip(calls) {
            let call = serde_json::json!({"id": id, "method": method, "params": params});
            let mut packet = client.seal(DID, 12_345, call.to_string().as_bytes());
            client.device.handle_datagram(client.now, Client::addr(), &mut packet);
        }
        prop_assert!(alive(&mut client));
        prop_assert_eq!(client.device.report().violations.total(), 0);
    }
}

#[test]
fn a_flood_ends() {
    let delay = Duration::from_secs(3600);
    let faults = Faults::seed(1).delay(delay..=delay);
    let mut device = SimDevice::light().faults(faults).build().unwrap();
    for _ in 0..10_000 {
        device.handle_datagram(Instant::ORIGIN, Client::addr(), &mut HELLO.clone());
    }
    assert_eq!(device.report().dropped_in, 10_000 - 4096);
}
