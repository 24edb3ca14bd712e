//! Updates, restarts and the key-value store, against simulated devices.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt;
use iot_home_core::Secret;
use iot_home_miio::client::OtaStatus;
use iot_home_miio::ota::{
    Ended, ImageServer, OtaState, ServerError, Tracker, Update, UpdateError, md5, progress,
};
use iot_home_miio::provisioning::Network;
use iot_home_miio::{Client, Device};
use iot_home_sim::miio::{SimDevice, UpdateFault};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::provisioning::params;

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const ANY_PORT: SocketAddr = SocketAddr::new(LOCAL, 0);

async fn device(fault: UpdateFault) -> (SimDevice, Device) {
    let sim = SimDevice::light().update_fault(fault).spawn().await.unwrap();
    let client = Client::builder().timeout(Duration::from_millis(1500)).bind().await.unwrap();
    let device = client.device(sim.addr(), sim.token());
    (sim, device)
}

async fn serve(image: &[u8]) -> ImageServer {
    ImageServer::bind(ANY_PORT, image.to_vec(), LOCAL).await.unwrap()
}

async fn watch(device: &Device) -> Vec<OtaStatus> {
    let watch = device.watch_update(Duration::from_millis(50), Duration::from_secs(15));
    watch.collect().await
}

#[test]
fn what_a_device_is_told() {
    let update = Update::new("http://192.168.1.5:8000/image", md5(b"")).unwrap();
    assert!(!update.request().unwrap().is_idempotent());
    assert_eq!(
        params(update.request().unwrap()),
        r#"{"mode":"normal","install":"1","app_url":"http://192.168.1.5:8000/image","file_md5":"d41d8cd98f00b204e9800998ecf8427e","proc":"dnld install"}"#
    );
    let wrong = |url: &str| Update::new(url, [0; 16]).unwrap_err();
    assert_eq!(wrong("https://host/"), UpdateError::Scheme);
    for url in ["http://", "http:///x", "http://host/a b", "http://host/\u{e4}", "http://host/\n"] {
        assert_eq!(wrong(url), UpdateError::Url, "{url}");
    }
    let url = |length: usize| format!("http://{}", "x".repeat(length - 7));
    assert!(Update::new(url(512), [0; 16]).is_ok());
    assert_eq!(wrong(&url(513)), UpdateError::TooLong { length: 513 });
}

#[test]
fn what_a_device_says_of_it() {
    for (result, state) in [
        (json!(["idle"]), Some(OtaState::Idle)),
        (json!("downloading"), Some(OtaState::Downloading)),
        (json!(["busy"]), Some(OtaState::Busy)),
        (json!(["sleepy"]), Some(OtaState::Other("sleepy".into()))),
        (json!([]), None),
        (json!(0), None),
    ] {
        assert_eq!(OtaState::read(&result), state);
    }
    for (result, percent) in [
        (json!([0]), Some(0)),
        (json!([100]), Some(100)),
        (json!(["7"]), Some(7)),
        (json!(50), Some(50)),
        (json!([101]), None),
        (json!([-1]), None),
        (json!([]), None),
    ] {
        assert_eq!(progress(&result), percent, "{result}");
    }
}

#[test]
fn how_an_update_ends() {
    use OtaState::{Busy, Downloaded, Downloading, Failed, Idle, Installed, Installing};
    for (states, end) in [
        (vec![Idle, Idle, Downloading, Busy], None),
        (vec![Idle, Downloading, Idle], Some(Ended::GaveUp)),
        (vec![Downloading, Downloaded, Idle], Some(Ended::Restarted)),
        (vec![Installing, Busy, Idle], Some(Ended::Restarted)),
        (vec![Downloading, Failed], Some(Ended::Failed)),
        (vec![Downloading, Downloaded, Installing, Installed], Some(Ended::Installed)),
    ] {
        let mut tracker = Tracker::new();
        let ends: Vec<_> = states.iter().filter_map(|state| tracker.state(state)).collect();
        assert_eq!(ends, Vec::from_iter(end), "{states:?}");
    }
    assert!(Ended::Restarted.is_well() && !Ended::GaveUp.is_well());
}

