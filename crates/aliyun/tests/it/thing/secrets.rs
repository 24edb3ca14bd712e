//! Nothing of it prints a secret, a payload or a link.

use std::time::Duration;

use iot_home_aliyun::thing::gateway::{ProductRegistered, Registered};
use iot_home_aliyun::thing::{Call, Down, Reply, What};
use iot_home_aliyun::{Device, SignMethod};
use serde_json::json;

use super::{SECRET, TOKEN, cases, payload, topics};

#[test]
fn nothing_shows_a_secret() {
    let mut printed = Vec::new();
    let mut texts = Vec::new();
    for case in cases("down") {
        // Whatever the platform hides in a value.
        let mut message = case["payload"].clone();
        if let Some(object) = message.as_object_mut() {
            object.insert("more".into(), json!(TOKEN));
            for name in ["params", "data"] {
                if let Some(inner) = object.get_mut(name).and_then(|inner| inner.as_object_mut()) {
                    inner.insert("secret".into(), json!(SECRET));
                }
            }
        }
        texts.push((case["topic"].as_str().unwrap().to_owned(), payload(&message)));
    }
    let register = json!([{"productKey": "a", "deviceName": "n", "deviceSecret": SECRET}]);
    let reply = json!({"code": 200, "data": register}).to_string();
    texts.push(("/sys/a1X2bEnP82z/lamp-1/thing/sub/register_reply".into(), reply));
    for (topic, body) in &texts {
        let down = Down::parse(topic, body.as_bytes()).unwrap();
        printed.push(format!("{down:?}\n{down:#?}"));
        if let What::Reply(_, reply) = &down.what {
            let reply: &Reply<'_> = reply;
            printed.push(format!("{:?}", reply.data::<Vec<Registered<'_>>>()));
            printed.push(format!("{:?}", reply.data::<ProductRegistered<'_>>()));
            printed.push(format!("{:?}", reply.firmware()));
            let members = reply.data.and_then(|data| data.members().ok());
            printed.push(format!("{members:?}"));
        }
        // Cut off anywhere, the error does not quote it.
        for at in 0..body.len() {
            if let Some(cut) = body.get(..at) {
                let error = Down::parse(topic, cut.as_bytes()).map(|_| ()).err();
                printed.push(error.map(|error| format!("{error} {error:?}")).unwrap_or_default());
            }
        }
    }
    let device = Device::new("a1X2bEnP82z", "lamp-1", SECRET).unwrap();
    let sub = device.sub_device().sign_method(SignMethod::HmacSha1);
    let sign = sub.sign(Duration::ZERO).sign.expose().clone();
    let login = Call::login("1", &sub, Duration::ZERO, true);
    let batch = Call::batch_login("1", &[sub], Duration::ZERO, true).unwrap();
    printed.push(format!("{login:?} {batch:?}"));
    for publication in [login.to(&topics()).unwrap(), batch.to(&topics()).unwrap()] {
        assert!(String::from_utf8_lossy(&publication.payload).contains(&sign));
        printed.push(format!("{publication:?}"));
    }
    let report = Call::report("1", json!({"secret": SECRET}));
    printed.push(format!("{report:?} {:?}", report.to(&topics()).unwrap()));
    for text in &printed {
        for secret in [SECRET, TOKEN, &sign] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    assert!(printed.len() > 1000);
}
