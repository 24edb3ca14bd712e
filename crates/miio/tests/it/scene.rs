//! The listener for scenes: what it believes, and the client against a simulated gateway.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home_core::Instant;
use iot_home_miio::client::{ErrorKind, SceneEvent, ScenePush};
use iot_home_miio::packet::{HELLO, Header, HelloField, HelloReply};
use iot_home_miio::scene::{Listener, Scene, SceneNumber, TARGET_DID};
use iot_home_miio::{Cipher, Client, Token};
use iot_home_sim::SimDevice;
use proptest::prelude::*;
use tokio::net::UdpSocket;

const SECOND: Duration = Duration::from_secs(1);
const NOW: u32 = 1_700_000_000;
const GATEWAY: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 20));
const TOKEN: [u8; 16] = [7; 16];
const CLICK: &str = r#"{"id":5,"method":"chuangmi.plug.v3.click:lumi_158d0001","params":[3]}"#;

fn listener() -> Listener {
    let mut listener = Listener::default();
    listener.add(GATEWAY, Token::new(TOKEN));
    listener
}

fn seal(token: [u8; 16], did: u64, stamp: u32, text: &str) -> Vec<u8> {
    let mut packet = vec![0; Cipher::sealed_len(text.len())];
    let cipher = Cipher::new(&Token::new(token));
    cipher.seal(Header { did, stamp }, text.as_bytes(), &mut packet).unwrap();
    packet
}

fn at(seconds: u32) -> Instant {
    Instant::from_origin(SECOND * seconds)
}

/// Whether a message was answered, and whether it was told.
fn hear(listener: &mut Listener, seconds: u32, from: IpAddr, packet: &[u8]) -> (bool, bool) {
    let (answer, fired) =
        listener.handle_datagram(at(seconds), NOW + seconds, from, &mut packet.to_vec());
    (answer.is_some(), fired.is_some())
}

#[test]
fn a_scene_that_fires_is_told_and_answered() {
    let mut listener = listener();
    let (hello, _) = listener.handle_datagram(at(0), NOW, GATEWAY, &mut HELLO.clone());
    let expected = HelloReply::new(TARGET_DID, NOW, HelloField::HiddenZero);
    assert_eq!(hello.unwrap(), expected.encode());
    let mut packet = seal(TOKEN, TARGET_DID, NOW, CLICK);
    let (answer, fired) = listener.handle_datagram(at(0), NOW, GATEWAY, &mut packet);
    let fired = fired.unwrap();
    assert_eq!((fired.from, fired.source.to_string()), (GATEWAY, "lumi.158d0001".into()));
    assert_eq!((fired.action.as_str(), fired.params), ("click", serde_json::json!([3])));
    let mut answer = answer.unwrap();
    let text = Cipher::new(&Token::new(TOKEN)).open(&mut answer).unwrap().to_vec();
    assert_eq!(String::from_utf8(text).unwrap(), r#"{"result":0,"id":5}"#);
}

#[test]
fn what_is_forged_is_ignored_and_counted() {
    let mut listener = listener();
    let genuine = seal(TOKEN, TARGET_DID, NOW, CLICK);
    let other = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 21));
    assert_eq!(hear(&mut listener, 0, other, &genuine), (false, false));
    assert_eq!(hear(&mut listener, 0, other, &HELLO), (false, false));
    let wrong_token = seal([8; 16], TARGET_DID, NOW, CLICK);
    assert_eq!(hear(&mut listener, 0, GATEWAY, &wrong_token), (false, false));
    let wrong_did = seal(TOKEN, TARGET_DID + 1, NOW, CLICK);
    assert_eq!(hear(&mut listener, 0, GATEWAY, &wrong_did), (false, false));
    let old = seal(TOKEN, TARGET_DID, NOW - 61, CLICK);
    assert_eq!(hear(&mut listener, 0, GATEWAY, &old), (false, false));
    assert_eq!(hear(&mut listener, 0, GATEWAY, b"21310020"), (false, false));

    assert_eq!(hear(&mut listener, 0, GATEWAY, &genuine), (true, true));
    assert_eq!(hear(&mut listener, 4, GATEWAY, &genuine), (true, false), "repeated");
    for seconds in [5, 30, 60, 61, 120, 1000] {
        assert_eq!(hear(&mut listener, seconds, GATEWAY, &genuine), (false, false), "{seconds}");
    }
    let stats = listener.stats();
    assert_eq!((stats.fired, stats.repeated, stats.replayed), (1, 1, 7));
    assert_eq!((stats.other_address, stats.bad_checksum, stats.other_did), (2, 1, 1));
    assert_eq!(stats.malformed, 1);
    // Another message of the same device's.
    let next = seal(TOKEN, TARGET_DID, NOW + 1000, &CLICK.replace(":5", ":6"));
    assert_eq!(hear(&mut listener, 1000, GATEWAY, &next), (true, true));
    listener.forget(GATEWAY).unwrap();
    assert_eq!(hear(&mut listener, 1000, GATEWAY, &HELLO), (false, false));
    assert!(listener.forget(GATEWAY).is_err());
}

