//! Typed calls: what they ask, and what they make of answers.

use iot_home_core::{ActionId, Did, MiotCode, PropertyId, SeededRandom};
use iot_home_micloud::api::{self, DataKind, DataSource, Group, Inventory, InventoryPage, Storage};
use iot_home_micloud::{Api, Call, Capture, Hosts, Method, Region, Request, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::answers::{NOW, session};

fn did(text: &str) -> Did {
    text.parse().unwrap()
}

fn data<T>(call: &Call<T>) -> Value {
    serde_json::from_str(call.data()).unwrap()
}

/// Asks the call, and answers it with this result.
#[track_caller]
fn answered<T: DeserializeOwned>(call: &Call<T>, result: Value) -> T {
    let session = session();
    let credentials = session.credentials("xiaomiio").unwrap();
    let api = Api::new(Region::Cn, crate::account::identity());
    let signed = api.sign(call, &credentials, NOW, &mut SeededRandom::new(3));
    let body = json!({ "code": 0, "message": "ok", "result": result }).to_string();
    let response = Response::new(200, signed.signed_nonce().seal(body.as_bytes()));
    signed.open(&response).unwrap()
}

#[test]
fn every_call_asks_on_its_path() {
    let lamp = did("1177002050");
    let properties = [(lamp.clone(), PropertyId::new(2, 1))];
    let get = api::get_properties(&properties, DataSource::Device).next().unwrap();
    assert_eq!(get.path(), "/miotspec/prop/get");
    let params = json!([{ "did": "1177002050", "siid": 2, "piid": 1 }]);
    assert_eq!(data(&get), json!({ "params": params, "datasource": 2 }));
    let set =
        api::set_properties(&[(lamp.clone(), PropertyId::new(2, 7), json!("灯"))]).next().unwrap();
    let params = json!([{ "did": "1177002050", "siid": 2, "piid": 7, "value": "灯" }]);
    assert_eq!((set.path(), data(&set)), ("/miotspec/prop/set", json!({ "params": params })));
    let action = api::action(&lamp, ActionId::new(2, 1), &[json!(5)]);
    let params = json!({ "did": "1177002050", "siid": 2, "aiid": 1, "in": [5] });
    assert_eq!((action.path(), data(&action)), ("/miotspec/action", json!({ "params": params })));
    let rpc = api::rpc(&lamp, "get_prop", &json!(["power"])).unwrap();
    assert_eq!(rpc.path(), "/home/rpc/1177002050");
    assert_eq!(data(&rpc), json!({ "id": 1, "method": "get_prop", "params": ["power"] }));
    assert!(api::rpc(&did("a/../b"), "x", &json!([])).is_err());
    assert!(api::rpc(&did("a?b"), "x", &json!([])).is_err());

    // What may be sent again when nobody knows what became of it.
    assert!(get.is_repeatable() && set.is_repeatable());
    let scene = api::run_scene("18446744073709551615", 1, 2);
    let press = api::press_key(&lamp, "k");
    for once in [
        !action.is_repeatable(),
        !rpc.is_repeatable(),
        !scene.is_repeatable(),
        !press.is_repeatable(),
    ] {
        assert!(once);
    }
    assert_eq!(data(&scene)["scene_id"], "18446744073709551615");
    assert_eq!(data(&scene)["home_id"], "1");

    for (path, call) in [
        ("/v2/device/blt_get_beaconkey", data(&api::beacon_key(&did("blt.3.1abc")))),
        ("/home/getmapfileurl", data(&api::file_url(Storage::Map, "1/2/0"))),
        ("/v2/user/statistics", data(&api::statistics(&lamp, "7.1", Group::Day, 1..2, 9))),
    ] {
        assert!(call.is_object(), "{path}");
    }
    let stat = data(&api::statistics(&lamp, "7.1", Group::Month, 1..2, 9));
    assert_eq!(stat["data_type"], "stat_month_v3");
    let history = api::device_data(&lamp, DataKind::Event, "2.1", 5..9, 20);
    assert_eq!(data(&history)["time_end"], 9);
    for (storage, path) in [
        (Storage::Map, "/home/getmapfileurl"),
        (Storage::RobotMap, "/home/getrobomapurl"),
        (Storage::Interim, "/v2/home/get_interim_file_url"),
        (Storage::InterimPro, "/v2/home/get_interim_file_url_pro"),
    ] {
        assert_eq!(api::file_url(storage, "x").path(), path);
    }
}

#[test]
fn a_hundred_and_fifty_at_a_time() {
    let asked: Vec<_> = (0..301).map(|at| (Did::from(at), PropertyId::new(2, 1))).collect();
    let calls: Vec<_> = api::get_properties(&asked, DataSource::default()).collect();
    let lengths: Vec<_> =
        calls.iter().map(|call| data(call)["params"].as_array().unwrap().len()).collect();
    assert_eq!(lengths, [150, 150, 1]);
    assert_eq!(api::get_properties(&[], DataSource::default()).count(), 0);
}

#[test]
fn properties_are_matched_by_what_they_are() {
    let (a, b) = (did("1"), did("lumi.2"));
    let asked = [
        (a.clone(), PropertyId::new(2, 1)),
        (b.clone(), PropertyId::new(2, 1)),
        (a.clone(), PropertyId::new(2, 2)),
        (a.clone(), PropertyId::new(9, 9)),
        (a, PropertyId::new(2, 1)),
        (b, PropertyId::new(2, 2)),
    ];
    let call = api::get_properties(&asked, DataSource::default()).next().unwrap();
    let answers = answered(
        &call,
        json!([
            { "did": "lumi.2", "siid": 2, "piid": 1, "code": -704_042_011 },
            { "did": 1, "iid": "0.2.2", "siid": "2", "piid": 2, "value": 7, "code": "0", "updateTime": 1 },
            { "did": "1", "siid": 2, "piid": 1, "value": true },
            null, { "siid": 2 }, "x",
            { "did": "1", "siid": 2, "piid": 1, "value": false, "code": 1 },
            { "did": "lumi.2", "siid": 2, "piid": 2 },
        ]),
    );
    let results = answers.results(&asked);
    let value = |at: usize| results[at].as_ref().and_then(|result| result.value.clone());
    let code = |at: usize| results[at].as_ref().map(|result| result.code.get());
    assert_eq!((value(0), code(0)), (Some(json!(true)), Some(0)));
    assert_eq!((value(1), code(1)), (None, Some(-704_042_011)));
    assert!(results[1].as_ref().unwrap().code.meaning().unwrap().contains("offline"));
    assert_eq!((value(2), code(2)), (Some(json!(7)), Some(0)));
    assert_eq!(results[3], None);
    assert_eq!((value(4), code(4)), (Some(json!(false)), Some(1)));
    assert!(results[4].as_ref().unwrap().code.is_ok(), "accepted by a gateway");
    assert_eq!(code(5), Some(MiotCode::INTERNAL.get()));
}

#[test]
fn actions() {
    let id = ActionId::new(2, 1);
    let call = api::action(&did("1"), id, &[]);
    let answer =
        answered(&call, json!({ "did": "1", "siid": 2, "aiid": 1, "code": 0, "out": [1, "x"] }));
    let result = answer.into_result(id);
    assert_eq!((result.code, result.out), (MiotCode::OK, vec![json!(1), json!("x")]));
    let refused = answered(&call, json!({ "code": -704_220_025 })).into_result(id);
    assert!(!refused.code.is_ok() && refused.out.is_empty());
}

/// The record of the documentation, word for word.
const RECORD: &str = r#"{"did":"1177002050","uid":1449376110,"token":"5252734b6c4752576770666378316445","name":"…","pid":0,"localip":"192.168.3.21","mac":"B8:88:80:51:2E:2E",
"ssid":"HZJ213","bssid":"62:E9:9D:A2:BF:99","rssi":-57,"longitude":"0.0","latitude":"0.0","city_id":101280601,"show_mode":1,"model":"chuangmi.camera.069a01",
"permitLevel":16,"isOnline":true,"spec_type":"urn:miot-spec-v2:device:camera:0000A01C:chuangmi-069a01:4","extra":{"fw_version":"5.3.1_0525","isSetPincode":0,
"pincodeType":0,"isSubGroup":false,"split":{}},"orderTime":1764166529,"freqFlag":true,"hide_mode":0,"comFlag":961,"room_id":"169001360387","room_name":"…",
"parent_id":"","parent_model":"","adminFlag":1,"shareFlag":0,"desc":"…","prop":{"power":"off"},"p2p_id":"","password":"","family_id":0,"pd_id":211}"#;

