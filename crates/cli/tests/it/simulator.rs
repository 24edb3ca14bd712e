//! `sim miio`, `sim mqtt` and `sim yeelight`: devices in the foreground, driven by the same program.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout};

use serde_json::{Value, json};

use crate::program::{TOKEN, command, finish, keys, run, scratch};

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
    let [plain, tls, web] = [simulator.line(), simulator.line(), simulator.line()];
    assert_eq!(
        (keys(&web), &web["kind"]),
        (["addr", "kind", "products"].map(String::from).to_vec(), &json!("http"))
    );
    registers(&web);
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
            "products": [{"product_id": "YOURPROD01", "product_secret": "8XzjN8rfgFVGDTNTUGau4snA"}],
        },
        { "kind": "mqtt" },
    ]});
    std::fs::write(&config, described.to_string()).unwrap();
    let mut simulator = Simulator::start("mqtt", &["--config", config.to_str().unwrap()]);
    let lines = [(); 6].map(|()| simulator.line());
    let devices = lines[0]["devices"].as_array().unwrap();
    assert_eq!(keys(&devices[0]), ["device_name", "platform", "product_id"]);
    assert_eq!(keys(&devices[1]), ["certificate", "device_name", "key", "platform", "product_id"]);
    assert_eq!(
        (&devices[0]["device_name"], &devices[1]["device_name"]),
        (&json!("lamp2"), &json!("lamp1"))
    );
    assert!(devices[1]["key"].as_str().unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
    assert_eq!(lines[2]["products"], json!([]), "what is secret stands in the file");
    assert_eq!(lines[3]["devices"], json!([]));
    assert_ne!(lines[1]["ca_pem"], lines[4]["ca_pem"]);
    let broken = json!({ "devices": [{ "kind": "mqtt", "hosts": ["no host \u{1f4a1}"] }] });
    std::fs::write(&config, broken.to_string()).unwrap();
    run(["sim", "mqtt", "--json", "--config", config.to_str().unwrap()]).error("bad-input", 2);
    run(["sim", "mqtt", "--json", "--listen", "127.0.0.1:0", "--ca-out", "/nowhere/ca.pem"])
        .error("io", 1);
}

/// Its devices may register at it.
fn registers(web: &Value) {
    let server = format!("http://{}", web["addr"].as_str().unwrap());
    for product in web["products"].as_array().unwrap() {
        let text = |key: &str| product[key].as_str().unwrap_or_default().to_owned();
        let name = product["devices"][0].as_str().unwrap();
        let id = if text("platform") == "aliyun" {
            ["--product-key".to_owned(), text("product_key")]
        } else {
            ["--product-id".to_owned(), text("product_id")]
        };
        let mut words = vec![text("platform"), "register".into()];
        words.extend(id);
        words.extend(["--device-name", name, "--server", &server].map(String::from));
        words.extend(["--show-secrets", "--json"].map(String::from));
        let mut command = command(words);
        command.env("IOT_HOME_PRODUCT_SECRET", text("product_secret"));
        let given = finish(command, b"").done();
        assert!(given["device_secret"].as_str().is_some_and(|secret| secret.len() > 20), "{given}");
    }
}

/// Lines of a home until that of its cloud, which is the last.
fn lines_of(simulator: &mut Simulator) -> Vec<Value> {
    let mut lines = vec![simulator.line()];
    while lines.last().is_some_and(|line| line["kind"] != "cloud") {
        lines.push(simulator.line());
    }
    lines
}

fn of_kind<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["kind"] == kind).collect()
}

