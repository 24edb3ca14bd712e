//! Each way to log in, and each way not to.

use std::sync::Arc;
use std::time::Duration;

use iot_home::Secret;
use iot_home::micloud::client::ErrorKind;
use iot_home::micloud::login::{Channel, LongPoll};
use iot_home::micloud::{Answer, Challenge, LoginError, api};
use iot_home::sim::micloud::{Faults, Outage, Verification};

use super::recorder::Recorder;
use super::{
    PASSWORD, USER, account, answered, assert_clean, builder, client, client_of, cloud, logged_in,
    within,
};

#[tokio::test]
async fn a_password_hop_by_hop() {
    let cloud = cloud().await;
    let recorder = Recorder::new(&cloud);
    let client = client_of(&cloud).http(Arc::new(recorder.clone())).build().unwrap();
    super::log_in(&client).await;
    within(client.check_messages(0)).await.unwrap();
    let own = "deviceId sdkVersion";
    assert_eq!(
        recorder.seen(),
        [
            format!("GET account /pass/serviceLogin [{own}]"),
            format!("POST account /pass/serviceLoginAuth2 [{own}]"),
            "GET sts /sts []".to_owned(),
            "POST api /app/v2/message/v2/check_new_msg [channel locale serviceToken timezone userId yetAnotherServiceToken]"
                .to_owned(),
        ]
    );
    assert_eq!(cloud.report().logins(), 1);
    assert_clean(&cloud);
}

