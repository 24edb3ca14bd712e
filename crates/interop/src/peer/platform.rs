//! A simulated platform of ours and a device of others: what the device is told to do, what the platform sees of it,
//! and what the platform answers.

use std::time::Duration;

use iot_home_sim::SimPlatform;
use iot_home_sim::mqtt::{DeviceId, Message};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::dialogue::Dialogue;
use crate::process::Failure;
use crate::tally::Tally;

/// Everything that is waited for comes sooner.
const SOON: Duration = Duration::from_secs(20);

/// One device at one platform.
pub(crate) struct Exchange<'a> {
    pub(crate) peer: &'a mut Dialogue,
    pub(crate) platform: SimPlatform,
    pub(crate) device: DeviceId,
    pub(crate) tally: &'a mut Tally,
}

impl Exchange<'_> {
    /// Gives an order that has to be answered with this.
    pub(crate) async fn asks(
        &mut self,
        what: &str,
        order: Value,
        wanted: Value,
    ) -> Result<(), Failure> {
        let answer = self.peer.ask(order).await?;
        self.tally.equal(what, answer, json!({"ok": wanted}));
        Ok(())
    }

    /// The first message of the device to this topic.
    pub(crate) async fn published(&self, topic: &str) -> Result<Message, Failure> {
        let mut found = None;
        self.until(topic, |machine| {
            let mut from_it = machine.messages().filter(|message| message.from.is_some());
            found = from_it.find(|message| message.topic == topic).cloned();
            found.is_some()
        })
        .await?;
        found.ok_or_else(|| Failure::new(format!("nothing came to {topic}")))
    }

    /// Asks the device something by RRPC, which it has to answer.
    pub(crate) async fn rrpc(&mut self, question: &Value) -> Result<Value, Failure> {
        let asked = self.platform.rrpc(&self.device, question.to_string(), SOON).await;
        let answer = asked.map_err(|error| Failure::new(format!("RRPC: {error}")))?;
        serde_json::from_slice(&answer).map_err(|error| Failure::new(format!("RRPC: {error}")))
    }

    /// Has the platform set properties; returns the id of the request.
    pub(crate) fn sets(&mut self, params: &Value) -> Result<String, Failure> {
        let set = self.platform.set_properties(&self.device, params);
        set.map_err(|error| Failure::new(error.to_string()))
    }

    /// Has the platform call a service; returns the id of the request.
    pub(crate) fn calls(&mut self, service: &str, params: &Value) -> Result<String, Failure> {
        let called = self.platform.call_service(&self.device, service, params);
        called.map_err(|error| Failure::new(error.to_string()))
    }

    /// What the device answers to the request of this id.
    pub(crate) async fn answered(&self, id: &str) -> Result<Value, Failure> {
        let answered = timeout(SOON, self.platform.answer_to(id)).await;
        answered.map_err(|_| Failure::new(format!("{id}: no answer in {} s", SOON.as_secs())))
    }

    /// What the platform keeps of devices.
    pub(crate) fn states(&self, devices: &[&DeviceId]) -> Vec<Value> {
        devices.iter().map(|device| super::things::state(&self.platform, device)).collect()
    }

    /// Waits until the platform is as is wished.
    pub(crate) async fn until(
        &self,
        what: &str,
        is_so: impl FnMut(&iot_home_sim::mqtt::Machine) -> bool,
    ) -> Result<(), Failure> {
        let waited = timeout(SOON, self.platform.until(is_so)).await;
        waited.map_err(|_| Failure::new(format!("{what}: not in {} s", SOON.as_secs())))
    }

    /// Ends the exchange: everything that was said is counted, and nothing may have been wrong but what is wanted.
    pub(crate) fn finish(
        self,
        what: &str,
        wanted: impl FnOnce(&mut iot_home_sim::mqtt::Violations),
    ) {
        let report = self.platform.report();
        self.tally.exchanged(report.logins, report.received + report.sent);
        let mut violations = iot_home_sim::mqtt::Violations::default();
        wanted(&mut violations);
        self.tally.equal(&format!("{what}: what was wrong"), report.violations, violations);
    }
}