#[tokio::test]
async fn an_image_goes_from_here_into_the_device() {
    let (sim, device) = device(UpdateFault::None).await;
    let image: Vec<u8> = (0..300_000_u32).map(|at| at.to_be_bytes()[3]).collect();
    let server = serve(&image).await;
    device.update(server.update()).await.unwrap();
    let seen = watch(&device).await;
    assert_eq!(seen.last().and_then(|status| status.ended), Some(Ended::Restarted), "{seen:?}");
    let has = |state: OtaState| seen.iter().any(|status| status.state.as_ref() == Some(&state));
    assert!(has(OtaState::Downloaded) && has(OtaState::Installing), "{seen:?}");
    assert_eq!((server.begun(), server.served(), sim.report().updates), (1, 1, 1));
    assert_eq!(sim.report().refusals.total(), 0);
}

#[tokio::test]
async fn images_that_the_device_does_not_like() {
    let (sim, device) = device(UpdateFault::NoTrailer).await;
    let server = serve(b"an image").await;
    device.update(server.update()).await.unwrap();
    // It may be quicker than the first question.
    let mut tracker = Tracker::new();
    tracker.state(&OtaState::Downloading);
    let ended = loop {
        if let Some(ended) = tracker.state(&device.ota_state().await.unwrap()) {
            break ended;
        }
    };
    assert_eq!(ended, Ended::GaveUp);
    assert_eq!((server.served(), sim.report().updates), (3, 0), "three times in vain");

    let (sim, device) = self::device(UpdateFault::BrokenOff).await;
    let server = serve(&[7; 100_000]).await;
    device.update(server.update()).await.unwrap();
    assert_eq!(watch(&device).await.last().unwrap().ended, Some(Ended::Failed));
    assert_eq!(sim.report().updates, 0);

    // Another sum than the image's.
    let (_sim, device) = self::device(UpdateFault::None).await;
    let server = serve(b"an image").await;
    let url = params(server.update().request().unwrap());
    let url: Value = serde_json::from_str(&url).unwrap();
    let update = Update::new(url["app_url"].as_str().unwrap(), md5(b"another")).unwrap();
    device.update(&update).await.unwrap();
    let last = watch(&device).await.pop().unwrap();
    assert_eq!((last.ended, last.progress), (Some(Ended::Failed), None));
}

#[tokio::test]
async fn the_watch_ends_when_the_time_is_up() {
    let (_sim, device) = device(UpdateFault::None).await;
    let watch = device.watch_update(Duration::from_millis(50), Duration::from_millis(300));
    let seen: Vec<_> = watch.collect().await;
    assert_eq!(seen.len(), 1, "nothing changes");
    assert_eq!(seen[0].state, Some(OtaState::Idle));
}

async fn ask(addr: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // Whoever is refused may find the connection reset.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn path(server: &ImageServer) -> String {
    let told: Value = serde_json::from_str(&params(server.update().request().unwrap())).unwrap();
    let url = told["app_url"].as_str().unwrap();
    url[url.rfind('/').unwrap()..].to_owned()
}

