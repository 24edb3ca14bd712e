//! The commands that talk to a device: what they print, key by key.

use iot_home::sim::miio::HelloToken;
use iot_home::sim::{Faults, Quirk, SimDevice};
use serde_json::{Value, json};

use crate::program::{Run, TOKEN, keys, run, scratch};

pub(crate) const DID: u64 = 8_589_934_593;

/// A lamp whose token is [`TOKEN`].
pub(crate) async fn lamp() -> SimDevice {
    SimDevice::light().did(DID).token(token()).spawn().await.unwrap()
}

pub(crate) fn token() -> iot_home::miio::Token {
    TOKEN.parse().unwrap()
}

/// `iot-home miio COMMAND ADDR …`, with the lamp's token and as JSON.
pub(crate) fn miio(device: &SimDevice, command: &str, rest: &[&str]) -> Run {
    let addr = device.addr().to_string();
    let start = ["miio", command, &addr, "--token", TOKEN, "--json"];
    run([&start[..], rest].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn hello() {
    let lamp = lamp().await;
    let hello = run(["--json", "miio", "hello", &lamp.addr().to_string()]).done();
    assert_eq!(keys(&hello), ["addr", "did", "rtt_ms", "stamp", "token", "token_visible"]);
    assert_eq!(hello["addr"], lamp.addr().to_string());
    assert_eq!((&hello["did"], &hello["token"]), (&json!("8589934593"), &Value::Null));
    assert_eq!(hello["token_visible"], false);
    assert!(hello["stamp"].as_u64().is_some_and(|stamp| (12_345..12_360).contains(&stamp)));
    assert!(hello["rtt_ms"].is_f64() && hello["rtt_ms"].as_f64() > Some(0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn info() {
    let lamp = lamp().await;
    let info = miio(&lamp, "info", &[]).done();
    assert_eq!(
        (&info["model"], &info["raw"]["model"]),
        (&json!(lamp.model()), &json!(lamp.model()))
    );
    for key in ["fw_ver", "hw_ver", "mac"] {
        assert!(info[key].is_string() && info[key] == info["raw"][key], "{key}: {info}");
    }
    assert!(info["life"].is_i64() && info["ap"]["rssi"].is_i64() && info["netif"].is_object());
    let text = run(["miio", "info", &lamp.addr().to_string(), "--token", TOKEN]);
    assert!(text.code == 0 && text.stdout.contains(lamp.model()), "{text:?}");
    assert!(serde_json::from_str::<Value>(&text.stdout).is_err(), "a person reads no JSON");
}

#[tokio::test(flavor = "multi_thread")]
async fn call() {
    let lamp = lamp().await;
    let called = miio(&lamp, "call", &["get_prop", r#"["power", "bright"]"#]).done();
    assert_eq!(keys(&called), ["id", "result"]);
    assert!(called["id"].as_i64().is_some_and(|id| id > 0));
    assert_eq!(called["result"], json!(["off", 50]));
    // Without parameters, an empty array.
    assert_eq!(miio(&lamp, "call", &["toggle"]).done()["result"], json!(["ok"]));
    assert_eq!(lamp.property("power"), Some(json!("on")));
    assert_eq!(miio(&lamp, "call", &["get_prop", "[]"]).done()["result"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn call_sends_what_was_said() {
    let log = scratch("params.jsonl");
    let lamp = lamp().await;
    let file = log.to_str().unwrap();
    miio(
        &lamp,
        "call",
        &["x", r#"{ "b" : 1, "a" : [ 1.50, "é" ] }"#, "--sid", "lumi.1", "--record", file],
    );
    let text = std::fs::read_to_string(&log).unwrap();
    let sent = r#""method":"x","params":{"b":1,"a":[1.5,"é"]},"sid":"lumi.1"}"#;
    assert!(text.contains(sent), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn get_and_set() {
    let lamp = lamp().await;
    let set = miio(&lamp, "set", &["2.2=40", "2.1=true", "2.5=two words"]).done();
    let done = |siid, piid| json!({ "siid": siid, "piid": piid, "code": 0 });
    assert_eq!(set, json!([done(2, 2), done(2, 1), done(2, 5)]));
    assert_eq!(lamp.property("2.5"), Some(json!("two words")));

    let got = miio(&lamp, "get", &["2.5", "2.1", "2.2", "2.1"]).done();
    let has = |piid, value: Value| json!({ "siid": 2, "piid": piid, "code": 0, "value": value });
    let on = has(1, json!(true));
    assert_eq!(got, json!([has(5, json!("two words")), on, has(2, json!(40)), on]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_device_refuses_is_printed_and_exits_1() {
    let lamp = lamp().await;
    let got = miio(&lamp, "get", &["2.1", "9.9"]);
    let unknown = json!({ "siid": 9, "piid": 9, "code": -4003 });
    assert_eq!((got.code, &got.json()[1], &got.json()[0]["value"]), (1, &unknown, &json!(false)));
    let set = miio(&lamp, "set", &["2.2=101"]);
    assert_eq!((set.code, set.json()), (1, json!([{ "siid": 2, "piid": 2, "code": -4005 }])));
    // A number that should be a string is refused as well: types are kept.
    assert_eq!(miio(&lamp, "set", &["2.5=40"]).code, 1);
    assert_eq!(miio(&lamp, "set", &["2.5=\"40\""]).code, 0);
    let params = r#"[{"did":"x","siid":2,"piid":2,"value":0}]"#;
    let called = miio(&lamp, "call", &["set_properties", params]);
    assert_eq!((called.code, &called.json()["result"][0]["code"]), (1, &json!(-4005)));
}

#[tokio::test(flavor = "multi_thread")]
async fn action() {
    let lamp = lamp().await;
    let done = miio(&lamp, "action", &["2.2", "2=10", "3=2000"]).done();
    assert_eq!(done, json!({ "code": 0, "out": [true] }));
    assert_eq!(lamp.property("2.2"), Some(json!(10)));
    let done = miio(&lamp, "action", &["2.1"]).done();
    assert_eq!(done, json!({ "code": 0, "out": [] }));
    let refused = miio(&lamp, "action", &["7.1"]);
    assert_eq!((refused.code, refused.json()), (1, json!({ "code": -4003, "out": [] })));
}

#[tokio::test(flavor = "multi_thread")]
async fn action_arguments_in_order() {
    let faults = Faults::seed(1).quirk(Quirk::BareInputs);
    let lamp = SimDevice::light().token(token()).faults(faults).spawn().await.unwrap();
    assert_eq!(miio(&lamp, "action", &["2.2", "20", "3000"]).done()["code"], 0);
    assert_eq!(lamp.property("2.2"), Some(json!(20)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_goes_in_chunks_that_the_device_takes() {
    let faults = Faults::seed(1).max_properties(3);
    let lamp = SimDevice::light().token(token()).faults(faults).spawn().await.unwrap();
    let ids = ["2.5", "2.4", "2.3", "2.2", "2.1", "1.1", "1.2", "1.3", "1.4"];
    let got = miio(&lamp, "get", &ids).done();
    let order = got.as_array().unwrap().iter().map(|it| format!("{}.{}", it["siid"], it["piid"]));
    assert_eq!(order.collect::<Vec<_>>(), ids);
    assert!(
        got.as_array().unwrap().iter().all(|item| item["code"] == 0 && item.get("value").is_some())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn discover() {
    let fan = SimDevice::fan().did(DID + 1).token(token()).spawn().await.unwrap();
    let lamp = lamp().await;
    let targets = [lamp.addr().to_string(), fan.addr().to_string()];
    let start = ["discover", "--json", "--protocol", "miio", "--count", "2", "--wait", "10s"];
    let start = [&start[..], &["--target", &targets[0], "--target", &targets[1]]].concat();
    let found = run(start.clone());
    assert!(found.code == 0 && found.took.as_secs() < 5, "{found:?}");
    let mut lines = found.lines();
    lines.sort_by_key(|line| line["did"].to_string());
    for (line, device) in lines.iter().zip([&lamp, &fan]) {
        assert_eq!(keys(line), ["addr", "did", "protocol", "stamp", "token", "token_visible"]);
        assert_eq!((&line["protocol"], &line["token"]), (&json!("miio"), &Value::Null));
        assert_eq!(line["addr"], device.addr().to_string());
        assert_eq!(line["did"], device.did().to_string());
    }
    let visible: Vec<_> = lines.iter().map(|line| line["token_visible"].as_bool()).collect();
    assert_eq!(visible, [Some(false), Some(true)]);
    // Fewer than asked for is fine, nobody is not.
    let fewer = run([&start[..], &["--count", "9", "--wait", "1s"]].concat());
    assert_ne!(fewer.code, 0, "an option that is given twice is a mistake");
    let one =
        ["discover", "--json", "--protocol", "miio", "--target", &targets[0], "--wait", "700ms"];
    let one = run([&one[..], &["--count", "9"]].concat());
    assert_eq!((one.code, one.lines().len()), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn discover_nobody() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let target = silent.local_addr().unwrap().to_string();
    let search = ["discover", "--protocol", "miio", "--wait", "400ms", "--target", &target];
    let nobody = run([&search[..], &["--json"]].concat());
    assert_eq!((nobody.code, nobody.stdout.as_str(), nobody.stderr.as_str()), (1, "", ""));
    let nobody = run(search);
    assert!(nobody.code == 1 && nobody.stdout.is_empty() && nobody.stderr.contains("hint:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ipv6() {
    let Ok(probe) = std::net::UdpSocket::bind("[::1]:0") else {
        panic!("this test needs the IPv6 loopback address");
    };
    let addr = probe.local_addr().unwrap();
    drop(probe);
    let lamp = SimDevice::light().token(token()).listen(addr).spawn().await.unwrap();
    assert_eq!(miio(&lamp, "get", &["2.1"]).done()[0]["value"], false);
    assert_eq!(
        run(["miio", "hello", &addr.to_string(), "--json"]).done()["addr"],
        addr.to_string()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_cannot_drive_the_terminal() {
    let lamp = SimDevice::light()
        .token(token())
        .hello(HelloToken::Shown)
        .info("model", "\u{1b}[2J\u{202e}evil\r")
        .property("2.5", "\u{9b}31m")
        .spawn()
        .await
        .unwrap();
    let addr = lamp.addr().to_string();
    for command in [
        &["info", &addr, "--token", TOKEN][..],
        &["get", &addr, "--token", TOKEN, "2.5"],
        &["call", &addr, "--token", TOKEN, "miIO.info"],
    ] {
        let shown = run([&["miio"], command].concat());
        assert_eq!(shown.code, 0, "{shown:?}");
        let driving = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!shown.stdout.contains(driving), "{shown:?}");
    }
}
