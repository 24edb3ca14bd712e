//! Any bytes as an answer of the Mi cloud, readable and encrypted: no panic, bounded memory, and what opens
//! is JSON. The input is two bytes of status and a body.
#![no_main]

use std::time::Duration;

use iot_home_core::SeededRandom;
use iot_home_micloud::api::{self, DataSource, Inventory};
use iot_home_micloud::{
    Api, Call, DeviceId, Identity, MAX_INFLATED, Mode, Region, Response, Session,
};
use libfuzzer_sys::fuzz_target;
use serde::de::DeserializeOwned;

const SESSION: &str = r#"{"version":1,"device_id":"A","user_id":"1","services":{"xiaomiio":
    {"ssecurity":"AAECAwQFBgcICQoLDA0ODw==","service_token":"t"}}}"#;

fuzz_target!(|input: &[u8]| {
    let [high, low, body @ ..] = input else { return };
    let status = u16::from_be_bytes([*high, *low]);
    opened(&api::device_page(None), status, body);
    opened(&api::homes(None), status, body);
    opened(&api::scenes(1, 2), status, body);
    opened(&api::messages(), status, body);
    let did = "1".parse().expect("a did");
    let asked = [(did, iot_home_core::PropertyId::new(2, 1))];
    let call = api::get_properties(&asked, DataSource::Device).next().expect("one call");
    if let Some(answers) = opened(&call, status, body) {
        assert_eq!(answers.results(&asked).len(), 1);
    }
    let mut inventory = Inventory::new();
    for _ in 0..20 {
        let Some(call) = inventory.next_call() else { break };
        match opened(&call, status, body) {
            Some(page) => inventory.handle(page),
            None => inventory.skip(),
        }
    }
    let _ = Session::from_json(&String::from_utf8_lossy(body));
});

/// The result of an answer that is readable, and of the same encrypted.
fn opened<T: DeserializeOwned>(call: &Call<T>, status: u16, body: &[u8]) -> Option<T> {
    let session = Session::from_json(SESSION).expect("a session");
    let credentials = session.credentials("xiaomiio").expect("keys");
    let identity = Identity::new("A".parse::<DeviceId>().expect("an id"));
    let api = Api::new(Region::Cn, identity).mode(Mode::Rc4);
    let signed = api.sign(call, &credentials, Duration::from_secs(60), &mut SeededRandom::new(1));
    let key = signed.signed_nonce();
    let mut result = None;
    for body in [body.to_vec(), key.seal(body).into_bytes()] {
        let response = Response::new(status, body);
        if let Ok(json) = key.open_response(&response) {
            assert!(json.len() <= MAX_INFLATED.max(response.body.len()));
        }
        match signed.open(&response) {
            Ok(opened) => {
                assert!((200..300).contains(&status));
                result = Some(opened);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    result
}
