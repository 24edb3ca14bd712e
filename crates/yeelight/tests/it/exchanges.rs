//! Commands as other programs send them: ours are the same, and the answers are read.

use std::collections::BTreeSet;
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_yeelight::line::Lines;
use iot_home_yeelight::message::Message;
use iot_home_yeelight::method::Limits;
use iot_home_yeelight::quota::Window;
use iot_home_yeelight::session::{Config, Event};
use iot_home_yeelight::udp::UdpSession;
use iot_home_yeelight::{Effect, Failure, Flow, Light, Method, Profile, Reply, Rgb, Session};
use serde::Deserialize;
use serde_json::Value;

use crate::means::{Command, Means, Udp, cases};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    source: String,
    sent: String,
    method: String,
    params: Value,
    means: Means,
    ours: Option<Value>,
    difference: Option<String>,
    answer: String,
    reads: Value,
}

/// Every method of the protocol that is known with its parameters.
const METHODS: &[&str] = &[
    "get_prop",
    "set_power",
    "toggle",
    "dev_toggle",
    "set_bright",
    "set_ct_abx",
    "set_rgb",
    "set_hsv",
    "start_cf",
    "stop_cf",
    "set_scene",
    "set_default",
    "set_adjust",
    "adjust_bright",
    "adjust_ct",
    "adjust_color",
    "set_name",
    "cron_add",
    "cron_get",
    "cron_del",
    "set_music",
    "set_segment_rgb",
    "activate_fx_mode",
    "update_leds",
    "udp_new",
    "udp_keep_alive",
    "udp_sess_new",
    "udp_sess_keep_alive",
    "udp_chroma_sess_new",
    "bg_set_power",
    "bg_toggle",
    "bg_set_bright",
    "bg_set_ct_abx",
    "bg_set_rgb",
    "bg_set_hsv",
    "bg_start_cf",
    "bg_stop_cf",
    "bg_set_scene",
    "bg_set_default",
    "bg_set_adjust",
    "bg_adjust_bright",
    "bg_adjust_ct",
    "bg_adjust_color",
];

fn commands() -> Vec<(Case, Command)> {
    let cases = cases::<Case>("exchanges.json").into_iter();
    let commands = cases.filter_map(|case| match case.means.clone() {
        Means::Command(command) => Some((case, command)),
        Means::Udp(_) => None,
    });
    commands.collect()
}

/// A command as it was sent, without the blank that one program sends behind it.
fn json(sent: &str) -> Value {
    serde_json::from_str(sent.trim_end_matches(' ').strip_suffix("\r\n").unwrap()).unwrap()
}

#[test]
fn there_is_an_exchange_for_every_method_and_every_scene() {
    let cases = cases::<Case>("exchanges.json");
    let methods: BTreeSet<_> = cases.iter().map(|case| &*case.method).collect();
    for method in METHODS {
        assert!(methods.contains(method), "{method}");
    }
    let scenes = cases.iter().filter(|case| case.method.ends_with("set_scene"));
    let scenes: BTreeSet<_> =
        scenes.map(|case| (&*case.method, case.params[0].as_str().unwrap())).collect();
    assert_eq!(scenes.len(), 10, "{scenes:?}");
    for source in ["python-yeelight 0.7.16", "yeelight-awesome 1.1.0"] {
        assert!(cases.iter().filter(|case| case.source == source).count() >= 20, "{source}");
    }
}

#[test]
fn commands_are_what_other_programs_send() {
    for (case, command) in commands() {
        let method = Method::from(&command);
        let sent = json(&case.sent);
        assert_eq!((&sent["method"], &sent["params"]), (&(&*case.method).into(), &case.params));

        let mut line = Vec::new();
        method.write(7, &mut line);
        let line = String::from_utf8(line).unwrap();
        let written = json(&line);
        assert_eq!(written["id"], 7, "{}", case.id);
        assert_eq!(written["method"], sent["method"], "{}", case.id);
        assert_eq!(written.as_object().unwrap().len(), 3, "{line}");
        assert_eq!(case.ours.is_some(), case.difference.is_some(), "{}", case.id);
        match &case.ours {
            Some(ours) => {
                assert_eq!(written["params"], *ours, "{}", case.id);
                assert_ne!(written["params"], sent["params"], "{} does not differ", case.id);
            }
            None => assert_eq!(written["params"], sent["params"], "{}", case.id),
        }
        // Nobody sends what this project would refuse to.
        assert_eq!(method.clone().checked(&Profile::unknown(), Limits::Refuse), Ok(method));
    }
}

#[test]
fn flows_of_other_programs_are_read_as_what_they_mean() {
    let mut read = 0;
    for (case, command) in commands() {
        let (Method::StartFlow { flow, .. }
        | Method::SetScene { scene: iot_home_yeelight::Scene::Flow(flow), .. }) =
            Method::from(&command)
        else {
            continue;
        };
        let [.., count, action, steps] = &case.params.as_array().unwrap()[..] else {
            panic!("{}", case.id)
        };
        let text = format!("{count},{action},{}", steps.as_str().unwrap());
        assert_eq!(text.parse::<Flow>().as_ref(), Ok(&flow), "{}", case.id);
        read += 1;
    }
    assert_eq!(read, 10);
}

