//! Calls with a mistake in them: each is refused, and counted under its rule.

use std::time::Duration;

use iot_home_core::{Clock as _, SystemClock};
use iot_home_micloud::{Method, Mode, Nonce, Response};
use iot_home_sim::micloud::{SimCloud, Violations};

use super::wire::{Caller, json_of, raw, session};
use super::{USER_ID, cloud};

const PATH: &str = "/home/device_list";

fn counted(cloud: &SimCloud, rule: impl Fn(&Violations) -> u64, times: u64) {
    let violations = cloud.report().violations;
    assert_eq!((rule(&violations), violations.total()), (times, times), "{violations:?}");
}

fn invalid_signature(response: &Response) {
    let json = json_of(response);
    assert_eq!((&json["code"], &json["message"]), (&0.into(), &"invalid signature".into()));
    assert_eq!(json.get("result"), None);
}

#[tokio::test]
async fn a_call_that_is_right() {
    let cloud = cloud().spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    for mode in [Mode::Rc4, Mode::Plain] {
        caller.mode = mode;
        let nonce = caller.nonce();
        let answer = caller.post(PATH, &caller.form(nonce, PATH, "{}").to_urlencoded()).await;
        assert_eq!(answer.status, 200);
        // To the other mode's clients it would be unreadable.
        assert_eq!(answer.body.starts_with(b"{"), mode == Mode::Plain);
        let nonce = caller.nonce();
        let query = caller.form(nonce, PATH, "{}").to_urlencoded();
        let in_query = caller.post(&format!("{PATH}?{query}"), "").await;
        assert_eq!(in_query.status, 200);
    }
    assert_eq!(cloud.report().called(PATH), 4);
    counted(&cloud, |_| 0, 0);
}

#[tokio::test]
async fn cookies() {
    let cloud = cloud().spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    let nonce = caller.nonce();
    let form = caller.form(nonce, PATH, "{}").to_urlencoded();
    let token = caller.cookies().split_once("serviceToken=").unwrap().1.to_owned();
    for cookies in [format!("userId={USER_ID}"), format!("serviceToken={token}")] {
        let refused = caller.post_as(PATH, &form, &cookies).await;
        assert_eq!((refused.status, &json_of(&refused)["code"]), (200, &2.into()));
    }
    counted(&cloud, |it| it.no_cookies, 2);
    for cookies in
        [format!("userId=7; serviceToken={token}"), format!("userId={USER_ID}; serviceToken=x")]
    {
        let refused = caller.post_as(PATH, &form, &cookies).await;
        assert_eq!((refused.status, &json_of(&refused)["code"]), (401, &3.into()));
    }
    assert_eq!(cloud.report().violations.bad_cookies, 2);
    let other_name = format!("cUserId=c{USER_ID:x}; serviceToken={token}");
    assert_eq!(caller.post_as(PATH, &form, &other_name).await.status, 200);
    assert_eq!(cloud.report().called(PATH), 1);
}

#[tokio::test]
async fn method_and_media_type() {
    let cloud = cloud().spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    let nonce = caller.nonce();
    let form = caller.form(nonce, PATH, "{}").to_urlencoded();
    let url = format!("{}{PATH}", cloud.api_url());
    let cookies = caller.cookies();
    let get = raw("GET", &format!("{url}?{form}"), &[("Cookie", &cookies)], "").await.unwrap();
    assert_eq!(get.status, 405);
    counted(&cloud, |it| it.method, 1);
    let typed = raw("POST", &url, &[("Cookie", &cookies)], &form).await.unwrap();
    assert_eq!(typed.status, 415);
    assert_eq!(cloud.report().violations.content_type, 1);
}

