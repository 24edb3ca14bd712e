//! Answers of the API: opened, told apart, and taken for what they mean.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use iot_home_core::SeededRandom;
use iot_home_micloud::{
    Api, ApiError, Call, DeviceId, Expiry, Identity, MAX_INFLATED, Mode, OpenError, Region,
    Response, ServiceKeys, Session, Signed,
};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) const NOW: Duration = Duration::from_secs(1_767_225_600);

pub(crate) fn session() -> Session {
    let device_id: DeviceId = "AZ09AZ09AZ09AZ09".parse().unwrap();
    let mut session = Session::new(device_id, "1234567890");
    let keys = ServiceKeys::new(
        "AAECAwQFBgcICQoLDA0ODw==".parse().unwrap(),
        "service/token+of=1234567890".to_owned(),
    );
    session.services.insert("xiaomiio".into(), keys);
    session
}

pub(crate) fn api() -> Api {
    Api::new(Region::De, Identity::new(session().device_id))
}

fn signed<T: serde::de::DeserializeOwned>(mode: Mode) -> Signed<T> {
    let session = session();
    let credentials = session.credentials("xiaomiio").unwrap();
    let call = Call::new("/home/device_list", "{}").unwrap();
    api().mode(mode).sign(&call, &credentials, NOW, &mut SeededRandom::new(1))
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn plain(status: u16, body: &str) -> Result<Value, ApiError> {
    signed(Mode::Rc4).open(&Response::new(status, body))
}

#[test]
fn encrypted_zipped_and_readable() {
    let signed = signed::<Value>(Mode::Rc4);
    let key = signed.signed_nonce();
    let body = json!({ "code": 0, "message": "ok", "result": { "x": "灯" } }).to_string();
    let expected = json!({ "x": "灯" });
    let zipped = key.seal(&gzip(body.as_bytes()));
    for response in [
        Response::new(200, key.seal(body.as_bytes())),
        Response::new(200, format!("\r\n {} \n", key.seal(body.as_bytes()))),
        Response::new(200, zipped.clone()).header("miot-content-encoding", "gzip"),
        Response::new(200, zipped),
        // Announced and not done.
        Response::new(200, key.seal(body.as_bytes())).header("MIOT-Content-Encoding", "GZIP"),
        Response::new(200, format!(" {body}\n")),
        Response::new(200, gzip(body.as_bytes())),
    ] {
        assert_eq!(signed.open(&response), Ok(expected.clone()));
    }
    let plain = self::signed::<Value>(Mode::Plain);
    assert_eq!(plain.open(&Response::new(200, body.clone())), Ok(expected));
    let sealed = Response::new(200, key.seal(body.as_bytes()));
    assert_eq!(plain.open(&sealed), Err(OpenError::Json.into()), "nobody asked for that");
}

#[test]
fn what_cannot_be_opened_says_at_which_step() {
    let signed = signed::<Value>(Mode::Rc4);
    let key = signed.signed_nonce();
    let other = self::signed::<Value>(Mode::Rc4).signed_nonce().clone();
    assert_eq!(other.expose(), key.expose(), "the same nonce");
    let wrong = iot_home_micloud::SignedNonce::new(
        &"AAECAwQFBgcICQoLDA0ODg==".parse().unwrap(),
        key.nonce(),
    );
    let zipped = gzip(b"{\"code\":0}");
    let mut damaged = zipped.clone();
    damaged[12] ^= 0x55;
    let mut lying = zipped.clone();
    let at = lying.len() - 5;
    lying[at] ^= 1;
    for (body, error) in [
        (b"".to_vec(), OpenError::Empty),
        (b" \n".to_vec(), OpenError::Empty),
        (b"<html>".to_vec(), OpenError::Html),
        (b"ok ok".to_vec(), OpenError::Base64),
        (b"AAA".to_vec(), OpenError::Base64),
        (wrong.seal(b"{\"code\":0,\"message\":\"ok\",\"result\":1}").into(), OpenError::Key),
        (wrong.seal(&zipped).into(), OpenError::Key),
        (key.seal(&damaged).into(), OpenError::Gzip),
        (key.seal(&lying).into(), OpenError::Gzip),
        (key.seal(&zipped[..zipped.len() - 3]).into(), OpenError::Gzip),
        (gzip(b"not json"), OpenError::Json),
    ] {
        assert_eq!(signed.open(&Response::new(200, body)), Err(ApiError::Open(error)));
    }
}

#[test]
fn a_bomb_is_an_error_and_not_memory() {
    let signed = signed::<Value>(Mode::Rc4);
    let mut bomb = b"{\"code\":0,\"message\":\"ok\",\"result\":\"".to_vec();
    bomb.resize(MAX_INFLATED - 2, b'x');
    bomb.extend(b"\"}");
    let seal = |bytes: &[u8]| Response::new(200, signed.signed_nonce().seal(&gzip(bytes)));
    assert!(signed.open(&seal(&bomb)).is_ok(), "as long as may be");
    bomb.push(b' ');
    let response = seal(&bomb);
    assert!(response.body.len() < 100_000);
    assert_eq!(signed.open(&response), Err(ApiError::Open(OpenError::TooLarge)));
}

#[test]
fn every_shape_of_expiry() {
    use Expiry::{AuthError, Code, InvalidSignature, Status, TokenExpired};
    for (status, body, shape) in [
        (401, r#"{"code":3,"message":"auth error"}"#, AuthError),
        (401, "", Status(401)),
        (401, "<html>", Status(401)),
        (403, "{}", Status(403)),
        (421, "nonsense", Status(421)),
        (426, r#"{"code":0,"message":"SERVICETOKEN_EXPIRED"}"#, TokenExpired),
        (426, "", Status(426)),
        (200, r#"{"code":0,"message":"SERVICETOKEN_EXPIRED"}"#, TokenExpired),
        (200, r#"{"code":2,"message":"auth err"}"#, AuthError),
        (200, r#"{"code":2,"message":"Auth Error","result":[]}"#, AuthError),
        (200, r#"{"code":"2","message":""}"#, Code(2)),
        (200, r#"{"code":3,"message":"serviceToken expired"}"#, TokenExpired),
        (200, r#"{"code":3}"#, Code(3)),
        (200, r#"{"code":4,"message":"auth err"}"#, AuthError),
        (200, r#"{"code":4,"message":5}"#, Code(4)),
        (200, r#"{"code":0,"message":"invalid signature"}"#, InvalidSignature),
        (200, r#"{"code":0,"message":"Invalid Signature","result":""}"#, InvalidSignature),
    ] {
        let error = plain(status, body).unwrap_err();
        assert_eq!(error, ApiError::Expired(shape), "{status} {body}");
        assert!(error.is_expired() && !error.is_transient());
    }
}

#[test]
fn a_code_of_zero_is_no_success_by_itself() {
    for body in [
        r#"{"code":0}"#,
        r#"{"code":0,"message":""}"#,
        r#"{"code":0,"message":"later","result":null}"#,
        r#"{"message":"ok","result":1}"#,
        r#"{}"#,
    ] {
        assert_eq!(plain(200, body), Err(ApiError::NoResult), "{body}");
    }
    assert_eq!(plain(200, r#"{"code":0,"message":"ok"}"#), Ok(Value::Null));
    assert_eq!(plain(200, r#"{"code":"0","message":"","result":7}"#), Ok(json!(7)));
    assert_eq!(plain(200, r#"{"code":0,"data":{"a":1}}"#), Ok(json!({ "a": 1 })));
    assert_eq!(plain(200, r#"{"code":0,"result":{"a":1},"data":null}"#), Ok(json!({ "a": 1 })));
    // Who needs a result is not content with "ok".
    let list: Result<Vec<u8>, _> =
        signed(Mode::Rc4).open(&Response::new(200, r#"{"code":0,"message":"ok"}"#));
    assert_eq!(list, Err(ApiError::NoResult));
}

#[test]
fn refusals() {
    for (code, word) in [(-8, "parameter"), (-1, "permission"), (-4, "server failed"), (-7, "not")]
    {
        let body = json!({ "code": code, "message": "data type not valid", "result": "" });
        let error = plain(200, &body.to_string()).unwrap_err();
        assert!(error.to_string().contains(word) && !error.to_string().contains("valid"));
        assert!(error.meaning().unwrap().contains(word) && !error.is_expired());
        let ApiError::Code { code: told, message } = &error else { panic!("{error}") };
        assert_eq!((*told, message.as_str()), (code, "data type not valid"));
    }
    let throttled = plain(200, r#"{"code":0,"message":"sds throttle"}"#).unwrap_err();
    assert!(throttled == ApiError::Throttled && throttled.is_transient());
    for status in [404, 500, 502] {
        let error = plain(status, "<html>").unwrap_err();
        assert!(error == ApiError::Status(status) && error.is_transient());
    }
    assert_eq!(plain(500, r#"{"code":0,"message":"ok","result":1}"#), Err(ApiError::Status(500)));
    assert_eq!(plain(200, "{\"code\":0,"), Err(ApiError::Open(OpenError::Json)));
    // A result of another form says where, and not what.
    let shape: Result<Vec<u64>, _> =
        signed(Mode::Rc4).open(&Response::new(200, r#"{"code":0,"result":["swordfish"]}"#));
    assert_eq!(shape, Err(ApiError::Shape { line: 1, column: 31 }));
    // An error whose result has another form is that error.
    let code: Result<Vec<u64>, _> =
        signed(Mode::Rc4).open(&Response::new(200, r#"{"code":-6,"result":"x"}"#));
    assert!(matches!(code, Err(ApiError::Code { code: -6, .. })));
}

#[test]
fn a_request_as_it_is_sent() {
    let signed = signed::<Value>(Mode::Rc4);
    let request = signed.request();
    assert_eq!(request.url, "https://de.api.io.mi.com/app/home/device_list");
    let header = |name| request.headers.iter().find(|(key, _)| *key == name).map(|h| h.1.as_str());
    assert_eq!(header("Content-Type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(header("MIOT-ENCRYPT-ALGORITHM"), Some("ENCRYPT-RC4"));
    assert_eq!(header("miot-accept-encoding"), Some("GZIP"));
    let cookies = request.cookie_header().unwrap();
    let start = "userId=1234567890; serviceToken=service/token+of=1234567890; yetAnother";
    assert!(cookies.expose().starts_with(start));
    let body = request.body.as_ref().unwrap().expose();
    assert!(body.starts_with("data=") && !body.contains("ssecurity"));
    let plain = self::signed::<Value>(Mode::Plain);
    assert!(plain.request().headers.iter().all(|(name, _)| !name.starts_with("MIOT")));
    assert!(plain.request().body.as_ref().unwrap().expose().starts_with("data=%7B%7D&signature="));
}

proptest! {
    #[test]
    fn any_body_is_an_answer_or_an_error(status: u16, body: Vec<u8>, text in ".*") {
        let signed = signed::<Value>(Mode::Rc4);
        for body in [body.clone(), text.clone().into(), signed.signed_nonce().seal(&body).into(),
            signed.signed_nonce().seal(text.as_bytes()).into(), gzip(&body)] {
            if let Err(error) = signed.open(&Response::new(status, body)) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }

    #[test]
    fn what_is_sealed_opens(result in "[^\\x00]*", zipped: bool, seed: u64) {
        let session = session();
        let call = Call::<String>::new("/x", "{}").unwrap();
        let credentials = session.credentials("xiaomiio").unwrap();
        let signed = api().sign(&call, &credentials, NOW, &mut SeededRandom::new(seed));
        let body = json!({ "code": 0, "message": "ok", "result": result }).to_string();
        let bytes = if zipped { gzip(body.as_bytes()) } else { body.into() };
        let response = Response::new(200, signed.signed_nonce().seal(&bytes));
        prop_assert_eq!(signed.open(&response), Ok(result));
    }
}
