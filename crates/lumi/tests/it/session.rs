//! A session against the simulated gateway, in virtual time.

use std::time::Duration;

use iot_home_lumi::session::{Answer, Config, Event};
use iot_home_lumi::{
    Child, Failure, GatewayError, InvalidInput, Session, Sid, State, Values, Version,
};
use iot_home_sim::lumi::Child as SimChild;

use crate::rig::{KEY, OTHER_KEY, Rig, builder, gateway_addr, key};

const BOTH: [Version; 2] = [Version::V1, Version::V2];

fn on() -> Values {
    Values::new().with("status", "on")
}

fn children(rig: &mut Rig) -> Vec<Child> {
    let asked = rig.session.children(rig.now);
    match rig.end_of(asked).unwrap() {
        Answer::Children(children) => children,
        other => panic!("{other:?}"),
    }
}

fn read(rig: &mut Rig, sid: Sid) -> Result<State, Failure> {
    let asked = rig.session.read(rig.now, sid);
    rig.end_of(asked).map(|answer| match answer {
        Answer::Read(state) => state,
        other => panic!("{other:?}"),
    })
}

fn write(rig: &mut Rig, sid: Sid, values: Values) -> Result<State, Failure> {
    let asked = rig.session.write(rig.now, sid, values);
    rig.end_of(asked).map(|answer| match answer {
        Answer::Written(state) => state,
        other => panic!("{other:?}"),
    })
}

#[test]
fn children_are_listed_with_their_models() {
    for version in BOTH {
        let mut rig = Rig::new(version);
        let listed = children(&mut rig);
        let models: Vec<_> = listed.iter().map(|child| child.model.as_deref().unwrap()).collect();
        assert_eq!(models, ["plug", "magnet"], "{version:?}");
        assert_eq!(rig.session.version(), Some(version));
        assert_eq!(rig.session.sid(), Some(rig.gateway.sid()));
        let report = rig.gateway.report();
        // Whoever speaks version 2 was asked in version 1 first.
        let guesses = u64::from(version == Version::V2);
        assert_eq!(report.violations.total(), guesses, "{report:?}");
        assert_eq!(report.violations.wrong_version, guesses);
        assert_eq!(report.reads, if version == Version::V1 { 2 } else { 0 });
        // What is known is not asked again.
        assert_eq!(children(&mut rig), listed);
        assert_eq!(rig.gateway.report().reads, if version == Version::V1 { 2 } else { 0 });
    }
}

#[test]
fn a_known_version_is_not_asked_for() {
    for version in BOTH {
        let mut config = Config::default();
        config.version = Some(version);
        let mut rig = Rig::with(builder(version), Some(key()), config);
        children(&mut rig);
        assert_eq!(rig.gateway.report().violations.total(), 0);
        assert_eq!(rig.now, iot_home_core::Instant::ORIGIN, "no time was lost");
    }
}

