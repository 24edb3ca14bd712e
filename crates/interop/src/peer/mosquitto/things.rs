//! A device of ours at a broker that knows no cloud. paho-mqtt is the platform: it says what came, to the letter, and
//! answers what platforms answer by their documents.

use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::aliyun::client::Event;
use iot_home::aliyun::{Device, Thing};
use iot_home::mqtt::client::{Options, Session};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::login;
use crate::dialogue::Dialogue;
use crate::process::Failure;
use crate::tally::Tally;

/// Topics and payloads by the documents of the platform.
const FIXTURES: &str = include_str!("../../../../../fixtures/mqtt/aliyun-thing.json");
/// Everything comes sooner.
const SOON: Duration = Duration::from_secs(20);

pub(super) async fn play(
    port: u16,
    witness: &mut Dialogue,
    tally: &mut Tally,
) -> Result<(), Failure> {
    super::meet(witness, port, tally).await?;
    for filter in ["/sys/#", "/shadow/#", "/ota/#"] {
        let order = json!({"do": "subscribe", "topic": filter, "qos": 1});
        tally.equal("the platform listens", witness.ask(order).await?, json!({"ok": [1]}));
    }
    let device = Device::new("a1X2bEnP82z", "lamp-1", "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe");
    let topics = device.map_err(failed)?.topics();
    let session = Session::connect(login(port), Options::new()).await?;
    let thing = Thing::new(session, topics).await.map_err(failed)?;
    let mut at = At { witness, tally, messages: 0 };

    let asked = fixture("up", "property-post")?;
    let values = asked["payload"]["params"].clone();
    let (done, answered) =
        tokio::join!(thing.report(&values), at.answers(&asked, "property-post", "reply"));
    answered?;
    at.tally.check("a report is answered", done.is_ok(), done);
    let asked = fixture("up", "desired-get")?;
    let names: Vec<_> = asked["payload"]["params"].as_array().into_iter().flatten().collect();
    let names: Vec<_> = names.into_iter().filter_map(Value::as_str).collect();
    let (done, answered) =
        tokio::join!(thing.desired(&names), at.answers(&asked, "desired-get", "desired-reply"));
    answered?;
    at.tally.check("desired values are read", done.as_ref().is_ok_and(|it| !it.is_empty()), done);

    let mut events = thing.events();
    let set = fixture("down", "property-set")?;
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
    /// The next message that comes and is not the witness's own.
    async fn hears(&mut self) -> Result<(String, Value), Failure> {
        loop {
            let said = self.witness.ask(json!({"do": "said"})).await?;
            let topic = said["ok"][0].as_str().unwrap_or_default().to_owned();
            let text = said["ok"][1].as_str().unwrap_or_default();
            let payload: Value = serde_json::from_str(text)
                .map_err(|error| Failure::new(format!("{said}: {error}")))?;
            if payload["method"].is_null() && payload["code"].is_null() {
                return Err(Failure::new(format!("neither a call nor an answer: {said}")));
            }
            self.messages += 1;
            // It hears itself: what it answers, and what it asks for.
            let is_own = (topic.ends_with("_reply") && payload.get("method").is_some())
                || topic.ends_with("/set");
            if !is_own {
                return Ok((topic, payload));
            }
        }
    }

    async fn says(&mut self, topic: &Value, payload: &Value) -> Result<(), Failure> {
        self.messages += 1;
        let order = json!({"do": "say", "topic": topic, "text": payload.to_string()});
        let said = self.witness.ask(order).await?;
        self.tally.equal("the platform says", said, json!({"ok": null}));
        Ok(())
    }

    /// This is asked, to the letter but for the id, and answered with that.
    async fn answers(&mut self, asked: &Value, what: &str, reply: &str) -> Result<(), Failure> {
        let (topic, payload) = self.hears().await?;
        self.tally.equal(&format!("{what}: its topic"), json!(topic), asked["topic"].clone());
        let mut wanted = asked["payload"].clone();
        wanted["id"] = payload["id"].clone();
        self.tally.equal(&format!("{what}: as the documents have it"), &payload, &wanted);
        let mut answer = fixture("down", reply)?["payload"].clone();
        answer["id"] = payload["id"].clone();
        answer["method"] = payload["method"].clone();
        self.says(&json!(format!("{topic}_reply")), &answer).await
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
