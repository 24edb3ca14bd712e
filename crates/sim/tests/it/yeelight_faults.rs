//! Each fault of a control connection is the fault it says.

use std::time::Duration;

use iot_home_sim::SimBulb;
use iot_home_sim::yeelight::{Close, Faults, Output, Quirk, Quota, Silence};
use serde_json::json;

use crate::yeelight_client::Client;

fn with(faults: Faults) -> Client {
    Client::of(SimBulb::color().quota(Quota::off()).faults(faults))
}

fn quirk(quirk: Quirk) -> Client {
    with(Faults::seed(5).quirk(quirk))
}

fn toggle(id: u32) -> String {
    format!("{{\"id\":{id},\"method\":\"toggle\",\"params\":[]}}\r\n")
}

/// What a toggle is answered, as bytes.
fn text(client: &mut Client, line: &str) -> String {
    client.bulb.handle_bytes(client.now, client.connection, line.as_bytes());
    let bytes = client.written_on(client.connection);
    String::from_utf8(bytes).unwrap()
}

const OFF: &str = "{\"method\":\"props\",\"params\":{\"power\":\"off\"}}\r\n";

#[test]
fn odd_answers() {
    let ok = "{\"id\":7, \"result\":[\"ok\"]}\r\n";
    for (quirk_, expected) in [
        (Quirk::WrongId, "{\"id\":8, \"result\":[\"ok\"]}\r\n"),
        (Quirk::IdMissing, "{\"result\":[\"ok\"]}\r\n"),
        (Quirk::IdAsText, "{\"id\":\"7\", \"result\":[\"ok\"]}\r\n"),
        (Quirk::ResultAsText, "{\"id\":7, \"result\":\"ok\"}\r\n"),
        (Quirk::DuplicateAnswer, &*ok.repeat(2)),
        // Those that leave this answer as it is.
        (Quirk::ErrorAsText, ok),
        (Quirk::NumbersInResults, ok),
    ] {
        let answer = text(&mut quirk(quirk_), &toggle(7));
        assert_eq!(answer, format!("{expected}{OFF}"), "{quirk_}");
    }
    let answer = text(&mut quirk(Quirk::LfLines), &toggle(7));
    assert_eq!(answer, format!("{ok}{OFF}").replace('\r', ""));
    let bad = "{\"id\":7,\"method\":\"set_bright\",\"params\":[0,\"sudden\",0]}\r\n";
    let answer = text(&mut quirk(Quirk::ErrorAsText), bad);
    assert_eq!(answer, "{\"id\":7, \"error\":\"general error\"}\r\n");
    let answer = text(&mut quirk(Quirk::WrongId), bad);
    assert!(answer.starts_with("{\"id\":8, \"error\":{\"code\":-5000, \"mess"), "{answer}");
    let read = "{\"id\":7,\"method\":\"get_prop\",\"params\":[\"power\",\"bright\",\"no\"]}\r\n";
    let answer = text(&mut quirk(Quirk::NumbersInResults), read);
    assert_eq!(answer, "{\"id\":7, \"result\":[\"on\",100,\"\"]}\r\n");
    let odd = text(&mut quirk(Quirk::OddNotifications), &toggle(7));
    assert!(odd.starts_with("{\"method\":\"ota\",") && odd.ends_with(&format!("{ok}{OFF}")));
}

#[test]
fn messages_in_pieces() {
    let mut client = quirk(Quirk::SplitSegments);
    client.bulb.handle_bytes(client.now, client.connection, toggle(7).as_bytes());
    let mut pieces = Vec::new();
    for _ in 0..20 {
        pieces.push(client.written_on(client.connection));
        client.wait(Duration::from_millis(2));
    }
    pieces.retain(|piece| !piece.is_empty());
    assert!((3..=7).contains(&pieces.len()), "{}", pieces.len());
    let whole = String::from_utf8(pieces.concat()).unwrap();
    assert_eq!(whole, format!("{{\"id\":7, \"result\":[\"ok\"]}}\r\n{OFF}"));
}

#[test]
fn several_messages_in_one_piece() {
    let mut client = quirk(Quirk::Coalesced);
    for id in 1..=3 {
        client.wait(Duration::from_millis(3));
        assert_eq!(text(&mut client, &toggle(id)), "");
    }
    client.wait(Duration::from_millis(20));
    let outputs = client.outputs();
    let [Output::Write { bytes, .. }] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 6);
}

