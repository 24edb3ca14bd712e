use std::collections::BTreeSet;
use std::sync::LazyLock;

use iot_home_core::PropertyId;
use iot_home_lumi::Values;
use iot_home_miot::{Format, Property};
use iot_home_yeelight::{Effect, Light, Method, Profile, PropertyValue, Rgb, State};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Classic, Request, family};

/// A model of each sort that the data tells apart, wildcards among them filled in.
fn models() -> impl Iterator<Item = String> {
    Classic::models().map(|model| model.replace('*', "ceiling4"))
}

fn of(model: &str) -> Classic {
    Classic::of_model(model).unwrap_or_else(|| panic!("{model} is not known"))
}

fn properties(classic: &Classic) -> impl Iterator<Item = &Property> {
    classic.spec().instance().services.iter().flat_map(|service| &service.properties)
}

/// What every property test goes through; a map of each model would take long.
static EVERY: LazyLock<Vec<Classic>> = LazyLock::new(|| {
    let models = family::all().iter().filter_map(|family| family.models.keys().last());
    models.map(|model| of(&model.replace('*', "ceiling4"))).collect()
});

/// Some values that a property may have.
fn values(property: &Property) -> Vec<Value> {
    if !property.list.is_empty() {
        return property.list.iter().map(|item| item.value.clone()).collect();
    }
    match (&property.format, &property.range) {
        (Format::Bool, _) => vec![false.into(), true.into()],
        (_, Some(range)) => vec![range.min.clone().into(), range.max.clone().into()],
        _ => vec![0.into(), 1800.into()],
    }
}

/// What a device tells once it was sent this, in the order of the question.
fn echoed(classic: &Classic, property: &Property, request: &Request) -> Value {
    let sent = match &*request.method {
        on if on.ends_with("_on") => json!(true),
        off if off.ends_with("_off") && request.params == json!([]) => json!(false),
        _ => request.params.get(if property.name == "light:mode" { 3 } else { 0 }).unwrap().clone(),
    };
    // What is sent and what is told differ for the night light of a bulb only.
    let item = property.list.iter().find(|item| item.extra.get("send") == Some(&sent));
    let told = item.map_or(sent, |item| item.extra["wire"].clone());
    let wire = &classic.wires[&property.id];
    match (&*wire.ask, wire.names.as_slice()) {
        ("get_prop", names) => names.iter().map(|_| told.clone()).collect(),
        (_, []) => json!([told]),
        (_, [name, ..]) => json!([{ name: told }]),
    }
}

#[test]
fn what_gateways_tell_is_sound() {
    assert_eq!(family::lumi().len(), 12, "data that cannot be read is left out");
    let mut models = BTreeSet::new();
    for family in family::lumi() {
        for model in family.models.keys() {
            assert!(models.insert(model), "{model} is there twice");
            let map = Classic::of_lumi(&model.replace('*', "")).expect("it is known");
            for property in properties(&map) {
                let wire = &map.wires[&property.id];
                assert!(!wire.names.is_empty() && property.access.read, "{}", property.name);
            }
        }
    }
    let told = |model: &str, name: &str, values: Values| {
        let map = Classic::of_lumi(model).unwrap();
        map.of_values(map.spec().property(name).unwrap().id, &values)
    };
    let status = |word: &str| Values::new().with("status", word);
    assert_eq!(told("magnet", "magnet-sensor:open", status("open")), Some(json!(true)));
    assert_eq!(told("lumi.sensor_magnet.aq2", "open", status("close")), Some(json!(false)));
    assert_eq!(told("plug", "switch:on", status("unknown")), None);
    assert_eq!(told("plug", "switch:on", Values::new()), None);
    let weather = Values::new().with("temperature", "-350").with("humidity", 4512);
    assert_eq!(told("weather.v1", "environment:temperature", weather.clone()), Some(json!(-3.5)));
    assert_eq!(told("weather.v1", "relative-humidity", weather), Some(json!(45.12)));
    let voltage = Values::new().with("voltage", "2985");
    assert_eq!(told("nobody.knows", "battery:voltage", voltage), Some(json!(2985)));

    let plug = Classic::of_lumi("plug").unwrap();
    let on = plug.spec().property("switch:on").unwrap();
    let request = plug.write(on, &json!(true)).unwrap();
    assert_eq!((&*request.method, request.params), ("status", json!(["on"])));
    let newer = Classic::of_lumi("lumi.plug.mmeu01").unwrap();
    let request = newer.write(newer.spec().property("switch:on").unwrap(), &json!(false)).unwrap();
    assert_eq!(
        (&*request.method, request.params),
        ("status", json!(["off"])),
        "as the cloud calls it"
    );
    let wall = Classic::of_lumi("lumi.ctrl_86plug.aq1").unwrap();
    let request = wall.write(wall.spec().property("switch:on").unwrap(), &json!(true)).unwrap();
    assert_eq!((&*request.method, request.params), ("channel_0", json!(["on"])));
    let button = Classic::of_lumi("switch").unwrap();
    assert!(button.is_event(button.spec().property("button:event").unwrap().id));
    assert!(!plug.is_event(on.id));
}

