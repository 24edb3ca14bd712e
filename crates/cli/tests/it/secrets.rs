//! The token of a device is printed when that is asked for, and never otherwise.

use iot_home::miio::DeviceError;
use iot_home::sim::miio::HelloToken;
use iot_home::sim::miio::Properties;
use iot_home::sim::{SimBulb, SimDevice};
use serde_json::{Value, json};

use crate::devices::token;
use crate::house::{House, entry};
use crate::program::{TOKEN, command, finish, run, scratch};
use crate::sessions::{CLOUDS, Platform};

/// A device that tells its token wherever it can.
async fn talkative() -> SimDevice {
    SimDevice::light()
        .token(token())
        .hello(HelloToken::Shown)
        .info("ap", json!({ "ssid": "home of the secret", "passwd": "hunter2", "rssi": -50 }))
        .property("leak", TOKEN.to_uppercase())
        .property("2.5", format!("t:{}", &TOKEN[..30]).as_str())
        .property(
            "4.1",
            json!({ "deep": [{ "token": "something", "note": format!("<{TOKEN}>") }] }),
        )
        .spawn()
        .await
        .unwrap()
}

fn commands(addr: &str) -> Vec<Vec<String>> {
    [
        vec!["miio", "hello", addr],
        vec!["miio", "info", addr],
        vec!["miio", "call", addr, "get_prop", r#"["leak","power"]"#],
        vec!["miio", "call", addr, "miIO.info"],
        vec!["miio", "call", addr, TOKEN],
        vec!["miio", "get", addr, "4.1", "2.1"],
        vec!["miio", "action", addr, "2.1", TOKEN],
        vec!["discover", "--protocol", "miio", "--target", addr, "--count", "1"],
    ]
    .map(|words| words.into_iter().map(ToOwned::to_owned).collect())
    .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_prints_the_token_unasked() {
    let device = talkative().await;
    let addr = device.addr().to_string();
    for (at, words) in commands(&addr).into_iter().enumerate() {
        for extra in [&["--json", "-vv"][..], &["-vv"]] {
            let record = scratch(&format!("secrets-{at}.jsonl"));
            let mut run = command(words.iter().map(String::as_str).chain(extra.iter().copied()));
            run.arg("--record").arg(&record).env("IOT_HOME_TOKEN", TOKEN);
            let run = finish(run, b"");
            // The method's name is no secret of the device's: it was said by the user, and is repeated.
            let named = words.get(3).is_some_and(|method| method == TOKEN);
            let shown = format!("{}{}", run.stdout, if named { "" } else { &run.stderr });
            let transcript = std::fs::read_to_string(&record).unwrap();
            assert!(transcript.lines().count() >= 1, "{words:?}");
            for text in [&shown, &transcript] {
                assert!(!text.to_lowercase().contains(TOKEN), "{words:?}: {text}");
                assert!(!text.contains("hunter2"), "{words:?}: {text}");
            }
            assert!(!transcript.contains("home of the secret"), "{transcript}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_for_it_is_there() {
    let device = talkative().await;
    let addr = device.addr().to_string();
    let show = |words: &[&str]| {
        let words = [words, &["--json", "--show-secrets"]].concat();
        let mut run = command(words);
        run.env("IOT_HOME_TOKEN", TOKEN);
        finish(run, b"").done()
    };
    assert_eq!(show(&["miio", "hello", &addr])["token"], TOKEN);
    let info = show(&["miio", "info", &addr]);
    assert_eq!((&info["token"], &info["raw"]["token"]), (&json!(TOKEN), &json!(TOKEN)));
    let called = show(&["miio", "call", &addr, "get_prop", "[\"leak\"]"]);
    assert_eq!(called["result"][0], TOKEN.to_uppercase());
    let found = ["discover", "--protocol", "miio", "--target", &addr, "--count", "1"];
    assert_eq!(show(&found)["token"], TOKEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_its_place_stands_null() {
    let device = talkative().await;
    let addr = device.addr().to_string();
    let hello = run(["miio", "hello", &addr, "--json"]).done();
    assert_eq!((&hello["token"], &hello["token_visible"]), (&Value::Null, &json!(true)));
    let info = run(["miio", "info", &addr, "--json", "--token", TOKEN]).done();
    assert_eq!(
        (info.get("token"), info["raw"].get("token")),
        (Some(&Value::Null), Some(&Value::Null))
    );
    assert_eq!(info["ap"]["ssid"], "home of the secret", "only a transcript leaves that out");
    assert_eq!(info["raw"]["ap"]["passwd"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_tells_the_story() {
    let device = talkative().await;
    let record = scratch("story.jsonl");
    let addr = device.addr().to_string();
    let words =
        ["miio", "get", &addr, "2.1", "--token", TOKEN, "--record", record.to_str().unwrap()];
    assert_eq!(run(words).code, 0);
    let text = std::fs::read_to_string(&record).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let story: Vec<_> =
        lines.iter().map(|line| (line["direction"].as_str(), line["kind"].as_str())).collect();
    assert_eq!(
        story,
        [
            (Some("sent"), Some("hello")),
            (Some("received"), Some("hello-reply")),
            (Some("sent"), Some("message")),
            (Some("received"), Some("message")),
        ],
        "{text}"
    );
    assert_eq!(lines[2]["payload"]["method"], "get_properties");
    assert_eq!(lines[3]["payload"]["result"][0]["value"], false);
    for line in &lines {
        assert!(line["time"].is_f64() && line["length"].is_u64(), "{line}");
        assert_eq!(line["peer"], addr);
    }
    assert_eq!(lines[3]["did"], device.did().to_string());
}

/// What nobody answers is worth a report as well: the probes stand in the transcript.
#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_tells_of_hellos_that_nobody_answers() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = silent.local_addr().unwrap().to_string();
    let record = scratch("silence.jsonl");
    let path = record.to_str().unwrap();
    let code = run(["miio", "hello", &addr, "--timeout", "300ms", "--record", path]).code;
    assert_eq!(code, 1);
    let text = std::fs::read_to_string(&record).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!lines.is_empty());
    assert!(
        lines.iter().all(|line| line["direction"] == "sent" && line["kind"] == "hello"),
        "{text}"
    );
}

/// A cloud's device secret is printed when that is asked for, and never otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn no_session_prints_the_device_secret_unasked() {
    let platform = Platform::start().await;
    for cloud in CLOUDS {
        let [down, up] = cloud.topics();
        let secret = cloud.secret();
        // It comes back from the broker, in a registration's answer and as a text.
        let payload = json!({ "deviceSecret": "another", "note": format!("<{secret}>") });
        let publish = format!("{up}={secret}");
        let words = ["--subscribe", down, "--publish", &publish, "--count", "2", "-vv"];
        for (at, extra) in [&["--json"][..], &[], &["--json", "--show-secrets"]].iter().enumerate()
        {
            let record = scratch(&format!("session-{at}.jsonl"));
            let mut command = platform.tls(cloud, &[&words, *extra].concat());
            command.arg("--record").arg(&record);
            let running = tokio::task::spawn_blocking(|| finish(command, b""));
            platform.is_subscribed(cloud).await;
            platform.sim.publish(down, payload.to_string(), 1);
            platform.sim.publish(down, secret, 1);
            let run = running.await.unwrap();
            assert_eq!(run.code, 0, "{run:?}");
            let transcript = std::fs::read_to_string(&record).unwrap();
            assert!(transcript.lines().count() >= 5, "{transcript}");
            for text in [&transcript, &run.stderr] {
                assert!(!text.contains(secret) && !text.contains("another"), "{text}");
            }
            let asked = extra.contains(&"--show-secrets");
            assert_eq!(run.stdout.contains(secret), asked, "{run:?}");
            assert_eq!(run.stdout.contains("another"), asked, "{run:?}");
        }
        let refused = finish(
            {
                let mut command = platform.tls(cloud, &["-vv"]);
                command.env("IOT_HOME_DEVICE_SECRET", "c3Vic3Vic3Vic3Vic3Vicw==");
                command
            },
            b"",
        );
        assert!(!refused.stderr.contains("c3Vic3"), "{refused:?}");
    }
}

/// The story of a session, without what a payload may hold.
#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_of_a_session() {
    let platform = Platform::start().await;
    let cloud = CLOUDS[0];
    let [down, up] = cloud.topics();
    let record = scratch("session-story.jsonl");
    let publish = format!(r#"{up}={{"ssid":"home","on":true}}"#);
    let words = ["--subscribe", down, "--publish", &publish, "--count", "1"];
    let mut command = platform.tls(cloud, &words);
    command.arg("--record").arg(&record);
    let running = tokio::task::spawn_blocking(|| finish(command, b""));
    platform.is_subscribed(cloud).await;
    platform.sim.publish(down, "no JSON", 0);
    assert_eq!(running.await.unwrap().code, 0);
    let text = std::fs::read_to_string(&record).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = lines
        .iter()
        .map(|line| (line["direction"].as_str().unwrap(), line["kind"].as_str().unwrap()))
        .collect();
    for kind in [
        ("sent", "subscribe"),
        ("received", "suback"),
        ("sent", "publish"),
        ("received", "puback"),
        ("received", "publish"),
    ] {
        assert!(kinds.contains(&kind), "{kind:?}: {text}");
    }
    assert_eq!(kinds[..2], [("sent", "connect"), ("received", "connack")], "{text}");
    assert_eq!(kinds.last(), Some(&("sent", "disconnect")), "{text}");
    assert_eq!(lines[0]["username"], "lamp-1&a1X2bEnP82z");
    assert_eq!(lines[1]["code"], 0);
    for line in &lines {
        assert!(line["time"].is_f64() && line["peer"].is_string(), "{line}");
        assert_eq!(line["connection"], 1);
        match (&line["direction"], line["kind"].as_str().unwrap()) {
            (way, "publish") if way == "sent" => {
                assert_eq!(line["payload"], json!({ "ssid": null, "on": true }));
            }
            (_, "publish") => assert_eq!(line["problem"], "the payload is not JSON"),
            _ => assert!(line.get("payload").is_none(), "{line}"),
        }
    }
}

/// The commands of the home: what an inventory and a device know of tokens is neither printed, traced, recorded nor part
/// of an error.
#[tokio::test(flavor = "multi_thread")]
async fn no_command_of_the_home_prints_the_token_unasked() {
    let device = talkative().await;
    let addr = device.addr().to_string();
    // It repeats its token in an error, and a bulb has it for a name.
    let bulb =
        SimBulb::color().name(TOKEN.to_uppercase()).property("leak", TOKEN).spawn().await.unwrap();
    let search = bulb.search_addr().to_string();
    let mut known = entry(&device, "lamp");
    known.as_object_mut().unwrap().remove("model");
    let bulb = json!({ "bulb": bulb.id().to_string(), "name": "ball", "yeelight": bulb.addr().to_string(),
        "token": TOKEN });
    let commands: [(&[&str], i32); 13] = [
        (&["get", "lamp", "2.1", "2.5", "4.1"], 0),
        (&["get", &addr, "2.5"], 0),
        (&["get", "lamp", "light:on"], 0),
        (&["set", "lamp", "2.1=true", "9.9=1"], 1),
        (&["action", "lamp", "2.1"], 0),
        (&["action", "lamp", "9.9"], 2),
        (&["get", "lamp", "light:onn"], 2),
        (&["get", "lmap", "2.1"], 2),
        (&["set", "lamp", "light:brightness=400"], 2),
        (&["get", "ball", "light:on"], 0),
        (&["set", "ball", "light:on=true"], 0),
        (&["discover", "--save", "--protocol", "miio", "--target", &addr, "--count", "1"], 0),
        (&["discover", "--save", "--protocol", "yeelight", "--target", &search, "--count", "1"], 0),
    ];
    for (at, (words, code)) in commands.into_iter().enumerate() {
        for extra in [&["--json", "-vv"][..], &["-vv"]] {
            let house = House::new("secrets").await.knowing(json!([known, bulb]));
            let record = house.folder.join(format!("{at}.jsonl"));
            let words = [words, extra].concat();
            let mut command = match words[0] {
                "discover" => house.discovery(&words[2..]),
                _ => house.command(&words),
            };
            command.arg("--record").arg(&record);
            let run = finish(command, b"");
            assert_eq!(run.code, code, "{words:?}: {run:?}");
            let transcript = std::fs::read_to_string(&record).unwrap();
            assert_eq!(
                transcript.is_empty(),
                code == 2 && !transcript.contains("miot-spec"),
                "{words:?}"
            );
            for text in [&run.stdout, &run.stderr, &transcript] {
                // The bulb's name is its owner's, and printed; a token that is known is not recorded even so.
                let is_name =
                    words[0] == "discover" && words.contains(&"yeelight") && text != &transcript;
                assert!(is_name || !text.to_lowercase().contains(TOKEN), "{words:?}: {text}");
                assert!(!text.contains("hunter2"), "{words:?}: {text}");
            }
            assert!(!transcript.contains("home of the secret"), "{transcript}");
        }
    }
}

/// A device that repeats what it knows in an error.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_devices_does_not_hold_the_token() {
    let leak = |_: &mut Properties, _: &Value| {
        Err(DeviceError::new(Some(-5), format!("token <{TOKEN}> is busy")))
    };
    let device = SimDevice::light().token(token()).method("miIO.info", leak).method("action", leak);
    let device = device.spawn().await.unwrap();
    let addr = device.addr().to_string();
    let known = House::new("leak").await.knowing(json!([entry(&device, "lamp")]));
    for extra in [&["--json", "-vv"][..], &["-vv"]] {
        // To run it, and to learn the model for the name's sake.
        let acted = finish(known.command(&[&["action", "lamp", "2.1"], extra].concat()), b"");
        let unknown = House::new("leak-unknown").await;
        let mut command = unknown.command(&[&["get", &addr, "light:on"], extra].concat());
        command.env("IOT_HOME_TOKEN", TOKEN);
        for run in [acted, finish(command, b"")] {
            let said = format!("{}{}", run.stdout, run.stderr);
            assert_eq!(run.code, 1, "{run:?}");
            assert!(said.contains("<redacted>") && !said.to_lowercase().contains(TOKEN), "{said}");
        }
    }
}
