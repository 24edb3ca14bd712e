//! `iot-home discover`: every protocol at once, one line for each, and what is kept of it.

use iot_home::lumi::Key;
use iot_home::sim::{SimBulb, SimDevice, SimGateway};
use serde_json::{Value, json};

use crate::devices::token;
use crate::house::House;
#[cfg(unix)]
use crate::program::Running;
use crate::program::{TOKEN, keys, run, scratch};

const KEY: &str = "q3zq0f2yd3t3nqx4";

async fn gateway() -> SimGateway {
    SimGateway::builder(KEY.parse::<Key>().unwrap()).spawn().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway() {
    let gateway = gateway().await;
    let (target, record) = (gateway.search_addr().to_string(), scratch("gateway.jsonl"));
    let search = ["discover", "--protocol", "lumi", "--target", &target, "--count", "1"];
    let words = [&search[..], &["--json", "--record", record.to_str().unwrap()]].concat();
    let line = run(words).done();
    assert_eq!(keys(&line), ["addr", "id", "mac", "model", "protocol"]);
    assert_eq!((&line["protocol"], &line["addr"]), (&json!("lumi"), &json!(gateway.addr())));
    assert_eq!(line["id"], gateway.sid().to_string());
    assert!(line["mac"].as_str().unwrap().contains(':') && line["model"] == "gateway", "{line}");
    let told = run(search);
    assert!(told.stdout.starts_with("protocol") && told.stdout.contains("lumi"), "{told:?}");
    let text = std::fs::read_to_string(&record).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let story: Vec<_> = lines.iter().map(|line| (&line["direction"], &line["kind"])).collect();
    assert_eq!(
        story[..2],
        [(&json!("sent"), &json!("whois")), (&json!("received"), &json!("iam"))]
    );
    assert_eq!((&lines[1]["peer"], &lines[1]["payload"]["ip"]), (&json!(target), &Value::Null));
}

/// One device that speaks two protocols: a line for each, however often it answers, and both say who it is.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_device_of_two_protocols_is_one_device() {
    use std::net::{Ipv4Addr, SocketAddr};

    let [.., high, low] = std::process::id().to_be_bytes();
    let ip = Ipv4Addr::new(127, 81, high, low | 1);
    let at = |port| SocketAddr::from((ip, port));
    let bulb = SimBulb::color().name("desk").listen(at(55443)).search_listen(at(1982));
    let bulb = bulb.spawn().await.unwrap();
    let lamp = SimDevice::light().did(bulb.id().get()).listen(at(54321)).spawn().await.unwrap();
    let gateway = SimGateway::builder(KEY.parse::<Key>().unwrap());
    let gateway = gateway.listen(at(9898)).search_listen(at(4321)).spawn().await.unwrap();
    let record = scratch("protocols.jsonl");
    let (ip, record) = (ip.to_string(), record.to_str().unwrap());
    let search = ["discover", "--target", &ip, "--json"];
    let found = run([&search[..], &["--wait", "2500ms", "--record", record]].concat());
    let lines = found.lines();
    let protocols: Vec<_> = lines.iter().map(|line| line["protocol"].as_str().unwrap()).collect();
    let mut sorted = protocols.clone();
    sorted.sort_unstable();
    // The gateway has two children, who are where it is.
    assert_eq!(sorted, ["lumi", "lumi", "lumi", "miio", "yeelight"], "{found:?}");
    let children = gateway.children();
    for child in children.iter().map(ToString::to_string) {
        let line = lines.iter().find(|line| line["id"] == json!(child)).unwrap();
        assert_eq!(line["addr"], json!(gateway.addr()), "{line}");
        assert!(line["model"].is_string(), "{line}");
    }
    let of = |protocol| &lines[protocols.iter().position(|it| *it == protocol).unwrap()];
    let (miio, yeelight) = (of("miio"), of("yeelight"));
    assert_eq!(
        (&miio["did"], &miio["addr"]),
        (&json!(lamp.did().to_string()), &json!(lamp.addr()))
    );
    assert_eq!(
        (&yeelight["id"], &yeelight["name"]),
        (&json!(bulb.id().to_string()), &json!("desk"))
    );
    // Whichever came second knows what the first told.
    let second = protocols.iter().filter(|it| **it != "lumi").nth(1).unwrap();
    match *second {
        "miio" => assert_eq!(
            (&miio["name"], &miio["model"]),
            (&json!("desk"), &json!("yeelink.light.color"))
        ),
        _ => assert_eq!(yeelight["did"], miio["did"]),
    }
    assert_eq!(of("lumi")["id"], gateway.sid().to_string());
    let transcript = std::fs::read_to_string(record).unwrap();
    for kind in ["hello", "hello-reply", "search", "search-answer", "whois", "iam"] {
        assert!(transcript.contains(&format!("\"kind\":\"{kind}\"")), "{kind}: {transcript}");
    }
    // Two devices, with three lines between them.
    let counted = run([&search[..], &["--count", "2", "--wait", "20s"]].concat());
    assert!(counted.code == 0 && counted.took.as_secs() < 10, "{counted:?}");
    assert!((2..=3).contains(&counted.lines().len()), "{counted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_is_kept_and_can_be_used() {
    let fan = SimDevice::fan().did(77).token(token()).spawn().await.unwrap();
    let house = House::new("kept").await.nested();
    let target = fan.addr().to_string();
    let search = ["--protocol", "miio", "--target", &target, "--count", "1"];
    let told = house.discover(&search);
    assert!(told.code == 0 && told.stderr.contains("inventory.json"), "{told:?}");
    assert!(told.stdout.contains("token shown"), "{told:?}");
    let known = house.known();
    assert_eq!(known[0]["did"], "77");
    // The fan shows its token, so that it can be talked to; its model it tells itself.
    assert_eq!(known[0]["token"], TOKEN);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().mode() & 0o777;
        let inventory = house.inventory();
        assert_eq!((mode(&inventory), mode(inventory.parent().unwrap())), (0o600, 0o700));
    }
    let got = house.run(&["get", "77", "fan:on", "--json"]).done();
    assert_eq!((&got[0]["value"], &got[0]["via"]), (&json!(false), &json!("lan")));
    house.run(&["set", "77", "fan:on=true", "--json"]).done();
    assert_eq!(fan.property("power"), Some(json!("on")));
    // A bulb needs no token.
    let bulb = SimBulb::color().spawn().await.unwrap();
    let target = bulb.search_addr().to_string();
    let words = ["--protocol", "yeelight", "--target", &target, "--count", "1", "--json"];
    assert_eq!(house.discover(&words).lines().len(), 1);
    let id = bulb.id().to_string();
    assert_eq!(house.run(&["get", &id, "light:on", "--json"]).done()[0]["via"], "yeelight");
    assert_eq!(house.known().as_array().map(Vec::len), Some(2), "who was known is known still");
}