#[tokio::test]
async fn what_is_missing() {
    let cloud = cloud().spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    let nonce = caller.nonce();
    let form = caller.form(nonce, PATH, "{}").to_urlencoded();
    let without = |name: &str| {
        let kept: Vec<_> = form.split('&').filter(|field| !field.starts_with(name)).collect();
        kept.join("&")
    };
    for form in [without("signature="), without("_nonce="), String::new(), "data={}".to_owned()] {
        let refused = caller.post(PATH, &form).await;
        assert_eq!((refused.status, &json_of(&refused)["code"]), (200, &2.into()));
    }
    counted(&cloud, |it| it.unsigned, 4);
    // A wrong name, which a published table gives.
    caller.post(PATH, &form.replace("_nonce=", "nonce=")).await;
    counted(&cloud, |it| it.unsigned, 5);
    // Without it the rest is another signature's.
    invalid_signature(&caller.post(PATH, &without("rc4_hash__=")).await);
    assert_eq!(cloud.report().violations.bad_signature, 1);
}

#[tokio::test]
async fn nonces() {
    let cloud = cloud().nonce_window(Duration::from_secs(300)).spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    let now = SystemClock::new().unix_time();
    for (time, right) in [
        (now - Duration::from_secs(4 * 60), true),
        (now + Duration::from_secs(4 * 60), true),
        (now - Duration::from_secs(7 * 60), false),
        (now + Duration::from_secs(7 * 60), false),
        // Seconds in the place of minutes.
        (now * 60, false),
    ] {
        let nonce = Nonce::new(time, &mut caller.random);
        let answer = caller.post(PATH, &caller.form(nonce, PATH, "{}").to_urlencoded()).await;
        assert_eq!(answer.body.starts_with(b"{"), !right, "{time:?}");
    }
    counted(&cloud, |it| it.nonce_age, 3);
    let nonce = caller.nonce();
    let form = caller.form(nonce, PATH, "{}").to_urlencoded();
    assert!(!caller.post(PATH, &form).await.body.starts_with(b"{"));
    invalid_signature(&caller.post(PATH, &form).await);
    // Neither does another path make it new.
    let path = "/v2/user/get_device_cnt";
    invalid_signature(&caller.post(path, &caller.form(nonce, path, "{}").to_urlencoded()).await);
    assert_eq!(cloud.report().violations.nonce_reuse, 2);
    invalid_signature(&caller.post(PATH, &form.replace("_nonce=", "_nonce=AAAA")).await);
    assert_eq!(cloud.report().violations.bad_nonce, 1);
}

#[tokio::test]
async fn signatures() {
    for mode in [Mode::Rc4, Mode::Plain] {
        let cloud = cloud().spawn().await.unwrap();
        let mut caller = Caller::new(&cloud).await;
        caller.mode = mode;
        // Another text than was signed.
        let nonce = caller.nonce();
        let mut form = caller.form(nonce, PATH, "{}");
        form.data = caller.form(nonce, PATH, "[]").data;
        invalid_signature(&caller.post(PATH, &form.to_urlencoded()).await);
        counted(&cloud, |it| it.bad_signature, 1);
        // Another path than it went to, wholly or by what was taken away.
        let nonce = caller.nonce();
        let form = caller.form(nonce, "/v2/home/device_list_page", "{}");
        invalid_signature(&caller.post(PATH, &form.to_urlencoded()).await);
        counted(&cloud, |it| it.bad_signature, 2);
        let nonce = caller.nonce();
        let form = caller.form(nonce, &format!("/app{PATH}"), "{}");
        invalid_signature(&caller.post(PATH, &form.to_urlencoded()).await);
        let inner = "/appgateway/third/miot/app/list";
        let nonce = caller.nonce();
        let form = caller.form(nonce, &inner.replace("/app/", "/"), "{}");
        invalid_signature(&caller.post(inner, &form.to_urlencoded()).await);
        let violations = cloud.report().violations;
        assert_eq!((violations.signed_path, violations.total()), (2, 4));
        // The token of one login and the key of another.
        let other = session(&cloud).await;
        let cookies = caller.cookies();
        caller.session = other;
        let nonce = caller.nonce();
        let form = caller.form(nonce, PATH, "{}").to_urlencoded();
        invalid_signature(&caller.post_as(PATH, &form, &cookies).await);
        let violations = cloud.report().violations;
        assert_eq!((violations.mixed_pair, violations.total()), (1, 5));
        assert_eq!(cloud.report().called(PATH), 0);
    }
}

