//! Every way in, with each host's cookies.

use std::time::Duration;

use iot_home_core::{Clock as _, Secret, SystemClock};
use iot_home_micloud::login::{Challenge, Channel, LoginError};
use iot_home_micloud::{Answer, Login, Request};
use iot_home_sim::micloud::SimCloud;
use serde_json::json;

use super::wire::{Caller, hosts, identity, password_login, play, session};
use super::{USER, USER_ID, account, cloud, cloud_of, verification};

fn names(request: &Request) -> Vec<&str> {
    request.cookies.iter().map(|(name, _)| name.as_str()).collect()
}

fn path(request: &Request) -> &str {
    let rest = request.url.strip_prefix("http://").unwrap();
    let path = &rest[rest.find('/').unwrap()..];
    path.split('?').next().unwrap()
}

/// Three servers, so that each one sees what it is sent.
async fn apart(builder: iot_home_sim::micloud::Builder) -> SimCloud {
    let free: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    builder.sts_listen(free).api_listen(free).spawn().await.unwrap()
}

#[tokio::test]
async fn by_password() {
    let cloud = apart(cloud()).await;
    let (session, sent) = play(password_login(&cloud), |_| panic!("nothing is asked")).await;
    let session = session.unwrap();
    assert_eq!(session.user_id, USER_ID.to_string());
    let paths: Vec<_> = sent.iter().map(path).collect();
    assert_eq!(paths, ["/pass/serviceLogin", "/pass/serviceLoginAuth2", "/sts"]);
    assert_eq!(names(&sent[1]), ["deviceId", "sdkVersion"]);
    assert!(names(&sent[2]).is_empty());
    let report = cloud.report();
    assert_eq!((report.password_logins, report.tickets, report.logins()), (1, 1, 1));
    assert_eq!(report.violations.total(), 0);
}

#[tokio::test]
async fn a_wrong_password_and_a_blocked_account() {
    let cloud_ = cloud().spawn().await.unwrap();
    let login = Login::password(identity(), USER, "wrong").hosts(hosts(&cloud_));
    let (refused, _) = play(login, |_| panic!("nothing is asked")).await;
    assert_eq!(refused, Err(LoginError::Credentials { code: 70016 }));
    assert_eq!(cloud_.report().wrong_passwords, 1);
    for (code, wanted) in [
        (70016, LoginError::Credentials { code: 70016 }),
        (81003, LoginError::Unverifiable { code: 81003 }),
    ] {
        let cloud = cloud_of(account().refused_with(code)).spawn().await.unwrap();
        let (refused, _) = play(password_login(&cloud), |_| panic!("nothing is asked")).await;
        assert_eq!(refused, Err(wanted));
        assert_eq!((cloud.report().logins(), cloud.report().wrong_passwords), (0, 0));
    }
}

#[tokio::test]
async fn a_captcha() {
    let cloud = apart(cloud_of(account().captcha("Ab3d"))).await;
    let mut said = ["ab3d", "Ab3d"].into_iter();
    let mut again = Vec::new();
    let (session, _) = play(password_login(&cloud), |challenge| match challenge {
        Challenge::Captcha { again: is_again, media_type, .. } => {
            again.push(*is_again);
            assert_eq!(media_type.as_deref(), Some("image/jpeg"));
            Answer::from(said.next().unwrap().to_owned())
        }
        other => panic!("asked {other:?}"),
    })
    .await;
    session.unwrap();
    assert_eq!(again, [false, true]);
    let report = cloud.report();
    assert_eq!((report.captchas, report.wrong_captchas, report.logins()), (2, 1, 1));
    assert_eq!(report.violations.total(), 0);
}

