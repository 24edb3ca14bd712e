//! A device of ours for Tencent's cloud at a broker that knows no cloud.

use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::mqtt::client::{Options, Session};
use iot_home::tencent::client::{Event, Events};
use iot_home::tencent::{Device, Thing};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::login;
use super::platform::{Platform, failed};
use crate::dialogue::Dialogue;
use crate::process::Failure;
use crate::tally::Tally;

/// Topics and payloads by the documents of the platform.
const FIXTURES: &str = include_str!("../../../../../fixtures/mqtt/tencent-thing.json");
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
    // Where devices speak, and so not itself.
    let parts = [
        "thing/up",
        "shadow/operation",
        "template/operation",
        "sys/operation",
        "gateway/operation",
        "config/report",
        "log/operation",
        "ota/report",
    ];
    for part in parts {
        let filter = match part {
            "thing/up" => format!("${part}/#"),
            part => format!("${part}/+/+"),
        };
        let order = json!({"do": "subscribe", "topic": filter, "qos": 1});
        tally.equal("the platform listens", witness.ask(order).await?, json!({"ok": [1]}));
    }
    let device = Device::new("YOURPROD01", "lamp1", "7WmFA/MEs+Fy+32QwJWtYw==");
    let topics = device.map_err(failed)?.topics();
    let session = Session::connect(login(port), Options::new()).await?;
    let thing = Thing::new(session, topics).await.map_err(failed)?;
    let mut at = Platform {
        witness,
        tally,
        fixtures: serde_json::from_str(FIXTURES).map_err(failed)?,
        named_by: "clientToken",
        own: Vec::new(),
        messages: 0,
    };

    let asked = at.fixture("up", "report-now")?;
    let values = asked["payload"]["params"].clone();
    let (done, answered) =
        tokio::join!(thing.report(&values), answers(&mut at, &asked, "a report", "report-reply"));
    answered?;
    at.tally.check("a report is answered", done.is_ok(), done);
    let asked = at.fixture("up", "get-status")?;
    let (status, answered) =
        tokio::join!(thing.status(), answers(&mut at, &asked, "its status", "get-status-reply"));
    answered?;
    at.tally.check("the status is read", status.is_ok(), status);

    queries(&thing, &mut at).await?;

    let mut events = thing.events();
    let control = at.fixture("down", "control")?;
    at.says(&control["topic"], &control["payload"]).await?;
    let action = at.fixture("down", "action")?;
    at.says(&action["topic"], &action["payload"]).await?;
    let answering = async {
        let mut heard = Vec::new();
        while heard.len() < 2
            && let Ok(Some(Ok(event))) = timeout(SOON, events.next()).await
        {
            match event {
                Event::Control(control) => {
                    let params: Value = control.params().unwrap_or_default();
                    heard.push((params, control.done().await.is_ok()));
                }
                Event::Action(action) => {
                    let id = json!(action.id());
                    heard.push((id, action.reply(&json!({"Code": 0})).await.is_ok()));
                }
                _ => {}
            }
        }
        heard
    };
    let wanted = [
        (control["payload"]["params"].clone(), true),
        (action["payload"]["actionId"].clone(), true),
    ];
    at.tally.equal("what is to be done", answering.await, wanted.to_vec());
    for call in [control, action] {
        let (topic, payload) = at.hears().await?;
        at.tally.equal("where it is answered", json!(topic), call["answer"]["topic"].clone());
        let (mut said, mut wanted) = (payload, call["answer"]["payload"].clone());
        // Words for a person, which every device chooses.
        said["status"] = Value::Null;
        wanted["status"] = Value::Null;
        at.tally.equal("what it is answered", said, wanted);
    }
    announcements(&mut events, &mut at).await?;
    let messages = at.messages;
    thing.close().await;
    tally.exchanged(1, messages);
    witness.ask(json!({"do": "disconnect"})).await.map(drop)
}

