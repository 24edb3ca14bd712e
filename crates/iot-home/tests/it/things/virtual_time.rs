//! How long is waited, in time that is no time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::aliyun::Thing;
use iot_home::aliyun::client::{ErrorKind, Event};
use iot_home::mqtt::client::{Options, Session};
use iot_home::sim::mqtt::{AnswerFault, Faults, Link, MemoryPlatform, Silence, SimPlatform};
use serde_json::json;
use tokio::time::Instant;

use super::{NEW_YEAR, lamp};

async fn thing() -> (Arc<MemoryPlatform>, Thing) {
    let platform = Arc::new(SimPlatform::builder().aliyun(lamp()).time(NEW_YEAR).spawn_in_memory());
    let dialed = Arc::clone(&platform);
    let options = Options::new().dial_with(move |_, _| {
        let stream = dialed.connect(Link::tcp());
        async move { stream }
    });
    let session = Session::connect(lamp().tcp(), options).await.unwrap();
    let thing = Thing::new(session, lamp().topics()).await.unwrap();
    (platform, thing)
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_its_time_once_the_broker_has_the_call() {
    let (platform, thing) = thing().await;
    thing.report(&json!({"a": 0})).await.unwrap();
    platform.set_faults(Faults::default().answers(AnswerFault::Missing, 1));
    let asked = Instant::now();
    let error = thing.report(&json!({"a": 1})).await.unwrap_err();
    assert_eq!((error.kind(), asked.elapsed().as_secs()), (ErrorKind::NoAnswer, 10));
    assert_eq!(error.to_string(), "it was sent, and the platform did not answer within 10s");

    platform.set_faults(Faults::default().answers(AnswerFault::Late(Duration::from_secs(9)), 1));
    let asked = Instant::now();
    thing.report(&json!({"a": 2})).await.unwrap();
    assert_eq!(asked.elapsed().as_secs(), 9);
}

#[tokio::test(start_paused = true)]
async fn what_is_never_acknowledged_has_the_sessions_time() {
    let (platform, thing) = thing().await;
    thing.report(&json!({"a": 0})).await.unwrap();
    platform.set_faults(Faults::default().silence(Silence::Total));
    let asked = Instant::now();
    let error = thing.report(&json!({"a": 1})).await.unwrap_err();
    assert_eq!((error.kind(), asked.elapsed().as_secs()), (ErrorKind::MaybeSent, 30));
    // With the connection gone, the next is never sent.
    let error = thing.report(&json!({"a": 2})).await.unwrap_err();
    assert_eq!((error.kind(), asked.elapsed().as_secs()), (ErrorKind::NotSent, 60));
}

/// A connection that is away for long takes nothing of the time that the answer has.
#[tokio::test(start_paused = true)]
async fn the_answers_time_begins_when_the_broker_has_the_call() {
    let (platform, thing) = thing().await;
    thing.report(&json!({"a": 0})).await.unwrap();
    let unavailable = iot_home::mqtt::ConnectCode::UNAVAILABLE;
    let late = AnswerFault::Late(Duration::from_secs(8));
    platform.set_faults(Faults::default().refuse(unavailable, 4).answers(late, 1));
    platform.disconnect_all();
    let asked = Instant::now();
    thing.report(&json!({"a": 1})).await.unwrap();
    assert!(asked.elapsed() > Duration::from_secs(12), "{:?}", asked.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_closes_ends_all_calls_at_once() {
    let (platform, thing) = thing().await;
    thing.report(&json!({"a": 0})).await.unwrap();
    platform.set_faults(Faults::default().answers(AnswerFault::Missing, 1));
    let asked = Instant::now();
    let closing = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        thing.close().await;
    };
    let values = json!({"a": 1});
    let (called, ()) = tokio::join!(thing.report(&values), closing);
    assert_eq!((called.unwrap_err().kind(), asked.elapsed().as_secs()), (ErrorKind::Session, 3));
}

/// Two calls whose answers look alike, the one asked when the other's answer was read by somebody else and not yet taken.
#[tokio::test(start_paused = true)]
async fn a_call_that_ends_leaves_the_next_its_place() {
    let (platform, thing) = thing().await;
    let mut events = thing.events();
    thing.shadow().await.unwrap();
    platform.set_faults(Faults::default().answers(AnswerFault::Late(Duration::from_secs(2)), 2));
    let mut first = Box::pin(thing.shadow());
    tokio::time::timeout(Duration::from_secs(1), &mut first).await.unwrap_err();
    let reading = async { while events.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(2), reading).await.unwrap_err();
    let mut second = Box::pin(thing.shadow());
    tokio::time::timeout(Duration::from_secs(1), &mut second).await.unwrap_err();
    first.await.unwrap();
    second.await.unwrap();
    assert_eq!(thing.strays(), 0);
}

/// Calls of one task, with others that read and give up in between.
#[tokio::test(start_paused = true)]
async fn no_wake_up_is_lost() {
    let (platform, thing) = thing().await;
    let mut events = thing.events();
    for number in 0..200_u64 {
        platform.set_faults(Faults::seed(number).delay(Duration::ZERO..=Duration::from_millis(40)));
        let values = json!({ "number": number });
        let id = platform.set_properties(&lamp(), &values).unwrap();
        let calls = futures_util::future::join3(
            thing.report(&values),
            thing.log(&["line"]),
            tokio::time::timeout(Duration::from_millis(number % 40), thing.time()),
        );
        let reading = async {
            loop {
                if let Some(Ok(Event::PropertySet(set))) = events.next().await {
                    set.done().await.unwrap();
                    break;
                }
            }
        };
        let all = async { tokio::join!(calls, reading, platform.answer_to(&id)) };
        let ((reported, logged, _), (), _) =
            tokio::time::timeout(Duration::from_secs(5), all).await.expect("somebody sleeps");
        reported.unwrap();
        logged.unwrap();
    }
    assert_eq!(platform.report().violations.total(), 0);
}

/// Tasks that wait beside one another, and each has its answer when it comes, whoever reads it.
#[tokio::test(start_paused = true)]
async fn each_of_many_tasks_is_woken() {
    let (platform, thing) = thing().await;
    thing.report(&json!({"a": 0})).await.unwrap();
    platform.set_faults(Faults::seed(7).delay(Duration::ZERO..=Duration::from_millis(40)));
    let mut events = thing.events();
    let reading = tokio::spawn(async move { events.next().await });
    let asked = Instant::now();
    let tasks = (0..20).map(|number| {
        let thing = thing.clone();
        tokio::spawn(async move {
            thing.report(&json!({ "number": number })).await.unwrap();
            Instant::now()
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        let took = task.await.unwrap().duration_since(asked);
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
    platform.set_properties(&lamp(), &json!({"a": 1})).unwrap();
    let event = tokio::time::timeout(Duration::from_secs(5), reading).await.expect("it is woken");
    assert!(event.unwrap().is_some());
}

/// Answers that come when all wait already: whoever began first is woken like the last.
#[tokio::test(start_paused = true)]
async fn the_first_that_waits_is_woken_as_well() {
    let (platform, thing) = thing().await;
    thing.report(&json!({"a": 0})).await.unwrap();
    platform.set_faults(Faults::default().answers(AnswerFault::Late(Duration::from_secs(2)), 10));
    let asked = Instant::now();
    let tasks = (0..10).map(|number| {
        let thing = thing.clone();
        tokio::spawn(async move {
            thing.report(&json!({ "number": number })).await.unwrap();
            Instant::now()
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap().duration_since(asked).as_secs(), 2);
    }
}
