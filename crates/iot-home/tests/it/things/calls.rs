//! Calls whose answers go wrong.

use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::aliyun::client::{ErrorKind, Event, Refused};
use iot_home::aliyun::thing::Code;
use iot_home::mqtt::client::Session;
use iot_home::sim::mqtt::{AnswerFault, Faults, Silence};
use serde_json::json;

use super::{SHORT, ali_event, ali_thing, hasty, lamp, options, within};

#[tokio::test]
async fn an_answer_that_does_not_come_is_told_as_such() {
    for fault in
        [AnswerFault::Missing, AnswerFault::WrongId, AnswerFault::Overtaken, AnswerFault::Malformed]
    {
        let platform = super::platform().await;
        let thing = hasty(&platform).await;
        platform.set_faults(Faults::default().answers(fault, 1));
        let error = within(thing.report(&json!({"power": 1}))).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.is_timeout(), error.may_be_done()),
            (ErrorKind::NoAnswer, true, true)
        );
        assert_eq!(
            platform.thing(&lamp()).reported["power"],
            1,
            "{fault:?}: it was done all the same"
        );
        // The next is answered with its own answer.
        within(thing.report(&json!({"power": 2}))).await.unwrap();
        let strays = u64::from(matches!(fault, AnswerFault::WrongId | AnswerFault::Overtaken));
        within(thing.log(&["more"])).await.unwrap();
        assert_eq!(thing.strays(), strays, "{fault:?}");
        let mut events = thing.events();
        if fault == AnswerFault::Malformed {
            assert!(matches!(ali_event(&mut events).await, Event::Unreadable { .. }));
        }
    }
}

#[tokio::test]
async fn an_answer_that_comes_late_or_twice_answers_no_other() {
    let platform = super::platform().await;
    let thing = hasty(&platform).await;
    platform.set_faults(Faults::default().answers(AnswerFault::Late(SHORT * 2), 1));
    let error = within(thing.report(&json!({"power": 1}))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAnswer);
    let mut events = thing.events();
    let waiting = async {
        while thing.strays() == 0 {
            tokio::select! {
                _ = events.next() => {}
                () = tokio::time::sleep(Duration::from_millis(20)) => {}
            }
        }
    };
    within(waiting).await;
    platform.set_faults(Faults::default().answers(AnswerFault::Twice, 1));
    thing.report(&json!({"power": 2})).await.unwrap();
    thing.report(&json!({"power": 3})).await.unwrap();
    assert_eq!(thing.strays(), 2);

    platform.set_faults(Faults::default().answers(AnswerFault::Code(429), 1));
    let error = thing.report(&json!({"power": 4})).await.unwrap_err();
    assert_eq!(error.refused(), Some(Refused::Call(Code::THROTTLED)));
    assert_eq!((error.kind(), error.may_be_done()), (ErrorKind::Refused, false));
}

/// Many tasks ask at once while one reads events, and nobody is forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_reads_for_all() {
    let platform = super::platform().await;
    let thing = ali_thing(&platform).await;
    let mut events = thing.events();
    let reading = tokio::spawn(async move {
        let mut sets = 0;
        while sets < 50 {
            if let Event::PropertySet(set) = ali_event(&mut events).await {
                set.done().await.unwrap();
                sets += 1;
            }
        }
    });
    let calls = (0..100).map(|number| {
        let thing = thing.clone();
        tokio::spawn(async move { thing.report(&json!({ "number": number })).await })
    });
    let calls: Vec<_> = calls.collect();
    let ids: Vec<_> =
        (0..50).map(|at| platform.set_properties(&lamp(), &json!({ "at": at })).unwrap()).collect();
    for call in calls {
        within(call).await.unwrap().unwrap();
    }
    within(reading).await.unwrap();
    for id in ids {
        assert_eq!(within(platform.answer_to(&id)).await["code"], 200);
    }
    assert_eq!((platform.report().violations.total(), thing.strays()), (0, 0));
}

/// One future that both calls and reads, and one that gives up: no wake-up is lost.
#[tokio::test]
async fn a_call_that_is_given_up_leaves_its_place() {
    let platform = super::platform().await;
    let thing = ali_thing(&platform).await;
    platform.set_faults(Faults::default().answers(AnswerFault::Late(SHORT), 1));
    let given_up = tokio::time::timeout(Duration::from_millis(50), thing.shadow()).await;
    assert!(given_up.is_err());
    // Its answer comes for the next one, as the platform's answers have no id; and still each ends.
    within(thing.shadow()).await.unwrap();
    let (first, second) = tokio::join!(thing.shadow(), thing.shadow());
    let kinds = [first.err(), second.err()].map(|error| error.map(|error| error.kind()));
    assert_eq!(kinds, [None, Some(ErrorKind::Busy)], "one at a time");
}

#[tokio::test]
async fn a_connection_that_is_lost_ends_no_call() {
    let platform = super::platform().await;
    let thing = ali_thing(&platform).await;
    thing.report(&json!({"power": 0})).await.unwrap();
    platform.set_faults(Faults::default().silence(Silence::Output));
    let values = json!({"power": 1});
    let calling = thing.report(&values);
    let losing = async {
        platform.until(|platform| platform.thing(&(&lamp()).into()).reported["power"] == 1).await;
        platform.set_faults(Faults::default());
        platform.disconnect_all();
    };
    let (called, ()) = within(async { tokio::join!(calling, losing) }).await;
    // What was not acknowledged is sent again, and answered.
    called.unwrap();
}

#[tokio::test]
async fn what_could_not_be_sent_is_told_as_such() {
    let platform = super::platform().await;
    let addr = platform.tls_addr();
    let login = lamp().tls().host(addr.ip().to_string()).unwrap().port(addr.port());
    let options = options(&platform).timeout(Duration::from_millis(500));
    let session = within(Session::connect(login, options)).await.unwrap();
    let thing = iot_home::aliyun::Thing::new(session, lamp().topics()).await.unwrap();
    thing.report(&json!({"power": 0})).await.unwrap();
    platform.stop(false).await.unwrap();
    let error = within(thing.report(&json!({"power": 1}))).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotSent | ErrorKind::MaybeSent), "{error}");
    let error = within(thing.report(&json!({"power": 2}))).await.unwrap_err();
    assert_eq!((error.kind(), error.may_be_done()), (ErrorKind::NotSent, false));
}

/// Events that nobody takes are bounded, and calls go on.
#[tokio::test]
async fn events_that_nobody_takes_hold_up_nothing() {
    let platform = super::platform().await;
    let thing = ali_thing(&platform).await;
    for number in 0..300 {
        platform.set_properties(&lamp(), &json!({ "number": number })).unwrap();
        if number % 50 == 0 {
            within(thing.report(&json!({ "number": number }))).await.unwrap();
        }
    }
    within(thing.report(&json!({"number": 300}))).await.unwrap();
    let mut events = thing.events();
    let (mut sets, mut missed) = (0, 0);
    while sets + missed < 300 {
        match ali_event(&mut events).await {
            Event::PropertySet(set) => {
                sets += 1;
                set.done().await.unwrap();
            }
            Event::Missed { count, .. } => missed += count,
            other => panic!("{other:?}"),
        }
    }
    assert!(missed > 0 && sets >= 250, "{sets} {missed}");
}
