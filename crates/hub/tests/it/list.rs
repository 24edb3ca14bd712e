//! What the cloud's lists tell, and what devices tell of themselves.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use iot_home_http::bytes::Bytes;
use iot_home_http::http::Response;
use iot_home_http::{Answering, Body, HttpClient, Request};
use iot_home_hub::Source;
use iot_home_hub::home::{ErrorKind, Via};
use iot_home_micloud::Region;
use iot_home_miot::{SpecServer, samples};
use iot_home_sim::SimDevice;
use iot_home_sim::micloud::{CloudDevice, Faults, Outage};
use serde_json::json;
use tokio::time::Instant;

use crate::rig::{cloud, home, in_regions, known, logged_in, seen};

#[tokio::test]
async fn the_lists_of_all_chosen_regions_are_fetched() {
    let device = |did: u64, region| {
        let device = CloudDevice::of(SimDevice::light().did(did)).name(format!("lamp {did}"));
        device.region(region)
    };
    let cloud = cloud([
        device(920_001, Region::Cn),
        device(920_002, Region::De),
        device(920_003, Region::Us),
    ])
    .await;
    let client = in_regions(&cloud).await;
    let regions = [Region::De, Region::Cn, Region::De];
    let home = home().await.cloud(client).regions(regions).open().await.unwrap();
    let refreshed = home.refresh().await.unwrap();
    assert_eq!((refreshed.devices, refreshed.failed.len()), (2, 0));
    assert_eq!(home.device("lamp 920003").unwrap_err().kind(), ErrorKind::Device);
    let lamp = home.device("lamp 920002").unwrap();
    assert_eq!(&*lamp.facts().unwrap().cloud.unwrap().region, "de");
    assert_eq!(lamp.get("light:brightness").await.unwrap().via(), Via::Cloud);

    // That one fails does not concern the other.
    cloud.set_faults(Faults::seed(1).next(Outage::Status(500), u64::MAX).below("/de/app/"));
    let refreshed = home.refresh().await.unwrap();
    assert_eq!(refreshed.devices, 1);
    assert!(
        matches!(&refreshed.failed[..], [(Region::De, error)] if error.kind() == ErrorKind::Cloud)
    );
    assert!(home.device("lamp 920002").is_ok(), "what is known is kept");
    cloud.set_faults(Faults::seed(1).next(Outage::Status(500), u64::MAX));
    assert_eq!(home.refresh().await.unwrap_err().kind(), ErrorKind::Cloud);
}

/// A spec server that knows one instance and no list of models.
struct OneSpec {
    asked: Mutex<Vec<String>>,
}

const URN: &str = "urn:miot-spec-v2:device:light:0000A001:acme-new1:4";

impl HttpClient for OneSpec {
    fn send(&self, request: Request) -> Answering<'_> {
        let path = request.uri().path_and_query().unwrap().to_string();
        self.asked.lock().unwrap().push(path.clone());
        let mut instance: serde_json::Value = serde_json::from_str(samples::LIGHT.json).unwrap();
        instance["type"] = json!(URN);
        let found = path.ends_with(&format!("instance?type={URN}"));
        let status = if found { 200 } else { 404 };
        let body = Bytes::from(if found { instance.to_string() } else { String::new() });
        Box::pin(
            async move { Ok(Response::builder().status(status).body(Body::from(body)).unwrap()) },
        )
    }
}

#[tokio::test]
async fn the_spec_that_the_record_names_is_the_devices() {
    let web = Arc::new(OneSpec { asked: Mutex::default() });
    let server = SpecServer::builder().http(Arc::<OneSpec>::clone(&web)).build().unwrap();
    let sim = SimDevice::light().model("acme.light.new1").spawn().await.unwrap();
    let record = CloudDevice::running(&sim).name("Lamp").field("spec_type", URN);
    let cloud = cloud([record]).await;
    let home =
        home().await.cloud(logged_in(&cloud).await).spec_server(server).open().await.unwrap();
    home.refresh().await.unwrap();
    home.learn(Source::Miio, seen(&sim)).unwrap();
    let lamp = home.device("Lamp").unwrap();
    let read = lamp.get("light:brightness").await.unwrap();
    assert_eq!((read.value, read.shown.as_deref()), (Some(json!(50)), Some("50 %")));
    // The list of all models, which has megabytes, was not needed.
    let asked = web.asked.lock().unwrap();
    assert!(asked.iter().all(|path| path.contains("instance?type=")), "{asked:?}");
}

#[tokio::test]
async fn a_token_that_is_fetched_takes_no_room_away() {
    let sim = SimDevice::light().spawn().await.unwrap();
    let record = CloudDevice::running(&sim).name("Lamp").home(1).room(2);
    let cloud = crate::rig::cloud_with_a_home([record]).await;
    let home = home().await.cloud(logged_in(&cloud).await).open().await.unwrap();
    home.refresh().await.unwrap();
    home.learn(Source::Miio, seen(&sim)).unwrap();
    let lamp = home.device("Lamp").unwrap();
    lamp.get("light:on").await.unwrap();
    let place = || {
        let cloud = lamp.facts().unwrap().cloud.unwrap();
        (cloud.home, cloud.room)
    };
    let before = place();
    assert_eq!(before, (Some("flat".into()), Some("hall".into())));
    sim.set_token([0x42; 16]);
    assert_eq!(lamp.get("light:on").await.unwrap().via(), Via::Lan);
    assert_eq!(place(), before);
}

#[tokio::test]
async fn a_device_whose_model_is_not_known_is_asked_for_it_once() {
    let sim = SimDevice::light().spawn().await.unwrap();
    let home = home().await.open().await.unwrap();
    let mut facts = known(&sim, "Lamp");
    facts.model = None;
    home.learn(Source::Miio, facts).unwrap();
    let lamp = home.device("Lamp").unwrap();
    let (one, two) = tokio::join!(lamp.get("light:brightness"), lamp.get("light:on"));
    assert_eq!((one.unwrap().value, two.unwrap().value), (Some(json!(50)), Some(json!(false))));
    assert_eq!(lamp.facts().unwrap().model.as_deref(), Some(sim.model()));
    lamp.get("light:on").await.unwrap();
    assert_eq!(sim.report().executed("miIO.info"), 1);
}

/// A spec server behind a firewall that drops everything.
struct Unreachable;

impl HttpClient for Unreachable {
    fn send(&self, _: Request) -> Answering<'_> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn whoever_is_cut_off_from_the_internet_has_a_lan() {
    let server = SpecServer::builder().http(Arc::new(Unreachable)).build().unwrap();
    let sim = SimDevice::light().model("acme.light.new1").spawn().await.unwrap();
    let home = home().await.spec_server(server).deadline(Duration::from_secs(4));
    let home = home.open().await.unwrap();
    home.learn(Source::Miio, known(&sim, "Lamp")).unwrap();
    let lamp = home.device("Lamp").unwrap();
    let read = lamp.get("2.2").await.unwrap();
    assert_eq!((read.value.as_ref(), read.via()), (Some(&json!(50)), Via::Lan));
    let error = lamp.get("light:brightness").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Spec, "{error}");
    assert!(error.to_string().contains("no spec within 2s"), "{error}");
    assert!(error.hint().unwrap().contains("internet"));
    // It is not waited for each time.
    let started = Instant::now();
    lamp.set([("2.2", json!(60))]).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}