#[tokio::test]
async fn a_hash_that_was_not_encrypted() {
    let cloud = cloud().spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    let nonce = caller.nonce();
    let key = caller.key(nonce);
    let mut form = caller.form(nonce, PATH, "{}");
    // As some send it, who sign what they send.
    let hash = key.open(form.rc4_hash.as_ref().unwrap().as_bytes()).unwrap();
    let hash = String::from_utf8(hash).unwrap();
    let text = format!("POST&{PATH}&data={}&rc4_hash__={hash}&{}", form.data, key.expose());
    form.signature = base64_sha1(&text);
    form.rc4_hash = Some(hash);
    invalid_signature(&caller.post(PATH, &form.to_urlencoded()).await);
    counted(&cloud, |it| it.bad_hash, 1);
}

fn base64_sha1(text: &str) -> String {
    use base64::Engine as _;
    use sha1::Digest as _;
    base64::engine::general_purpose::STANDARD.encode(sha1::Sha1::digest(text))
}

#[tokio::test]
async fn the_key_itself() {
    for takes in [false, true] {
        let cloud = cloud().takes_ssecurity(takes).spawn().await.unwrap();
        let mut caller = Caller::new(&cloud).await;
        let nonce = caller.nonce();
        let form = caller.form(nonce, PATH, "{}").to_urlencoded();
        let answer = caller.post(PATH, &format!("{form}&ssecurity=AAAA")).await;
        assert_eq!(answer.body.starts_with(b"{"), !takes);
        counted(&cloud, |it| it.ssecurity_sent, 1);
    }
}

#[tokio::test]
async fn data_that_make_no_sense() {
    let cloud = cloud().spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    caller.mode = Mode::Plain;
    for (path, data) in [
        (PATH, "{"),
        (PATH, "[]"),
        ("/miotspec/prop/get", r#"{"params":{"did":"1","siid":2,"piid":1}}"#),
        ("/miotspec/prop/set", r#"{"params":[{"did":"1","siid":2,"piid":1}]}"#),
        ("/miotspec/action", r#"{"params":[{"did":"1","siid":2,"aiid":1,"in":[]}]}"#),
        ("/v2/home/home_device_list", r#"{"home_id":169001360386}"#),
    ] {
        let nonce = caller.nonce();
        let answer = caller.post(path, &caller.form(nonce, path, data).to_urlencoded()).await;
        assert_eq!(json_of(&answer)["code"], -8, "{path}");
    }
    counted(&cloud, |it| it.bad_data, 6);
}

#[tokio::test]
async fn a_camera_is_asked_by_get() {
    let cloud = cloud().spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    let path = "/common/app/get/eventlist";
    let nonce = caller.nonce();
    let key = caller.key(nonce);
    let data = format!(r#"{{"did":"{}"}}"#, super::DID);
    let form = key.sign(Mode::Rc4, Method::Get, path, &data).to_urlencoded();
    let url = format!("{}{path}?{form}", cloud.account_url());
    let cookies = caller.cookies();
    let answer = raw("GET", &url, &[("Cookie", &cookies)], "").await.unwrap();
    let opened = key.open_response(&answer).unwrap();
    let opened: serde_json::Value = serde_json::from_slice(&opened).unwrap();
    assert!(opened["data"]["thirdPartPlayUnits"].is_array());
    // Of such a path nothing is taken away.
    let nonce = caller.nonce();
    let form = caller.key(nonce).sign(Mode::Rc4, Method::Get, "/common/get/eventlist", &data);
    let url = format!("{}{path}?{}", cloud.account_url(), form.to_urlencoded());
    invalid_signature(&raw("GET", &url, &[("Cookie", &cookies)], "").await.unwrap());
    counted(&cloud, |it| it.signed_path, 1);
}
