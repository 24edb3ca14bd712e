//! Every method of a bulb: what it changes, what clients are told of it, and what is answered.

use iot_home_sim::SimBulb;
use iot_home_sim::yeelight::{AnswerForm, PushForm, Quota};
use serde_json::json;

use crate::yeelight_client::Client;

fn color() -> Client {
    Client::of(SimBulb::color().quota(Quota::off()))
}

fn ceiling() -> Client {
    Client::of(SimBulb::ceiling().quota(Quota::off()))
}

#[test]
fn answers_in_both_forms() {
    let request = "{\"id\":7,\"method\":\"get_prop\",\"params\":[\"power\",\"bright\",\"no\"]}\r\n";
    for (form, result, error) in [
        (
            AnswerForm::Spaced,
            "{\"id\":7, \"result\":[\"on\",\"100\",\"\"]}\r\n",
            "{\"id\":8, \"error\":{\"code\":-1, \"message\":\"method not supported\"}}\r\n",
        ),
        (
            AnswerForm::Compact,
            "{\"id\":7,\"result\":[\"on\",\"100\",\"\"]}\r\n",
            "{\"id\":8,\"error\":{\"code\":-1,\"message\":\"method not supported\"}}\r\n",
        ),
    ] {
        let mut client = Client::of(SimBulb::color().answers(form));
        client.bulb.handle_bytes(client.now, client.connection, request.as_bytes());
        assert_eq!(client.written_on(client.connection), result.as_bytes());
        let unknown = b"{\"id\":8,\"method\":\"fly\",\"params\":[]}\r\n";
        client.bulb.handle_bytes(client.now, client.connection, unknown);
        assert_eq!(client.written_on(client.connection), error.as_bytes());
    }
}

#[test]
fn notifications_in_both_forms() {
    for (form, bright) in [(PushForm::Numbers, json!(7)), (PushForm::Texts, json!("7"))] {
        let mut client = Client::of(SimBulb::color().pushes(form));
        let props = client.ok("set_bright", json!([7, "sudden", 0]));
        assert_eq!(props, json!({"bright": bright}));
        assert_eq!(client.ok("toggle", json!([])), json!({"power": "off"}));
    }
}

#[test]
fn power() {
    let mut client = color();
    assert_eq!(client.ok("set_power", json!(["off", "smooth", 30])), json!({"power": "off"}));
    assert_eq!(client.ok("set_power", json!(["off", "sudden", 0])), json!({}));
    assert_eq!(client.ok("set_power", json!(["on", "smooth", 500, 0])), json!({"power": "on"}));
    assert_eq!(client.ok("set_power", json!(["on", "sudden", 0, 2])), json!({"color_mode": 1}));
    assert_eq!(client.ok("set_power", json!(["on", "sudden", 0, 3])), json!({"color_mode": 3}));
    assert_eq!(client.ok("set_power", json!(["on", "sudden", 0, 1])), json!({"color_mode": 2}));
    let flow = client.ok("set_power", json!(["on", "sudden", 0, 4]));
    assert_eq!(flow["flowing"], 1);
    assert_eq!(client.ok("toggle", json!(["smooth", 500])), json!({"power": "off", "flowing": 0}));
    assert_eq!(client.bulb.report().executed("set_power"), 7);
    assert_eq!(client.bulb.report().violations.total(), 0);
}

#[test]
fn colors() {
    let mut client = color();
    assert_eq!(client.ok("set_bright", json!([1, "sudden", 0])), json!({"bright": 1}));
    assert_eq!(client.ok("set_ct_abx", json!([1700, "smooth", 30])), json!({"ct": 1700}));
    let props = client.ok("set_rgb", json!([255, "sudden", 0]));
    assert_eq!(props, json!({"rgb": 255, "color_mode": 1}));
    let props = client.ok("set_hsv", json!([359, 45, "smooth", 500]));
    assert_eq!(props, json!({"hue": 359, "sat": 45, "color_mode": 3}));
    let shown = client.props(&["bright", "ct", "rgb", "hue", "sat", "color_mode"]);
    assert_eq!(shown, json!(["1", "1700", "255", "359", "45", "3"]));
}

#[test]
fn two_lights() {
    let mut client = ceiling();
    let both = json!({"power": "off", "main_power": "off", "bg_power": "off"});
    assert_eq!(client.ok("dev_toggle", json!([])), both);
    let props = client.ok("bg_set_power", json!(["on", "smooth", 500]));
    assert_eq!(props, json!({"power": "on", "bg_power": "on"}));
    assert_eq!(
        client.ok("bg_set_rgb", json!([1, "sudden", 0])),
        json!({"bg_rgb": 1, "bg_lmode": 1})
    );
    assert_eq!(client.refused("set_bright", json!([5, "sudden", 0])), -5000);
    assert_eq!(client.ok("bg_set_bright", json!([5, "sudden", 0])), json!({"bg_bright": 5}));
    // The main light decides: it was off, so both come on.
    assert_eq!(client.ok("dev_toggle", json!([])), json!({"main_power": "on"}));
}

#[test]
fn night_light() {
    let mut client = ceiling();
    let props = client.ok("set_power", json!(["on", "sudden", 0, 5]));
    assert_eq!(props, json!({"active_mode": 1, "nl_br": 50, "active_bright": 50}));
    let props = client.ok("set_bright", json!([5, "sudden", 0]));
    assert_eq!(props, json!({"nl_br": 5, "active_bright": 5}));
    let props = client.ok("set_power", json!(["on", "sudden", 0, 1]));
    assert_eq!(props, json!({"active_mode": 0, "nl_br": 0, "active_bright": 100}));
}
