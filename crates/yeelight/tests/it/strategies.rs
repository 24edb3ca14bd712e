//! Anything that can be said in the protocol, for property tests.

use std::net::SocketAddrV4;
use std::time::Duration;

use iot_home_yeelight::{
    Adjustable, Direction, Effect, Flow, FlowEnd, Light, Method, PowerMode, Profile, Property, Rgb,
    Scene, Step,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

/// Of any length, mostly one that bulbs take.
fn duration() -> impl Strategy<Value = Duration> + Clone {
    prop_oneof![
        8 => (30..100_000_u64).prop_map(Duration::from_millis),
        1 => (0..60_000_u64).prop_map(Duration::from_micros),
        1 => (0x7fff_fff0..0x8000_0010_u64).prop_map(Duration::from_millis),
        1 => any::<Duration>(),
    ]
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![Just(Effect::Sudden), duration().prop_map(Effect::smooth)]
}

fn light() -> impl Strategy<Value = Light> {
    select(&[Light::Main, Light::Background][..])
}

fn rgb() -> impl Strategy<Value = Rgb> {
    prop_oneof![4 => 0..0x100_0001_u32, 1 => any::<u32>()].prop_map(Rgb)
}

fn kelvin() -> impl Strategy<Value = u16> {
    prop_oneof![4 => 1_690..6_510_u16, 1 => any::<u16>()]
}

fn percent() -> impl Strategy<Value = u8> {
    prop_oneof![4 => 0..102_u8, 1 => any::<u8>()]
}

fn step(duration: impl Strategy<Value = Duration> + Clone) -> impl Strategy<Value = Step> {
    let change = prop_oneof![
        (rgb(), duration.clone()).prop_map(|(rgb, duration)| Step::rgb(rgb, duration)),
        (kelvin(), duration.clone()).prop_map(|(ct, duration)| Step::temperature(ct, duration)),
        duration.prop_map(Step::pause),
    ];
    (change, proptest::option::of(percent()))
        .prop_map(|(step, bright)| bright.map_or(step, |bright| step.bright(bright)))
}

fn flow_of(step: impl Strategy<Value = Step>) -> impl Strategy<Value = Flow> {
    let end = select(&[FlowEnd::Restore, FlowEnd::Stay, FlowEnd::Off][..]);
    (vec(step, 0..12), any::<u32>(), 0..4_u8, end).prop_map(|(steps, number, count, end)| {
        let flow = Flow::new(steps).then(end);
        match count {
            0 => flow.forever(),
            1 => flow.changes(number),
            2 => flow.rounds(number % 100),
            _ => flow,
        }
    })
}

/// Any flow, sound or not.
pub(crate) fn flow() -> impl Strategy<Value = Flow> {
    flow_of(step(duration()))
}

/// A flow whose durations are of whole milliseconds, as they are written.
pub(crate) fn written_flow() -> impl Strategy<Value = Flow> {
    flow_of(step((0..=u32::MAX).prop_map(|millis| Duration::from_millis(millis.into()))))
}

fn scene() -> impl Strategy<Value = Scene> {
    prop_oneof![
        (rgb(), percent()).prop_map(|(rgb, bright)| Scene::Rgb { rgb, bright }),
        (0..400_u16, 0..110_u8, percent()).prop_map(|(hue, sat, bright)| Scene::Hsv {
            hue,
            sat,
            bright
        }),
        (kelvin(), percent()).prop_map(|(kelvin, bright)| Scene::Temperature { kelvin, bright }),
        flow().prop_map(Scene::Flow),
        (percent(), any::<u16>()).prop_map(|(bright, minutes)| Scene::AutoOff { bright, minutes }),
    ]
}

pub(crate) fn property() -> impl Strategy<Value = Property> {
    let known: Vec<_> = Property::known().collect();
    prop_oneof![3 => select(known), 1 => ".{0,20}".prop_map(|name| Property::from(&*name))]
}

/// Any JSON, not too deep.
pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        // Such as are the same however they are read.
        any::<i16>().prop_map(|eighths| (f64::from(eighths) / 8.0).into()),
        ".{0,12}".prop_map(Into::into),
        select(&["ok", "on", "off", "", "5"][..]).prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((".{0,6}", inner), 0..4).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// Any method, within its ranges or not.
pub(crate) fn method() -> impl Strategy<Value = Method> {
    let modes = [
        PowerMode::Last,
        PowerMode::Temperature,
        PowerMode::Rgb,
        PowerMode::Hsv,
        PowerMode::Flow,
        PowerMode::Night,
    ];
    let what = || select(&[Adjustable::Bright, Adjustable::Temperature, Adjustable::Color][..]);
    let direction = select(&[Direction::Increase, Direction::Decrease, Direction::Circle][..]);
    let numbers = prop_oneof![
        (light(), percent(), effect()).prop_map(|(light, bright, effect)| Method::SetBright {
            light,
            bright,
            effect
        }),
        (light(), kelvin(), effect()).prop_map(|(light, kelvin, effect)| Method::SetTemperature {
            light,
            kelvin,
            effect
        }),
        (light(), rgb(), effect()).prop_map(|(light, rgb, effect)| Method::SetRgb {
            light,
            rgb,
            effect
        }),
        (light(), 0..400_u16, 0..110_u8, effect())
            .prop_map(|(light, hue, sat, effect)| Method::SetHsv { light, hue, sat, effect }),
        (light(), what(), any::<i8>(), duration()).prop_map(|(light, what, percent, duration)| {
            Method::Adjust { light, what, percent, duration }
        }),
        any::<u16>().prop_map(Method::SetTimer),
        (rgb(), rgb()).prop_map(|(left, right)| Method::SetSegments { left, right }),
        prop_oneof![6 => vec(rgb(), 0..40), 1 => vec(rgb(), 4_050..4_120)]
            .prop_map(Method::UpdateLeds),
    ];
    let others = prop_oneof![
        prop_oneof![6 => vec(property(), 0..8), 1 => vec(property(), 60..68)]
            .prop_map(Method::GetProp),
        (light(), any::<bool>(), proptest::option::of(select(modes.to_vec())), effect())
            .prop_map(|(light, on, mode, effect)| Method::SetPower { light, on, mode, effect }),
        light().prop_map(Method::Toggle),
        Just(Method::DevToggle),
        (light(), flow()).prop_map(|(light, flow)| Method::StartFlow { light, flow }),
        light().prop_map(Method::StopFlow),
        (light(), scene()).prop_map(|(light, scene)| Method::SetScene { light, scene }),
        light().prop_map(Method::SetDefault),
        (light(), direction, what()).prop_map(|(light, direction, what)| Method::SetAdjust {
            light,
            direction,
            what
        }),
        ".{0,24}".prop_map(Method::SetName),
        "[ -~]{0,70}".prop_map(Method::SetName),
        Just(Method::Timer),
        Just(Method::ClearTimer),
        proptest::option::of(any::<(u32, u16)>()).prop_map(|addr| {
            Method::SetMusic(addr.map(|(ip, port)| SocketAddrV4::new(ip.into(), port)))
        }),
        Just(Method::ActivateDirectMode),
        ("[a-zA-Z0-9_.-]{1,64}", vec(json(), 0..4)).prop_map(|(name, params)| {
            Method::raw(&name, &format!(" {:#} ", Value::from(params))).unwrap()
        }),
        (0..20_000_usize).prop_map(|length| {
            Method::raw("long", &format!("[\"{}\"]", "x".repeat(length))).unwrap()
        }),
    ];
    prop_oneof![numbers, others]
}

/// What may be known of a bulb.
pub(crate) fn profile() -> impl Strategy<Value = Profile> {
    let models = ["mono", "ct_bulb", "color4", "ceiling4", "ceiling22", "lamp15", "lamp3", "new9"];
    let methods = ["set_power", "set_rgb", "bg_set_power", "set_ct_abx", "start_cf", "toggle"];
    let support = proptest::sample::subsequence(methods.to_vec(), 0..=methods.len());
    prop_oneof![
        1 => Just(Profile::unknown()),
        3 => select(models.to_vec()).prop_map(Profile::of_model),
        2 => (select(models.to_vec()), support)
            .prop_map(|(model, support)| Profile::of_bulb(model, support)),
    ]
}
