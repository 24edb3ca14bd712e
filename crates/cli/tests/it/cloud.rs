//! Requests to the Mi Home cloud signed, and captured ones opened: the program against the vectors.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::program::{command, finish, fixture, keys, run, scratch};

fn cases() -> Vec<Value> {
    let text = std::fs::read_to_string(fixture("micloud/vectors.json")).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is missing: {value}"))
}

/// The options that name a case's key and nonce.
fn key(case: &Value) -> [&str; 4] {
    let input = &case["input"];
    ["--ssecurity", text(input, "ssecurity"), "--nonce", text(input, "nonce")]
}

const WRONG: [&str; 2] = ["--ssecurity", "/////////////////////w=="];

#[test]
fn every_vector_is_signed() {
    for case in cases() {
        let (input, rc4) = (&case["input"], &case["rc4_mode"]);
        let data = text(&input["params"], "data");
        let rest = ["--path", text(input, "path"), "--data", data];
        let words = [&["cloud", "sign", "--json"], &key(&case)[..], &rest].concat();
        let signed = run(&words).done();
        assert_eq!(keys(&signed), ["data", "form", "rc4_hash", "signature", "signed_nonce"]);
        assert_eq!(signed["signed_nonce"], case["signed_nonce"]);
        assert_eq!(signed["signature"], rc4["signature"]);
        assert_eq!(signed["rc4_hash"], rc4["rc4_hash_encrypted"]);
        assert_eq!(signed["data"], rc4["data_encrypted"]);
        assert_eq!(signed["form"], rc4["form_body"]);
        // The path as it stands in the address is signed without its beginning.
        let path = format!("/app{}", text(input, "path"));
        let rest = ["--path", &path, "--data", data, "--method", "post"];
        let words = [&["cloud", "sign", "--json"], &key(&case)[..], &rest].concat();
        assert_eq!(run(&words).done(), signed);

        let rest = ["--path", text(input, "path"), "--data", data, "--mode", "plain"];
        let words = [&["cloud", "sign", "--json"], &key(&case)[..], &rest].concat();
        let plain = run(&words).done();
        assert_eq!(keys(&plain), ["data", "form", "signature", "signed_nonce"]);
        assert_eq!(plain["signature"], case["plain_mode"]["signature"]);
        assert_eq!(plain["data"], data);
    }
}

#[test]
fn every_vector_is_opened() {
    for case in cases() {
        let response = &case["response"];
        let plaintext = json!({ "plaintext": response["plaintext"] });
        for body in [text(response, "body"), text(response, "gzip_body")] {
            let words = [&["cloud", "decrypt", "--json"], &key(&case)[..]].concat();
            assert_eq!(run([&words[..], &[body]].concat()).done(), plaintext);
            let stdin =
                finish(command([&words[..], &["-"]].concat()), format!("{body}\n").as_bytes());
            assert_eq!(stdin.done(), plaintext);
            let nonce = ["--nonce", text(&case["input"], "nonce")];
            let wrong = [&["cloud", "decrypt", "--json", body], &WRONG[..], &nonce].concat();
            let error = run(wrong).error("malformed", 1);
            assert!(error["hint"].as_str().unwrap().contains("nonce"), "{error}");
        }
        let data = text(&case["rc4_mode"], "data_encrypted");
        let words = [&["cloud", "decrypt", "--json", data], &key(&case)[..]].concat();
        assert_eq!(run(words).done()["plaintext"], case["input"]["params"]["data"]);
    }
}

fn har(name: &str, entries: &[Value]) -> PathBuf {
    let path = scratch(name);
    std::fs::write(&path, json!({ "log": { "entries": entries } }).to_string()).unwrap();
    path
}

fn entry(url: &str, form: &str, body: &str) -> Value {
    json!({
        "request": { "method": "POST", "url": url, "postData": { "text": form } },
        "response": { "status": 200, "content": { "text": body } },
    })
}

