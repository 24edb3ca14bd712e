//! Music mode and UDP sessions.

use std::net::SocketAddr;
use std::time::Duration;

use iot_home_sim::SimBulb;
use iot_home_sim::yeelight::{ConnectionId, Faults, Output, Quirk, Quota, UdpSession, Violations};
use serde_json::{Value, json};

use crate::yeelight_client::Client;

/// Asks for music and lets the connection stand; what clients were told.
fn music(client: &mut Client) -> (ConnectionId, Value) {
    let line = client.line("set_music", &json!([1, "192.168.1.7", 54321]));
    client.bulb.handle_bytes(client.now, client.connection, line.as_bytes());
    let outputs = client.outputs();
    let connection = match &outputs[..] {
        [Output::ConnectBack { connection, to }, Output::Write { bytes, .. }] => {
            assert_eq!(to.to_string(), "192.168.1.7:54321");
            assert!(bytes.ends_with(b"\"result\":[\"ok\"]}\r\n"));
            *connection
        }
        other => panic!("{other:?}"),
    };
    assert!(client.bulb.connected_back(client.now, connection));
    let told = client.read();
    (connection, told[0]["params"].clone())
}

#[test]
fn music_has_no_quota_no_answers_and_no_notifications() {
    let mut client = Client::of(SimBulb::color().quota(Quota::new(1, 1)));
    let (connection, told) = music(&mut client);
    assert_eq!(told, json!({"music_on": 1}));
    for bright in 1..=100 {
        let line = client.line("set_bright", &json!([bright, "sudden", 0]));
        client.bulb.handle_bytes(client.now, connection, line.as_bytes());
    }
    let unreadable = b"{}\r\n{\"id\":1,\"method\":\"fly\",\"params\":[]}\r\n";
    client.bulb.handle_bytes(client.now, connection, unreadable);
    // The other connection is told, this one is not.
    let outputs = client.outputs();
    assert!(outputs.iter().all(|output| matches!(output,
        Output::Write { to, .. } if *to == client.connection)));
    assert_eq!(client.bulb.property("bright"), Some(100.into()));
    let report = client.bulb.report();
    assert_eq!((report.music_connections, report.music_commands), (1, 101));
    assert_eq!((report.executed("set_bright"), report.answers), (100, 1));
    let expected = Violations::default();
    let mut violations = report.violations;
    assert_eq!((violations.bad_id, violations.unsupported_method), (1, 1));
    (violations.bad_id, violations.unsupported_method) = (0, 0);
    assert_eq!(violations, expected);
}

#[test]
fn music_ends_by_command_by_the_client_and_with_the_light() {
    let mut client = Client::of(SimBulb::color());
    let (connection, _) = music(&mut client);
    assert_eq!(client.ok("set_music", json!([0])), json!({"music_on": 0}));
    assert!(!client.bulb.connected_back(client.now, connection));
    assert_eq!(client.refused("set_music", json!([0])), -5000);

    let (connection, _) = music(&mut client);
    client.bulb.closed(client.now, connection);
    assert_eq!(client.read()[0]["params"], json!({"music_on": 0}));

    let (connection, _) = music(&mut client);
    let off = client.line("set_power", &json!(["off", "sudden", 0]));
    client.bulb.handle_bytes(client.now, connection, off.as_bytes());
    let outputs = client.outputs();
    let [Output::Close { connection: closed, cut: false }, Output::Write { bytes, .. }] =
        &outputs[..]
    else {
        panic!("{outputs:?}");
    };
    assert_eq!(*closed, connection);
    assert!(bytes.ends_with(b"\"params\":{\"power\":\"off\",\"music_on\":0}}\r\n"));
    // Music may begin while the light is off, and the timer ends it like a hand.
    let (_, told) = music(&mut client);
    assert_eq!(told, json!({"music_on": 1}));
    client.ok("toggle", json!([]));
    client.ok("cron_add", json!([0, 1]));
    client.wait(Duration::from_secs(60));
    let outputs = client.outputs();
    assert!(matches!(&outputs[..], [Output::Close { .. }, Output::Write { .. }]), "{outputs:?}");
    assert_eq!(client.bulb.property("music_on"), Some(0.into()));
}

