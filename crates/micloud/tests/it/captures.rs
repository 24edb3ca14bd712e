//! Traffic of others: opened with the right key, and told at which step with a wrong one.

use iot_home_micloud::capture::{FailedStep, Har, Signature};
use iot_home_micloud::{Capture, Hosts, Method, Mode, OpenError, Response};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::vectors::{cases, signed_nonce, text};

const HOST: &str = "de.api.io.mi.com";

fn capture(case: &Value) -> Capture {
    Capture::new(text(&case["input"], "ssecurity").parse().unwrap())
}

fn wrong() -> Capture {
    Capture::new("/////////////////////w==".parse().unwrap())
}

fn path(case: &Value) -> String {
    format!("/app{}", text(&case["input"], "path"))
}

#[test]
fn every_vectors_request() {
    for case in cases() {
        let data = text(&case["input"]["params"], "data");
        for (mode, body) in [
            (Mode::Rc4, text(&case["rc4_mode"], "form_body")),
            (Mode::Rc4, text(&case["rc4_mode"], "form_body_with_ssecurity")),
            (Mode::Plain, text(&case["plain_mode"], "form_body")),
        ] {
            let opened = capture(&case).request(Method::Post, HOST, &path(&case), body);
            assert_eq!(opened.data(), Some(data));
            assert_eq!((opened.signature, opened.failed_step), (Signature::Ok, None));
            assert_eq!(opened.path, text(&case["input"], "path"));
            assert_eq!(opened.mode, Some(mode));
            let opened = wrong().request(Method::Post, HOST, &path(&case), body);
            assert_eq!(opened.signature, Signature::Bad);
            assert_eq!(opened.failed_step, Some(FailedStep::Signature));
            assert_eq!(opened.data().is_some(), mode == Mode::Plain, "never garbage");
        }
    }
}

/// The first step that fails, when one thing is changed after the other.
#[test]
fn a_changed_request_fails_where_it_was_changed() {
    let case = &cases()[1];
    let body = text(&case["rc4_mode"], "form_body");
    let open = |method, path: &str, body: &str| capture(case).request(method, HOST, path, body);
    let path = path(case);
    for (opened, readable) in [
        (open(Method::Get, &path, body), true),
        (open(Method::Post, "/app/miotspec/prop/set", body), true),
        (open(Method::Post, &path, &body.replace("W%2FW0", "W%2FW1")), true),
        (open(Method::Post, &path, &body.replace("data=7Wqu", "data=6Wqu")), false),
        (open(Method::Post, &path, &body.replace("_nonce=%2F%2F79", "_nonce=AA79")), false),
    ] {
        assert_eq!(opened.signature, Signature::Bad);
        assert_eq!(opened.failed_step, Some(FailedStep::Signature));
        assert_eq!(opened.data().is_some(), readable);
    }
    let without = |name: &str| {
        let kept = body.split('&').filter(|field| !field.starts_with(name));
        open(Method::Post, &path, &kept.collect::<Vec<_>>().join("&"))
    };
    assert_eq!(without("signature").failed_step, Some(FailedStep::Form));
    assert_eq!(without("_nonce").failed_step, Some(FailedStep::Form));
    // Without the hash it looks like the readable mode, whose signature is another.
    assert_eq!(without("rc4_hash__").failed_step, Some(FailedStep::Signature));
    assert_eq!(open(Method::Post, &path, "data={}").signature, Signature::Absent);
    let nonce = body.replace("_nonce=%2F%2F79", "_nonce=79");
    assert_eq!(open(Method::Post, &path, &nonce).failed_step, Some(FailedStep::Nonce));
}

