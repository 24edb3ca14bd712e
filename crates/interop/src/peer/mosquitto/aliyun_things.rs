//! A device of ours for Aliyun's cloud at a broker that knows no cloud.

use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::aliyun::client::Event;
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
    let mut at = Platform {
        witness,
        tally,
        fixtures: serde_json::from_str(FIXTURES).map_err(failed)?,
        named_by: "id",
        is_own,
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
    let (topic, payload) = at.is_asked(asked, what).await?;
    let mut answer = at.fixture("down", reply)?["payload"].clone();
    answer["id"] = payload["id"].clone();
    answer["method"] = payload["method"].clone();
    at.says(&json!(format!("{topic}_reply")), &answer).await
}

/// What the platform answers, and what it asks for.
fn is_own(topic: &str, payload: &Value) -> bool {
    (topic.ends_with("_reply") && payload.get("method").is_some()) || topic.ends_with("/set")
}
