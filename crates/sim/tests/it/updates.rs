//! A device that updates itself, in virtual time: its states, its failures, and the clients it refuses.

use std::time::Duration;

use iot_home_miio::ota;
use iot_home_miio::packet::HELLO;
use iot_home_sim::SimDevice;
use iot_home_sim::miio::{Refusals, UpdateFault};
use serde_json::{Value, json};

use crate::client::Client;

const IMAGE: &[u8] = b"an image";
const MS: Duration = Duration::from_millis(1);

fn call(client: &mut Client, method: &str, params: Value) -> Value {
    client.ask(&json!({"id": 7, "method": method, "params": params}).to_string())
}

fn told(image: &[u8]) -> Value {
    let md5: String = ota::md5(image).iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "mode": "normal", "install": "1", "app_url": "http://127.0.0.1:1/image", "file_md5": md5,
        "proc": "dnld install",
    })
}

fn state(client: &mut Client) -> (Value, Value) {
    let state = call(client, "miIO.get_ota_state", json!([]))["result"][0].clone();
    (state, call(client, "miIO.get_ota_progress", json!([]))["result"][0].clone())
}

fn lamp(fault: UpdateFault) -> Client {
    Client::of(SimDevice::light().update_fault(fault))
}

#[test]
fn from_one_state_to_the_next() {
    let mut client = lamp(UpdateFault::None);
    assert_eq!(state(&mut client), (json!("idle"), json!(101)));
    assert_eq!(client.device.poll_fetch(), None);
    assert_eq!(call(&mut client, "miIO.ota", told(IMAGE))["result"], json!(["ok"]));
    let fetch = client.device.poll_fetch().expect("it wants its image");
    assert_eq!(fetch.url, "http://127.0.0.1:1/image");
    assert_eq!(state(&mut client), (json!("downloading"), json!(0)));
    client.device.handle_progress(40);
    assert_eq!(state(&mut client), (json!("downloading"), json!(40)));
    client.device.handle_image(client.now, Some(IMAGE));
    assert_eq!(state(&mut client), (json!("downloaded"), json!(100)));
    client.wait(400 * MS);
    assert_eq!(state(&mut client), (json!("installing"), json!(100)));
    assert_eq!(client.device.report().updates, 0);
    client.wait(400 * MS);
    assert!(client.raw(&HELLO).is_empty(), "it starts again");
    client.wait(3000 * MS);
    assert_eq!(state(&mut client), (json!("idle"), json!(101)));
    assert_eq!(client.device.report().updates, 1);
    assert!(client.device.stamp(client.now) < 10);
}

#[test]
fn what_fails() {
    for (fault, image) in
        [(UpdateFault::None, Some(&b"another"[..])), (UpdateFault::BrokenOff, None)]
    {
        let mut client = lamp(fault);
        call(&mut client, "miIO.ota", told(IMAGE));
        let fetch = client.device.poll_fetch().unwrap();
        assert_eq!(fetch.broken_off, fault == UpdateFault::BrokenOff);
        client.device.handle_image(client.now, image);
        assert_eq!(state(&mut client), (json!("failed"), json!(101)));
        // It may be told again.
        assert_eq!(call(&mut client, "miIO.ota", told(IMAGE))["result"], json!(["ok"]));
    }
    let mut client = lamp(UpdateFault::NoTrailer);
    call(&mut client, "miIO.ota", told(IMAGE));
    for _ in 0..3 {
        assert_eq!(state(&mut client), (json!("downloading"), json!(0)));
        assert!(client.device.poll_fetch().is_some());
        client.device.handle_image(client.now, Some(IMAGE));
    }
    assert_eq!(client.device.poll_fetch(), None);
    assert_eq!(state(&mut client), (json!("idle"), json!(101)));
    assert_eq!(client.device.report().updates, 0);
}

#[test]
fn clients_that_are_refused() {
    let mut client = lamp(UpdateFault::None);
    let refused =
        |client: &mut Client, params: Value, code: i64, counter: fn(&mut Refusals) -> &mut u64| {
            let mut expected = client.device.report().refusals;
            *counter(&mut expected) += 1;
            assert_eq!(call(client, "miIO.ota", params)["error"]["code"], code);
            assert_eq!(client.device.report().refusals, expected);
        };
    for (key, value) in [
        ("app_url", json!("https://127.0.0.1/image")),
        ("app_url", json!(format!("http://127.0.0.1/{}", "x".repeat(600)))),
        ("app_url", json!(null)),
        ("file_md5", json!("00")),
        ("file_md5", json!("g".repeat(32))),
        ("mode", json!("quick")),
        ("proc", json!("install")),
    ] {
        let mut params = told(IMAGE);
        params[key] = value;
        refused(&mut client, params, -32602, |refusals| &mut refusals.bad_params);
    }
    assert_eq!(client.device.poll_fetch(), None);
    call(&mut client, "miIO.ota", told(IMAGE));
    refused(&mut client, told(IMAGE), -33008, |refusals| &mut refusals.updating);
}