#[tokio::test]
async fn a_captcha_that_is_read_wrong_once() {
    let cloud = builder().account(account().captcha("Ab3d")).spawn().await.unwrap();
    let client = client(&cloud);
    let mut dialog = client.log_in(USER, PASSWORD);
    let asked = answered(&mut dialog, ["ab3d", "Ab3d"]).await.unwrap();
    let again: Vec<_> = asked
        .iter()
        .map(|challenge| match challenge {
            Challenge::Captcha { image, again, .. } if !image.is_empty() => *again,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(again, [false, true]);
    within(client.check_messages(0)).await.unwrap();
    assert_eq!(cloud.report().wrong_captchas, 1);
    assert_clean(&cloud);
}

#[tokio::test]
async fn a_code_by_mail_hop_by_hop() {
    let verification = Verification::new("246810").email("s***@example.com").tips();
    let cloud = builder().account(account().verification(verification)).spawn().await.unwrap();
    let recorder = Recorder::new(&cloud);
    let client = client_of(&cloud).http(Arc::new(recorder.clone())).build().unwrap();
    let mut dialog = client.log_in(USER, PASSWORD);
    let asked = answered(&mut dialog, ["111111", "246810"]).await.unwrap();
    match &asked[..] {
        [
            Challenge::Code { channel: Channel::Email, sent_to, other: None, again: false, .. },
            Challenge::Code { again: true, .. },
        ] => assert_eq!(sent_to.as_deref(), Some("s***@example.com")),
        other => panic!("{other:?}"),
    }
    let (own, more) = ("deviceId sdkVersion", "deviceId identity_session sdkVersion");
    assert_eq!(
        recorder.seen(),
        [
            format!("GET account /pass/serviceLogin [{own}]"),
            format!("POST account /pass/serviceLoginAuth2 [{own}]"),
            format!("GET account /identity/list [{own}]"),
            format!("GET account /identity/auth/verifyEmail [{more}]"),
            format!("POST account /identity/auth/sendEmailTicket [{more}]"),
            format!("POST account /identity/auth/verifyEmail [{more}]"),
            format!("POST account /identity/auth/verifyEmail [{more}]"),
            format!("GET account /identity/result/check [{more}]"),
            format!("GET account /pass/serviceLoginAuth2/end [{more}]"),
            format!("GET account /pass/serviceLoginAuth2/end [{more}]"),
            "GET sts /sts []".to_owned(),
        ]
    );
    within(client.check_messages(0)).await.unwrap();
    assert_clean(&cloud);
}

#[tokio::test]
async fn a_code_by_phone_against_a_captcha_and_past_a_page() {
    let verification = Verification::new("246810").phone("138******00").captcha("Xy7").skip_url();
    let cloud = builder().account(account().verification(verification)).spawn().await.unwrap();
    let client = client(&cloud);
    let mut dialog = client.log_in(USER, PASSWORD);
    let asked = answered(&mut dialog, ["Xy7", "246810"]).await.unwrap();
    assert!(matches!(
        &asked[..],
        [Challenge::Captcha { .. }, Challenge::Code { channel: Channel::Phone, .. }]
    ));
    within(client.check_messages(0)).await.unwrap();
    assert_clean(&cloud);
}

#[tokio::test]
async fn a_code_by_the_other_way_whose_result_is_asked_for() {
    let verification =
        Verification::new("246810").phone("138******00").email("s***@example.com").polled();
    let cloud = builder().account(account().verification(verification)).spawn().await.unwrap();
    let client = client(&cloud);
    let mut dialog = client.log_in(USER, PASSWORD);
    let answers = [Answer::Through(Channel::Phone), Answer::SendAgain, Answer::from("246810")];
    let asked = answered(&mut dialog, answers).await.unwrap();
    assert!(matches!(
        asked.last(),
        Some(Challenge::Code { channel: Channel::Phone, other: Some(Channel::Email), .. })
    ));
    assert_eq!(cloud.report().codes_sent, 3);
    assert_clean(&cloud);
}

#[tokio::test]
async fn a_qr_code_that_is_scanned_while_it_is_waited_for() {
    for style in [LongPoll::Held, LongPoll::Short] {
        let cloud = cloud().await;
        let recorder = Recorder::new(&cloud);
        let client = client_of(&cloud).http(Arc::new(recorder.clone())).build().unwrap();
        let mut dialog = client.log_in_by_qr(style);
        let challenge = within(dialog.challenge()).await.unwrap();
        assert!(matches!(challenge, Some(Challenge::Qr { .. })), "{challenge:?}");
        dialog.answer(Answer::Shown).unwrap();
        let scan = async {
            // The cloud holds the request: from here on nothing but the scan wakes it before the code is too old.
            while cloud.report().held == 0 {
                tokio::task::yield_now().await;
            }
            assert!(cloud.scan_qr(USER));
        };
        // Sooner than a short poll is sent again.
        let both = async { tokio::join!(dialog.challenge(), scan) };
        let (end, ()) = tokio::time::timeout(Duration::from_secs(8), both).await.expect("woken");
        assert_eq!(end.unwrap(), None);
        let polls = recorder.seen().iter().filter(|it| it.contains("/longPolling/lp ")).count();
        assert_eq!(polls, 1);
        within(client.check_messages(0)).await.unwrap();
        assert_eq!(cloud.report().qr_logins, 1);
        assert_clean(&cloud);
    }
}

#[tokio::test]
async fn a_pass_token_of_elsewhere() {
    let cloud = cloud().await;
    let session = logged_in(&cloud).await.session().unwrap();
    let client = client(&cloud);
    let pass_token = session.pass_token.as_ref().unwrap();
    let mut dialog = client.log_in_by_pass_token(&session.user_id, pass_token).unwrap();
    assert_eq!(within(dialog.challenge()).await.unwrap(), None);
    within(client.check_messages(0)).await.unwrap();
    assert_eq!(cloud.report().pass_token_logins, 1);

    let mut dialog =
        client.log_in_by_pass_token(&session.user_id, &Secret::new("V1:made-up".into())).unwrap();
    let error = within(dialog.challenge()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRefused);
    assert_eq!(error.login_error(), Some(LoginError::PassToken));
    let error = client.log_in_by_pass_token("", pass_token).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    assert_clean(&cloud);
}

#[tokio::test]
async fn accounts_that_are_refused() {
    for (code, expected) in [
        (70016, LoginError::Credentials { code: 70016 }),
        (81003, LoginError::Unverifiable { code: 81003 }),
        (10012, LoginError::Refused { code: 10012 }),
    ] {
        let cloud = builder().account(account().refused_with(code)).spawn().await.unwrap();
        let client = client(&cloud);
        let mut dialog = client.log_in(USER, PASSWORD);
        let error = within(dialog.challenge()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRefused);
        assert_eq!(error.login_error(), Some(expected));
        // It stays so, and nothing more is sent.
        within(dialog.challenge()).await.unwrap_err();
        assert_eq!(cloud.report().password_attempts, 1);
        assert!(!client.is_logged_in());
    }
    let cloud = cloud().await;
    let mut dialog = client(&cloud).log_in(USER, "wrong");
    assert_eq!(within(dialog.challenge()).await.unwrap_err().kind(), ErrorKind::LoginRefused);
    assert_eq!(cloud.report().wrong_passwords, 1);
}

#[tokio::test]
async fn an_old_verification_beside_the_keys() {
    let cloud = builder().account(account().stale_notification()).spawn().await.unwrap();
    let client = logged_in(&cloud).await;
    within(client.send(&api::check_messages(0))).await.unwrap();
    assert_clean(&cloud);
}

#[tokio::test]
async fn a_login_on_a_bad_line() {
    let cloud = cloud().await;
    // A GET request is sent a second time.
    cloud.set_faults(Faults::default().next(Outage::Closed, 1).below("/pass/serviceLogin"));
    super::log_in(&client(&cloud)).await;
    // A POST request is not: it may have counted.
    cloud
        .set_faults(Faults::default().next(Outage::Unanswered, 2).below("/pass/serviceLoginAuth2"));
    let before = cloud.report().password_attempts;
    let mut dialog = client(&cloud).log_in(USER, PASSWORD);
    let error = within(dialog.challenge()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.http_error().is_some(), "{error}");
    assert_eq!(cloud.report().password_attempts, before + 1);
    cloud.set_faults(Faults::default().next(Outage::Page, 1));
    let error = within(client(&cloud).log_in(USER, PASSWORD).challenge()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}
