//! Any answer of the servers that register devices: no panic, and nothing is given but what the answer has.
#![no_main]

use std::time::Duration;

use iot_home_aliyun::registration::access::{self, AccessToken};
use iot_home_aliyun::registration::{Guided, Registration};
use iot_home_tencent::registration as tencent;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|answer: &[u8]| {
    let registration = Registration::new("a1X2bEnP82z", "fresh-01", "PsWqkS1hGbGgdqkX");
    match registration.expect("valid names").open(answer) {
        Ok(device) => {
            let login = device.tls().sign(Duration::ZERO);
            assert_eq!(login.username.as_deref(), Some("fresh-01&a1X2bEnP82z"));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(guided) = Guided::open(answer) {
        let login = guided.login(&"gw-7".parse().expect("a valid client id"), true);
        assert!(!login.host.contains(['/', '@', ' ']));
    }
    if let Ok(token) = AccessToken::open(answer) {
        assert!(token.expose().bytes().all(|byte| byte.is_ascii_graphic()));
    }
    let _ = access::published(answer);

    let secret = "8XzjN8rfgFVGDTNTUGau4snA";
    let registration = tencent::Registration::new("S3EUVBRJLB", "device_1234", secret);
    match registration.expect("valid names").open(answer) {
        Ok(registered) => assert!(!format!("{registered:?}").is_empty()),
        Err(error) => assert!(!error.to_string().chars().any(char::is_control)),
    }
    let _ = tencent::published(answer);
});
