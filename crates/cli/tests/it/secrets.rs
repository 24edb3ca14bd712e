//! The token of a device is printed when that is asked for, and never otherwise.

use iot_home::sim::SimDevice;
use iot_home::sim::miio::HelloToken;
use serde_json::{Value, json};

use crate::devices::token;
use crate::program::{TOKEN, command, finish, run, scratch};

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
