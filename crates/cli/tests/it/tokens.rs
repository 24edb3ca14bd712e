//! Where a token may come from.

use crate::devices::lamp;
use crate::program::{TOKEN, command, finish, run, scratch};

#[tokio::test(flavor = "multi_thread")]
async fn every_way_works() {
    let lamp = lamp().await;
    let addr = lamp.addr().to_string();
    let get = ["miio", "get", &addr, "2.1", "--json"];
    let with = |more: &[&str]| command([&get[..], more].concat());
    finish(with(&["--token", TOKEN]), b"").done();
    finish(with(&["--token-file", "-"]), format!("{TOKEN}\n").as_bytes()).done();

    let file = scratch("token");
    std::fs::write(&file, format!("  {}  \n", TOKEN.to_uppercase())).unwrap();
    finish(with(&["--token-file", file.to_str().unwrap()]), b"").done();

    let mut from_environment = with(&[]);
    from_environment.env("IOT_HOME_TOKEN", TOKEN);
    finish(from_environment, b"").done();
    // What is said comes before what stands in the environment.
    let mut both = with(&["--token", TOKEN]);
    both.env("IOT_HOME_TOKEN", "not a token");
    finish(both, b"").done();
}

#[test]
fn a_missing_token_names_every_way_to_give_one() {
    for mut command in [command(["miio", "get", "127.0.0.1:9", "2.1", "--json"]), {
        let mut command = command(["miio", "info", "127.0.0.1:9", "--json"]);
        command.env("IOT_HOME_TOKEN", "");
        command
    }] {
        command.arg("--timeout=400ms");
        let error = finish(command, b"").error("usage", 2);
        let hint = error["hint"].as_str().unwrap();
        for way in ["--token", "--token-file", "IOT_HOME_TOKEN", "stdin"] {
            assert!(hint.contains(way), "{hint}");
        }
    }
}

#[test]
fn a_wrong_token_is_not_repeated() {
    let secret = "hunter2hunter2";
    let file = scratch("bad-token");
    std::fs::write(&file, secret).unwrap();
    let file = file.to_str().unwrap();
    for more in [["--token", secret], ["--token-file", file]] {
        let start = ["miio", "info", "127.0.0.1:9", "--json"];
        let refused = run([&start[..], &more].concat());
        refused.error("bad-input", 2);
        assert!(!refused.stdout.contains(secret), "{refused:?}");
    }
    let refused = run(["miio", "token", "decode", secret, "--json"]);
    refused.error("bad-input", 2);
    assert!(!refused.stdout.contains(secret), "{refused:?}");
}