#[test]
fn device_records() {
    let record: Value = serde_json::from_str(RECORD).unwrap();
    let page = answered(
        &api::device_list(&[]),
        json!({ "list": [
        record,
        { "did": 7, "pid": "6", "rssi": "-3", "isOnline": "1", "uid": "9", "token": null, "local_ip": "10.0.0.1",
          "owner": { "userid": 5, "nickname": "A" }, "name": 3 },
        { "name": "no did" }, null, 5, { "did": "has blank" },
        { "did": "x", "isOnline": [], "rssi": {}, "token": "", "owner": "" },
    ] }),
    );
    let [first, second, third] = &page.list[..] else { panic!("{}", page.list.len()) };
    assert_eq!(
        (first.did.as_u64(), first.model.as_str()),
        (Some(1_177_002_050), "chuangmi.camera.069a01")
    );
    assert_eq!(first.token.as_ref().unwrap().expose(), "5252734b6c4752576770666378316445");
    assert_eq!(
        (first.rssi, first.is_online, first.connection()),
        (Some(-57), Some(true), Some("Wi-Fi"))
    );
    assert_eq!(
        (first.local_ip.as_deref(), first.parent_id.as_deref()),
        (Some("192.168.3.21"), None)
    );
    assert!(first.spec_type.as_deref().unwrap().starts_with("urn:miot-spec-v2:device:camera"));
    let raw: Value = first.raw.read().unwrap();
    assert_eq!(raw, record, "nothing is lost");
    assert_eq!((second.did.as_u64(), second.pid, second.rssi), (Some(7), Some(6), Some(-3)));
    assert_eq!((second.is_online, second.name.as_str()), (Some(true), "3"));
    assert_eq!((second.uid.as_deref(), second.local_ip.as_deref()), (Some("9"), Some("10.0.0.1")));
    let owner = second.owner.as_ref().unwrap();
    assert_eq!((owner.user_id.as_deref(), owner.nickname.as_deref()), (Some("5"), Some("A")));
    assert_eq!((third.is_online, third.rssi, &third.token), (None, None, &None));
    assert_eq!(page.next(), None);
    assert_eq!(data(&api::device_list(&[did("1")])), json!({ "dids": ["1"] }));
    // Null is an empty list.
    let none =
        answered(&api::home_devices(1, 2, None), json!({ "device_info": null, "has_more": false }));
    assert!(none.list.is_empty());
    let more = answered(
        &api::device_page(None),
        json!({ "list": [], "has_more": true, "next_start_did": "9" }),
    );
    assert_eq!(more.next(), Some("9"));
}