#[test]
fn the_data_is_sound() {
    assert_eq!(family::all().len(), 14, "a file that cannot be read is left out");
    let mut models = BTreeSet::new();
    for family in family::all() {
        assert!(!family.source.is_empty());
        for (model, limit) in &family.models {
            assert!(models.insert(model), "{model} is there twice");
            assert!(*limit > 0);
        }
        for item in &family.properties {
            for model in item.only.iter().chain(&item.not) {
                assert!(family.models.contains_key(model), "{}: {model}", item.name);
            }
            let sets = item.set.is_some() || item.on.is_some();
            assert!(item.divide.is_none() || !sets, "{}: units are not put back", item.name);
            assert_eq!(item.name.split(':').count(), 2, "{}", item.name);
        }
    }
}

#[test]
fn every_model_has_its_properties_once() {
    for model in models() {
        let classic = of(&model);
        assert_eq!(classic.spec().instance().left_out, 0, "{model}");
        let mut names = BTreeSet::new();
        for property in properties(&classic) {
            assert!(names.insert(&property.name), "{model}: {} twice", property.name);
            assert!(!matches!(property.format, Format::Other(_)), "{model}: {}", property.name);
            assert!(property.access.read, "{model}: {}", property.name);
            let found = classic.spec().property(&property.name).unwrap();
            assert_eq!(found.id, property.id);
        }
        assert!(!names.is_empty());
        for action in classic.spec().instance().services.iter().flat_map(|of| &of.actions) {
            assert!(classic.run(action).is_some_and(|request| !request.method.is_empty()));
            assert_eq!(classic.spec().action(&action.name).unwrap().id, action.id);
        }
    }
}

#[test]
fn what_is_written_is_read_again() {
    let mut written = 0;
    for model in models() {
        let classic = of(&model);
        for property in properties(&classic).filter(|property| property.access.write) {
            for value in values(property) {
                let request = classic.write(property, &value).unwrap();
                let questions = classic.read([property.id], 1);
                let [question] = questions.as_slice() else { panic!("{questions:?}") };
                let told = echoed(&classic, property, &request);
                let read = classic.answers(question, &told);
                let expected = Some(vec![(property.id, Some(value))]);
                assert_eq!(read, expected, "{model}: {}, told {told}", property.name);
                written += 1;
            }
        }
    }
    assert!(written > 500, "{written}");
}

