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
    /// What it said, topic and text: a broker sends that to it as well, where it listens there.
    pub(super) own: Vec<(String, String)>,
    pub(super) messages: u64,
}

impl Platform<'_> {
    pub(super) fn fixture(&self, way: &str, id: &str) -> Result<Value, Failure> {
        let found = self.fixtures[way].as_array().into_iter().flatten().find(|one| one["id"] == id);
        found.cloned().ok_or_else(|| Failure::new(format!("no fixture {id}")))
    }

    /// The next message that comes and is not its own. What is no JSON is a text.
    pub(super) async fn hears(&mut self) -> Result<(String, Value), Failure> {
        loop {
            let heard = self.witness.ask(json!({"do": "said"})).await?;
            let (Some(topic), Some(text)) = (heard["ok"][0].as_str(), heard["ok"][1].as_str())
            else {
                return Err(Failure::new(format!("the platform hears nothing: {heard}")));
            };
            self.messages += 1;
            let own =
                self.own.iter().position(|own| (own.0.as_str(), own.1.as_str()) == (topic, text));
            match own {
                Some(own) => drop(self.own.remove(own)),
                None => {
                    let payload = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
                    return Ok((topic.to_owned(), payload));
                }
            }
        }
    }

    pub(super) async fn says(&mut self, topic: &Value, payload: &Value) -> Result<(), Failure> {
        self.messages += 1;
        let text = payload.as_str().map_or_else(|| payload.to_string(), str::to_owned);
        self.own.push((topic.as_str().unwrap_or_default().to_owned(), text.clone()));
        let said = self.witness.ask(json!({"do": "say", "topic": topic, "text": text})).await?;
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
        if let Some(name) = wanted.get_mut(self.named_by) {
            *name = payload[self.named_by].clone();
        }
        self.tally.equal(&format!("{what}: as the documents have it"), &payload, &wanted);
        Ok((topic, payload))
    }
}

pub(super) fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("our device: {error}"))
}
