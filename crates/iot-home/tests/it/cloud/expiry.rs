//! Logins that are no longer good.

use iot_home::micloud::api;
use iot_home::micloud::client::{ErrorKind, LoginReason};
use iot_home::sim::SimDevice;
use iot_home::sim::micloud::{CloudDevice, Expiry, Faults, Outage};
use iot_home::{ActionId, Did};

use super::{account, assert_clean, builder, client_of, cloud, logged_in, within};

/// So many calls at a time, and what became of them.
async fn at_a_time(
    client: &iot_home::micloud::MiCloud,
    calls: usize,
) -> Vec<Result<(), iot_home::micloud::client::Error>> {
    let calls = (0..calls).map(|_| async { client.send(&api::check_messages(0)).await.map(drop) });
    within(futures_util::future::join_all(calls)).await
}

#[tokio::test]
async fn fifty_calls_renew_it_once_however_it_is_said() {
    for expiry in Expiry::ALL {
        let cloud = cloud().await;
        let client = logged_in(&cloud).await;
        cloud.expire(expiry);
        for result in at_a_time(&client, 50).await {
            result.unwrap_or_else(|error| panic!("{expiry:?}: {error}"));
        }
        let report = cloud.report();
        assert!(report.expired >= 1, "{expiry:?}");
        assert_eq!(report.pass_token_logins, 1, "{expiry:?}");
        assert_eq!(report.password_attempts, 1, "{expiry:?}");
        assert_eq!(report.called("/v2/message/v2/check_new_msg"), 50, "{expiry:?}");
        assert_clean(&cloud);
    }
}

#[tokio::test]
async fn a_person_is_needed_when_the_pass_token_is_not_taken() {
    let cloud = cloud().await;
    let client = logged_in(&cloud).await;
    cloud.expire(Expiry::Code3);
    cloud.forget_pass_tokens();
    for result in at_a_time(&client, 50).await {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NeedsLogin);
        assert_eq!(error.login_reason(), Some(LoginReason::PassTokenRefused));
    }
    at_a_time(&client, 5).await;
    assert_eq!(cloud.report().pass_tokens_refused, 1, "it is not tried again");
    // Until a person came.
    super::log_in(&client).await;
    assert!(at_a_time(&client, 5).await.iter().all(Result::is_ok));
    cloud.expire(Expiry::Code3);
    assert!(at_a_time(&client, 5).await.iter().all(Result::is_ok));
    assert_clean(&cloud);
}

#[tokio::test]
async fn without_a_session_or_a_pass_token() {
    let cloud = cloud().await;
    let nobody = super::client(&cloud);
    let error = at_a_time(&nobody, 1).await.remove(0).unwrap_err();
    assert_eq!(error.login_reason(), Some(LoginReason::NoSession));
    let mut session = logged_in(&cloud).await.session().unwrap();
    session.pass_token = None;
    let client = client_of(&cloud).session(session).build().unwrap();
    assert!(at_a_time(&client, 1).await[0].is_ok());
    cloud.expire(Expiry::Status401);
    let error = at_a_time(&client, 1).await.remove(0).unwrap_err();
    assert_eq!(error.login_reason(), Some(LoginReason::NoPassToken));
}

#[tokio::test]
async fn a_session_without_keys_gets_them() {
    let cloud = cloud().await;
    let mut session = logged_in(&cloud).await.session().unwrap();
    session.services.clear();
    let client = client_of(&cloud).session(session).build().unwrap();
    assert!(at_a_time(&client, 10).await.iter().all(Result::is_ok));
    assert_eq!(cloud.report().pass_token_logins, 1);
    assert_clean(&cloud);
}

#[tokio::test]
async fn not_more_than_three_times_in_ten_minutes() {
    let cloud = cloud().await;
    let client = logged_in(&cloud).await;
    for _ in 0..3 {
        cloud.expire(Expiry::Status403);
        assert!(at_a_time(&client, 3).await.iter().all(Result::is_ok));
    }
    cloud.expire(Expiry::Status403);
    for result in at_a_time(&client, 3).await {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::RenewalLimit);
    }
    assert_eq!(cloud.report().pass_token_logins, 3);
}

#[tokio::test]
async fn what_was_refused_for_its_login_is_done_once_after_it() {
    let lamp = CloudDevice::of(SimDevice::light().did(300_000_001));
    let cloud = builder().account(account()).device(lamp).spawn().await.unwrap();
    let client = logged_in(&cloud).await;
    cloud.expire(Expiry::InvalidSignature);
    let did = Did::from(300_000_001);
    let result = within(client.action(&did, ActionId::new(2, 1), &[])).await.unwrap();
    assert!(result.code.is_ok(), "{result:?}");
    assert_eq!(cloud.report().actions.get("300000001"), Some(&1));
    assert_clean(&cloud);
}

#[tokio::test]
async fn a_renewal_that_fails_is_tried_again_by_later_calls() {
    let cloud = cloud().await;
    let client = logged_in(&cloud).await;
    cloud.expire(Expiry::Code2);
    cloud.set_faults(Faults::default().next(Outage::Page, 1).below("/pass/"));
    for result in at_a_time(&client, 20).await {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    assert_eq!(cloud.report().outages, 1, "it was tried once");
    assert!(at_a_time(&client, 20).await.iter().all(Result::is_ok));
    assert_eq!(cloud.report().pass_token_logins, 1);
}

#[tokio::test]
async fn whoever_goes_away_leaves_the_renewal_to_the_others() {
    let cloud = cloud().await;
    let client = logged_in(&cloud).await;
    cloud.expire(Expiry::Code4);
    let slow = Outage::Delayed(std::time::Duration::from_millis(300));
    cloud.set_faults(Faults::default().next(slow, 1).below("/pass/"));
    let other = client.clone();
    let first = tokio::spawn(async move { other.send(&api::check_messages(0)).await.map(drop) });
    while cloud.report().outages == 0 {
        tokio::task::yield_now().await;
    }
    first.abort();
    assert!(at_a_time(&client, 10).await.iter().all(Result::is_ok));
    assert_eq!(cloud.report().pass_token_logins, 1);
    assert_clean(&cloud);
}
