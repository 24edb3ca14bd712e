//! Clocks that are wrong.

use super::{account, assert_clean, builder, client_of, logged_in, within};

#[tokio::test]
async fn the_servers_time_is_learned_from_a_login() {
    for ahead in [7_200, -7_200] {
        let cloud = builder().account(account()).time_ahead(ahead).spawn().await.unwrap();
        let client = logged_in(&cloud).await;
        within(client.check_messages(0)).await.unwrap();
        assert_clean(&cloud);
    }
}

#[tokio::test]
async fn and_from_the_first_refusal_without_a_login() {
    let cloud = builder().account(account()).time_ahead(7_200).spawn().await.unwrap();
    let session = logged_in(&cloud).await.session().unwrap();
    let client = client_of(&cloud).session(session).build().unwrap();
    within(client.check_messages(0)).await.unwrap();
    within(client.check_messages(0)).await.unwrap();
    let report = cloud.report();
    assert_eq!(report.violations.nonce_age, 1, "the first call alone");
    assert_eq!(report.pass_token_logins, 0, "the login was good all along");
}