/// The rest of what a device asks for.
async fn queries(thing: &Thing, at: &mut Platform<'_>) -> Result<(), Failure> {
    let asked = at.fixture("up", "report-info")?;
    let info = asked["payload"]["params"].clone();
    let answering = answers(at, &asked, "information", "report-info-reply");
    let (done, answered) = tokio::join!(thing.report_info(&info), answering);
    answered?;
    at.tally.check("information is answered", done.is_ok(), done);
    let asked = at.fixture("up", "clear-control")?;
    let answering = answers(at, &asked, "a control done with", "clear-control-reply");
    let (done, answered) = tokio::join!(thing.clear_control(), answering);
    answered?;
    at.tally.check("a control is cleared", done.is_ok(), done);
    let asked = at.fixture("up", "shadow-get")?;
    let answering = answers(at, &asked, "the shadow", "shadow-get-reply");
    let (done, answered) = tokio::join!(thing.shadow(), answering);
    answered?;
    at.tally.check("the shadow is read", done.is_ok(), done);
    let asked = at.fixture("up", "template-get")?;
    let answering = answers(at, &asked, "the template", "template-get-reply");
    let (done, answered) = tokio::join!(thing.template(), answering);
    answered?;
    at.tally.check("the template is read", done.is_ok(), done);
    let asked = at.fixture("up", "log-level")?;
    let answering = answers(at, &asked, "how much to log", "log-reply");
    let (done, answered) = tokio::join!(thing.log_level(), answering);
    answered?;
    at.tally.equal("how much to log", done.ok(), Some(3));
    let asked = at.fixture("up", "time")?;
    let answering = answers(at, &asked, "the time", "time-reply");
    let (done, answered) = tokio::join!(thing.time(), answering);
    answered?;
    at.tally.check("the time is told", done.is_ok(), done);
    let asked = at.fixture("up", "config")?;
    let answering = answers(at, &asked, "the configuration", "config-reply");
    let (done, answered) = tokio::join!(thing.config(), answering);
    answered?;
    let done = done.ok().and_then(|done| serde_json::from_str::<Value>(&done).ok());
    at.tally.equal("the configuration", done, Some(json!({"a": 1})));
    let asked = at.fixture("up", "describe")?;
    let gateway = thing.gateway();
    let answering = answers(at, &asked, "who is below", "describe-reply");
    let (done, answered) = tokio::join!(gateway.list(), answering);
    answered?;
    at.tally.check("who is below", done.as_ref().is_ok_and(|list| list.len() == 1), done);
    let asked = at.fixture("up", "ota-version")?;
    let answering = answers(at, &asked, "a version", "ota-heard");
    let (done, answered) = tokio::join!(thing.firmware_version("0.1"), answering);
    answered?;
    at.tally.check("a version is told", done.is_ok(), done);
    Ok(())
}

/// What the platform says by itself, each of its own kind.
async fn announcements(events: &mut Events, at: &mut Platform<'_>) -> Result<(), Failure> {
    let kinds: [(&str, IsKind); 6] = [
        ("shadow-delta", |event| matches!(event, Event::ShadowDelta(_))),
        ("template-delta", |event| matches!(event, Event::TemplateDelta(_))),
        ("ota-update", |event| matches!(event, Event::Firmware(_))),
        ("config-push", |event| matches!(event, Event::ConfigPush(_))),
        ("change", |event| matches!(event, Event::GatewayChange(_))),
        ("rrpc", |event| matches!(event, Event::Question(_))),
    ];
    for (id, is_kind) in kinds {
        let said = at.fixture("down", id)?;
        at.says(&said["topic"], &said["payload"]).await?;
        let heard = timeout(SOON, events.next()).await;
        let is_right = matches!(&heard, Ok(Some(Ok(event))) if is_kind(event));
        at.tally.check(&format!("{id} is heard"), is_right, &heard);
    }
    Ok(())
}

/// This is asked, and answered with that.
async fn answers(
    at: &mut Platform<'_>,
    asked: &Value,
    what: &str,
    reply: &str,
) -> Result<(), Failure> {
    let (_, payload) = at.is_asked(asked, what).await?;
    let reply = at.fixture("down", reply)?;
    let mut answer = reply["payload"].clone();
    if let Some(token) = answer.get_mut("clientToken") {
        *token = payload["clientToken"].clone();
    }
    at.says(&reply["topic"], &answer).await
}
