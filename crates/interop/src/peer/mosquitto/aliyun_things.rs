//! A device of ours for Aliyun's cloud at a broker that knows no cloud.

use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::aliyun::client::{Event, Events};
use iot_home::aliyun::{Device, Thing};
use iot_home::mqtt::client::{Options, Session};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::login;
use super::platform::{Platform, failed};
use crate::dialogue::Dialogue;
use crate::process::Failure;
use crate::tally::Tally;

/// Topics and payloads by the documents of the platform.
const FIXTURES: &str = include_str!("../../../../../fixtures/mqtt/aliyun-thing.json");
/// Everything comes sooner.
const SOON: Duration = Duration::from_secs(20);

/// Whether something is what is waited for.
type IsKind = fn(&Event) -> bool;

pub(super) async fn play(
    port: u16,
    witness: &mut Dialogue,
    tally: &mut Tally,
) -> Result<(), Failure> {
    super::meet(witness, port, tally).await?;
    for filter in ["/sys/#", "/shadow/#", "/ota/#", "/ext/#"] {
        let order = json!({"do": "subscribe", "topic": filter, "qos": 1});
        tally.equal("the platform listens", witness.ask(order).await?, json!({"ok": [1]}));
    }
    let device = Device::new("a1X2bEnP82z", "lamp-1", "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe");
    let topics = device.map_err(failed)?.topics();
    let session = Session::connect(login(port), Options::new()).await?;
    let thing = Thing::new(session, topics).await.map_err(failed)?;
    let mut at = Platform {
        witness,
        tally,
        fixtures: serde_json::from_str(FIXTURES).map_err(failed)?,
        named_by: "id",
        own: Vec::new(),
        messages: 0,
    };

    let asked = at.fixture("up", "property-post")?;
    let values = asked["payload"]["params"].clone();
    let (done, answered) =
        tokio::join!(thing.report(&values), answers(&mut at, &asked, "property-post", "reply"));
    answered?;
    at.tally.check("a report is answered", done.is_ok(), done);
    let asked = at.fixture("up", "desired-get")?;
    let names: Vec<_> = asked["payload"]["params"].as_array().into_iter().flatten().collect();
    let names: Vec<_> = names.into_iter().filter_map(Value::as_str).collect();
    let (done, answered) = tokio::join!(
        thing.desired(&names),
        answers(&mut at, &asked, "desired-get", "desired-reply")
    );
    answered?;
    at.tally.check("desired values are read", done.as_ref().is_ok_and(|it| !it.is_empty()), done);

    queries(&thing, &mut at).await?;

    let mut events = thing.events();
    let set = at.fixture("down", "property-set")?;
    at.says(&set["topic"], &set["payload"]).await?;
    let answering = async {
        while let Ok(Some(Ok(event))) = timeout(SOON, events.next()).await {
            if let Event::PropertySet(set) = event {
                let params: Value = set.params().unwrap_or_default();
                return (params, set.done().await.is_ok());
            }
        }
        (Value::Null, false)
    };
    let answer = answering.await;
    at.tally.equal("what is to be set", answer, (set["payload"]["params"].clone(), true));
    let (topic, payload) = at.hears().await?;
    at.tally.equal("where it is answered", json!(topic), set["answer"]["topic"].clone());
    at.tally.equal("what it is answered", payload, set["answer"]["payload"].clone());
    announcements(&mut events, &mut at).await?;
    let messages = at.messages;
    thing.close().await;
    tally.exchanged(1, messages);
    witness.ask(json!({"do": "disconnect"})).await.map(drop)
}

