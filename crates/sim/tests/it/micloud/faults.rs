//! What goes wrong when it is to, and what was done all the same.

use std::time::Duration;

use iot_home_sim::micloud::{Faults, Outage};
use serde_json::json;

use super::wire::{Caller, raw};
use super::{DID, cloud};

/// An action, and whether an answer came whole.
async fn act(caller: &mut Caller<'_>) -> Option<u16> {
    let path = "/miotspec/action";
    let nonce = caller.nonce();
    let data = json!({ "params": { "did": DID, "siid": 2, "aiid": 1, "in": [] } });
    let form = caller.form(nonce, path, &data.to_string()).to_urlencoded();
    let url = format!("{}{path}", caller.cloud.api_url());
    let cookies = caller.cookies();
    let headers =
        [("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", cookies.as_str())];
    raw("POST", &url, &headers, &form).await.map(|answer| answer.status)
}

#[tokio::test]
async fn each_outage() {
    let cloud = cloud().spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    for (outage, status, done) in [
        (Outage::Status(503), Some(503), 0),
        (Outage::Page, Some(200), 0),
        (Outage::Closed, None, 0),
        (Outage::Unanswered, None, 1),
        (Outage::Truncated, None, 1),
        (Outage::Slow(7, Duration::from_millis(1)), Some(200), 1),
        (Outage::Delayed(Duration::from_millis(5)), Some(200), 1),
    ] {
        let before = cloud.report().actions.get(DID).copied().unwrap_or(0);
        cloud.set_faults(Faults::seed(1).next(outage, 1));
        assert_eq!(act(&mut caller).await, status, "{outage:?}");
        let after = cloud.report().actions.get(DID).copied().unwrap_or(0);
        assert_eq!(after - before, done, "{outage:?}");
        // Once, and no oftener.
        assert_eq!(act(&mut caller).await, Some(200));
    }
    assert_eq!(cloud.report().outages, 7);
    assert_eq!(cloud.report().violations.total(), 0);
}

#[tokio::test]
async fn equal_seeds_give_equal_runs_below_a_path() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let faults = Faults::seed(7).share(Outage::Status(500), 0.5).below("/app/");
        let cloud = cloud().faults(faults).spawn().await.unwrap();
        // The login is elsewhere.
        let mut caller = Caller::new(&cloud).await;
        let mut run = Vec::new();
        for _ in 0..20 {
            run.push(act(&mut caller).await.unwrap());
        }
        assert!(run.contains(&500) && run.contains(&200), "{run:?}");
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn gzip_and_the_clock() {
    let cloud =
        cloud().time_ahead(86_400).nonce_window(Duration::from_secs(90_000)).spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    assert_eq!(caller.call("/home/device_list", &json!({})).await["code"], 0);
    assert_eq!(cloud.report().compressed, 1);
    let url = format!("{}/pass/serviceLogin?sid=xiaomiio&_json=true", cloud.account_url());
    let answer = raw("GET", &url, &[], "").await.unwrap();
    let date = answer.get("date").unwrap();
    let date = httpdate::parse_http_date(date).unwrap().duration_since(std::time::UNIX_EPOCH);
    let now = iot_home_core::Clock::unix_time(&iot_home_core::SystemClock::new());
    let ahead = date.unwrap().as_secs().abs_diff(now.as_secs());
    assert!(86_398 <= ahead && ahead <= 86_402, "{ahead}");
    let strict = self::cloud().time_ahead(86_400).gzip(false).spawn().await.unwrap();
    let mut caller = Caller::new(&strict).await;
    let answer = caller.call("/home/device_list", &json!({})).await;
    assert_eq!(answer["message"], "invalid signature");
    assert_eq!(strict.report().violations.nonce_age, 1);
}
