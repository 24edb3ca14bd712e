//! Any message to a device on Tencent Cloud IoT: no panic, and answers repeat what was asked. The input is topic and
//! payload, with a zero byte between them.
#![no_main]

use std::time::Duration;

use iot_home_tencent::Device;
use iot_home_tencent::thing::shadow::State;
use iot_home_tencent::thing::{Code, Down, MAX_PAYLOAD, What};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|input: &[u8]| {
    let Some(at) = input.iter().position(|byte| *byte == 0) else { return };
    let (topic, payload) = (&input[..at], &input[at + 1..]);
    let Ok(topic) = str::from_utf8(topic) else { return };
    let down = match Down::parse(topic, payload) {
        Ok(down) => down,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let psk = "7WmFA/MEs+Fy+32QwJWtYw==";
    let topics = Device::new("YOURPROD01", "lamp1", psk).expect("valid names").topics();
    assert_eq!(down.topic(), topic);
    assert_eq!(down.is_for(&topics), down.to.is_none_or(|to| to == topics.address()));
    assert!(down.answers().is_none_or(|key| key.topic == topic));
    assert!(format!("{down:?}").len() < 16 * input.len() + 4096);
    let answer = match &down.what {
        What::Control(control) => control.answer(&topics, Code::SUCCESS, ""),
        What::Action(action) => action.answer(&topics, Code::SUCCESS, "", &json!({})),
        What::Rrpc(rrpc) => {
            let answer = rrpc.answer(payload).expect("it is as short as what arrived");
            return assert!(answer.topic.starts_with("$rrpc/txd/") && answer.payload == payload);
        }
        What::Reply(_, reply) => {
            let _ = reply.status();
            return;
        }
        What::Shadow(shadow) | What::Template(shadow) => {
            assert!(!shadow.is_delta() || down.answers().is_none());
            let state = shadow.payload.and_then(|remembered| remembered.state);
            if let Some(Ok(State { reported: Some(values), .. })) = state.map(|state| state.parse())
            {
                let _ = values.members();
            }
            return;
        }
        What::Time(time) => {
            let _ =
                (time.at(Duration::ZERO, Duration::MAX), time.at(Duration::MAX, Duration::ZERO));
            return;
        }
        _ => return,
    };
    let Ok(answer) = answer else { return };
    assert!(answer.payload.len() <= MAX_PAYLOAD);
    let _: Value = serde_json::from_slice(&answer.payload).expect("it is JSON");
});