#[tokio::test]
async fn a_code() {
    for (verification, by, hops) in [
        (verification(), Channel::Email, ["/pass/serviceLoginAuth2/end", "/sts"].to_vec()),
        (verification().tips(), Channel::Phone, ["/pass/serviceLoginAuth2/end"; 2].to_vec()),
        (verification().skip_url(), Channel::Email, ["/sts"].to_vec()),
        (verification().polled(), Channel::Phone, ["/identity/result/check"].to_vec()),
    ] {
        let cloud = apart(cloud_of(account().verification(verification))).await;
        let mut codes = ["111111", "246810"].into_iter();
        let (session, sent) = play(password_login(&cloud), |challenge| match challenge {
            Challenge::Code { channel, .. } if *channel != by => Answer::Through(by),
            Challenge::Code { channel, sent_to, .. } => {
                let masked = match channel {
                    Channel::Phone => "138******00",
                    _ => "s***@example.com",
                };
                assert_eq!(sent_to.as_deref(), Some(masked));
                Answer::from(codes.next().unwrap().to_owned())
            }
            other => panic!("asked {other:?}"),
        })
        .await;
        let session = session.unwrap();
        let paths: Vec<_> = sent.iter().map(path).collect();
        for hop in hops {
            assert!(paths.contains(&hop), "{paths:?}");
        }
        let end = sent.iter().find(|request| path(request).ends_with("/end")).unwrap();
        assert!(names(end).contains(&"identity_session"));
        assert!(names(sent.last().unwrap()).is_empty(), "{:?}", names(sent.last().unwrap()));
        let report = cloud.report();
        assert_eq!((report.password_logins, report.wrong_codes, report.tickets), (1, 1, 1));
        assert_eq!(report.violations.total(), 0, "{:?}", report.violations);
        // Its key is the one of the header, or nothing would be understood.
        let mut caller = Caller::new_with(&cloud, session);
        assert_eq!(caller.call("/home/device_list", &json!({})).await["code"], 0);
        // It asked to be remembered.
        play(password_login(&cloud), |_| panic!("nothing is asked")).await.0.unwrap();
    }
}

#[tokio::test]
async fn a_code_behind_a_captcha() {
    let guarded = account().captcha("Ab3d").verification(verification().captcha("Xy9z"));
    let cloud = apart(cloud_of(guarded)).await;
    let mut texts = ["Ab3d", "Xy9Z", "Xy9z"].into_iter();
    let (session, _) = play(password_login(&cloud), |challenge| match challenge {
        Challenge::Captcha { .. } => Answer::from(texts.next().unwrap().to_owned()),
        Challenge::Code { .. } => Answer::from("246810".to_owned()),
        other => panic!("asked {other:?}"),
    })
    .await;
    session.unwrap();
    let report = cloud.report();
    assert_eq!((report.codes_sent, report.captchas, report.wrong_captchas), (1, 3, 1));
    assert_eq!(report.violations.total(), 0);
}

#[tokio::test]
async fn an_old_verification_beside_the_keys() {
    let stale = account().stale_notification();
    let cloud = cloud_of(stale).spawn().await.unwrap();
    session(&cloud).await;
    assert_eq!(cloud.report().codes_sent, 0);
}

#[tokio::test]
async fn by_qr_code() {
    let cloud = apart(cloud()).await;
    let login = Login::qr(identity(), SystemClock::new().unix_time()).hosts(hosts(&cloud));
    let (done, _) = tokio::join!(play(login, |_| Answer::Shown), async {
        while !cloud.scan_qr(USER) {
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(done.0.unwrap().user_id, USER_ID.to_string());
    let report = cloud.report();
    assert_eq!((report.qr_logins, report.violations.total()), (1, 0));
}

#[tokio::test]
async fn a_qr_code_that_nobody_scans() {
    let cloud = cloud().qr_lifetime(Duration::from_millis(50)).spawn().await.unwrap();
    let login = Login::qr(identity(), SystemClock::new().unix_time()).hosts(hosts(&cloud));
    let (refused, _) = play(login, |_| Answer::Shown).await;
    assert_eq!(refused, Err(LoginError::QrRefused { code: 70036 }));
    assert!(!cloud.scan_qr("nobody"));
}

#[tokio::test]
async fn again_by_pass_token() {
    let cloud = apart(cloud()).await;
    let first = session(&cloud).await;
    let renew = || Login::renew(identity(), &first).unwrap().hosts(hosts(&cloud));
    let (second, _) = play(renew(), |_| panic!("nothing is asked")).await;
    let second = second.unwrap();
    assert_ne!(first.services, second.services);
    assert_ne!(first.pass_token, second.pass_token);
    cloud.forget_pass_tokens();
    let (refused, _) = play(renew(), |_| panic!("nothing is asked")).await;
    assert_eq!(refused, Err(LoginError::PassToken));
    let made_up = Secret::new("V1:made-up".to_owned());
    let login = Login::pass_token(identity(), &USER_ID.to_string(), &made_up).unwrap();
    let (refused, _) = play(login.hosts(hosts(&cloud)), |_| panic!("nothing is asked")).await;
    assert_eq!(refused, Err(LoginError::PassToken));
    let report = cloud.report();
    assert_eq!((report.pass_token_logins, report.pass_tokens_refused), (1, 2));
}
