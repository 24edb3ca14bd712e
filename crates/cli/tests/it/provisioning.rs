//! `miio provision` and `miio reboot`: what they print, key by key, and what they show to nobody.

use std::time::Duration;

use iot_home::sim::SimDevice;
use iot_home::sim::miio::{AccessPoint, Acknowledges, Secure};
use serde_json::{Value, json};

use crate::devices::token;
use crate::program::{Run, TOKEN, command, finish, keys, scratch};

const PASSWORD: &str = "Swordfish-7319";

async fn vacuum(access_point: AccessPoint) -> SimDevice {
    let access_point = access_point.away_for(Duration::from_millis(200));
    SimDevice::vacuum().did(77).token(token()).access_point(access_point).spawn().await.unwrap()
}

/// `iot-home miio provision ADDR --ssid home …`, with the password in the environment.
fn provision(device: &SimDevice, rest: &[&str]) -> Run {
    let addr = device.addr().to_string();
    let start = ["miio", "provision", &addr, "--ssid", "home", "--json"];
    known([&start[..], rest].concat())
}

/// A run with the password in the environment.
fn known(words: Vec<&str>) -> Run {
    let mut run = command(words);
    run.env("IOT_HOME_PASSWORD", PASSWORD);
    finish(run, b"")
}

/// A run without it.
fn unknown(words: Vec<&str>, stdin: &[u8]) -> Run {
    let mut run = command(words);
    run.env_remove("IOT_HOME_PASSWORD");
    finish(run, stdin)
}

