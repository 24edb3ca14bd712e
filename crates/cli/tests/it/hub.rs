//! `iot-home get|set|action`: a home on the LAN and behind a cloud.

use std::process::Command;

use iot_home::miio::Token;
use iot_home::sim::SimDevice;
use iot_home::sim::micloud::{CloudDevice, Home};
use serde_json::json;

use crate::online::{LAMP, LAMP_TOKEN, Online, account, servers};
use crate::program::{Run, command, finish, scratch};

/// A command whose spec server is not there, and whose files are a test's own.
fn home(test: &str, words: &[&str]) -> Command {
    let folder = scratch(&format!("hub-{test}"));
    let mut command = command(words);
    command.args(["--spec-url", "http://127.0.0.1:1"]);
    command.arg("--spec-cache").arg(folder.join("spec"));
    command.arg("--inventory").arg(folder.join("inventory.json"));
    if !words.contains(&"--session") {
        command.arg("--session").arg(folder.join("none.json"));
    }
    command
}

fn online(online: &Online, test: &str, words: &[&str]) -> Run {
    let session = online.session.to_str().unwrap();
    let mut command = home(test, &[words, &["--session", session]].concat());
    command.args(["--account-url", &online.cloud.account_url()]);
    command.args(["--sts-url", &online.cloud.sts_url(), "--api-url", &online.cloud.api_url()]);
    let run = finish(command, b"");
    online.assert_silent(&run, online.secrets());
    assert!(!run.stdout.contains(LAMP_TOKEN) && !run.stderr.contains(LAMP_TOKEN), "{run:?}");
    run
}

/// No session, no inventory: an address and a token do.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_by_its_address() {
    let lamp =
        SimDevice::light().token(LAMP_TOKEN.parse::<Token>().unwrap()).spawn().await.unwrap();
    let addr = lamp.addr().to_string();
    let run = |words: &[&str]| {
        let mut command = home("address", words);
        command.env("IOT_HOME_TOKEN", LAMP_TOKEN);
        let run = finish(command, b"");
        assert!(!run.stdout.contains(LAMP_TOKEN) && !run.stderr.contains(LAMP_TOKEN), "{run:?}");
        run
    };
    let set = run(&["set", &addr, "2.1=true", "2.2=40", "--json"]).done();
    let item = |id: &str| json!({ "property": id, "code": 0, "via": "lan" });
    assert_eq!(set, json!([item("2.1"), item("2.2")]));
    let got = run(&["get", &addr, "2.2", "--json"]).done();
    assert_eq!(got, json!([{ "property": "2.2", "value": 40, "code": 0, "via": "lan" }]));
    let told = run(&["get", &addr, "2.2"]);
    assert!(told.stdout.contains("40") && told.stdout.contains("lan"), "{told:?}");
    run(&["set", &addr, "2.1", "--json"]).error("bad-input", 2);
    let refused = run(&["get", &addr, "9.9", "--json"]);
    assert!(refused.code == 1 && refused.stdout.contains("\"code\":-"), "{refused:?}");
}

/// Nothing answers on the LAN where the list says that the lamp is; once known, it needs no list.
#[tokio::test(flavor = "multi_thread")]
async fn the_cloud_takes_over() {
    let lamp = SimDevice::light().did(300_000_001).token(LAMP_TOKEN.parse::<Token>().unwrap());
    let lamp = CloudDevice::of(lamp).name("lamp").home(1).field("localip", "127.0.0.77");
    let builder = servers().account(account()).home(Home::new(1, "flat")).device(lamp);
    let cloud = Online::logged_in(builder).await;
    let set = online(&cloud, "cloud", &["set", "lamp", "2.2=40", "--refresh", "--json"]).done();
    assert_eq!(set, json!([{ "property": "2.2", "code": 0, "via": "cloud" }]));
    let got = online(&cloud, "cloud", &["get", LAMP, "2.2", "--json"]).done();
    assert_eq!(got, json!([{ "property": "2.2", "value": 40, "code": 0, "via": "cloud" }]));
    let wrong = online(&cloud, "cloud", &["get", "lanp", "2.2", "--json"]);
    assert!(wrong.code == 2 && wrong.stdout.contains("bad-input"), "{wrong:?}");
    assert!(wrong.stdout.contains("there is lamp"), "{wrong:?}");
    cloud.assert_clean();
}
