//! A device of ours for Tencent's cloud at a broker that knows no cloud. paho-mqtt is the platform, as in
//! [`things`](super::things).

use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::mqtt::client::{Options, Session};
use iot_home::tencent::client::Event;
use iot_home::tencent::{Device, Thing};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::login;
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
    let mut at = At { witness, tally, messages: 0 };

    let asked = fixture("up", "report-now")?;
    let values = asked["payload"]["params"].clone();
    let (done, answered) =
        tokio::join!(thing.report(&values), at.answers(&asked, "a report", "report-reply"));
    answered?;
    at.tally.check("a report is answered", done.is_ok(), done);
    let asked = fixture("up", "get-status")?;
    let (status, answered) =
        tokio::join!(thing.status(), at.answers(&asked, "its status", "get-status-reply"));
    answered?;
    at.tally.check("the status is read", status.is_ok(), status);

    let mut events = thing.events();
    let control = fixture("down", "control")?;
    at.says(&control["topic"], &control["payload"]).await?;
    let action = fixture("down", "action")?;
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

struct At<'a> {
    witness: &'a mut Dialogue,
    tally: &'a mut Tally,
    messages: u64,
}

impl At<'_> {
    async fn hears(&mut self) -> Result<(String, Value), Failure> {
        let said = self.witness.ask(json!({"do": "said"})).await?;
        let topic = said["ok"][0].as_str().unwrap_or_default().to_owned();
        let text = said["ok"][1].as_str().unwrap_or_default();
        let payload: Value =
            serde_json::from_str(text).map_err(|error| Failure::new(format!("{said}: {error}")))?;
        self.messages += 1;
        Ok((topic, payload))
    }

    async fn says(&mut self, topic: &Value, payload: &Value) -> Result<(), Failure> {
        self.messages += 1;
        let order = json!({"do": "say", "topic": topic, "text": payload.to_string()});
        let said = self.witness.ask(order).await?;
        self.tally.equal("the platform says", said, json!({"ok": null}));
        Ok(())
    }

    /// This is asked, to the letter but for the token that names it, and answered with that.
    async fn answers(&mut self, asked: &Value, what: &str, reply: &str) -> Result<(), Failure> {
        let (topic, payload) = self.hears().await?;
        self.tally.equal(&format!("{what}: its topic"), json!(topic), asked["topic"].clone());
        let mut wanted = asked["payload"].clone();
        wanted["clientToken"] = payload["clientToken"].clone();
        self.tally.equal(&format!("{what}: as the documents have it"), &payload, &wanted);
        let reply = fixture("down", reply)?;
        let mut answer = reply["payload"].clone();
        answer["clientToken"] = payload["clientToken"].clone();
        self.says(&reply["topic"], &answer).await
    }
}

fn fixture(way: &str, id: &str) -> Result<Value, Failure> {
    let all: Value = serde_json::from_str(FIXTURES).map_err(failed)?;
    let found = all[way].as_array().into_iter().flatten().find(|one| one["id"] == id);
    found.cloned().ok_or_else(|| Failure::new(format!("no fixture {id}")))
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("our device: {error}"))
}
