//! Specs from a stand-in for the spec server: the program over HTTP on loopback, and from what it kept.

use std::net::TcpListener;

use iot_home::miot::samples::LIGHT;
use iot_home::sim::SimSpecServer;
use serde_json::Value;

use crate::program::{run, scratch};

async fn server() -> SimSpecServer {
    SimSpecServer::builder().instance(LIGHT.model, LIGHT.json).spawn().await.unwrap()
}

fn urn() -> String {
    let instance: Value = serde_json::from_str(LIGHT.json).unwrap();
    instance["type"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spec_is_fetched_once_and_then_at_hand() {
    let server = server().await;
    let (url, folder) = (server.url(), scratch("specs"));
    let folder = folder.to_str().unwrap();
    let ask = |what: &str, more: &[&str]| {
        let words = ["spec", "--json", what, "--url", &url, "--cache-dir", folder];
        run([&words[..], more].concat())
    };
    let light: Value = serde_json::from_str(LIGHT.json).unwrap();
    assert_eq!(ask(LIGHT.model, &[]).done(), light);
    assert_eq!(server.report().requests, 2, "the list, and the instance");
    assert_eq!(ask(LIGHT.model, &[]).done(), light);
    assert_eq!(ask(&urn(), &[]).done(), light);
    assert_eq!(server.report().requests, 2, "both were kept");
    assert_eq!(ask(&urn(), &["--refresh"]).done(), light);
    assert_eq!(server.report().requests, 3);

    let run = run(["spec", LIGHT.model, "--url", &url, "--cache-dir", folder]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let row = run.stdout.lines().find(|line| line.contains("light:brightness")).unwrap();
    assert!(row.starts_with("2.2 ") && row.contains("read write notify"), "{row}");
    assert!(row.contains("from 1 to 100") && row.contains("(%)"), "{row}");
    let row = run.stdout.lines().find(|line| line.contains("light:toggle")).unwrap();
    assert!(row.starts_with("2.1 "), "{row}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_does_not_know_is_said_with_what_may_be_meant() {
    let server = server().await;
    let (url, folder) = (server.url(), scratch("no-specs"));
    let folder = folder.to_str().unwrap();
    let ask = |what: &str| run(["spec", "--json", what, "--url", &url, "--cache-dir", folder]);
    let error = ask("yeelink.light.lamp5").error("refused", 1);
    assert!(error["message"].as_str().unwrap().contains("is it yeelink.light.lamp4?"), "{error}");
    let error = ask("urn:miot-spec-v2:device:light:0000A001:acme-none:1").error("refused", 1);
    assert!(error["message"].as_str().unwrap().contains("acme-none"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_refused_before_anything_is_sent() {
    let server = server().await;
    let url = server.url();
    for what in ["lamp", "yeelink light lamp4", "urn:nonsense", ""] {
        run(["spec", "--json", what, "--url", &url]).error("bad-input", 2);
    }
    for url in ["http://spec.example", "ftp://spec.example", "https://me:secret@spec.example", "x"]
    {
        let error = run(["spec", "--json", LIGHT.model, "--url", url]).error("bad-input", 2);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert_eq!(server.report().requests, 0);
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (url, folder) = (format!("http://{closed}"), scratch("specs-of-nobody"));
    let words = ["spec", "--json", LIGHT.model, "--url", &url];
    let error =
        run([&words[..], &["--cache-dir", folder.to_str().unwrap()]].concat()).error("io", 1);
    assert!(error["message"].as_str().unwrap().contains(&closed.to_string()), "{error}");
}
