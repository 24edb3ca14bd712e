//! `yeelight …` against simulated bulbs: what each command prints, and what it does.

use iot_home::sim::SimBulb;
use iot_home::sim::yeelight::{Builder, Faults, Quirk};
use serde_json::{Value, json};

use crate::program::{Run, keys, run, scratch};

pub(crate) const ID: u64 = 0x0015_243f;

pub(crate) fn desk() -> Builder {
    SimBulb::color().id(ID).name("desk")
}

/// `iot-home yeelight COMMAND ADDR …`, as JSON.
pub(crate) fn yeelight(bulb: &SimBulb, command: &str, rest: &[&str]) -> Run {
    let addr = bulb.addr().to_string();
    run([&["yeelight", command, &addr, "--json"][..], rest].concat())
}

/// The same for a person.
fn told(bulb: &SimBulb, command: &str, rest: &[&str]) -> Run {
    let addr = bulb.addr().to_string();
    let told = run([&["yeelight", command, &addr][..], rest].concat());
    assert_eq!((told.code, told.stderr.as_str()), (0, ""), "{told:?}");
    told
}

/// What a command sent, line by line, taken from its transcript.
fn sent(bulb: &SimBulb, command: &str, rest: &[&str]) -> Vec<String> {
    let file = scratch(&format!("sent-{}.jsonl", bulb.addr().port()));
    let run = yeelight(bulb, command, &[rest, &["--record", file.to_str().unwrap()]].concat());
    assert_eq!(run.code, 0, "{run:?}");
    let text = std::fs::read_to_string(&file).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let pieces = lines.filter(|line| line["direction"] == "sent");
    let text: String = pieces.map(|line| line["text"].as_str().unwrap().to_owned()).collect();
    let is_question = |line: &&str| line.contains("\"get_prop\"");
    text.split_terminator("\r\n").filter(|line| !is_question(line)).map(without_id).collect()
}

