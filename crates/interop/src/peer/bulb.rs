//! A simulated bulb of ours and a client that was written by others, step by step: what the client
//! is told to do, what has to come of it in the bulb, and what the client then believes of it.

use std::time::Duration;

use iot_home::sim::SimBulb;
use iot_home::sim::yeelight::Violations;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};

use crate::dialogue::Dialogue;
use crate::process::Failure;
use crate::tally::Tally;

/// Which client it is. They differ in what things are called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    /// `Bulb` of python-yeelight.
    Python,
    /// `AsyncBulb` of python-yeelight.
    AsyncPython,
    /// `Yeelight` of yeelight-awesome.
    Awesome,
}

/// Something that the client is to do, and what has to come of it.
pub(crate) struct Step {
    method: &'static str,
    args: Value,
    with: Value,
    answers: Option<Value>,
    shows: Value,
}

impl Step {
    /// A method with these arguments, that the bulb has to be content with.
    pub(crate) fn new(method: &'static str, args: Value) -> Self {
        Self { method, args, with: json!({}), answers: None, shows: json!({}) }
    }

    /// Arguments by name.
    pub(crate) fn with(self, with: Value) -> Self {
        Self { with, ..self }
    }

    /// What the method returns, where that is not that all is well.
    pub(crate) fn answers(self, answers: Value) -> Self {
        Self { answers: Some(answers), ..self }
    }

    /// What the bulb shows then.
    pub(crate) fn shows(self, shows: Value) -> Self {
        Self { shows, ..self }
    }
}

/// A client that talks to a bulb of ours.
pub(crate) struct Exchange<'a> {
    pub(crate) client: Client,
    pub(crate) peer: &'a mut Dialogue,
    pub(crate) bulb: SimBulb,
    pub(crate) tally: &'a mut Tally,
}

