//! Wrong usage and bad input: refused before anything is sent, with exit code 2.

use crate::program::{TOKEN, fixture, run, scratch};

#[test]
fn wrong_usage() {
    for words in [
        &[][..],
        &["nope"],
        &["miio"],
        &["miio", "hello"],
        &["miio", "hello", "127.0.0.1", "127.0.0.2"],
        &["miio", "hello", "127.0.0.1", "--nope"],
        &["miio", "get", "127.0.0.1", "--token", TOKEN],
        &["miio", "set", "127.0.0.1", "--token", TOKEN],
        &["miio", "info", "127.0.0.1", "--token"],
        &["miio", "info", "127.0.0.1", "--token", TOKEN, "--token-file", "-"],
        &["miio", "info", "127.0.0.1"],
        &["miio", "encode"],
        &["miio", "encode", "--token", TOKEN, "x"],
        &["miio", "encode", "--token", TOKEN, "--did", "1", "x"],
        &["miio", "encode", "--did", "1", "--stamp", "1", "x"],
        &["miio", "encode", "--hello", "x"],
        &["miio", "encode", "--hello", "--did", "1"],
        &["miio", "encode", "--did", "1", "--stamp", "1", "--token-file", "-", "-"],
        &["miio", "decode"],
        &["miio", "decode", "2131", "--pcap", "x"],
        &["miio", "decode", "-", "--token-file", "-"],
        &["miio", "decode", "--pcap", "-", "--token-file", "-"],
        &["miio", "decode", "2131", "--token", TOKEN, "--token", TOKEN],
        &["miio", "decode", "2131", "--token", "127.0.0.1=00112233445566778899aabbccddeeff"],
        &["miio", "token"],
        &["miio", "token", "decode"],
        &["sim"],
        &["sim", "miio", "--listen", "127.0.0.1:0", "--config", "x"],
        &["discover", "--target", "127.0.0.1:9"],
        &["discover", "--protocol", "zigbee"],
        &["completions"],
        &["completions", "tcsh"],
        &["miio", "hello", "127.0.0.1", "--timeout", "--json"],
    ] {
        let refused = run([words, &["--json"]].concat());
        refused.error("usage", 2);
        // In front it means the same.
        run([&["--json"], words].concat()).error("usage", 2);
        if words.contains(&"--json") {
            continue;
        }
        let told = run(words);
        assert_eq!((told.code, told.stdout.as_str()), (2, ""), "{words:?}");
        assert!(!told.stderr.is_empty(), "{words:?}");
    }
}

#[test]
fn bad_input() {
    let config = scratch("config.json");
    let config_with = |text: &str| std::fs::write(&config, text).unwrap();
    config_with(r#"{"devices":[{"kind":"miio","faults":{"quirk":"no-such-quirk"}}]}"#);
    let config = config.to_str().unwrap();
    let readme = fixture("captures/README.md");
    let long = "00".repeat(33);
    for words in [
        &["miio", "hello", "300.1.1.1"][..],
        &["miio", "hello", ""],
        &["miio", "hello", "127.0.0.1:0"],
        &["miio", "hello", "127.0.0.1:99999"],
        &["miio", "hello", "[::1"],
        &["miio", "hello", "http://lamp"],
        &["miio", "hello", "127.0.0.1", "--timeout", "5"],
        &["miio", "hello", "127.0.0.1", "--timeout=-5s"],
        &["miio", "hello", "127.0.0.1", "--timeout", "soon"],
        &["miio", "hello", "127.0.0.1", "--record", "/no/such/folder/file"],
        &["miio", "get", "127.0.0.1", "--token", TOKEN, "2"],
        &["miio", "get", "127.0.0.1", "--token", TOKEN, "2.1", "x.y"],
        &["miio", "get", "127.0.0.1", "--token", TOKEN, "2.4294967296"],
        &["miio", "get", "127.0.0.1", "--token", "short", "2.1"],
        &["miio", "get", "127.0.0.1", "--token", "zz112233445566778899aabbccddeeff", "2.1"],
        &["miio", "get", "127.0.0.1", "--token-file", "/no/such/file", "2.1"],
        &["miio", "get", "127.0.0.1", "--token-file", "/", "2.1"],
        &["miio", "set", "127.0.0.1", "--token", TOKEN, "2.1"],
        &["miio", "set", "127.0.0.1", "--token", TOKEN, "2.1=true", "2.2="],
        &["miio", "set", "127.0.0.1", "--token", TOKEN, "2.1={\"a\":}"],
        &["miio", "set", "127.0.0.1", "--token", TOKEN, "power=on"],
        &["miio", "action", "127.0.0.1", "--token", TOKEN, "2"],
        &["miio", "action", "127.0.0.1", "--token", TOKEN, "2.1", "1=5", "6"],
        &["miio", "call", "127.0.0.1", "--token", TOKEN, "get_prop", "[\"power\""],
        &["miio", "call", "127.0.0.1", "--token", TOKEN, "get_prop", "power"],
        &["miio", "call", "127.0.0.1", "--token", TOKEN, "", "[]"],
        &["miio", "encode", "--token", TOKEN, "--did", "x", "--stamp", "1"],
        &["miio", "encode", "--token", TOKEN, "--did", "18446744073709551616", "--stamp", "1"],
        &["miio", "encode", "--token", TOKEN, "--did", "1", "--stamp", "4294967296"],
        &["miio", "encode", "--token", "x", "--did", "1", "--stamp", "1"],
        &["miio", "decode", "zz"],
        &["miio", "decode", ""],
        &["miio", "decode", "213"],
        &["miio", "decode", "2131"],
        &["miio", "decode", &long],
        &["miio", "decode", "21310010ffffffffffffffffffffffffffffffffffffffffffffffffffffffff"],
        &["miio", "decode", "21310040ffffffffffffffffffffffffffffffffffffffffffffffffffffffff"],
        &["miio", "decode", "21310021ffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"],
        &["miio", "decode", "2131", "--token", "x"],
        &["miio", "decode", "--pcap", "/no/such/file"],
        &["miio", "decode", "--pcap", readme.to_str().unwrap()],
        &["miio", "decode", "--pcap", "-"],
        &["miio", "token", "decode", ""],
        &["miio", "token", "decode", "0x"],
        &["discover", "--wait", "3"],
        &["discover", "--count", "0"],
        &["discover", "--count=-1"],
        &["discover", "--target", "a b"],
        &["discover", "--interface", "no-such-interface"],
        &["sim", "miio", "--listen", "lamp.lan:1"],
        &["sim", "miio", "--config", "/no/such/file"],
        &["sim", "miio", "--config", config],
        &["sim", "miio", "--config", readme.to_str().unwrap()],
    ] {
        let refused = run([words, &["--json"]].concat());
        let error = refused.error("bad-input", 2);
        assert!(!error.to_string().contains(TOKEN), "{error}");
    }
}

#[test]
fn what_this_version_cannot_do() {
    for protocol in ["yeelight", "mdns"] {
        let error = run(["discover", "--protocol", protocol, "--json"]).error("not-supported", 2);
        assert!(error["hint"].is_string());
    }
}