/// A forged hello replaces no token that is known.
#[tokio::test(flavor = "multi_thread")]
async fn a_known_token_is_not_replaced() {
    let forger = SimDevice::fan().did(77).spawn().await.unwrap();
    let house = House::new("forged").await;
    let house = house.knowing(json!([{ "did": "77", "name": "fan", "token": TOKEN }]));
    let target = forger.addr().to_string();
    let words = ["--protocol", "miio", "--target", &target, "--count", "1", "--json"];
    let line = &house.discover(&words).lines()[0];
    assert_eq!((&line["name"], &line["token_visible"]), (&json!("fan"), &json!(true)));
    assert_eq!(house.known()[0]["token"], TOKEN);
}

/// What was printed was kept before, and an interrupt loses nothing.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_search_has_kept_what_it_told() {
    let fan = SimDevice::fan().did(77).token(token()).spawn().await.unwrap();
    let house = House::new("interrupted-search").await;
    let target = fan.addr().to_string();
    let words = ["--protocol", "miio", "--target", &target, "--wait", "1m", "--json"];
    let mut running = Running::start(house.discovery(&words));
    assert_eq!(running.json()["did"], "77");
    assert_eq!(house.known()[0]["did"], "77");
    let (code, took) = running.interrupt();
    assert!(code == 0 && took.as_secs() < 1, "{code} {took:?}");
}

#[test]
fn targets_that_cannot_be_asked() {
    for words in [
        &["--protocol", "miio", "--target", "127.0.0.1:0"][..],
        &["--protocol", "yeelight", "--target", "127.0.0.1:0"],
        &["--protocol", "yeelight", "--interface", "127.0.0.1", "--target", "[::1]:9"],
    ] {
        let error = run([&["discover", "--json"], words].concat()).error("bad-input", 2);
        assert!(error["message"].as_str().unwrap().contains(words[words.len() - 1]), "{error}");
    }
}
