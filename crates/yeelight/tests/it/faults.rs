//! Each fault of a simulated bulb, and what becomes of a call: of the session's by itself, and of the client's. In virtual
//! time.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use iot_home_sim::SimBulb;
use iot_home_sim::yeelight::{Close, Faults, Quirk, Silence};
use iot_home_yeelight::session::Config;
use iot_home_yeelight::{
    DeviceError, Effect, ErrorKind, Failure, Light, Method, Property, PropertyValue, Reply,
};
use serde_json::Value;

use crate::link::Link;
use crate::rig::{timed, to_sim};

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Ok,
    NoAnswer,
    Disconnected,
    /// The bulb's own error, by its code.
    Device(Option<i64>),
    Quota,
}

struct Case {
    name: String,
    faults: Faults,
    method: Method,
    end: End,
    /// How often the bulb carried it out.
    executed: u64,
    /// At most; a call that is answered takes no time to speak of.
    takes: Duration,
}

fn bright() -> Method {
    Method::SetBright { light: Light::Main, bright: 42, effect: Effect::Sudden }
}

fn case(name: impl ToString, faults: Faults, end: End, executed: u64) -> Case {
    let takes = match end {
        End::NoAnswer => Duration::from_secs(5),
        _ => Duration::from_millis(50),
    };
    Case { name: name.to_string(), faults, method: bright(), end, executed, takes }
}

/// What becomes of a call to a bulb with this quirk.
fn quirk(quirk: Quirk) -> Case {
    let with = |end, executed| case(quirk, Faults::seed(5).quirk(quirk), end, executed);
    match quirk {
        Quirk::SplitSegments
        | Quirk::Coalesced
        | Quirk::GarbageLine
        | Quirk::GarbageBytes
        | Quirk::IdMissing
        | Quirk::IdAsText
        | Quirk::DuplicateAnswer
        | Quirk::LfLines
        | Quirk::ResultAsText
        | Quirk::NotificationFlood
        | Quirk::OddNotifications => with(End::Ok, 1),
        // Nothing comes, or nothing that could be the answer.
        Quirk::HalfMessage | Quirk::HugeLine | Quirk::WrongId => with(End::NoAnswer, 1),
        // There has to be an error for it.
        Quirk::ErrorAsText => {
            let method = Method::raw("set_bright", "[0,\"sudden\",0]").unwrap();
            Case { method, ..with(End::Device(None), 0) }
        }
        Quirk::NumbersInResults => {
            let method = Method::GetProp(vec![Property::Bright, Property::Power, Property::Ct]);
            Case { method, ..with(End::Ok, 1) }
        }
        Quirk::WrongBgPower => {
            let method = Method::Toggle(Light::Background);
            Case { method, ..with(End::Ok, 1) }
        }
        Quirk::MusicRefused => Case { method: music(), ..with(End::Device(Some(-5000)), 0) },
        Quirk::MusicNoConnection => Case { method: music(), ..with(End::Ok, 1) },
        // These are seen by searchers alone.
        Quirk::SearchNameColon
        | Quirk::SearchNoBlank
        | Quirk::SearchCapitals
        | Quirk::SearchLf
        | Quirk::SearchExtraHeader
        | Quirk::SearchNoLocation
        | Quirk::SearchBadLocation
        | Quirk::SearchNoName
        | Quirk::SearchLatin1Name
        | Quirk::SearchBase64Name
        | Quirk::SearchRandomBytes
        | Quirk::SearchTruncated
        | Quirk::SearchOtherPort
        | Quirk::SearchRepeated => with(End::Ok, 1),
        other => panic!("nothing is said about {other}"),
    }
}

fn music() -> Method {
    Method::SetMusic(Some(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9)))
}

fn silences() -> Vec<Case> {
    let silent = |silence, end, executed| {
        case(format!("{silence:?}"), Faults::seed(1).silence(silence), end, executed)
    };
    vec![
        silent(Silence::Never, End::Ok, 1),
        silent(Silence::Answers, End::NoAnswer, 1),
        silent(Silence::Commands, End::NoAnswer, 0),
        silent(Silence::Total, End::NoAnswer, 0),
    ]
}

