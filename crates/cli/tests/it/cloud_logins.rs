//! `iot-home cloud login`, at the stand-in for the Mi cloud.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use iot_home::sim::micloud::Verification;
use serde_json::json;

use crate::online::{Online, PASSWORD, USER, account, furnished, servers};
use crate::program::{Running, command, finish, keys, scratch};

async fn plain() -> Online {
    Online::new(servers().account(account())).await
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions()) & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_password() {
    let online = plain().await;
    let done = online.log_in(&["--json", "--region", "de"]).done();
    assert_eq!(keys(&done), ["region", "session", "user_id"]);
    let (session, user) = (json!(online.session), json!("1234567890"));
    assert_eq!(
        [&done["region"], &done["session"], &done["user_id"]],
        [&json!("de"), &session, &user]
    );
    #[cfg(unix)]
    assert_eq!((mode(&online.session), mode(online.session.parent().unwrap())), (0o600, 0o700));
    let stored = online.stored();
    assert_eq!((&stored["region"], &stored["user_id"]), (&json!("de"), &user));
    let told = online.log_in(&[]);
    assert!(
        told.stdout.contains("logged in as") && told.stderr.contains("cloud devices"),
        "{told:?}"
    );
    // It is the same installation, however often it logs in.
    assert_eq!(online.stored()["device_id"], stored["device_id"]);
    assert_eq!(online.cloud.report().password_logins, 2);
    online.assert_clean();
}

