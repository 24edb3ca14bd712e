//! Whatever arrives, the bulb goes on.

use std::time::Duration;

use iot_home_sim::SimBulb;
use iot_home_sim::yeelight::{Builder, Close, Faults, Output, Quirk, Quota};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::yeelight_client::{Client, SEARCH};

fn faults() -> impl Strategy<Value = Faults> {
    let quirks = proptest::collection::vec(proptest::sample::select(Quirk::ALL), 0..4);
    let close = prop_oneof![
        (0..4_u64).prop_map(Close::Before),
        (0..4_u64).prop_map(Close::Unanswered),
        (0..4_u64).prop_map(Close::After),
        (0..4_u64).prop_map(Close::Between),
        (0..400_u64).prop_map(Close::AtByte),
    ];
    (any::<u64>(), 0..40_u64, quirks, proptest::option::of(close)).prop_map(
        |(seed, delay, quirks, close)| {
            let faults = Faults::seed(seed).delay(Duration::ZERO..=Duration::from_millis(delay));
            let faults = quirks.into_iter().fold(faults, Faults::quirk);
            close.map_or(faults.clone(), |close| faults.close(close))
        },
    )
}

fn builder() -> impl Strategy<Value = Builder> {
    let model = proptest::sample::select(&["color4", "mono", "ceiling4", "lamp15", "CubeLite"][..]);
    (model, faults())
        .prop_map(|(model, faults)| SimBulb::of_model(model).quota(Quota::off()).faults(faults))
}

/// A new client is served, once nothing goes wrong any more.
fn alive(client: &mut Client) -> bool {
    client.wait(Duration::from_secs(1));
    client.outputs();
    client.bulb.set_faults(Faults::default());
    client.bulb.closed(client.now, client.connection);
    client.connection = client.bulb.accept(client.now).unwrap();
    let (answer, _) = client.ask("get_prop", json!(["power"]));
    client.bulb.handle_search(client.now, Client::addr(), SEARCH);
    let outputs = client.outputs();
    answer["result"].is_array() && matches!(&outputs[..], [Output::SearchAnswer { .. }])
}

/// What commands are made of.
fn value() -> impl Strategy<Value = Value> {
    let words = [
        "on",
        "off",
        "smooth",
        "sudden",
        "bright",
        "ct",
        "color",
        "hsv",
        "cf",
        "circle",
        "increase",
        "auto_delay_off",
        "50,1,255,100",
        "192.168.1.7",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (0..101_i64).prop_map(Into::into),
        (0..0x100_0000_i64).prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "[-a-z灯,0-9 \u{1}\"]{0,12}".prop_map(Into::into),
        proptest::sample::select(words.to_vec()).prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            inner.prop_map(|value| json!({"mode": value})),
        ]
    })
}

fn command() -> impl Strategy<Value = (String, Vec<Value>)> {
    let methods = [
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
        "udp_sess_new",
    ];
    let method = (any::<bool>(), proptest::sample::select(methods.to_vec()))
        .prop_map(|(bg, method)| if bg { format!("bg_{method}") } else { method.to_owned() });
    (method, proptest::collection::vec(value(), 0..5))
}

proptest! {
    #[test]
    fn any_bytes(
        builder in builder(),
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..100), 0..8),
    ) {
        let mut client = Client::of(builder);
        for piece in pieces {
            client.bulb.handle_bytes(client.now, client.connection, &piece);
            client.bulb.handle_search(client.now, Client::addr(), &piece);
            client.bulb.handle_session_datagram(client.now, Client::addr(), &piece);
            client.wait(Duration::from_millis(3));
        }
        prop_assert!(alive(&mut client));
    }

    #[test]
    fn a_sound_message_with_changes(
        at in 0..200_usize, byte: u8, cut in 0..200_usize, which in 0..3_usize,
    ) {
        let message: &[u8] = [
            SEARCH,
            b"{\"id\":1,\"method\":\"start_cf\",\"params\":[4,1,\"50,1,255,100,60,2,2700,-1\"]}\r\n",
            b"{\"id\":1,\"method\":\"udp_sess_new\",\"params\":[],\"token\":\"1\"}\r\n",
        ][which];
        let mut message = message.to_vec();
        let length = message.len();
        message[at % length] = byte;
        message.truncate(length - cut % 2 * (cut % length));
        let mut client = Client::of(SimBulb::lamp15());
        client.bulb.handle_bytes(client.now, client.connection, &message);
        client.bulb.handle_search(client.now, Client::addr(), &message);
        client.bulb.handle_session_datagram(client.now, Client::addr(), &message);
        prop_assert!(alive(&mut client));
    }

    #[test]
    fn any_commands(builder in builder(), commands in proptest::collection::vec(command(), 1..12)) {
        let mut client = Client::of(builder);
        for (method, params) in commands {
            let line = client.line(&method, &json!(params));
            client.bulb.handle_bytes(client.now, client.connection, line.as_bytes());
            while let Some(output) = client.bulb.poll_output(client.now) {
                if let Output::ConnectBack { connection, .. } = output {
                    client.bulb.connected_back(client.now, connection);
                }
            }
            client.wait(Duration::from_millis(70));
        }
        let bright = client.bulb.property("bright").and_then(|bright| bright.as_i64());
        prop_assert!(bright.is_some_and(|bright| (1..=100).contains(&bright)));
        prop_assert!(alive(&mut client));
    }

    #[test]
    fn any_flow(count in 0..40_i64, action in 0..3_i64, text in "([0-9]{2,4},[1-7],[0-9]{1,4},-?[0-9]{1,2},?){0,6}") {
        let mut client = Client::of(SimBulb::color());
        client.ask("start_cf", json!([count, action, text]));
        client.now = client.now + Duration::from_secs(86_400);
        client.bulb.handle_timeout(client.now);
        prop_assert!(alive(&mut client));
    }
}

#[test]
fn what_is_delayed_without_end_ends_the_connection() {
    let delay = Duration::from_secs(3600);
    let faults = Faults::seed(1).delay(delay..=delay);
    let mut client = Client::of(SimBulb::color().quota(Quota::off()).faults(faults));
    let read = "{\"id\":1,\"method\":\"get_prop\",\"params\":[\"power\"]}\r\n".repeat(5000);
    client.bulb.handle_bytes(client.now, client.connection, read.as_bytes());
    let report = client.bulb.report();
    assert_eq!((report.overflows, report.open_connections), (1, 0));
    assert_eq!(report.executed("get_prop"), 4097);
    assert_eq!(client.outputs(), [Output::Close { connection: client.connection, cut: true }]);
    assert!(alive(&mut client));
}
