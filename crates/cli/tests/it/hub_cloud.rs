//! `iot-home get|set|action` where there is a cloud.

use std::time::Duration;

use iot_home::miio::Token;
use iot_home::sim::SimDevice;
use iot_home::sim::micloud::{CloudDevice, Faults, Home, Outage};
use iot_home::sim::miio::Silence;
use serde_json::json;

use crate::house::{House, entry};
use crate::online::{LAMP, LAMP_TOKEN, Online, account, servers};
use crate::program::run;

/// A cloud that knows a lamp, which is not on the LAN: nothing listens at this address.
async fn cloud() -> Online {
    let lamp = SimDevice::light().did(300_000_001).token(LAMP_TOKEN.parse::<Token>().unwrap());
    let lamp = CloudDevice::of(lamp).name("lamp").home(1).field("localip", "127.0.0.77");
    Online::logged_in(servers().account(account()).home(Home::new(1, "flat")).device(lamp)).await
}

/// The list is fetched when nothing is known yet; from then on it is in the inventory.
#[tokio::test(flavor = "multi_thread")]
async fn the_cloud_takes_over() {
    let (cloud, house) = (cloud().await, House::new("cloud").await.nested());
    let lists = || {
        cloud
            .cloud
            .report()
            .calls
            .iter()
            .filter(|(path, _)| path.contains("device_list"))
            .map(|(_, times)| times)
            .sum::<u64>()
    };
    let set = house.online(&cloud, &["set", "lamp", "light:brightness=40", "--json"]).done();
    assert_eq!(set, json!([{ "property": "light:brightness", "code": 0, "via": "cloud" }]));
    let fetched = lists();
    assert!(fetched > 0);
    let got = house.online(&cloud, &["get", LAMP, "2.2", "--json"]).done();
    let item = json!({ "property": "light:brightness", "value": 40, "code": 0, "via": "cloud" });
    assert_eq!(got, json!([item]));
    let acted = house.online(&cloud, &["action", "lamp", "light:light-up", "30", "3000", "--json"]);
    assert_eq!(acted.done()[0]["via"], "cloud");
    let error = house.online(&cloud, &["get", "lanp", "2.2", "--json"]).error("bad-input", 2);
    assert!(error["message"].as_str().unwrap().contains("is it lamp?"), "{error}");
    assert_eq!(lists(), fetched, "a typing error does not ask the cloud");
    // The address that the cloud tells has no port; the usual one may be written out.
    let got = house.online(&cloud, &["get", "127.0.0.77:54321", "2.2", "--json"]).done();
    assert_eq!((&got[0]["value"], &got[0]["via"]), (&json!(30), &json!("cloud")));
    let partly = house.online(&cloud, &["get", "lamp", "2.2", "9.9", "--json"]);
    assert_eq!((partly.code, partly.json().as_array().map(Vec::len)), (1, Some(2)), "{partly:?}");
    house.online(&cloud, &["get", "lamp", "2.2", "--refresh", "--json"]).done();
    assert!(lists() > fetched);
    cloud.assert_clean();
}