#[test]
fn a_gateway_whose_id_is_known_is_read_for_its_version() {
    for version in BOTH {
        let built = builder(version);
        let mut config = Config::default();
        config.sid = Some("f0b429aabbcc".parse().unwrap());
        let built = built.sid(config.sid.unwrap());
        let mut rig = Rig::with(built, Some(key()), config);
        children(&mut rig);
        assert_eq!(rig.session.version(), Some(version));
        assert_eq!(rig.sent[0], r#"{"cmd":"read","sid":"f0b429aabbcc"}"#);
        assert_eq!(rig.gateway.report().violations.total(), 0);
    }
}

#[test]
fn a_gateway_that_is_not_read_is_listed_all_the_same() {
    let sid: Sid = "f0b429aabbcc".parse().unwrap();
    let mut config = Config::default();
    config.sid = Some(sid);
    let mut rig = Rig::with(builder(Version::V2).sid(sid), Some(key()), config);
    rig.gateway.ignore(2);
    assert_eq!(children(&mut rig).len(), 2);
    assert_eq!(rig.session.version(), Some(Version::V2));
}

#[test]
fn writes_are_executed_once_and_reported() {
    for version in BOTH {
        let mut rig = Rig::new(version);
        let plug = rig.child(0);
        let state = write(&mut rig, plug, on()).unwrap();
        assert_eq!(state.values.text("status"), Some("on"));
        assert_eq!(rig.gateway.value(plug, "status"), Some("on".into()));
        assert_eq!(rig.gateway.report().executed(plug), 1);
        rig.settle();
        let reported = rig.events.iter().any(|event| {
            matches!(event, Event::Report(state) if state.sid == plug
                && state.values.text("status") == Some("on"))
        });
        assert!(reported, "{:?}", rig.events);
    }
}

#[test]
fn tokens_roll_with_the_heartbeats() {
    for version in BOTH {
        let mut rig = Rig::new(version);
        let plug = rig.child(0);
        for turn in 1..=5 {
            write(&mut rig, plug, Values::new().with("status", "toggle")).unwrap();
            assert_eq!(rig.gateway.report().executed(plug), turn);
            rig.pass(Duration::from_secs(11));
        }
        let report = rig.gateway.report();
        assert!(report.heartbeats >= 5);
        assert_eq!(report.lists, 1, "the token of the list was the only one that was asked for");
        assert_eq!(report.violations.old_token, 0);
        assert_eq!(report.violations.wrong_key, 0);
    }
}

#[test]
fn without_heartbeats_an_old_token_costs_one_refusal() {
    for version in BOTH {
        let mut rig = Rig::new(version);
        rig.multicast = false;
        let plug = rig.child(0);
        write(&mut rig, plug, on()).unwrap();
        rig.pass(Duration::from_secs(11));
        write(&mut rig, plug, Values::new().with("status", "off")).unwrap();
        let report = rig.gateway.report();
        assert_eq!(report.executed(plug), 2);
        assert_eq!(report.violations.old_token, 1);
        assert_eq!(report.lists, 2);
    }
}

#[test]
fn a_wrong_key_is_tried_twice_and_no_more() {
    for version in BOTH {
        let wrong = Some(OTHER_KEY.parse().unwrap());
        let mut rig = Rig::with(builder(version), wrong, Config::default());
        let plug = rig.child(0);
        assert_eq!(write(&mut rig, plug, on()), Err(Failure::Gateway(GatewayError::InvalidKey)));
        let report = rig.gateway.report();
        assert_eq!(report.violations.wrong_key, 2);
        assert_eq!(report.executed(plug), 0);
    }
}

#[test]
fn two_writes_with_an_old_token_are_both_sent_again() {
    let mut rig = Rig::new(Version::V1);
    rig.multicast = false;
    let (plug, own) = (rig.child(0), rig.gateway.sid());
    write(&mut rig, plug, on()).unwrap();
    write(&mut rig, own, Values::new().with("rgb", 1)).unwrap();
    rig.gateway.roll_token();
    let first = rig.session.write(rig.now, plug, Values::new().with("status", "off"));
    let second = rig.session.write(rig.now, own, Values::new().with("rgb", 2));
    assert!(rig.end_of(first).is_ok());
    assert!(rig.end_of(second).is_ok());
    let report = rig.gateway.report();
    assert_eq!((report.executed(plug), report.executed(own)), (2, 2));
}

#[test]
fn what_nobody_knows_is_refused() {
    for version in BOTH {
        let mut rig = Rig::new(version);
        let nobody: Sid = "158d00ffffffff".parse().unwrap();
        let refused = Failure::Gateway(GatewayError::NoDevice);
        assert_eq!(read(&mut rig, nobody), Err(refused.clone()));
        assert_eq!(write(&mut rig, nobody, on()), Err(refused));
        let magnet = rig.child(1);
        assert_eq!(
            write(&mut rig, magnet, Values::new().with("status", "open")),
            Err(Failure::Gateway(GatewayError::InvalidCommand))
        );
        assert_eq!(rig.gateway.report().executions.len(), 0);
    }
}

#[test]
fn what_cannot_be_written_is_not_sent() {
    let mut rig = Rig::new(Version::V1);
    let plug = rig.child(0);
    for (values, wrong) in [
        (Values::new(), InvalidInput::NoValues),
        (on().with("key", "x"), InvalidInput::Reserved { name: "key" }),
        (on().with("error", "x"), InvalidInput::Reserved { name: "error" }),
        (Values::new().with("x", "y".repeat(1018)), InvalidInput::TooLong { length: 1026 }),
    ] {
        assert_eq!(write(&mut rig, plug, values), Err(Failure::Input(wrong)));
    }
    let mut bare = Rig::with(builder(Version::V1), None, Config::default());
    assert_eq!(write(&mut bare, plug, on()), Err(Failure::NoKey));
    assert!(rig.sent.is_empty() && bare.sent.is_empty());
}

#[test]
fn a_read_is_repeated_and_a_write_is_not() {
    let mut rig = Rig::new(Version::V1);
    let plug = rig.child(0);
    rig.gateway.ignore(2);
    assert_eq!(read(&mut rig, plug).unwrap().values.text("status"), Some("off"));
    assert_eq!(rig.now.since_origin(), Duration::from_secs(3), "after one and two seconds");
    children(&mut rig);
    rig.gateway.lose_answers(1);
    let sent = rig.sent.len();
    assert_eq!(
        write(&mut rig, plug, Values::new().with("status", "toggle")),
        Err(Failure::MaybeExecuted)
    );
    assert_eq!(rig.sent.len(), sent + 1);
    assert_eq!(rig.gateway.report().executed(plug), 1);
}

#[test]
fn silence_ends_in_time() {
    let mut rig = Rig::new(Version::V1);
    let plug = rig.child(0);
    rig.gateway.ignore(u32::MAX);
    let begun = rig.now;
    assert_eq!(read(&mut rig, plug), Err(Failure::NoAnswer { sent: 3 }));
    assert_eq!(rig.now.saturating_since(begun), Duration::from_secs(5));
    let begun = rig.now;
    // It was the token that nobody gave.
    assert!(matches!(write(&mut rig, plug, on()), Err(Failure::NoAnswer { .. })));
    assert_eq!(rig.now.saturating_since(begun), Duration::from_secs(5));
    let begun = rig.now;
    let asked = rig.session.children(rig.now);
    assert!(matches!(rig.end_of(asked), Err(Failure::NoAnswer { .. })));
    assert_eq!(rig.now.saturating_since(begun), Duration::from_secs(30));
    assert_eq!(rig.session.poll_timeout(), None, "nothing is left");
}

#[test]
fn a_child_that_does_not_tell_its_model_is_listed_without() {
    let mut rig = Rig::new(Version::V1);
    let mut config = Config::default();
    config.version = Some(Version::V1);
    rig.session = Session::new(gateway_addr(), Some(key()), config);
    let asked = rig.session.children(rig.now);
    // The list comes, and then nothing for a while.
    let mut buffer = Vec::new();
    let list = rig.session.poll_transmit(rig.now, &mut buffer).unwrap().to_vec();
    let port = iot_home_sim::lumi::Port::Commands;
    rig.gateway.handle_datagram(rig.now, port, crate::rig::client_addr(), &list);
    rig.gateway.ignore(2);
    let Ok(Answer::Children(children)) = rig.end_of(asked) else { panic!() };
    assert_eq!(children.len(), 2);
    let unknown = children.iter().filter(|child| child.model.is_none()).count();
    assert_eq!(unknown, 1, "{children:?}");
    assert!(rig.now.since_origin() < Duration::from_secs(4));
}

#[test]
fn many_at_a_time_are_asked_a_few_at_a_time() {
    let many = (1..=100_u32).map(|number| {
        SimChild::new(format!("158d{number:010x}").parse().unwrap(), format!("model.{number}"))
    });
    let mut config = Config::default();
    config.version = Some(Version::V1);
    let mut rig = Rig::with(builder(Version::V1).children(many), Some(key()), config);
    let sids: Vec<_> = rig.gateway.children().collect();
    let asked: Vec<_> = sids.iter().map(|sid| rig.session.read(rig.now, *sid)).collect();
    let mut buffer = Vec::new();
    let mut first = 0;
    while rig.session.poll_transmit(rig.now, &mut buffer).is_some() {
        first += 1;
    }
    assert_eq!(first, 4);
    for (key, sid) in asked.into_iter().zip(sids) {
        let Ok(Answer::Read(state)) = rig.end_of(key) else { panic!() };
        assert_eq!(state.sid, sid);
    }
    assert_eq!(children(&mut rig).len(), 100);
}

#[test]
fn requests_are_bounded_and_can_be_forgotten() {
    let mut rig = Rig::new(Version::V1);
    let plug = rig.child(0);
    rig.gateway.ignore(u32::MAX);
    let asked: Vec<_> = (0..300).map(|_| rig.session.read(rig.now, plug)).collect();
    assert_eq!(rig.end_of(asked[256]), Err(Failure::Full { waiting: 256 }));
    for key in &asked[1..] {
        rig.session.cancel(rig.now, *key);
    }
    assert!(matches!(rig.end_of(asked[0]), Err(Failure::NoAnswer { .. })));
    rig.settle();
    let ends = rig.events.iter().filter(|event| matches!(event, Event::Done { .. })).count();
    assert_eq!(ends, 43, "those that were refused at once, before they could be forgotten");
}

#[test]
fn a_day_of_heartbeats_and_writes() {
    let mut rig = Rig::new(Version::V1);
    let plug = rig.child(0);
    for hour in 1..=24 {
        rig.pass(Duration::from_secs(3600));
        write(&mut rig, plug, Values::new().with("status", "toggle")).unwrap();
        assert_eq!(rig.gateway.report().executed(plug), hour);
    }
    let report = rig.gateway.report();
    assert_eq!(report.violations.total(), 0, "{report:?}");
    assert!(report.heartbeats > 8600 && report.child_heartbeats > 160, "{report:?}");
    let told = rig.events.iter().filter(|event| matches!(event, Event::Heartbeat(_))).count();
    assert_eq!(told as u64, report.heartbeats + report.child_heartbeats);
    assert!(!format!("{:?}", rig.events).contains(KEY));
}

#[test]
fn what_nobody_takes_is_dropped_and_told() {
    let mut rig = Rig::new(Version::V1);
    for number in 0..300 {
        let report = format!(r#"{{"cmd":"report","sid":"1","data":{{"n":{number}}}}}"#);
        assert!(rig.session.handle_multicast(gateway_addr(), report.as_bytes()));
    }
    assert_eq!(rig.session.poll_event(), Some(Event::Missed { events: 44 }));
    let Some(Event::Report(state)) = rig.session.poll_event() else { panic!() };
    assert_eq!(state.values.number("n"), Some(44));
}
