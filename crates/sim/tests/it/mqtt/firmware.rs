//! Firmware: who is told of it, and the files.

use ::http::{Request, Response, StatusCode};
use bytes::Bytes;
use iot_home_core::Instant;
use iot_home_sim::mqtt::{ConnectionId, CutAfter, Faults, Machine};
use serde_json::{Value, json};

use super::wire::{Wire, publish};
use super::{aliyun_id, both, tencent_id};

fn say(wire: &mut Wire, id: ConnectionId, topic: &str, payload: &Value) -> Vec<Value> {
    wire.send(id, &publish(topic, payload.to_string().as_bytes(), 0));
    let answers = wire.publishes(id).into_iter();
    answers.map(|message| serde_json::from_slice(&message.payload).unwrap()).collect()
}

#[test]
fn whoever_tells_an_older_version_is_told_of_it() {
    let mut wire = Wire::new(both());
    let id = wire.aliyun();
    wire.subscribe(id, &[("/ota/device/upgrade/a1X2bEnP82z/lamp-1", 1)]);
    let offer = json!({"version": "2", "module": "MCU", "size": 5});
    wire.platform.offer_firmware(wire.now, &aliyun_id(), offer.clone()).unwrap();
    let topic = "/ota/device/inform/a1X2bEnP82z/lamp-1";
    let inform = |version: Value, module: &str| json!({"id": "1", "params": {"version": version, "module": module}});
    assert_eq!(say(&mut wire, id, topic, &inform(json!("1"), "MCU"))[0]["data"], offer);
    assert!(say(&mut wire, id, topic, &inform(json!("2"), "MCU")).is_empty(), "it has it");
    assert!(say(&mut wire, id, topic, &inform(json!("1"), "WIFI")).is_empty(), "another module");
    assert_eq!(wire.report().violations.total(), 0);
    assert!(say(&mut wire, id, topic, &inform(json!(1), "MCU")).is_empty());
    assert_eq!((wire.report().violations.bad_json, wire.report().violations.total()), (1, 1));
    let versions = wire.platform.thing(&aliyun_id()).versions;
    assert_eq!(
        versions.into_iter().collect::<Vec<_>>(),
        [("MCU".to_owned(), "2".to_owned()), ("WIFI".to_owned(), "1".to_owned())]
    );

    let id = wire.tencent();
    wire.subscribe(id, &[("$ota/update/YOURPROD01/lamp1", 0)]);
    wire.platform.offer_firmware(wire.now, &tencent_id(), json!({"version": "2"})).unwrap();
    let topic = "$ota/report/YOURPROD01/lamp1";
    let report = |report: Value| json!({"type": "report_version", "report": report});
    let kinds = |answers: Vec<Value>| -> Vec<_> {
        answers.iter().map(|answer| answer["type"].as_str().unwrap().to_owned()).collect()
    };
    let told = say(&mut wire, id, topic, &report(json!({"version": "1"})));
    assert_eq!(kinds(told), ["report_version_rsp", "update_firmware"]);
    let told = say(&mut wire, id, topic, &report(json!({"version": "2"})));
    assert_eq!(kinds(told), ["report_version_rsp"], "it has it");
    assert!(say(&mut wire, id, topic, &report(json!({"version": 1}))).is_empty());
    assert!(say(&mut wire, id, topic, &json!({"type": "reboot"})).is_empty());
    assert_eq!((wire.report().violations.bad_json, wire.report().violations.total()), (3, 3));
}

fn get(platform: &mut Machine, link: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
    let request = headers
        .iter()
        .fold(Request::get(link), |request, (name, value)| request.header(*name, *value));
    platform.handle_request(Instant::ORIGIN, &request.body(Bytes::new()).unwrap())
}

#[test]
fn files_and_parts_of_them() {
    let mut platform = both().build();
    platform.put_file("f".into(), b"0123456789".to_vec());
    let link = platform.file_link("f");
    let whole = get(&mut platform, &link, &[]);
    assert_eq!((whole.status(), &whole.body()[..]), (StatusCode::OK, &b"0123456789"[..]));
    let tag = whole.headers()["etag"].to_str().unwrap().to_owned();
    for (range, body, place) in [
        ("bytes=7-", &b"789"[..], "bytes 7-9/10"),
        ("bytes=0-", b"0123456789", "bytes 0-9/10"),
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=9-100", b"9", "bytes 9-9/10"),
    ] {
        let part = get(&mut platform, &link, &[("range", range), ("if-range", &tag)]);
        assert_eq!(
            (part.status(), &part.body()[..]),
            (StatusCode::PARTIAL_CONTENT, body),
            "{range}"
        );
        assert_eq!(part.headers()["content-range"], place);
    }
    let behind = get(&mut platform, &link, &[("range", "bytes=10-")]);
    assert_eq!(behind.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(behind.headers()["content-range"], "bytes */10");
    for range in ["bytes=-3", "bytes=5-3", "bytes=1-2,4-5", "lines=1-"] {
        let whole = get(&mut platform, &link, &[("range", range)]);
        assert_eq!((whole.status(), whole.body().len()), (StatusCode::OK, 10), "{range}");
    }
    // Another file of the same length begins anew.
    platform.put_file("f".into(), b"9876543210".to_vec());
    let other = get(&mut platform, &link, &[("range", "bytes=7-"), ("if-range", &tag)]);
    assert_eq!((other.status(), other.body().len()), (StatusCode::OK, 10));
    assert_ne!(other.headers()["etag"], tag.as_str());
    let nothing = platform.file_link("g");
    assert_eq!(get(&mut platform, &nothing, &[]).status(), StatusCode::NOT_FOUND);
    platform.expire_links();
    assert_eq!(get(&mut platform, &link, &[]).status(), StatusCode::FORBIDDEN);
    assert_eq!(get(&mut platform, "/files/f", &[]).status(), StatusCode::FORBIDDEN);
    let link = platform.file_link("f");
    assert_eq!(get(&mut platform, &link, &[]).status(), StatusCode::OK);
    assert_eq!(platform.report().expired_downloads, 2);
}

#[test]
fn files_that_are_spoiled_so_often() {
    let mut platform = both().build();
    platform.put_file("f".into(), b"0123456789".to_vec());
    let link = platform.file_link("f");
    platform.set_faults(Faults::default().wrong_files(1).cut_files(4, 2));
    let cut = |response: &Response<Bytes>| response.extensions().get::<CutAfter>().map(|cut| cut.0);
    let first = get(&mut platform, &link, &[]);
    assert_eq!((&first.body()[..], cut(&first)), (&b"0123456788"[..], Some(4)));
    let second = get(&mut platform, &link, &[]);
    assert_eq!((&second.body()[..], cut(&second)), (&b"0123456789"[..], Some(4)));
    assert_eq!(cut(&get(&mut platform, &link, &[])), None);
}
