//! Outages, and lines that break.

use std::time::Duration;

use iot_home::micloud::MiCloud;
use iot_home::micloud::api;
use iot_home::micloud::client::ErrorKind;
use iot_home::sim::micloud::{CloudDevice, Faults, Outage};
use iot_home::sim::{SimCloud, SimDevice};
use iot_home::{ActionId, Did};

use super::{account, builder, logged_in, within};

const PATH: &str = "/v2/message/v2/check_new_msg";

async fn lamp() -> (SimCloud, MiCloud) {
    let lamp = CloudDevice::of(SimDevice::light().did(300_000_001));
    let cloud = builder().account(account()).device(lamp).spawn().await.unwrap();
    let client = logged_in(&cloud).await;
    (cloud, client)
}

async fn toggle(client: &MiCloud) -> Result<(), ErrorKind> {
    let did = Did::from(300_000_001);
    let done = within(client.action(&did, ActionId::new(2, 1), &[])).await;
    done.map(drop).map_err(|error| error.kind())
}

#[tokio::test]
async fn reads_are_sent_again() {
    let (cloud, client) = lamp().await;
    let outages =
        [Outage::Status(503), Outage::Page, Outage::Closed, Outage::Unanswered, Outage::Truncated];
    for outage in outages {
        cloud.set_faults(Faults::default().next(outage, 2).below("/app/"));
        let before = cloud.report();
        let answer = within(client.check_messages(0)).await;
        assert!(answer.is_ok(), "{outage:?}: {answer:?}");
        let after = cloud.report();
        assert_eq!(after.outages - before.outages, 2, "{outage:?}");
        assert_eq!(after.violations.total(), 0, "each is signed anew: {outage:?}");
    }
    let report = cloud.report();
    assert_eq!(report.called(PATH), 3 + 6, "what was done and not answered was done again");
    assert_eq!(report.logins(), 1);
}

#[tokio::test]
async fn an_end_comes_to_that() {
    let (cloud, client) = lamp().await;
    cloud.set_faults(Faults::default().next(Outage::Status(502), u64::MAX).below("/app/"));
    let error = within(client.check_messages(0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(cloud.report().outages, 4, "one, and three more");
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    let (cloud, client) = lamp().await;
    for (outage, kind) in [
        (Outage::Unanswered, ErrorKind::Transport),
        (Outage::Truncated, ErrorKind::Transport),
        (Outage::Status(503), ErrorKind::Unavailable),
        (Outage::Page, ErrorKind::Unavailable),
    ] {
        cloud.set_faults(Faults::default().next(outage, 1).below("/app/"));
        assert_eq!(toggle(&client).await, Err(kind), "{outage:?}");
    }
    assert_eq!(cloud.report().actions.get("300000001"), Some(&2), "the first two");
    assert_eq!(toggle(&client).await, Ok(()));
    // Nobody knows what any other call does.
    cloud.set_faults(Faults::default().next(Outage::Unanswered, 1).below("/app/"));
    let error = within(client.call(PATH, r#"{"begin_at":0}"#)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(cloud.report().called(PATH), 1);
}

#[tokio::test]
async fn every_wait_has_its_end() {
    let (cloud, client) = lamp().await;
    let long = Duration::from_secs(20);
    for outage in [Outage::Delayed(long), Outage::Slow(1, Duration::from_millis(40))] {
        cloud.set_faults(Faults::default().next(outage, 1).below("/app/"));
        let call = api::check_messages(0).timeout(Duration::from_millis(300));
        let error = within(client.send(&call)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{outage:?}: {error}");
        cloud.set_faults(Faults::default());
        assert!(within(client.check_messages(0)).await.is_ok(), "the next one is not harmed");
    }
}

#[tokio::test]
async fn nobody_listens() {
    let (cloud, client) = lamp().await;
    drop(cloud);
    let error = within(client.check_messages(0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.is_transient() && error.hint().is_some());
}