#[test]
fn a_second_request_takes_the_place_of_the_first() {
    let mut client = Client::of(SimBulb::color());
    let (first, _) = music(&mut client);
    let line = client.line("set_music", &json!([1, "192.168.1.8", 1]));
    client.bulb.handle_bytes(client.now, client.connection, line.as_bytes());
    let outputs = client.outputs();
    let second = outputs.iter().find_map(|output| match output {
        Output::ConnectBack { connection, .. } => Some(*connection),
        _ => None,
    });
    let closed = Output::Close { connection: first, cut: false };
    assert!(outputs.contains(&closed), "{outputs:?}");
    assert!(client.bulb.connected_back(client.now, second.unwrap()));
    client.bulb.closed(client.now, first);
    assert_eq!(client.bulb.property("music_on"), Some(1.into()));
}

#[test]
fn music_that_cannot_connect_is_forgotten() {
    let mut client = Client::of(SimBulb::color());
    let line = client.line("set_music", &json!([1, "192.168.1.7", 54321]));
    client.bulb.handle_bytes(client.now, client.connection, line.as_bytes());
    let Some(Output::ConnectBack { connection, .. }) = client.bulb.poll_output(client.now) else {
        panic!("no connection");
    };
    client.bulb.closed(client.now, connection);
    client.outputs();
    assert_eq!(client.refused("set_music", json!([0])), -5000);
}

#[test]
fn music_refused_and_music_without_a_connection() {
    let refused = Faults::seed(1).quirk(Quirk::MusicRefused);
    let mut client = Client::of(SimBulb::color().faults(refused));
    assert_eq!(client.refused("set_music", json!([1, "192.168.1.7", 5])), -5000);
    assert_eq!(client.bulb.report().violations.total(), 0);

    client.bulb.set_faults(Faults::seed(1).quirk(Quirk::MusicNoConnection));
    let line = client.line("set_music", &json!([1, "192.168.1.7", 5]));
    client.bulb.handle_bytes(client.now, client.connection, line.as_bytes());
    assert!(matches!(&client.outputs()[..], [Output::Write { .. }]));
    client.ok("set_music", json!([0]));
}

fn udp(client: &mut Client, text: &str) -> Vec<Value> {
    let from: SocketAddr = "192.168.1.7:40001".parse().unwrap();
    client.bulb.handle_session_datagram(client.now, from, format!("{text}\r\n").as_bytes());
    let outputs = client.outputs().into_iter();
    let datagrams = outputs.filter_map(|output| match output {
        Output::SessionDatagram { to, datagram } if to == from => Some(datagram),
        _ => None,
    });
    datagrams.map(|datagram| serde_json::from_slice(&datagram).unwrap()).collect()
}

fn token(client: &mut Client) -> String {
    let answer = udp(client, r#"{"id":1,"method":"udp_sess_new","params":[]}"#);
    assert_eq!((&answer[0]["id"], &answer[0]["method"]), (&json!(1), &json!("udp_sess_token")));
    let token = answer[0]["params"]["token"].as_str().unwrap().to_owned();
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()));
    token
}

fn session() -> Client {
    Client::of(SimBulb::lamp15().quota(Quota::new(1, 1)))
}

fn bright(token: &str, bright: u8) -> String {
    json!({"id": 2, "method": "set_bright", "params": [bright, "sudden", 0], "token": token})
        .to_string()
}

#[test]
fn a_session_takes_commands_without_quota_and_without_answers() {
    let mut client = session();
    let token = token(&mut client);
    for step in 1..=100 {
        assert!(udp(&mut client, &bright(&token, step)).is_empty());
    }
    assert_eq!(client.bulb.property("bright"), Some(100.into()));
    // As the vendor's client sends it.
    let on = json!({"id": 3, "method": "bg_set_power", "params": ["on"], "token": token});
    assert!(udp(&mut client, &on.to_string()).is_empty());
    let bad = json!({"id": 3, "method": "set_bright", "params": [0, "sudden", 0], "token": token});
    assert!(udp(&mut client, &bad.to_string()).is_empty());
    let report = client.bulb.report();
    assert_eq!((report.sessions, report.session_commands, report.answers), (1, 102, 0));
    assert_eq!((report.violations.out_of_range, report.violations.total()), (1, 1));
}

#[test]
fn clients_are_told_what_a_session_changed() {
    let mut client = session();
    let token = token(&mut client);
    let from = Client::addr();
    let datagram = bright(&token, 7) + "\r\n";
    client.bulb.handle_session_datagram(client.now, from, datagram.as_bytes());
    assert_eq!(client.read()[0]["params"], json!({"bright": 7}));
}