#[test]
fn slow_answers_keep_their_order_and_nothing_overtakes_them() {
    let slow = Duration::from_millis(1)..=Duration::from_millis(900);
    let mut client = with(Faults::seed(2).delay(slow));
    for id in 1..=20 {
        assert_eq!(text(&mut client, &toggle(id)), "");
    }
    let mut seen = Vec::new();
    for _ in 0..90 {
        client.wait(Duration::from_millis(10));
        seen.extend(client.read());
    }
    let ids = seen.iter().filter_map(|message| message["id"].as_i64());
    assert!(ids.eq(1..=20));
    assert_eq!(seen.len(), 40);
    assert_eq!(client.bulb.poll_timeout(), None);
}

#[test]
fn garbage_with_and_without_a_line_end() {
    let ok = b"{\"id\":7, \"result\":[\"ok\"]}\r\n";
    for (quirk_, lines) in [(Quirk::GarbageLine, 3), (Quirk::GarbageBytes, 2)] {
        let mut client = quirk(quirk_);
        client.bulb.handle_bytes(client.now, client.connection, toggle(7).as_bytes());
        let bytes = client.written_on(client.connection);
        let at = bytes.windows(ok.len()).position(|window| window == ok).unwrap();
        assert!(at > 0);
        assert_eq!(bytes[..at].ends_with(b"\r\n"), quirk_ == Quirk::GarbageLine);
        assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), lines);
    }
}

#[test]
fn half_a_message_or_a_huge_one_and_then_nothing() {
    let mut client = quirk(Quirk::HalfMessage);
    assert_eq!(text(&mut client, &toggle(7)), "{\"id\":7, \"res");
    let mut huge = quirk(Quirk::HugeLine);
    assert_eq!(text(&mut huge, &toggle(7)), "x".repeat(200 << 10));
    for client in [&mut client, &mut huge] {
        assert_eq!(text(client, &toggle(8)), "");
        client.wait(Duration::from_secs(3600));
        assert!(client.outputs().is_empty());
        assert_eq!(client.bulb.report().executed("toggle"), 2);
    }
}

#[test]
fn a_flood_of_notifications_to_everybody() {
    let mut client = quirk(Quirk::NotificationFlood);
    let other = client.bulb.accept(client.now).unwrap();
    client.bulb.handle_bytes(client.now, client.connection, toggle(7).as_bytes());
    let outputs = client.outputs();
    for id in [client.connection, other] {
        let written = outputs.iter().filter_map(|output| match output {
            Output::Write { to, bytes } if *to == id => Some(&bytes[..]),
            _ => None,
        });
        let text = String::from_utf8(written.collect::<Vec<_>>().concat()).unwrap();
        let props = text.lines().filter(|line| line.contains("\"props\"")).count();
        assert_eq!(props, 501);
    }
    assert_eq!(client.bulb.report().pushes, 1002);
}

#[test]
fn the_second_light_is_told_wrongly() {
    let faults = Faults::seed(1).quirk(Quirk::WrongBgPower);
    let mut client = Client::of(SimBulb::ceiling().faults(faults));
    assert_eq!(client.ok("bg_toggle", json!([])), json!({"bg_power": "on"}));
    assert_eq!(client.props(&["bg_power"]), json!(["off"]));
}

#[test]
fn silences() {
    let mut client = with(Faults::seed(1).silence(Silence::Answers));
    assert_eq!(text(&mut client, &toggle(1)), OFF);
    assert_eq!(client.bulb.report().executed("toggle"), 1);
    for silence in [Silence::Commands, Silence::Total] {
        client.bulb.set_faults(Faults::seed(1).silence(silence));
        assert_eq!(text(&mut client, &toggle(1)), "");
        client.bulb.set_property(client.now, "bright", 1).unwrap();
        let told = !client.read().is_empty();
        assert_eq!(told, silence == Silence::Commands);
        client.bulb.handle_search(client.now, Client::addr(), crate::yeelight_client::SEARCH);
        assert_eq!(client.outputs().is_empty(), silence == Silence::Total);
        client.bulb.set_property(client.now, "bright", 2).unwrap();
        client.outputs();
    }
    let report = client.bulb.report();
    assert_eq!((report.ignored, report.executed("toggle"), report.violations.total()), (3, 1, 0));
    client.bulb.set_faults(Faults::default());
    assert_eq!(client.ok("toggle", json!([])), json!({"power": "on"}));
}

