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
    assert_eq!((&given["device_secret"], &given["saved"]), (&Value::Null, &json!(file)));
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

/// The transcript tells the story, and nothing that opens anything.
#[tokio::test(flavor = "multi_thread")]
async fn what_goes_over_the_wire_is_told_without_secrets() {
    let platform = platform().await;
    let server = format!("http://{}", platform.http_addr());
    let (addr, ca) = (platform.tls_addr().to_string(), scratch("record-ca.pem"));
    std::fs::write(&ca, platform.ca_pem()).unwrap();
    let file = scratch("registration.jsonl");
    let record = ["--record", file.to_str().unwrap(), "--show-secrets", "--json"];
    let over_https = ["--server", &server];
    let over_mqtt = ["--mqtt", "--host", &addr, "--ca", ca.to_str().unwrap()];
    let told = || {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (text, lines)
    };
    let hides = |text: &str, given: &Value| {
        let secret = given["device_secret"].as_str().unwrap();
        assert_eq!(secret.len(), if given["product_id"].is_null() { 32 } else { 24 });
        for hidden in [secret, ALIYUN_SECRET, TENCENT_SECRET] {
            assert!(!text.contains(hidden), "{text}");
        }
    };

    let given = aliyun("fresh-01", &[&record[..], &over_https].concat()).done();
    let (text, lines) = told();
    hides(&text, &given);
    assert_eq!(lines.len(), 2, "{text}");
    let (asked, answered) = (&lines[0], &lines[1]);
    assert_eq!(
        keys(asked),
        ["direction", "kind", "length", "method", "path", "payload", "peer", "time"]
    );
    assert_eq!(
        [&asked["direction"], &asked["kind"], &asked["method"], &asked["path"], &asked["peer"]],
        ["sent", "request", "POST", "/auth/register/device", server.as_str()]
    );
    assert_eq!(
        (&asked["payload"]["deviceName"], &asked["payload"]["sign"]),
        (&json!("fresh-01"), &Value::Null)
    );
    assert_eq!(
        keys(answered),
        ["direction", "kind", "length", "payload", "peer", "status", "time"]
    );
    assert_eq!([&answered["direction"], &answered["kind"]], ["received", "answer"]);
    assert_eq!((&answered["status"], &answered["payload"]["code"]), (&json!(200), &json!(200)));
    let data = json!({"productKey": "a1X2bEnP82z", "deviceName": "fresh-01", "deviceSecret": null});
    assert_eq!(answered["payload"]["data"], data);

    let given = aliyun("fresh-02", &[&record[..], &over_mqtt].concat()).done();
    let (text, lines) = told();
    hides(&text, &given);
    let kinds: Vec<_> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["connect", "connack", "publish", "disconnect"], "{text}");
    assert_eq!((&lines[2]["topic"], &lines[2]["peer"]), (&json!("/ext/register"), &json!(addr)));
    assert_eq!(lines[2]["payload"]["deviceSecret"], Value::Null);

    for old in [&[][..], &["--old"]] {
        let given = tencent("fresh1", &[&record[..], &over_https, old].concat()).done();
        let (text, lines) = told();
        hides(&text, &given);
        let path = if old.is_empty() { "/device/register" } else { "/register/dev" };
        assert_eq!((lines.len(), &lines[0]["path"]), (2, &json!(path)));
        assert_eq!(lines[0]["payload"].get("signature"), old.first().map(|_| &Value::Null));
        assert!(!text.contains("Signature") && !text.contains("signature\":\""), "{text}");
        let sealed = if old.is_empty() {
            &lines[1]["payload"]["Response"]["Payload"]
        } else {
            &lines[1]["payload"]["payload"]
        };
        assert_eq!(sealed, &Value::Null, "{text}");
    }

    // What comes to nothing is told as well.
    tencent("fresh9", &[&record[..], &over_https].concat()).error("refused", 1);
    let (text, _) = told();
    assert!(text.contains("ResourceNotFound.DeviceNotExist"), "{text}");
    aliyun("fresh-01", &[&record[..], &["--server", "http://127.0.0.1:1"]].concat()).error("io", 1);
    let (_, lines) = told();
    assert_eq!((lines.len(), &lines[1]["status"]), (2, &Value::Null));
    assert!(lines[1]["problem"].as_str().unwrap().contains("127.0.0.1:1"));
}
