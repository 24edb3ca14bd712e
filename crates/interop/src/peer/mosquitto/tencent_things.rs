//! A device of ours for Tencent's cloud at a broker that knows no cloud.

use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::mqtt::client::{Options, Session};
use iot_home::tencent::client::Event;
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

pub(super) async fn play(
    port: u16,
    witness: &mut Dialogue,
    tally: &mut Tally,
) -> Result<(), Failure> {
    super::meet(witness, port, tally).await?;
    // It hears what devices say, and so not itself.
    let order = json!({"do": "subscribe", "topic": "$thing/up/#", "qos": 1});
    tally.equal("the platform listens", witness.ask(order).await?, json!({"ok": [1]}));
    let device = Device::new("YOURPROD01", "lamp1", "7WmFA/MEs+Fy+32QwJWtYw==");
    let topics = device.map_err(failed)?.topics();
    let session = Session::connect(login(port), Options::new()).await?;
    let thing = Thing::new(session, topics).await.map_err(failed)?;
    let mut at = Platform {
        witness,
        tally,
        fixtures: serde_json::from_str(FIXTURES).map_err(failed)?,
        named_by: "clientToken",
        is_own: |_, _| false,
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
    let messages = at.messages;
    thing.close().await;
    tally.exchanged(1, messages);
    witness.ask(json!({"do": "disconnect"})).await.map(drop)
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
    answer["clientToken"] = payload["clientToken"].clone();
    at.says(&reply["topic"], &answer).await
}