#[tokio::test]
async fn the_server_serves_one_image_three_times_under_one_path() {
    let server = serve(b"an image").await;
    let path = path(&server);
    assert!(path.len() == 33 && !format!("{server:?}{:?}", server.update()).contains(&path[1..]));
    for wrong in ["/", "/image", &path[..32], &format!("{path}0"), &format!("{path}/")] {
        let answer = ask(server.addr(), &format!("GET {wrong} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        assert!(!answer.contains("an image"));
    }
    let head = ask(server.addr(), &format!("HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("content-length: 8"), "{head}");
    let post = ask(server.addr(), &format!("POST {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
    assert!(post.starts_with("HTTP/1.1 405"), "{post}");
    assert_eq!(server.begun(), 0);
    for version in ["1.1", "1.0", "1.1"] {
        let get = format!("GET {path} HTTP/{version}\r\nHost: x\r\n\r\n");
        let answer = ask(server.addr(), &get).await;
        assert!(answer.contains(" 200 ") && answer.contains("content-length: 8"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nan image"), "{answer}");
    }
    let gone = ask(server.addr(), &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
    assert!(gone.starts_with("HTTP/1.1 410") && !gone.contains("an image"), "{gone}");
    assert_eq!((server.begun(), server.served()), (3, 3));
    let addr = server.addr();
    drop(server);
    tokio::task::yield_now().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(TcpStream::connect(addr).await.is_err(), "it is closed");
}

#[tokio::test]
async fn a_stranger_gets_nothing() {
    let another = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
    let server = ImageServer::bind(ANY_PORT, &b"an image"[..], another).await.unwrap();
    let path = path(&server);
    let answer = ask(server.addr(), &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
    assert_eq!(answer, "", "the connection ends without a word");
    assert_eq!(server.begun(), 0);
}

#[tokio::test]
async fn what_cannot_be_served() {
    let bind = |addr: &str, image: Vec<u8>| {
        let addr: SocketAddr = addr.parse().unwrap();
        async move { ImageServer::bind(addr, image, LOCAL).await.unwrap_err() }
    };
    assert!(matches!(bind("127.0.0.1:0", vec![]).await, ServerError::Size { length: 0 }));
    let much = vec![0; (64 << 20) + 1];
    assert!(matches!(bind("127.0.0.1:0", much).await, ServerError::Size { .. }));
    assert!(matches!(bind("0.0.0.0:0", vec![1]).await, ServerError::Address { .. }));
    assert!(matches!(bind("[::1]:0", vec![1]).await, ServerError::Address { .. }));
    let error = bind("192.0.2.1:0", vec![1]).await;
    assert!(
        matches!(error, ServerError::Bind { .. }) && std::error::Error::source(&error).is_some()
    );
}

#[tokio::test]
async fn restarting_forgetting_and_moving() {
    let (sim, device) = device(UpdateFault::None).await;
    device.xset(&[("x.a", json!(1)), ("x.b", json!({"c": [2]}))]).await.unwrap();
    assert_eq!(device.xget(&["x.b", "x.z"]).await.unwrap(), [json!({"c": [2]}), Value::Null]);
    assert_eq!(device.xkeys().await.unwrap(), ["x.a", "x.b"]);
    device.xdel(&["x.a"]).await.unwrap();
    assert_eq!(device.xkeys().await.unwrap(), ["x.b"]);

    device.reboot().await.unwrap();
    assert_eq!(sim.report().executed("miIO.reboot"), 1);
    let wait = Duration::from_secs(5);
    let back = loop {
        // The hello before it leaves is answered still.
        let found = device.hello(wait).await.unwrap();
        if found.stamp < 100 {
            break found;
        }
    };
    assert_eq!(back.token, None);
    let network = Network::new("other", Secret::new(String::from("12345678")));
    device.switch_wifi(&network).await.unwrap();
    assert_eq!(sim.report().executed("miIO.switch_wifi_ssid"), 1);
    tokio::time::sleep(Duration::from_millis(400)).await;
    device.hello(wait).await.unwrap();

    let old = sim.token();
    device.restore().await.unwrap();
    let token = loop {
        if let Some(token) = device.hello(wait).await.unwrap().token {
            break token;
        }
    };
    assert_ne!(token, old);
    assert_eq!(sim.report().refusals.total(), 0);
}

proptest! {
    /// Whatever a device says of an update is read without a panic, and an end is an end for good reason.
    #[test]
    fn any_word_and_number(words in proptest::collection::vec("\\PC{0,60}", 0..6), number in any::<i64>()) {
        let mut tracker = Tracker::new();
        for word in &words {
            let state = OtaState::read(&json!([word])).unwrap();
            let known = ["idle", "downloading", "downloaded", "installing", "installed", "failed", "busy"];
            prop_assert_eq!(matches!(state, OtaState::Other(_)), !known.contains(&word.as_str()));
            let ended = tracker.state(&state);
            prop_assert!(ended.is_none() || known.contains(&word.as_str()));
        }
        prop_assert_eq!(progress(&json!([number])).is_some(), (0..=100).contains(&number));
    }
}
