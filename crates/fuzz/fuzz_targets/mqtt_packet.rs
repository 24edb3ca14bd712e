//! Any bytes as a CONNECT or CONNACK: no panic, and what is taken for right is written in one way only.
#![no_main]

use iot_home_mqtt::packet::{inspect, parse};
use iot_home_mqtt::{Credentials, Packet, Rules};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let parsed = parse(bytes);
    let inspection = match inspect(bytes) {
        Ok(inspection) => inspection,
        Err(problem) => {
            assert_eq!(parsed.as_ref(), Err(&problem), "what is nothing at all is nothing right");
            let _ = format!("{problem} {problem:?}");
            return;
        }
    };
    assert!(inspection.problems.len() < 20);
    let _ = format!("{inspection:?}");
    for problem in &inspection.problems {
        assert!(!problem.to_string().is_empty());
    }
    match inspection.problems.first() {
        Some(first) => assert_eq!(parsed.as_ref(), Err(first)),
        None => assert_eq!(parsed.as_ref(), Ok(&inspection.packet)),
    }
    if let Packet::Connect(connect) = &inspection.packet {
        let credentials = Credentials::from(connect);
        assert!(credentials.client_id.len() + credentials.username.len() <= 3 * bytes.len());
        assert_eq!(Rules::MQTT.problems(connect).count(), 0);
    }
    match parsed {
        Ok(Packet::Connect(connect)) => {
            let mut again = Vec::new();
            connect.encode(&mut again).expect("what was read can be written");
            assert_eq!(again, bytes);
        }
        Ok(Packet::Connack(connack)) => assert_eq!(connack.encode()[..], *bytes),
        _ => {}
    }
});