/// Without `--session` it is kept in the user's configuration folder.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_said() {
    let online = Online::new(furnished()).await;
    let home = scratch("home-of-sessions");
    let _ = std::fs::remove_dir_all(&home);
    let start = |words: &[&str]| {
        let mut command = online.at_servers(words);
        command.env("HOME", &home).env_remove("XDG_CONFIG_HOME").env("IOT_HOME_PASSWORD", PASSWORD);
        finish(command, b"").done()
    };
    let done = start(&["login", "--user", USER, "--json"]);
    let file = home.join(".config/iot-home/session.json");
    assert_eq!(done["session"], json!(file));
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    assert_eq!(start(&["devices", "--json"]).as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_password_comes_from() {
    let online = plain().await;
    let file = scratch("password");
    std::fs::write(&file, format!("{PASSWORD}\nanother line\n")).unwrap();
    let login = |words: &[&str], stdin: &str| {
        let words = [&["login", "--json"], words].concat();
        finish(online.command(&words), stdin.as_bytes())
    };
    let file = file.to_str().unwrap();
    login(&["--user", USER, "--password-file", file], "").done();
    login(&["--user", USER, "--password-file", "-"], &format!("{PASSWORD}\n")).done();
    let asked = login(&["--user", USER], &format!("{PASSWORD}\r\n"));
    asked.done();
    assert_eq!(asked.stderr, format!("password of {USER}\n"));
    let asked = login(&[], &format!("{USER}\n{PASSWORD}"));
    asked.done();
    assert_eq!(asked.stderr.lines().count(), 2, "{asked:?}");
    assert_eq!(online.cloud.report().password_logins, 4);
    let file = ["--user", USER, "--password-file", "/nowhere"];
    login(&file, "").error("bad-input", 2);
    login(&["--user", USER, "--password-file", "-"], "\n").error("bad-input", 2);
    login(&["--qr", "--password-file", "-"], "").error("usage", 2);
    assert_eq!(online.cloud.report().password_attempts, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password() {
    let online = plain().await;
    let mut command = online.command(&["login", "--user", USER, "--json"]);
    command.env("IOT_HOME_PASSWORD", "quite another");
    let run = finish(command, b"");
    let error = run.error("auth", 1);
    assert_eq!(error["code"], 70016);
    assert!(error["hint"].as_str().unwrap().contains("QR"), "{error}");
    assert!(!run.stdout.contains("quite another") && !online.session.exists());
    assert_eq!(online.cloud.report().password_attempts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers() {
    let online = plain().await;
    let closed = |words: &[&str], asks: &str| {
        let run = finish(online.command(&[&["login", "--json"], words].concat()), b"");
        let document = run.json();
        assert_eq!(
            (run.code, &document["error"]["kind"]),
            (1, &json!("interaction-needed")),
            "{run:?}"
        );
        assert!(run.stderr.contains(asks), "{run:?}");
    };
    closed(&[], "account");
    closed(&["--user", USER], "password");
    assert_eq!(online.cloud.report().requests, 0);
    let strict = Verification::new("246810").email("s***@example.com");
    for (account, asks) in [
        (account().captcha("Ab3d"), "captcha"),
        (account().verification(strict), "s***@example.com"),
    ] {
        let online = Online::new(servers().account(account)).await;
        let run = online.answered(&[], "");
        let kind = run.json()["error"]["kind"].clone();
        assert_eq!((run.code, kind), (1, json!("interaction-needed")), "{run:?}");
        assert!(run.stderr.contains(asks) && !online.session.exists(), "{run:?}");
    }
}

/// The image lies in a file while it is asked for, and nowhere afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn a_captcha() {
    let online = Online::new(servers().account(account().captcha("Ab3d"))).await;
    let mut command = online.command(&["login", "--user", USER, "--json"]);
    command.env("IOT_HOME_PASSWORD", PASSWORD).stdin(Stdio::piped());
    let mut running = Running::start(command);
    let mut stdin = running.child.stdin.take().unwrap();
    let mut seen = Vec::new();
    for (answer, again) in [("", false), ("nope", false), ("Ab3d", true)] {
        let question = running.told();
        assert_eq!(question.starts_with("that was not it"), again, "{question}");
        let path = question.split(" in ").nth(1).unwrap().split(" (nothing").next().unwrap();
        let path = Path::new(path).to_owned();
        assert!(std::fs::read(&path).unwrap().starts_with(&[0xff, 0xd8]), "a JPEG");
        #[cfg(unix)]
        assert_eq!(mode(&path), 0o600);
        seen.push(path);
        writeln!(stdin, "{answer}").unwrap();
    }
    assert_eq!(running.json()["user_id"], "1234567890");
    assert_eq!(running.code(), 0);
    assert!(seen.iter().all(|path| !path.exists()), "{seen:?}");
    let report = online.cloud.report();
    assert_eq!((report.captchas, report.wrong_captchas, report.password_logins), (3, 1, 1));
    online.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification() {
    let strict = Verification::new("246810").phone("138******00").email("s***@example.com");
    let online = Online::new(servers().account(account().verification(strict))).await;
    let run = online.answered(&[], "111111\nagain\nphone\n246810\n");
    run.done();
    let asked: Vec<_> = run.stderr.lines().collect();
    assert_eq!(asked.len(), 4, "{run:?}");
    assert!(asked[0].contains("by e-mail to s***@example.com"), "{asked:?}");
    assert!(asked[1].starts_with("that was not it") && !asked[2].starts_with("that"), "{asked:?}");
    assert!(asked[3].contains("by text message to 138******00"), "{asked:?}");
    let report = online.cloud.report();
    assert_eq!((report.codes_sent, report.wrong_codes, report.password_logins), (3, 1, 1));
    online.assert_clean();
}

/// Whoever answers without an end is a program, and would have the account blocked.
#[tokio::test(flavor = "multi_thread")]
async fn too_many_answers() {
    let online = Online::new(servers().account(account().captcha("Ab3d"))).await;
    let run = online.answered(&[], &"nope\n".repeat(100));
    assert_eq!((run.code, &run.json()["error"]["kind"]), (1, &json!("auth")), "{run:?}");
    let attempts = online.cloud.report().wrong_captchas;
    assert!((2..=8).contains(&attempts), "{attempts}");
    // What cannot be an answer is not sent, and counts as well.
    let strict = Verification::new("246810").email("s***@example.com");
    let online = Online::new(servers().account(account().verification(strict))).await;
    let run = online.answered(&[], &"\n".repeat(100));
    assert_ne!(run.code, 0, "{run:?}");
    assert_eq!(online.cloud.report().wrong_codes, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_qr_code() {
    let online = plain().await;
    let mut running =
        Running::start(online.command(&["login", "--qr", "--json", "--region", "sg"]));
    let drawn: Vec<_> = (0..20).map(|_| running.told()).collect();
    let square = drawn[0].chars().count();
    assert!(drawn.iter().all(|line| line.chars().count() == square), "{drawn:?}");
    assert!(drawn.iter().flat_map(|line| line.chars()).all(|c| " █▀▄".contains(c)), "{drawn:?}");
    let mut told = running.told();
    while !told.starts_with("http://") {
        told = running.told();
    }
    assert!(told.starts_with(&online.cloud.account_url()), "{told}");
    assert!(online.cloud.scan_qr(USER));
    let done = running.json();
    assert_eq!((&done["user_id"], &done["region"]), (&json!("1234567890"), &json!("sg")));
    assert_eq!((running.code(), online.cloud.report().qr_logins), (0, 1));
    online.assert_clean();
}

/// The code's own time counts, and not that of the network's steps.
#[tokio::test(flavor = "multi_thread")]
async fn a_qr_code_that_nobody_scans() {
    let lifetime = Duration::from_secs(10);
    let online = Online::new(servers().account(account()).qr_lifetime(lifetime)).await;
    let run = online.run(&["login", "--qr", "--json", "--timeout", "2s"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        ["auth", "timeout"].contains(&run.json()["error"]["kind"].as_str().unwrap()),
        "{run:?}"
    );
    assert!(run.took >= Duration::from_secs(9) && run.took < Duration::from_secs(16), "{run:?}");
    assert!(!online.session.exists());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn interrupted() {
    let online = plain().await;
    let mut command = online.command(&["login", "--user", USER]);
    command.stdin(Stdio::piped());
    let qr = online.command(&["login", "--qr"]);
    for (command, told) in [(command, "password"), (qr, "http://")] {
        let mut running = Running::start(command);
        while !running.told().starts_with(told) {}
        let (code, took) = running.interrupt();
        assert!(code == 130 && took < Duration::from_secs(1), "{code} {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_before_anything_is_sent() {
    let online = plain().await;
    let file = scratch("no-folder");
    std::fs::write(&file, "not a folder").unwrap();
    let below = file.join("session.json");
    let (file, below) = (file.to_str().unwrap(), below.to_str().unwrap());
    for words in [
        &["login", "--user", USER, "--region", "atlantis"][..],
        &["login", "--user", USER, "--session", below],
        &["login", "--user", USER, "--session", file],
        &["devices", "--session", file],
        &["devices", "--region", "everywhere"],
        &["get", "1", "2"],
        &["set", "1", "2.1=["],
        &["rpc", "1", "x", "["],
        &["call", "no-slash"],
        &["call", "/x", "{"],
    ] {
        let mut words = [&["cloud"], words, &["--json"]].concat();
        let account = online.cloud.account_url();
        words.extend(["--account-url", &account]);
        let mut program = command(words);
        program.env("IOT_HOME_PASSWORD", PASSWORD);
        finish(program, b"").error("bad-input", 2);
    }
    for url in ["http://example.com", "ftp://127.0.0.1", "https://x?y"] {
        let words = ["cloud", "devices", "--json", "--account-url", url];
        let error = finish(command(words), b"").error("bad-input", 2);
        assert!(error["message"].as_str().unwrap().contains("--account-url"), "{error}");
    }
    assert_eq!(online.cloud.report().requests, 0);
    let error = online.run(&["devices", "--json"]).error("interaction-needed", 1);
    assert!(error["hint"].as_str().unwrap().contains("cloud login"), "{error}");
    assert_eq!(online.cloud.report().requests, 0);
}
