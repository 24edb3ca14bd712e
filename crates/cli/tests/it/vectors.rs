//! `miio encode` and `miio decode` against the known answers, in both directions.

use serde_json::{Value, json};

use crate::program::{TOKEN, command, finish, fixture, keys, run};

fn vectors() -> Vec<Value> {
    let text = std::fs::read_to_string(fixture("miio/vectors.json")).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

fn vector(id: &str) -> Value {
    vectors().into_iter().find(|vector| vector["id"] == id).unwrap()
}

fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key].as_str().unwrap()
}

#[test]
fn every_message_is_built_and_opened_to_the_byte() {
    let mut messages = 0;
    for vector in vectors().iter().filter(|vector| vector.get("plaintext").is_some()) {
        let (did, stamp) = (text(vector, "did"), vector["stamp"].to_string());
        let token = ["--token", text(vector, "token")];
        let header = ["miio", "encode", "--did", did, "--stamp", &stamp, "-", "--json"];
        let plaintext = text(vector, "plaintext");
        let encoded = finish(command([&header[..], &token].concat()), plaintext.as_bytes()).done();
        assert_eq!(encoded, json!({ "packet": vector["packet"] }), "{vector}");

        let decode = ["miio", "decode", text(vector, "packet"), "--json"];
        let decoded = run([&decode[..], &token].concat()).done();
        let payload = vector.get("decodes_to").cloned();
        let payload = payload
            .unwrap_or_else(|| serde_json::from_str(plaintext.trim_end_matches('\0')).unwrap());
        let expected = json!({
            "kind": "message",
            "did": did,
            "stamp": vector["stamp"],
            "checksum": "ok",
            "payload": payload,
            "payload_text": plaintext,
        });
        assert_eq!(decoded, expected, "{vector}");
        messages += 1;
    }
    assert!(messages >= 12, "{messages}");
}

#[test]
fn text_as_an_argument_is_taken_byte_for_byte() {
    let vector = vector("compact_no_nul");
    let arguments = ["miio", "encode", "--token", TOKEN, "--did", "51880628", "--stamp", "12346"];
    let plaintext = text(&vector, "plaintext");
    let built = run(arguments.into_iter().chain([plaintext]));
    assert_eq!((built.code, built.stdout.trim_end()), (0, text(&vector, "packet")));
}

#[test]
fn the_probe_and_its_answers() {
    let packet = |id| vector(id)["packet"].as_str().unwrap().to_owned();
    let hello = packet("hello_request");
    let built = run(["miio", "encode", "--hello", "--json"]).done();
    assert_eq!(built, json!({ "packet": hello }));
    // The environment's token is of no matter to it.
    let mut with_token = command(["miio", "encode", "--hello"]);
    with_token.env("IOT_HOME_TOKEN", TOKEN);
    assert_eq!(finish(with_token, b"").stdout.trim_end(), hello);

    let decode = |packet: &str| run(["miio", "decode", packet, "--json"]).done();
    let all_ones = json!({
        "kind": "hello", "did": "18446744073709551615", "stamp": 4_294_967_295_u32, "checksum": "none",
    });
    assert_eq!(decode(&hello), all_ones);
    assert_eq!(decode(&packet("mdid_probe"))["virtual_did"], vector("mdid_probe")["virtual_did"]);

    for (id, token) in [
        ("hello_reply_token_revealed", json!(TOKEN)),
        ("hello_reply_hidden_ff", Value::Null),
        ("hello_reply_hidden_00", Value::Null),
    ] {
        let decoded = decode(&packet(id));
        let expected = json!({
            "kind": "hello-reply", "did": "51880628", "stamp": 12_345, "checksum": "none",
            "token": token, "token_visible": !token.is_null(),
        });
        assert_eq!(decoded, expected, "{id}");
    }
    let subscribed = decode(&packet("msub_reply"));
    assert_eq!(subscribed["subscription"]["timestamp"], 1_700_000_000);
    assert_eq!((&subscribed["kind"], &subscribed["token"]), (&json!("hello-reply"), &Value::Null));
}