fn failed(run: &Run) -> (i32, Value) {
    let error: Value = serde_json::from_str(&run.stdout).unwrap();
    (run.code, error["error"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_told_and_found_again() {
    let device = vacuum(AccessPoint::new().network("home", PASSWORD)).await;
    let addr = device.addr().to_string();
    let done = provision(&device, &["--uid", "5", "--find", "5s", "--target", &addr]).done();
    assert_eq!(keys(&done), ["addr", "did", "ok", "token"]);
    assert_eq!(done, json!({"ok": true, "did": "77", "addr": addr, "token": null}));
    let report = device.report();
    assert_eq!(report.executed("miIO.config_router"), 1);
    assert_eq!((report.refusals.total(), report.violations.total()), (0, 0));
    // It hides its token now.
    let (code, error) = failed(&provision(&device, &[]));
    assert_eq!((code, &error["kind"]), (1, &json!("auth")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ways_a_password_comes() {
    let file = scratch("provision-password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let file = file.to_str().unwrap().to_owned();
    for (options, stdin) in [
        (vec!["--password", PASSWORD], &b""[..]),
        (vec!["--password-file", &file], b""),
        (vec!["--password-file", "-"], PASSWORD.as_bytes()),
    ] {
        let device = vacuum(AccessPoint::new().network("home", PASSWORD)).await;
        let addr = device.addr().to_string();
        let words = ["miio", "provision", &addr, "--ssid", "home", "--show-secrets", "--json"];
        let done = unknown([&words[..], &options].concat(), stdin).done();
        assert_eq!(done, json!({"ok": true, "did": "77", "token": TOKEN}));
    }
    let device = vacuum(AccessPoint::new()).await;
    let addr = device.addr().to_string();
    let words = ["miio", "provision", &addr, "--ssid", "home", "--json"];
    let (code, error) = failed(&unknown(words.to_vec(), b""));
    assert_eq!((code, &error["kind"]), (2, &json!("usage")));
    assert_eq!(device.report().datagrams, 0);
    assert_eq!(unknown([&words[..], &["--open"]].concat(), b"").code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_work_is_said() {
    let device = vacuum(AccessPoint::new().acknowledges(Acknowledges::Never)).await;
    let (code, error) = failed(&provision(&device, &["--timeout", "1500ms", "--any-characters"]));
    assert_eq!(code, 1);
    // A repetition may be answered by a device that has joined meanwhile.
    assert!(
        ["maybe-executed", "device-error"].contains(&error["kind"].as_str().unwrap()),
        "{error}"
    );

    let device = vacuum(AccessPoint::new().network("home", "another one")).await;
    let addr = device.addr().to_string();
    let run = provision(&device, &["--find", "1500ms", "--target", &addr]);
    let (code, error) = failed(&run);
    assert_eq!((code, &error["kind"]), (1, &json!("refused")));
    assert!(error["message"].as_str().unwrap().contains("refused the password"), "{error}");

    let device = vacuum(AccessPoint::new()).await;
    let datagrams = device.report().datagrams;
    for (options, kind) in [
        (vec!["--password", "short"], "bad-input"),
        (vec!["--secure"], "usage"),
        (vec!["--target", "127.0.0.1"], "usage"),
    ] {
        let (code, error) = failed(&provision(&device, &options));
        assert_eq!((code, error["kind"].as_str().unwrap()), (2, kind));
    }
    assert_eq!(device.report().datagrams, datagrams, "nothing was sent");
    // A vacuum's firmware does not take everything.
    let (code, error) = failed(&provision(&device, &["--password", "Sword#fish"]));
    assert_eq!((code, &error["kind"]), (2, &json!("bad-input")), "{error}");
    assert_eq!(device.report().executed("miIO.config_router"), 0);
    assert_eq!(provision(&device, &["--password", "Sword#fish", "--any-characters"]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secure_variant() {
    let code = scratch("provision-code");
    std::fs::write(&code, "0123456789abcdef\n").unwrap();
    let options = ["--secure", "--oob-file", code.to_str().unwrap()];
    let device = vacuum(AccessPoint::new().secure(Secure::new("0123456789abcdef", 1))).await;
    assert_eq!(provision(&device, &options).done()["ok"], true);
    assert_eq!(device.report().executed("miIO.config_router_safe"), 1);
    let device = vacuum(AccessPoint::new().secure(Secure::new("fedcba9876543210", 1))).await;
    let (code, error) = failed(&provision(&device, &options));
    assert_eq!((code, &error["kind"]), (1, &json!("auth")));
    assert_eq!(device.report().executed("miIO.config_router_safe"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_password_nor_key_nor_code_is_shown() {
    let (key, code) = (scratch("provision-key"), scratch("provision-secret-code"));
    std::fs::write(&key, "kGx0bWFkZS11cA").unwrap();
    std::fs::write(&code, "QkMxMjM0NTY3ODlh").unwrap();
    for secure in [false, true] {
        let mut access_point = AccessPoint::new();
        if secure {
            access_point = access_point.secure(Secure::new("QkMxMjM0NTY3ODlh", 1));
        }
        let device = vacuum(access_point).await;
        let record = scratch(&format!("provision-{secure}.jsonl"));
        let addr = device.addr().to_string();
        let mut words = vec!["miio", "provision", &addr, "--ssid", "home", "-vv", "--record"];
        words.extend([record.to_str().unwrap(), "--bind-key-file", key.to_str().unwrap()]);
        if secure {
            words.extend(["--secure", "--oob-file", code.to_str().unwrap()]);
        }
        let run = known(words);
        assert_eq!(run.code, 0, "{run:?}");
        let transcript = std::fs::read_to_string(&record).unwrap();
        assert!(transcript.contains("config_router"), "{transcript}");
        for secret in [PASSWORD, "kGx0bWFkZS11cA", "QkMxMjM0NTY3ODlh", TOKEN] {
            for text in [&transcript, &run.stdout, &run.stderr] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reboot() {
    let device = SimDevice::light().token(token()).spawn().await.unwrap();
    let addr = device.addr().to_string();
    let run = command(["miio", "reboot", &addr, "--token", TOKEN, "--json"]);
    assert_eq!(finish(run, b"").done(), json!({"ok": true}));
    assert_eq!(device.report().executed("miIO.reboot"), 1);
}
