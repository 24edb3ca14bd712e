//! How commands to bulbs fail: kinds, exit codes, hints, and in time.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use iot_home::sim::SimBulb;
use iot_home::sim::yeelight::{Close, Faults, Silence};
use serde_json::{Value, json};

use crate::bulbs::{desk, yeelight};
use crate::program::{run, scratch};

const SOON: [&str; 2] = ["--timeout", "300ms"];

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connection_names_lan_control() {
    let bulb = desk().lan_control(false).spawn().await.unwrap();
    for (command, rest) in [
        ("get", &[][..]),
        ("toggle", &[]),
        ("set", &["--bright", "5"]),
        ("call", &["toggle"]),
        ("watch", &[]),
    ] {
        let error = yeelight(&bulb, command, rest).error("refused", 1);
        assert!(error["hint"].as_str().unwrap().contains("LAN Control"), "{error}");
        assert!(error["message"].as_str().unwrap().contains(&bulb.addr().to_string()), "{error}");
    }
    let told = run(["yeelight", "get", &bulb.addr().to_string()]);
    assert_eq!((told.code, told.stdout.as_str()), (1, ""));
    assert!(told.stderr.starts_with("error: ") && told.stderr.contains("\nhint: "), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_bulb() {
    let faults = Faults::seed(1).silence(Silence::Commands);
    let bulb = desk().faults(faults).spawn().await.unwrap();
    for (command, rest, kind) in [
        ("get", &[][..], "no-answer"),
        ("on", &[], "no-answer"),
        ("set", &["--bright", "5"], "no-answer"),
        ("timer", &[], "no-answer"),
        ("watch", &[], "no-answer"),
        ("toggle", &[], "maybe-executed"),
        ("toggle", &["--effect", "smooth"], "maybe-executed"),
        ("call", &["udp_new"], "maybe-executed"),
        ("call", &["get_prop", "[\"power\"]"], "no-answer"),
    ] {
        let failed = yeelight(&bulb, command, &[rest, &SOON].concat());
        failed.error(kind, 1);
        assert!(failed.took >= Duration::from_millis(300), "{command}: {failed:?}");
        assert!(failed.took < Duration::from_millis(1300), "{command}: {failed:?}");
    }
}

/// Linux drops what asks for a connection where too many wait already, as a bulb without power does.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn no_connection_in_time() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let addr = listener.local_addr().unwrap();
    let connect = || std::net::TcpStream::connect_timeout(&addr, Duration::from_millis(100));
    let waiting: Vec<_> = std::iter::repeat_with(connect).take(8).map_while(Result::ok).collect();
    assert!(waiting.len() < 8, "the queue never fills");
    for command in ["get", "toggle", "watch"] {
        let words = ["yeelight", command, &addr.to_string(), "--json"];
        let failed = run([&words[..], &SOON].concat());
        let error = failed.error("timeout", 1);
        assert!(error["hint"].as_str().unwrap().contains("55443"), "{error}");
        assert!(failed.took >= Duration::from_millis(290), "{failed:?}");
        assert!(failed.took < Duration::from_millis(1300), "{failed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_ends_too_early() {
    for (command, kind) in [("on", "no-answer"), ("toggle", "maybe-executed")] {
        let faults = Faults::seed(1).close(Close::Unanswered(1));
        let bulb = desk().faults(faults).spawn().await.unwrap();
        let failed = yeelight(&bulb, command, &[]);
        let error = failed.error(kind, 1);
        assert!(error["message"].as_str().unwrap().contains("connection ended"), "{error}");
        assert!(failed.took < Duration::from_secs(3), "at once: {failed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bulb_refuses_keeps_its_code() {
    let bulb = desk().property("power", "off").spawn().await.unwrap();
    let error = yeelight(&bulb, "set", &["--rgb", "ff8800"]).error("device-error", 1);
    assert_eq!(error["code"], -5000);
    assert!(error["hint"].as_str().unwrap().contains("light is on"), "{error}");
    let error = yeelight(&bulb, "call", &["set_bright", "[1]"]).error("device-error", 1);
    assert_eq!(error["code"], -5001);
    let error = yeelight(&bulb, "call", &["fly"]).error("not-supported", 1);
    assert_eq!(error["code"], -1);
    assert!(error["message"].as_str().unwrap().contains("fly"), "{error}");
    let faults = Faults::seed(1).error(-7, "on holiday");
    let bulb = desk().faults(faults).spawn().await.unwrap();
    let error = yeelight(&bulb, "on", &[]).error("device-error", 1);
    assert_eq!(error["code"], -7);
    assert!(error["message"].as_str().unwrap().contains("on holiday"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_command_that_fails_is_the_last() {
    // The state is the first command, the colour the second.
    let bulb = desk().faults(Faults::seed(1).close(Close::Before(3))).spawn().await.unwrap();
    let error = yeelight(&bulb, "set", &["--rgb", "ff8800", "--bright", "5"]).error("no-answer", 1);
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("set_bright") && message.contains("set_rgb was done before"),
        "{error}"
    );
    assert_eq!(bulb.property("rgb"), Some(json!(0xff_8800)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_up_quota_tells_the_wait() {
    let bulb = desk().faults(Faults::seed(1).quota_error(1)).spawn().await.unwrap();
    let failed = yeelight(&bulb, "on", &[]);
    let error = failed.error("quota", 1);
    assert_eq!(error["code"], -1);
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("try again in 61 s") && hint.contains("--timeout 66s"), "{error}");
    assert!(failed.took < Duration::from_secs(3), "it does not wait in vain: {failed:?}");
    // The question for the state was refused, so that the command itself is not sent at all.
    let bulb = desk().faults(Faults::seed(1).quota_error(1)).spawn().await.unwrap();
    yeelight(&bulb, "set", &["--bright", "5"]).error("quota", 1);
    assert_eq!(bulb.report().executed("set_bright"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_kind_of_light_does_not_take_is_not_sent() {
    let bulb = SimBulb::tunable().spawn().await.unwrap();
    let error = yeelight(&bulb, "set", &["--bright", "5", "--ct", "2000"]).error("bad-input", 2);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("2000") && message.contains("2700 to 6500"), "{error}");
    let error = yeelight(&bulb, "scene", &["ct", "2000", "5"]).error("bad-input", 2);
    assert!(error["message"].as_str().unwrap().contains("2700 to 6500"), "{error}");
    let error = yeelight(&bulb, "flow", &["--step", "1s:ct=2000@5"]).error("bad-input", 2);
    assert!(error["message"].as_str().unwrap().contains("2700 to 6500"), "{error}");
    let error = yeelight(&bulb, "set", &["--bright", "5", "--rgb", "ff8800"]);
    let error = error.error("not-supported", 2);
    assert!(error["message"].as_str().unwrap().contains("set_rgb"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("yeelight list"), "{error}");
    for (command, rest) in [
        ("set", &["--bright", "5"][..]),
        ("flow", &["--preset", "candle"]),
        ("scene", &["ct", "4000", "5"]),
    ] {
        let rest = [rest, &["--background"]].concat();
        yeelight(&bulb, command, &rest).error("not-supported", 2);
    }
    let report = bulb.report();
    assert_eq!((report.executed("set_bright"), report.violations.total()), (0, 0), "{report:?}");
}

/// A bulb that answers each command with these bytes, whatever it is.
fn answering(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let reader = BufReader::new(stream.try_clone().unwrap());
            for _ in reader.lines().map_while(Result::ok) {
                if stream.write_all(bytes).is_err() {
                    break;
                }
            }
        }
    });
    addr
}

#[test]
fn an_answer_of_another_form_is_malformed() {
    let addr = answering(b"{\"id\":1,\"result\":[\"on\"]}\r\n").to_string();
    run(["yeelight", "get", &addr, "power", "bright", "--json"]).error("malformed", 1);
    let read = run(["yeelight", "get", &addr, "power", "--json"]).done();
    assert_eq!(read, json!({ "power": "on" }));
}

#[test]
fn a_result_with_a_code_below_0_is_printed_and_exits_1() {
    let addr = answering(b"{\"id\":1,\"result\":[{\"code\":-7,\"a\":1}]}\r\n").to_string();
    for words in [&["call", &addr, "x"][..], &["on", &addr]] {
        let refused = run([&["yeelight"], words, &["--json"]].concat());
        assert_eq!(refused.code, 1, "{refused:?}");
        assert_eq!(refused.json()["result"], json!([{ "code": -7, "a": 1 }]));
    }
}

#[test]
fn the_token_of_a_udp_session_is_printed_when_that_is_asked_for() {
    let token = "0123456789abcdef0123456789ABCDEF";
    let addr =
        answering(b"{\"id\":1,\"result\":[\"0123456789abcdef0123456789ABCDEF\"]}\r\n").to_string();
    let file = scratch("udp-token.jsonl");
    let call = ["yeelight", "call", &addr, "udp_sess_new", "--record", file.to_str().unwrap()];
    let hidden = run([&call[..], &["--json"]].concat());
    assert_eq!(hidden.done()["result"], json!([null]));
    assert!(!run([&call[..], &["-vv"]].concat()).stdout.contains("0123456789"));
    let transcript = std::fs::read_to_string(&file).unwrap();
    assert!(transcript.lines().count() == 2 && !transcript.contains("0123456789"), "{transcript}");
    let shown = run([&call[..], &["--json", "--show-secrets"]].concat());
    assert_eq!(shown.done()["result"], json!([token]));
}

#[test]
fn a_host_that_does_not_exist() {
    run(["yeelight", "get", "no-such-host.invalid", "--json"]).error("io", 1);
    let search = ["yeelight", "list", "--target", "no-such-host.invalid", "--json"];
    run(search).error("io", 1);
}

#[test]
fn nothing_is_sent_for_what_no_bulb_takes() {
    // Whoever connects would hang: nobody does.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    for (rest, what) in [
        (&["set", &addr, "--bright", "0"][..], "1 to 100"),
        (&["set", &addr, "--ct", "1699"], "1700 to 6500"),
        (&["set", &addr, "--rgb", "000000"], "black"),
        (&["set", &addr, "--hsv", "360,5"], "0 to 359"),
        (&["set", &addr, "--bright", "5", "--duration", "29ms"], "30ms"),
        (&["flow", &addr, "--step", "49ms:pause"], "50ms"),
        (&["flow", &addr, "--preset", "nope"], "nope"),
        (&["scene", &addr, "auto-off", "50", "0"], "65535"),
        (&["timer", &addr, "0"], "65535"),
        (&["call", &addr, "no blanks"], "method's name"),
        (&["call", &addr, "get_prop", "{}"], "JSON array"),
        (&["call", &addr, "get_prop", "[\"power\""], "column"),
    ] {
        let error = run([&["yeelight"], rest, &["--json"]].concat()).error("bad-input", 2);
        let told: &Value = &error["message"];
        assert!(told.as_str().unwrap().contains(what), "{rest:?}: {error}");
    }
    assert!(listener.accept().is_err(), "somebody connected");
    let error = run(["yeelight", "flow", &addr, "--preset", "nope", "--json"]).json();
    assert!(error["error"]["hint"].as_str().unwrap().contains("sunrise"), "{error}");
}
