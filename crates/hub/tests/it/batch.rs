//! Many devices at once.

use iot_home_hub::Source;
use iot_home_hub::home::{ErrorKind, Via};
use iot_home_sim::SimDevice;
use iot_home_sim::micloud::CloudDevice;
use serde_json::json;

use crate::rig::{cloud, home, known, logged_in};

#[tokio::test]
async fn many_devices_are_read_and_set_at_once() {
    let mut lan = Vec::new();
    for _ in 0..5 {
        lan.push(SimDevice::light().spawn().await.unwrap());
    }
    // The cloud alone knows these.
    let far = (0..20).map(|n| {
        CloudDevice::of(SimDevice::light().did(900_000 + n))
            .name(format!("far {n}"))
            .field("localip", "")
    });
    let cloud = cloud(far).await;
    let home = home().await.cloud(logged_in(&cloud).await).open().await.unwrap();
    home.refresh().await.unwrap();
    for (n, sim) in lan.iter().enumerate() {
        home.learn(Source::Miio, known(sim, &format!("near {n}"))).unwrap();
    }
    let devices = home.devices();
    assert_eq!(devices.len(), 25);
    let values = devices.iter().flat_map(|device| {
        [
            (device.clone(), "light:on", json!(true)),
            (device.clone(), "light:brightness", json!(33)),
            (device.clone(), "light:brightness", json!(133)),
        ]
    });
    let set = home.set_all(values).await;
    for item in set.chunks(3) {
        assert!(item[0].as_ref().unwrap().is_ok() && item[1].as_ref().unwrap().is_ok());
        assert_eq!(item[2].as_ref().unwrap_err().kind(), ErrorKind::BadInput);
    }
    let asked = devices.iter().flat_map(|device| {
        [
            (device.clone(), "light:brightness"),
            (device.clone(), "light:nothing"),
            (device.clone(), "light:on"),
        ]
    });
    let read = home.get_all(asked).await;
    assert_eq!(read.len(), 75);
    for (device, item) in devices.iter().zip(read.chunks(3)) {
        let via = if device.name().starts_with("far") { Via::Cloud } else { Via::Lan };
        let [brightness, nothing, on] = item else { panic!("three each") };
        let (brightness, on) = (brightness.as_ref().unwrap(), on.as_ref().unwrap());
        assert_eq!((brightness.value.as_ref(), brightness.via()), (Some(&json!(33)), via));
        assert_eq!(on.value, Some(json!(true)));
        assert_eq!(nothing.as_ref().unwrap_err().kind(), ErrorKind::BadInput);
    }
    assert_eq!(cloud.report().called("/miotspec/prop/set"), 1);
    // Twenty devices, one request; the properties of a device too.
    assert_eq!(cloud.report().called("/miotspec/prop/get"), 1);
    assert!(lan.iter().all(|sim| sim.report().executed("set_properties") == 1));
    assert!(lan.iter().all(|sim| sim.report().executed("get_properties") <= 2));
    assert_eq!(cloud.report().violations.total(), 0);
}
