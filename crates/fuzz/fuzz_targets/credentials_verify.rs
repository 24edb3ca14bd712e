//! Any three texts as a login to either cloud: no panic, and nothing verifies but what the holder of the
//! secret has signed. The input is client id, user name and password, with zero bytes between them.
#![no_main]

use std::time::Duration;

use iot_home_aliyun as aliyun;
use iot_home_core::SeededRandom;
use iot_home_mqtt::platform::{Way, whose};
use iot_home_mqtt::{Credentials, Platform};
use iot_home_tencent as tencent;
use libfuzzer_sys::fuzz_target;

const PLATFORMS: [&dyn Platform; 2] = [&aliyun::Aliyun, &tencent::Tencent];

fuzz_target!(|input: &[u8]| {
    let mut fields = input.splitn(3, |byte| *byte == 0);
    let mut text = || str::from_utf8(fields.next().unwrap_or_default()).ok();
    let (Some(client_id), Some(username)) = (text(), text()) else { return };
    let password = fields.next().unwrap_or_default();
    let credentials = Credentials::new(client_id, username, password);
    for way in [Way::default(), Way::default().tls(true), Way::default().tls(false)] {
        let owner = whose(&PLATFORMS, &credentials, way);
        let _ = owner.map(|(platform, recognized)| format!("{} {recognized:?}", platform.name()));
    }
    by_aliyun(credentials);
    by_tencent(credentials);
});

/// What verifies is what signing the same again gives.
fn by_aliyun(credentials: Credentials<'_>) {
    let presented = aliyun::Presented::new(credentials);
    assert!(presented.problems(Way::default()).len() < 100);
    let _ = format!("{presented:?} {}", presented.kind());
    let secret = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
    let device = aliyun::Device::new("a1X2bEnP82z", "example1", secret).expect("valid names");
    let stolen = aliyun::TokenDevice::new("a1X2bEnP82z", "example1", "id", "token");
    let stolen = stolen.expect("valid names");
    if presented.verify_token(&stolen, Way::default()).is_ok() {
        assert_eq!(credentials.password, b"token");
    }
    let product = aliyun::ProductSecret::try_from("product-secret").expect("a valid secret");
    assert!(presented.verify_registration(&product, Way::default()).is_err(), "nobody signed one");
    for tls in [true, false] {
        let way = Way::default().tls(tls);
        match presented.verify(&device, way) {
            Ok(()) => {
                let login = if tls { device.tls() } else { device.tcp() };
                let mut login = login.client_id(presented.client_id()).expect("it was checked");
                let method = presented.param("signmethod").and_then(|method| method.parse().ok());
                let unsaid = match credentials.password.len() {
                    40 => aliyun::SignMethod::HmacSha1,
                    _ => aliyun::SignMethod::HmacMd5,
                };
                login = login.sign_method(method.unwrap_or(unsaid));
                // A number of more digits than ours can only have been signed elsewhere.
                if let Some(number) = presented.param("timestamp") {
                    let Ok(parsed) = number.parse() else { continue };
                    if number != u64::to_string(&parsed) {
                        continue;
                    }
                    login = login.timestamp(aliyun::Timestamp::Fixed(parsed));
                }
                let signed = login.sign(Duration::ZERO).password.expect("there is one");
                assert!(signed.expose().as_bytes().eq_ignore_ascii_case(credentials.password));
            }
            Err(refusal) => assert!(!refusal.to_string().is_empty()),
        }
    }
}

fn by_tencent(credentials: Credentials<'_>) {
    let presented = tencent::Presented::new(credentials);
    assert!(presented.problems(Way::default()).len() < 100);
    let _ = format!("{presented:?} {}", presented.kind());
    let psk = "7WmFA/MEs+Fy+32QwJWtYw==";
    let device = tencent::Device::new("YOURPROD01", "lamp1", psk).expect("valid names");
    match presented.verify(&device, Duration::ZERO) {
        Ok(()) => {
            let expiry = presented.expires().expect("it was checked");
            let app_id: tencent::SdkAppId = presented.sdk_app_id().parse().expect("it was checked");
            let method = presented.method().and_then(|method| method.parse().ok());
            let login = device.tcp().sign_method(method.expect("it was checked"));
            let login = login.sdk_app_id(app_id).expiry(tencent::Expiry::At(expiry));
            let login = login.conn_id(presented.conn_id()).expect("it was checked");
            let signed = login.sign(Duration::ZERO, &mut SeededRandom::new(1));
            // Numbers may be written with zeros in front, by others than us.
            if signed.username.as_deref() == Some(credentials.username) {
                let password = signed.password.expect("there is one");
                assert!(password.expose().as_bytes().eq_ignore_ascii_case(credentials.password));
            }
            let late = presented.verify(&device, Duration::from_secs(u64::MAX));
            assert_eq!(late.is_ok(), expiry == u64::MAX);
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
}
