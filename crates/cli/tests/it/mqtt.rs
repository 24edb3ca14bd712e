//! Logins for the clouds, and packets taken apart: the program against the vectors of official SDKs.

use iot_home::core::{Clock as _, SystemClock, SystemRandom};
use iot_home::mqtt::mac::{Algorithm, Mac};
use iot_home::mqtt::{Connect, MqttLogin};
use iot_home::{aliyun as aliyun_cloud, tencent as tencent_cloud};
use serde_json::Value;

use crate::program::{command, finish, fixture, keys, run, scratch};

const SECRET: &str = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
const PSK: &str = "7WmFA/MEs+Fy+32QwJWtYw==";

const ALIYUN: &[&str] = &[
    "aliyun",
    "credentials",
    "--product-key",
    "a1X2bEnP82z",
    "--device-name",
    "example1",
    "--client-id",
    "12345",
];
const TENCENT: &[&str] =
    &["tencent", "credentials", "--product-id", "YOURPROD01", "--device-name", "lamp1"];

fn vectors() -> Value {
    let text = std::fs::read_to_string(fixture("mqtt/vectors.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is missing: {value}"))
}

#[track_caller]
fn aliyun(more: &[&str]) -> Value {
    run([ALIYUN, &["--device-secret", SECRET, "--json"], more].concat()).done()
}

#[track_caller]
fn tencent(more: &[&str]) -> Value {
    run([TENCENT, &["--device-secret", PSK, "--json"], more].concat()).done()
}

fn none() -> Value {
    Value::Array(Vec::new())
}

#[test]
fn every_login_of_aliyuns_sdks() {
    let mut tried = 0;
    for case in vectors()["aliyun"].as_array().unwrap() {
        let (input, expected) = (&case["input"], &case["expected"]);
        let mode = input["secure_mode"].as_i64();
        let Some(mode @ (2 | 3)) = mode.filter(|_| case["kind"] == "mqtt-connect") else {
            continue;
        };
        tried += 1;
        let mode = mode.to_string();
        let mut words = vec!["aliyun", "credentials", "--json", "--secure-mode", &mode];
        for (option, key) in [
            ("--product-key", "product_key"),
            ("--device-name", "device_name"),
            ("--device-secret", "device_secret"),
            ("--client-id", "client_id"),
            ("--timestamp", "timestamp"),
            ("--sign-method", "sign_method"),
            ("--instance", "instance_id"),
        ] {
            words.extend(input[key].as_str().into_iter().flat_map(|value| [option, value]));
        }
        let login = run(&words).done();
        assert_eq!(
            keys(&login),
            ["client_id", "host", "keep_alive", "password", "port", "tls", "username"]
        );
        let password = text(&login, "password");
        assert!(password.eq_ignore_ascii_case(text(expected, "password")), "{case}");
        assert_eq!(login["username"], expected["username"]);
        let client_id = text(&login, "client_id");
        let start = format!(
            "{}|securemode={mode},signmethod={}",
            text(input, "client_id"),
            text(input, "sign_method")
        );
        let end = input["timestamp"].as_str().map(|number| format!(",timestamp={number}"));
        assert_eq!(client_id, format!("{start}{}|", end.unwrap_or_default()));
        assert_eq!(login["tls"], mode == "2");
        assert_eq!(login["port"], if mode == "2" { 8883 } else { 1883 });
        if let Some(host) = expected["host"].as_str() {
            assert_eq!(login["host"], host);
        }
        if let Some(instance) = input["instance_id"].as_str() {
            assert_eq!(login["host"], format!("{instance}.mqtt.iothub.aliyuncs.com"));
        }
    }
    assert_eq!(tried, 19);
}

#[test]
fn every_login_of_tencents_sdks() {
    let mut tried = 0;
    for case in vectors()["tencent"].as_array().unwrap() {
        let (input, expected) = (&case["input"], &case["expected"]);
        if case["kind"] != "mqtt-connect" || input["auth"].is_string() {
            continue;
        }
        tried += 1;
        let mut words = vec!["tencent", "credentials", "--json", "--packet", "--keep-alive", "240"];
        for (option, key) in [
            ("--product-id", "product_id"),
            ("--device-name", "device_name"),
            ("--device-secret", "psk"),
            ("--sdk-app-id", "sdk_app_id"),
            ("--conn-id", "conn_id"),
            ("--expiry", "expiry"),
            ("--sign-method", "sign_method"),
        ] {
            words.extend([option, text(input, key)]);
        }
        let login = run(&words).done();
        for key in ["client_id", "username", "password"] {
            assert_eq!(login[key], expected[key], "{case}");
        }
        if let Some(packet) = case["connect_packet_hex"].as_str() {
            assert_eq!(login["connect_packet"], packet);
        }
    }
    assert_eq!(tried, 8);
}

