//! `sim miio`, `sim mqtt` and `sim yeelight`: devices in the foreground, driven by the same program.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout};

use serde_json::{Value, json};

use crate::program::{TOKEN, command, keys, run, scratch};

/// A running simulator; it ends with the test.
pub(crate) struct Simulator {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Simulator {
    pub(crate) fn start(kind: &str, words: &[&str]) -> Self {
        let mut child = command([&["sim", kind, "--json"], words].concat()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    pub(crate) fn line(&mut self) -> Value {
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
    for kind in ["cloud", "miio", "mqtt", "yeelight"] {
        let refused = run(["sim", kind, "--json", "--config", config.to_str().unwrap()]);
        let error = refused.error("bad-input", 2);
        assert!(error["message"].as_str().unwrap().contains(kind), "{error}");
    }
}

/// What the broker answers to the packet that `credentials` makes.
fn connack(addr: &str, words: &[&str]) -> Vec<u8> {
    let credentials = run([words, &["--packet", "--json"]].concat()).done();
    let packet = credentials["connect_packet"].as_str().unwrap();
    let bytes = (0..packet.len()).step_by(2);
    let bytes: Vec<_> =
        bytes.map(|at| u8::from_str_radix(&packet[at..at + 2], 16).unwrap()).collect();
    let mut stream = std::net::TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    stream.write_all(&bytes).unwrap();
    let mut answer = vec![0; 4];
    stream.read_exact(&mut answer).unwrap();
    answer
}

#[test]
fn a_platform_with_one_device_of_each_cloud() {
    let ca = scratch("ca.pem");
    let ca_out = ca.to_str().unwrap();
    let words = ["--listen", "127.0.0.1:0", "--ca-out", ca_out];
    let mut simulator = Simulator::start("mqtt", &words);
    let [plain, tls] = [simulator.line(), simulator.line()];
    assert_eq!(keys(&plain), ["addr", "devices", "kind", "tls"]);
    assert_eq!(keys(&tls), ["addr", "ca", "ca_pem", "devices", "kind", "tls"]);
    assert_eq!(
        (&plain["kind"], &plain["tls"], &tls["tls"]),
        (&json!("mqtt"), &json!(false), &json!(true))
    );
    assert_eq!(tls["ca"], ca_out);
    assert_eq!(std::fs::read_to_string(&ca).unwrap(), tls["ca_pem"].as_str().unwrap());
    assert!(tls["ca_pem"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(plain["devices"], tls["devices"]);
    let [aliyun, tencent] = [&plain["devices"][0], &plain["devices"][1]];
    assert_eq!(keys(aliyun), ["device_name", "device_secret", "platform", "product_key"]);
    assert_eq!(keys(tencent), ["device_name", "device_secret", "platform", "product_id"]);
    let text = |device: &Value, key: &str| device[key].as_str().unwrap().to_owned();
    let addr = text(&plain, "addr");
    let [key, name, secret] =
        ["product_key", "device_name", "device_secret"].map(|key| text(aliyun, key));
    let words = [
        "aliyun",
        "credentials",
        "--product-key",
        &key,
        "--device-name",
        &name,
        "--device-secret",
        &secret,
        "--client-id",
        "x",
        "--secure-mode",
    ];
    assert_eq!(connack(&addr, &[&words[..], &["3"]].concat()), [0x20, 2, 0, 0]);
    assert_eq!(connack(&addr, &[&words[..], &["2"]].concat()), [0x20, 2, 0, 2]);
    let [id, name, secret] =
        ["product_id", "device_name", "device_secret"].map(|key| text(tencent, key));
    let words =
        ["tencent", "credentials", "--product-id", &id, "--device-name", &name, "--device-secret"];
    let answer = |secret: &str| connack(&addr, &[&words[..], &[secret]].concat());
    assert_eq!(answer("b3RoZXItcHNr"), [0x20, 2, 0, 4]);
    assert_eq!(answer(&secret), [0x20, 2, 0, 0]);
}

#[test]
fn platforms_from_a_file() {
    let config = scratch("platforms.json");
    let described = json!({ "devices": [
        {
            "kind": "mqtt", "hosts": ["broker.example"],
            "tencent": [
                {"product_id": "YOURPROD01", "device_name": "lamp1", "certificate": true},
                {"product_id": "YOURPROD01", "device_name": "lamp2", "device_secret": "7WmFA/MEs+Fy+32QwJWtYw=="},
            ],
        },
        { "kind": "mqtt" },
    ]});
    std::fs::write(&config, described.to_string()).unwrap();
    let mut simulator = Simulator::start("mqtt", &["--config", config.to_str().unwrap()]);
    let lines = [(); 4].map(|()| simulator.line());
    let devices = lines[0]["devices"].as_array().unwrap();
    assert_eq!(keys(&devices[0]), ["device_name", "platform", "product_id"]);
    assert_eq!(keys(&devices[1]), ["certificate", "device_name", "key", "platform", "product_id"]);
    assert_eq!(
        (&devices[0]["device_name"], &devices[1]["device_name"]),
        (&json!("lamp2"), &json!("lamp1"))
    );
    assert!(devices[1]["key"].as_str().unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
    assert_eq!(lines[2]["devices"], json!([]));
    assert_ne!(lines[1]["ca_pem"], lines[3]["ca_pem"]);
    let broken = json!({ "devices": [{ "kind": "mqtt", "hosts": ["no host \u{1f4a1}"] }] });
    std::fs::write(&config, broken.to_string()).unwrap();
    run(["sim", "mqtt", "--json", "--config", config.to_str().unwrap()]).error("bad-input", 2);
    run(["sim", "mqtt", "--json", "--listen", "127.0.0.1:0", "--ca-out", "/nowhere/ca.pem"])
        .error("io", 1);
}
