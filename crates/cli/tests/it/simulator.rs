//! `sim miio` and `sim yeelight`: devices in the foreground, driven by the same program.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout};

use serde_json::{Value, json};

use crate::program::{TOKEN, command, keys, run, scratch};

/// A running simulator; it ends with the test.
struct Simulator {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Simulator {
    fn start(kind: &str, words: &[&str]) -> Self {
        let mut child = command([&["sim", kind, "--json"], words].concat()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn one_device_of_a_default_kind() {
    let mut simulator = Simulator::start("miio", &["--listen", "127.0.0.1:0"]);
    let line = simulator.line();
    assert_eq!(keys(&line), ["addr", "did", "kind", "model", "token"]);
    assert_eq!(line["kind"], "miio");
    let [addr, token] = ["addr", "token"].map(|key| line[key].as_str().unwrap());
    // It is served by the time the line is there.
    let info = run(["miio", "info", addr, "--token", token, "--json"]).done();
    assert_eq!(info["model"], line["model"]);
}

#[test]
fn devices_from_a_file() {
    let config = scratch("home.json");
    let described = json!({ "devices": [
        {
            "kind": "miio", "listen": "127.0.0.1:0", "did": "8589934593", "token": TOKEN,
            "hidden": true, "model": "acme.lamp.v1", "properties": { "power": "on", "2.1": 7 },
            "faults": {
                "seed": 7, "loss": 0.05, "delay_ms": [1, 5], "duplicate": 0.01, "id_memory": 32,
                "stamp_window_s": 2, "max_properties": 5, "quirk": "double-comma",
            },
        },
        { "kind": "miio" },
    ]});
    std::fs::write(&config, described.to_string()).unwrap();
    let mut simulator = Simulator::start("miio", &["--config", config.to_str().unwrap()]);
    let line = simulator.line();
    let named = json!({ "did": "8589934593", "token": TOKEN, "model": "acme.lamp.v1" });
    for key in keys(&named) {
        assert_eq!(line[&key], named[&key]);
    }
    assert_ne!(simulator.line()["did"], line["did"]);
    let addr = line["addr"].as_str().unwrap();
    let got = run(["miio", "get", addr, "--token", TOKEN, "2.1", "--json"]).done();
    assert_eq!(got[0]["value"], 7);
    let power = run(["miio", "call", addr, "--token", TOKEN, "get_prop", "[\"power\"]", "--json"]);
    assert_eq!(power.done()["result"], json!(["on"]));
    assert_eq!(run(["miio", "hello", addr, "--json"]).done()["token_visible"], false);
}

#[test]
fn an_address_that_is_taken() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    run(["sim", "miio", "--listen", &addr, "--json"]).error("io", 1);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let error = run(["sim", "yeelight", "--listen", &addr, "--json"]).error("io", 1);
    assert!(error["message"].as_str().unwrap().contains(&addr), "{error}");
}

#[test]
fn one_bulb_on_free_ports() {
    let mut simulator = Simulator::start("yeelight", &["--listen", "127.0.0.1:0"]);
    let line = simulator.line();
    assert_eq!(keys(&line), ["addr", "id", "kind", "model", "search", "session"]);
    assert_eq!(line["kind"], "yeelight");
    let [addr, search] = ["addr", "search"].map(|key| line[key].as_str().unwrap());
    // It is served by the time the line is there.
    let list = run(["yeelight", "list", "--target", search, "--count", "1", "--json"]).done();
    for key in ["addr", "id", "model"] {
        assert_eq!(list[key], line[key]);
    }
    let set = run(["yeelight", "set", addr, "--rgb", "00ff00", "--json"]).done();
    assert_eq!(set, json!({ "result": ["ok"] }));
    let get = run(["yeelight", "get", addr, "rgb", "--json"]).done();
    assert_eq!(get, json!({ "rgb": 65280 }));
}

/// Other addresses than 127.0.0.1 are loopback on Linux only.
#[cfg(target_os = "linux")]
#[test]
fn one_bulb_at_the_ports_of_the_protocol() {
    let [.., high, low] = std::process::id().to_be_bytes();
    let ip = format!("127.81.{high}.{}", low | 1);
    let mut simulator = Simulator::start("yeelight", &["--listen", &ip]);
    let line = simulator.line();
    let at = |port| json!(format!("{ip}:{port}"));
    assert_eq!(
        (&line["addr"], &line["search"], &line["session"]),
        (&at(55443), &at(1982), &at(55444))
    );
    let list = run(["yeelight", "list", "--target", &ip, "--count", "1", "--json"]).done();
    assert_eq!(list["addr"], line["addr"]);
}

#[test]
fn bulbs_from_a_file() {
    let config = scratch("bulbs.json");
    let described = json!({ "devices": [
        {
            "kind": "yeelight", "id": "0x15243f", "model": "ceiling10", "name": "hall",
            "properties": { "bright": 30, "bg_power": "off" },
            "faults": { "seed": 7, "quirk": ["garbage-line", "split-segments"] },
        },
        { "kind": "yeelight", "preset": "white" },
    ]});
    std::fs::write(&config, described.to_string()).unwrap();
    let mut simulator = Simulator::start("yeelight", &["--config", config.to_str().unwrap()]);
    let [first, second] = [simulator.line(), simulator.line()];
    assert_eq!(
        (&first["id"], &first["model"]),
        (&json!("0x000000000015243f"), &json!("ceiling10"))
    );
    assert_eq!(second["model"], "mono");
    let [addr, search] = ["addr", "search"].map(|key| first[key].as_str().unwrap());
    let list = run(["yeelight", "list", "--target", search, "--count", "1", "--json"]).done();
    assert_eq!((&list["name"], &list["bright"]), (&json!("hall"), &json!(30)));
    let get = run(["yeelight", "get", addr, "bg_power", "bright", "--json"]).done();
    assert_eq!(get, json!({ "bg_power": "off", "bright": 30 }));
}

#[test]
fn each_kind_has_its_own_command() {
    let config = scratch("both.json");
    let both = json!({ "devices": [{ "kind": "yeelight" }, { "kind": "miio" }] });
    std::fs::write(&config, both.to_string()).unwrap();
    for kind in ["miio", "yeelight"] {
        let refused = run(["sim", kind, "--json", "--config", config.to_str().unwrap()]);
        let error = refused.error("bad-input", 2);
        assert!(error["message"].as_str().unwrap().contains(kind), "{error}");
    }
}