#[test]
fn defaults() {
    let login = aliyun(&[]);
    assert_eq!(login["client_id"], "12345|securemode=2,signmethod=hmacsha256|");
    assert_eq!((login["port"].as_u64(), login["tls"].as_bool()), (Some(8883), Some(true)));
    assert_eq!(login["keep_alive"], 300);
    assert_eq!(login["host"], "a1X2bEnP82z.iot-as-mqtt.cn-shanghai.aliyuncs.com");

    let clock = SystemClock::new();
    let before = clock.unix_time().as_secs();
    let [first, second] = [tencent(&[]), tencent(&[])];
    let after = clock.unix_time().as_secs();
    assert_eq!((first["port"].as_u64(), first["tls"].as_bool()), (Some(1883), Some(false)));
    assert_eq!(first["keep_alive"], 300);
    let parts: Vec<_> = text(&first, "username").split(';').collect();
    assert_eq!((parts[0], parts[1], parts[2].len()), ("YOURPROD01lamp1", "12010126", 5));
    let expiry: u64 = parts[3].parse().unwrap();
    assert!((before + 3600..=after + 3600).contains(&expiry), "in an hour: {expiry}");
    assert_ne!(Some(parts[2]), text(&second, "username").split(';').nth(2), "random");
    assert!(text(&first, "password").ends_with(";hmacsha256"));
    let tls = tencent(&["--tls"]);
    assert_eq!((tls["port"].as_u64(), tls["tls"].as_bool()), (Some(8883), Some(true)));
}

#[test]
fn hosts_regions_and_params() {
    for (more, host, port) in [
        (&["--region", "us-west-1"][..], "a1X2bEnP82z.iot-as-mqtt.us-west-1.aliyuncs.com", 8883),
        (&["--host", "broker.lan"], "broker.lan", 8883),
        (&["--host", "[::1]:1884", "--secure-mode", "3"], "::1", 1884),
        (&["--instance", "iot-060a1b2c"], "iot-060a1b2c.mqtt.iothub.aliyuncs.com", 8883),
    ] {
        let login = aliyun(more);
        assert_eq!((text(&login, "host"), login["port"].as_u64()), (host, Some(port)));
    }
    let login = aliyun(&["--param", "_ss=1", "--param", "lan=a=b", "--keep-alive", "60"]);
    assert_eq!(login["client_id"], "12345|securemode=2,signmethod=hmacsha256,_ss=1,lan=a=b|");
    assert_eq!(login["keep_alive"], 60);
    for (more, host, port) in [
        (&["--region", "us-east"][..], "YOURPROD01.us-east.iotcloud.tencentdevices.com", 1883),
        (&["--host", "10.0.0.1:1884", "--tls"], "10.0.0.1", 1884),
    ] {
        let login = tencent(more);
        assert_eq!((text(&login, "host"), login["port"].as_u64()), (host, Some(port)));
    }
}