/// Somebody signs rightly what is wrong below.
#[test]
fn what_is_signed_may_be_wrong_all_the_same() {
    let case = &cases()[0];
    let key = signed_nonce(case);
    let data = key.seal(b"{}");
    let sign = |data: &str, hash: &str| {
        let signed = key.sign(Mode::Rc4, Method::Post, "/x", "{}");
        let encode = |text: &str| text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        // The signature of these two values, computed by the mode that signs what it is given.
        let signature = sha1(&format!("POST&/x&data={data}&rc4_hash__={hash}&{}", key.expose()));
        let [data, hash, signature] = [data, hash, &signature].map(encode);
        let nonce = encode(&signed.nonce.to_string());
        let form = format!("data={data}&rc4_hash__={hash}&signature={signature}&_nonce={nonce}");
        capture(case).request(Method::Post, HOST, "/app/x", &form)
    };
    let unencrypted = sign(&data, "ZBTX3ZWi3kFoXKSGvKJeLk1gjnw=");
    assert_eq!(unencrypted.signature, Signature::Ok);
    assert_eq!(unencrypted.failed_step, Some(FailedStep::Hash));
    assert_eq!(unencrypted.data(), Some("{}"), "the signature proves the key");
    assert_eq!(sign("!!", "x").failed_step, Some(FailedStep::Base64));
    assert_eq!(sign(&key.seal(&[0xff, 0xfe]), "x").failed_step, Some(FailedStep::Rc4));
    let right = key.sign(Mode::Rc4, Method::Post, "/x", "{}");
    let right = sign(&right.data, &right.rc4_hash.unwrap());
    assert_eq!((right.signature, right.failed_step), (Signature::Ok, None));
}

