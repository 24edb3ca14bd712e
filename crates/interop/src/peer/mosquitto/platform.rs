//! paho-mqtt as the platform at a broker that knows no cloud: it says what came, to the letter, and answers what
//! platforms answer by their documents.

use serde_json::{Value, json};

use crate::dialogue::Dialogue;
use crate::process::Failure;
use crate::tally::Tally;

/// The platform of one cloud.
pub(super) struct Platform<'a> {
    pub(super) witness: &'a mut Dialogue,
    pub(super) tally: &'a mut Tally,
    /// Topics and payloads by its documents.
    pub(super) fixtures: Value,
    /// The key by which a call and its answer belong together.
    pub(super) named_by: &'static str,
    /// What it hears of itself, by topic and payload.
    pub(super) is_own: fn(&str, &Value) -> bool,
    pub(super) messages: u64,
}

impl Platform<'_> {
    pub(super) fn fixture(&self, way: &str, id: &str) -> Result<Value, Failure> {
        let found = self.fixtures[way].as_array().into_iter().flatten().find(|one| one["id"] == id);
        found.cloned().ok_or_else(|| Failure::new(format!("no fixture {id}")))
    }

    /// The next message that comes and is not its own.
    pub(super) async fn hears(&mut self) -> Result<(String, Value), Failure> {
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
            if !(self.is_own)(&topic, &payload) {
                return Ok((topic, payload));
            }
        }
    }

    pub(super) async fn says(&mut self, topic: &Value, payload: &Value) -> Result<(), Failure> {
        self.messages += 1;
        let order = json!({"do": "say", "topic": topic, "text": payload.to_string()});
        let said = self.witness.ask(order).await?;
        self.tally.equal("the platform says", said, json!({"ok": null}));
        Ok(())
    }

    /// This is asked, to the letter but for what names the call: topic and payload.
    pub(super) async fn is_asked(
        &mut self,
        asked: &Value,
        what: &str,
    ) -> Result<(String, Value), Failure> {
        let (topic, payload) = self.hears().await?;
        self.tally.equal(&format!("{what}: its topic"), json!(topic), asked["topic"].clone());
        let mut wanted = asked["payload"].clone();
        wanted[self.named_by] = payload[self.named_by].clone();
        self.tally.equal(&format!("{what}: as the documents have it"), &payload, &wanted);
        Ok((topic, payload))
    }
}

pub(super) fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("our device: {error}"))
}