/// What `credentials --packet` makes, `decode` takes apart again, and verifies.
#[test]
fn there_and_back() {
    let decode = |packet: &str, secret: &str, more: &[&str]| {
        let words = ["mqtt", "decode", packet, "--json", "--device-secret", secret];
        run([&words, more].concat()).done()
    };
    let login = aliyun(&["--packet", "--timestamp", "1600000000123"]);
    let packet = text(&login, "connect_packet");
    let decoded = decode(packet, SECRET, &["--tls"]);
    for key in ["client_id", "username", "password", "keep_alive"] {
        assert_eq!(decoded[key], login[key]);
    }
    assert_eq!((text(&decoded, "platform"), text(&decoded, "signature")), ("aliyun", "ok"));
    assert_eq!(decoded["login"]["kind"], "device-secret");
    assert_eq!(decoded["login"]["timestamp"], "1600000000123");
    assert_eq!(decoded["problems"], none());
    let wrong = decode(packet, "another", &[]);
    assert_eq!(wrong["signature"], "bad");
    assert!(wrong["problems"][0].as_str().unwrap().contains("signature is wrong"));
    // The way it came is another matter than the signature.
    let over_tcp = decode(packet, SECRET, &["--tcp"]);
    assert_eq!(over_tcp["signature"], "ok");
    assert!(over_tcp["problems"][0].as_str().unwrap().contains("securemode 2 is for TLS"));

    let login = tencent(&["--packet"]);
    let decoded = decode(text(&login, "connect_packet"), PSK, &[]);
    assert_eq!((text(&decoded, "platform"), text(&decoded, "signature")), ("tencent", "ok"));
    assert_eq!(decoded["login"]["device_name"], "lamp1");
    assert_eq!(decoded["problems"], none());

    // A login of long ago is signed as it should be.
    let login = tencent(&["--packet", "--expiry", "1600003600"]);
    let decoded = decode(text(&login, "connect_packet"), PSK, &[]);
    assert_eq!(decoded["signature"], "ok");
    assert!(decoded["problems"][0].as_str().unwrap().contains("expired"));
}

/// Registrations, tokens and certificates are proved by something else than a device's secret.
#[test]
fn what_proves_other_logins() {
    let decode = |login: &MqttLogin, secret: &str| {
        let mut bytes = Vec::new();
        Connect::from(login).encode(&mut bytes).unwrap();
        let packet: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        run(["mqtt", "decode", &packet, "--json", "--device-secret", secret]).done()
    };
    let token =
        aliyun_cloud::TokenDevice::new("a1X2bEnP82z", "example1", "id", "tok/en+==").unwrap();
    let mut register = MqttLogin::new("host", 8883, "id|securemode=2,authType=register,");
    register.client_id += "random=8Ygb8ULYh53B6OA,signmethod=hmacsha256|";
    register.username = Some("example1&a1X2bEnP82z".into());
    let mac = Mac::new(Algorithm::Sha256, SECRET.as_bytes());
    let content = "deviceNameexample1productKeya1X2bEnP82zrandom8Ygb8ULYh53B6OA";
    register.password = Some(mac.sign([content]).to_hex().into());
    for (login, right) in [(token.tls().sign(), "tok/en+=="), (register, SECRET)] {
        let decoded = decode(&login, right);
        assert_eq!((text(&decoded, "signature"), &decoded["problems"]), ("ok", &none()));
        let decoded = decode(&login, "another");
        assert_eq!(decoded["signature"], "bad");
        assert!(decoded["problems"][0].as_str().unwrap().contains("signature is wrong"));
    }

    let of_tls = [
        aliyun_cloud::CertificateDevice::unknown().tls().sign(),
        tencent_cloud::CertificateDevice::new("YOURPROD01", "lamp1")
            .unwrap()
            .tls()
            .sign(SystemClock::new().unix_time(), &mut SystemRandom::new()),
    ];
    for login in of_tls {
        let decoded = decode(&login, PSK);
        assert_eq!((text(&decoded, "signature"), &decoded["problems"]), ("none", &none()));
    }
}

#[test]
fn every_packet_of_the_vectors() {
    for case in vectors()["connect_decode"].as_array().unwrap() {
        let (hex, expected) = (text(case, "hex"), &case["decoded"]);
        let decoded = run(["mqtt", "decode", hex, "--json"]).done();
        assert_eq!(decoded["problems"], none(), "{case}");
        if decoded["packet"] == "connack" {
            assert_eq!(decoded["code"], expected["code"]);
            assert_eq!(decoded["session_present"], expected["session_present"]);
            assert!(decoded["meaning"].is_string());
            continue;
        }
        assert_eq!(decoded["packet"], "connect");
        for key in ["client_id", "username", "password"] {
            assert_eq!(decoded[key], expected[key], "{case}");
        }
        assert_eq!(decoded["keep_alive"], expected["keepalive"]);
        assert_eq!(decoded["clean_session"], expected["clean_session"]);
        let platform = if text(case, "id").starts_with("tx-") { "tencent" } else { "aliyun" };
        assert_eq!(decoded["platform"], platform);
        assert!(decoded.get("signature").is_none(), "without a secret nothing is said of it");
    }
}