impl Exchange<'_> {
    /// Lets the client do one thing after the other, and read the bulb's properties after each.
    pub(crate) async fn play(
        &mut self,
        steps: impl IntoIterator<Item = Step>,
    ) -> Result<(), Failure> {
        for step in steps {
            let what = format!("{} {}", step.method, step.args);
            self.step(step).await?;
            self.agrees(&what).await?;
        }
        Ok(())
    }

    /// Lets the client do one thing, and looks at the bulb.
    pub(crate) async fn step(&mut self, step: Step) -> Result<(), Failure> {
        let Step { method, args, with, answers, shows } = step;
        let what = format!("{method} {args} {with}");
        let answer = self.call(method, args, with).await?;
        let wanted = answers.unwrap_or_else(|| match self.client {
            Client::Awesome => json!(["ok"]),
            _ => json!("ok"),
        });
        self.tally.equal(&what, answer, json!({"ok": wanted}));
        self.shows(&what, &shows).await;
        Ok(())
    }

    /// Lets the client call a method. The answer is whole: `ok` or `error`.
    pub(crate) async fn call(
        &mut self,
        method: &str,
        args: Value,
        with: Value,
    ) -> Result<Value, Failure> {
        let method = match self.client {
            // One method lacks the prefix of all others.
            Client::AsyncPython if method != "cron_del" => format!("async_{method}"),
            _ => method.to_owned(),
        };
        let order = json!({"do": "call", "method": method, "args": args, "with": with});
        self.peer.ask(order).await
    }

    /// The bulb has to show these values, at the latest when what was sent without an answer has
    /// arrived.
    pub(crate) async fn shows(&mut self, what: &str, wanted: &Value) {
        let wanted = wanted.as_object().cloned().unwrap_or_default();
        let look = |bulb: &SimBulb| -> Map<String, Value> {
            let shown = |name: &String| bulb.property(name).unwrap_or(Value::Null);
            wanted.keys().map(|name| (name.clone(), shown(name))).collect()
        };
        eventually(|| look(&self.bulb) == wanted).await;
        self.tally.equal(&format!("{what}: the bulb"), look(&self.bulb), wanted.clone());
    }

    /// What the client reads of the bulb has to be what the bulb shows.
    pub(crate) async fn agrees(&mut self, what: &str) -> Result<(), Failure> {
        let mut tries = 0;
        loop {
            let believed = self.believed().await?;
            let shown = believed.keys().map(|name| (name.clone(), self.read(name))).collect();
            tries += 1;
            // A flow may have ended between the two.
            if believed == shown || tries == AGREEING {
                let all = match self.client {
                    Client::Awesome => PROPERTIES.len(),
                    // Its own choice of them.
                    _ => 20,
                };
                self.tally.equal(&format!("{what}: it reads properties"), believed.len(), all);
                self.tally.equal(&format!("{what}: it believes"), believed, shown);
                return Ok(());
            }
        }
    }

    async fn believed(&mut self) -> Result<Map<String, Value>, Failure> {
        let (method, args) = match self.client {
            Client::Awesome => ("getProperty", json!([PROPERTIES])),
            _ => ("get_properties", json!([])),
        };
        let answer = self.call(method, args, json!({})).await?;
        let ok = &answer["ok"];
        Ok(match self.client {
            Client::Awesome => {
                let values = ok.as_array().into_iter().flatten().cloned();
                PROPERTIES.into_iter().map(String::from).zip(values).collect()
            }
            _ => {
                let mut properties = ok.as_object().cloned().unwrap_or_default();
                // Its own conclusion.
                properties.remove("current_brightness");
                properties
            }
        })
    }

    /// A property as this client has to read it: text, and where the bulb has nothing to say, that.
    fn read(&self, name: &str) -> Value {
        let text = match self.bulb.property(name) {
            Some(Value::String(text)) => text,
            Some(value) => value.to_string(),
            None => String::new(),
        };
        match self.client {
            Client::Python | Client::AsyncPython if text.is_empty() => Value::Null,
            _ => text.into(),
        }
    }

    /// Waits until the bulb has this many control connections.
    pub(crate) async fn connections(&mut self, what: &str, open: u64) {
        eventually(|| self.bulb.report().open_connections == open).await;
        self.tally.equal(what, self.bulb.report().open_connections, open);
    }

    /// Waits until this many commands have arrived for music.
    pub(crate) async fn music_commands(&mut self, sent: u64) {
        eventually(|| self.bulb.report().music_commands >= sent).await;
        self.tally.equal("commands for music", self.bulb.report().music_commands, sent);
    }

    /// Ends the exchange: the bulb must have found nothing wrong but what `wanted` counts.
    pub(crate) fn finish(self, what: &str, wanted: impl FnOnce(&mut Violations)) {
        let report = self.bulb.report();
        let mut violations = Violations::default();
        wanted(&mut violations);
        self.tally.equal(&format!("{what}: refused by our bulb"), report.violations, violations);
        // Those for music are never answered.
        let unanswered = report.commands - report.music_commands;
        self.tally.equal(&format!("{what}: answers"), report.answers, unanswered);
        self.tally.exchanged(report.search_answers, report.answers);
    }
}

/// Waits until something holds, but not for ever.
async fn eventually(mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + ARRIVING;
    while !holds() && Instant::now() < until {
        sleep(Duration::from_millis(5)).await;
    }
}

/// Something that was sent and is not answered takes less, however busy the machine is.
const ARRIVING: Duration = Duration::from_secs(5);
/// How often a client reads before it is said to believe something else.
const AGREEING: u32 = 5;

/// What clients are made to read of a bulb.
const PROPERTIES: [&str; 16] = [
    "power",
    "bright",
    "ct",
    "rgb",
    "hue",
    "sat",
    "color_mode",
    "flowing",
    "delayoff",
    "flow_params",
    "music_on",
    "name",
    "bg_power",
    "bg_bright",
    "nl_br",
    "active_mode",
];
