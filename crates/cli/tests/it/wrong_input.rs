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
        &["yeelight"],
        &["yeelight", "get"],
        &["yeelight", "on"],
        &["yeelight", "on", "127.0.0.1", "127.0.0.2"],
        &["yeelight", "on", "127.0.0.1", "--mode", "disco"],
        &["yeelight", "off", "127.0.0.1", "--mode", "night"],
        &["yeelight", "on", "127.0.0.1", "--effect", "slow"],
        &["yeelight", "on", "127.0.0.1", "--effect", "sudden", "--duration", "1s"],
        &["yeelight", "toggle", "127.0.0.1", "--effect", "sudden", "--duration", "1s"],
        &["yeelight", "set", "127.0.0.1"],
        &["yeelight", "set", "127.0.0.1", "--duration", "1s"],
        &["yeelight", "set", "127.0.0.1", "--ct", "2700", "--rgb", "ff8800"],
        &["yeelight", "set", "127.0.0.1", "--ct", "2700", "--hsv", "300,70"],
        &["yeelight", "set", "127.0.0.1", "--rgb", "ff8800", "--hsv", "300,70"],
        &[
            "yeelight",
            "set",
            "127.0.0.1",
            "--bright",
            "5",
            "--effect",
            "sudden",
            "--duration",
            "1s",
        ],
        &["yeelight", "set", "127.0.0.1", "--bright", "5", "--bright", "6"],
        &["yeelight", "flow", "127.0.0.1"],
        &["yeelight", "flow", "127.0.0.1", "--rounds", "3"],
        &["yeelight", "flow", "127.0.0.1", "--preset", "disco", "--step", "1s:pause"],
        &["yeelight", "flow", "127.0.0.1", "--preset", "disco", "--stop"],
        &["yeelight", "flow", "127.0.0.1", "--stop", "--rounds", "3"],
        &["yeelight", "flow", "127.0.0.1", "--stop", "--then", "off"],
        &["yeelight", "flow", "127.0.0.1", "--preset", "disco", "--then", "dance"],
        &["yeelight", "scene", "127.0.0.1"],
        &["yeelight", "scene", "127.0.0.1", "disco"],
        &["yeelight", "scene", "127.0.0.1", "color", "ff8800"],
        &["yeelight", "scene", "127.0.0.1", "flow"],
        &["yeelight", "scene", "127.0.0.1", "flow", "--stop"],
        &["yeelight", "timer", "127.0.0.1", "5", "--clear"],
        &["yeelight", "name", "127.0.0.1"],
        &["yeelight", "call", "127.0.0.1"],
        &["yeelight", "watch"],
        &["sim"],
        &["sim", "yeelight", "--listen", "127.0.0.1:0", "--config", "x"],
        &["sim", "miio", "--listen", "127.0.0.1:0", "--config", "x"],
        &["discover", "--target", "127.0.0.1:9"],
        &["discover", "--target", "127.0.0.1:9", "--protocol", "miio", "--protocol", "yeelight"],
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
        &["yeelight", "get", "300.1.1.1"],
        &["yeelight", "get", "127.0.0.1", ""],
        &["yeelight", "get", "127.0.0.1", "two words"],
        &["yeelight", "set", "127.0.0.1", "--bright", "101"],
        &["yeelight", "set", "127.0.0.1", "--bright=-1"],
        &["yeelight", "set", "127.0.0.1", "--bright", "much"],
        &["yeelight", "set", "127.0.0.1", "--ct", "6501"],
        &["yeelight", "set", "127.0.0.1", "--rgb", "red"],
        &["yeelight", "set", "127.0.0.1", "--rgb", "ff88000"],
        &["yeelight", "set", "127.0.0.1", "--hsv", "300"],
        &["yeelight", "set", "127.0.0.1", "--hsv", "300,101"],
        &["yeelight", "on", "127.0.0.1", "--duration", "10ms"],
        &["yeelight", "on", "127.0.0.1", "--duration", "1"],
        &["yeelight", "flow", "127.0.0.1", "--preset", "nope"],
        &["yeelight", "flow", "127.0.0.1", "--step", "1s"],
        &["yeelight", "flow", "127.0.0.1", "--step", "1s:pause@5"],
        &["yeelight", "flow", "127.0.0.1", "--step", "1s:rgb=ff8800@0"],
        &["yeelight", "flow", "127.0.0.1", "--step", "1s:pause", "--rounds=-1"],
        &["yeelight", "scene", "127.0.0.1", "color", "red", "5"],
        &["yeelight", "scene", "127.0.0.1", "hsv", "360", "5", "5"],
        &["yeelight", "scene", "127.0.0.1", "auto-off", "5", "0"],
        &["yeelight", "timer", "127.0.0.1", "0"],
        &["yeelight", "call", "127.0.0.1", "get_prop", "power"],
        &["yeelight", "call", "127.0.0.1", "get_prop", "\"power\""],
        &["yeelight", "call", "127.0.0.1", ""],
        &["yeelight", "list", "--wait", "3"],
        &["yeelight", "list", "--count", "0"],
        &["yeelight", "list", "--target", "a b"],
        &["yeelight", "list", "--interface", "no-such-interface"],
        &["sim", "yeelight", "--listen", "lamp.lan:1"],
        &["sim", "yeelight", "--config", "/no/such/file"],
        &["sim", "yeelight", "--config", config],
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
    let error = run(["discover", "--protocol", "mdns", "--json"]).error("not-supported", 2);
    assert!(error["hint"].is_string());
}