#[test]
fn errors_in_place_of_results() {
    let mut client = with(Faults::seed(1).error(-5006, "illegal request"));
    assert_eq!(client.refused("toggle", json!([])), -5006);
    client.bulb.set_faults(Faults::seed(1).quota_error(2));
    client.ok("toggle", json!([]));
    assert_eq!(client.refused("toggle", json!([])), -1);
    client.ok("toggle", json!([]));
    let report = client.bulb.report();
    assert_eq!((report.executed("toggle"), report.violations.total()), (2, 0));
}

fn closed(client: &Client) -> Output {
    Output::Close { connection: client.connection, cut: false }
}

/// Everything written on this connection, and whether it is closed behind that.
fn until_closed(client: &mut Client) -> (String, bool) {
    let id = client.connection;
    let mut text = Vec::new();
    let mut is_closed = false;
    for output in client.outputs() {
        match output {
            Output::Write { to, bytes } if to == id => {
                assert!(!is_closed);
                text.extend(bytes);
            }
            Output::Close { connection, .. } if connection == id => is_closed = true,
            _ => {}
        }
    }
    (String::from_utf8(text).unwrap(), is_closed)
}

#[test]
fn connections_close_at_the_nth_command() {
    let answered = |ids: std::ops::RangeInclusive<u32>| -> String {
        ids.map(|id| {
            let power = if id % 2 == 1 { "off" } else { "on" };
            format!("{{\"id\":{id}, \"result\":[\"ok\"]}}\r\n") + &OFF.replace("off", power)
        })
        .collect()
    };
    let third = "{\"id\":3, \"result\":[\"ok\"]}\r\n";
    for (close, text, executed) in [
        (Close::Before(3), answered(1..=2), 2),
        (Close::Unanswered(3), answered(1..=2), 3),
        (Close::After(3), answered(1..=2) + third, 3),
    ] {
        let mut client = with(Faults::seed(1).close(close));
        let other = client.bulb.accept(client.now).unwrap();
        let all: String = (1..=5).map(toggle).collect();
        client.bulb.handle_bytes(client.now, client.connection, all.as_bytes());
        assert_eq!(until_closed(&mut client), (text, true), "{close:?}");
        assert_eq!(client.bulb.report().executed("toggle"), executed);
        assert_eq!(client.bulb.report().open_connections, 1);
        // Once.
        client.connection = other;
        client.bulb.handle_bytes(client.now, other, all.as_bytes());
        let (_, is_closed) = until_closed(&mut client);
        assert!(!is_closed);
    }
}

#[test]
fn a_connection_closes_between_two_commands() {
    let mut client = with(Faults::seed(1).close(Close::Between(2)));
    client.ok("toggle", json!([]));
    client.ok("toggle", json!([]));
    client.wait(Duration::from_millis(99));
    client.ok("toggle", json!([]));
    client.wait(Duration::from_millis(1));
    assert_eq!(client.outputs(), [closed(&client)]);
    client.bulb.handle_bytes(client.now, client.connection, toggle(9).as_bytes());
    assert_eq!(client.bulb.report().executed("toggle"), 3);
}

#[test]
fn a_connection_closes_at_any_byte() {
    let whole = text(&mut with(Faults::default()), &toggle(7));
    for byte in 0..=whole.len() {
        let close = Close::AtByte(u64::try_from(byte).unwrap());
        let mut client = with(Faults::seed(1).close(close));
        client.bulb.handle_bytes(client.now, client.connection, toggle(7).as_bytes());
        let written = until_closed(&mut client);
        assert_eq!(written, (whole[..byte].to_owned(), true));
    }
}

#[test]
fn equal_seeds_give_equal_runs() {
    let run = |seed| {
        let faults = Faults::seed(seed)
            .delay(Duration::ZERO..=Duration::from_millis(50))
            .quirk(Quirk::GarbageLine)
            .quirk(Quirk::SplitSegments);
        let mut client = with(faults);
        let mut seen = Vec::new();
        for id in 1..=10 {
            client.bulb.handle_bytes(client.now, client.connection, toggle(id).as_bytes());
            client.wait(Duration::from_millis(10));
            seen.push(client.outputs());
        }
        seen
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn quirks_have_names() {
    for quirk in Quirk::ALL {
        assert_eq!(quirk.name().parse(), Ok(*quirk));
    }
    let error = "comma".parse::<Quirk>().unwrap_err().to_string();
    assert!(error.contains("split-segments, coalesced"), "{error}");
}
