//! `iot-home cloud devices|homes|scenes|get|set|action|rpc|scene|beaconkey|call`.

use std::time::Duration;

use iot_home::micloud::Region;
use iot_home::sim::micloud::{Account, CloudDevice, Expiry, Faults, Home, Outage, Scene};
use serde_json::{Value, json};

use crate::online::{BEACON_KEY, LAMP, LAMP_TOKEN, Online, account, furnished, servers};
use crate::program::{keys, scratch};

#[tokio::test(flavor = "multi_thread")]
async fn devices() {
    let online = Online::logged_in(furnished()).await;
    let run = online.run(&["devices", "--json"]);
    assert!(!run.stdout.contains(LAMP_TOKEN), "{run:?}");
    let devices = run.done();
    let lamp = devices.as_array().unwrap().iter().find(|device| device["did"] == LAMP).unwrap();
    for key in ["did", "name", "model", "token", "localip", "mac", "region", "raw"] {
        assert!(keys(lamp).contains(&key.to_owned()), "{lamp}");
    }
    assert_eq!((&lamp["name"], &lamp["token"]), (&json!("lamp"), &Value::Null));
    assert_eq!((&lamp["token_visible"], &lamp["is_online"]), (&json!(true), &json!(true)));
    assert_eq!((&lamp["raw"]["token"], &lamp["raw"]["permitLevel"]), (&Value::Null, &json!(16)));
    let shown = online.run(&["devices", "--json", "--show-secrets"]).done();
    let lamp = shown.as_array().unwrap().iter().find(|device| device["did"] == LAMP).unwrap();
    assert_eq!((&lamp["token"], &lamp["raw"]["token"]), (&json!(LAMP_TOKEN), &json!(LAMP_TOKEN)));
    let told = online.run(&["devices"]);
    let row = told.stdout.lines().find(|line| line.starts_with(LAMP)).unwrap();
    assert!(row.contains("lamp") && row.contains("yes") && row.ends_with("cn"), "{told:?}");
    assert_eq!(told.stdout.lines().count(), 3, "{told:?}");
    online.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn homes_and_scenes() {
    let online = Online::logged_in(furnished()).await;
    let homes = online.run(&["homes", "--json"]).done();
    let hall = json!([{ "id": "2", "name": "hall", "dids": [LAMP] }]);
    let flat = json!({
        "id": "1", "name": "flat", "owner": "1234567890", "dids": ["blt.3.1abc"], "rooms": hall,
        "region": "cn",
    });
    assert_eq!(homes, json!([flat]));
    let scenes = online.run(&["scenes", "--json"]).done();
    let shown: Vec<_> =
        scenes.as_array().unwrap().iter().map(|scene| scene["id"].clone()).collect();
    // More than the numbers of other languages hold.
    assert_eq!(shown, [json!("9007199254740993"), json!("7")]);
    assert_eq!((&scenes[1]["kind"], &scenes[1]["home"]), (&json!("manual"), &json!("1")));
    assert_eq!((&scenes[1]["raw"]["token"], &scenes[1]["enabled"]), (&Value::Null, &json!(true)));
    for (list, words) in [("homes", ["flat", "hall"]), ("scenes", ["good night", "flat"])] {
        let told = online.run(&[list]);
        assert!(words.iter().all(|word| told.stdout.contains(word)), "{told:?}");
    }
    let ran = online.run(&["scene", "run", "9007199254740993", "--json"]).done();
    assert_eq!((&ran["name"], &ran["result"]), (&json!("good night"), &json!(true)));
    assert_eq!(online.cloud.report().scenes.get("9007199254740993"), Some(&1));
    online.run(&["scene", "run", "8", "--json"]).error("refused", 1);
    assert_eq!(online.cloud.report().scenes.len(), 1);
    online.assert_clean();
}

/// A scene is run in the name of its own home, and of whoever owns that.
#[tokio::test(flavor = "multi_thread")]
async fn a_scene_of_a_shared_home() {
    let theirs = Home::new(5, "parents").owner(2).shared_with(1_234_567_890);
    let builder = furnished()
        .account(Account::new("parents@example.com", "another").user_id(2))
        .home(theirs.scene(Scene::new(55, "lights off")));
    let online = Online::logged_in(builder).await;
    let ran = online.run(&["scene", "run", "55", "--json"]).done();
    assert_eq!((&ran["name"], &ran["home"]), (&json!("lights off"), &json!("5")));
    assert_eq!(online.cloud.report().scenes.get("55"), Some(&1));
}

/// The lamp behind the cloud really changes.
#[tokio::test(flavor = "multi_thread")]
async fn properties_and_actions() {
    let online = Online::logged_in(furnished()).await;
    let set = online.run(&["set", LAMP, "2.1=true", "2.2=40", "--json"]).done();
    let item = |piid: u32| json!({ "siid": 2, "piid": piid, "code": 0 });
    assert_eq!(set, json!([item(1), item(2)]));
    let got = online.run(&["get", LAMP, "2.2", "2.1", "--json"]).done();
    let values: Vec<_> = got.as_array().unwrap().iter().map(|item| item["value"].clone()).collect();
    assert_eq!(values, [json!(40), json!(true)]);
    let told = online.run(&["get", LAMP, "2.1"]);
    assert!(
        told.code == 0 && told.stdout.contains("2.1") && told.stdout.contains("true"),
        "{told:?}"
    );
    // An item that is refused is printed all the same.
    let refused = online.run(&["set", LAMP, "2.2=101", "2.1=false", "--json"]);
    let codes: Vec<_> =
        refused.json().as_array().unwrap().iter().map(|it| it["code"].clone()).collect();
    assert!(refused.code == 1 && codes[0].as_i64().unwrap() < 0 && codes[1] == 0, "{refused:?}");
    let toggled = online.run(&["action", LAMP, "2.1", "--json"]).done();
    assert_eq!(toggled, json!({ "code": 0, "out": [] }));
    assert_eq!(online.run(&["get", LAMP, "2.1", "--json"]).done()[0]["value"], true);
    let missing = online.run(&["action", LAMP, "9.9", "--json"]);
    assert!(missing.code == 1 && missing.json()["code"].as_i64().unwrap() < 0, "{missing:?}");
    let offline = online.run(&["get", "blt.3.1abc", "2.1", "--json"]);
    assert_eq!(
        (offline.code, &offline.json()[0]["code"]),
        (1, &json!(-704_042_011)),
        "{offline:?}"
    );
    let report = online.cloud.report();
    assert_eq!((report.writes[LAMP], report.actions[LAMP], report.logins()), (4, 2, 1));
    online.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_calls() {
    let online = Online::logged_in(furnished()).await;
    let info = online.run(&["rpc", LAMP, "miIO.info", "{}", "--json"]);
    assert!(!info.stdout.contains(LAMP_TOKEN), "{info:?}");
    assert!(info.done()["result"]["model"].is_string(), "{info:?}");
    let params = json!([{ "did": "x", "siid": 2, "piid": 1 }]).to_string();
    let got = online.run(&["rpc", LAMP, "get_properties", &params, "--json"]).done();
    assert_eq!(got["result"][0]["code"], 0);
    let params = json!([{ "did": "x", "siid": 99, "piid": 1 }]).to_string();
    let refused = online.run(&["rpc", LAMP, "get_properties", &params, "--json"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    for plain in [&[][..], &["--plain"]] {
        let words = ["call", "/home/device_list", "{\"dids\":[\"300000001\"]}", "--json"];
        let run = online.run(&[&words[..], plain].concat());
        assert!(!run.stdout.contains(LAMP_TOKEN), "{run:?}");
        let result = run.done();
        let lamp = &result["list"][0];
        assert_eq!((&lamp["did"], &lamp["token"]), (&json!(LAMP), &Value::Null));
        let shown = online.run(&[&words[..], plain, &["--show-secrets"]].concat()).done();
        assert_eq!(shown["list"][0]["token"], LAMP_TOKEN);
    }
    let url = ["call", "/home/getmapfileurl", "{\"obj_name\":\"a\"}", "--json"];
    assert_eq!(online.run(&url).done(), json!({ "url": null }));
    let told = online.run(&["call", "/v2/message/v2/typelist"]);
    assert!(told.code == 0 && told.stdout.lines().count() > 5, "{told:?}");
    let error = online.run(&["call", "/no/such/path", "--json"]).error("refused", 1);
    assert_eq!(error["code"], -4);
    let key = online.run(&["beaconkey", "blt.3.1abc", "--json"]).done();
    assert_eq!(key, json!({ "did": "blt.3.1abc", "beaconkey": null }));
    let key = online.run(&["beaconkey", "blt.3.1abc", "--json", "--show-secrets"]).done();
    assert_eq!(key["beaconkey"], BEACON_KEY);
    assert!(!online.run(&["beaconkey", "blt.3.1abc"]).stdout.contains(BEACON_KEY));
    online.run(&["beaconkey", LAMP, "--json"]).error("refused", 1);
}

/// A session that one command renews is the next one's.
#[tokio::test(flavor = "multi_thread")]
async fn an_expired_session() {
    let online = Online::logged_in(furnished()).await;
    let before = online.stored();
    online.cloud.expire(Expiry::Status401);
    online.run(&["get", LAMP, "2.1", "--json"]).done();
    let after = online.stored();
    assert_ne!(before["services"], after["services"]);
    assert_eq!((&before["device_id"], &before["region"]), (&after["device_id"], &after["region"]));
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&online.session.metadata().unwrap().permissions())
            & 0o777,
        0o600
    );
    online.run(&["get", LAMP, "2.1", "--json"]).done();
    let report = online.cloud.report();
    assert_eq!((report.pass_token_logins, report.password_logins), (1, 1));
    online.assert_clean();
    online.cloud.expire(Expiry::Code3);
    online.cloud.forget_pass_tokens();
    let error = online.run(&["devices", "--json"]).error("interaction-needed", 1);
    assert!(error["hint"].as_str().unwrap().contains("cloud login"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn regions() {
    let builder = servers()
        .account(account())
        .home(Home::new(1, "flat").region(Region::Cn))
        .home(Home::new(2, "cottage").region(Region::De))
        .device(CloudDevice::new("11").home(1))
        .device(CloudDevice::new("22").home(2));
    let online = Online::new(builder).await;
    let login = ["--region", "de", "--json"];
    online.log_in(&login).done();
    let api = online.cloud.api_url().replace("/app", "/{region}/app");
    let dids = |words: &[&str]| -> Vec<(Value, Value)> {
        let words = [words, &["--api-url", &api, "--json"]].concat();
        let found = online.run(&words).done();
        let found = found.as_array().unwrap();
        let id = |it: &Value| it.get("did").or(it.get("id")).unwrap().clone();
        found.iter().map(|it| (id(it), it["region"].clone())).collect()
    };
    // That of the login, another, and all.
    assert_eq!(dids(&["devices"]), [(json!("22"), json!("de"))]);
    assert_eq!(dids(&["devices", "--region", "CN"]), [(json!("11"), json!("cn"))]);
    let all = [(json!("11"), json!("cn")), (json!("22"), json!("de"))];
    assert_eq!(dids(&["devices", "--region", "all"]), all);
    let all = [(json!("1"), json!("cn")), (json!("2"), json!("de"))];
    assert_eq!(dids(&["homes", "--region", "all"]), all);
    // An address that does not name the region stands for all of them, and is asked once.
    let before = online.cloud.report().called("/v2/homeroom/gethome");
    let found = online.run(&["devices", "--region", "all", "--json"]).done();
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(online.cloud.report().called("/v2/homeroom/gethome"), before + 1);
    online.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_been_done() {
    let online = Online::logged_in(furnished()).await;
    let late = Outage::Delayed(Duration::from_secs(3));
    online.cloud.set_faults(Faults::seed(1).next(late, u64::MAX).below("/app/"));
    for (kind, words) in [
        ("timeout", &["get", LAMP, "2.1"][..]),
        ("maybe-executed", &["action", LAMP, "2.1"]),
        ("maybe-executed", &["rpc", LAMP, "toggle"]),
        ("maybe-executed", &["call", "/x"]),
    ] {
        let run = online.run(&[words, &["--json", "--timeout", "600ms"]].concat());
        run.error(kind, 1);
        assert!(run.took < Duration::from_secs(2), "{run:?}");
    }
    online.cloud.set_faults(Faults::seed(1).next(Outage::Closed, u64::MAX).below("/app/"));
    online.run(&["action", LAMP, "2.1", "--json"]).error("maybe-executed", 1);
    // Nobody was there to do it.
    let words = ["action", LAMP, "2.1", "--json", "--api-url", "http://127.0.0.1:1"];
    online.run(&words).error("io", 1);
    online.cloud.set_faults(Faults::seed(1).next(Outage::Status(503), u64::MAX).below("/app/"));
    online.run(&["rpc", LAMP, "toggle", "--json"]).error("unavailable", 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript() {
    let online = Online::new(furnished()).await;
    let record = scratch("cloud.jsonl");
    let path = record.to_str().unwrap();
    online.log_in(&["--record", path, "--json"]).done();
    let login = std::fs::read_to_string(&record).unwrap();
    online.run(&["set", LAMP, "2.1=true", "--record", path, "--json"]).done();
    let call = std::fs::read_to_string(&record).unwrap();
    let lines: Vec<Value> = call.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told =
        |line: &Value| [&line["direction"], &line["method"], &line["path"]].map(Value::clone);
    assert_eq!(told(&lines[0]), ["sent", "POST", "/app/miotspec/prop/set"].map(Value::from));
    assert_eq!(told(&lines[1]), ["received", "POST", "/app/miotspec/prop/set"].map(Value::from));
    assert_eq!((&lines[1]["status"], lines.len()), (&json!(200), 2), "{call}");
    assert!(
        lines[1]["length"].as_u64().unwrap() > 20 && lines[1].get("problem").is_none(),
        "{call}"
    );
    assert!(login.lines().count() >= 6, "{login}");
    for text in [login, call] {
        for secret in online.secrets() {
            assert!(!text.contains(&secret), "{secret} in {text}");
        }
        assert!(!text.contains('?') && !text.contains("signature"), "{text}");
    }
    #[cfg(unix)]
    {
        let late = Outage::Delayed(Duration::from_secs(5));
        online.cloud.set_faults(Faults::seed(1).next(late, u64::MAX).below("/app/"));
        let before = online.cloud.report().requests;
        let mut running = crate::program::Running::start(online.command(&["devices"]));
        while online.cloud.report().requests == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (code, took) = running.interrupt();
        assert!(code == 130 && took < Duration::from_secs(1), "{code} {took:?}");
    }
}
