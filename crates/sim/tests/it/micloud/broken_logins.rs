//! Logins with a mistake in them: each is refused, and counted under its rule.

use iot_home_micloud::Response;
use iot_home_sim::micloud::{SimCloud, Violations};
use serde_json::Value;

use super::wire::{account_json, raw};
use super::{USER, account, cloud, cloud_of, verification};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

async fn get(cloud: &SimCloud, path: &str, cookies: &str) -> Response {
    raw("GET", &format!("{}{path}", cloud.account_url()), &[("Cookie", cookies)], "").await.unwrap()
}

async fn post(cloud: &SimCloud, path: &str, cookies: &str, form: &str) -> Response {
    let url = format!("{}{path}", cloud.account_url());
    raw("POST", &url, &[FORM, ("Cookie", cookies)], form).await.unwrap()
}

fn set_cookie(response: &Response, name: &str) -> String {
    let mut cookies = response.headers.iter().filter(|(key, _)| key == "set-cookie");
    let cookie = cookies.find_map(|(_, value)| {
        value.split(';').next()?.strip_prefix(name)?.strip_prefix('=').map(str::to_owned)
    });
    cookie.unwrap()
}

fn counted(cloud: &SimCloud, rule: impl Fn(&Violations) -> u64, times: u64) {
    let violations = cloud.report().violations;
    assert_eq!((rule(&violations), violations.total()), (times, times), "{violations:?}");
}

fn hash() -> String {
    use md5::Digest as _;
    let digest: [u8; 16] = md5::Md5::digest(super::PASSWORD.as_bytes()).into();
    digest.iter().map(|byte| format!("{byte:02X}")).collect()
}

async fn auth(cloud: &SimCloud, cookies: &str, more: &str) -> Value {
    let form = format!("sid=xiaomiio&_json=true&user={USER}&hash={}{more}", hash());
    account_json(&post(cloud, "/pass/serviceLoginAuth2", cookies, &form).await)
}

#[tokio::test]
async fn the_first_request() {
    let cloud = cloud().spawn().await.unwrap();
    for path in ["/pass/serviceLogin?_json=true", "/pass/serviceLogin?sid=xiaomiio"] {
        let page = get(&cloud, path, "").await;
        assert!(page.body.starts_with(b"<!DOCTYPE html>"));
    }
    counted(&cloud, |it| it.bad_login, 2);
    let right = account_json(&get(&cloud, "/pass/serviceLogin?sid=xiaomiio&_json=true", "").await);
    assert_eq!(right["code"], 70016);
    // As the client wrote it.
    assert_eq!(right["qs"], "%3Fsid%3Dxiaomiio%26_json%3Dtrue");
    counted(&cloud, |it| it.bad_login, 2);
}

#[tokio::test]
async fn a_path_that_there_is_not_and_another_method() {
    let cloud = cloud().spawn().await.unwrap();
    assert_eq!(get(&cloud, "/nowhere", "").await.status, 404);
    counted(&cloud, |it| it.unknown_path, 1);
    let other = self::cloud().spawn().await.unwrap();
    assert_eq!(get(&other, "/pass/serviceLoginAuth2", "").await.status, 405);
    counted(&other, |it| it.method, 1);
}

#[tokio::test]
async fn what_the_second_request_repeats() {
    let cloud = cloud().spawn().await.unwrap();
    let first = account_json(&get(&cloud, "/pass/serviceLogin?sid=xiaomiio&_json=true", "").await);
    let text = |key: &str| first[key].as_str().unwrap().to_owned();
    let encoded = |text: String| text.replace('%', "%25").replace('+', "%2B").replace('=', "%3D");
    let (qs, sign) = (encoded(text("qs")), encoded(text("_sign")));
    let form = |qs: &str| format!("&qs={qs}&callback={}&_sign={sign}", text("callback"));
    assert_eq!(auth(&cloud, "", &form("%253Fsid%253Dother")).await["code"], 66108);
    counted(&cloud, |it| it.bad_sign, 1);
    assert_eq!(auth(&cloud, "", &form(&qs)).await["code"], 0);
    // None of it is taken, too.
    assert_eq!(auth(&cloud, "", "").await["code"], 0);
    counted(&cloud, |it| it.bad_sign, 1);
}

