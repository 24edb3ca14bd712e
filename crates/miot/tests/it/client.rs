//! The spec server as a client sees it, over an HTTP client that answers from memory, with a clock that is set by hand.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use iot_home_core::{Clock, Instant};
use iot_home_http::bytes::Bytes;
use iot_home_http::http::Response;
use iot_home_http::{Answering, Body, Error, ErrorKind as HttpErrorKind, HttpClient, Request};
use iot_home_miot::client::{Builder, ErrorKind};
use iot_home_miot::{SpecServer, Urn, samples};

use crate::fixture;

const PANEL: &str = "acme.controller.panel1";
const URN: &str = "urn:miot-spec-v2:device:thermostat:0000A031:acme-panel1:1";
const DAY: u64 = 86_400;

#[derive(Clone)]
enum Reply {
    Good,
    Status(u16),
    /// What it should be, with another status.
    GoodBut(u16),
    Text(&'static str),
    Long(usize),
    Refused,
    Silent,
}

/// Two servers, of which each answers as it is told, and all that they were asked.
struct Web {
    main: Mutex<Reply>,
    mirror: Mutex<Reply>,
    asked: Mutex<Vec<String>>,
}

impl Web {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            main: Mutex::new(Reply::Good),
            mirror: Mutex::new(Reply::Good),
            asked: Mutex::default(),
        })
    }

    fn set(&self, main: Reply, mirror: Reply) {
        *self.main.lock().unwrap() = main;
        *self.mirror.lock().unwrap() = mirror;
    }

    /// Host and the end of the path of each request since the last time.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl HttpClient for Web {
    fn send(&self, request: Request) -> Answering<'_> {
        let uri = request.uri();
        let host = uri.host().unwrap().to_owned();
        let path = uri.path_and_query().unwrap().to_string();
        let name = uri.path().rsplit('/').next().unwrap();
        self.asked.lock().unwrap().push(format!("{host} {name}"));
        let server = if host == "main.example" { &self.main } else { &self.mirror };
        let reply = server.lock().unwrap().clone();
        Box::pin(async move {
            let (status, body) = match reply {
                Reply::Good => good(&path),
                Reply::GoodBut(status) => (status, good(&path).1),
                Reply::Status(status) => (status, Bytes::new()),
                Reply::Text(text) => (200, text.into()),
                Reply::Long(len) => (200, vec![b' '; len].into()),
                Reply::Refused => {
                    return Err(Error::new(HttpErrorKind::Connect, "nobody listens"));
                }
                Reply::Silent => std::future::pending().await,
            };
            Ok(Response::builder().status(status).body(Body::from(body)).unwrap())
        })
    }
}

fn good(path: &str) -> (u16, Bytes) {
    let (path, query) = path.split_once('?').unwrap();
    match (path, query.split_once('=').unwrap()) {
        ("/miot-spec-v2/instances", ("status", "all")) => (200, fixture("instances.json").into()),
        ("/miot-spec-v2/instance", ("type", URN)) => (200, samples::PANEL.json.into()),
        ("/instance/v2/multiLanguage", ("urn", URN)) => (200, fixture("languages.json").into()),
        _ => (404, Bytes::new()),
    }
}

#[derive(Clone)]
struct Hand(Arc<AtomicU64>);

impl Clock for Hand {
    fn now(&self) -> Instant {
        Instant::ORIGIN
    }

