//! The rest of the typed endpoints.

use iot_home_sim::micloud::{BuildError, CloudDevice, SimCloud, SpawnError};
use serde_json::json;

use super::wire::Caller;
use super::{DID, USER_ID, account, cloud};

const HOME: u64 = 169_001_360_386;
const SCENES: &str = "/appgateway/miot/appsceneservice/AppSceneService";

#[tokio::test]
async fn scenes() {
    let cloud = cloud().spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    let home = json!({ "home_id": HOME.to_string(), "owner_uid": USER_ID, "get_type": 2 });
    let list = caller.call(&format!("{SCENES}/GetSimpleSceneList"), &home).await;
    assert_eq!(list["result"]["manual_scene_info_list"][0]["scene_id"], "1");
    let mut run = json!({
        "scene_id": "1", "scene_type": 2, "phone_id": "null", "home_id": HOME.to_string(),
    });
    let path = format!("{SCENES}/NewRunScene");
    // It is shared homes that it fails for otherwise.
    assert_eq!(caller.call(&path, &run).await["code"], -8);
    run["owner_uid"] = USER_ID.into();
    assert_eq!(caller.call(&path, &run).await["result"], true);
    assert_eq!(cloud.report().scenes["1"], 1);
    let edited =
        json!({ "scene_id": "1", "home_id": HOME.to_string(), "name": "film", "odd": [1] });
    caller.call(&format!("{SCENES}/Edit"), &edited).await;
    let list = caller.call(&format!("{SCENES}/GetSceneList"), &home).await;
    assert_eq!(list["result"]["scene_info_list"][0], edited);
    let history = json!({
        "home_id": HOME, "uid": USER_ID, "owner_uid": USER_ID, "command": "history", "limit": 15,
    });
    let history = caller.call("/scene/history", &history).await;
    assert_eq!(history["result"]["history"][0]["name"], "film");
}

#[tokio::test]
async fn keys_files_and_what_was() {
    let remote = CloudDevice::new("ir.1").field("parent_id", DID).key("5", "POWER");
    let thermometer = CloudDevice::new("blt.3").beacon_key("00112233445566778899aabbccddeeff");
    let cloud = cloud().device(remote).device(thermometer).spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    for (path, data, pointer, wanted) in [
        (
            "/v2/device/blt_get_beaconkey",
            json!({ "did": "blt.3", "pdid": 1 }),
            "/result/beaconkey",
            json!("00112233445566778899aabbccddeeff"),
        ),
        (
            "/v2/irdevice/controllers",
            json!({ "parent_id": DID }),
            "/result/controllers/0/did",
            json!("ir.1"),
        ),
        (
            "/v2/irdevice/controller/keys",
            json!({ "did": "ir.1" }),
            "/result/keys/0/name",
            json!("POWER"),
        ),
        (
            "/v2/irdevice/controller/key/click",
            json!({ "did": "ir.1", "key_id": "5" }),
            "/code",
            json!(0),
        ),
        (
            "/v2/irdevice/controller/key/click",
            json!({ "did": "ir.1", "key_id": "6" }),
            "/code",
            json!(-8),
        ),
        ("/v2/device/latest_ver", json!({ "did": DID }), "/result/version", json!("2.1.3_0013")),
        (
            "/user/get_user_device_data",
            json!({ "did": DID, "type": "prop", "key": "2.2", "time_start": 1, "time_end": 2, "limit": 20 }),
            "/result/0/value",
            json!("[50]"),
        ),
        (
            "/user/get_user_device_data",
            json!({ "did": DID, "type": "prop", "key": "2.2", "time_start": 2, "time_end": 2, "limit": 20 }),
            "/code",
            json!(-8),
        ),
        (
            "/v2/user/statistics",
            json!({ "did": DID, "key": "7.1", "data_type": "stat_day_v3", "time_start": 0, "time_end": 90_000, "limit": 5 }),
            "/result/1/value",
            json!("[12,34]"),
        ),
        (
            "/device/batchdevicedatas",
            json!([{ "did": DID, "props": ["prop.2.2"] }]),
            "/result/300000001/prop.2.2",
            json!(50),
        ),
        ("/v2/message/v2/check_new_msg", json!({ "begin_at": 1 }), "/code", json!(0)),
        ("/v2/message/v2/typelist", json!({}), "/result/messages/0/msg_id", json!("1")),
        (
            "/v2/home/get_interim_file_url",
            json!({ "obj_name": format!("1/{DID}/0") }),
            "/code",
            json!(0),
        ),
        ("/v2/home/get_interim_file_url", json!({ "obj_name": "1/2/0" }), "/code", json!(-6)),
        ("/nowhere", json!({}), "/code", json!(-4)),
    ] {
        let answer = caller.call(path, &data).await;
        assert_eq!(answer.pointer(pointer), Some(&wanted), "{path}: {answer}");
    }
    assert_eq!(cloud.report().actions["ir.1"], 1);
}

#[tokio::test]
async fn what_is_no_cloud() {
    let twice = || CloudDevice::new("1");
    let built = SimCloud::builder().device(twice()).device(twice()).spawn().await;
    assert!(matches!(built, Err(SpawnError::Build(BuildError::Did { did })) if did == "1"));
    let built = SimCloud::builder().device(twice().home(9)).spawn().await;
    assert!(matches!(built, Err(SpawnError::Build(BuildError::Home { id: 9 }))));
    let built = cloud().device(twice().home(HOME).room(8)).spawn().await;
    assert!(matches!(built, Err(SpawnError::Build(BuildError::Room { id: 8 }))));
    let built = SimCloud::builder().account(account()).account(account()).spawn().await;
    assert!(matches!(built, Err(SpawnError::Build(BuildError::UserId))));
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let built = SimCloud::builder().listen(taken.local_addr().unwrap()).spawn().await;
    assert!(matches!(built, Err(SpawnError::Bind { .. })));
}
