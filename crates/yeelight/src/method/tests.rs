use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Adjustable, Direction, Limits, Method, PowerMode};
use crate::color::{Light, Rgb};
use crate::effect::Effect;
use crate::error::InvalidInput;
use crate::flow::{Flow, FlowEnd, Step};
use crate::model::Profile;
use crate::scene::Scene;

fn line(method: &Method) -> String {
    let mut line = Vec::new();
    method.write(7, &mut line);
    String::from_utf8(line).unwrap()
}

fn checked(method: Method, model: &str, limits: Limits) -> Result<String, InvalidInput> {
    let profile = if model.is_empty() { Profile::unknown() } else { Profile::of_model(model) };
    method.checked(&profile, limits).map(|method| method.params())
}

#[test]
fn the_documents_examples_are_written_to_the_byte() {
    let power = Method::SetPower {
        light: Light::Main,
        on: true,
        mode: None,
        effect: Effect::smooth(Duration::from_millis(500)),
    };
    assert_eq!(
        line(&power),
        "{\"id\":7,\"method\":\"set_power\",\"params\":[\"on\",\"smooth\",500]}\r\n"
    );
    let flow = Flow::new([
        Step::temperature(2700, Duration::from_secs(1)).bright(100),
        Step::rgb(Rgb(255), Duration::from_millis(500)).bright(10),
        Step::temperature(5000, Duration::from_millis(500)).bright(1),
    ])
    .changes(4)
    .then(FlowEnd::Off);
    let start = Method::StartFlow { light: Light::Main, flow: flow.clone() };
    assert_eq!(
        line(&start),
        "{\"id\":7,\"method\":\"start_cf\",\"params\":[4,2,\"1000,2,2700,100,500,1,255,10,500,2,5000,1\"]}\r\n"
    );
    assert_eq!(flow.duration(), Some(Duration::from_secs(3)));
}