#[test]
fn a_har_file() {
    let case = &cases()[4];
    let form = text(&case["rc4_mode"], "form_body");
    let body = text(&case["response"], "gzip_body");
    let url = format!("https://sg.api.io.mi.com/app{}", text(&case["input"], "path"));
    let changed = form.replacen("signature=", "signature=x", 1);
    let entries = [
        entry("https://example.com/", "a=b", "other"),
        entry(&url, form, body),
        entry(&url, &changed, "<html>"),
    ];
    let path = har("traffic.har", &entries);
    let path = path.to_str().unwrap();
    let secret = [&["cloud", "decrypt", "--har", path], &key(case)[..2]].concat();
    let opened = run([&secret[..], &["--json"]].concat());
    assert_eq!((opened.code, opened.stderr.as_str()), (1, ""));
    let lines = opened.lines();
    assert_eq!(lines.len(), 2);
    assert_eq!(keys(&lines[0]), ["path", "request", "response", "signature"]);
    assert_eq!(lines[0]["path"], case["input"]["path"]);
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(lines[0]["request"], parse(text(&case["input"]["params"], "data")));
    assert_eq!(lines[0]["response"], parse(text(&case["response"], "plaintext")));
    assert_eq!(lines[0]["signature"], "ok");
    assert_eq!(
        (&lines[1]["signature"], &lines[1]["failed_step"], &lines[1]["response"]),
        (&json!("bad"), &json!("signature"), &Value::Null)
    );
    // For a person.
    let shown = run(&secret).stdout;
    assert!(shown.contains("signature ok\n  > {") && shown.contains("failed at signature"));

    let alone = har("alone.har", &entries[..2]);
    let words = ["cloud", "decrypt", "--json", "--har", alone.to_str().unwrap()];
    let good = run([&words[..], &key(case)[..2]].concat());
    assert_eq!((good.code, good.lines().len()), (0, 1));
    let wrong = run([&words[..], &WRONG].concat());
    assert_eq!((wrong.code, &wrong.lines()[0]["request"]), (1, &Value::Null));
    let none = har("none.har", &entries[..1]);
    let none = run(
        [&["cloud", "decrypt", "--json", "--har", none.to_str().unwrap()], &WRONG[..]].concat()
    );
    assert_eq!((none.code, none.stdout.as_str()), (1, ""));
    assert!(none.stderr.contains("no request"));
    // A server of one's own.
    let local = har("local.har", &[entry("http://127.0.0.1:1/app/x", "", "{}")]);
    let local = ["cloud", "decrypt", "--json", "--har", local.to_str().unwrap()];
    let served = ["--api-url", "http://127.0.0.1:1"];
    assert_eq!(run([&local[..], &WRONG, &served].concat()).lines()[0]["signature"], "absent");
}

#[test]
fn the_key_from_a_file_or_stdin() {
    let case = &cases()[0];
    let file = scratch("ssecurity");
    std::fs::write(&file, format!("{}\n", text(&case["input"], "ssecurity"))).unwrap();
    let words = ["cloud", "sign", "--json", "--path", "/x", "--nonce", "ABEiM0RVZncBsFUV"];
    let from_file =
        run([&words[..], &["--ssecurity-file", file.to_str().unwrap()]].concat()).done();
    let stdin = command([&words[..], &["--ssecurity-file", "-"]].concat());
    let stdin = finish(stdin, text(&case["input"], "ssecurity").as_bytes()).done();
    assert_eq!(from_file, stdin);
    assert_eq!(from_file["signed_nonce"], case["signed_nonce"]);
}

#[test]
fn wrong_input() {
    let sign = ["cloud", "sign", "--json", "--path", "/x", "--nonce", "ABEiM0RVZncBsFUV"];
    let decrypt = ["cloud", "decrypt", "--json", "--nonce", "ABEiM0RVZncBsFUV"];
    let good = ["--ssecurity", "AAECAwQFBgcICQoLDA0ODw=="];
    let secret = "notBase64-7319";
    for (words, kind) in [
        ([&sign[..], &["--ssecurity", secret]].concat(), "bad-input"),
        ([&sign[..], &["--ssecurity", ""]].concat(), "bad-input"),
        ([&sign[..], &good, &["--data", "{"]].concat(), "bad-input"),
        ([&sign[..], &good, &["--mode", "aes"]].concat(), "bad-input"),
        ([&sign[..], &good, &["--method", "PUT"]].concat(), "bad-input"),
        (sign.to_vec(), "usage"),
        ([&decrypt[..], &["--ssecurity", secret, "AAAA"]].concat(), "bad-input"),
        ([&decrypt[..], &good, &["?"]].concat(), "bad-input"),
        ([&decrypt[..], &good, &[""]].concat(), "bad-input"),
        ([&decrypt[..], &good, &["<html>"]].concat(), "bad-input"),
        ([&decrypt[..], &good, &["AAAA", "--api-url", "http://example.com"]].concat(), "bad-input"),
        ([&decrypt[..], &good].concat(), "usage"),
        ([&decrypt[..], &good, &["--har", "x"]].concat(), "usage"),
        (
            [&["cloud", "decrypt", "--json", "--har", "/nonexistent"], &good[..]].concat(),
            "bad-input",
        ),
        ([&["cloud", "decrypt", "--json", "--har", "-"], &good[..]].concat(), "bad-input"),
        (vec!["cloud", "decrypt", "--json", "--har", "-", "--ssecurity-file", "-"], "usage"),
    ] {
        let run = run(&words);
        assert!(!run.stdout.contains(secret), "{run:?}");
        run.error(kind, 2);
    }
    let words = ["cloud", "sign", "--json", "--path", "x", "--nonce", "ABEiM0RVZncBsFUV"];
    run([&words[..], &good].concat()).error("bad-input", 2);
    let words = ["cloud", "sign", "--json", "--path", "/x", "--nonce", "AAAA"];
    run([&words[..], &good].concat()).error("bad-input", 2);
}