#[test]
fn a_whole_home() {
    let mut simulator = Simulator::start("home", &["--listen", "127.0.0.1"]);
    let lines = lines_of(&mut simulator);
    let counts =
        ["miio", "yeelight", "lumi", "spec", "cloud"].map(|kind| of_kind(&lines, kind).len());
    assert_eq!(counts, [10, 3, 1, 1, 1]);
    assert_eq!(keys(&lines[0]), ["addr", "did", "kind", "model", "name", "token"]);
    let bulb = of_kind(&lines, "yeelight")[0];
    assert_eq!(keys(bulb), ["addr", "id", "kind", "model", "name", "search", "session"]);
    let gateway = of_kind(&lines, "lumi")[0];
    let expected = ["addr", "children", "did", "key", "kind", "name", "search", "sid"];
    assert_eq!(
        (keys(gateway), gateway["children"].as_array().unwrap().len()),
        (expected.map(String::from).to_vec(), 2)
    );
    let [spec, cloud] = ["spec", "cloud"].map(|kind| of_kind(&lines, kind)[0]);
    assert_eq!(keys(spec), ["addr", "kind", "url"]);
    assert_eq!(cloud["dids"].as_array().unwrap().len(), 18);

    // They are found, each by its protocol.
    for (protocol, key, id) in [("miio", "addr", "did"), ("yeelight", "search", "id")] {
        let known = of_kind(&lines, protocol);
        let mut words = vec!["discover", "--json", "--protocol", protocol];
        let count = known.len().to_string();
        words.extend(["--count", &count]);
        for line in &known {
            words.extend(["--target", line[key].as_str().unwrap()]);
        }
        let found = run(words);
        assert_eq!((found.code, found.lines().len()), (0, known.len()), "{found:?}");
        for line in known {
            assert!(found.lines().iter().any(|found| found[id] == line[id]), "{line} {found:?}");
        }
    }

    // The cloud's commands reach it, and the home's go through it.
    let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    let session = scratch("whole-home").join("session.json");
    let session = session.to_str().unwrap();
    let urls = ["account_url", "sts_url", "api_url"].map(|key| text(cloud, key));
    let hosts = [
        "--account-url",
        &urls[0],
        "--sts-url",
        &urls[1],
        "--api-url",
        &urls[2],
        "--session",
        session,
    ];
    let mut login =
        command([&["cloud", "login", "--user", &text(cloud, "user")], &hosts[..]].concat());
    login.env("IOT_HOME_PASSWORD", text(cloud, "password"));
    assert_eq!(finish(login, b"").code, 0);
    let devices = run([&["cloud", "devices", "--json"], &hosts[..]].concat()).done();
    let devices = devices.as_array().unwrap();
    assert_eq!(devices.len(), 18);
    assert!(
        devices
            .iter()
            .all(|device| ["127.0.0.1", ""].contains(&device["localip"].as_str().unwrap_or("")))
    );
    let folder = scratch("whole-home-files");
    let [inventory, specs] = ["inventory.json", "specs"].map(|name| folder.join(name));
    let files =
        ["--inventory", inventory.to_str().unwrap(), "--spec-cache", specs.to_str().unwrap()];
    let url = text(spec, "url");
    let home = |words: &[&str]| {
        run([words, &hosts[..], &files[..], &["--spec-url", &url, "--json"]].concat())
    };
    let set = home(&["set", "Hub plug", "switch:on=true", "--refresh"]).done();
    assert_eq!(set, json!([{ "property": "switch:on", "code": 0, "via": "cloud" }]));
    let toggled = home(&["action", "Hub plug", "switch:toggle"]).done();
    assert_eq!((&toggled[0]["code"], &toggled[0]["via"]), (&json!(0), &json!("cloud")));
    let read = home(&["get", "Hub plug", "switch:on"]).done();
    assert_eq!(
        read,
        json!([{ "property": "switch:on", "value": false, "code": 0, "via": "cloud" }])
    );
    // A bulb, by its methods through the cloud, since no spec is known of its model.
    let set = home(&["set", "Shelf", "light:brightness=33"]).done();
    assert_eq!(set[0]["code"], 0, "{set}");
    let shelf = lines.iter().find(|line| line["name"] == "Shelf").unwrap();
    let read = run(["yeelight", "get", shelf["addr"].as_str().unwrap(), "bright", "--json"]).done();
    assert_eq!(read, json!({ "bright": 33 }));
}

#[test]
fn a_home_from_a_file() {
    let config = scratch("home-of-all-kinds.json");
    let described = json!({ "devices": [
        { "kind": "miio", "preset": "light", "did": "300000001", "token": TOKEN },
        { "kind": "lumi", "did": "300000002", "key": "0987654321qwerty" },
        { "kind": "yeelight", "id": "0x11e1a303" },
        { "kind": "mqtt" },
        { "kind": "cloud", "accounts": [{ "user": "someone@example.com", "password": "made up" }],
          "devices": [{ "did": "300000001", "name": "Desk lamp" }] },
    ]});
    std::fs::write(&config, described.to_string()).unwrap();
    let mut simulator = Simulator::start("home", &["--config", config.to_str().unwrap()]);
    let lines = lines_of(&mut simulator);
    let kinds: Vec<_> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["miio", "lumi", "yeelight", "spec", "cloud"]);
    assert_eq!((&lines[0]["name"], &lines[0]["token"]), (&json!("Desk lamp"), &json!(TOKEN)));
    // Neither the gateway's key nor the password was made here.
    assert!(lines[1].get("key").is_none() && lines[4].get("password").is_none());
    assert_eq!(lines[4]["dids"].as_array().unwrap().len(), 5);
    assert_eq!([(); 3].map(|()| simulator.line())[0]["kind"], "mqtt");

    let wrong = scratch("no-home.json");
    std::fs::write(
        &wrong,
        json!({ "devices": [{ "kind": "cloud" }, { "kind": "cloud" }] }).to_string(),
    )
    .unwrap();
    let error =
        run(["sim", "home", "--json", "--config", wrong.to_str().unwrap()]).error("bad-input", 2);
    assert!(error["message"].as_str().unwrap().contains("a home has one cloud"), "{error}");
}
