//! `aliyun register` and `tencent register`, against a simulated platform.

use std::path::Path;

use iot_home::sim::mqtt::{DeviceId, Product, SimPlatform};
use serde_json::{Value, json};

use crate::program::{Run, command, finish, keys, scratch};

const ALIYUN_SECRET: &str = "PsWqkS1hGbGgdqkX";
const TENCENT_SECRET: &str = "8XzjN8rfgFVGDTNTUGau4snA";

async fn platform() -> SimPlatform {
    let key = "a1X2bEnP82z".parse().unwrap();
    let product = Product::aliyun(key, ALIYUN_SECRET.try_into().unwrap());
    let product = product.device("fresh-01").device("fresh-02").makes_devices(true);
    let id = "YOURPROD01".parse().unwrap();
    let other = Product::tencent(id, TENCENT_SECRET.try_into().unwrap()).device("fresh1");
    let builder = SimPlatform::builder().product(product).product(other).reconnect_limit(false);
    builder.spawn().await.unwrap()
}

fn aliyun(name: &str, more: &[&str]) -> Run {
    let words = ["aliyun", "register", "--product-key", "a1X2bEnP82z", "--device-name", name];
    let mut command = command([&words[..], more].concat());
    command.env("IOT_HOME_PRODUCT_SECRET", ALIYUN_SECRET);
    finish(command, b"")
}

fn tencent(name: &str, more: &[&str]) -> Run {
    let words = ["tencent", "register", "--product-id", "YOURPROD01", "--device-name", name];
    let mut command = command([&words[..], more].concat());
    command.env("IOT_HOME_PRODUCT_SECRET", TENCENT_SECRET);
    finish(command, b"")
}

/// Connects with what was saved, and leaves at once.
fn connects(words: &[&str], secret: &Path, addr: &str, ca: &str) {
    let more = ["--device-secret-file", secret.to_str().unwrap(), "--host", addr, "--ca", ca];
    let run = finish(command([words, &more, &["--for", "0s", "--json"]].concat()), b"");
    assert_eq!((run.code, &run.lines()[0]["event"]), (0, &json!("connected")), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_is_saved_and_good() {
    let platform = platform().await;
    let server = format!("http://{}", platform.http_addr());
    let (addr, ca) = (platform.tls_addr().to_string(), scratch("register-ca.pem"));
    std::fs::write(&ca, platform.ca_pem()).unwrap();
    let ca = ca.to_str().unwrap();

    let file = scratch("fresh-01.key");
    let more = ["--server", &server, "--save", file.to_str().unwrap(), "--json"];
    let given = aliyun("fresh-01", &more).done();
    assert_eq!(keys(&given), ["device_name", "device_secret", "product_key", "saved"]);
    assert_eq!((&given["device_secret"], &given["saved"]), (&Value::Null, &json!(file)));
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions()) & 0o777,
        0o600
    );
    let words = [
        "aliyun",
        "connect",
        "--product-key",
        "a1X2bEnP82z",
        "--device-name",
        "fresh-01",
        "--client-id",
        "x",
    ];
    connects(&words, &file, &addr, ca);

    let file = scratch("fresh1.key");
    let more = ["--server", &server, "--save", file.to_str().unwrap(), "--json"];
    let given = tencent("fresh1", &more).done();
    assert_eq!(keys(&given), ["device_name", "device_secret", "product_id", "saved"]);
    let words =
        ["tencent", "connect", "--product-id", "YOURPROD01", "--device-name", "fresh1", "--tls"];
    connects(&words, &file, &addr, ca);
    assert_eq!(platform.report().violations.total(), 0);
    assert!(
        platform.look(|sim| sim.devices().contains(&DeviceId::tencent("YOURPROD01", "fresh1")))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn over_mqtt() {
    let platform = platform().await;
    let (addr, ca) = (platform.tls_addr().to_string(), scratch("register-mqtt-ca.pem"));
    std::fs::write(&ca, platform.ca_pem()).unwrap();
    let way = ["--host", &addr, "--ca", ca.to_str().unwrap(), "--show-secrets", "--json"];
    let given = aliyun("fresh-02", &[&["--mqtt"], &way[..]].concat()).done();
    assert!(given["device_secret"].as_str().is_some_and(|secret| secret.len() == 32), "{given}");
    let given = aliyun("unheard-of", &[&["--unknown"], &way[..]].concat()).done();
    assert_eq!(keys(&given), ["client_id", "device_name", "device_token", "product_key"]);
    assert!(given["device_token"].as_str().is_some_and(|token| token.len() == 32), "{given}");
    let report = platform.report();
    assert_eq!((report.registrations, report.violations.total()), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_platform_refuses() {
    let platform = platform().await;
    let server = format!("http://{}", platform.http_addr());
    let file = scratch("refused.key");
    let more = ["--server", &server, "--save", file.to_str().unwrap(), "--json"];
    let error = aliyun("fresh-09", &more).error("refused", 1);
    assert_eq!(error["code"], 6100, "{error}");
    let error = tencent("fresh9", &more).error("refused", 1);
    assert!(error["message"].as_str().unwrap().contains("DeviceNotExist"), "{error}");
    let error = tencent("fresh9", &[&more[..], &["--old"]].concat()).error("refused", 1);
    assert_eq!(error["code"], 1020, "{error}");
    assert!(!file.exists(), "nothing was given");
    let nobody = ["--server", "http://127.0.0.1:1", "--save", file.to_str().unwrap(), "--json"];
    aliyun("fresh-01", &nobody).error("io", 1);
    assert!(!file.exists());
    assert_eq!(platform.report().requests, 3);
}

#[test]
fn what_is_found_before_anything_is_sent() {
    let taken = scratch("taken.key");
    std::fs::write(&taken, "precious").unwrap();
    let taken = taken.to_str().unwrap();
    let server = "http://127.0.0.1:1";
    for (kind, words) in [
        ("usage", &["--server", server][..]),
        ("bad-input", &["--server", server, "--save", taken]),
        ("bad-input", &["--server", server, "--save", "/nowhere/x.key"]),
        ("bad-input", &["--server", "http://iot-auth.example", "--show-secrets"]),
        ("usage", &["--server", server, "--mqtt", "--show-secrets"]),
        ("usage", &["--host", "127.0.0.1:1", "--show-secrets"]),
        ("usage", &["--instance", "iot-1", "--show-secrets"]),
        ("bad-input", &["--server", server, "--ca", taken, "--show-secrets"]),
    ] {
        let run = aliyun("fresh-01", &[words, &["--json"]].concat());
        run.error(kind, 2);
        assert!(!format!("{run:?}").contains(ALIYUN_SECRET));
    }
    assert_eq!(std::fs::read_to_string(taken).unwrap(), "precious");
    aliyun("x", &["--server", server, "--show-secrets", "--json"]).error("bad-input", 2);
    let words = [
        "aliyun",
        "register",
        "--product-key",
        "a1X2bEnP82z",
        "--device-name",
        "fresh-01",
        "--json",
    ];
    let error = finish(command(words), b"").error("usage", 2);
    assert!(error["hint"].as_str().unwrap().contains("IOT_HOME_PRODUCT_SECRET"), "{error}");
}