/// Some requests have more fields than `data`: they are signed in the order of their names, wherever they stand.
#[test]
fn more_fields_than_one() {
    let case = &cases()[0];
    let key = signed_nonce(case);
    let (data, more) = (key.seal(b"{}"), key.seal(b"[]"));
    let hash = sha1(&format!("GET&/x&a_more=[]&data={{}}&{}", key.expose()));
    let hash = key.seal(hash.as_bytes());
    let signature =
        sha1(&format!("GET&/x&a_more={more}&data={data}&rc4_hash__={hash}&{}", key.expose()));
    let encode = |text: &str| text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let fields = [
        ("signature", &signature),
        ("data", &data),
        ("_nonce", &key.nonce().to_string()),
        ("rc4_hash__", &hash),
        ("a_more", &more),
    ];
    let form: Vec<_> =
        fields.map(|(name, value)| format!("{name}={}", encode(value))).into_iter().collect();
    let opened = capture(case).request(Method::Get, HOST, "/app/x", &form.join("&"));
    assert_eq!((opened.signature, opened.failed_step), (Signature::Ok, None));
    let params = [("a_more", "[]"), ("data", "{}")];
    assert_eq!(opened.params, params.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

fn sha1(text: &str) -> String {
    use base64::Engine as _;
    use sha1::Digest as _;

    base64::engine::general_purpose::STANDARD.encode(sha1::Sha1::digest(text))
}

#[test]
fn single_values() {
    for case in cases() {
        let nonce = text(&case["input"], "nonce").parse().unwrap();
        let value = |value: &str| capture(&case).value(nonce, value);
        let response = text(&case["response"], "plaintext");
        assert_eq!(value(text(&case["response"], "body")).as_deref(), Ok(response));
        assert_eq!(value(text(&case["response"], "gzip_body")).as_deref(), Ok(response));
        let data = text(&case["input"]["params"], "data");
        assert_eq!(value(text(&case["rc4_mode"], "data_encrypted")).as_deref(), Ok(data));
        let form = text(&case["rc4_mode"], "form_body");
        let encoded = form.strip_prefix("data=").unwrap().split('&').next().unwrap();
        assert_eq!(value(encoded).as_deref(), Ok(data));
        let hash = text(&case["rc4_mode"], "rc4_hash_plaintext");
        assert_eq!(value(text(&case["rc4_mode"], "rc4_hash_encrypted")).as_deref(), Ok(hash));
        assert_eq!(value("{\"code\":0}").as_deref(), Ok("{\"code\":0}"));
        assert_eq!(value("{\"x\":\"%25\"}").as_deref(), Ok("{\"x\":\"%25\"}"));
        assert_eq!(value("<html>"), Err(OpenError::Html));
        assert_eq!(value("data="), Err(OpenError::Base64));
        for encrypted in [
            text(&case["response"], "body"),
            text(&case["response"], "gzip_body"),
            text(&case["rc4_mode"], "data_encrypted"),
            text(&case["rc4_mode"], "rc4_hash_encrypted"),
        ] {
            assert_eq!(wrong().value(nonce, encrypted), Err(OpenError::Key), "never garbage");
        }
    }
}

fn entry(url: &str, request: &Value, content: &Value) -> Value {
    let mut asked = json!({ "method": "POST", "url": url });
    asked.as_object_mut().unwrap().extend(request.as_object().unwrap().clone());
    json!({ "request": asked, "response": { "status": 200, "headers": [], "content": content } })
}

fn har(entries: &[Value]) -> Vec<u8> {
    serde_json::to_vec(&json!({ "log": { "version": "1.2", "entries": entries } })).unwrap()
}

#[test]
fn a_har_file() {
    let cases = cases();
    let (first, zipped) = (&cases[0], &cases[4]);
    let url = |case: &Value| format!("https://{HOST}{}", path(case));
    let form = text(&first["rc4_mode"], "form_body");
    let body = text(&first["response"], "body");
    let params: Vec<_> = form
        .split('&')
        .map(|field| field.split_once('=').unwrap())
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    let decoded: Vec<_> = params
        .iter()
        .map(|p| {
            let value = p["value"].as_str().unwrap();
            let value = value.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
            json!({ "name": p["name"], "value": value })
        })
        .collect();
    let content = json!({ "text": body });
    let base64 = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(text)
    };
    let entries = [
        entry("https://example.com/app/home/device_list", &json!({}), &json!({ "text": "secret" })),
        entry(&url(first), &json!({ "postData": { "text": form } }), &content),
        entry(&url(first), &json!({ "postData": { "params": params } }), &content),
        entry(&url(first), &json!({ "postData": { "params": decoded } }), &content),
        entry(&format!("{}?{form}", url(first)), &json!({}), &content),
        entry(
            &url(zipped),
            &json!({ "postData": { "text": text(&zipped["rc4_mode"], "form_body") } }),
            &json!({ "text": base64(text(&zipped["response"], "gzip_body")), "encoding": "base64" }),
        ),
        entry("https://api.io.mi.com.evil.example/app/x", &json!({}), &json!({})),
        entry("https://sts.api.io.mi.com/sts", &json!({}), &json!({ "text": "ok" })),
    ];
    let bytes = har(&entries);
    let bytes = [b"\xef\xbb\xbf", &*bytes].concat();
    let har = Har::parse(&bytes).unwrap();
    assert_eq!((har.len(), har.is_empty()), (8, false));

    let opened: Vec<_> = har.exchanges(&capture(first)).collect();
    assert_eq!(opened.len(), 5);
    for exchange in &opened[..4] {
        assert_eq!(exchange.path, "/home/device_list");
        let data = text(&first["input"]["params"], "data");
        assert_eq!(exchange.request.as_deref(), Some(data));
        assert_eq!(exchange.response.as_deref(), Some(text(&first["response"], "plaintext")));
        assert_eq!((exchange.signature, exchange.failed_step), (Signature::Ok, None));
    }
    // Of another login: the answer too was encrypted otherwise.
    let other = &opened[4];
    assert_eq!((other.request.as_ref(), other.response.as_ref()), (None, None));
    assert_eq!((other.signature, other.failed_step), (Signature::Bad, Some(FailedStep::Signature)));
    let opened = har.exchanges(&capture(zipped)).last().unwrap();
    assert_eq!(opened.response.as_deref(), Some(text(&zipped["response"], "plaintext")));
    assert_eq!((opened.signature, opened.failed_step), (Signature::Ok, None));
}

#[test]
fn odd_entries() {
    let case = &cases()[0];
    let url = format!("https://{HOST}{}", path(case));
    let form = text(&case["rc4_mode"], "form_body");
    let asked = json!({ "postData": { "text": form } });
    let open = |entry: Value| {
        let bytes = har(&[entry]);
        Har::parse(&bytes).unwrap().exchanges(&capture(case)).next()
    };
    // Nothing came back, or nothing was saved.
    for content in [json!({}), json!({ "text": "" }), json!(null)] {
        let exchange = open(entry(&url, &asked, &content)).unwrap();
        assert_eq!((exchange.response, exchange.failed_step), (None, None));
        assert_eq!(exchange.signature, Signature::Ok);
    }
    let failed = |content: Value| {
        let exchange = open(entry(&url, &asked, &content)).unwrap();
        assert_eq!((exchange.signature, exchange.response), (Signature::Ok, None));
        exchange.failed_step.unwrap().to_string()
    };
    assert_eq!(failed(json!({ "text": "<html>" })), "response-html");
    assert_eq!(failed(json!({ "text": "?" })), "response-base64");
    assert_eq!(failed(json!({ "text": "AAAA" })), "response-rc4");
    // An error is readable.
    let error = r#"{"code":0,"message":"invalid signature"}"#;
    let exchange = open(entry(&url, &asked, &json!({ "text": error }))).unwrap();
    assert_eq!(exchange.response.as_deref(), Some(error));
    // Unsigned calls of another kind of login.
    let json = json!({ "postData": { "text": "{\"a\":1}" } });
    let exchange =
        open(entry("https://ha.api.io.mi.com/app/v2/x", &json, &json!({ "text": "{}" }))).unwrap();
    assert_eq!(
        (exchange.request.as_deref(), exchange.response.as_deref()),
        (Some("{\"a\":1}"), Some("{}"))
    );
    assert_eq!((exchange.signature, exchange.failed_step), (Signature::Absent, None));
    // What a browser asks in advance, and what makes no sense.
    let options = json!({ "request": { "method": "OPTIONS", "url": url } });
    assert_eq!(open(options), None);
    let odd = json!({ "request": { "method": "BREW", "url": url } });
    assert_eq!(open(odd).unwrap().failed_step, Some(FailedStep::Form));
    assert_eq!(open(json!({ "request": 7 })), None);
    assert!(Har::parse(b"{}").is_err() && Har::parse(b"").is_err());
}

#[test]
fn a_stand_in_may_be_named() {
    let case = &cases()[0];
    let asked = json!({ "postData": { "text": text(&case["rc4_mode"], "form_body") } });
    let bytes = har(&[entry("http://127.0.0.1:4711/app/home/device_list", &asked, &json!({}))]);
    let har = Har::parse(&bytes).unwrap();
    assert_eq!(har.exchanges(&capture(case)).count(), 0);
    let hosts = Hosts::default().api("http://127.0.0.1:4711").unwrap();
    let opened = har.exchanges(&capture(case).hosts(hosts)).next().unwrap();
    assert_eq!(opened.signature, Signature::Ok);
}

#[test]
fn an_answer_belongs_to_its_nonce() {
    let case = &cases()[0];
    let response = Response::new(200, text(&case["response"], "body"));
    let nonce = text(&case["input"], "nonce").parse().unwrap();
    let opened = capture(case).response(nonce, &response);
    assert_eq!(opened.as_deref(), Ok(text(&case["response"], "plaintext")));
    let other = text(&cases()[1]["input"], "nonce").parse().unwrap();
    assert_eq!(capture(case).response(other, &response), Err(OpenError::Key));
}

proptest! {
    #[test]
    fn what_we_sign_others_open(
        data in "\\{\"[a-z灯💡&=+% ]*\":1\\}", path in "/[a-z/]{0,20}", seed: u64, plain: bool, get: bool
    ) {
        use iot_home_core::SeededRandom;
        use iot_home_micloud::{Nonce, SignedNonce, Ssecurity};

        let ssecurity: Ssecurity = "AAECAwQFBgcICQoLDA0ODw==".parse().unwrap();
        let nonce = Nonce::new(crate::answers::NOW, &mut SeededRandom::new(seed));
        let mode = if plain { Mode::Plain } else { Mode::Rc4 };
        let method = if get { Method::Get } else { Method::Post };
        let signed = SignedNonce::new(&ssecurity, nonce).sign(mode, method, &path, &data);
        let travels = format!("/app{path}");
        let form = signed.to_urlencoded();
        let opened = Capture::new(ssecurity).request(method, HOST, &travels, &form);
        prop_assert_eq!(opened.data(), Some(&*data));
        prop_assert_eq!(opened.signature, Signature::Ok);
        prop_assert_eq!(opened.failed_step, None);
        prop_assert_eq!(opened.nonce, Some(nonce));
    }

    #[test]
    fn any_form_and_any_file(form in ".*", bytes: Vec<u8>, method: bool) {
        let method = if method { Method::Get } else { Method::Post };
        let opened = wrong().request(method, HOST, "/app/x", &form);
        prop_assert!(opened.signature != Signature::Ok);
        if let Ok(har) = Har::parse(&bytes) {
            prop_assert!(har.exchanges(&wrong()).count() <= har.len());
        }
    }
}
