//! How calls fail: kinds, exit codes, and in time.

use std::time::Duration;

use iot_home::sim::miio::Silence;
use iot_home::sim::{Faults, Quirk, SimDevice};

use crate::devices::{lamp, miio, token};
use crate::program::{TOKEN, run};

#[test]
fn nobody_there() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = silent.local_addr().unwrap().to_string();
    for command in [
        &["miio", "hello", &addr][..],
        &["miio", "info", &addr, "--token", TOKEN],
        &["miio", "get", &addr, "--token", TOKEN, "2.1"],
        &["miio", "action", &addr, "--token", TOKEN, "2.1"],
    ] {
        let failed = run([command, &["--timeout", "600ms", "--json"]].concat());
        let error = failed.error("no-hello", 1);
        assert!(error["hint"].is_string(), "{error}");
        assert!(failed.took < Duration::from_millis(1600), "{failed:?}");
        assert!(failed.took >= Duration::from_millis(600), "{failed:?}");
        let told = run([command, &["--timeout", "600ms"]].concat());
        assert_eq!((told.code, told.stdout.as_str()), (1, ""));
        assert!(told.stderr.starts_with("error: ") && told.stderr.contains("\nhint: "), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_told_from_a_dead_device() {
    let lamp = lamp().await;
    let addr = lamp.addr().to_string();
    let wrong = "ff112233445566778899aabbccddeeff";
    let call = |method: &str| {
        run(["miio", "call", &addr, method, "--token", wrong, "--timeout", "900ms", "--json"])
    };
    call("get_prop").error("no-answer", 1);
    call("toggle").error("maybe-executed", 1);
    assert!(lamp.report().violations.bad_checksum > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_device_is_told_too() {
    let faults = Faults::seed(1).silence(Silence::ToRequests);
    let lamp = SimDevice::light().token(token()).faults(faults).spawn().await.unwrap();
    let failed = miio(&lamp, "get", &["2.1", "--timeout", "1s"]);
    failed.error("no-answer", 1);
    assert!(failed.took < Duration::from_secs(2), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_devices_own_error_keeps_its_code() {
    let lamp = lamp().await;
    let error = miio(&lamp, "call", &["no_such_method"]).error("device-error", 1);
    assert_eq!(error["code"], -32601);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_text_is_malformed() {
    let faults = Faults::seed(1).quirk(Quirk::EmptyPayload);
    let lamp = SimDevice::light().token(token()).faults(faults).spawn().await.unwrap();
    miio(&lamp, "info", &[]).error("malformed", 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_json_is_no_failure() {
    let faults = Faults::seed(1).quirk(Quirk::DoubleComma).quirk(Quirk::TrailingGarbage);
    let lamp = SimDevice::light().token(token()).faults(faults).spawn().await.unwrap();
    assert_eq!(miio(&lamp, "info", &[]).done()["model"], lamp.model());
}

#[test]
fn a_host_that_does_not_exist() {
    run(["miio", "hello", "no-such-host.invalid", "--json"]).error("io", 1);
}