#[test]
fn what_firmware_sends_is_understood() {
    for (model, name, told, is) in [
        ("zhimi.humidifier.v1", "humidifier:on", json!(["on"]), json!(true)),
        ("zhimi.humidifier.v1", "environment:temperature", json!([294]), json!(29.4)),
        ("zhimi.humidifier.v1", "indicator-light:brightness", json!([0]), json!("bright")),
        ("zhimi.humidifier.ca1", "indicator-light:brightness", json!(["2"]), json!("off")),
        ("zhimi.humidifier.v1", "humidifier:target-humidity", json!(["40"]), json!(40)),
        ("deerma.humidifier.mjjsq", "humidifier:on", json!([1]), json!(true)),
        ("deerma.humidifier.mjjsq", "humidifier:mode", json!([4]), json!("humidity")),
        ("zhimi.airpurifier.m1", "environment:pm2.5-density", json!([10]), json!(10)),
        ("zhimi.airpurifier.v7", "environment:temperature", json!([223]), json!(22.3)),
        ("zhimi.fan.za4", "alarm:alarm", json!([2]), json!(true)),
        ("zhimi.fan.za4", "alarm:alarm", json!([1]), json!(true)),
        ("zhimi.fan.za4", "alarm:alarm", json!([0]), json!(false)),
        ("chuangmi.plug.v1", "switch:on", json!([true]), json!(true)),
        ("chuangmi.plug.v3", "power-consumption:electric-power", json!([300]), json!(3.0)),
        ("philips.light.hbulb", "light:brightness", json!([55]), json!(55)),
        ("rockrobo.vacuum.v1", "speaker:volume", json!([90]), json!(90)),
        ("rockrobo.vacuum.v1", "vacuum:status", json!([{"state": 8}]), json!("charging")),
        ("roborock.vacuum.s6", "vacuum:status", json!({"state": "5"}), json!("sweeping")),
        ("roborock.vacuum.s6", "vacuum:status", json!([{"state": 77}]), json!("77")),
        (
            "roborock.vacuum.s6",
            "vacuum:cleaning-area",
            json!([{"clean_area": 8_115_000}]),
            json!(8.115),
        ),
        ("lumi.gateway.v3", "arming:on", json!(["off"]), json!(false)),
        ("yeelink.light.color4", "light:color", json!(["16711680"]), json!(16_711_680)),
        ("yeelink.light.ceiling4", "light:on", json!(["off", "on"]), json!(false)),
        ("yeelink.light.ceiling4", "light:on", json!(["", "on"]), json!(true)),
        ("yeelink.light.ceiling4", "light:mode", json!(["1"]), json!("night")),
    ] {
        let classic = of(model);
        let id = classic.spec().property(name).unwrap().id;
        let questions = classic.read([id], 15);
        let read = classic.answers(&questions[0], &told);
        assert_eq!(read, Some(vec![(id, Some(is))]), "{model}: {name} {told}");
    }
}

#[test]
fn values_that_a_model_has_not_are_refused() {
    for (model, name, value, why) in [
        (
            "zhimi.humidifier.v1",
            "humidifier:on",
            json!(1),
            "1 is not of its format; allowed is true or false",
        ),
        ("zhimi.humidifier.v1", "humidifier:mode", json!("auto"), "is not one of its values"),
        ("zhimi.humidifier.v1", "humidifier:target-humidity", json!(90), "30 to 80 in steps of 10"),
        ("zhimi.humidifier.v1", "environment:temperature", json!(20), "cannot be written"),
        (
            "zhimi.humidifier.v1",
            "indicator-light:brightness",
            json!(0),
            "\"bright\", \"dim\", \"off\"",
        ),
        ("yeelink.light.ceiling4", "light:color-temperature", json!(1700), "2700 to 6500"),
        ("yeelink.light.color4", "light:color", json!(0), "1 to 16777215"),
        ("rockrobo.vacuum.v1", "speaker:volume", json!(101), "0 to 100"),
    ] {
        let classic = of(model);
        let property = classic.spec().property(name).unwrap();
        let error = classic.write(property, &value).unwrap_err().to_string();
        assert!(error.starts_with(name) && error.contains(why), "{error}");
        assert!(!error.contains('('), "the numbers are no device's: {error}");
    }
    let classic = of("zhimi.humidifier.ca1");
    let mode = classic.spec().property("mode").unwrap();
    assert_eq!(classic.write(mode, &json!(" Auto ")).unwrap().params, json!(["auto"]));
}

#[test]
fn a_property_of_another_map_is_not_written() {
    let bulb = of("yeelink.light.ceiling4");
    let flowing = bulb.spec().property("ambient-light:color").unwrap();
    let plug = of("chuangmi.plug.m1");
    let error = plug.write(flowing, &json!(1)).unwrap_err();
    assert_eq!(error.to_string(), "ambient-light:color cannot be written");
    let toggle = bulb.spec().action("light:toggle").unwrap();
    assert!(plug.run(toggle).is_none());
}

