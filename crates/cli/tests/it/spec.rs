//! Specs from a stand-in for the spec server: the program over HTTP on loopback, and from what it kept.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use iot_home::miot::samples::{ALL, LIGHT};
use serde_json::{Value, json};

use crate::program::{run, scratch};

/// Answers what the spec server answers of some models, until the test ends.
pub(crate) struct Server {
    addr: SocketAddr,
    asked: Arc<AtomicUsize>,
    /// Whoever holds the other end knows when it is gone.
    _alive: mpsc::Sender<()>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let (alive, gone) = mpsc::channel::<()>();
        let count = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if matches!(gone.try_recv(), Err(mpsc::TryRecvError::Disconnected)) {
                    return;
                }
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let first = lines.next().unwrap().unwrap();
                lines.find(|line| line.as_ref().is_ok_and(String::is_empty));
                count.fetch_add(1, Ordering::Relaxed);
                let (status, body) = answer(first.split(' ').nth(1).unwrap());
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
            }
        });
        Self { addr, asked, _alive: alive }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn urn_of(json: &str) -> String {
    let instance: Value = serde_json::from_str(json).unwrap();
    instance["type"].as_str().unwrap().to_owned()
}

fn urn() -> String {
    urn_of(LIGHT.json)
}

fn answer(path: &str) -> (&'static str, String) {
    if path == "/miot-spec-v2/instances?status=all" {
        let entry = |model: &str, urn: String| json!({"status": "released", "model": model, "version": 1, "type": urn, "ts": 1});
        let entries: Vec<_> = ALL.map(|sample| entry(sample.model, urn_of(sample.json))).into();
        return ("200 OK", json!({ "instances": entries }).to_string());
    }
    let asked = path.strip_prefix("/miot-spec-v2/instance?type=");
    match ALL.into_iter().find(|sample| asked == Some(&urn_of(sample.json))) {
        Some(sample) => ("200 OK", sample.json.to_owned()),
        None => ("404 Not Found", String::new()),
    }
}

#[test]
fn a_spec_is_fetched_once_and_then_at_hand() {
    let server = Server::start();
    let (url, folder) = (server.url(), scratch("specs"));
    let folder = folder.to_str().unwrap();
    let ask = |what: &str, more: &[&str]| {
        let words = ["spec", "--json", what, "--url", &url, "--cache-dir", folder];
        run([&words[..], more].concat())
    };
    let light: Value = serde_json::from_str(LIGHT.json).unwrap();
    assert_eq!(ask(LIGHT.model, &[]).done(), light);
    assert_eq!(server.asked(), 2, "the list, and the instance");
    assert_eq!(ask(LIGHT.model, &[]).done(), light);
    assert_eq!(ask(&urn(), &[]).done(), light);
    assert_eq!(server.asked(), 2, "both were kept");
    assert_eq!(ask(&urn(), &["--refresh"]).done(), light);
    assert_eq!(server.asked(), 3);

    let run = run(["spec", LIGHT.model, "--url", &url, "--cache-dir", folder]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let row = run.stdout.lines().find(|line| line.contains("light:brightness")).unwrap();
    assert!(row.starts_with("2.2 ") && row.contains("read write notify"), "{row}");
    assert!(row.contains("from 1 to 100") && row.contains("(%)"), "{row}");
    let row = run.stdout.lines().find(|line| line.contains("light:toggle")).unwrap();
    assert!(row.starts_with("2.1 "), "{row}");
}

#[test]
fn what_the_server_does_not_know_is_said_with_what_may_be_meant() {
    let server = Server::start();
    let (url, folder) = (server.url(), scratch("no-specs"));
    let folder = folder.to_str().unwrap();
    let ask = |what: &str| run(["spec", "--json", what, "--url", &url, "--cache-dir", folder]);
    let error = ask("yeelink.light.lamp5").error("refused", 1);
    assert!(error["message"].as_str().unwrap().contains("is it yeelink.light.lamp4?"), "{error}");
    let error = ask("urn:miot-spec-v2:device:light:0000A001:acme-none:1").error("refused", 1);
    assert!(error["message"].as_str().unwrap().contains("acme-none"), "{error}");
}

#[test]
fn what_cannot_be_asked_is_refused_before_anything_is_sent() {
    let server = Server::start();
    let url = server.url();
    for what in ["lamp", "yeelink light lamp4", "urn:nonsense", ""] {
        run(["spec", "--json", what, "--url", &url]).error("bad-input", 2);
    }
    for url in ["http://spec.example", "ftp://spec.example", "https://me:secret@spec.example", "x"]
    {
        let error = run(["spec", "--json", LIGHT.model, "--url", url]).error("bad-input", 2);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert_eq!(server.asked(), 0);
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
