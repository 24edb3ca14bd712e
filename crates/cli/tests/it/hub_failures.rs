//! How `get`, `set` and `action` fail: kinds, exit codes, in time, and files that are not as they should be.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use iot_home::sim::miio::Silence;
use iot_home::sim::{Faults, SimDevice};
use serde_json::{Value, json};

use crate::devices::{lamp, token};
use crate::house::{House, entry};
#[cfg(unix)]
use crate::program::Running;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_device_is_told_in_time_and_is_there_again() {
    let lamp = lamp().await;
    let house = House::new("silent").await.knowing(json!([entry(&lamp, "lamp")]));
    for (silence, kind) in [(Silence::Total, "no-hello"), (Silence::ToRequests, "no-answer")] {
        lamp.set_silence(silence);
        for words in [
            &["get", "lamp", "2.2"][..],
            &["set", "lamp", "2.2=60"],
            &["action", "lamp", "light:toggle"],
        ] {
            let failed = house.run(&[words, &["--json", "--timeout", "4s"]].concat());
            // What changes something was not sent, since something harmless was asked first.
            let error = failed.error(kind, 1);
            assert!(error["message"].as_str().unwrap().starts_with("lamp: "), "{error}");
            assert!(error["hint"].is_string(), "{error}");
            assert!(failed.took < 5 * SECOND, "{failed:?}");
        }
        assert_eq!(lamp.property("2.2"), Some(json!(50)));
        let short = house.run(&["get", "lamp", "2.2", "--json", "--timeout", "600ms"]);
        assert!(short.code == 1 && short.took < 2 * SECOND, "{short:?}");
    }
    lamp.set_silence(Silence::Never);
    assert_eq!(house.run(&["get", "lamp", "2.2", "--json"]).done()[0]["value"], 50);
}

/// Between the program and a device; of its requests none after the first few is answered.
struct Relay {
    addr: std::net::SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Relay {
    fn before(device: std::net::SocketAddr, answered: usize) -> Self {
        let near = UdpSocket::bind("127.0.0.1:0").unwrap();
        let far = UdpSocket::bind("127.0.0.1:0").unwrap();
        far.connect(device).unwrap();
        far.set_read_timeout(Some(SECOND / 2)).unwrap();
        let addr = near.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok((length, from)) = near.recv_from(&mut buffer) {
                far.send(&buffer[..length]).unwrap();
                // A hello has nothing but a header.
                let nth = if length > 32 { count.fetch_add(1, Ordering::Relaxed) } else { 0 };
                let Ok(length) = far.recv(&mut buffer) else { continue };
                if nth < answered {
                    near.send_to(&buffer[..length], from).unwrap();
                }
            }
        });
        Self { addr, requests }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_and_not_answered_may_have_been_done() {
    // Repeated under its old id it is not done again, as real devices have it.
    let lamp = SimDevice::light().token(token()).faults(Faults::seed(1).id_memory(32));
    let lamp = lamp.spawn().await.unwrap();
    for (nth, words) in
        [&["action", "lamp", "light:toggle"][..], &["set", "lamp", "2.1=true"]].iter().enumerate()
    {
        let relay = Relay::before(lamp.addr(), 1);
        let mut entry = entry(&lamp, "lamp");
        entry["miio"] = relay.addr.to_string().into();
        let house = House::new(&format!("uncertain-{nth}")).await.knowing(json!([entry]));
        let failed = house.run(&[words, &["--json", "--timeout", "3s"][..]].concat());
        let error = failed.error("maybe-executed", 1);
        assert!(error["hint"].is_string() && failed.took < 4 * SECOND, "{failed:?}");
        assert!(relay.requests.load(Ordering::Relaxed) >= 2);
    }
    assert_eq!(lamp.report().executed("action"), 1, "an action is not run again");
    assert_eq!(lamp.property("2.1"), Some(json!(true)));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_it_at_once() {
    let lamp = lamp().await;
    lamp.set_silence(Silence::ToRequests);
    let house = House::new("interrupted").await.knowing(json!([entry(&lamp, "lamp")]));
    for words in [&["get", "lamp", "2.2"][..], &["action", "lamp", "light:toggle"]] {
        let before = lamp.report().datagrams;
        let words = [words, &["--json", "--timeout", "60s"]].concat();
        let mut running = Running::start(house.command(&words));
        for _ in 0..1000 {
            if lamp.report().datagrams > before {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(lamp.report().datagrams > before, "it was asked");
        let (code, took) = running.interrupt();
        assert!(code == 130 && took < SECOND, "{code} {took:?}");
        assert_eq!(running.stdout.try_iter().count(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_inventory_is_told_and_written_anew() {
    let lamp = lamp().await;
    let house = House::new("torn").await;
    let whole = json!({ "version": 1, "devices": [entry(&lamp, "lamp")] }).to_string();
    for torn in ["", "{", &whole[..whole.len() - 9]] {
        house.write(torn);
        let error = house.run(&["get", "lamp", "2.2", "--json"]).error("bad-input", 2);
        assert!(error["hint"].as_str().unwrap().contains("torn"), "{error}");
        let told = house.run(&["get", "lamp", "2.2"]);
        assert!(told.code == 2 && told.stderr.starts_with("warning: "), "{told:?}");
    }
    assert_eq!(lamp.report().datagrams, 0);
    let target = lamp.addr().to_string();
    let found = house.discover(&["--protocol", "miio", "--target", &target, "--count", "1"]);
    assert!(found.code == 0 && found.stderr.contains("torn"), "{found:?}");
    assert_eq!(house.known().as_array().map(Vec::len), Some(1));
    house.write(&whole);
    let got = house.run(&["get", "lamp", "2.2"]);
    assert_eq!((got.code, got.stderr.as_str()), (0, ""), "{got:?}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_inventory_that_others_may_read() {
    let lamp = lamp().await;
    let house = House::new("open").await.knowing(json!([entry(&lamp, "lamp")]));
    house.open_to(0o644);
    let told = house.run(&["get", "lamp", "2.2"]);
    assert!(told.code == 0 && told.stderr.contains("chmod 600"), "{told:?}");
    assert_eq!(told.stderr.lines().count(), 1, "{told:?}");
    assert_eq!(house.run(&["get", "lamp", "2.2", "--json"]).stderr, "", "programs read stdout");
    // Written anew it is for its owner alone.
    let target = lamp.addr().to_string();
    house.discover(&["--protocol", "miio", "--target", &target, "--count", "1"]);
    use std::os::unix::fs::MetadataExt as _;
    assert_eq!(std::fs::metadata(house.inventory()).unwrap().mode() & 0o777, 0o600);
    assert_eq!(house.run(&["get", "lamp", "2.2"]).stderr, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inventory_that_is_no_file_of_ours() {
    let house = House::new("other").await;
    house.write(r#"{"version":2,"devices":[]}"#);
    let later = house.run(&["get", "lamp", "2.2", "--json"]).error("bad-input", 2);
    assert!(later["message"].as_str().unwrap().contains("format 2"), "{later}");
    std::fs::remove_file(house.inventory()).unwrap();
    std::fs::create_dir(house.inventory()).unwrap();
    for words in [&["get", "lamp", "2.2"][..], &["set", "lamp", "2.2=1"]] {
        let error = house.run(&[words, &["--json"]].concat()).error("bad-input", 2);
        let hint: &Value = &error["hint"];
        assert!(hint.as_str().unwrap().contains("--inventory"), "{error}");
    }
    house
        .discover(&["--json", "--target", "127.0.0.1:9", "--protocol", "miio"])
        .error("bad-input", 2);
}
