//! Every method of a bulb: what it changes, what clients are told of it, and what is answered.

use iot_home_sim::SimBulb;
use iot_home_sim::yeelight::{AnswerForm, Output, PushForm, Quota};
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
    let off = json!({"power": "off", "flowing": 0, "color_mode": 1});
    assert_eq!(client.ok("toggle", json!(["smooth", 500])), off);
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

#[test]
fn scenes() {
    let mut client = color();
    client.ok("toggle", json!([]));
    let props = client.ok("set_scene", json!(["color", 65280, 70]));
    assert_eq!(props, json!({"power": "on", "rgb": 65280, "bright": 70, "color_mode": 1}));
    // As newer firmware takes it too.
    let props = client.ok("set_scene", json!(["color", 255, 70, 500, "smooth"]));
    assert_eq!(props, json!({"rgb": 255}));
    let props = client.ok("set_scene", json!(["hsv", 300, 70, 100]));
    assert_eq!(props, json!({"hue": 300, "sat": 70, "bright": 100, "color_mode": 3}));
    let props = client.ok("set_scene", json!(["ct", 5400, 1]));
    assert_eq!(props, json!({"ct": 5400, "bright": 1, "color_mode": 2}));
    let mut ceiling = ceiling();
    ceiling.ok("dev_toggle", json!([]));
    let props = ceiling.ok("bg_set_scene", json!(["color", 255, 5]));
    assert_eq!(props["bg_power"], "on");
    assert_eq!(ceiling.props(&["main_power", "bg_rgb", "bg_bright"]), json!(["off", "255", "5"]));
}

#[test]
fn steps_up_down_and_around() {
    let mut client = color();
    client.ok("set_bright", json!([85, "sudden", 0]));
    assert_eq!(client.ok("set_adjust", json!(["increase", "bright"])), json!({"bright": 94}));
    assert_eq!(client.ok("set_adjust", json!(["increase", "bright"])), json!({"bright": 100}));
    assert_eq!(client.ok("set_adjust", json!(["circle", "bright"])), json!({"bright": 1}));
    assert_eq!(client.ok("set_adjust", json!(["decrease", "bright"])), json!({}));
    // What ends at the highest is not around.
    client.ok("set_bright", json!([91, "sudden", 0]));
    assert_eq!(client.ok("set_adjust", json!(["circle", "bright"])), json!({"bright": 100}));
    assert_eq!(client.ok("set_adjust", json!(["circle", "bright"])), json!({"bright": 1}));
    // A tenth of 4800 K.
    assert_eq!(client.ok("set_adjust", json!(["decrease", "ct"])), json!({"ct": 3520}));
    let props = client.ok("set_adjust", json!(["circle", "color"]));
    assert_eq!(props, json!({"hue": 36, "color_mode": 3}));
    assert_eq!(client.ok("adjust_bright", json!([50, 500])), json!({"bright": 50}));
    assert_eq!(client.ok("adjust_bright", json!([-100, 30])), json!({"bright": 1}));
    let props = client.ok("adjust_ct", json!([100, 500]));
    assert_eq!(props, json!({"ct": 6500, "color_mode": 2}));
    let props = client.ok("adjust_color", json!([-20, 500]));
    assert_eq!(props, json!({"hue": 324, "color_mode": 3}));
    let mut ceiling = ceiling();
    assert_eq!(ceiling.ok("bg_adjust_bright", json!([-10, 500])), json!({"bg_bright": 91}));
    assert_eq!(ceiling.ok("bg_set_adjust", json!(["circle", "ct"])), json!({"bg_ct": 4480}));
    let props = ceiling.ok("bg_adjust_color", json!([10, 500]));
    assert_eq!(props, json!({"bg_hue": 36, "bg_lmode": 3}));
    assert_eq!(ceiling.ok("bg_adjust_ct", json!([-1, 30]))["bg_ct"], 4432);
    // Off or on.
    ceiling.ok("dev_toggle", json!([]));
    assert_eq!(ceiling.ok("adjust_bright", json!([-50, 500]))["bright"], 51);
}

#[test]
fn names() {
    let mut client = color();
    for name in ["desk", "a \"quoted\" one\\", "Küche", "5Lit5paH", &"x".repeat(64), ""] {
        assert_eq!(client.ok("set_name", json!([name])), json!({"name": name}));
        assert_eq!(client.props(&["name"]), json!([name]));
    }
}

#[test]
fn defaults_shine_after_a_power_cut() {
    let mut client = ceiling();
    client.ok("set_bright", json!([33, "sudden", 0]));
    client.ok("bg_set_rgb", json!([77, "sudden", 0]));
    client.ok("set_default", json!([]));
    client.ok("bg_set_default", json!([]));
    client.ok("set_bright", json!([99, "sudden", 0]));
    client.ok("bg_set_bright", json!([99, "sudden", 0]));
    client.ok("bg_set_ct_abx", json!([1700, "sudden", 0]));
    client.bulb.power_cycle(client.now);
    client.outputs();
    client.connection = client.bulb.accept(client.now).unwrap();
    let shown = client.props(&["bright", "bg_rgb", "bg_bright", "bg_lmode"]);
    assert_eq!(shown, json!(["33", "77", "100", "1"]));

    let mut client = Client::of(SimBulb::color().property("save_state", 1));
    assert_eq!(client.refused("set_default", json!([])), -5000);
    assert_eq!(client.bulb.report().violations.total(), 0);
}

