//! Logins that end: one renewal for all callers, in each of the server's words.

use std::time::Duration;

use iot_home_micloud::client::ErrorKind;
use iot_home_micloud::{LoginError, Session};
use iot_home_sim::micloud::{Expiry, Faults, Outage};
use serde_json::json;

use super::{DID, account, client, cloud_of, logged_in};

#[tokio::test]
async fn fifty_callers_renew_once_whatever_the_words() {
    for expiry in Expiry::ALL {
        let cloud = cloud_of(account()).spawn().await.unwrap();
        let client = logged_in(&cloud).await;
        let sessions = client.sessions();
        cloud.expire(expiry);
        let callers: Vec<_> = (0..50)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.call("/home/device_list", &json!({})).await })
            })
            .collect();
        for caller in callers {
            let result = caller.await.unwrap();
            assert!(result.is_ok(), "{expiry:?}: {result:?}");
        }
        let report = cloud.report();
        assert_eq!(report.pass_token_logins, 1, "{expiry:?}");
        assert_eq!(report.called("/home/device_list"), 50, "{expiry:?}");
        assert_eq!(report.violations.total(), 0, "{expiry:?}: {:?}", report.violations);
        assert!(sessions.has_changed().unwrap(), "the new session is told");
    }
}

#[tokio::test]
async fn what_may_not_be_repeated_is_done_once_after_an_expired_login() {
    let cloud = cloud_of(account()).spawn().await.unwrap();
    let client = logged_in(&cloud).await;
    cloud.expire(Expiry::Code3);
    let did = DID.parse().unwrap();
    client.rpc(&did, "get_prop", &json!(["power"])).await.unwrap();
    let report = cloud.report();
    assert_eq!((report.pass_token_logins, report.rpcs[DID]), (1, 1));
}

#[tokio::test]
async fn a_pass_token_that_is_refused_needs_a_person_and_is_asked_once() {
    let cloud = cloud_of(account()).spawn().await.unwrap();
    let client = logged_in(&cloud).await;
    cloud.expire(Expiry::Status401);
    cloud.forget_pass_tokens();
    for _ in 0..3 {
        let error = client.devices().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginNeeded, "{error}");
        assert_eq!(error.login_error(), Some(LoginError::PassToken));
        assert!(error.hint().is_some());
    }
    assert_eq!(cloud.report().pass_tokens_refused, 1);
}

#[tokio::test]
async fn renewals_of_no_use_have_a_limit() {
    let cloud = cloud_of(account()).spawn().await.unwrap();
    let client = logged_in(&cloud).await;
    // It never accepts a call, whoever asks.
    cloud.set_faults(Faults::seed(1).next(Outage::Status(401), u64::MAX).below("/app/"));
    for _ in 0..4 {
        let error = client.devices().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Expired, "{error}");
    }
    assert_eq!(cloud.report().pass_token_logins, 1);
}

#[tokio::test]
async fn the_servers_time_is_learnt_before_a_login_is_blamed() {
    let cloud = cloud_of(account()).time_ahead(7200).spawn().await.unwrap();
    let first = logged_in(&cloud).await;
    let session: Session = (*first.session().unwrap()).clone();
    first.devices().await.unwrap();
    // Another one has heard nothing of the server so far.
    let second = client(&cloud).session(session).build().unwrap();
    let before = cloud.report().violations.nonce_age;
    assert_eq!(second.devices().await.unwrap().len(), 1);
    let report = cloud.report();
    assert_eq!(report.violations.nonce_age - before, 1);
    assert_eq!(report.pass_token_logins, 0);
}

#[tokio::test]
async fn nobody_logged_in_sends_nothing() {
    let cloud = cloud_of(account()).spawn().await.unwrap();
    let client = client(&cloud).timeout(Duration::from_secs(5)).build().unwrap();
    assert_eq!(client.devices().await.unwrap_err().kind(), ErrorKind::LoginNeeded);
    assert_eq!(cloud.report().requests, 0);
}