fn closes() -> Vec<Case> {
    let close = |close, end, executed| {
        case(format!("{close:?}"), Faults::seed(1).close(close), end, executed)
    };
    let mut cases = vec![
        close(Close::Before(1), End::Disconnected, 0),
        close(Close::Unanswered(1), End::Disconnected, 1),
        close(Close::After(1), End::Ok, 1),
        close(Close::Between(1), End::Ok, 1),
    ];
    // Anywhere within the answer, its line end too: it is none before it is a line.
    cases.extend((0..27).map(|byte| close(Close::AtByte(byte), End::Disconnected, 1)));
    cases.push(close(Close::AtByte(27), End::Ok, 1));
    cases
}

fn others() -> Vec<Case> {
    let seconds = |seconds| {
        let delay = Duration::from_secs(seconds);
        Faults::seed(1).delay(delay..=delay)
    };
    let error = |code, message, end| {
        case(format!("{code} {message}"), Faults::seed(1).error(code, message), end, 0)
    };
    let slow = case("an answer after 4 s", seconds(4), End::Ok, 1);
    vec![
        Case { takes: Duration::from_millis(4_050), ..slow },
        case("an answer after 6 s", seconds(6), End::NoAnswer, 1),
        case("quota error", Faults::seed(1).quota_error(1), End::Quota, 0),
        error(-1, "method not supported", End::Device(Some(-1))),
        error(-1, "invalid command", End::Device(Some(-1))),
        error(-1, "client quota exceeded", End::Quota),
        error(-5000, "general error", End::Device(Some(-5000))),
        error(-5001, "invalid params", End::Device(Some(-5001))),
        error(-5006, "illegal request", End::Device(Some(-5006))),
        error(7, "what nobody has seen", End::Device(Some(7))),
    ]
}

fn cases() -> Vec<Case> {
    let quirks = Quirk::ALL.iter().map(|one| quirk(*one));
    quirks.chain(silences()).chain(closes()).chain(others()).collect()
}

fn end(result: &Result<Reply, Failure>) -> End {
    match result {
        Ok(_) => End::Ok,
        Err(Failure::NoAnswer { .. }) => End::NoAnswer,
        Err(Failure::Disconnected) => End::Disconnected,
        Err(Failure::Device(error)) => End::Device(error.code()),
        Err(Failure::QuotaExceeded { .. }) => End::Quota,
        Err(other) => panic!("{other}"),
    }
}

/// A lamp with everything that has a quirk of its own: music comes with some models only.
fn lamp(case: &Case) -> iot_home_sim::yeelight::Builder {
    match case.method {
        Method::Toggle(Light::Background) => SimBulb::ceiling(),
        _ => SimBulb::color(),
    }
}

/// After this at the latest a bulb that says nothing was asked and left.
const RECOVERY: Duration = Duration::from_secs(75);

