//! What python-yeelight is made to do, by either of its clients, and what the bulb shows then.

use serde_json::{Value, json};

use crate::peer::bulb::Step;

/// A minute: it plays until it is stopped.
const LONG: u32 = 60_000;

/// Everything for the main light of a colour bulb.
pub(super) fn main_light() -> Vec<Step> {
    let sudden = json!({"effect": "sudden"});
    let step = Step::new;
    let mut steps = vec![
        step("turn_off", json!([])).shows(json!({"power": "off"})),
        step("toggle", json!([])).shows(json!({"power": "on"})),
        step("toggle", json!([])).shows(json!({"power": "off"})),
        step("turn_on", json!([])).with(sudden.clone()).shows(json!({"power": "on"})),
        step("set_brightness", json!([42])).shows(json!({"bright": 42})),
        // It sends what is nearest.
        step("set_brightness", json!([0])).with(sudden.clone()).shows(json!({"bright": 1})),
        step("set_color_temp", json!([3000])).shows(json!({"ct": 3000, "color_mode": 2})),
        step("set_color_temp", json!([1]))
            .with(sudden.clone())
            .shows(json!({"ct": 1700, "color_mode": 2})),
        step("set_rgb", json!([255, 136, 0])).shows(json!({"rgb": 0xff_88_00, "color_mode": 1})),
        step("set_hsv", json!([200, 60]))
            .with(json!({"duration": 50}))
            .shows(json!({"hue": 200, "sat": 60, "color_mode": 3})),
        // With a brightness it sends a flow of one step.
        step("set_hsv", json!([0, 100, 50]))
            .with(sudden)
            .shows(json!({"rgb": 0xff_00_00, "bright": 50, "color_mode": 1, "flowing": 0})),
        step("set_adjust", json!(["decrease", "bright"])),
        step("set_adjust", json!(["increase", "ct"])).shows(json!({"color_mode": 2})),
        step("set_adjust", json!(["circle", "color"])).shows(json!({"color_mode": 3})),
        step("set_power_mode", json!([{"is": "PowerMode.NORMAL"}])).shows(json!({"color_mode": 2})),
        step("set_power_mode", json!([{"is": "PowerMode.RGB"}])).shows(json!({"color_mode": 1})),
        step("set_power_mode", json!([{"is": "PowerMode.HSV"}])).shows(json!({"color_mode": 3})),
        step("start_flow", json!([flow(2, "recover")])).shows(json!({
            "flowing": 1,
            "flow_params": "8,0,60000,1,16711680,80,60000,2,2700,20,60000,1,16777215,100,60000,7,0,-1",
        })),
        step("stop_flow", json!([])).shows(json!({"flowing": 0})),
        // It plays the last flow again, a long one.
        step("set_power_mode", json!([{"is": "PowerMode.COLOR_FLOW"}])).shows(json!({"flowing": 1})),
        step("stop_flow", json!([])).shows(json!({"flowing": 0})),
        step("turn_off", json!([])).shows(json!({"power": "off"})),
    ];
    steps.extend(scenes(json!({})));
    steps.extend([
        step("turn_off", json!([])).shows(json!({"power": "off"})),
        step("set_scene", json!([{"is": "SceneClass.AUTO_DELAY_OFF"}, 50, 5]))
            .shows(json!({"power": "on", "bright": 50, "delayoff": 5})),
        step("cron_del", json!([{"is": "CronType.off"}])).shows(json!({"delayoff": 0})),
        step("cron_get", json!([{"is": "CronType.off"}])).answers(Value::Null),
        step("cron_add", json!([{"is": "CronType.off"}, 10])).shows(json!({"delayoff": 10})),
        step("cron_get", json!([{"is": "CronType.off"}]))
            .answers(json!({"type": 0, "delay": 10, "mix": 0})),
        step("cron_del", json!([{"is": "CronType.off"}])).shows(json!({"delayoff": 0})),
        step("set_name", json!([NAME])).shows(json!({"name": NAME})),
    ]);
    steps
}

/// Not ASCII, and with each character that JSON gives a meaning.
const NAME: &str = "Küche \"7\" \\ 灯: left";

