//! What a device has seen, refused and done.

use std::collections::BTreeMap;

use iot_home_core::ActionId;
use serde_json::Value;

use crate::miio::methods::Outcome;
use crate::miio::refusals::Refusals;

/// Counts since the device began. A test asserts on them what no answer shows: that a client sent
/// nothing a real device would refuse, or that a command was carried out once.
///
/// ```
/// use iot_home_sim::{SimDevice, VirtualLink};
/// use iot_home_miio::Request;
///
/// let mut link = VirtualLink::new(SimDevice::light().build()?);
/// link.call(Request::new("toggle", ())?).0?;
/// let report = link.device().report();
/// assert_eq!(report.executed("toggle"), 1);
/// assert_eq!(report.violations.total(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Datagrams that were sent to the device, whatever became of them.
    pub datagrams: u64,
    /// Hellos, each answered unless the device is silent.
    pub hellos: u64,
    /// Keep-alives with a right checksum.
    pub keep_alives: u64,
    /// Requests that passed every check.
    pub requests: u64,
    /// Answers to requests, before the link lost or doubled any.
    pub answers: u64,
    /// Answers that were errors; they count as [`answers`](Self::answers) too.
    pub error_answers: u64,
    /// What a client answered to requests of the device's own.
    pub client_answers: u64,
    /// Subscriptions that the device took.
    pub subscriptions: u64,
    /// Subscriptions that a client has ended.
    pub unsubscriptions: u64,
    /// Messages to the subscriber: changed properties and events.
    pub uplinks: u64,
    /// Repetitions of such messages.
    pub repeated_uplinks: u64,
    /// Messages that the subscriber has answered.
    pub acknowledged: u64,
    /// Messages that the device gave up, having repeated them nine times.
    pub unacknowledged: u64,
    /// Events that nobody was told of: there was no subscription, or too many events.
    pub untold_events: u64,
    /// Scenes that have fired, and whose target has answered.
    pub fired_scenes: u64,
    /// Datagrams that got lost on the way to the device.
    pub dropped_in: u64,
    /// Datagrams that got lost on the way from the device.
    pub dropped_out: u64,
    /// Datagrams that the link delivered twice, in either direction.
    pub duplicated: u64,
    /// Datagrams that the link held back so that later ones overtook them, in either direction.
    pub reordered: u64,
    /// Datagrams of random bytes that the device sent.
    pub garbage: u64,
    /// Datagrams that the device did not look at, because it was set to be silent.
    pub ignored: u64,
    /// How often each method was carried out.
    pub executions: BTreeMap<String, u64>,
    /// How often each MIoT action was carried out, its children's included, whichever way it came: a test that has called an
    /// action once finds 1.
    pub actions: BTreeMap<ActionId, u64>,
    /// How often an image of firmware was installed.
    pub updates: u64,
    /// What the device refused, mostly by saying nothing.
    pub violations: Violations,
    /// What the device refused by an error, of what concerns itself and its network.
    pub refusals: Refusals,
}

impl Report {
    /// How often this method was carried out.
    pub fn executed(&self, method: &str) -> u64 {
        self.executions.get(method).copied().unwrap_or(0)
    }

    /// Counts what was done.
    pub(crate) fn execution(&mut self, method: &str, outcome: &Outcome) {
        if !outcome.executed {
            return;
        }
        count(self.executions.entry(method.to_owned()).or_default());
        if method == "action"
            && let Some(id) = outcome.body.as_ref().ok().and_then(action)
        {
            count(self.actions.entry(id).or_default());
        }
    }
}

/// Datagrams that a real device meets with silence or with an error, by the reason.
///
/// Copies made by the simulated link are not counted: they are no fault of the client. What a client
/// could not know is counted: the first stamp after a reboot is stale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violations {
    /// No packet: too short, another magic, a length that lies.
    pub malformed_packet: u64,
    /// The checksum was made with another token, or not at all.
    pub bad_checksum: u64,
    /// The checksum is right and the padding is not.
    pub bad_padding: u64,
    /// Addressed to another device.
    pub other_did: u64,
    /// The stamp is too far from the device's clock.
    pub stale_stamp: u64,
    /// The id was used a moment ago.
    pub repeated_id: u64,
    /// No id, one that is no integer, or one outside 1 to 2^31 - 1.
    pub bad_id: u64,
    /// The payload is not strict JSON, or no object.
    pub malformed_json: u64,
    /// `miIO.sub` or `miIO.unsub` with something missing, wrong or beyond what is known, or without a
    /// probe under the same virtual did.
    pub bad_subscription: u64,
    /// An answer to no message of a device that pushes, or one of another form than `{"code":0}`.
    pub bad_answer: u64,
    /// A scene with anything that devices do not know, or the removal of one that is not there.
    pub bad_scene: u64,
    /// A sid that no child of the gateway has.
    pub unknown_child: u64,
    /// A request about children that has another form than it has to have.
    pub bad_child_request: u64,
}

impl Violations {
    /// All of them together.
    pub fn total(&self) -> u64 {
        let Self {
            malformed_packet,
            bad_checksum,
            bad_padding,
            other_did,
            stale_stamp,
            repeated_id,
            bad_id,
            malformed_json,
            bad_subscription,
            bad_answer,
            bad_scene,
            unknown_child,
            bad_child_request,
        } = *self;
        [
            malformed_packet,
            bad_checksum,
            bad_padding,
            other_did,
            stale_stamp,
            repeated_id,
            bad_id,
            malformed_json,
            bad_subscription,
            bad_answer,
            bad_scene,
            unknown_child,
            bad_child_request,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }
}

/// The action that an answer says was carried out.
fn action(answer: &Value) -> Option<ActionId> {
    let number = |key| answer.get(key)?.as_u64()?.try_into().ok();
    let is_done = answer.get("code")? == 0;
    Some(ActionId::new(number("siid")?, number("aiid")?)).filter(|_| is_done)
}

/// Adds one to a counter that stops at its largest value.
pub(crate) fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
