//! Every value of the known answers, step by step: whoever computes wrongly fails at the first wrong step.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iot_home_core::Random;
use iot_home_micloud::{Method, Mode, Nonce, SignedNonce, Ssecurity};
use rc4::{KeyInit as _, Rc4, StreamCipher as _};
use serde_json::Value;

pub(crate) fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/micloud/vectors.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(crate) fn cases() -> Vec<Value> {
    let cases = vectors()["vectors"].as_array().unwrap().clone();
    assert_eq!(cases.len(), 5);
    cases
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is missing: {value}"))
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.bytes().map(|b| (b as char).to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The fields in the order of their names, since a form's order is free.
fn sorted(form: &str) -> Vec<&str> {
    let mut fields: Vec<_> = form.split('&').collect();
    fields.sort_unstable();
    fields
}

/// Gives these bytes, and no more.
struct Given(Vec<u8>);

impl Random for Given {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.0);
        self.0.clear();
    }
}

pub(crate) fn signed_nonce(case: &Value) -> SignedNonce {
    let input = &case["input"];
    let ssecurity: Ssecurity = text(input, "ssecurity").parse().unwrap();
    SignedNonce::new(&ssecurity, text(input, "nonce").parse().unwrap())
}

#[test]
fn nonces() {
    for case in cases() {
        let input = &case["input"];
        let now = Duration::from_secs(input["unix_time"].as_u64().unwrap());
        let nonce = Nonce::new(now, &mut Given(unhex(text(input, "nonce_random8_hex"))));
        assert_eq!(hex(nonce.as_bytes()), text(input, "nonce_hex"));
        assert_eq!(nonce.to_string(), text(input, "nonce"));
        assert_eq!(u64::from(nonce.minutes()), input["minutes"].as_u64().unwrap());
        assert_eq!(text(input, "nonce").parse(), Ok(nonce));
    }
}

#[test]
fn signed_nonces() {
    for case in cases() {
        assert_eq!(signed_nonce(&case).expose(), text(&case, "signed_nonce"));
        let bytes = STANDARD.decode(signed_nonce(&case).expose()).unwrap();
        assert_eq!(hex(&bytes), text(&case, "signed_nonce_hex"));
        // What sixteen zeros are sealed as is the keystream itself.
        let sealed = signed_nonce(&case).seal(&[0; 16]);
        let opened = signed_nonce(&case).open(sealed.as_bytes()).unwrap();
        assert_eq!(opened, [0; 16]);
        let keystream = text(&case, "rc4_keystream_after_drop_first16_hex");
        assert_eq!(
            signed_nonce(&case).open(b"AAAAAAAAAAAAAAAAAAAAAA==").unwrap(),
            unhex(keystream)
        );
    }
}

/// The cipher and the bytes it drops, against the RFC's own numbers.
#[test]
fn the_keystream_of_the_rfc() {
    let vectors = &vectors()["login"]["rc4_rfc6229_check"];
    for case in vectors.as_array().unwrap() {
        let mut cipher = Rc4::new_from_slice(&unhex(text(case, "key_hex"))).unwrap();
        let mut keystream = [0; 1040];
        cipher.write_keystream(&mut keystream);
        let offset = usize::try_from(case["offset"].as_u64().unwrap()).unwrap();
        assert_eq!(hex(&keystream[offset..]), text(case, "keystream16_hex"));
    }
}

#[test]
fn plain_requests() {
    for case in cases() {
        let (input, expected) = (&case["input"], &case["plain_mode"]);
        let data = text(&input["params"], "data");
        let form = signed_nonce(&case).sign(Mode::Plain, Method::Post, text(input, "path"), data);
        assert_eq!(form.signature, text(expected, "signature"));
        assert_eq!((form.data.as_str(), &form.rc4_hash), (data, &None));
        assert_eq!(sorted(&form.to_urlencoded()), sorted(text(expected, "form_body")));
    }
}

#[test]
fn encrypted_requests() {
    for case in cases() {
        let (input, expected) = (&case["input"], &case["rc4_mode"]);
        let method: Method = text(input, "method").parse().unwrap();
        let signed_nonce = signed_nonce(&case);
        let data = text(&input["params"], "data");
        let form = signed_nonce.sign(Mode::Rc4, method, text(input, "path"), data);
        let hash = form.rc4_hash.clone().unwrap();
        assert_eq!(
            signed_nonce.open(hash.as_bytes()).unwrap(),
            text(expected, "rc4_hash_plaintext").as_bytes()
        );
        assert_eq!(form.data, text(expected, "data_encrypted"));
        assert_eq!(hash, text(expected, "rc4_hash_encrypted"));
        assert_eq!(form.signature, text(expected, "signature"));
        assert_eq!(form.to_urlencoded(), text(expected, "form_body"));
        assert!(!form.to_urlencoded().contains("ssecurity"));
    }
}

#[test]
fn answers() {
    for case in cases() {
        let (signed_nonce, response) = (signed_nonce(&case), &case["response"]);
        let plaintext = text(response, "plaintext").as_bytes();
        assert_eq!(signed_nonce.open(text(response, "body").as_bytes()).unwrap(), plaintext);
        assert_eq!(signed_nonce.seal(plaintext), text(response, "body"));
        let gzip = unhex(text(response, "gzip_plaintext_hex"));
        assert_eq!(signed_nonce.open(text(response, "gzip_body").as_bytes()).unwrap(), gzip);
    }
}