/// What is to be read of an answer.
fn check_reading(id: &str, reads: &Value, result: Result<Reply, Failure>) {
    match (reads, result) {
        (Value::Array(items), Ok(reply)) => {
            assert_eq!((reply.id(), &reply.values()), (1, items), "{id}");
            assert_eq!(reply.is_ok(), *reads == serde_json::json!(["ok"]), "{id}");
        }
        (reads, Err(Failure::Device(error))) => {
            assert_eq!(error.code(), reads["code"].as_i64(), "{id}");
            assert!(error.to_string().contains("does not support"), "{error} {reads}");
        }
        other => panic!("{id}: {other:?}"),
    }
}

#[test]
fn answers_are_read_as_they_mean() {
    for (case, command) in commands() {
        if case.answer.contains("token") {
            // Of a UDP session, asked for in vain over a control connection.
            continue;
        }
        let mut messages = Vec::new();
        Lines::default().feed(case.answer.as_bytes(), |line| {
            assert!(!Message::read_line(line, |message| messages.push(message)), "{}", case.id);
        });
        assert_eq!(messages.len(), 1, "{}", case.id);
        check_reading(
            &case.id,
            &case.reads,
            match messages.remove(0) {
                Message::Result(reply) => Ok(reply),
                Message::Error { id: 1, error } => Err(Failure::Device(error)),
                other => panic!("{}: {other:?}", case.id),
            },
        );

        let now = Instant::ORIGIN;
        let config = Config::default().read_state(false).settle(Duration::ZERO);
        let mut session = Session::new(config, Profile::unknown());
        session.connected(now);
        session.request(now, Method::from(&command), ()).unwrap();
        let mut out = Vec::new();
        assert!(session.poll_transmit(now, &mut Window::of_bulb(), &mut out));
        assert_eq!(json(str::from_utf8(&out).unwrap())["id"], 1);
        session.handle_bytes(now, case.answer.as_bytes());
        let mut results = Vec::new();
        while let Some(event) = session.poll_event() {
            match event {
                Event::Done { tag: (), result } => results.push(result),
                Event::Changed(_) => assert_eq!(case.method, "get_prop"),
                other => panic!("{}: {other:?}", case.id),
            }
        }
        assert_eq!((results.len(), session.under_way(), session.ignored()), (1, 0, 0));
        check_reading(&case.id, &case.reads, results.remove(0));
        if case.method == "get_prop" {
            let names = case.params.as_array().unwrap().iter();
            for (name, value) in names.zip(case.reads.as_array().unwrap()) {
                let known = session.state().value(&name.as_str().unwrap().into()).unwrap();
                assert_eq!(known.to_string(), value.as_str().unwrap(), "{}: {name}", case.id);
            }
        }
    }
}

#[test]
fn udp_sessions_say_what_the_vendors_client_says() {
    let mut checked = 0;
    for case in cases::<Case>("exchanges.json") {
        let Means::Udp(means) = case.means else { continue };
        let (Udp::New(of) | Udp::KeepAlive(of) | Udp::Command(of)) = means;
        let mut now = Instant::ORIGIN;
        let mut session = UdpSession::new(now, of.into());
        let mut out = Vec::new();
        assert!(session.poll_transmit(now, &mut out));
        if !matches!(means, Udp::New(_)) {
            let word = if matches!(of, crate::means::Of::First) { "udp" } else { "udp_sess" };
            let token = &json(&case.sent)["token"];
            let given = format!(r#"{{"method":"{word}_token","params":{{"token":{token}}}}}"#);
            session.handle_datagram(now, given.as_bytes());
            out.clear();
            if matches!(means, Udp::Command(_)) {
                let (light, effect) = (Light::Main, Effect::Sudden);
                let red = Method::SetRgb { light, rgb: Rgb(0xff_0000), effect };
                assert!(session.write(&red, &mut out), "{}", case.id);
            } else {
                now = session.poll_timeout();
                assert!(session.poll_transmit(now, &mut out), "{}", case.id);
            }
        }
        let (mut written, mut sent) = (json(str::from_utf8(&out).unwrap()), json(&case.sent));
        assert!(written["id"].take().is_u64() && sent["id"].take().is_u64());
        assert_eq!(written, sent, "{}", case.id);
        if matches!(means, Udp::Command(_)) {
            assert!(case.answer.is_empty() && case.reads.is_null());
        } else {
            session.handle_datagram(now, case.answer.as_bytes());
            assert!(session.is_open(), "{}", case.id);
        }
        checked += 1;
    }
    assert_eq!(checked, 6);
}