#[test]
fn a_token_is_needed_and_holds_for_twelve_seconds() {
    let mut client = session();
    let without = r#"{"id":2,"method":"set_bright","params":[5,"sudden",0]}"#;
    let first = json!([{"id": 2, "error": {"code": -1, "message": "get token first"}}]);
    assert_eq!(json!(udp(&mut client, without)), first);
    assert_eq!(json!(udp(&mut client, &bright(&"0".repeat(32), 5))), first);
    let token = token(&mut client);
    for step in 1..=3 {
        client.wait(Duration::from_nanos(11_999_999_999));
        assert!(udp(&mut client, &bright(&token, step)).is_empty());
    }
    client.wait(Duration::from_secs(12));
    assert_eq!(json!(udp(&mut client, &bright(&token, 9))), first);
    assert_eq!(client.bulb.property("bright"), Some(3.into()));
    let report = client.bulb.report();
    assert_eq!((report.violations.bad_token, report.violations.total()), (3, 3));
}

#[test]
fn keep_alive_keeps_a_session() {
    let mut client = session();
    let token = token(&mut client);
    let mut keep_alive = json!({"id": 9, "method": "udp_sess_keep_alive",
        "params": ["keeplive_interval", "10"], "token": token});
    for _ in 0..5 {
        client.wait(Duration::from_secs(10));
        let answer = udp(&mut client, &keep_alive.to_string());
        assert_eq!(answer[0]["id"], 9);
        assert_eq!(answer[0]["params"]["token"], token.as_str());
    }
    assert!(udp(&mut client, &bright(&token, 8)).is_empty());
    assert_eq!(client.bulb.report().executed("udp_sess_keep_alive"), 5);
    keep_alive["params"] = json!(["keepalive_interval", "10"]);
    assert!(udp(&mut client, &keep_alive.to_string()).is_empty());
    keep_alive["params"] = json!(["keeplive_interval", 10]);
    assert!(udp(&mut client, &keep_alive.to_string()).is_empty());
    let violations = client.bulb.report().violations;
    assert_eq!((violations.out_of_range, violations.wrong_param_type), (1, 1));
}

#[test]
fn unreadable_datagrams_are_counted() {
    let mut client = session();
    let from = Client::addr();
    let new = |params: &str| format!("{{\"id\":1,\"method\":\"udp_sess_new\"{params}}}");
    for (datagram, counter) in [
        (new(",\"params\":[]"), (|violations| violations.line_end) as fn(Violations) -> u64),
        ("{}\r\n".into(), |violations| violations.bad_id),
        ("hello\r\n".into(), |violations| violations.bad_json),
        ("{\"id\":1}\r\n".into(), |violations| violations.bad_method),
        (new("") + "\r\n", |violations| violations.params_not_array),
        (new(",\"params\":[1]") + "\r\n", |violations| violations.wrong_param_count),
    ] {
        let before = client.bulb.report().violations;
        client.bulb.handle_session_datagram(client.now, from, datagram.as_bytes());
        let after = client.bulb.report().violations;
        assert_eq!(after.total(), before.total() + 1, "{datagram}");
        assert_eq!(counter(after), counter(before) + 1, "{datagram}");
    }
    assert!(client.outputs().is_empty());
}

#[test]
fn a_flood_of_sessions_ends_the_oldest() {
    let mut client = session();
    let tokens: Vec<_> = (0..9)
        .map(|_| {
            client.wait(Duration::from_millis(1));
            token(&mut client)
        })
        .collect();
    assert_eq!(udp(&mut client, &bright(&tokens[0], 5)).len(), 1);
    assert!(udp(&mut client, &bright(&tokens[1], 5)).is_empty());
}

#[test]
fn other_forms_of_the_session() {
    let mut client = Client::of(SimBulb::color().udp_session(UdpSession::First));
    let answer = udp(&mut client, r#"{"id":5,"method":"udp_new","params":[]}"#);
    assert_eq!(answer[0]["method"], "udp_token");
    let token = answer[0]["params"]["token"].clone();
    let keep_alive = json!({"id": 6, "method": "udp_keep_alive",
        "params": ["keeplive_interval", "10"], "token": token});
    assert_eq!(udp(&mut client, &keep_alive.to_string())[0]["method"], "udp_token");
    assert_eq!(udp(&mut client, r#"{"id":7,"method":"udp_sess_new","params":[]}"#)[0]["id"], 7);
    assert_eq!(client.bulb.report().violations.bad_token, 1);

    let mut client = Client::of(SimBulb::strip().token_as_result());
    let answer = udp(&mut client, r#"{"id":5,"method":"udp_sess_new","params":[]}"#);
    assert_eq!(answer[0]["result"][0].as_str().map(str::len), Some(32));

    // A bulb without sessions says nothing.
    let mut client = Client::of(SimBulb::white());
    assert!(udp(&mut client, r#"{"id":5,"method":"udp_sess_new","params":[]}"#).is_empty());
}
