//! Scenes: what a device stores, whom it tells, and what it refuses.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use iot_home_core::SeededRandom;
use iot_home_miio::packet::{HELLO, Header, HelloField, HelloReply};
use iot_home_miio::scene::{Scene, SceneNumber};
use iot_home_miio::{Cipher, json as lenient};
use iot_home_sim::SimDevice;
use serde_json::{Value, json};

use crate::client::{Client, TOKEN};

const SECOND: Duration = Duration::from_secs(1);
const KEY: &str = "event.lumi.sensor_switch.v2.click";
const TARGET_DID: u64 = 120_009_025;

fn target() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(192, 0, 2, 9), 54321))
}

fn frame() -> Value {
    let data = r#"[["x.scene.1000001",["1.0",1600000000,["0",{"did":"lumi.158d0001","extra":"[1,13,1,85,[0,1],0,0]","key":"event.lumi.sensor_switch.v2.click","model":"lumi.sensor_switch.v2","src":"device","timespan":["0 0 * * 0,1,2,3,4,5,6","0 0 * * 0,1,2,3,4,5,6"],"token":""}],[{"command":"chuangmi.plug.v3.click:lumi_158d0001","did":"120009025","extra":"","id":0,"ip":"192.0.2.9","model":"chuangmi.plug.v3","token":"TOKEN_ENC","value":""}]]]]"#;
    let data = data.replace("TOKEN_ENC", &encrypted());
    json!({"cur": 0, "data": data, "data_tkn": 29576, "total": 1, "type": "scene"})
}