/// The walk-through's packet, with one thing wrong at a time.
#[test]
fn each_problem_is_named() {
    let file = vectors();
    let right = text(&file["connect_decode"][0], "hex");
    let replaced = |from: &str, to: &str| {
        assert!(right.contains(from), "{from}");
        right.replacen(from, to, 1)
    };
    // The password with 64 digits, and the lengths that go with them.
    let longer = replaced("106e", "108601").replacen("0028", "0040", 1) + &"30".repeat(24);
    for (packet, more, words) in [
        (replaced("106e", "106f"), &[][..], "remaining length is 111"),
        (replaced("0028", "0029"), &[], "password claims 41 bytes, and 40 are left"),
        (replaced("c20064", "c2000a"), &[], "keep-alive is 10 s, the platform takes 30 to 1200"),
        (replaced("c20064", "c30064"), &[], "reserved bit"),
        (replaced("106e", "116e"), &[], "reserved flags"),
        (format!("{right}0d0a"), &[], "2 bytes follow the packet"),
        (replaced("7c001044", "79001044"), &[], "the bar behind the ext params is missing"),
        (replaced("31266772", "31206772"), &[], "0 ampersands"),
        (longer, &[], "64 digits as hmacsha256 makes them, and hmacsha1 makes 40"),
        (right.to_owned(), &["--port", "8883"], "securemode 3 is for plain TCP, and this is TLS"),
        (right.to_owned(), &["--tls"], "securemode 3 is for plain TCP, and this is TLS"),
    ] {
        let decoded = run([&["mqtt", "decode", &packet, "--json"], more].concat()).done();
        let problems = decoded["problems"].as_array().unwrap();
        let named = problems.iter().any(|problem| problem.as_str().unwrap().contains(words));
        assert!(named, "{words}: {problems:?}");
        // A person is told the same.
        let told = run([&["mqtt", "decode", &packet], more].concat());
        assert!(told.code == 0 && told.stdout.contains(words), "{told:?}");
    }
    for more in [&["--tcp"][..], &["--port", "1883"], &[]] {
        let decoded = run([&["mqtt", "decode", right, "--json"], more].concat()).done();
        assert_eq!(decoded["problems"], none());
    }
}

#[test]
fn what_is_no_login_of_theirs() {
    let decoded = run(["mqtt", "decode", "100d00044d5154540402003c000161", "--json"]).done();
    assert_eq!(decoded["client_id"], "a");
    assert!(decoded["username"].is_null() && decoded["password"].is_null());
    assert!(decoded.get("platform").is_none() && decoded.get("login").is_none());
    let packet = "101400044d5154540426003c000161000174000268690a";
    let will = run(["mqtt", "decode", packet, "--json"]).done();
    assert_eq!((text(&will["will"], "topic"), text(&will["will"], "message")), ("t", "hi"));
    assert_eq!(will["will"]["retain"], true);
    assert!(will["problems"][0].as_str().unwrap().contains("1 byte follows the packet"));
}

#[test]
fn a_secret_by_every_way() {
    let expected = aliyun(&[]);
    let words = [ALIYUN, &["--json"]].concat();
    let with = |more: &[&str]| command([&words, more].concat());
    let line = format!("{SECRET}\n");
    assert_eq!(finish(with(&["--device-secret-file", "-"]), line.as_bytes()).done(), expected);
    let file = scratch("device-secret");
    std::fs::write(&file, format!("  {SECRET}\n")).unwrap();
    let from_file = with(&["--device-secret-file", file.to_str().unwrap()]);
    assert_eq!(finish(from_file, b"").done(), expected);
    let mut from_environment = with(&[]);
    from_environment.env("IOT_HOME_DEVICE_SECRET", SECRET);
    assert_eq!(finish(from_environment, b"").done(), expected);
    let mut both = with(&["--device-secret", SECRET]);
    both.env("IOT_HOME_DEVICE_SECRET", "another");
    assert_eq!(finish(both, b"").done(), expected, "what is said comes first");

    let hint = run(&words).error("usage", 2)["hint"].as_str().unwrap().to_owned();
    for way in ["--device-secret", "--device-secret-file", "IOT_HOME_DEVICE_SECRET", "stdin"] {
        assert!(hint.contains(way), "{hint}");
    }
    assert!(run(["aliyun", "credentials", "--help"]).stdout.contains("Other users"));
}