#[test]
fn methods_are_split_at_the_last_colon() {
    for (method, expected) in [
        ("chuangmi.plug.v3.a:lumi_1", Some(("a", "lumi.1"))),
        ("chuangmi.plug.v3.a:b:lumi_1", Some(("a:b", "lumi.1"))),
        ("chuangmi.plug.v3.alarm_triggering:123", Some(("alarm_triggering", "123"))),
        ("chuangmi.plug.v3.a:", None),
        ("chuangmi.plug.v3.:1", None),
        ("chuangmi.plug.v3:1", None),
        ("other.plug.a:1", None),
        ("chuangmi.plug.v3.a", None),
        ("set_power", None),
    ] {
        let text = format!(r#"{{"id":1,"method":"{method}","params":[]}}"#);
        let mut packet = seal(TOKEN, TARGET_DID, NOW, &text);
        let (answer, fired) = listener().handle_datagram(at(0), NOW, GATEWAY, &mut packet);
        assert!(answer.is_some(), "it would come again and again");
        let told = fired.map(|fired| (fired.action, fired.source.to_string()));
        let told = told.as_ref().map(|(action, source)| (action.as_str(), source.as_str()));
        assert_eq!(told, expected, "{method}");
    }
}

proptest! {
    #[test]
    fn any_datagram_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (mut listener, mut bytes) = (listener(), bytes);
        let _ = listener.handle_datagram(at(0), NOW, GATEWAY, &mut bytes);
    }

    #[test]
    fn any_sealed_text_is_survived(text in ".{0,200}", id in any::<i64>()) {
        let mut listener = listener();
        let _ = hear(&mut listener, 0, GATEWAY, &seal(TOKEN, TARGET_DID, NOW, &text));
        let method = serde_json::Value::from(text);
        let message = format!(r#"{{"id":{id},"method":{method}}}"#);
        let _ = hear(&mut listener, 0, GATEWAY, &seal(TOKEN, TARGET_DID, NOW, &message));
    }

    #[test]
    fn ids_go_there_and_back(source in "[a-z0-9.]{1,20}", action in "[a-z]{1,10}") {
        let scene = Scene::new(&source, "m.n", "e", &action, "[]").unwrap();
        let keys = Cipher::new(&Token::new(TOKEN));
        let random = &mut iot_home_core::SeededRandom::new(1);
        let request = scene.store(SceneNumber::FIRST, Ipv4Addr::LOCALHOST, &keys, random).unwrap();
        prop_assert_eq!(request.method(), "send_data_frame");
        let text = format!(
            r#"{{"id":1,"method":"chuangmi.plug.v3.{action}:{}"}}"#,
            source.replace('.', "_")
        );
        let mut packet = seal(TOKEN, TARGET_DID, NOW, &text);
        let (_, fired) = listener().handle_datagram(at(0), NOW, GATEWAY, &mut packet);
        let fired = fired.unwrap();
        prop_assert_eq!((fired.source.to_string(), fired.action), (source, action));
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn click() -> Scene {
    let extra = "[1,13,1,85,[0,1],0,0]";
    Scene::new("lumi.158d0001", "lumi.sensor_switch.v2", "click", "click", extra).unwrap()
}

#[tokio::test]
async fn a_scene_from_the_gateway_to_the_stream() {
    let mut scenes = ScenePush::bind(local(0)).await.unwrap();
    let sim = SimDevice::builder().scenes(scenes.local_addr().port()).spawn().await.unwrap();
    let client = Client::bind().await.unwrap();
    let gateway = client.device(sim.addr(), sim.token());
    scenes.store(&gateway, &click(), SceneNumber::FIRST).await.unwrap();
    assert_eq!(sim.scenes(), ["x.scene.1000001"]);
    for _ in 0..3 {
        assert_eq!(sim.fire("event.lumi.sensor_switch.v2.click"), 1);
        let told = tokio::time::timeout(10 * SECOND, scenes.next()).await.unwrap();
        let Some(SceneEvent::Fired(fired)) = told else { panic!("{told:?}") };
        assert_eq!(
            (fired.action.as_str(), fired.source.to_string()),
            ("click", "lumi.158d0001".to_owned())
        );
    }
    // Somebody else on this machine has the same address, and not the token.
    let forger = UdpSocket::bind(local(0)).await.unwrap();
    let stamp = iot_home_core::Clock::unix_time(&iot_home_core::SystemClock::new()).as_secs();
    let forged = seal([9; 16], TARGET_DID, u32::try_from(stamp).unwrap(), CLICK);
    forger.send_to(&forged, scenes.local_addr()).await.unwrap();
    while scenes.stats().bad_checksum == 0 {
        tokio::task::yield_now().await;
    }
    assert!(tokio::time::timeout(SECOND / 50, scenes.next()).await.is_err());

    ScenePush::remove(&gateway, SceneNumber::FIRST).await.unwrap();
    assert!(sim.scenes().is_empty());
    assert_eq!(sim.report().violations.total(), 0);
    assert_eq!(sim.report().fired_scenes, 3);
    let error = ScenePush::remove(&gateway, SceneNumber::FIRST).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Device);
}

#[tokio::test]
async fn a_program_that_is_started_anew() {
    let first = ScenePush::bind(local(0)).await.unwrap();
    let addr = first.local_addr();
    let sim = SimDevice::builder().scenes(addr.port()).spawn().await.unwrap();
    let client = Client::bind().await.unwrap();
    let gateway = client.device(sim.addr(), sim.token());
    first.store(&gateway, &click(), SceneNumber::FIRST).await.unwrap();
    drop(first);
    // The task ends when the runtime gets to it.
    let mut second = loop {
        match ScenePush::bind(addr).await {
            Ok(second) => break second,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    second.listen_to(&gateway);
    sim.fire("event.lumi.sensor_switch.v2.click");
    let told = tokio::time::timeout(10 * SECOND, second.next()).await.unwrap();
    assert!(matches!(told, Some(SceneEvent::Fired(_))), "{told:?}");
}

#[tokio::test]
async fn a_listener_on_every_interface_tells_the_right_address() {
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let mut scenes = ScenePush::bind(any).await.unwrap();
    let sim = SimDevice::builder().scenes(scenes.local_addr().port()).spawn().await.unwrap();
    let client = Client::bind().await.unwrap();
    let gateway = client.device(sim.addr(), sim.token());
    scenes.store(&gateway, &click(), SceneNumber::FIRST).await.unwrap();
    sim.fire("event.lumi.sensor_switch.v2.click");
    let told = tokio::time::timeout(10 * SECOND, scenes.next()).await.unwrap();
    assert!(matches!(told, Some(SceneEvent::Fired(_))), "{told:?}");
}