#[tokio::test]
async fn a_form_that_is_not_called_one() {
    let cloud = cloud().spawn().await.unwrap();
    let url = format!("{}/pass/serviceLoginAuth2", cloud.account_url());
    let form = format!("sid=xiaomiio&_json=true&user={USER}&hash={}", hash());
    assert_eq!(raw("POST", &url, &[], &form).await.unwrap().status, 415);
    counted(&cloud, |it| it.content_type, 1);
}

#[tokio::test]
async fn a_hash_in_small_letters() {
    let cloud = cloud().spawn().await.unwrap();
    let form = format!("sid=xiaomiio&_json=true&user={USER}&hash={}", hash().to_ascii_lowercase());
    let refused = account_json(&post(&cloud, "/pass/serviceLoginAuth2", "", &form).await);
    assert_eq!(refused["code"], 70016);
    counted(&cloud, |it| it.hash_case, 1);
}

#[tokio::test]
async fn an_image_is_good_once_and_with_its_cookie() {
    let cloud = cloud_of(account().captcha("Ab3d")).spawn().await.unwrap();
    let asked = auth(&cloud, "", "").await;
    assert_eq!(asked["code"], 87001);
    let image = get(&cloud, asked["captchaUrl"].as_str().unwrap(), "").await;
    assert_eq!(image.get("content-type"), Some("image/jpeg"));
    let ick = format!("ick={}", set_cookie(&image, "ick"));
    assert_eq!(auth(&cloud, "", "&captCode=Ab3d").await["code"], 87001);
    assert_eq!(auth(&cloud, &ick, "&captCode=wrong").await["code"], 87001);
    // It was used up.
    assert_eq!(auth(&cloud, &ick, "&captCode=Ab3d").await["code"], 87001);
    counted(&cloud, |it| it.no_ick, 2);
    assert_eq!(cloud.report().wrong_captchas, 1);
}

#[tokio::test]
async fn a_verification_without_its_cookie_or_out_of_order() {
    let cloud = cloud_of(account().verification(verification())).spawn().await.unwrap();
    let asked = auth(&cloud, "", "").await;
    assert_eq!((&asked["code"], &asked["location"]), (&0.into(), &"".into()));
    let url = asked["notificationUrl"].as_str().unwrap();
    let query = url.split_once('?').unwrap().1;
    let list = get(&cloud, &format!("/identity/list?{query}"), "").await;
    assert_eq!(account_json(&list)["options"], serde_json::json!([8, 4]));
    let session = format!("identity_session={}", set_cookie(&list, "identity_session"));
    let send = "/identity/auth/sendEmailTicket";
    let refused = account_json(&post(&cloud, send, "", "retry=0&icode=&_json=true").await);
    assert_ne!(refused["code"], 0);
    counted(&cloud, |it| it.no_identity_session, 1);
    // Some never ask for the code to be sent.
    let check = "/identity/auth/verifyEmail";
    let form = "_flag=8&ticket=246810&trust=true&_json=true";
    let refused = account_json(&post(&cloud, check, &session, form).await);
    assert_eq!(refused["code"], 70014);
    assert_eq!(cloud.report().violations.code_not_sent, 1);
    let end = format!("/pass/serviceLoginAuth2/end?{query}");
    assert_eq!(get(&cloud, &end, &session).await.status, 403);
    assert_eq!(get(&cloud, "/identity/result/check", &session).await.status, 403);
    assert_eq!(cloud.report().violations.out_of_order, 2);
    let sent = account_json(&post(&cloud, send, &session, "retry=0&icode=&_json=true").await);
    assert_eq!(sent["code"], 0);
    // By another way than it was sent.
    let phone = "_flag=4&ticket=246810&trust=true&_json=true";
    post(&cloud, "/identity/auth/verifyPhone", &session, phone).await;
    assert_eq!(cloud.report().violations.code_not_sent, 2);
    for _ in 0..6 {
        let form = "_flag=8&ticket=000000&trust=true&_json=true";
        assert_eq!(account_json(&post(&cloud, check, &session, form).await)["code"], 70014);
    }
    // Too many wrong ones: the right one is worth nothing any more.
    assert_eq!(account_json(&post(&cloud, check, &session, form).await)["code"], 70014);
    assert_eq!(cloud.report().logins(), 0);
}