#[test]
fn a_wrong_secret_is_not_repeated() {
    for words in [
        [ALIYUN, &["--device-secret", "hunter2 hunter2"]].concat(),
        [TENCENT, &["--device-secret", "hunter2hunter2!"]].concat(),
    ] {
        for more in [&["--json", "-vv"][..], &["-vv"]] {
            let refused = run([&words, more].concat());
            assert_eq!(refused.code, 2);
            let shown = format!("{}{}", refused.stdout, refused.stderr);
            assert!(!shown.contains("hunter2"), "{refused:?}");
        }
    }
}

#[test]
fn wrong_usage() {
    let aliyun = |more: &[&'static str]| [ALIYUN, &["--device-secret", SECRET], more].concat();
    let tencent = |more: &[&'static str]| [TENCENT, &["--device-secret", PSK], more].concat();
    for words in [
        vec!["aliyun"],
        vec!["tencent"],
        vec!["mqtt"],
        vec!["mqtt", "decode"],
        vec!["mqtt", "decode", "20020000", "--tls", "--tcp"],
        vec!["mqtt", "decode", "-", "--device-secret-file", "-"],
        vec!["aliyun", "credentials"],
        ALIYUN[..6].to_vec(),
        aliyun(&["--region", "us-west-1", "--host", "x"]),
        aliyun(&["--instance", "iot-1", "--host", "x"]),
        aliyun(&["--device-secret-file", "-"]),
        TENCENT.to_vec(),
        TENCENT[..4].to_vec(),
        tencent(&["--region", "us-east", "--host", "x"]),
    ] {
        run([&words[..], &["--json"]].concat()).error("usage", 2);
    }
}

#[test]
fn bad_input() {
    let aliyun = |more: &[&'static str]| [ALIYUN, &["--device-secret", SECRET], more].concat();
    let tencent = |more: &[&'static str]| [TENCENT, &["--device-secret", PSK], more].concat();
    let of = |key: &'static str, name: &'static str, id: &'static str, secret: &'static str| {
        let words = ["aliyun", "credentials", "--product-key", key, "--device-name", name];
        [&words[..], &["--client-id", id, "--device-secret", secret]].concat()
    };
    for words in [
        of("pk/", "lamp", "1", "s"),
        of("pk", "la&mp", "1", "s"),
        of("pk", "lam", "1", "s"),
        of("pk", "lamp", "a|b", "s"),
        of("pk", "lamp", "1", "a b"),
        aliyun(&["--sign-method", "sha256"]),
        aliyun(&["--secure-mode", "1"]),
        aliyun(&["--secure-mode", "-2"]),
        aliyun(&["--timestamp", "now"]),
        aliyun(&["--region", "cn-shanghai/"]),
        aliyun(&["--instance", "iot-/"]),
        aliyun(&["--host", "http://x"]),
        aliyun(&["--param", "securemode=3"]),
        aliyun(&["--param", "a"]),
        aliyun(&["--param", "a=1|"]),
        aliyun(&["--keep-alive", "29"]),
        tencent(&["--sign-method", "hmacmd5"]),
        tencent(&["--sdk-app-id", "x"]),
        tencent(&["--conn-id", "a;b"]),
        tencent(&["--expiry", "-1"]),
        tencent(&["--region", "mars"]),
        tencent(&["--keep-alive", "901"]),
        [TENCENT, &["--device-secret", "not base64"]].concat(),
        vec![
            "tencent",
            "credentials",
            "--product-id",
            "SHORT",
            "--device-name",
            "a",
            "--device-secret",
            PSK,
        ],
        vec!["mqtt", "decode", ""],
        vec!["mqtt", "decode", "zz"],
        vec!["mqtt", "decode", "1"],
        vec!["mqtt", "decode", "10"],
        vec!["mqtt", "decode", "3000"],
        vec!["mqtt", "decode", "10ffffffffff"],
        vec!["mqtt", "decode", "100d00044d5154540502003c000161"],
        vec!["mqtt", "decode", "200200"],
        vec!["mqtt", "decode", "20020000", "--port", "0"],
    ] {
        run([&words[..], &["--json"]].concat()).error("bad-input", 2);
    }
}

#[test]
fn from_stdin() {
    let decoded = finish(command(["mqtt", "decode", "-", "--json"]), b" 20 02 00 05\n").done();
    assert_eq!((decoded["code"].as_u64(), text(&decoded, "meaning")), (Some(5), "not authorised"));
}