#[test]
fn parameters_of_every_form() {
    let effect = Effect::Sudden;
    let (main, background) = (Light::Main, Light::Background);
    let name = |name: &str| Method::SetName(name.into());
    let cases = [
        (Method::GetProp(vec!["power".into(), "x\"y".into()]), "get_prop", r#"["power","x\"y"]"#),
        (
            Method::SetPower { light: main, on: true, mode: Some(PowerMode::Night), effect },
            "set_power",
            r#"["on","sudden",0,5]"#,
        ),
        (
            Method::SetPower { light: background, on: false, mode: Some(PowerMode::Night), effect },
            "bg_set_power",
            r#"["off","sudden",0]"#,
        ),
        (Method::Toggle(background), "bg_toggle", "[]"),
        (Method::DevToggle, "dev_toggle", "[]"),
        (
            Method::SetHsv { light: main, hue: 300, sat: 70, effect },
            "set_hsv",
            r#"[300,70,"sudden",0]"#,
        ),
        (
            Method::SetTemperature { light: background, kelvin: 1700, effect },
            "bg_set_ct_abx",
            r#"[1700,"sudden",0]"#,
        ),
        (
            Method::SetAdjust {
                light: main,
                direction: Direction::Circle,
                what: Adjustable::Color,
            },
            "set_adjust",
            r#"["circle","color"]"#,
        ),
        (
            Method::Adjust {
                light: main,
                what: Adjustable::Temperature,
                percent: -20,
                duration: Duration::from_millis(30),
            },
            "adjust_ct",
            "[-20,30]",
        ),
        (name("desk \"left\""), "set_name", r#"["desk \"left\""]"#),
        (name("中文"), "set_name", r#"["5Lit5paH"]"#),
        (Method::SetTimer(15), "cron_add", "[0,15]"),
        (Method::Timer, "cron_get", "[0]"),
        (Method::ClearTimer, "cron_del", "[0]"),
        (Method::SetMusic(None), "set_music", "[0]"),
        (
            Method::SetMusic(Some("192.168.0.2:54321".parse().unwrap())),
            "set_music",
            r#"[1,"192.168.0.2",54321]"#,
        ),
        (Method::SetSegments { left: Rgb(1), right: Rgb(2) }, "set_segment_rgb", "[1,2]"),
        (Method::ActivateDirectMode, "activate_fx_mode", r#"[{"mode":"direct"}]"#),
        (Method::UpdateLeds(vec![Rgb(0), Rgb(0xff_ffff)]), "update_leds", r#"["AAAA////"]"#),
        (
            Method::SetScene { light: main, scene: Scene::AutoOff { bright: 50, minutes: 5 } },
            "set_scene",
            r#"["auto_delay_off",50,5]"#,
        ),
        (
            Method::SetScene {
                light: main,
                scene: Scene::Flow(Flow::new([Step::pause(Duration::from_millis(50))])),
            },
            "set_scene",
            r#"["cf",1,0,"50,7,0,0"]"#,
        ),
        (
            Method::raw("new_thing", " [1.0 , {\"b\":\" \\\" x\", \"a\":\n1}]").unwrap(),
            "new_thing",
            r#"[1.0,{"b":" \" x","a":1}]"#,
        ),
    ];
    for (method, name, params) in cases {
        assert_eq!((method.name(), &*method.params()), (name, params));
        // Whatever it holds, it is one line of JSON.
        let line = line(&method);
        assert_eq!(line.matches('\n').count(), 1);
        serde_json::from_str::<serde_json::Value>(&line).unwrap();
    }
}

#[test]
fn values_out_of_range_are_refused_or_clamped_by_the_model() {
    let white =
        |kelvin| Method::SetTemperature { light: Light::Main, kelvin, effect: Effect::Sudden };
    let refused = |low, high, model: Option<&str>| {
        Err(InvalidInput::OutOfRange {
            what: "colour temperature",
            value: 1_700,
            low,
            high,
            model: model.map(Into::into),
        })
    };
    assert_eq!(
        checked(white(1_700), "ceiling1", Limits::Refuse),
        refused(2_700, 6_500, Some("ceiling1"))
    );
    assert_eq!(checked(white(1_700), "ceiling1", Limits::Clamp).unwrap(), "[2700,\"sudden\",0]");
    assert_eq!(checked(white(1_700), "ceiling1", Limits::Ignore).unwrap(), "[1700,\"sudden\",0]");
    assert_eq!(checked(white(1_700), "", Limits::Refuse).unwrap(), "[1700,\"sudden\",0]");
    let smooth = |millis| Method::SetBright {
        light: Light::Main,
        bright: 0,
        effect: Effect::smooth(Duration::from_millis(millis)),
    };
    assert!(checked(smooth(30), "", Limits::Refuse).is_err());
    assert_eq!(checked(smooth(29), "", Limits::Clamp).unwrap(), "[1,\"smooth\",30]");
    let message = checked(white(1_700), "ceiling1", Limits::Refuse).unwrap_err();
    assert_eq!(
        message.to_string(),
        "colour temperature 1700 is out of range, the model ceiling1 takes 2700 to 6500"
    );
}

#[test]
fn what_a_bulb_does_not_have_is_not_sent() {
    let rgb = Method::SetRgb { light: Light::Main, rgb: Rgb(255), effect: Effect::Sudden };
    assert!(matches!(
        checked(rgb.clone(), "mono", Limits::Clamp),
        Err(InvalidInput::NotSupported { .. })
    ));
    assert!(checked(rgb.clone(), "mono", Limits::Ignore).is_ok());
    let listed = Profile::of_bulb("color", ["set_power"]);
    assert!(rgb.checked(&listed, Limits::Refuse).is_err());
    assert!(Method::raw("anything", "[]").unwrap().checked(&listed, Limits::Refuse).is_ok());
}

#[test]
fn white_lights_are_asked_for_no_colors() {
    let second = Duration::from_secs(1);
    let scene = |light, scene| Method::SetScene { light, scene };
    let colors = |light| {
        let red =
            || Flow::new([Step::temperature(4_000, second), Step::rgb(Rgb(0xff_0000), second)]);
        let on =
            |mode| Method::SetPower { light, on: true, mode: Some(mode), effect: Effect::Sudden };
        [
            Method::StartFlow { light, flow: red() },
            scene(light, Scene::Flow(red())),
            scene(light, Scene::Rgb { rgb: Rgb(1), bright: 1 }),
            scene(light, Scene::Hsv { hue: 1, sat: 1, bright: 1 }),
            on(PowerMode::Rgb),
            on(PowerMode::Hsv),
        ]
    };
    for limits in [Limits::Refuse, Limits::Clamp] {
        for method in colors(Light::Main) {
            let model = Some("ceiling4".into());
            assert_eq!(checked(method, "ceiling4", limits), Err(InvalidInput::NoColor { model }));
        }
        for method in colors(Light::Background) {
            assert!(checked(method, "ceiling4", limits).is_ok());
        }
    }
    for method in colors(Light::Main) {
        assert!(checked(method.clone(), "ceiling4", Limits::Ignore).is_ok());
        assert!(checked(method.clone(), "color4", Limits::Refuse).is_ok());
        assert!(checked(method, "", Limits::Refuse).is_ok());
    }
    let white = Flow::new([Step::temperature(4_000, second), Step::pause(second)]);
    assert!(checked(scene(Light::Main, Scene::Flow(white)), "ceiling4", Limits::Refuse).is_ok());
}

#[test]
fn impossible_commands_are_refused_whatever_the_limits() {
    for limits in [Limits::Refuse, Limits::Clamp, Limits::Ignore] {
        let refuse = |method: Method| checked(method, "", limits).unwrap_err();
        assert_eq!(refuse(Method::GetProp(vec![])), InvalidInput::NoProperties);
        assert_eq!(
            refuse(Method::SetName("x".repeat(65))),
            InvalidInput::NameTooLong { length: 65 }
        );
        // Counted as it is sent: 17 characters of three bytes are 68 of BASE64.
        assert_eq!(
            refuse(Method::SetName("中".repeat(17))),
            InvalidInput::NameTooLong { length: 68 }
        );
        let color = Method::SetAdjust {
            light: Light::Main,
            direction: Direction::Increase,
            what: Adjustable::Color,
        };
        assert_eq!(refuse(color), InvalidInput::ColorAdjust);
        assert_eq!(
            refuse(Method::StartFlow { light: Light::Main, flow: Flow::new([]) }),
            InvalidInput::NoSteps
        );
        let leds = Method::UpdateLeds(vec![Rgb(1); 5_000]);
        assert!(matches!(refuse(leds), InvalidInput::TooLong { .. }));
    }
    assert_eq!(Method::raw("", "[]"), Err(InvalidInput::MethodName));
    assert_eq!(Method::raw("a\"b", "[]"), Err(InvalidInput::MethodName));
    for params in ["", "{}", "1", "[1", "[] []"] {
        assert_eq!(Method::raw("a", params), Err(InvalidInput::Params), "{params}");
    }
}