/// The rest of what a device asks for.
async fn queries(thing: &Thing, at: &mut Platform<'_>) -> Result<(), Failure> {
    let nothing = json!({});
    let event = thing.event("lamp:Overheated", &nothing);
    let (done, answered) = tokio::join!(event, answers_by(at, "event-now", &nothing));
    answered?;
    at.tally.check("an event is answered", done.is_ok(), done);
    let config = at.fixture("down", "config-reply")?["payload"]["data"].clone();
    let (done, answered) = tokio::join!(thing.config(), answers_by(at, "config", &config));
    answered?;
    let done = done.ok().and_then(|done| serde_json::from_str::<Value>(done.get()).ok());
    at.tally.equal("the configuration", done, Some(config));
    let lines = thing.log(&["one", "two"]);
    let (done, answered) = tokio::join!(lines, answers_by(at, "log", &nothing));
    answered?;
    at.tally.check("lines of a log are answered", done.is_ok(), done);
    let gateway = thing.gateway();
    let below = json!([{"productKey": "a1SubSubSub", "deviceName": "sub-01"}]);
    let (done, answered) = tokio::join!(gateway.list(), answers_by(at, "topo-get", &below));
    answered?;
    at.tally.check("who is below", done.as_ref().is_ok_and(|list| list.len() == 1), done);

    let asking = at.fixture("up", "shadow-get")?;
    let shadow = async {
        at.is_asked(&asking, "the shadow").await?;
        let state = json!({"status": "success", "state": {"reported": {"color": "red"}}});
        let answer =
            json!({"method": "reply", "payload": state, "version": 1, "timestamp": 1_469_564_576});
        let topic = at.fixture("down", "shadow-done")?["topic"].clone();
        at.says(&topic, &answer).await
    };
    let (done, answered) = tokio::join!(thing.shadow(), shadow);
    answered?;
    at.tally.check("the shadow is read", done.is_ok(), done);

    let told = thing.firmware_version("1.0.1", Some("MCU")).await;
    at.tally.check("a version is told", told.is_ok(), told);
    let version = at.fixture("up", "ota-inform")?;
    at.is_asked(&version, "a version").await.map(drop)?;

    let (asking, answer) = (at.fixture("up", "ntp")?, at.fixture("down", "ntp-answer")?);
    let time = async {
        let (topic, payload) = at.hears().await?;
        at.tally.equal("the time: its topic", json!(topic), asking["topic"].clone());
        let mut time = answer["payload"].clone();
        time["deviceSendTime"] = payload["deviceSendTime"].clone();
        at.says(&answer["topic"], &time).await
    };
    let (done, answered) = tokio::join!(thing.time(), time);
    answered?;
    at.tally.check("the time is told", done.is_ok(), done);
    Ok(())
}

/// What the platform says by itself, each of its own kind.
async fn announcements(events: &mut Events, at: &mut Platform<'_>) -> Result<(), Failure> {
    let kinds: [(&str, IsKind); 7] = [
        ("service", |event| matches!(event, Event::Service(_))),
        ("config-push", |event| matches!(event, Event::ConfigPush(_))),
        ("topo-change", |event| matches!(event, Event::TopologyChange(_))),
        ("upgrade", |event| matches!(event, Event::Firmware(_))),
        ("shadow-control", |event| matches!(event, Event::ShadowControl(_))),
        ("sub-device-error", |event| matches!(event, Event::SubDeviceError(_))),
        ("rrpc", |event| matches!(event, Event::Question(_))),
    ];
    for (id, is_kind) in kinds {
        let said = at.fixture("down", id)?;
        at.says(&said["topic"], &said["payload"]).await?;
        let heard = told(events).await;
        at.tally.check(&format!("{id} is heard"), heard.as_ref().is_some_and(is_kind), &heard);
        let answered = match heard {
            Some(Event::Question(question)) => question.answer("any answer").await,
            Some(Event::Service(call) | Event::ConfigPush(call) | Event::TopologyChange(call)) => {
                call.done().await
            }
            _ => continue,
        };
        at.tally.check(&format!("{id} is answered"), answered.is_ok(), answered);
        let (topic, payload) = at.hears().await?;
        match said.get("answer") {
            Some(wanted) => {
                at.tally.equal("where it is answered", json!(topic), wanted["topic"].clone());
                at.tally.equal("what it is answered", payload, wanted["payload"].clone());
            }
            None => at.tally.equal("it went well", &payload["code"], &json!(200)),
        }
    }
    Ok(())
}

/// The next that the platform says. A broker that knows no cloud sends a device its own answers too, where those match
/// what it has subscribed to.
async fn told(events: &mut Events) -> Option<Event> {
    let next = async {
        loop {
            match events.next().await?.ok()? {
                Event::Other(_) => {}
                event => return Some(event),
            }
        }
    };
    timeout(SOON, next).await.ok().flatten()
}

/// This is asked, and answered with these data.
async fn answers_by(at: &mut Platform<'_>, asked: &str, data: &Value) -> Result<(), Failure> {
    let asked = at.fixture("up", asked)?;
    let (topic, payload) = at.is_asked(&asked, "a call").await?;
    let answer =
        json!({"id": payload["id"], "code": 200, "data": data, "method": payload["method"]});
    at.says(&json!(format!("{topic}_reply")), &answer).await
}

/// This is asked, and answered with that.
async fn answers(
    at: &mut Platform<'_>,
    asked: &Value,
    what: &str,
    reply: &str,
) -> Result<(), Failure> {
    let (topic, payload) = at.is_asked(asked, what).await?;
    let mut answer = at.fixture("down", reply)?["payload"].clone();
    answer["id"] = payload["id"].clone();
    answer["method"] = payload["method"].clone();
    at.says(&json!(format!("{topic}_reply")), &answer).await
}