/// The lamp answers on the LAN, by the token and the name that the cloud's list has.
#[tokio::test(flavor = "multi_thread")]
async fn the_lan_goes_first() {
    let sim = SimDevice::light().did(300_000_001).token(LAMP_TOKEN.parse::<Token>().unwrap());
    let sim = sim.spawn().await.unwrap();
    let known = CloudDevice::running(&sim).name("lamp").home(1).field("localip", "127.0.0.77");
    let cloud = servers().account(account()).home(Home::new(1, "flat")).device(known);
    let cloud = Online::logged_in(cloud).await;
    let house = House::new("first").await;
    let target = sim.addr().to_string();
    let found =
        house.discover(&["--json", "--protocol", "miio", "--target", &target, "--count", "1"]);
    assert_eq!(found.code, 0, "{found:?}");
    // Where it is is known by then, and not its token: the list is fetched for it.
    let got = house.online(&cloud, &["get", LAMP, "light:brightness", "--json"]).done();
    assert_eq!((&got[0]["value"], &got[0]["via"]), (&json!(50), &json!("lan")));
    let set = house.online(&cloud, &["set", "lamp", "light:brightness=41", "--json"]).done();
    assert_eq!(set[0]["via"], "lan");
    assert!(cloud.cloud.report().writes.is_empty() && cloud.cloud.report().reads.is_empty());
    // No login is needed any more.
    assert_eq!(house.run(&["get", "lamp", "light:brightness", "--json"]).done()[0]["value"], 41);
    // Found again, it has its name.
    let words = ["--json", "--protocol", "miio", "--target", &target, "--count", "1"];
    let line = &house.discover(&words).lines()[0];
    assert_eq!((&line["name"], &line["model"]), (&json!("lamp"), &json!(sim.model())));
    assert_eq!(line["token"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_cloud_is_needed_and_nobody_has_logged_in() {
    let house = House::new("nobody").await;
    let known = json!([{ "did": LAMP, "name": "lamp", "cloud": { "region": "cn" } }]);
    let house = house.knowing(known);
    let error = house.run(&["get", "lamp", "2.2", "--json"]).error("bad-input", 2);
    assert!(error["hint"].as_str().unwrap().contains("cloud login"), "{error}");
    for words in [&["get", "lamp", "2.2"][..], &["action", "nobody", "2.1"]] {
        let words = [words, &["--refresh", "--json"]].concat();
        let error = house.run(&words).error("interaction-needed", 1);
        assert!(error["hint"].as_str().unwrap().contains("cloud login"), "{error}");
    }
    // A session that cannot be read is not taken for none.
    let torn = house.folder.join("session.json");
    std::fs::write(&torn, "{").unwrap();
    let (torn, inventory) = (torn.to_str().unwrap(), house.inventory());
    let words = ["get", "lamp", "2.2", "--json", "--session", torn, "--inventory"];
    run([&words[..], &[inventory.to_str().unwrap()]].concat()).error("bad-input", 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cloud_is_late() {
    let (cloud, house) = (cloud().await, House::new("late").await);
    house.online(&cloud, &["get", "lamp", "2.2", "--json"]).done();
    let late = Outage::Delayed(Duration::from_secs(20));
    for (path, words, kind) in [
        ("/app/miotspec/prop/get", &["get", "lamp", "2.2"][..], "timeout"),
        ("/app/miotspec/prop/set", &["set", "lamp", "2.2=60"], "maybe-executed"),
        ("/app/miotspec/action", &["action", "lamp", "light:toggle"], "maybe-executed"),
    ] {
        cloud.cloud.set_faults(Faults::seed(1).next(late, 9).below(path));
        let failed = house.online(&cloud, &[words, &["--json", "--timeout", "4s"]].concat());
        failed.error(kind, 1);
        assert!(failed.took < Duration::from_secs(5), "{failed:?}");
    }
    let report = cloud.cloud.report();
    assert!(report.writes.values().all(|times| *times == 1), "{report:?}");
    assert!(report.actions.values().all(|times| *times == 1), "{report:?}");
    assert!(!report.writes.is_empty() && !report.actions.is_empty(), "{report:?}");
}

/// `--timeout` bounds all of it: what the list took is not there for the device, and the home knows that nothing was
/// sent by then.
#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_the_list_is_not_the_devices() {
    let sim = SimDevice::light().did(300_000_001).token(LAMP_TOKEN.parse::<Token>().unwrap());
    let sim = sim.spawn().await.unwrap();
    let known = CloudDevice::running(&sim).name("lamp").field("localip", "127.0.0.77");
    let cloud = Online::logged_in(servers().account(account()).device(known)).await;
    let house = House::new("left").await.knowing(json!([entry(&sim, "lamp")]));
    sim.set_silence(Silence::Total);
    let late = Outage::Delayed(Duration::from_millis(2900));
    cloud.cloud.set_faults(Faults::seed(1).next(late, 1).below("/app/v2/home/"));
    let words = ["set", "lamp", "2.2=60", "--refresh", "--json", "--timeout", "4s"];
    let failed = house.online(&cloud, &words);
    let error = failed.error("timeout", 1);
    assert!(error["message"].as_str().unwrap().contains("within 4s"), "{error}");
    assert!(failed.took < Duration::from_secs(5), "{failed:?}");
    assert!(cloud.cloud.report().writes.is_empty());
}

/// The inventory's token is an old one: the cloud's is fetched, and kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_has_changed() {
    let sim = SimDevice::light().did(300_000_001).token(LAMP_TOKEN.parse::<Token>().unwrap());
    let sim = sim.spawn().await.unwrap();
    let known = CloudDevice::running(&sim).name("lamp").field("localip", "127.0.0.77");
    let cloud = Online::logged_in(servers().account(account()).device(known)).await;
    let mut old = entry(&sim, "lamp");
    old["token"] = "ab".repeat(16).into();
    old["cloud"] = json!({ "region": "cn" });
    let house = House::new("renewed").await.knowing(json!([old]));
    let record = house.folder.join("record.jsonl");
    let record = record.to_str().unwrap();
    let words = ["set", "lamp", "2.2=60", "--json", "-vv", "--record", record];
    let set = house.online(&cloud, &words);
    assert_eq!(set.code, 0, "{set:?}");
    assert_eq!(sim.property("2.2"), Some(json!(60)));
    assert_eq!(house.known()[0]["token"], LAMP_TOKEN);
    let transcript = std::fs::read_to_string(record).unwrap();
    for secret in cloud.secrets().iter().map(String::as_str).chain([LAMP_TOKEN, &"ab".repeat(16)]) {
        assert!(!transcript.contains(secret), "{transcript}");
    }
    assert!(transcript.contains("set_properties") && transcript.contains("/app/"), "{transcript}");
}
