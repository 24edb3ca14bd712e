//! Every packet of `fixtures/mqtt/vectors.json`.

use std::path::Path;

use iot_home_mqtt::packet::{Protocol, inspect, parse};
use iot_home_mqtt::{Connack, Connect, Packet};
use serde_json::Value;

#[test]
fn every_packet_is_read_and_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/mqtt/vectors.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file: Value = serde_json::from_str(&text).unwrap();
    let decode = file["connect_decode"].as_array().unwrap();
    for case in decode {
        packet(case["hex"].as_str().unwrap(), &case["decoded"]);
    }
    assert_eq!(decode.len(), 9);
    // Those that stand beside the credentials are packets as well.
    let tencent = file["tencent"].as_array().unwrap();
    let beside: Vec<_> =
        tencent.iter().filter(|case| case["connect_packet_hex"].is_string()).collect();
    for case in &beside {
        packet(case["connect_packet_hex"].as_str().unwrap(), &case["connect_decoded"]);
    }
    assert_eq!(beside.len(), 5);
}

fn packet(hex: &str, decoded: &Value) {
    let bytes = unhex(hex);
    let inspection = inspect(&bytes).unwrap();
    assert_eq!(inspection.problems, [], "{hex}");
    assert_eq!(parse(&bytes).as_ref(), Ok(&inspection.packet));
    match inspection.packet {
        Packet::Connect(connect) => {
            assert_eq!(bytes[0], u8::try_from(decoded["fixed_header"].as_u64().unwrap()).unwrap());
            assert_eq!(connect.protocol, Protocol::V311);
            assert_eq!(connect.client_id, decoded["client_id"].as_str().unwrap());
            assert_eq!(connect.username.as_deref(), decoded["username"].as_str());
            let password = decoded["password"].as_str().map(str::as_bytes);
            assert_eq!(connect.password, password);
            assert_eq!(u64::from(connect.keep_alive), decoded["keepalive"].as_u64().unwrap());
            assert_eq!(Some(connect.clean_session), decoded["clean_session"].as_bool());
            assert_eq!(connect.will, None);
            assert_eq!(decoded["trailing_bytes"], 0);
            written(&connect, &bytes);
        }
        Packet::Connack(connack) => {
            assert_eq!(Some(connack.session_present), decoded["session_present"].as_bool());
            assert_eq!(u64::from(connack.code.get()), decoded["code"].as_u64().unwrap());
            assert_eq!(connack.code.is_authentication(), connack.code.get() >= 4);
            assert_eq!(Connack::new(connack.session_present, connack.code).encode()[..], bytes);
        }
        other => panic!("{other:?}"),
    }
}

/// Written by us, it is byte for byte what the SDK sent.
fn written(connect: &Connect<'_>, bytes: &[u8]) {
    let mut buffer = b"before".to_vec();
    connect.encode(&mut buffer).unwrap();
    assert_eq!(buffer.strip_prefix(b"before"), Some(bytes));
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