#[test]
fn other_records() {
    let homes = answered(
        &api::homes(None),
        json!({
            "homelist": [{ "id": "169001360386", "name": "H", "uid": 123, "dids": ["1", 2],
                "roomlist": [{ "id": 5, "name": "R", "dids": null }] }],
            "share_home_list": null, "has_more": true, "max_id": 77,
        }),
    );
    let home = &homes.own[0];
    assert_eq!(
        (home.id, home.owner, &home.dids[..]),
        (169_001_360_386, Some(123), &["1".into(), "2".to_owned()][..])
    );
    assert_eq!((home.rooms[0].id.as_str(), homes.next()), ("5", Some("77")));
    assert_eq!(api::homes(homes.next()).path(), "/v2/homeroom/get_dev_room_page");

    let scenes = answered(
        &api::scenes(1, 2),
        json!({
            "manual_scene_info_list": [{ "scene_id": 18_446_744_073_709_551_615_u64, "scene_name": "S", "enable": 1 }],
            "auto_scene_info_list": null,
        }),
    );
    let scene = &scenes.manual[0];
    assert_eq!(
        (scene.id.as_str(), scene.name.as_str(), scene.enabled),
        ("18446744073709551615", "S", Some(true))
    );

    let key = answered(
        &api::beacon_key(&did("blt.3.x")),
        json!({ "beaconkey": "00112233445566778899aabbccddeeff" }),
    );
    assert!(key.beaconkey.expose().starts_with("0011"));
    let points = answered(
        &api::device_data(&did("1"), DataKind::Property, "2.1", 1..2, 9),
        json!([{ "time": 1, "value": "[21]", "key": "2.1" }, { "time": "2", "value": 5 }]),
    );
    assert_eq!(
        (points.0[0].value.as_deref(), points.0[1].time, points.0[1].value.as_deref()),
        (Some("[21]"), Some(2), Some("5"))
    );
    let keys = answered(
        &api::infrared_keys(&did("ir.1")),
        json!({ "keys": [{ "id": 3, "name": "POWER" }] }),
    );
    assert_eq!((keys.keys[0].id.as_str(), keys.keys[0].name.as_deref()), ("3", Some("POWER")));
    let controllers = answered(
        &api::infrared_controllers(&did("1")),
        json!({ "controllers": [{ "did": "ir.1" }] }),
    );
    assert_eq!(controllers.controllers[0].did, did("ir.1"));
    let url = answered(&api::file_url(Storage::Interim, "1/2/0"), json!({ "url": "https://x/" }));
    assert_eq!(url.url.expose(), "https://x/");
    let messages = answered(
        &api::messages(),
        json!({ "messages": [{ "msg_id": 9, "type": "6", "ctime": "5", "params": {} }] }),
    );
    assert_eq!((messages.messages[0].id.as_str(), messages.messages[0].time), ("9", Some(5)));
}

