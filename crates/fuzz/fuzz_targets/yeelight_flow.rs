//! Any text as a flow: what was read is what is written, `check` knows the ranges, and what is clamped is sound.
#![no_main]

use iot_home_yeelight::flow::StepChange;
use iot_home_yeelight::method::Limits;
use iot_home_yeelight::{Flow, InvalidInput, Light, Method, ParseFlowError, Profile, Step};
use libfuzzer_sys::fuzz_target;

const RANGES: [(u16, u16); 3] = [(1_700, 6_500), (2_700, 2_700), (0, u16::MAX)];

/// What the protocol says of a step.
fn is_sound(step: &Step, (low, high): (u16, u16)) -> bool {
    let value = match step.change() {
        StepChange::Rgb(rgb) => (1..=0xff_ffff).contains(&rgb.0),
        StepChange::Temperature(kelvin) => (low..=high).contains(&kelvin),
        StepChange::Pause => true,
    };
    let bright = step.brightness().is_none_or(|bright| (1..=100).contains(&bright));
    value && bright && (50..=0x7fff_ffff).contains(&step.duration().as_millis())
}

fuzz_target!(|text: &str| {
    let fields = text.split(',').count();
    let flow = match text.parse::<Flow>() {
        Ok(flow) => flow,
        Err(ParseFlowError::Number { field }) => return assert!(field < fields),
        Err(ParseFlowError::Step { step }) => return assert!(4 * step + 2 < fields),
        Err(_) => return assert!(fields < 2 || !(fields - 2).is_multiple_of(4)),
    };
    assert_eq!(fields, 2 + 4 * flow.steps().len());
    let written = flow.to_string();
    assert_eq!(written.parse().as_ref(), Ok(&flow));
    assert!(written.ends_with(&flow.expression()));
    let _ = (flow.duration(), format!("{flow:?}"));

    for range in RANGES {
        let sound = flow.steps().iter().all(|step| is_sound(step, range));
        let sound = sound && !flow.steps().is_empty() && flow.change_count() <= 0x7fff_ffff;
        assert_eq!(flow.check(range).is_ok(), sound, "{written}");
        let clamped = flow.clone().clamped(range);
        let expected = match flow.steps() {
            [] => Err(InvalidInput::NoSteps),
            _ => Ok(()),
        };
        assert_eq!(clamped.check(range), expected);
        assert!(!sound || clamped == flow, "what is sound stays as it is");
        assert_eq!(clamped.to_string().parse().as_ref(), Ok(&clamped));
    }

    let method = Method::StartFlow { light: Light::Main, flow };
    if let Ok(method) = method.checked(&Profile::of_model("color4"), Limits::Clamp) {
        let mut line = Vec::new();
        method.write(1, &mut line);
        let read: serde_json::Value = serde_json::from_slice(&line).expect("a line of JSON");
        assert!(read["params"][2].is_string() && line.len() <= 16 * 1024);
    }
});
