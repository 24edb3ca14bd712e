//! Registration and publishing over HTTP: the vectors, and what is hostile.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iot_home_mqtt::payload::Unreadable;
use iot_home_tencent::registration::{
    NotGiven, ProductSecret, Publish, Registered, Registration, Request, published,
};
use iot_home_tencent::{Device, Region, SignMethod};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const SECRET: &str = "8XzjN8rfgFVGDTNTUGau4snA";
const PSK: &str = "7WmFA/MEs+Fy+32QwJWtYw==";

fn vectors(kind: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/mqtt/vectors.json");
    let text = std::fs::read_to_string(path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let all = file["tencent"].as_array().unwrap();
    all.iter().filter(|case| case["kind"] == kind).cloned().collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is missing: {value}"))
}

fn registration(input: &Value) -> Registration {
    let secret = text(input, "product_secret");
    Registration::new(text(input, "product_id"), text(input, "device_name"), secret).unwrap()
}

fn seconds(input: &Value) -> Duration {
    Duration::from_secs(input["timestamp"].as_u64().unwrap())
}

fn nonce(input: &Value) -> u32 {
    input["nonce"].as_u64().unwrap().try_into().unwrap()
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    let found = request.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
    &found.unwrap_or_else(|| panic!("{name} is missing")).1
}

#[test]
fn requests_of_the_vectors() {
    let cases = vectors("dynreg-v2");
    assert_eq!(cases.len(), 2);
    for case in &cases {
        let (input, expected) = (&case["input"], &case["expected"]);
        let method: SignMethod = text(input, "algorithm").parse().unwrap();
        let registration = registration(input).sign_method(method);
        let request = registration.request(seconds(input), nonce(input));
        assert_eq!(request.method, "POST");
        for (name, value) in expected["headers"].as_object().unwrap() {
            assert_eq!(header(&request, name), value.as_str().unwrap(), "{name}");
        }
        if let Some(url) = expected["url"].as_str() {
            assert_eq!(request.url, url);
            assert_eq!(request.body, text(expected, "body").as_bytes());
        }
        let other = registration.server(Region::UsEast).request(seconds(input), nonce(input));
        assert_eq!(other.url, "https://us-east.gateway.tencentdevices.com/device/register");
        // The host is signed as well.
        assert_ne!(header(&other, "X-TC-Signature"), header(&request, "X-TC-Signature"));
    }
}

#[test]
fn old_requests_of_the_vectors() {
    let cases = vectors("dynreg-v1");
    assert_eq!(cases.len(), 1);
    for case in &cases {
        let input = &case["input"];
        let request = registration(input).old_request(seconds(input), nonce(input));
        let path = text(&case["expected"], "path");
        assert_eq!(request.url, format!("https://gateway.tencentdevices.com{path}"));
        assert_eq!(header(&request, "Content-Type"), "application/json; charset=utf-8");
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let expected = json!({
            "deviceName": input["device_name"], "nonce": input["nonce"], "productId": input["product_id"],
            "timestamp": input["timestamp"], "signature": case["expected"]["signature"],
        });
        assert_eq!(body, expected);
    }
}

/// Both vectors are opened, in the answers of both gateways.
#[test]
fn answers_of_the_vectors() {
    let cases = vectors("dynreg-payload");
    assert_eq!(cases.len(), 2);
    for case in &cases {
        let (input, plain) = (&case["input"], text(&case["expected"], "plain"));
        let plain: Value = serde_json::from_str(plain).unwrap();
        let registration =
            Registration::new("S3EUVBRJLB", "device_1234", text(input, "product_secret")).unwrap();
        let (sealed, length) = (&input["payload"], &input["len"]);
        let length_as_text = length.to_string();
        for answer in [
            json!({"Response": {"Len": length, "Payload": sealed, "RequestId": "1"}}),
            json!({"code": 0, "message": "", "len": length, "payload": sealed, "requestId": "1"}),
            json!({"code": "0", "len": length_as_text, "payload": sealed}),
        ] {
            let registered = registration.open(answer.to_string().as_bytes()).unwrap();
            let Registered::Key(device) = registered else { panic!("{registered:?}") };
            let expected = Device::new("S3EUVBRJLB", "device_1234", text(&plain, "psk")).unwrap();
            let proof = |device: &Device| {
                let proof = device.bind_proof(SignMethod::HmacSha256, 1, Duration::ZERO);
                proof.signature.expose().clone()
            };
            assert_eq!(proof(&device), proof(&expected));
        }
    }
}

/// Sealed as the platform does it: zero bytes up to the end of a block, none where there are none.
fn seal(plain: &str, secret: &str) -> String {
    use aes::cipher::block_padding::NoPadding;
    use aes::cipher::{BlockModeEncrypt as _, KeyIvInit as _};

    let mut bytes = plain.as_bytes().to_vec();
    bytes.resize(plain.len().next_multiple_of(16), 0);
    let length = bytes.len();
    let key: &[u8; 16] = secret.as_bytes().first_chunk().unwrap();
    cbc::Encryptor::<aes::Aes128>::new(key.into(), b"0000000000000000".into())
        .encrypt_padded::<NoPadding>(&mut bytes, length)
        .unwrap();
    STANDARD.encode(bytes)
}

fn answer(plain: &str, length: usize) -> Vec<u8> {
    json!({"Response": {"Len": length, "Payload": seal(plain, SECRET)}}).to_string().into_bytes()
}

fn ours() -> Registration {
    Registration::new("S3EUVBRJLB", "device_1234", SECRET).unwrap()
}

#[test]
fn certificates() {
    let plain = json!({"encryptionType": 1, "clientCert": "-----BEGIN CERTIFICATE-----", "clientKey": "the-key-of-it"});
    let plain = plain.to_string();
    let registered = ours().open(&answer(&plain, plain.len())).unwrap();
    assert!(!format!("{registered:?} {registered:#?}").contains("the-key-of-it"));
    let Registered::Certificate { device, certificate, key } = registered else { panic!() };
    assert_eq!(certificate, "-----BEGIN CERTIFICATE-----");
    assert_eq!(key.expose(), "the-key-of-it");
    let login = device.tls().sign(Duration::ZERO, &mut iot_home_core::SeededRandom::new(1));
    assert_eq!(login.client_id, "S3EUVBRJLBdevice_1234");
}

#[test]
fn what_is_refused_and_what_cannot_be_read() {
    let open = |text: &str| ours().open(text.as_bytes()).map(|_| ()).unwrap_err();
    let refused = r#"{"Response":{"Error":{"Code":"ResourceNotFound.X\u001b[2J","Message":"m"},"RequestId":"1"}}"#;
    // What would control a terminal is left out.
    assert_eq!(open(refused), NotGiven::Refused { code: "ResourceNotFound.X2J".into() });
    let long = json!({"Response": {"Error": {"Code": "x".repeat(200)}}}).to_string();
    assert_eq!(open(&long), NotGiven::Refused { code: "x".repeat(128) });
    assert_eq!(open(r#"{"code":1011,"message":"m"}"#), NotGiven::RefusedByNumber { code: 1011 });
    assert!(matches!(open("{}"), NotGiven::Unreadable(Unreadable::Form { .. })));
    assert!(matches!(open("<html>"), NotGiven::Unreadable(Unreadable::NotJson { .. })));
    assert!(matches!(open(r#"{"Response":{"Len":1}}"#), NotGiven::Unreadable(_)));
    let plain = json!({"encryptionType": 2, "psk": PSK}).to_string();
    let right = answer(&plain, plain.len());
    assert!(ours().open(&right).is_ok());
    let other = Registration::new("S3EUVBRJLB", "device_1234", "another-secret-of-24-chs").unwrap();
    assert_eq!(other.open(&right).map(|_| ()).unwrap_err(), NotGiven::Sealed);
    // Only the first 16 bytes of the secret are the key.
    let longer = Registration::new("S3EUVBRJLB", "device_1234", "8XzjN8rfgFVGDTNTxxxx").unwrap();
    assert!(longer.open(&right).is_ok());
    let room = plain.len().next_multiple_of(16);
    let length = u64::try_from(room + 1).unwrap();
    assert_eq!(
        ours().open(&answer(&plain, room + 1)).map(|_| ()).unwrap_err(),
        NotGiven::Length { length, room }
    );
    // The zero bytes behind the end are no JSON, and neither is a text that is cut off.
    for wrong in [plain.len() + 1, plain.len() - 1, 0] {
        let error = ours().open(&answer(&plain, wrong)).map(|_| ()).unwrap_err();
        assert_eq!(error, NotGiven::Sealed, "{wrong}");
    }
    for plain in [r#"{"encryptionType":3,"psk":"x"}"#, r#"{"encryptionType":1,"psk":"x"}"#] {
        let error = ours().open(&answer(plain, plain.len())).map(|_| ()).unwrap_err();
        assert!(matches!(error, NotGiven::Unreadable(Unreadable::Form { .. })), "{error:?}");
    }
    let plain = r#"{"encryptionType":2,"psk":"no base64"}"#;
    let error = ours().open(&answer(plain, plain.len())).map(|_| ()).unwrap_err();
    assert!(matches!(error, NotGiven::Field(_)), "{error:?}");
    for (payload, why) in [("eHGR", "no block"), ("!", "no base64"), ("", "nothing")] {
        let text = json!({"Response": {"Len": 0, "Payload": payload}}).to_string();
        assert_eq!(open(&text), NotGiven::Sealed, "{why}");
    }
    assert!(ProductSecret::try_from("fifteen-letters").is_err());
}

/// 64 KiB are read of the one and 16 of the other, and not a byte more, whatever is in it.
#[test]
fn answers_that_are_too_long() {
    let plain = json!({"encryptionType": 2, "psk": PSK}).to_string();
    let registered = String::from_utf8(answer(&plain, plain.len())).unwrap();
    let padded = |text: &str, length: usize| format!("{text}{}", " ".repeat(length - text.len()));
    let open = |length| ours().open(padded(&registered, length).as_bytes()).map(drop);
    assert_eq!(open(64 << 10), Ok(()));
    let long = Unreadable::Length { length: 65_537, most: 65_536 };
    assert_eq!(open((64 << 10) + 1), Err(long.into()));
    let done = r#"{"Response":{"RequestId":"1"}}"#;
    assert_eq!(published(padded(done, 16 << 10).as_bytes()), Ok(()));
    let long = Unreadable::Length { length: 16_385, most: 16_384 };
    assert_eq!(published(padded(done, (16 << 10) + 1).as_bytes()), Err(long.into()));
}

/// Signed with the psk as it is written.
#[test]
fn publishing() {
    let device = Device::new("YOURPROD01", "lamp1", PSK).unwrap();
    let message = Publish::new("YOURPROD01/lamp1/event", "{\"a\":1}");
    let now = Duration::from_secs(1_600_000_000);
    let request = message.request(&device, now, 123_456).unwrap();
    let host = "ap-guangzhou.gateway.tencentdevices.com";
    assert_eq!(request.url, format!("https://{host}/device/publish"));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let expected = json!({
        "ProductId": "YOURPROD01", "DeviceName": "lamp1", "TopicName": "YOURPROD01/lamp1/event",
        "Payload": "{\"a\":1}", "Qos": 1,
    });
    assert_eq!(body, expected);
    let digest: String =
        Sha256::digest(&request.body).iter().map(|byte| format!("{byte:02x}")).collect();
    let content =
        format!("POST\n{host}\n/device/publish\n\nhmacsha256\n1600000000\n123456\n{digest}");
    let signature = {
        use hmac::{KeyInit as _, Mac as _};
        let mut mac = hmac::Hmac::<Sha256>::new_from_slice(PSK.as_bytes()).unwrap();
        mac.update(content.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    };
    assert_eq!(header(&request, "X-TC-Signature"), signature);

    // The gateway has no quality 2.
    for (asked, told) in [(0, 0), (1, 1), (2, 1)] {
        let mut message = message.clone();
        message.qos = asked;
        let body = message.request(&device, now, 1).unwrap().body;
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["Qos"], told);
    }

    let full = "x".repeat(16 * 1024);
    assert!(Publish::new("YOURPROD01/lamp1/event", &full).request(&device, now, 1).is_ok());
    let long = "x".repeat(16 * 1024 + 1);
    assert!(Publish::new("YOURPROD01/lamp1/event", &long).request(&device, now, 1).is_err());
    assert!(Publish::new("YOURPROD01/lamp1/+", "").request(&device, now, 1).is_err());
    assert_eq!(published(br#"{"Response":{"RequestId":"1"}}"#), Ok(()));
    let refused = published(br#"{"Response":{"Error":{"Code":"FailedOperation"}}}"#);
    assert_eq!(refused, Err(NotGiven::Refused { code: "FailedOperation".into() }));
}

#[test]
fn nothing_shows_a_secret() {
    let registration = ours();
    let request = registration.request(Duration::ZERO, 1);
    let device = Device::new("YOURPROD01", "lamp1", PSK).unwrap();
    let publish = Publish::new("a", PSK);
    let plain = json!({"encryptionType": 2, "psk": PSK}).to_string();
    let mut printed = format!(
        "{registration:?} {request:?} {:?} {publish:?} {:?} {:?} {:?}",
        registration.old_request(Duration::ZERO, 1),
        publish.request(&device, Duration::ZERO, 1),
        registration.open(&answer(&plain, plain.len())),
        ProductSecret::try_from(SECRET),
    );
    for length in 0..plain.len() {
        let error = registration.open(&answer(&plain, length)).unwrap_err();
        printed += &format!("{error} {error:?}");
    }
    let signature = header(&request, "X-TC-Signature");
    for secret in [SECRET, PSK, signature, "7WmFA/MEs"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

proptest! {
    /// What is sealed is opened, whatever its length does to the padding.
    #[test]
    fn sealed_and_opened(more in "[a-z]{0,40}", key in prop::collection::vec(any::<u8>(), 1..64)) {
        let psk = STANDARD.encode(key);
        let plain = json!({"encryptionType": 2, "psk": psk, "more": more}).to_string();
        prop_assert!(ours().open(&answer(&plain, plain.len())).is_ok());
    }

    #[test]
    fn any_answer_is_read_or_refused(answer in any::<Vec<u8>>(), sealed in any::<Vec<u8>>(), length in any::<u64>()) {
        let _ = ours().open(&answer).map_err(|error| error.to_string());
        let _ = published(&answer);
        let sealed = STANDARD.encode(sealed);
        let answer = json!({"Response": {"Len": length, "Payload": sealed}}).to_string();
        prop_assert!(ours().open(answer.as_bytes()).is_err());
    }
}

/// A device with a certificate signs with its key; OpenSSL has signed the same.
#[cfg(feature = "http")]
#[test]
fn publishing_with_a_certificate() {
    use iot_home_tencent::CertificateDevice;
    use iot_home_tencent::registration::RsaKey;

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/mqtt/tencent-rsa.json");
    let vector: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let device = CertificateDevice::new("YOURPROD01", "lamp1").unwrap();
    let now = Duration::from_secs(vector["timestamp"].as_u64().unwrap());
    for form in ["key_pkcs1", "key_pkcs8"] {
        let key = RsaKey::from_pem(text(&vector, form)).unwrap();
        let publish = Publish::new("YOURPROD01/lamp1/event", "hello");
        let request = publish.certified_request(&device, &key, now, 123_456).unwrap();
        assert_eq!(request.body, text(&vector, "body").as_bytes());
        let header = |name: &str| {
            request.headers.iter().find(|(ours, _)| *ours == name).map(|(_, value)| value.as_str())
        };
        assert_eq!(header("X-TC-Algorithm"), Some("rsa-sha256"));
        assert_eq!(header("X-TC-Signature"), Some(text(&vector, "signature")), "{form}");
        assert_eq!(format!("{key:?}"), "RsaKey(<redacted>)");
    }
    for wrong in [
        text(&vector, "ec_key"),
        "",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    ] {
        assert!(RsaKey::from_pem(wrong).is_err());
    }
}