#[test]
fn a_keep_alive_is_told_by_its_checksum() {
    let header = ["miio", "encode", "--did", "8589934593", "--stamp", "7", "--token", TOKEN];
    let packet = run(header).stdout.trim_end().to_owned();
    assert_eq!(packet.len(), 64);
    let decode = ["miio", "decode", &packet, "--json"];
    let known = run([&decode[..], &["--token", TOKEN]].concat()).done();
    let expected =
        json!({ "kind": "keep-alive", "did": "8589934593", "stamp": 7, "checksum": "ok" });
    assert_eq!(known, expected);
    assert_eq!(run(decode).done()["kind"], "hello-reply");
}

#[test]
fn a_checksum_is_unchecked_ok_or_bad() {
    let packet = text(&vector("pymiio_info"), "packet").to_owned();
    let decode = ["miio", "decode", &packet, "--json"];
    let unchecked = run(decode).done();
    assert_eq!(keys(&unchecked), ["checksum", "did", "kind", "stamp"]);
    assert_eq!(unchecked["checksum"], "unchecked");

    let wrong = "ff112233445566778899aabbccddeeff";
    let bad = run([&decode[..], &["--token", wrong]].concat());
    assert_eq!((bad.code, &bad.json()["checksum"]), (1, &json!("bad")));
    assert_eq!(keys(&bad.json()), ["checksum", "did", "kind", "stamp"]);

    // One bit of the ciphertext.
    let damaged =
        format!("{}{}", &packet[..packet.len() - 1], if packet.ends_with('e') { "f" } else { "e" });
    let bad = run(["miio", "decode", &damaged, "--json", "--token", TOKEN]);
    assert_eq!((bad.code, &bad.json()["checksum"]), (1, &json!("bad")));
}

#[test]
fn a_payload_that_is_no_json_is_still_shown() {
    for payload in ["hello", "", "{\"a\":"] {
        let header = ["miio", "encode", "--did", "5", "--stamp", "7", "--token", TOKEN, payload];
        let packet = run(header).stdout.trim_end().to_owned();
        let decoded = run(["miio", "decode", &packet, "--json", "--token", TOKEN]).done();
        assert_eq!((&decoded["payload_text"], decoded.get("payload")), (&json!(payload), None));
    }
}

#[test]
fn hex_comes_in_many_coats_and_from_stdin() {
    let hello = text(&vector("hello_request"), "packet").to_owned();
    let pairs: Vec<_> = hello.as_bytes().chunks(2).map(String::from_utf8_lossy).collect();
    for coat in
        [hello.to_uppercase(), format!("0x{hello}"), pairs.join(":"), pairs.join(" ") + "\n"]
    {
        let decoded = finish(command(["miio", "decode", "-", "--json"]), coat.as_bytes()).done();
        assert_eq!(decoded["kind"], "hello", "{coat}");
        assert_eq!(run(["miio", "decode", &coat, "--json"]).done()["kind"], "hello", "{coat}");
    }
}

#[test]
fn every_form_of_a_token_becomes_the_usual_one() {
    let ios = vector("ios_token_96");
    let spaced = "0x00112233 44556677 8899AABB CCDDEEFF";
    for (form, token) in [
        (TOKEN, TOKEN),
        (spaced, TOKEN),
        (text(&ios, "encrypted"), text(&ios, "token")),
        ("0987654321qwerty", "30393837363534333231717765727479"),
    ] {
        assert_eq!(
            run(["miio", "token", "decode", form, "--json"]).done(),
            json!({ "token": token })
        );
        let typed =
            finish(command(["miio", "token", "decode", "-"]), format!("{form}\n").as_bytes());
        assert_eq!((typed.code, typed.stdout.trim_end()), (0, token));
    }
}
