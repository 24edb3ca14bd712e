//! `iot-home sim cloud`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::simulator::Simulator;
use crate::{keys, run, scratch};

/// What is answered to a GET.
fn get(url: &str) -> String {
    let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn text(line: &Value, key: &str) -> String {
    line[key].as_str().unwrap().to_owned()
}

#[test]
fn a_cloud_with_one_lamp() {
    let mut simulator = Simulator::start("cloud", &["--listen", "127.0.0.1:0"]);
    let line = simulator.line();
    let wanted =
        ["account_url", "addr", "api_url", "dids", "kind", "password", "serves", "sts_url", "user"];
    assert_eq!(keys(&line), wanted);
    assert_eq!(
        (&line["kind"], &line["serves"]),
        (&json!("cloud"), &json!(["account", "sts", "api"]))
    );
    assert_eq!(line["dids"], json!(["300000001"]));
    let addr = text(&line, "addr");
    assert_eq!(line["account_url"], format!("http://{addr}"));
    assert_eq!(line["sts_url"], format!("http://{addr}/sts"));
    assert_eq!(line["api_url"], format!("http://{addr}/app"));
    // It is served by the time the line is there.
    let first = get(&format!("http://{addr}/pass/serviceLogin?sid=xiaomiio&_json=true"));
    let answer = first.split_once("&&&START&&&").unwrap().1;
    let answer: Value = serde_json::from_str(answer).unwrap();
    assert_eq!((&answer["code"], &answer["callback"]), (&json!(70016), &line["sts_url"]));
}

#[test]
fn clouds_from_a_file() {
    let config = scratch("clouds.json");
    let described = json!({ "devices": [
        {
            "kind": "cloud", "listen": "127.0.0.1:0", "sts_listen": "127.0.0.1:0", "api_listen": "127.0.0.1:0",
            "accounts": [{ "user": "me@example.com", "password": "made up", "captcha": "Ab3d" }],
            "devices": [{ "miio": { "did": "12" } }, { "did": "blt.3" }],
        },
        { "kind": "cloud" },
    ]});
    std::fs::write(&config, described.to_string()).unwrap();
    let mut simulator = Simulator::start("cloud", &["--config", config.to_str().unwrap()]);
    let lines = [(); 4].map(|()| simulator.line());
    let serves: Vec<_> = lines.iter().map(|line| line["serves"].clone()).collect();
    let all = json!(["account", "sts", "api"]);
    assert_eq!(serves, [json!(["account"]), json!(["sts"]), json!(["api"]), all]);
    assert_eq!(lines[0]["dids"], json!(["12", "blt.3"]));
    assert_eq!(lines[0].get("password"), None);
    assert_eq!(lines[0]["sts_url"], format!("http://{}/sts", text(&lines[1], "addr")));
    assert_eq!(lines[0]["api_url"], format!("http://{}/app", text(&lines[2], "addr")));
    let broken = json!({ "devices": [{ "kind": "cloud", "accounts": [{ "user": "me", "password": 424_242 }] }] });
    std::fs::write(&config, broken.to_string()).unwrap();
    let refused = run(["sim", "cloud", "--json", "--config", config.to_str().unwrap()]);
    let error = refused.error("bad-input", 2);
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("devices[0].accounts[0].password") && !message.contains("424242"),
        "{message}"
    );
}

#[test]
fn an_address_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let error = run(["sim", "cloud", "--listen", &addr, "--json"]).error("io", 1);
    assert!(error["message"].as_str().unwrap().contains(&addr), "{error}");
}