#[test]
fn parts_of_a_light() {
    let mut lamp = Client::of(SimBulb::lamp15());
    lamp.ok("set_segment_rgb", json!([255, 65280]));
    assert_eq!(lamp.bulb.property("segment_rgb"), Some("255,65280".into()));
    let mut cube = Client::of(SimBulb::cube());
    cube.ok("activate_fx_mode", json!([{"mode": "direct"}]));
    // 0xff0000 and 0x0102fe.
    cube.ok("update_leds", json!(["/wAAAQL+"]));
    let leds = cube.bulb.leds();
    assert_eq!(leds.len(), 200);
    assert_eq!(leds[..3].iter().map(|rgb| rgb.0).collect::<Vec<_>>(), [0xff_00_00, 0x01_02_fe, 0]);
    cube.ok("update_leds", json!(["AAAA".repeat(200)]));
    assert!(cube.bulb.leds().iter().all(|rgb| rgb.0 == 0));
}

#[test]
fn by_hand() {
    let mut client = ceiling();
    let told = |client: &mut Client| client.read().remove(0)["params"].take();
    client.bulb.set_property(client.now, "bright", 5).unwrap();
    assert_eq!(told(&mut client), json!({"bright": 5, "active_bright": 5}));
    client.bulb.set_property(client.now, "power", "off").unwrap();
    let off = json!({"power": "off", "main_power": "off", "bg_power": "off"});
    assert_eq!(told(&mut client), off);
    client.bulb.set_property(client.now, "new_thing", "x").unwrap();
    assert_eq!(told(&mut client), json!({"new_thing": "x"}));
    assert_eq!(client.props(&["new_thing"]), json!(["x"]));
    client.bulb.set_property(client.now, "new_thing", "x").unwrap();
    assert!(client.read().is_empty());
    for (name, value) in [
        ("bright", json!("dim")),
        ("power", json!(2)),
        ("name", json!(5)),
        ("ct", json!(null)),
        ("rgb", json!([1])),
    ] {
        let error = client.bulb.set_property(client.now, name, value.clone()).unwrap_err();
        assert!(error.to_string().contains(name));
        SimBulb::color().property(name, value).build().unwrap_err();
    }
}

#[test]
fn every_model_does_what_it_lists() {
    for model in [
        "mono",
        "mono1",
        "mono5",
        "mono6",
        "monob",
        "color",
        "color1",
        "color2",
        "color3",
        "color4",
        "color5",
        "color7",
        "colora",
        "colorb",
        "colorc",
        "lamp1",
        "lamp2",
        "lamp3",
        "lamp4",
        "lamp15",
        "lamp22",
        "ct_bulb",
        "ct2",
        "strip1",
        "strip2",
        "strip4",
        "strip6",
        "bslamp1",
        "bslamp2",
        "bslamp3",
        "ceiling1",
        "ceiling2",
        "ceiling3",
        "ceiling4",
        "ceiling5",
        "ceiling6",
        "ceiling10",
        "ceiling13",
        "ceiling15",
        "ceiling17",
        "ceiling18",
        "ceiling19",
        "ceiling20",
        "ceiling22",
        "ceiling24",
        "ceila",
        "ceilc",
        "ceild",
        "ceil26",
        "CubeLite",
        "of_tomorrow",
    ] {
        let mut client = Client::of(SimBulb::of_model(model).quota(Quota::off()));
        client.bulb.handle_search(client.now, Client::addr(), crate::yeelight_client::SEARCH);
        let outputs = client.outputs();
        let [Output::SearchAnswer { datagram, .. }] = &outputs[..] else { panic!("{outputs:?}") };
        let answer = String::from_utf8(datagram.clone()).unwrap();
        assert!(answer.contains(&format!("\r\nmodel: {model}\r\n")));
        let (_, support) = answer.split_once("support: ").unwrap();
        let (support, _) = support.split_once("\r\n").unwrap();
        for method in support.split(' ') {
            // Over UDP, and a mark that is no method.
            if method.starts_with("udp") || method == "chroma" {
                continue;
            }
            // Every method takes other parameters, or none.
            let (answer, _) = client.ask(method, json!([null, null, null, null, null, null]));
            assert_eq!(answer["error"]["code"], -5001, "{model} {method}: {answer}");
        }
        let has = |name| client.bulb.property(name).is_some();
        assert_eq!(has("rgb"), support.contains(" set_rgb"), "{model}");
        assert_eq!(has("ct"), support.contains(" set_ct_abx"), "{model}");
        assert_eq!(has("bg_power"), support.contains("bg_set_power"), "{model}");
        assert_eq!(has("music_on"), support.contains("set_music"), "{model}");
    }
}
