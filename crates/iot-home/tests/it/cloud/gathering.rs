//! Reads that go together.

use iot_home::micloud::MiCloud;
use iot_home::micloud::api::DataSource;
use iot_home::micloud::client::ErrorKind;
use iot_home::sim::micloud::{CloudDevice, Faults, Outage};
use iot_home::sim::{SimCloud, SimDevice};
use iot_home::{Did, PropertyId};
use serde_json::json;

use super::{account, assert_clean, builder, logged_in, within};

const PATH: &str = "/miotspec/prop/get";
const BRIGHT: PropertyId = PropertyId::new(2, 2);
const CT: PropertyId = PropertyId::new(2, 3);

async fn lamps(count: u64) -> (SimCloud, MiCloud) {
    let mut house = builder().account(account());
    for number in 1..=count {
        house = house.device(CloudDevice::of(SimDevice::light().did(number)));
    }
    let cloud = house.spawn().await.unwrap();
    let client = logged_in(&cloud).await;
    let values: Vec<_> =
        (1..=count).map(|number| (Did::from(number), BRIGHT, json!(number % 100 + 1))).collect();
    within(client.set_properties(&values)).await.unwrap();
    (cloud, client)
}

#[tokio::test]
async fn many_callers_make_one_request_and_each_gets_its_own() {
    let (cloud, client) = lamps(30).await;
    let reads = (1..=30_u64).rev().map(|number| {
        let client = client.clone();
        async move {
            let did = Did::from(number);
            // What another one asks for too, what is answered in another order, and what nobody answers.
            let asked = [(did.clone(), CT), (Did::from(1), BRIGHT), (did, BRIGHT)];
            (number, client.properties(&asked, DataSource::Device).await.unwrap())
        }
    });
    for (number, results) in within(futures_util::future::join_all(reads)).await {
        let values: Vec<_> =
            results.into_iter().map(|result| result.unwrap().value.unwrap()).collect();
        assert_eq!(values, [json!(4000), json!(2), json!(number % 100 + 1)], "{number}");
    }
    let report = cloud.report();
    assert_eq!(report.called(PATH), 1);
    assert_eq!(report.reads.get("1"), Some(&2), "nothing is asked for twice");
    assert_clean(&cloud);
}

#[tokio::test]
async fn as_many_requests_as_it_takes() {
    let (cloud, client) = lamps(200).await;
    let asked: Vec<_> =
        (1..=200_u64).flat_map(|n| [(Did::from(n), BRIGHT), (Did::from(n), CT)]).collect();
    let results = within(client.properties(&asked, DataSource::Cache)).await.unwrap();
    assert_eq!(results.len(), 400);
    for ((did, id), result) in asked.iter().zip(&results) {
        let result = result.as_ref().unwrap();
        assert_eq!(result.id, *id);
        if *id == BRIGHT {
            assert_eq!(result.value, Some(json!(did.as_u64().unwrap() % 100 + 1)));
        }
    }
    assert_eq!(cloud.report().called(PATH), 3);
    assert_eq!(within(client.properties(&[], DataSource::Cache)).await.unwrap(), []);
    assert_clean(&cloud);
}

#[tokio::test]
async fn sources_do_not_mix_and_failures_are_shared() {
    let (cloud, client) = lamps(2).await;
    let asked = [(Did::from(1), BRIGHT)];
    let both = async {
        tokio::join!(
            client.properties(&asked, DataSource::Device),
            client.properties(&asked, DataSource::Cache)
        )
    };
    let (device, cache) = within(both).await;
    assert_eq!((device.unwrap().len(), cache.unwrap().len()), (1, 1));
    assert_eq!(cloud.report().called(PATH), 2);
    cloud.set_faults(Faults::default().next(Outage::Status(400), u64::MAX).below("/app/"));
    let both = async {
        tokio::join!(
            client.properties(&asked, DataSource::Device),
            client.properties(&asked, DataSource::Device)
        )
    };
    let (first, second) = within(both).await;
    assert_eq!(first.unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(second.unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(cloud.report().outages, 1);
}