#[test]
fn a_call_of_the_sessions_ends_as_it_should_and_the_next_one_works() {
    for case in cases() {
        let mut link = Link::new(Config::default(), lamp(&case).build().unwrap());
        let (before, name) = (link.machine.report(), &case.name);
        link.touch(|machine, _| machine.set_faults(case.faults.clone()));
        let (result, took) = link.call(case.method.clone());
        assert_eq!(end(&result), case.end, "{name}: {result:?}");
        let trip = Duration::from_millis(2);
        assert!(took <= case.takes + trip, "{name}: {took:?}");
        let executed =
            |method: &str| link.machine.report().executed(method) - before.executed(method);
        assert_eq!(executed(case.method.name()), case.executed, "{name}");
        if let Ok(reply) = &result
            && !matches!(case.method, Method::GetProp(_))
        {
            assert!(reply.is_ok(), "{name}: {reply:?}");
        }
        link.idle(Duration::from_secs(2));
        if case.end == End::Ok {
            // Whatever came along: what it knows is right.
            assert_eq!(link.differences(), [""; 0], "{name}");
        }
        match case.name.as_str() {
            "notification-flood" => assert!(link.changes >= 500, "{}", link.changes),
            // One more of each that nobody waits for; the power is asked for once more, too.
            "duplicate-answer" => assert_eq!(link.session.ignored(), 1),
            "odd-notifications" => assert_eq!(link.session.ignored(), 2),
            "garbage-line" => assert_eq!(link.session.ignored(), 1),
            "an answer after 6 s" => assert_eq!(link.session.ignored(), 1),
            // It is told that the command worked, though not by an answer.
            "Answers" => assert_eq!(link.session.state().brightness(Light::Main), Some(42)),
            _ => {}
        }

        link.touch(|machine, _| machine.set_faults(Faults::default()));
        link.idle(RECOVERY);
        let (result, took) = link.call(bright());
        assert!(result.is_ok_and(|reply| reply.is_ok()), "{name}: and then");
        assert_eq!(took, trip, "{name}: and then");
        if matches!(name.as_str(), "half-message" | "huge-line") {
            // The notification behind it never came, and the connection stood: only asking tells.
            assert!(link.call(Method::GetProp(vec![Property::Bright])).0.is_ok());
        }
        assert_eq!(link.differences(), [""; 0], "{name}: and then");
        let report = link.machine.report();
        let refused = u64::from(name == "error-as-text");
        assert_eq!(report.violations.total(), refused, "{name}: {report:?}");
        let lost = case.end == End::Disconnected
            || matches!(
                name.as_str(),
                "Commands" | "Total" | "After(1)" | "Between(1)" | "AtByte(27)"
            );
        assert_eq!(report.connections, 1 + u64::from(lost), "{name}: {report:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_of_the_clients_ends_as_it_should_and_the_next_one_works() {
    for case in cases() {
        let name = &case.name;
        let sim = Arc::new(lamp(&case).spawn_in_memory().unwrap());
        let bulb = to_sim(&sim).connect().await.unwrap();
        let before = sim.report().executed(case.method.name());
        sim.set_faults(case.faults.clone());
        let (result, took) = timed(bulb.call(case.method.clone())).await;
        let kind = match case.end {
            End::Ok => None,
            End::NoAnswer => Some(ErrorKind::NoAnswer),
            End::Disconnected => Some(ErrorKind::Disconnected),
            End::Device(Some(-1)) if name.contains("not supported") => {
                Some(ErrorKind::NotSupported)
            }
            End::Device(_) => Some(ErrorKind::Device),
            End::Quota => Some(ErrorKind::Quota),
        };
        let error = result.as_ref().err();
        assert_eq!(error.map(|error| error.kind()), kind, "{name}: {result:?}");
        assert!(took <= case.takes, "{name}: {took:?}");
        assert_eq!(sim.report().executed(case.method.name()) - before, case.executed, "{name}");
        if let (Some(error), End::Device(code)) = (error, case.end) {
            assert_eq!(error.device_error().and_then(DeviceError::code), code, "{name}");
        }
        if let (Ok(_), Method::GetProp(properties)) = (&result, &case.method) {
            let read = bulb.get(properties.clone()).await.unwrap();
            assert_eq!(read.value(&Property::Bright), Some(&PropertyValue::Number(100)));
        }

        sim.set_faults(Faults::default());
        tokio::time::sleep(RECOVERY).await;
        let (result, took) = timed(bulb.call(bright())).await;
        result.unwrap_or_else(|error| panic!("{name}: and then {error}"));
        assert_eq!(took, Duration::ZERO, "{name}: and then");
        assert_eq!(sim.property("bright"), Some(Value::from(42)), "{name}");
        assert_eq!(bulb.state().brightness(Light::Main), Some(42), "{name}");
    }
}

/// What must not be done twice is not said to have failed when it may have worked.
#[tokio::test(start_paused = true)]
async fn a_toggle_without_an_answer_may_have_been_carried_out() {
    for (faults, executed) in [
        (Faults::seed(1).silence(Silence::Answers), 1),
        (Faults::seed(1).silence(Silence::Commands), 0),
        (Faults::seed(1).close(Close::Unanswered(1)), 1),
        (Faults::seed(1).close(Close::Before(1)), 0),
    ] {
        let sim = Arc::new(SimBulb::color().spawn_in_memory().unwrap());
        let bulb = to_sim(&sim).connect().await.unwrap();
        sim.set_faults(faults.clone());
        let error = bulb.toggle().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MaybeExecuted, "{faults:?}");
        assert!(!error.is_retryable() && error.hint().is_some());
        assert_eq!(sim.report().executed("toggle"), executed, "it is not sent again");
    }
}
