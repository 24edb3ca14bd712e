//! What a bulb has seen, refused and done.

use std::collections::BTreeMap;

/// Counts since the bulb began. A test asserts on them what no answer shows: that a client sent
/// nothing a real bulb would refuse, or that a command was carried out once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Sound searches.
    pub searches: u64,
    /// Searches that the faults let get lost.
    pub lost_searches: u64,
    /// Answers to searches.
    pub search_answers: u64,
    /// Advertisements sent.
    pub advertisements: u64,
    /// Control connections accepted.
    pub connections: u64,
    /// Control connections that are open now.
    pub open_connections: u64,
    /// Connections that the bulb made to a client, for music.
    pub music_connections: u64,
    /// Connections that the bulb ended because the client did not read what it was sent.
    pub overflows: u64,
    /// Tokens given out for UDP sessions.
    pub sessions: u64,
    /// Readable commands, on whatever channel, carried out or not.
    pub commands: u64,
    /// Commands over music connections; they count as [`commands`](Self::commands) too.
    pub music_commands: u64,
    /// Commands in UDP sessions; they count as [`commands`](Self::commands) too.
    pub session_commands: u64,
    /// How often each method was carried out.
    pub executions: BTreeMap<String, u64>,
    /// Answers to commands.
    pub answers: u64,
    /// Answers that were errors; they count as [`answers`](Self::answers) too.
    pub error_answers: u64,
    /// Notifications, one for each connection that was told.
    pub pushes: u64,
    /// Lines and datagrams that the bulb did not look at, because it was set to be silent.
    pub ignored: u64,
    /// What broke a rule.
    pub violations: Violations,
}

impl Report {
    /// How often this method was carried out.
    pub fn executed(&self, method: &str) -> u64 {
        self.executions.get(method).copied().unwrap_or(0)
    }

    pub(crate) fn execution(&mut self, method: &str) {
        match self.executions.get_mut(method) {
            Some(counter) => count(counter),
            None => drop(self.executions.insert(method.to_owned(), 1)),
        }
    }
}

macro_rules! violations {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What clients sent that a real bulb drops or refuses, by the rule that was broken.
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
    /// A search whose first line is another than `M-SEARCH * HTTP/1.1`, or that is no text at all.
    bad_start_line,
    /// A search with a line that does not end in CR LF. The last one may go without.
    search_line_end,
    /// A search with a line that is no header.
    bad_header,
    /// A search for another host than the group, 239.255.255.250:1982, or the bulb itself.
    wrong_host,
    /// A search without `MAN`.
    missing_man,
    /// A search whose `MAN` is another than `"ssdp:discover"`, quotes included.
    wrong_man,
    /// A search whose `MAN` stands in typographic quotes, as some published notes print it.
    curly_quotes,
    /// A search without `ST`.
    missing_st,
    /// A search whose `ST` is another than `wifi_bulb`.
    wrong_st,
    /// A connection beyond the fourth.
    too_many_connections,
    /// A line that does not end in CR LF.
    line_end,
    /// A line longer than 8 KiB.
    long_line,
    /// A line that is no JSON object.
    bad_json,
    /// No id, or one that is no whole number from 0 to 2^31 - 1.
    bad_id,
    /// The id 0, which errors about unreadable lines carry. The command is carried out.
    zero_id,
    /// No method, or one that is no text.
    bad_method,
    /// No `params`, or such that are no array.
    params_not_array,
    /// A method that the bulb does not list in `support`.
    unsupported_method,
    /// Too few parameters, or too many.
    wrong_param_count,
    /// A parameter of another type, such as a number in quotes or with a fraction.
    wrong_param_type,
    /// A parameter that the model does not take.
    out_of_range,
    /// A command that is taken only while the light is on.
    off_command,
    /// A command beyond the quota.
    quota,
    /// A datagram to a UDP session without its token, or with one that does not hold any more.
    bad_token,
}

/// Adds one to a counter that stops at its largest value.
pub(crate) fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
