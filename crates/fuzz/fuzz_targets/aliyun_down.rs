//! Any message to a device on Aliyun IoT: no panic, and what is read is read alike again. The input is topic and
//! payload, with a zero byte between them.
#![no_main]

use std::time::Duration;

use iot_home_aliyun::Device;
use iot_home_aliyun::thing::config::{Config, Desired, LogConfig};
use iot_home_aliyun::thing::gateway::{Name, ProductRegistered, Registered, TopologyChange};
use iot_home_aliyun::thing::{Code, Down, MAX_PAYLOAD, Request, What};
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
    let device = Device::new("a1X2bEnP82z", "lamp-1", "secret").expect("valid names");
    let topics = device.topics();
    assert_eq!(down.topic(), topic);
    assert_eq!(down.is_for(&topics), down.to.is_none_or(|to| to == topics.address()));
    assert!(down.answers().is_none_or(|key| key.topic == topic));
    // Whoever is logged, is logged shortly.
    assert!(format!("{down:?}").len() < 16 * input.len() + 4096);
    match &down.what {
        What::PropertySet(request)
        | What::Service(_, request)
        | What::ConfigPush(request)
        | What::LogConfigPush(request)
        | What::TopologyChange(request)
        | What::Disable(request)
        | What::Enable(request)
        | What::Delete(request) => answered(topic, request),
        What::Rrpc(rrpc) => {
            let answer = rrpc.answer(payload).expect("it is as short as what arrived");
            assert!(answer.payload.len() <= MAX_PAYLOAD);
            match rrpc.path {
                Some(_) => assert_eq!(answer.topic, topic),
                None => {
                    let end = format!("/rrpc/response/{}", rrpc.id);
                    let head = answer.topic.strip_suffix(&end).expect("it ends like this");
                    assert_eq!(format!("{head}/rrpc/request/{}", rrpc.id), topic);
                }
            }
        }
        What::Time(time) => {
            let _ = time.at(Duration::MAX);
        }
        What::Reply(_, reply) => {
            let _ = reply.firmware();
            let _ = reply.data.map(|data| data.members().is_ok());
            let _ = (reply.data::<Config<'_>>(), reply.data::<LogConfig>());
            let _ = (reply.data::<Desired<'_>>(), reply.data::<Vec<Name<'_>>>());
            let given: Vec<Registered<'_>> = reply.data().unwrap_or_default();
            let told: ProductRegistered<'_> = reply.data().unwrap_or_default();
            for one in given.into_iter().chain(told.successes) {
                // What nobody asked for is not given.
                assert!(one.clone().into_device(&[]).is_err());
                if let Ok(given) = one.into_device(&[topics.address()]) {
                    assert_eq!(given.device_name(), device.device_name());
                }
            }
        }
        _ => {}
    }
});

/// The answer is JSON, and repeats the id as it came.
fn answered(topic: &str, request: &Request<'_>) {
    let Ok(answer) = request.answer(Code::SUCCESS, &json!({})) else { return };
    assert_eq!(answer.topic, format!("{topic}_reply"));
    let written: Value = serde_json::from_slice(&answer.payload).expect("it is JSON");
    if let (Some(id), Some(text)) = (&request.id, written["id"].as_str()) {
        assert_eq!(id.as_str(), text);
    }
    let _ = (request.params.parse::<TopologyChange<'_>>(), request.params.parse::<Config<'_>>());
    if let Ok(members) = request.params.members() {
        for (name, value) in members.iter() {
            assert_eq!(members.get(name), Some(value));
        }
    }
}