#[test]
fn no_model_is_asked_for_more_than_it_takes() {
    for model in models() {
        let classic = of(&model);
        for most in [1, 3, usize::MAX] {
            let all: Vec<PropertyId> = properties(&classic).map(|property| property.id).collect();
            let questions = classic.read(all.iter().chain(&all).copied(), most);
            let mut asked = Vec::new();
            for question in &questions {
                let names = question.request().params.as_array().unwrap().len();
                let alone = question.properties().len() == 1;
                assert!(
                    names <= most.min(classic.limit()) || alone && names == 2,
                    "{model}: {names}"
                );
                asked.extend_from_slice(question.properties());
            }
            asked.sort_unstable();
            assert_eq!(asked, all, "{model}: each once");
        }
    }
    assert_eq!(of("zhimi.humidifier.ca1").limit(), 1);
    assert_eq!(
        of("rockrobo.vacuum.v1").read([PropertyId::new(0, 1), PropertyId::new(0, 2)], 1).len(),
        1
    );
}

#[test]
fn an_answer_that_does_not_fit_is_told_apart_from_one_without_a_value() {
    let classic = of("zhimi.airpurifier.m1");
    let ids = [PropertyId::new(0, 1), PropertyId::new(0, 5)];
    let questions = classic.read(ids, 15);
    for short in
        [json!([]), json!(["on"]), json!(["on", 1, 2]), json!("on"), json!(null), json!({})]
    {
        assert_eq!(classic.answers(&questions[0], &short), None, "{short}");
    }
    let read = classic.answers(&questions[0], &json!(["on", null]));
    assert_eq!(read, Some(vec![(ids[0], Some(json!(true))), (ids[1], None)]));
    let one = classic.read([ids[0]], 1);
    assert_eq!(classic.answers(&one[0], &json!([])), Some(vec![(ids[0], None)]));

    let vacuum = of("roborock.vacuum.s5");
    let status = vacuum.read([vacuum.spec().property("vacuum:status").unwrap().id], 1);
    assert_eq!(vacuum.answers(&status[0], &json!(["unknown_method"])), None);
    assert_eq!(vacuum.answers(&status[0], &json!([])), None);
}

#[test]
fn the_more_exact_name_counts() {
    let about = |model: &str| of(model).spec().instance().description.clone();
    assert_eq!(about("rockrobo.vacuum.v1"), "Vacuum cleaners by Roborock");
    assert_eq!(about("yeelink.light.brandnew"), "Yeelight");
    for unknown in [
        "",
        "*",
        "roborock.vacuum",
        "zhimi.fan.za5",
        "zhimi.humidifier.v12",
        "yeelink.bhf_light.v1",
    ] {
        assert!(Classic::of_model(unknown).is_none(), "{unknown}");
    }
}

#[test]
fn a_bulb_has_what_its_model_has() {
    let has = |model: &str, name: &str| of(model).spec().property(name).is_ok();
    for (model, color, temperature, second, night) in [
        ("yeelink.light.color4", true, true, false, false),
        ("yeelink.light.mono1", false, false, false, false),
        ("yeelink.light.ceiling4", false, true, true, true),
        ("yeelink.light.brandnew", true, true, false, false),
    ] {
        assert_eq!(has(model, "light:color"), color, "{model}");
        assert_eq!(has(model, "light:color-temperature"), temperature, "{model}");
        assert_eq!(has(model, "ambient-light:color"), second, "{model}");
        assert_eq!(has(model, "light:mode"), night, "{model}");
        assert_eq!(
            of(model).run(of(model).spec().action("light:toggle").unwrap()).unwrap().method,
            "toggle"
        );
    }
    let listed =
        Classic::of_bulb(&Profile::of_bulb("brandnew", ["set_power", "set_ct_abx"])).unwrap();
    assert!(listed.spec().property("light:color").is_err());
    let range = listed.spec().property("light:color-temperature").unwrap().range.clone().unwrap();
    assert_eq!((range.min.as_u64(), range.max.as_u64()), (Some(2_700), Some(6_500)));
}

