//! A day in the life of a bulb: what is legal breaks no rule of a strict one, and what the session believes is
//! what the bulb shows.

use std::time::Duration;

use iot_home_sim::SimBulb;
use iot_home_sim::yeelight::{Faults, Machine};
use iot_home_yeelight::session::Config;
use iot_home_yeelight::{DeviceError, Failure, Light, Method, Property};

use crate::link::Link;
use crate::user::{Lamp, User};

const DAY: Duration = Duration::from_secs(86_400);

fn is_playing(machine: &Machine) -> bool {
    ["flowing", "bg_flowing"].iter().any(|name| machine.property(name) == Some(1.into()))
}

/// What a flow changes.
const LOOK: [&str; 13] = [
    "active_bright",
    "bright",
    "ct",
    "rgb",
    "hue",
    "sat",
    "color_mode",
    "bg_bright",
    "bg_ct",
    "bg_rgb",
    "bg_hue",
    "bg_sat",
    "bg_lmode",
];

const MODELS: [&str; 7] =
    ["color4", "ceiling4", "lamp15", "CubeLite", "mono", "ct_bulb", "bslamp2"];

/// Nothing goes wrong but that the connection is lost now and then.
#[test]
fn a_day_of_legal_commands_breaks_no_rule_and_the_session_knows_the_bulb() {
    for (seed, model) in (1..).zip(MODELS) {
        let mut user = User::new(seed);
        let mut link = Link::new(Config::default(), SimBulb::of_model(model).build().unwrap());
        let began = link.now();
        let (mut calls, mut compared, mut played) = (0, 0, false);
        while link.now().saturating_since(began) < DAY {
            match user.below(40) {
                0 => {
                    link.touch(Machine::reset_connections);
                    // For as long as a new connection takes, there is nothing to see.
                    link.idle(Duration::from_secs(5));
                }
                1 => {
                    link.touch(Machine::power_cycle);
                    link.idle(Duration::from_secs(5));
                }
                2..6 => user.hand(&mut link, 4),
                // More than the quota at once; these work whatever the lamp does meanwhile.
                6 => {
                    let burst = user.within::<usize>(50, 200);
                    let burst: Vec<_> = (0..burst)
                        .map(|_| link.start(Method::Toggle(Light::Main)).unwrap())
                        .collect();
                    for call in burst {
                        link.finish(call).unwrap();
                        calls += 1;
                    }
                    link.idle(Duration::from_secs(70));
                }
                _ => {
                    let method = user.command(&link.machine);
                    let (ended, took) = link.call(method.clone());
                    println!(
                        "{:?} {method:?} mbright={:?} sbright={:?} am={:?}",
                        link.now(),
                        link.machine.property("bright"),
                        link.session.state().brightness(Light::Main),
                        link.machine.property("active_mode")
                    );
                    let not_now = matches!(method, Method::UpdateLeds(_))
                        && ended == Err(Failure::Device(DeviceError::General));
                    assert!(ended.is_ok() || not_now, "{model}: {method:?} {ended:?}");
                    assert!(took <= Duration::from_millis(2), "{model}: {method:?} took {took:?}");
                    calls += 1;
                }
            }
            played |= is_playing(&link.machine);
            link.idle(Duration::from_secs(user.within(2, 400)));
            // How it looks while it plays a flow nobody is told, and who asks then sees a moment of it.
            if !is_playing(&link.machine) {
                if std::mem::take(&mut played) {
                    link.call(Method::GetProp(LOOK.map(Property::from).to_vec())).0.unwrap();
                }
                assert_eq!(link.differences(), [""; 0], "{model} at {:?}", link.now());
                compared += 1;
            }
        }
        let report = link.machine.report();
        assert_eq!(report.violations.total(), 0, "{model}: {report:?}");
        assert!(calls > 400 && compared > 100 && report.connections > 5, "{calls} {compared}");
        assert_eq!((link.deaths, link.session.ignored()), (0, 0), "{model}");
        assert!(link.changes > 200, "{model}: {} changes", link.changes);
    }
}

/// Everything goes wrong at times.
#[test]
fn a_day_of_faults_breaks_no_rule_and_hangs_nothing() {
    for (seed, model) in (1..).zip(["color4", "ceiling4", "lamp15", "ct_bulb"]) {
        let mut user = User::new(seed);
        let mut link = Link::new(Config::default(), SimBulb::of_model(model).build().unwrap());
        let began = link.now();
        let (mut ok, mut failed) = (0, 0);
        while link.now().saturating_since(began) < DAY {
            let faults = user.faults();
            link.touch(|machine, _| machine.set_faults(faults));
            for _ in 0..user.within::<u8>(3, 20) {
                match user.below(10) {
                    // What it has of its own is not asked for after a connection was lost.
                    0 => user.hand(&mut link, 3),
                    1 => match user.below(3) {
                        0 => link.touch(Machine::reset_connections),
                        1 => link.touch(Machine::power_cycle),
                        _ => {
                            link.touch(|machine, now| machine.set_lan_control(now, false));
                            link.idle(Duration::from_secs(user.within(1, 90)));
                            link.touch(|machine, now| machine.set_lan_control(now, true));
                        }
                    },
                    _ => {
                        // While a command waits the lamp may go off: only what works then too.
                        let lamp = Lamp::new(&link.machine);
                        let method = user.any_time(Light::Main, &lamp);
                        let (ended, took) = link.call(method);
                        match ended {
                            Ok(_) => ok += 1,
                            Err(_) => failed += 1,
                        }
                        // For a connection, for the quota, and for the answer.
                        assert!(took <= Duration::from_secs(5 + 61 + 5), "{model}: {took:?}");
                    }
                }
                link.idle(Duration::from_millis(user.within(0, 60_000)));
            }
            // It gets over whatever that was: at the latest when it notices that nothing comes any more.
            link.touch(|machine, _| machine.set_faults(Faults::default()));
            link.idle(Duration::from_secs(140));
            let (ended, took) = link.call(Method::GetProp(vec![Property::Power]));
            assert!(ended.is_ok(), "{model} at {:?}: {ended:?}", link.now());
            assert!(took <= Duration::from_millis(2), "{model}: {took:?}");
        }
        // What was missed while nothing was told is asked for with the next connection.
        link.touch(Machine::reset_connections);
        link.touch(|machine, now| machine.set_property(now, "power", "off").unwrap());
        link.idle(Duration::from_secs(10));
        assert_eq!(link.differences(), [""; 0], "{model}");
        let report = link.machine.report();
        assert_eq!(report.violations.total(), 0, "{model}: {report:?}");
        assert!(ok > 100 && failed > 50, "{model}: {ok} {failed}");
        assert!(link.deaths > 3 && report.connections > 20, "{model}: {report:?}");
    }
}