fn without_id(line: &str) -> String {
    let (_, rest) = line.split_once(",\"method\":").unwrap();
    rest.trim_end_matches('}').to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn list() {
    let bulb = desk().property("bright", 40).spawn().await.unwrap();
    let target = bulb.search_addr().to_string();
    let search = ["yeelight", "list", "--target", &target, "--count", "1", "--wait", "10s"];
    let list = run([&search[..], &["--json"]].concat());
    assert!(list.code == 0 && list.took.as_secs() < 5, "{list:?}");
    let mut found = list.json();
    let support = found["support"].take();
    assert_eq!(support[0], "get_prop");
    assert!(support.as_array().unwrap().iter().all(|method| method.as_str() != Some("")));
    assert_eq!(
        found,
        json!({
            "protocol": "yeelight", "addr": bulb.addr().to_string(), "id": "0x000000000015243f",
            "model": "color4", "fw_ver": 18, "name": "desk", "support": null, "power": "on",
            "bright": 40, "color_mode": 2, "ct": 4000, "rgb": 16_711_680, "hue": 0, "sat": 100,
            "other": {},
        })
    );
    let told = run(search);
    let lines: Vec<_> = told.stdout.lines().collect();
    assert_eq!((told.code, lines.len()), (0, 2), "{told:?}");
    assert!(lines[0].starts_with("address") && lines[0].ends_with("name"), "{told:?}");
    let cells: Vec<_> = lines[1].split("  ").map(str::trim).filter(|it| !it.is_empty()).collect();
    let addr = bulb.addr().to_string();
    assert_eq!(cells, [&addr, "0x000000000015243f", "color4", "on, 40 %, 4000 K", "desk"]);
    assert_eq!(bulb.report().violations.total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn list_of_several_and_of_nobody() {
    let lamps = [SimBulb::ceiling().id(1).spawn().await.unwrap(), desk().spawn().await.unwrap()];
    let targets = lamps.each_ref().map(|bulb| bulb.search_addr().to_string());
    let search = ["yeelight", "list", "--json", "--target", &targets[0], "--target", &targets[1]];
    let both = run([&search[..], &["--count", "2", "--wait", "10s"]].concat());
    let mut ids: Vec<_> = both.lines().iter().map(|line| line["id"].to_string()).collect();
    ids.sort();
    assert_eq!(ids, ["\"0x0000000000000001\"", "\"0x000000000015243f\""], "{both:?}");
    assert!(both.took.as_secs() < 5);
    // Fewer than asked for is fine, nobody is not; --timeout bounds the search as well.
    let fewer = run([&search[..], &["--count", "3", "--timeout", "400ms"]].concat());
    assert_eq!((fewer.code, fewer.lines().len()), (0, 2), "{fewer:?}");
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let target = silent.local_addr().unwrap().to_string();
    let search = ["yeelight", "list", "--wait", "300ms", "--target", &target];
    let nobody = run([&search[..], &["--json"]].concat());
    assert_eq!((nobody.code, nobody.stdout.as_str(), nobody.stderr.as_str()), (1, "", ""));
    let nobody = run(search);
    assert!(nobody.code == 1 && nobody.stdout.is_empty(), "{nobody:?}");
    assert!(nobody.stderr.contains("hint: ") && nobody.stderr.contains("LAN Control"));
}

#[tokio::test(flavor = "multi_thread")]
async fn list_of_odd_bulbs() {
    let odd = [
        Quirk::SearchExtraHeader,
        Quirk::SearchBase64Name,
        Quirk::SearchCapitals,
        Quirk::SearchNoName,
        Quirk::SearchNameColon,
        Quirk::SearchNoLocation,
    ];
    let mut found = Vec::new();
    for quirk in odd {
        let bulb = desk().faults(Faults::seed(1).quirk(quirk)).spawn().await.unwrap();
        let target = bulb.search_addr().to_string();
        let search = ["yeelight", "list", "--json", "--target", &target, "--count", "1"];
        found.push(run(search).done());
    }
    let every_key = keys(&found[0]);
    for one in &found {
        assert_eq!((keys(one), &one["id"]), (every_key.clone(), &json!("0x000000000015243f")));
    }
    assert_eq!(found[0]["other"].as_object().unwrap().len(), 1, "{}", found[0]);
    let name = found[1]["name"].as_str().unwrap();
    assert!(!name.is_ascii(), "decoded: {name}");
    assert_eq!((&found[2]["other"], &found[2]["fw_ver"]), (&json!({}), &json!(18)));
    assert_eq!((&found[3]["name"], &found[4]["name"]), (&Value::Null, &json!("desk: left")));
    assert!(found[5]["addr"].as_str().unwrap().ends_with(":55443"), "{}", found[5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn get() {
    let bulb = desk().property("bright", 40).spawn().await.unwrap();
    let some = yeelight(&bulb, "get", &["name", "nope", "rgb", "power", "bright", "rgb"]);
    let text = r#"{"name":"desk","nope":null,"rgb":16711680,"power":"on","bright":40}"#;
    assert_eq!((some.code, some.stdout.trim_end()), (0, text));

    let all = yeelight(&bulb, "get", &[]);
    let start = r#"{"power":"on","main_power":null,"bright":40,"ct":4000,"rgb":16711680,"#;
    assert!(all.stdout.starts_with(start), "{all:?}");
    let all = all.done();
    assert_eq!(all.as_object().unwrap().len(), 27);
    let values = ["flowing", "music_on", "name", "bg_power", "lan_ctrl"].map(|key| &all[key]);
    assert_eq!(values, [&json!(0), &json!(0), &json!("desk"), &Value::Null, &json!(1)]);

    let shown = told(&bulb, "get", &[]).stdout;
    assert!(shown.starts_with("power       on\nbright      40 %\nct          4000 K\n"), "{shown}");
    assert!(!shown.contains("bg_"), "what it does not have is left out: {shown}");
    let shown = told(&bulb, "get", &["bg_power", "rgb"]).stdout;
    assert_eq!(shown, "bg_power  not supported\nrgb       ff0000\n");
    // Reading takes one command of the quota.
    assert_eq!(bulb.report().commands, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_off_and_toggle() {
    let bulb = desk().property("power", "off").spawn().await.unwrap();
    let power = || bulb.property("power").unwrap();
    assert_eq!(yeelight(&bulb, "on", &[]).done(), json!({ "result": ["ok"] }));
    assert_eq!(power(), "on");
    assert_eq!(told(&bulb, "off", &[]).stdout, "set_power  ok\n");
    assert_eq!(power(), "off");
    assert_eq!(yeelight(&bulb, "toggle", &[]).done(), json!({ "result": ["ok"] }));
    assert_eq!(power(), "on");
    for (command, rest, line) in [
        ("on", &[][..], r#""set_power","params":["on","sudden",0]"#),
        ("on", &["--effect", "sudden"], r#""set_power","params":["on","sudden",0]"#),
        ("on", &["--effect", "smooth"], r#""set_power","params":["on","smooth",500]"#),
        ("on", &["--duration", "1.5s"], r#""set_power","params":["on","smooth",1500]"#),
        ("on", &["--mode", "last"], r#""set_power","params":["on","sudden",0]"#),
        ("on", &["--mode", "ct"], r#""set_power","params":["on","sudden",0,1]"#),
        ("on", &["--mode", "rgb"], r#""set_power","params":["on","sudden",0,2]"#),
        ("on", &["--mode", "hsv"], r#""set_power","params":["on","sudden",0,3]"#),
        ("on", &["--mode", "flow"], r#""set_power","params":["on","sudden",0,4]"#),
        ("off", &["--duration", "30ms"], r#""set_power","params":["off","smooth",30]"#),
        ("toggle", &[], r#""toggle","params":[]"#),
        ("toggle", &["--duration", "1s"], r#""toggle","params":["smooth",1000]"#),
        ("toggle", &["--effect", "sudden"], r#""toggle","params":["sudden",0]"#),
    ] {
        assert_eq!(sent(&bulb, command, rest), [line], "{command} {rest:?}");
    }
    assert_eq!(bulb.report().violations.total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_light_and_the_night_light() {
    let lamp = SimBulb::ceiling().spawn().await.unwrap();
    assert_eq!(
        sent(&lamp, "on", &["--mode", "night"]),
        [r#""set_power","params":["on","sudden",0,5]"#]
    );
    assert_eq!(lamp.property("active_mode"), Some(json!(1)));
    for (command, rest, line) in [
        ("on", &["--background"][..], r#""bg_set_power","params":["on","sudden",0]"#),
        (
            "set",
            &["--background", "--rgb", "00ff00"],
            r#""bg_set_rgb","params":[65280,"sudden",0]"#,
        ),
        (
            "scene",
            &["color", "ff0000", "5", "--background"],
            r#""bg_set_scene","params":["color",16711680,5]"#,
        ),
        ("scene", &["--background", "ct", "1700", "5"], r#""bg_set_scene","params":["ct",1700,5]"#),
        ("flow", &["--background", "--stop"], r#""bg_stop_cf","params":[]"#),
        ("toggle", &["--background"], r#""bg_toggle","params":[]"#),
    ] {
        assert_eq!(sent(&lamp, command, rest), [line], "{command} {rest:?}");
    }
    let read = yeelight(&lamp, "get", &["bg_power", "bg_rgb", "main_power"]).done();
    assert_eq!(read, json!({ "bg_power": "off", "bg_rgb": 16_711_680, "main_power": "on" }));
    assert_eq!(lamp.report().violations.total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn set() {
    let bulb = desk().spawn().await.unwrap();
    let one = yeelight(&bulb, "set", &["--bright", "7"]).done();
    assert_eq!(one, json!({ "result": ["ok"] }));
    let two = yeelight(&bulb, "set", &["--bright", "8", "--rgb", "#FF8800"]).done();
    assert_eq!(two, json!([{ "result": ["ok"] }, { "result": ["ok"] }]));
    assert_eq!(bulb.property("rgb"), Some(json!(0xff_8800)));
    let shown = told(&bulb, "set", &["--ct", "6500", "--bright", "9"]).stdout;
    assert_eq!(shown, "set_ct_abx  ok\nset_bright  ok\n");
    assert_eq!((bulb.property("ct"), bulb.property("bright")), (Some(json!(6500)), Some(json!(9))));
    assert_eq!(
        sent(&bulb, "set", &["--bright", "100", "--hsv", "359,1", "--duration", "2s"]),
        [
            r#""set_hsv","params":[359,1,"smooth",2000]"#,
            r#""set_bright","params":[100,"smooth",2000]"#
        ]
    );
    assert_eq!(bulb.report().violations.total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn flow() {
    let bulb = desk().spawn().await.unwrap();
    let steps = ["--step", "1s:rgb=ff0000@100", "--step", "500ms:pause", "--step", "50ms:ct=2700"];
    let with = |rest: &[&'static str]| [&steps[..], rest].concat();
    for (rest, line) in [
        (with(&[]), r#"[3,0,"1000,1,16711680,100,500,7,0,0,50,2,2700,-1"]"#),
        (
            with(&["--rounds", "4", "--then", "off"]),
            r#"[12,2,"1000,1,16711680,100,500,7,0,0,50,2,2700,-1"]"#,
        ),
        (
            with(&["--rounds", "0", "--then", "stay"]),
            r#"[0,1,"1000,1,16711680,100,500,7,0,0,50,2,2700,-1"]"#,
        ),
        (vec!["--preset", "police"], r#"[0,0,"300,1,16711680,100,300,1,255,100"]"#),
        (
            vec!["--preset", "police", "--rounds", "2", "--then", "off"],
            r#"[4,2,"300,1,16711680,100,300,1,255,100"]"#,
        ),
    ] {
        let line = format!(r#""start_cf","params":{line}"#);
        assert_eq!(sent(&bulb, "flow", &rest), [line], "{rest:?}");
    }
    assert_eq!(bulb.property("flowing"), Some(json!(1)));
    assert_eq!(yeelight(&bulb, "flow", &["--stop"]).done(), json!({ "result": ["ok"] }));
    assert_eq!(bulb.property("flowing"), Some(json!(0)));
    assert_eq!(bulb.report().violations.total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn presets() {
    let presets = run(["yeelight", "presets", "--json"]).done();
    let presets = presets.as_array().unwrap();
    let bulb = desk().spawn().await.unwrap();
    let table = run(["yeelight", "presets"]);
    assert_eq!(table.code, 0);
    let help = run(["yeelight", "flow", "--help"]).stdout;
    for preset in presets {
        assert_eq!(keys(preset), ["color", "description", "name"]);
        let [name, description] = ["name", "description"].map(|key| preset[key].as_str().unwrap());
        assert!(preset["color"].is_boolean());
        assert!(table.stdout.contains(name) && table.stdout.contains(description));
        assert!(help.contains(name) && help.contains(description), "{name}: {help}");
        assert_eq!(yeelight(&bulb, "flow", &["--preset", name]).code, 0, "{name}");
    }
    assert!(presets.len() >= 10 && bulb.report().violations.total() == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn scene() {
    let bulb = desk().property("power", "off").spawn().await.unwrap();
    let done = yeelight(&bulb, "scene", &["color", "ff8800", "70"]).done();
    assert_eq!(done, json!({ "result": ["ok"] }));
    assert_eq!(
        (bulb.property("power"), bulb.property("bright")),
        (Some(json!("on")), Some(json!(70)))
    );
    for (rest, params) in [
        (&["color", "00ff00", "1"][..], r#"["color",65280,1]"#),
        (&["hsv", "300", "70", "100"], r#"["hsv",300,70,100]"#),
        (&["ct", "5400", "100"], r#"["ct",5400,100]"#),
        (&["auto-off", "50", "5"], r#"["auto_delay_off",50,5]"#),
        (&["flow", "--preset", "police"], r#"["cf",0,0,"300,1,16711680,100,300,1,255,100"]"#),
        (
            &["flow", "--step", "1s:rgb=0000ff@9", "--rounds", "2", "--then", "stay"],
            r#"["cf",2,1,"1000,1,255,9"]"#,
        ),
    ] {
        let line = format!(r#""set_scene","params":{params}"#);
        assert_eq!(sent(&bulb, "scene", rest), [line], "{rest:?}");
    }
    assert_eq!(bulb.report().violations.total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn timer() {
    let bulb = desk().spawn().await.unwrap();
    let none = yeelight(&bulb, "timer", &[]).done();
    assert_eq!(none, json!({ "result": [], "minutes": null }));
    assert_eq!(told(&bulb, "timer", &[]).stdout, "no timer\n");
    assert_eq!(yeelight(&bulb, "timer", &["15"]).done(), json!({ "result": ["ok"] }));
    let set = yeelight(&bulb, "timer", &[]).done();
    let timer = json!({ "type": 0, "delay": 15, "mix": 0 });
    assert_eq!(set, json!({ "result": [timer], "minutes": 15 }));
    assert_eq!(told(&bulb, "timer", &[]).stdout, "off in 15 minutes\n");
    assert_eq!(yeelight(&bulb, "timer", &["--clear"]).done(), json!({ "result": ["ok"] }));
    assert_eq!(told(&bulb, "timer", &[]).stdout, "no timer\n");
    assert_eq!(bulb.report().violations.total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn name() {
    let bulb = desk().spawn().await.unwrap();
    for name in ["a \"lamp\": left", "Küche 灯", ""] {
        assert_eq!(yeelight(&bulb, "name", &[name]).done(), json!({ "result": ["ok"] }));
        assert_eq!(yeelight(&bulb, "get", &["name"]).done(), json!({ "name": name }));
    }
    yeelight(&bulb, "name", &["中文"]);
    assert_eq!(bulb.property("name"), Some(json!("5Lit5paH")), "stored as others store it");
    let long = yeelight(&bulb, "name", &[&"x".repeat(65)]).error("bad-input", 2);
    assert!(long["message"].as_str().unwrap().contains("65 bytes"), "{long}");
    assert_eq!(bulb.report().executed("set_name"), 4, "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn call() {
    let bulb = desk().property("new_thing", "1.50").spawn().await.unwrap();
    let called = yeelight(&bulb, "call", &["get_prop", r#"["power", "bright","new_thing"]"#]);
    assert_eq!(called.stdout, "{\"id\":1,\"result\":[\"on\",\"100\",\"1.50\"]}\n");
    // Without parameters, an empty array; nothing else is asked.
    assert_eq!(yeelight(&bulb, "call", &["toggle"]).done()["result"], json!(["ok"]));
    assert_eq!((bulb.property("power"), bulb.report().commands), (Some(json!("off")), 2));
    let shown = told(&bulb, "call", &["get_prop", r#"["power"]"#]).stdout;
    assert_eq!(shown, "[\n  \"off\"\n]\n");
    // What was said is what is sent: keys in their order, numbers in their spelling.
    let params = r#"[ {"b" : 1.50, "a" : "é \" x"} , 1e3 ]"#;
    let file = scratch("call.jsonl");
    let addr = bulb.addr().to_string();
    let words = ["yeelight", "call", &addr, "fly", params, "--record", file.to_str().unwrap()];
    assert_eq!(run(words).code, 1);
    let text = std::fs::read_to_string(&file).unwrap();
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let line = "{\"id\":1,\"method\":\"fly\",\"params\":[{\"b\":1.50,\"a\":\"é \\\" x\"},1e3]}\r\n";
    assert_eq!(first["text"], line);
}

#[tokio::test(flavor = "multi_thread")]
async fn discover_asks_in_both_protocols() {
    let bulb = desk().spawn().await.unwrap();
    let target = bulb.search_addr().to_string();
    let search = ["discover", "--protocol", "yeelight", "--target", &target, "--count", "1"];
    let found = run([&search[..], &["--json"]].concat());
    let start = format!(
        r#"{{"protocol":"yeelight","addr":"{}","id":"0x000000000015243f","model":"color4","name":"desk","properties":{{"power":"on","bright":100,"#,
        bulb.addr()
    );
    assert!(found.code == 0 && found.stdout.starts_with(&start), "{found:?}");
    let properties = &found.json()["properties"];
    assert_eq!(keys(properties), ["bright", "color_mode", "ct", "hue", "power", "rgb", "sat"]);
    let told = run(search);
    assert!(told.code == 0 && told.stdout.starts_with("protocol"), "{told:?}");
    assert!(told.stdout.ends_with("color4, on, 100 %, 4000 K, desk\n"), "{told:?}");
}

/// Everything at its own port, as in a home. Other addresses than 127.0.0.1 are loopback on Linux only.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_address_without_a_port_means_that_of_the_protocol() {
    use std::net::{Ipv4Addr, SocketAddr};

    let [.., high, low] = std::process::id().to_be_bytes();
    let ip = Ipv4Addr::new(127, 80, high, low | 1);
    let at = |port| SocketAddr::from((ip, port));
    let bulb = desk().listen(at(55443)).search_listen(at(1982)).spawn().await.unwrap();
    let lamp = iot_home::sim::SimDevice::light().listen(at(54321)).spawn().await.unwrap();
    let ip = ip.to_string();
    let list = run(["yeelight", "list", "--target", &ip, "--count", "1", "--json"]).done();
    assert_eq!(list["addr"], bulb.addr().to_string());
    assert_eq!(run(["yeelight", "get", &ip, "power", "--json"]).done(), json!({ "power": "on" }));
    // Without --protocol both are asked, and both count.
    let found = run(["discover", "--target", &ip, "--count", "2", "--wait", "10s", "--json"]);
    assert!(found.code == 0 && found.took.as_secs() < 5, "{found:?}");
    let mut lines = found.lines();
    lines.sort_by_key(|line| line["protocol"].to_string());
    let [device, bulb_line] = lines.as_slice() else { panic!("{found:?}") };
    assert_eq!(keys(device), ["addr", "did", "protocol", "stamp", "token", "token_visible"]);
    assert_eq!((&device["addr"], &device["protocol"]), (&json!(lamp.addr()), &json!("miio")));
    assert_eq!(keys(bulb_line), ["addr", "id", "model", "name", "properties", "protocol"]);
    let one = run(["discover", "--target", &ip, "--count", "1", "--json"]);
    assert_eq!((one.code, one.lines().len()), (0, 1), "{one:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ipv6() {
    let any = "[::1]:0".parse::<std::net::SocketAddr>().unwrap();
    let bulb = desk().listen(any).search_listen(any).spawn().await.unwrap();
    assert_eq!(yeelight(&bulb, "get", &["power"]).done(), json!({ "power": "on" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulb_cannot_drive_the_terminal() {
    let evil = "\u{1b}[2J\u{202e}evil";
    let bulb = desk().model(format!("m{evil}")).name(evil).property(evil, evil);
    let bulb = bulb.spawn().await.unwrap();
    let (addr, target) = (bulb.addr().to_string(), bulb.search_addr().to_string());
    let params = json!(["name", evil]).to_string();
    for words in [
        &["yeelight", "list", "--target", &target, "--count", "1"][..],
        &["discover", "--protocol", "yeelight", "--target", &target, "--count", "1"],
        &["yeelight", "get", &addr],
        &["yeelight", "call", &addr, "get_prop", &params],
    ] {
        let shown = run(words);
        assert!(shown.code == 0 && shown.stdout.contains("evil"), "{shown:?}");
        let driving = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!shown.stdout.contains(driving), "{shown:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_pieces_are_no_failure() {
    for quirk in [Quirk::SplitSegments, Quirk::GarbageLine, Quirk::DuplicateAnswer, Quirk::LfLines]
    {
        let bulb = desk().faults(Faults::seed(5).quirk(quirk)).spawn().await.unwrap();
        let set = yeelight(&bulb, "set", &["--bright", "5", "--ct", "2700"]).done();
        assert_eq!(set, json!([{ "result": ["ok"] }, { "result": ["ok"] }]), "{quirk}");
        assert_eq!(yeelight(&bulb, "get", &["bright"]).done(), json!({ "bright": 5 }), "{quirk}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_tells_the_story() {
    let bulb = desk().spawn().await.unwrap();
    let (addr, target) = (bulb.addr().to_string(), bulb.search_addr().to_string());
    let file = scratch("bulb-story.jsonl");
    let record = file.to_str().unwrap();
    let lines = || -> Vec<Value> {
        let text = std::fs::read_to_string(&file).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    assert_eq!(run(["yeelight", "get", &addr, "power", "--record", record]).code, 0);
    let question = "{\"id\":1,\"method\":\"get_prop\",\"params\":[\"power\"]}\r\n";
    let answer = "{\"id\":1, \"result\":[\"on\"]}\r\n";
    for (line, direction, text) in
        [(&lines()[0], "sent", question), (&lines()[1], "received", answer)]
    {
        assert_eq!(keys(line), ["direction", "kind", "length", "peer", "text", "time"]);
        assert!(line["time"].is_f64());
        let told =
            json!([line["direction"], line["peer"], line["kind"], line["length"], line["text"]]);
        assert_eq!(told, json!([direction, addr, "control", text.len(), text]));
    }
    let search = ["yeelight", "list", "--target", &target, "--count", "1", "--record", record];
    assert_eq!(run(search).code, 0);
    let told: Vec<_> = lines().iter().map(|line| line["kind"].clone()).collect();
    assert_eq!(told, ["search", "search-answer"]);
    assert_eq!(lines()[0]["length"], 86);
}