fn encrypted() -> String {
    let mut packet = [0; 64];
    Cipher::new(&TOKEN).seal(Header { did: 0, stamp: 0 }, TOKEN.expose(), &mut packet).unwrap();
    packet[32..48].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn client() -> Client {
    Client::of(SimDevice::builder().scenes(None))
}

fn store(client: &mut Client, frame: &Value) -> Value {
    client.ask(&format!(r#"{{"id":1,"method":"send_data_frame","params":{frame}}}"#))
}

fn stored(client: &Client) -> Vec<String> {
    client.device.scenes().map(str::to_owned).collect()
}

/// What is sent to the target now.
fn told(client: &mut Client) -> Vec<Vec<u8>> {
    let (mut all, mut buffer) = (Vec::new(), Vec::new());
    while let Some(to) = client.device.poll_transmit(client.now, &mut buffer) {
        assert_eq!(to, target());
        all.push(buffer.clone());
    }
    all
}

fn answer(client: &mut Client, datagram: &[u8]) {
    client.device.handle_datagram(client.now, target(), &mut datagram.to_vec());
}

#[test]
fn a_scene_is_stored_fires_and_is_removed() {
    let mut client = client();
    assert_eq!(store(&mut client, &frame())["result"], json!(["ok"]));
    assert_eq!(stored(&client), ["x.scene.1000001"]);
    assert_eq!(client.device.fire(client.now, "event.other"), 0);
    assert_eq!(client.device.fire(client.now, KEY), 1);
    assert_eq!(told(&mut client), [HELLO.to_vec()], "it greets first");
    let hello = HelloReply::new(TARGET_DID, 5000, HelloField::HiddenZero);
    answer(&mut client, &hello.encode());
    assert_eq!(told(&mut client).len(), 1);
    client.now = client.now + 3 * SECOND;
    let datagrams = told(&mut client);
    let [message] = &datagrams[..] else { panic!("{datagrams:?}") };
    let packet = iot_home_miio::Packet::parse(message).unwrap();
    assert_eq!((packet.did(), packet.stamp()), (TARGET_DID, 5003));
    let text = lenient::parse(&client.open(message).unwrap()).unwrap();
    assert_eq!(text["method"], "chuangmi.plug.v3.click:lumi_158d0001");
    // It comes again until it is answered.
    client.now = client.now + SECOND;
    assert_eq!(told(&mut client).len(), 1);
    let wrong = client.seal(TARGET_DID, 5004, br#"{"result":1,"id":1}"#);
    answer(&mut client, &wrong);
    let right = client.seal(TARGET_DID, 5004, br#"{"result":0,"id":1}"#);
    answer(&mut client, &right);
    client.now = client.now + 60 * SECOND;
    assert!(told(&mut client).is_empty());
    let report = client.device.report();
    assert_eq!((report.fired_scenes, report.violations.bad_answer), (1, 1));

    let xdel = r#"{"id":2,"method":"miIO.xdel","params":["x.scene.1000001"]}"#;
    assert_eq!(client.ask(xdel)["result"], json!(["ok"]));
    assert!(stored(&client).is_empty());
    let xdel = xdel.replace(r#""id":2"#, r#""id":3"#);
    assert!(client.ask(&xdel).get("error").is_some());
    assert_eq!(client.device.report().violations.bad_scene, 1);
    assert_eq!(client.device.fire(client.now, KEY), 0);
}

#[test]
fn a_target_that_says_nothing_is_given_up() {
    let mut client = client();
    store(&mut client, &frame());
    client.device.fire(client.now, KEY);
    let mut hellos = 0;
    for _ in 0..60 {
        hellos += told(&mut client).len();
        client.now = client.now + SECOND;
    }
    assert_eq!(hellos, 10);
    client.device.reboot(client.now);
    assert_eq!(stored(&client).len(), 1, "scenes outlive that");
}

#[test]
fn what_our_client_writes_is_taken() {
    let extra = "[1,13,1,85,[0,1],0,0]";
    let scene = Scene::new("lumi.158d0001", "lumi.sensor_switch.v2", "click", "click", extra);
    let number = SceneNumber::new(1_000_007).unwrap();
    let keys = Cipher::new(&TOKEN);
    let random = &mut SeededRandom::new(3);
    let store =
        scene.unwrap().value(7).store(number, Ipv4Addr::new(192, 0, 2, 9), &keys, random).unwrap();
    let device = SimDevice::builder().token(TOKEN).scenes(None).build().unwrap();
    let mut link = iot_home_sim::VirtualLink::new(device);
    assert_eq!(link.call(store).0.unwrap().text(), r#"["ok"]"#);
    assert_eq!(link.device().scenes().collect::<Vec<_>>(), ["x.scene.1000007"]);
    assert_eq!(link.device().report().violations.total(), 0);
}

#[test]
fn every_wrong_field_is_refused_and_counted() {
    let mut cases: Vec<Value> = Vec::new();
    for (key, value) in [
        ("cur", json!(1)),
        ("total", json!(2)),
        ("type", json!("automation")),
        ("data_tkn", json!("29576")),
        ("data", json!("[]")),
        ("data", json!([[]])),
        ("more", json!(1)),
    ] {
        let mut frame = frame();
        frame[key] = value;
        cases.push(frame);
    }
    for key in ["cur", "data", "data_tkn", "total", "type"] {
        let mut frame = frame();
        frame.as_object_mut().unwrap().remove(key);
        cases.push(frame);
    }
    let long = format!("chuangmi.plug.v3.{}:lumi_158d0001", "c".repeat(20));
    for (right, wrong) in [
        ("x.scene.1000001", "x.scene.1000000"),
        ("x.scene.1000001", "scene.1000001"),
        (r#""1.0""#, r#""1.1""#),
        ("1600000000", "1590161093"),
        ("1600000000", "1642025775"),
        (r#"["0",{"#, r#"["1",{"#),
        ("event.lumi.sensor_switch.v2.click", "event.lumi.other.click"),
        (r#""src":"device""#, r#""src":"cloud""#),
        ("\"0 0 * * 0,1,2,3,4,5,6\"]", "\"0 0 * * 0\"]"),
        (r#""token":""}"#, r#""token":1}"#),
        (
            r#""did":"lumi.158d0001","extra":"[1,13,1,85,[0,1],0,0]""#,
            r#""extra":"[1,13,1,85,[0,1],0,0]","did":"lumi.158d0001""#,
        ),
        ("chuangmi.plug.v3.click:lumi_158d0001", "chuangmi.plug.v3.click:lumi.158d0001"),
        ("chuangmi.plug.v3.click:lumi_158d0001", "other.plug.click:lumi_158d0001"),
        ("chuangmi.plug.v3.click:lumi_158d0001", &long),
        (r#""did":"120009025""#, r#""did":120009025"#),
        (r#""id":0"#, r#""id":1"#),
        (r#""ip":"192.0.2.9""#, r#""ip":"nowhere""#),
        (&format!(r#""token":"{}""#, encrypted()), r#""token":"00112233445566778899aabbccddeeff""#),
        (r#""value":"""#, r#""value":1"#),
        (r#","value":"""#, ""),
        (r#""id":0"#, r#""id": 0"#),
    ] {
        let mut frame = frame();
        let data = frame["data"].as_str().unwrap();
        assert!(data.contains(right), "{right}");
        frame["data"] = data.replacen(right, wrong, 1).into();
        cases.push(frame);
    }
    for frame in cases {
        let mut client = client();
        let answer = store(&mut client, &frame);
        assert_eq!(answer["error"]["code"], -32602, "{frame}");
        let violations = client.device.report().violations;
        assert_eq!((violations.bad_scene, violations.total()), (1, 1), "{frame}");
        assert!(stored(&client).is_empty());
    }
}