/// Everything for the second light of a lamp that has one.
pub(super) fn second_light() -> Vec<Step> {
    let second = json!({"light_type": {"is": "LightType.Ambient"}});
    let step = |method, args| Step::new(method, args).with(second.clone());
    let lights = |main, second, any| json!({"main_power": main, "bg_power": second, "power": any});
    let mut steps = vec![
        Step::new("turn_off", json!([])).shows(lights("off", "on", "on")),
        step("turn_off", json!([])).shows(lights("off", "off", "off")),
        step("turn_on", json!([])).shows(lights("off", "on", "on")),
        Step::new("dev_toggle", json!([])).shows(lights("on", "on", "on")),
        step("toggle", json!([])).shows(lights("on", "off", "on")),
        step("toggle", json!([])).shows(lights("on", "on", "on")),
        step("set_brightness", json!([30])).shows(json!({"bg_bright": 30, "bright": 100})),
        // Within the main light's range, which is narrower.
        step("set_color_temp", json!([1800])).shows(json!({"bg_ct": 2700, "bg_lmode": 2})),
        step("set_rgb", json!([0, 128, 255])).shows(json!({"bg_rgb": 0x00_80_ff, "bg_lmode": 1})),
        step("set_hsv", json!([100, 50]))
            .shows(json!({"bg_hue": 100, "bg_sat": 50, "bg_lmode": 3})),
        step("start_flow", json!([flow(1, "stay")])).shows(json!({"bg_flowing": 1, "flowing": 0})),
        step("stop_flow", json!([])).shows(json!({"bg_flowing": 0})),
        step("set_default", json!([])),
        step("turn_off", json!([])).shows(json!({"bg_power": "off"})),
    ];
    steps.extend(scenes(second.clone()));
    steps
}

/// Night light, and what brightness then means.
pub(super) fn night_light() -> Vec<Step> {
    let mode = |mode: &str| json!([{"is": format!("PowerMode.{mode}")}]);
    vec![
        Step::new("set_color_temp", json!([1700])).shows(json!({"ct": 2700})),
        Step::new("set_brightness", json!([70])).shows(json!({"bright": 70, "nl_br": 0})),
        Step::new("set_power_mode", mode("MOONLIGHT"))
            .shows(json!({"active_mode": 1, "main_power": "on"})),
        Step::new("set_brightness", json!([20]))
            .shows(json!({"active_mode": 1, "nl_br": 20, "bright": 70})),
        Step::new("set_power_mode", mode("NORMAL"))
            .shows(json!({"active_mode": 0, "nl_br": 0, "bright": 70})),
    ]
}

/// What is sent for music, where nothing is answered.
pub(super) fn music() -> [Step; 4] {
    [
        Step::new("set_rgb", json!([0, 128, 255])).shows(json!({"rgb": 0x00_80_ff})),
        Step::new("set_hsv", json!([12, 34])).shows(json!({"hue": 12, "sat": 34})),
        Step::new("set_color_temp", json!([4321])).shows(json!({"ct": 4321})),
        Step::new("stop_flow", json!([])),
    ]
}

/// A scene of each class that either light takes, from a light that is off.
fn scenes(with: Value) -> Vec<Step> {
    let (names, is_main) = match with.as_object() {
        Some(with) if !with.is_empty() => ("bg_", false),
        _ => ("", true),
    };
    let scene = |class: &str, values: &[Value], shows: &[(&str, Value)]| {
        let mut args = vec![json!({"is": format!("SceneClass.{class}")})];
        args.extend_from_slice(values);
        let named = |(name, value): &(&str, Value)| {
            let name = match *name {
                "color_mode" if !is_main => String::from("bg_lmode"),
                name => format!("{names}{name}"),
            };
            (name, value.clone())
        };
        let shows = shows.iter().map(named).collect();
        Step::new("set_scene", args.into()).with(with.clone()).shows(shows)
    };
    let is = |name, value: i64| (name, Value::from(value));
    vec![
        scene(
            "COLOR",
            &[json!(0), json!(255), json!(0), json!(70)],
            &[("power", json!("on")), is("rgb", 0x00_ff_00), is("bright", 70), is("color_mode", 1)],
        ),
        scene(
            "HSV",
            &[json!(300), json!(70), json!(99)],
            &[is("hue", 300), is("sat", 70), is("bright", 99), is("color_mode", 3)],
        ),
        scene(
            "CT",
            &[json!(5400), json!(30)],
            &[is("ct", 5400), is("bright", 30), is("color_mode", 2)],
        ),
        scene(
            "CF",
            &[flow(1, "off")],
            &[is("flowing", 1), is("rgb", 0xff_00_00), is("bright", 80), is("color_mode", 1)],
        ),
    ]
}

/// A flow with a step of each kind.
fn flow(count: u32, action: &str) -> Value {
    let transition = |kind: &str, args: Value, brightness: u8| {
        let with = json!({"duration": LONG, "brightness": brightness});
        json!({"make": format!("{kind}Transition"), "args": args, "with": with})
    };
    json!({
        "make": "Flow",
        "with": {
            "count": count,
            "action": {"is": format!("Flow.actions.{action}")},
            "transitions": [
                transition("RGB", json!([255, 0, 0]), 80),
                transition("Temperature", json!([2700]), 20),
                transition("HSV", json!([0, 0]), 100),
                {"make": "SleepTransition", "args": [LONG]},
            ],
        },
    })
}