#[tokio::test]
async fn a_ticket_is_exchanged_once_with_the_right_sign() {
    let cloud = cloud().spawn().await.unwrap();
    let done = auth(&cloud, "", "").await;
    let location = done["location"].as_str().unwrap();
    let sts = |query: String| async move { raw("GET", &query, &[], "").await.unwrap() };
    assert_eq!(sts(format!("{location}&clientSign=bm9uc2Vuc2U%3D")).await.status, 401);
    counted(&cloud, |it| it.client_sign, 1);
    let exchanged = sts(location.to_owned()).await;
    assert_eq!((exchanged.status, exchanged.body.as_slice()), (200, &b"ok"[..]));
    assert!(!set_cookie(&exchanged, "serviceToken").is_empty());
    assert_eq!(sts(location.to_owned()).await.status, 401);
    assert_eq!(cloud.report().violations.bad_ticket, 1);
    // Speakers want it signed in any case.
    let form = format!("sid=micoapi&_json=true&user={USER}&hash={}", hash());
    let done = account_json(&post(&cloud, "/pass/serviceLoginAuth2", "", &form).await);
    assert_eq!(sts(done["location"].as_str().unwrap().to_owned()).await.status, 401);
    assert_eq!(cloud.report().violations.client_sign, 2);
}

#[tokio::test]
async fn cookies_of_another_server() {
    let free: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    let cloud = cloud().sts_listen(free).api_listen(free).spawn().await.unwrap();
    let done = auth(&cloud, "", "").await;
    let location = done["location"].as_str().unwrap();
    assert!(location.starts_with(&cloud.sts_url()));
    let cookies = [("Cookie", "passToken=V1:x")];
    assert_eq!(raw("GET", location, &cookies, "").await.unwrap().status, 400);
    let first = "/pass/serviceLogin?sid=xiaomiio&_json=true";
    assert_eq!(get(&cloud, first, "serviceToken=x").await.status, 400);
    let url = format!("{}/home/device_list", cloud.api_url());
    let cookies = [FORM, ("Cookie", "userId=1; serviceToken=x; passToken=y")];
    assert_eq!(raw("POST", &url, &cookies, "data={}").await.unwrap().status, 400);
    counted(&cloud, |it| it.foreign_cookie, 3);
    // What was refused was not used up.
    assert_eq!(raw("GET", location, &[], "").await.unwrap().status, 200);
}

#[tokio::test]
async fn by_the_names_of_the_servers() {
    let cloud = cloud().spawn().await.unwrap();
    let at = |path: &str| format!("{}{path}", cloud.account_url());
    let first = at("/pass/serviceLogin?sid=xiaomiio&_json=true");
    let host = [("Host", "account.xiaomi.com")];
    let answer = account_json(&raw("GET", &first, &host, "").await.unwrap());
    assert_eq!(answer["callback"], "https://sts.api.io.mi.com/sts");
    let host = [("Host", "sts.api.io.mi.com"), ("Cookie", "passToken=x")];
    assert_eq!(raw("GET", &at("/sts?ticket=x"), &host, "").await.unwrap().status, 400);
    counted(&cloud, |it| it.foreign_cookie, 1);
}
