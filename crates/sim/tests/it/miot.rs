//! The stand-in for the spec server: what it answers, counts, and spoils.

use std::time::Duration;

use iot_home_sim::SimSpecServer;
use iot_home_sim::miot::{Faults, Outage};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

const URN: &str = "urn:miot-spec-v2:device:light:0000A001:acme-l1:3";

async fn server() -> SimSpecServer {
    let instance = json!({ "type": URN, "description": "Light", "services": [] });
    SimSpecServer::builder().instance("acme.light.l1", instance.to_string()).spawn().await.unwrap()
}

/// Head and body, as far as they come.
async fn ask(server: &SimSpecServer, method: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A connection that breaks is one of the faults.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}

const LIST: &str = "/miot-spec-v2/instances?status=all";

fn instance() -> String {
    format!("/miot-spec-v2/instance?type={URN}")
}

#[tokio::test]
async fn the_list_and_an_instance() {
    let server = server().await;
    let (head, body) = ask(&server, "GET", LIST).await;
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    let list: Value = serde_json::from_str(&body).unwrap();
    let entry = &list["instances"][0];
    assert_eq!(
        (&entry["model"], &entry["type"], &entry["version"], &entry["status"]),
        (&json!("acme.light.l1"), &json!(URN), &json!(3), &json!("released"))
    );
    for path in [instance(), instance().replace(':', "%3A")] {
        let (_, body) = ask(&server, "GET", &path).await;
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["type"], URN);
    }
    for (method, path) in [
        ("GET", "/miot-spec-v2/instance?type=urn:miot-spec-v2:device:fan:0000A005:acme-f1:1"),
        ("GET", "/miot-spec-v2/instances"),
        ("GET", "/"),
        ("POST", LIST),
    ] {
        let (head, _) = ask(&server, method, path).await;
        assert!(head.starts_with("HTTP/1.1 404"), "{method} {path}: {head}");
    }
    let report = server.report();
    assert_eq!((report.requests, report.lists, report.fetched(), report.unknown), (7, 1, 2, 4));
    assert_eq!((report.instances[URN], report.outages), (2, 0));
}

#[tokio::test]
async fn an_error_and_then_nothing() {
    let server = server().await;
    server.set_faults(Faults::default().next(Outage::Status(503), 1).next(Outage::Closed, 1));
    assert!(ask(&server, "GET", LIST).await.0.starts_with("HTTP/1.1 503"));
    assert_eq!(ask(&server, "GET", LIST).await, (String::new(), String::new()));
    assert!(ask(&server, "GET", LIST).await.0.starts_with("HTTP/1.1 200"));
    let report = server.report();
    assert_eq!((report.requests, report.lists, report.outages), (3, 1, 2));
}

#[tokio::test]
async fn a_torn_answer_and_a_page() {
    let server = server().await;
    let whole = ask(&server, "GET", &instance()).await.1;
    server.set_faults(Faults::default().next(Outage::Truncated, 1).next(Outage::Page, 1));
    let (head, torn) = ask(&server, "GET", &instance()).await;
    assert!(head.to_ascii_lowercase().contains(&format!("content-length: {}", whole.len())));
    assert_eq!(torn, whole[..whole.len() / 2]);
    let (head, page) = ask(&server, "GET", &instance()).await;
    assert!(head.starts_with("HTTP/1.1 200") && page.starts_with("<!DOCTYPE html>"), "{head}");
    assert_eq!((server.report().fetched(), server.report().outages), (2, 2));
}

#[tokio::test]
async fn slow_answers_come_whole() {
    let server = server().await;
    let whole = ask(&server, "GET", &instance()).await;
    let pause = Duration::from_millis(40);
    let slow = Outage::Slow(whole.1.len().div_ceil(4), pause);
    server.set_faults(Faults::default().next(slow, 1).next(Outage::Delayed(pause), 1));
    for least in [pause * 3, pause] {
        let begin = Instant::now();
        assert_eq!(ask(&server, "GET", &instance()).await.1, whole.1);
        assert!(begin.elapsed() >= least, "{:?}", begin.elapsed());
    }
}

#[tokio::test]
async fn what_is_no_instance_is_refused() {
    for json in ["", "[]", "{\"services\":[]}"] {
        let error =
            SimSpecServer::builder().instance("acme.light.l1", json).spawn().await.unwrap_err();
        assert!(error.to_string().starts_with("the instance of acme.light.l1 is no"), "{error}");
    }
}