    fn unix_time(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// A folder, a clock and the servers; a new process is a new [`SpecServer`] on them.
struct Bench {
    folder: PathBuf,
    clock: Hand,
    web: Arc<Web>,
}

impl Bench {
    fn new(name: &str) -> Self {
        let name = format!("iot-home-miot-it-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        Self { folder, clock: Hand(Arc::new(AtomicU64::new(1_700_000_000))), web: Web::new() }
    }

    fn builder(&self) -> Builder {
        SpecServer::builder()
            .url("https://main.example/")
            .url("https://mirror.example")
            .http(self.web.clone())
            .clock(self.clock.clone())
            .cache_dir(&self.folder)
    }

    fn server(&self) -> SpecServer {
        self.builder().build().unwrap()
    }

    fn pass(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, Ordering::Relaxed);
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> =
            fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    fn file(&self, of: &str) -> PathBuf {
        let is = |path: &&PathBuf| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(&format!("miot-{of}")))
        };
        self.files().iter().find(is).unwrap().clone()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn urn() -> Urn {
    URN.parse().unwrap()
}

#[tokio::test]
async fn a_spec_by_its_model_comes_from_the_disk_next_time() {
    let bench = Bench::new("disk");
    let spec = bench.server().spec(PANEL).await.unwrap();
    assert_eq!(spec.property("target-temperature").unwrap().id.to_string(), "2.2");
    assert_eq!(bench.web.asked(), ["main.example instances", "main.example instance"]);
    assert_eq!(bench.files().len(), 2, "nothing is left beside them");

    let server = bench.server();
    server.spec(PANEL).await.unwrap();
    server.instance(&urn()).await.unwrap();
    assert!(bench.web.asked().is_empty());
    let languages = server.languages(&urn()).await.unwrap();
    assert_eq!(languages.codes().count(), 4);
    assert_eq!(bench.web.asked(), ["main.example multiLanguage"]);
    bench.server().languages(&urn()).await.unwrap();
    assert!(bench.web.asked().is_empty());
}

#[tokio::test]
async fn the_list_is_good_for_a_day_and_an_instance_for_ever() {
    let bench = Bench::new("day");
    let server = bench.server();
    server.spec(PANEL).await.unwrap();
    bench.web.asked();
    bench.pass(DAY - 1);
    server.spec(PANEL).await.unwrap();
    bench.server().spec(PANEL).await.unwrap();
    assert!(bench.web.asked().is_empty());
    bench.pass(1);
    bench.server().spec(PANEL).await.unwrap();
    assert_eq!(bench.web.asked(), ["main.example instances"]);
    server.spec(PANEL).await.unwrap();
    assert_eq!(bench.web.asked(), ["main.example instances"], "memory is no younger than the disk");
    bench.pass(1000 * DAY);
    bench.server().instance(&urn()).await.unwrap();
    assert!(bench.web.asked().is_empty());
    bench.web.asked();
    // A clock that was set back: what was fetched in its future is of an unknown age, in memory and on the disk.
    bench.clock.0.store(2, Ordering::Relaxed);
    server.models().await.unwrap();
    assert_eq!(bench.web.asked(), ["main.example instances"]);
    bench.clock.0.store(1, Ordering::Relaxed);
    bench.server().models().await.unwrap();
    assert_eq!(bench.web.asked(), ["main.example instances"]);
}

#[tokio::test]
async fn without_a_network_the_disk_is_enough() {
    let bench = Bench::new("offline");
    bench.server().spec(PANEL).await.unwrap();
    bench.web.asked();
    bench.web.set(Reply::Refused, Reply::Refused);
    bench.pass(100 * DAY);
    let server = bench.server();
    server.spec(PANEL).await.unwrap();
    assert_eq!(bench.web.asked(), ["main.example instances", "mirror.example instances"]);
    bench.pass(599);
    server.spec(PANEL).await.unwrap();
    assert!(bench.web.asked().is_empty(), "the servers are left alone for ten minutes");
    bench.pass(1);
    bench.web.set(Reply::Good, Reply::Refused);
    server.spec(PANEL).await.unwrap();
    assert_eq!(bench.web.asked(), ["main.example instances"]);
    bench.pass(DAY - 1);
    server.spec(PANEL).await.unwrap();
    assert!(bench.web.asked().is_empty());

    bench.web.set(Reply::Refused, Reply::Refused);
    let fresh = bench.builder().refresh(true).build().unwrap();
    assert_eq!(fresh.spec(PANEL).await.unwrap_err().kind(), ErrorKind::Transport);
    let elsewhere = bench.builder().cache_dir(bench.folder.join("empty")).build().unwrap();
    let error = elsewhere.spec(PANEL).await.unwrap_err();
    assert!(error.is_transient() && error.to_string() == "nobody listens", "{error}");
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_takes_nothing_away() {
    let bench = Bench::new("given-up");
    let server = bench.builder().cache_dir(bench.folder.join("unused")).build().unwrap();
    server.models().await.unwrap();
    fs::remove_dir_all(&bench.folder).unwrap();
    bench.pass(DAY);
    bench.web.set(Reply::Silent, Reply::Silent);
    let waited = tokio::time::timeout(Duration::from_secs(1), server.models()).await;
    assert!(waited.is_err());
    bench.web.set(Reply::Refused, Reply::Refused);
    assert_eq!(server.models().await.unwrap().len(), 9, "the older list is still there");
}

#[tokio::test(start_paused = true)]
async fn the_mirror_answers_where_the_server_does_not() {
    for (name, reply) in [
        ("refused", Reply::Refused),
        ("status", Reply::Status(503)),
        ("an error all the same", Reply::GoodBut(500)),
        ("redirect", Reply::Status(302)),
        ("page", Reply::Text("<html>sign in first</html>")),
        ("empty", Reply::Text("")),
        ("long", Reply::Long((64 << 20) + 1)),
        ("silent", Reply::Silent),
        ("another", Reply::Text(samples::LIGHT.json)),
    ] {
        let bench = Bench::new(name);
        bench.web.set(reply, Reply::Good);
        let spec = bench.server().spec(PANEL).await;
        assert!(spec.is_ok(), "{name}: {:?}", spec.err());
        assert_eq!(bench.web.asked().len(), 4, "{name}");
        bench.web.set(Reply::Good, Reply::Refused);
        bench.server().spec(PANEL).await.unwrap();
        assert!(bench.web.asked().is_empty(), "{name}: kept as the server's own");
    }
}

#[tokio::test(start_paused = true)]
async fn what_went_wrong_is_told_apart() {
    let bench = Bench::new("errors");
    let server = bench.server();
    let error = server.spec("acme.controler.panel1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownModel);
    assert_eq!(error.near().collect::<Vec<_>>(), [PANEL]);
    assert!(error.to_string().ends_with("is it acme.controller.panel1?"), "{error}");
    let lamp = server.spec("acme.light.lamp1").await.unwrap_err();
    assert_eq!(lamp.kind(), ErrorKind::NotFound, "the list knows it, the server does not");
    assert!(lamp.to_string().ends_with("acme-lamp1:10"), "{lamp}");
    for (reply, kind) in [
        (Reply::Status(500), ErrorKind::Unavailable),
        (Reply::Refused, ErrorKind::Transport),
        (Reply::Silent, ErrorKind::Timeout),
        (Reply::Text("{"), ErrorKind::Malformed),
        (Reply::Text(samples::LIGHT.json), ErrorKind::Malformed),
        (Reply::Long((4 << 20) + 1), ErrorKind::Malformed),
        (Reply::Text("{}"), ErrorKind::NotFound),
        (Reply::Status(404), ErrorKind::NotFound),
    ] {
        bench.web.set(reply, Reply::Refused);
        let error = server.instance(&urn()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.is_timeout() == (kind == ErrorKind::Timeout));
    }
    bench.web.set(Reply::Refused, Reply::Status(404));
    let error = server.instance(&urn()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "who knows that there is none knows best");
    bench.web.asked();
    let service: Urn = "urn:miot-spec-v2:service:light:00007802".parse().unwrap();
    assert_eq!(server.instance(&service).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(bench.web.asked().is_empty());
    assert_eq!(bench.files().len(), 1, "failures are not kept");
}

#[tokio::test]
async fn a_file_that_is_torn_or_another_ones_is_fetched_again() {
    let bench = Bench::new("torn");
    bench.server().spec(PANEL).await.unwrap();
    bench.web.asked();
    for of in ["instances", "instance_type"] {
        let path = bench.file(of);
        let whole = fs::read(&path).unwrap();
        let at = whole.len() / 2;
        let mut zeros = whole.clone();
        zeros[at..].fill(0);
        for spoiled in [&whole[..at], b"{}", b"", &zeros] {
            fs::write(&path, spoiled).unwrap();
            bench.server().spec(PANEL).await.unwrap();
            assert_eq!(bench.web.asked().len(), 1, "{of}");
            assert!(fs::read(&path).unwrap() == whole, "{of} is whole again");
        }
    }
    let swapped = fs::read(bench.file("instances")).unwrap();
    fs::write(bench.file("instance_type"), swapped).unwrap();
    bench.server().spec(PANEL).await.unwrap();
    assert_eq!(bench.web.asked(), ["main.example instance"]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_to_stops_nobody() {
    let bench = Bench::new("readonly");
    fs::create_dir_all(&bench.folder).unwrap();
    let file = bench.folder.join("file");
    fs::write(&file, "in the way").unwrap();
    let server = bench.builder().cache_dir(file.join("below")).build().unwrap();
    server.spec(PANEL).await.unwrap();
    server.spec(PANEL).await.unwrap();
    let asked = bench.web.asked();
    assert_eq!(asked.iter().filter(|asked| asked.ends_with("instances")).count(), 1, "in memory");
}

#[tokio::test]
async fn many_at_once_fetch_the_list_once() {
    let bench = Bench::new("many");
    let server = bench.server();
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let server = server.clone();
            tokio::spawn(async move { server.models().await.map(|models| models.len()) })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), 9);
    }
    assert_eq!(bench.web.asked(), ["main.example instances"]);
}

#[test]
fn addresses_of_servers() {
    let build = |url: &str| SpecServer::builder().http(Web::new()).url(url).build();
    for bad in [
        "",
        "miot-spec.org",
        "ftp://miot-spec.org",
        "https://",
        "https://user:hush@miot-spec.org",
        "https://miot-spec.org/?a=b",
        "/folder",
    ] {
        let error = build(bad).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadInput, "{bad}");
        assert!(!format!("{error} {error:?}").contains("hush"));
    }
    assert!(build("http://127.0.0.1:8080/below/").is_ok());
    let shown = format!("{:?}", SpecServer::builder().http(Web::new()).build().unwrap());
    assert!(
        shown.contains("https://miot-spec.org") && shown.contains("https://spec.miot-spec.com")
    );
}
