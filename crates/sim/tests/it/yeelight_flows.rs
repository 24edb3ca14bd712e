//! Flows and timers, hours of them in a moment.

use std::time::Duration;

use iot_home_sim::SimBulb;
use iot_home_sim::yeelight::Quota;
use serde_json::{Value, json};

use crate::yeelight_client::Client;

fn color() -> Client {
    Client::of(SimBulb::color().property("bright", 80).quota(Quota::off()))
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Brightness, colour mode, and what the flow is about.
fn look(client: &mut Client) -> Value {
    client.props(&["power", "bright", "color_mode", "ct", "rgb", "flowing"])
}

const FLOW: &str = "1000,2,2700,100, 500,1,255,10,500,7,0,0";

#[test]
fn steps_follow_each_other_and_the_end_is_told() {
    let mut client = color();
    let props = client.ok("start_cf", json!([4, 2, FLOW]));
    let params = "4,2,1000,2,2700,100,500,1,255,10,500,7,0,-1";
    assert_eq!(props["flowing"], 1);
    assert_eq!(props["flow_params"], params);
    let first = json!(["on", "100", "2", "2700", "16711680", "1"]);
    assert_eq!(look(&mut client), first);
    client.wait(millis(999));
    assert_eq!(look(&mut client), first);
    client.wait(millis(1));
    let second = json!(["on", "10", "1", "2700", "255", "1"]);
    assert_eq!(look(&mut client), second);
    // Sleep changes nothing.
    client.wait(millis(500));
    assert_eq!(look(&mut client), second);
    // The fourth is the first again.
    client.wait(millis(500));
    assert_eq!(look(&mut client), json!(["on", "100", "2", "2700", "255", "1"]));
    assert!(client.read().is_empty(), "steps are not told");
    client.wait(millis(1000));
    let [end] = &client.read()[..] else { panic!("one message") };
    assert_eq!(end["params"]["flowing"], 0);
    assert_eq!(end["params"]["power"], "off");
    client.wait(Duration::from_secs(3600));
    assert!(client.read().is_empty());
    assert_eq!(client.props(&["flow_params"]), json!([params]));
}

#[test]
fn the_state_of_before_comes_back_or_the_last_one_stays() {
    let mut client = color();
    let before = look(&mut client);
    client.ok("start_cf", json!([2, 0, FLOW]));
    // Another flow in its place comes back to the same.
    client.ok("start_cf", json!([2, 0, "50,1,1,-1"]));
    assert_eq!(client.props(&["bright", "rgb"]), json!(["100", "1"]));
    client.wait(millis(100));
    let told = client.read().remove(0);
    assert_eq!(look(&mut client), before);
    assert_eq!(told["params"], json!({"flowing": 0}));

    client.ok("start_cf", json!([2, 1, FLOW]));
    client.wait(millis(1500));
    assert_eq!(look(&mut client), json!(["on", "10", "1", "2700", "255", "0"]));

    // A scene switches on; before, it was off.
    client.ok("toggle", json!([]));
    let props = client.ok("set_scene", json!(["cf", 1, 0, "50,1,7,50"]));
    assert_eq!((&props["power"], &props["flowing"]), (&json!("on"), &json!(1)));
    client.wait(millis(50));
    assert_eq!(client.props(&["power", "bright"]), json!(["off", "10"]));
}

#[test]
fn steps_are_not_told_but_what_they_leave_behind_is() {
    let mut client = color();
    let props = client.ok("start_cf", json!([3, 1, "50,1,5,50,50,2,2000,60"]));
    assert_eq!(props, json!({"flowing": 1, "flow_params": "3,1,50,1,5,50,50,2,2000,60"}));
    client.wait(millis(50));
    assert_eq!(client.props(&["ct", "bright"]), json!(["2000", "60"]));
    assert_eq!(client.ok("set_name", json!(["a"])), json!({"name": "a"}));
    client.wait(millis(100));
    let left = json!({"rgb": 5, "bright": 50, "color_mode": 1, "ct": 2000, "flowing": 0});
    assert_eq!(client.read()[0]["params"], left);
    // What is as it was is not told.
    let props = client.ok("start_cf", json!([2, 1, "50,1,6,50,50,1,5,50"]));
    assert_eq!(props["flowing"], 1);
    client.wait(millis(100));
    assert_eq!(client.read()[0]["params"], json!({"flowing": 0}));
    // A light that flows keeps the other one's changes from nobody.
    let mut client = Client::of(SimBulb::ceiling());
    client.ok("start_cf", json!([0, 1, "50,2,3000,50"]));
    assert_eq!(client.ok("bg_set_bright", json!([5, "sudden", 0])), json!({"bg_bright": 5}));
    let props = client.ok("set_bright", json!([6, "sudden", 0]));
    assert_eq!(props, json!({"flowing": 0, "bright": 6, "active_bright": 6, "ct": 3000}));
}

#[test]
fn a_flow_without_end_plays_a_year_and_ends_with_any_colour() {
    for (method, params) in [
        ("set_rgb", json!([9, "sudden", 0])),
        ("set_hsv", json!([9, 9, "sudden", 0])),
        ("set_ct_abx", json!([1900, "sudden", 0])),
        ("set_bright", json!([9, "sudden", 0])),
        ("set_scene", json!(["color", 9, 9])),
        ("set_power", json!(["off", "sudden", 0])),
        ("set_power", json!(["on", "sudden", 0, 1])),
        ("adjust_bright", json!([-10, 500])),
        ("stop_cf", json!([])),
        ("toggle", json!([])),
    ] {
        let mut client = color();
        client.ok("start_cf", json!([0, 0, "50,1,1,50,70,1,2,60"]));
        // In one step.
        let year = Duration::from_secs(365 * 24 * 3600) + millis(60);
        client.now = client.now + year;
        client.bulb.handle_timeout(client.now);
        // A round takes 120 ms; what is over of the year and the moment is 60 ms, or the second step.
        assert_eq!(year.as_millis() % 120, 60);
        assert_eq!(client.props(&["rgb", "bright", "flowing"]), json!(["2", "60", "1"]));
        let props = client.ok(method, params);
        assert_eq!(props["flowing"], 0, "{method}");
        assert_eq!(client.bulb.poll_timeout(), None);
    }
}

#[test]
fn a_late_look_finds_a_counted_flow_where_it_ended() {
    for count in 1..=12_u64 {
        let mut prompt = color();
        let mut late = color();
        for client in [&mut prompt, &mut late] {
            client.ok("start_cf", json!([count, 1, "50,1,1,50,70,1,2,60,90,1,3,70"]));
        }
        prompt.wait(Duration::from_secs(60));
        late.now = late.now + Duration::from_secs(60);
        late.bulb.handle_timeout(late.now);
        let last = ["3", "1", "2"][usize::try_from(count % 3).unwrap()];
        for client in [&mut prompt, &mut late] {
            let rgb = json!([last, "0"]);
            assert_eq!(client.props(&["rgb", "flowing"]), rgb, "{count}");
        }
    }
}

#[test]
fn both_lights_flow_by_themselves() {
    let mut client = Client::of(SimBulb::ceiling());
    client.ok("start_cf", json!([0, 0, "100,2,3000,50"]));
    let props = client.ok("bg_start_cf", json!([1, 2, "50,1,255,50"]));
    assert_eq!(props, json!({"bg_flowing": 1, "bg_flow_params": "1,2,50,1,255,50"}));
    assert_eq!(client.props(&["bg_rgb"]), json!(["255"]));
    client.wait(millis(50));
    let told = client.read().remove(0)["params"].take();
    assert_eq!((&told["bg_flowing"], &told["bg_power"]), (&json!(0), &json!("off")));
    assert_eq!(client.props(&["flowing", "power", "main_power"]), json!(["1", "on", "on"]));
    client.ok("stop_cf", json!([]));
}

#[test]
fn the_last_flow_comes_on_with_the_light() {
    let mut client = color();
    client.ok("start_cf", json!([3, 1, FLOW]));
    client.ok("set_power", json!(["off", "sudden", 0]));
    let props = client.ok("set_power", json!(["on", "sudden", 0, 4]));
    assert_eq!((&props["power"], &props["flowing"]), (&json!("on"), &json!(1)));
    client.wait(millis(2000));
    assert_eq!(client.props(&["flowing"]), json!(["0"]));
}

#[test]
fn a_timer_counts_its_minutes_and_switches_off() {
    let mut client = color();
    assert_eq!(client.ok("cron_add", json!([0, 3])), json!({"delayoff": 3}));
    let (timers, _) = client.ask("cron_get", json!([0]));
    assert_eq!(timers["result"], json!([{"type": 0, "delay": 3, "mix": 0}]));
    client.wait(Duration::from_secs(59));
    assert!(client.read().is_empty());
    client.wait(Duration::from_secs(1));
    assert_eq!(client.read()[0]["params"], json!({"delayoff": 2}));
    let (timers, _) = client.ask("cron_get", json!([0]));
    assert_eq!(timers["result"][0]["delay"], 2);
    client.wait(Duration::from_secs(119));
    assert_eq!(client.props(&["power", "delayoff"]), json!(["on", "1"]));
    client.read();
    client.wait(Duration::from_secs(1));
    assert_eq!(client.read()[0]["params"], json!({"power": "off", "delayoff": 0}));
    let (timers, _) = client.ask("cron_get", json!([0]));
    assert_eq!(timers["result"], json!([]));
    assert_eq!(client.bulb.poll_timeout(), None);
}

#[test]
fn a_timer_is_replaced_removed_and_ends_with_the_light() {
    let mut client = color();
    client.ok("cron_add", json!([0, 1]));
    assert_eq!(client.ok("cron_add", json!([0, 60])), json!({"delayoff": 60}));
    assert_eq!(client.ok("cron_del", json!([0])), json!({"delayoff": 0}));
    client.wait(Duration::from_secs(7200));
    assert_eq!(client.props(&["power"]), json!(["on"]));
    let scene = client.ok("set_scene", json!(["auto_delay_off", 5, 2]));
    assert_eq!(scene, json!({"bright": 5, "delayoff": 2}));
    let off = client.ok("toggle", json!([]));
    assert_eq!(off, json!({"power": "off", "delayoff": 0}));
    client.ok("toggle", json!([]));
    client.wait(Duration::from_secs(7200));
    assert_eq!(client.props(&["power"]), json!(["on"]));
    // Looked at late.
    client.ok("cron_add", json!([0, 5]));
    client.now = client.now + Duration::from_secs(86_400);
    client.bulb.handle_timeout(client.now);
    assert_eq!(client.read()[0]["params"], json!({"power": "off", "delayoff": 0}));
}
