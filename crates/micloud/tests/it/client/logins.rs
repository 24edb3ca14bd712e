//! Every way in through the client, with each host's cookies.

use std::sync::Arc;
use std::time::Duration;

use iot_home_http::Client;
use iot_home_micloud::client::{ErrorKind, Event};
use iot_home_micloud::{Answer, Challenge, LoginError};
use iot_home_sim::SimCloud;
use iot_home_sim::micloud::{Account, Verification};

use super::{PASSWORD, Sent, USER, Watched, account, client, cloud_of, play};

/// Three servers, so that each one sees what it is sent.
async fn apart(account: Account) -> SimCloud {
    let free: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    cloud_of(account).sts_listen(free).api_listen(free).spawn().await.unwrap()
}

#[tokio::test]
async fn everything_is_asked_and_no_host_gets_what_is_not_its_own() {
    let verification = Verification::new("246810").phone("138******00").captcha("Xy9z").tips();
    let cloud = apart(account().captcha("Ab3d").verification(verification)).await;
    let sent = Sent::default();
    let watched = Watched(Client::new().unwrap(), Arc::clone(&sent));
    let client = client(&cloud).http(Arc::new(watched)).build().unwrap();
    let mut texts = ["ab3d", "Ab3d", "Xy9z"].into_iter();
    let mut codes = ["111111", "246810"].into_iter();
    play(client.log_in(USER, PASSWORD), |challenge| match challenge {
        Challenge::Captcha { .. } => Answer::from(texts.next().unwrap()),
        Challenge::Code { .. } => Answer::from(codes.next().unwrap()),
        other => panic!("asked {other:?}"),
    })
    .await
    .unwrap();
    let login = std::mem::take(&mut *sent.lock().unwrap());
    client.devices().await.unwrap();
    let calls = std::mem::take(&mut *sent.lock().unwrap());
    let authority = |url: String| url.split('/').nth(2).unwrap().to_owned();
    let (account, sts) = (authority(cloud.account_url()), authority(cloud.sts_url()));
    let (last, before) = login.split_last().unwrap();
    assert_eq!((&last.0, last.1.as_str(), last.2.len()), (&sts, "/sts", 0), "the ticket alone");
    assert!(before.iter().all(|(host, ..)| *host == account), "{before:?}");
    let of = |path: &str| before.iter().filter(|(_, at, _)| at.ends_with(path)).collect::<Vec<_>>();
    assert!(
        of("/verifyPhone").iter().all(|(.., names)| names.contains(&"identity_session".into()))
    );
    assert_eq!(of("/serviceLoginAuth2/end").len(), 2, "the page of tips is asked for twice");
    let api = authority(cloud.api_url());
    for (host, _, names) in &calls {
        assert_eq!(*host, api);
        assert!(names.contains(&"serviceToken".into()), "{names:?}");
        assert!(!names.iter().any(|name| name == "passToken" || name == "identity_session"));
    }
    let report = cloud.report();
    assert_eq!((report.wrong_captchas, report.wrong_codes, report.logins()), (1, 1, 1));
    assert_eq!(report.violations.total(), 0, "{:?}", report.violations);
}

#[tokio::test]
async fn by_a_code_that_is_scanned() {
    let cloud = apart(account()).await;
    let client = client(&cloud).build().unwrap();
    let mut login = client.log_in_by_qr();
    let Event::Ask(Challenge::Qr { login_url, .. }) = login.next().await.unwrap() else {
        panic!("no code")
    };
    assert!(login_url.starts_with("http"));
    login.answer(Answer::Shown).unwrap();
    let waiting = tokio::spawn(async move { login.next().await });
    // Whoever scans it too early scans nothing.
    for _ in 0..200 {
        if cloud.scan_qr(USER) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(matches!(waiting.await.unwrap().unwrap(), Event::Done(_)));
    assert_eq!(cloud.report().qr_logins, 1);
    client.devices().await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_and_a_blocked_account_end_after_one_attempt() {
    for (account, password) in [(account(), "wrong"), (account().refused_with(70016), PASSWORD)] {
        let cloud = cloud_of(account).spawn().await.unwrap();
        let client = client(&cloud).build().unwrap();
        let login = client.log_in(USER, password);
        let error = play(login, |_| panic!("nothing is asked")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Login);
        assert_eq!(error.login_error(), Some(LoginError::Credentials { code: 70016 }));
        assert_eq!(cloud.report().password_attempts, 1);
        assert_eq!(client.session(), None);
    }
}
