//! Clouds from a file.

use iot_home_micloud::{Answer, Login};
use iot_home_sim::config::{Config, ConfigError, Device};
use iot_home_sim::micloud::{Builder, Outage};
use serde_json::{Value, json};

use super::wire::{Caller, hosts, identity, play};

fn read(keys: Value) -> Result<Builder, ConfigError> {
    let mut keys = keys;
    keys["kind"] = "cloud".into();
    let config = Config::from_json(&json!({ "devices": [keys] }).to_string())?;
    match config.devices.into_iter().next() {
        Some(Device::Cloud(builder)) => Ok(builder),
        other => panic!("not a cloud: {other:?}"),
    }
}

#[tokio::test]
async fn everything_that_can_be_said() {
    let cloud = read(json!({
        "listen": "127.0.0.1:0", "region": "de", "page": 1, "gzip": false, "takes_ssecurity": true,
        "nonce_window_s": 60, "time_ahead_s": 1, "qr_lifetime_s": 9,
        "accounts": [
            { "user": "me", "password": "x", "user_id": 7, "captcha": "Ab",
              "verification": { "code": "12", "email": "m*", "tips": true, "captcha": "Cd" } },
            { "user": "you", "password": "y", "user_id": 8, "refused_with": 70016 },
        ],
        "homes": [
            { "id": 1, "name": "a", "region": "de", "rooms": [[2, "b"]], "scenes": [[3, "c"]] },
            { "id": 4, "region": "de", "owner": 8, "shared_with": [7] },
        ],
        "devices": [
            { "miio": { "preset": "plug", "did": "12" }, "name": "plug", "home": 1, "room": 2 },
            { "did": "blt.3", "region": "de", "beacon_key": "0011", "record": { "pid": 6 } },
            { "did": "x", "home": 4 },
        ],
        "faults": { "seed": 1, "below": "/app/", "outages": [{ "what": "status", "status": 500, "times": 1 }] },
    }))
    .unwrap()
    .spawn()
    .await
    .unwrap();
    let login = Login::password(identity(), "me", "x").hosts(hosts(&cloud));
    let mut said = ["Ab", "Cd", "12"].into_iter();
    let (session, _) = play(login, |_| Answer::from(said.next().unwrap().to_owned())).await;
    let mut caller = Caller::new_with(&cloud, session.unwrap());
    let nonce = caller.nonce();
    let path = "/v2/home/device_list_page";
    let failed = caller.post(path, &caller.form(nonce, path, "{}").to_urlencoded()).await;
    assert_eq!(failed.status, 500);
    let page = caller.call(path, &json!({})).await;
    assert_eq!(
        (&page["result"]["list"][0]["name"], &page["result"]["has_more"]),
        (&"plug".into(), &true.into())
    );
    let next = caller.call(path, &json!({ "start_did": page["result"]["next_start_did"] })).await;
    assert_eq!(next["result"]["list"][0]["pid"], 6);
    let shared = json!({ "home_id": 4, "home_owner": 8 });
    let shared = caller.call("/v2/home/home_device_list", &shared).await;
    assert_eq!(shared["result"]["device_info"][0]["did"], "x");
    let report = cloud.report();
    assert_eq!((report.outages, report.compressed, report.violations.total()), (1, 0, 0));
}

#[tokio::test]
async fn each_outage_has_its_word() {
    for (what, outage) in [
        ("status", Outage::Status(503)),
        ("page", Outage::Page),
        ("closed", Outage::Closed),
        ("unanswered", Outage::Unanswered),
        ("truncated", Outage::Truncated),
        ("delayed", Outage::Delayed(std::time::Duration::from_millis(100))),
        ("slow", Outage::Slow(100, std::time::Duration::from_millis(100))),
    ] {
        let builder = read(json!({ "faults": { "outages": [{ "what": what }] } })).unwrap();
        let wanted = format!("next: [({outage:?}, {})]", u64::MAX);
        assert!(format!("{builder:?}").contains(&wanted), "{builder:?}");
    }
}

#[test]
fn mistakes_are_named_and_secrets_are_not() {
    let account = |account: Value| json!({ "accounts": [account] });
    for (keys, expected) in [
        (json!({ "lisen": "x" }), "devices[0].lisen: unknown field"),
        (json!({ "region": "xx" }), "devices[0].region: a region is"),
        (account(json!({ "user": "a" })), "devices[0].accounts[0].password: has to be there"),
        (
            account(json!({ "user": "a", "password": 424_242 })),
            "devices[0].accounts[0].password: has to be there and be a string",
        ),
        (
            account(json!({ "user": "a", "password": "b", "verification": {} })),
            "devices[0].accounts[0].verification.code: has to be there",
        ),
        (json!({ "homes": [{}] }), "devices[0].homes[0].id: has to be there"),
        (json!({ "devices": [{}] }), "devices[0].devices[0].did: has to be there, or `miio`"),
        (
            json!({ "devices": [{ "miio": { "dit": "1" } }] }),
            "devices[0].devices[0].miio.dit: unknown field",
        ),
        (
            json!({ "devices": [{ "did": "1", "home": 1 }] }),
            "devices[0]: a device is in the home 1",
        ),
        (
            json!({ "faults": { "outages": [{ "what": "status", "share": 2.0 }] } }),
            "devices[0].faults.outages[0].share: has to be 0 to 1",
        ),
    ] {
        let error = read(keys).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
        assert!(!error.contains("424242"), "{error}");
    }
}

#[test]
fn the_schema_knows_the_kind() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sim-config.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let described = schema["$defs"]["cloud"]["properties"].as_object().unwrap();
    for key in described.keys().filter(|key| *key != "kind") {
        let error = read(json!({ key: "\u{0}" })).err().map(|error| error.to_string());
        assert!(!error.unwrap_or_default().contains("unknown field"), "{key}");
    }
}