/// A request opened as the server would open it.
fn opened(request: &Request, capture: &Capture) -> (String, Value) {
    let (place, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
    let (host, path) = place.split_once("://").unwrap().1.split_once('/').unwrap();
    let form = request.body.as_ref().map_or(query, |body| body.expose());
    let opened = capture.request(request.method, host, &format!("/{path}"), form);
    assert_eq!(opened.failed_step, None, "{}", request.url);
    (opened.path.clone(), serde_json::from_str(opened.data().unwrap()).unwrap())
}

#[test]
fn cameras_are_asked_by_address() {
    let session = session();
    let credentials = session.credentials("xiaomiio").unwrap();
    let capture = Capture::new(credentials.ssecurity.clone());
    let sign = |call: &Call<Value>, hosts: Hosts| {
        let api = Api::new(Region::Sg, crate::account::identity()).hosts(hosts);
        api.sign(call, &credentials, NOW, &mut SeededRandom::new(3)).request().clone()
    };
    for (call, start) in [
        (
            api::camera_events(&did("1"), "m", Region::Sg, 1..2, 3),
            "https://sg.business.smartcamera.api.io.mi.com/common/app/get/eventlist?data=",
        ),
        (
            api::alarm_playlist(&did("1"), Region::Sg, 1..2, 3),
            "https://sg.business.smartcamera.api.io.mi.com/miot/camera/app/v1/alarm/playlist/limit?",
        ),
        (
            api::camera_playlist(&did("1"), "m", "f", true),
            "https://sg.business.smartcamera.api.io.mi.com/common/app/m3u8?",
        ),
        (
            api::camera_image(&did("1"), "f", "s", "iv"),
            "https://sg.processor.smartcamera.api.io.mi.com/miot/camera/app/v1/img?",
        ),
    ] {
        let request = sign(&call, Hosts::default());
        assert!(request.url.starts_with(start), "{}", request.url);
        assert_eq!((request.method, &request.body), (Method::Get, &None));
        assert!(request.url.contains("&yetAnotherServiceToken=service%2Ftoken%2Bof%3D1234567890"));
        assert!(!request.url.contains("ssecurity"));
        let (path, data) = opened(&request, &capture);
        assert_eq!((path.as_str(), &data["did"]), (call.path(), &json!("1")));
        let local = Hosts::default().api("http://127.0.0.1:9/app").unwrap();
        assert!(sign(&call, local).url.starts_with(&format!("http://127.0.0.1:9{}?", call.path())));
    }
}

#[test]
fn calls_of_any_other_kind() {
    for bad in
        ["", "x", "/a b", "/a?b", "/a#b", "/a/../b", "/./x", "/%2e", "/\u{7f}", "/a&b", "/灯"]
    {
        assert!(Call::<Value>::new(bad, "{}").is_err(), "{bad}");
    }
    assert!(Call::<Value>::new("/x", "{").is_err());
    let call = Call::<Value>::new("/app/v2/x", " {\"b\":1, \"a\":2}").unwrap();
    assert_eq!((call.path(), call.data()), ("/v2/x", " {\"b\":1, \"a\":2}"), "the very bytes");
    assert!(!call.is_repeatable());
    // A gateway's path has another /app inside; behind a server of one's own too.
    let session = session();
    let credentials = session.credentials("xiaomiio").unwrap();
    for base in ["http://127.0.0.1:9", "http://127.0.0.1:9/app/"] {
        let api = Api::new(Region::Cn, crate::account::identity())
            .hosts(Hosts::default().api(base).unwrap());
        let call = Call::<Value>::new("/appgateway/third/app/x", "{}").unwrap();
        let signed = api.sign(&call, &credentials, NOW, &mut SeededRandom::new(1));
        assert_eq!(signed.request().url, "http://127.0.0.1:9/app/appgateway/third/app/x");
        let (path, _) = opened(signed.request(), &Capture::new(credentials.ssecurity.clone()));
        assert_eq!(path, "/appgateway/third/app/x");
    }
}

fn devices(from: u64, count: u64) -> Vec<Value> {
    (from..from + count).map(|did| json!({ "did": did.to_string(), "name": "d" })).collect()
}

/// A cloud of 450 devices in an own home, 3 in a shared one, 2 in a family, 2 shared one by one; some are told twice.
fn cloud(call: &Call<InventoryPage>) -> Value {
    let data = data(call);
    let start = data["start_did"].as_str().unwrap_or_default().to_owned();
    let paged = |all: Vec<Value>, list: &str, cursor: &str| {
        let from: usize = start.parse().unwrap_or(0);
        let rest: Vec<_> = all.into_iter().skip(from).collect();
        let more = rest.len() > 200;
        let page: Vec<_> = rest.into_iter().take(200).collect();
        json!({ list: page, "has_more": more, cursor: (from + 200).to_string() })
    };
    match call.path() {
        "/v2/homeroom/gethome" => json!({
            "homelist": [{ "id": "1", "uid": 10, "name": "own", "dids": ["0"], "roomlist": [{ "id": "r", "dids": ["1"] }] }],
            "share_home_list": [{ "id": "2", "uid": 20, "name": "shared" }, { "id": "1", "uid": 10 }],
            "has_more": true, "max_id": "m",
        }),
        "/v2/homeroom/get_dev_room_page" => json!({
            // It leads back to itself.
            "info": [{ "id": "1", "dids": ["5"], "roomlist": [{ "id": "r", "dids": ["6"] }, { "id": "s", "dids": ["7"] }] }],
            "has_more": true, "max_id": "m",
        }),
        "/v2/user/get_device_cnt" => json!({
            "own": 1, "share": { "share_family": [{ "home_id": 3, "home_owner": 30 }] },
        }),
        "/v2/home/home_device_list" => match (&data["home_id"], &data["home_owner"]) {
            (id, owner) if (id, owner) == (&json!(1), &json!(10)) => {
                paged(devices(0, 450), "device_info", "max_did")
            }
            (id, owner) if (id, owner) == (&json!(2), &json!(20)) => {
                paged(devices(1000, 3), "device_info", "max_did")
            }
            (id, owner) if (id, owner) == (&json!(3), &json!(30)) => {
                paged(devices(2000, 2), "device_info", "max_did")
            }
            other => panic!("no such home: {other:?}"),
        },
        "/v2/home/device_list_page" => {
            let all = [devices(3000, 2), devices(0, 300)].concat();
            paged(all, "list", "next_start_did")
        }
        other => panic!("nobody asks for {other}"),
    }
}

#[test]
fn every_device_once() {
    let mut inventory = Inventory::new();
    let mut calls = 0;
    while let Some(call) = inventory.next_call() {
        calls += 1;
        let page = answered(&call, cloud(&call));
        inventory.handle(page);
    }
    assert_eq!(calls, 2 + 1 + 2 + 3 + 1 + 1);
    assert_eq!(inventory.devices().len(), 450 + 3 + 2 + 2);
    let (homes, _) = inventory.into_parts();
    assert_eq!(homes.iter().map(|home| home.id).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(homes[0].dids, ["0", "5"]);
    let rooms: Vec<_> = homes[0].rooms.iter().map(|room| room.dids.join(",")).collect();
    assert_eq!(rooms, ["1,6", "7"]);
}

#[test]
fn a_server_that_never_ends_is_left() {
    let mut inventory = Inventory::default();
    let mut at = 0_u64;
    while let Some(call) = inventory.next_call() {
        at += 1;
        let homes: Vec<_> = (0..9).map(|n| json!({ "id": at * 9 + n, "uid": 1 })).collect();
        inventory.handle(answered(
            &call,
            json!({
                "homelist": homes, "has_more": true, "max_did": at.to_string(),
            }),
        ));
    }
    assert_eq!(at, 500);
    // What a region does not answer is passed over.
    let mut inventory = Inventory::new();
    let mut skipped = 0;
    while inventory.next_call().is_some() {
        inventory.skip();
        skipped += 1;
    }
    assert_eq!(skipped, 3);
}