#[test]
fn one_table_serves_both_protocols_of_a_bulb() {
    let effect = Effect::Sudden;
    for (name, value, method) in [
        (
            "light:on",
            json!(true),
            Method::SetPower { light: Light::Main, on: true, mode: None, effect },
        ),
        (
            "ambient-light:on",
            json!(false),
            Method::SetPower { light: Light::Background, on: false, mode: None, effect },
        ),
        (
            "light:brightness",
            json!(40),
            Method::SetBright { light: Light::Main, bright: 40, effect },
        ),
        (
            "light:color-temperature",
            json!(4000),
            Method::SetTemperature { light: Light::Main, kelvin: 4000, effect },
        ),
        (
            "ambient-light:color",
            json!(255),
            Method::SetRgb { light: Light::Background, rgb: Rgb(255), effect },
        ),
        ("light:mode", json!("night"), Method::raw("set_power", r#"["on","sudden",0,5]"#).unwrap()),
    ] {
        let classic = of("yeelink.light.ceiling4");
        let request = classic.write(classic.spec().property(name).unwrap(), &value).unwrap();
        let typed = request.to_bulb().unwrap();
        assert_eq!(typed, method, "{name}");
        assert_eq!((typed.name(), typed.params()), (&*request.method, request.params.to_string()));
    }
    let classic = of("yeelink.light.color4");
    for action in classic.spec().instance().services.iter().flat_map(|service| &service.actions) {
        let request = classic.run(action).unwrap();
        assert_eq!(request.to_bulb().unwrap().name(), request.method);
    }
    let on = classic.spec().property("light:on").unwrap().id;
    let questions = classic.read([on], 25);
    assert!(
        matches!(questions[0].request().to_bulb(), Ok(Method::GetProp(names)) if names.len() == 1)
    );
    let enable = Request::enable_lan_control();
    assert_eq!((&*enable.method, enable.params), ("set_ps", json!(["cfg_lan_ctrl", "1"])));
}

#[test]
fn a_bulbs_state_has_the_same_names() {
    let classic = of("yeelink.light.ceiling4");
    let mut state = State::default();
    let heard = |name: &str, text: &str| {
        let property = name.into();
        let value = PropertyValue::from_text(&property, text);
        (property, value)
    };
    state.merge([
        heard("power", "on"),
        heard("main_power", "off"),
        heard("ct", ""),
        heard("bg_rgb", "255"),
    ]);
    let value = |name: &str| classic.of_state(classic.spec().property(name).unwrap(), &state);
    assert_eq!(value("light:on"), Some(json!(false)), "power covers both lights");
    assert_eq!(value("light:color-temperature"), None);
    assert_eq!(value("light:brightness"), None);
    assert_eq!(value("ambient-light:color"), Some(json!(255)));
    let changed: Vec<_> = classic.read_from("main_power").map(|property| &*property.name).collect();
    assert_eq!(changed, ["light:on"]);
    assert_eq!(classic.read_from("nonsense").count(), 0);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0_i64..130).prop_map(Value::from),
        "on|off|auto|[0-9]{1,3}|\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let key = "state|battery|fan_power|[a-z_]{1,8}";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..6).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_answer_does_harm(told in any_json(), names in prop::collection::vec(any_json(), 1..26)) {
        for classic in EVERY.iter() {
            let ids: Vec<_> = properties(classic).map(|property| property.id).collect();
            for question in classic.read(ids.iter().copied(), usize::MAX) {
                classic.answers(&question, &told);
                let asked = question.request().params.as_array().map_or(0, Vec::len);
                let answer: Vec<_> = names.iter().cycle().take(asked).cloned().collect();
                for (id, value) in classic.answers(&question, &answer.into()).into_iter().flatten() {
                    let property = classic.spec().property_by_id(id).unwrap();
                    // Whatever is understood is of the property's format.
                    prop_assert!(value.is_none_or(|value| property.coerce(&value) == Some(value)));
                }
            }
        }
    }

    #[test]
    fn only_values_of_the_property_are_sent(value in any_json()) {
        for classic in EVERY.iter() {
            for property in properties(classic) {
                if let Ok(request) = classic.write(property, &value) {
                    prop_assert!(!request.params.to_string().contains('$'));
                    prop_assert!(property.access.write);
                    if property.list.is_empty() {
                        prop_assert!(property.check(&value).is_ok());
                    }
                }
            }
        }
    }

    #[test]
    fn no_request_is_too_odd_for_a_bulb(method in "[a-z_]{0,12}|set_power|bg_set_rgb", params in any_json()) {
        let _ = Request { method, params }.to_bulb();
    }
}
