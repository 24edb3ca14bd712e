//! Calls: what is gathered, what is repeated, and what is not.

use std::time::Duration;

use iot_home_core::{Did, PropertyId};
use iot_home_micloud::Mode;
use iot_home_micloud::api::DataSource;
use iot_home_micloud::client::ErrorKind;
use iot_home_sim::micloud::{Faults, Outage};
use serde_json::json;

use super::{DID, account, client, cloud_of, logged_in};

fn key(piid: u16) -> (Did, PropertyId) {
    (DID.parse().unwrap(), format!("2.{piid}").parse().unwrap())
}

#[tokio::test]
async fn callers_at_the_same_time_share_a_request_and_get_their_own() {
    let cloud = cloud_of(account()).spawn().await.unwrap();
    let client = logged_in(&cloud).await;
    let asked = [vec![key(1), key(2)], vec![key(2), key(1), key(2)], vec![key(1)]];
    let callers: Vec<_> = asked
        .into_iter()
        .map(|asked| {
            let client = client.clone();
            tokio::spawn(async move {
                let found = client.properties(&asked, DataSource::Device).await.unwrap();
                (asked, found)
            })
        })
        .collect();
    for caller in callers {
        let (asked, found) = caller.await.unwrap();
        assert_eq!(asked.len(), found.len());
        for ((_, id), result) in asked.iter().zip(found) {
            assert_eq!(result.expect("an answer").id, *id);
        }
    }
    let report = cloud.report();
    assert_eq!(report.called("/miotspec/prop/get"), 1);
    assert_eq!(report.reads[DID], 2, "nothing is asked for twice");
}

#[tokio::test]
async fn outages_are_outlived_by_what_may_be_repeated() {
    for outage in
        [Outage::Status(503), Outage::Page, Outage::Closed, Outage::Truncated, Outage::Unanswered]
    {
        let cloud = cloud_of(account()).spawn().await.unwrap();
        let client = logged_in(&cloud).await;
        cloud.set_faults(Faults::seed(1).next(outage, 2).below("/app/"));
        let devices = client.devices().await;
        assert_eq!(
            devices.map(|devices| devices.len()).map_err(|e| e.to_string()),
            Ok(1),
            "{outage:?}"
        );
    }
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    for outage in [Outage::Truncated, Outage::Unanswered, Outage::Status(502)] {
        let cloud = cloud_of(account()).spawn().await.unwrap();
        let client = logged_in(&cloud).await;
        cloud.set_faults(Faults::seed(1).next(outage, 1).below("/app/"));
        let before = cloud.report().requests;
        let did = DID.parse().unwrap();
        let error = client.rpc(&did, "set_power", &json!(["on"])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MaybeSent, "{outage:?}: {error}");
        assert_eq!(cloud.report().requests - before, 1, "{outage:?}");
    }
}

#[tokio::test]
async fn a_call_ends_in_time() {
    let cloud = cloud_of(account()).spawn().await.unwrap();
    let session = (*logged_in(&cloud).await.session().unwrap()).clone();
    let client =
        client(&cloud).session(session).timeout(Duration::from_millis(300)).build().unwrap();
    let slow = Outage::Delayed(Duration::from_secs(30));
    cloud.set_faults(Faults::seed(1).next(slow, u64::MAX).below("/app/"));
    let error = client.call("/home/device_list", &json!({})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MaybeSent, "{error}");
    assert_eq!(client.homes().await.unwrap_err().kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn families_and_both_modes_work() {
    let cloud = cloud_of(account()).spawn().await.unwrap();
    let client = logged_in(&cloud).await;
    let (homes, devices) = client.inventory().await.unwrap();
    assert_eq!((homes.len(), devices.len()), (1, 1));
    let (id, owner) = (homes[0].id, homes[0].owner.unwrap());
    let scenes = client.scenes(id, owner).await.unwrap();
    assert_eq!(scenes.manual.len(), 1);
    client.run_scene("1", id, owner).await.unwrap();
    assert_eq!(cloud.report().scenes["1"], 1);
    let plain = client.in_mode(Mode::Plain);
    assert!(plain.call("/home/device_list", &json!({})).await.unwrap()["list"].is_array());
    let (did, id) = key(1);
    let set = [(did.clone(), id, json!(true))];
    let set = client.set_properties(&set).await.unwrap();
    assert!(set[0].as_ref().unwrap().code.is_ok(), "{set:?}");
    let error = client.call("no path", &json!({})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    assert_eq!(cloud.report().violations.total(), 0);
}
