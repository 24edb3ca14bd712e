//! What a gateway has seen, refused and done.

use std::collections::BTreeMap;

use iot_home_lumi::Sid;

/// Counts since the gateway began. A test asserts on them what no answer shows: that a client sent nothing a real
/// gateway would refuse, or that a write was carried out once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Searches.
    pub searches: u64,
    /// Lists of the children that were asked for.
    pub lists: u64,
    /// Reads, refused ones not counted.
    pub reads: u64,
    /// How often something was written to each child, or to the gateway.
    pub executions: BTreeMap<Sid, u64>,
    /// Answers, errors among them.
    pub answers: u64,
    /// Answers that got lost because it was asked for.
    pub lost_answers: u64,
    /// Datagrams that were not looked at because it was asked for.
    pub ignored: u64,
    /// Reports, whether or not there was somebody to tell.
    pub reports: u64,
    /// Heartbeats of the gateway, each with a new token.
    pub heartbeats: u64,
    /// Heartbeats of children.
    pub child_heartbeats: u64,
    /// What broke a rule.
    pub violations: Violations,
}

impl Report {
    /// How often something was written to this child, or to the gateway.
    pub fn executed(&self, sid: Sid) -> u64 {
        self.executions.get(&sid).copied().unwrap_or(0)
    }
}

macro_rules! violations {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What clients sent that a gateway drops or refuses, by the rule that was broken.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Violations {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Violations {
            /// All of them together.
            pub fn total(&self) -> u64 {
                [$(self.$name),*].into_iter().fold(0, u64::saturating_add)
            }
        }
    };
}

violations! {
    /// No JSON object, or no `cmd` in it, or a field of the wrong type. There is no answer.
    malformed,
    /// A search to the port of commands, or a command to the port of searches. There is no answer.
    wrong_port,
    /// A command that no version has. There is no answer.
    unknown_command,
    /// A command or a write of the other version. A command gets no answer, a write `Invalid cmd`.
    wrong_version,
    /// A read or a write of a sid that is neither a child's nor the gateway's: `No device`.
    unknown_sid,
    /// A write whose key is made of another token than the present one: `Invalid key`.
    old_token,
    /// A write without a key, or with one that fits none of its last tokens: `Invalid key`.
    wrong_key,
    /// A write with the model or the short address of something else: `Invalid cmd`.
    wrong_child,
    /// A write without a value, or with one that cannot be written there: `Invalid cmd`.
    wrong_value,
}

/// Adds one to a counter that stops at its largest value.
pub(crate) fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
