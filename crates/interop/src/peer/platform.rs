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

    /// Gives an order on which the device publishes to `topic`, is answered there, and tells what it made of the
    /// answer. Returns what it published and what it tells.
    pub(crate) async fn answered(
        &mut self,
        order: Value,
        topic: &str,
        reply_topic: &str,
        reply: impl Fn(&Value) -> Value,
    ) -> Result<(Value, Value), Failure> {
        let platform = &self.platform;
        let replying = async {
            let asked = published(platform, topic).await?.json().unwrap_or_default();
            platform.publish(reply_topic, reply(&asked).to_string(), 0);
            Ok::<_, Failure>(asked)
        };
        let (asked, answer) = tokio::join!(replying, self.peer.ask(order));
        Ok((asked?, answer?))
    }

    /// The first message of the device to this topic.
    pub(crate) async fn published(&self, topic: &str) -> Result<Message, Failure> {
        published(&self.platform, topic).await
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

async fn published(platform: &SimPlatform, topic: &str) -> Result<Message, Failure> {
    let mut found = None;
    let looking = platform.until(|machine| {
        let mut messages = machine.messages().filter(|message| message.from.is_some());
        found = messages.find(|message| message.topic == topic).cloned();
        found.is_some()
    });
    let looked = timeout(SOON, looking).await;
    found
        .filter(|_| looked.is_ok())
        .ok_or_else(|| Failure::new(format!("nothing came to {topic} in {} s", SOON.as_secs())))
}
