//! Calls of each family, and calls of any other path.

use iot_home::micloud::MiCloud;
use iot_home::micloud::Mode;
use iot_home::micloud::api::{self, DataKind, Group, Storage};
use iot_home::micloud::client::ErrorKind;
use iot_home::sim::micloud::{CloudDevice, Home, Scene};
use iot_home::sim::{SimCloud, SimDevice};
use iot_home::{ActionId, Did, PropertyId};
use serde_json::json;

use super::{account, assert_clean, builder, logged_in, within};

const LAMP: u64 = 300_000_001;

async fn house() -> (SimCloud, MiCloud) {
    let scene =
        Scene::new(9_000_000_000_000_001, "good night").field("unknown", json!({"kept": 1}));
    let cloud = builder()
        .account(account())
        .home(Home::new(11, "home").room(21, "hall").scene(scene))
        .device(CloudDevice::of(SimDevice::light().did(LAMP)).home(11).room(21))
        .device(CloudDevice::new("blt.3.1abc").beacon_key("00112233445566778899aabbccddeeff"))
        .device(CloudDevice::new("ir.1").key("1", "POWER").field("parent_id", LAMP.to_string()))
        .spawn()
        .await
        .unwrap();
    let client = logged_in(&cloud).await;
    (cloud, client)
}

#[tokio::test]
async fn a_device_is_read_written_and_acts() {
    let (cloud, client) = house().await;
    let did = Did::from(LAMP);
    let bright = PropertyId::new(2, 2);
    let asked = [(did.clone(), bright), (did.clone(), PropertyId::new(9, 9))];
    let written = within(client.set_properties(&[(did.clone(), bright, json!(70))])).await.unwrap();
    assert!(written[0].as_ref().unwrap().code.is_ok());
    let read = within(client.properties(&asked, api::DataSource::Device)).await.unwrap();
    assert_eq!(read[0].as_ref().unwrap().value, Some(json!(70)));
    assert!(!read[1].as_ref().unwrap().code.is_ok());
    let input = [json!(30), json!(3000)];
    let acted = within(client.action(&did, ActionId::new(2, 2), &input)).await.unwrap();
    assert_eq!(acted.out, [json!(true)]);
    let answer = within(client.rpc(&did, "get_prop", &json!(["bright"]))).await.unwrap();
    assert_eq!(answer, json!([30]));
    let error = within(client.rpc(&"no/did".parse().unwrap(), "x", &json!([]))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    assert_clean(&cloud);
}

#[tokio::test]
async fn scenes_are_listed_run_changed_and_remembered() {
    let (cloud, client) = house().await;
    let home = within(client.homes()).await.unwrap().remove(0);
    let scenes = within(client.scenes(&home)).await.unwrap();
    assert_eq!(scenes.manual[0].name, "good night");
    within(client.run_scene(&home, &scenes.manual[0].id)).await.unwrap();
    assert_eq!(cloud.report().scenes.get("9000000000000001"), Some(&1));
    let changed = client.edit_scene(&home, &scenes.manual[0].id, |record| {
        record.insert("name".into(), json!("good morning"));
    });
    let changed = within(changed).await.unwrap();
    assert_eq!(changed.name, "good morning");
    let kept: serde_json::Value = changed.raw.read().unwrap();
    assert_eq!(kept["unknown"], json!({"kept": 1}), "what nobody knows is kept");
    let error = within(client.edit_scene(&home, "1", |_| {})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    let history = within(client.scene_history(&home, 15)).await.unwrap();
    assert_eq!(history["history"][0]["userSceneId"], "9000000000000001");
    assert_clean(&cloud);
}

#[tokio::test]
async fn everything_else() {
    let (cloud, client) = house().await;
    let (lamp, bluetooth, remote) =
        (Did::from(LAMP), "blt.3.1abc".parse().unwrap(), "ir.1".parse().unwrap());
    let key = within(client.beacon_key(&bluetooth)).await.unwrap();
    assert_eq!(key.beaconkey.expose(), "00112233445566778899aabbccddeeff");
    let firmware = within(client.latest_firmware(&lamp)).await.unwrap();
    assert!(firmware["version"].is_string());
    let controllers = within(client.infrared_controllers(&lamp)).await.unwrap();
    assert_eq!(controllers[0].did, remote);
    let keys = within(client.infrared_keys(&remote)).await.unwrap();
    within(client.press_key(&remote, &keys[0].id)).await.unwrap();
    assert_eq!(cloud.report().actions.get("ir.1"), Some(&1));
    let time = 1_700_000_000..1_700_086_400;
    let data = client.device_data(&lamp, DataKind::Property, "2.1", time.clone(), 20);
    within(data).await.unwrap();
    let sums = within(client.statistics(&lamp, "7.1", Group::Day, time.clone(), 20)).await.unwrap();
    assert!(!sums.0.is_empty());
    within(client.messages()).await.unwrap();
    within(client.file_url(Storage::Interim, &format!("1234567890/{LAMP}/0"))).await.unwrap();
    let millis = time.start * 1000..time.end * 1000;
    within(client.camera_events(&lamp, "chuangmi.camera.069a01", millis, 5)).await.unwrap();
    let call = api::camera_playlist(&lamp, "chuangmi.camera.069a01", "file", false);
    let url = client.signed_url(&call).unwrap();
    assert!(url.expose().contains("/common/app/m3u8?"), "{}", url.expose());
    assert_eq!(client.signed_url(&api::messages()).unwrap_err().kind(), ErrorKind::BadInput);
    assert_clean(&cloud);
}

#[tokio::test]
async fn what_wears_out_what_was_logged_and_what_many_said() {
    let (cloud, client) = house().await;
    let home = within(client.homes()).await.unwrap().remove(0);
    let worn = within(client.consumables(&home)).await.unwrap();
    assert_eq!(worn.items.len(), 1);
    assert_eq!(worn.items[0].consumes, [json!({ "did": LAMP.to_string(), "value": "50" })]);
    let did = Did::from(LAMP);
    assert_eq!(within(client.device_log(&did, 0..86_400, 50)).await.unwrap(), json!([]));
    let error = within(client.device_log(&did, 0..86_400, 51)).await.unwrap_err();
    assert_eq!(error.code(), Some(-8));
    let asked: [(Did, &[&str]); 2] =
        [(did.clone(), &["prop.2.2", "prop.9.9"]), ("elsewhere".parse().unwrap(), &["prop.x"])];
    let data = within(client.batch_device_data(&asked)).await.unwrap();
    assert!(data.value(&did, "prop.2.2").is_some_and(serde_json::Value::is_number), "{data:?}");
    assert_eq!(data.value(&did, "prop.9.9"), None);
    assert_eq!(data.dids().collect::<Vec<_>>(), [LAMP.to_string()]);
    assert_eq!(cloud.report().violations.bad_data, 1, "the limit");
}

#[tokio::test]
async fn any_other_path_in_both_modes() {
    let (cloud, client) = house().await;
    for client in [client.clone(), client.in_mode(Mode::Plain)] {
        let answer = within(client.call("/app/home/device_list", r#"{"dids":["300000001"]}"#));
        assert_eq!(answer.await.unwrap()["list"][0]["did"], "300000001");
    }
    for (path, data) in [("home", "{}"), ("/home/../x", "{}"), ("/home", "no JSON")] {
        let error = within(client.call(path, data)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadInput, "{path}");
    }
    assert_clean(&cloud);
    let error = within(client.beacon_key(&Did::from(1))).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Refused, Some(-7)));
    assert!(error.to_string().starts_with("/v2/device/blt_get_beaconkey: "), "{error}");
}
