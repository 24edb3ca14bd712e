//! Lines that arrive, and what is done about them.

use std::time::Duration;

use iot_home_core::Instant;

use crate::yeelight::faults::{Close, Silence};
use crate::yeelight::lamp::Reply;
use crate::yeelight::machine::outbox::Role;
use crate::yeelight::machine::{ConnectionId, Machine};
use crate::yeelight::params::Params;
use crate::yeelight::refusal::Refusal;
use crate::yeelight::report::count;
use crate::yeelight::request::{Request, Unreadable};

/// Why a line is not read.
enum BadLine {
    Long,
    End,
    Unreadable(Unreadable),
}

impl Machine {
    /// Cuts what arrives into lines.
    pub(super) fn receive(&mut self, now: Instant, id: ConnectionId, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let Some((line, rest)) = bytes.split_at_checked(end) else { return };
            bytes = rest.get(1..).unwrap_or_default();
            let Some(connection) = self.connections.get_mut(&id).filter(|one| !one.closing) else {
                return;
            };
            if std::mem::take(&mut connection.skipping) {
                continue;
            }
            if connection.begun.is_empty() {
                self.line(now, id, line);
            } else {
                let mut whole = std::mem::take(&mut connection.begun);
                whole.extend_from_slice(line);
                self.line(now, id, &whole);
            }
        }
        let Some(connection) = self.connections.get_mut(&id).filter(|one| !one.closing) else {
            return;
        };
        if connection.skipping {
            return;
        }
        connection.begun.extend_from_slice(bytes);
        if connection.begun.len() > LONGEST_LINE {
            connection.begun = Vec::new();
            connection.skipping = true;
            self.bad_line(now, id, BadLine::Long);
        }
    }

    /// A line without its line feed.
    fn line(&mut self, now: Instant, id: ConnectionId, line: &[u8]) {
        if matches!(self.mischief.silence(), Silence::Commands | Silence::Total) {
            return count(&mut self.report.ignored);
        }
        let request = match line.strip_suffix(b"\r") {
            _ if line.len() > LONGEST_LINE => Err(BadLine::Long),
            None => Err(BadLine::End),
            Some(line) => Request::parse(line).map_err(BadLine::Unreadable),
        };
        match request {
            Ok(request) => self.command(now, id, &request),
            Err(bad) => self.bad_line(now, id, bad),
        }
    }

    fn bad_line(&mut self, now: Instant, id: ConnectionId, bad: BadLine) {
        let violations = &mut self.report.violations;
        count(match bad {
            BadLine::Long => &mut violations.long_line,
            BadLine::End => &mut violations.line_end,
            BadLine::Unreadable(unreadable) => unreadable.counter(violations),
        });
        self.answer(now, id, 0, Err((-1, "invalid command")));
    }

    fn command(&mut self, now: Instant, id: ConnectionId, request: &Request<'_>) {
        let nth = self.mischief.command();
        let close = self.mischief.faults.close;
        if close == Some(Close::Before(nth)) {
            return self.outbox.close(now, &mut self.connections, id);
        }
        count(&mut self.report.commands);
        if request.id == 0 {
            count(&mut self.report.violations.zero_id);
        }
        let Some(role) = self.connections.get(&id).map(|one| one.role) else { return };
        if role == Role::Music {
            count(&mut self.report.music_commands);
        } else if self.mischief.faults.quota_error == Some(nth) {
            return self.answer(now, id, request.id, Err(Refusal::Quota.error()));
        } else if let Some((code, text)) = self.mischief.faults.error.clone() {
            return self.answer(now, id, request.id, Err((code, &text)));
        }
        let done = match role {
            Role::Control => self.enter_quota(now, id).and_then(|()| self.run(now, true, request)),
            Role::Music => self.run(now, false, request),
        };
        if close == Some(Close::Unanswered(nth)) {
            self.outbox.close(now, &mut self.connections, id);
        }
        match done {
            Ok(reply) => {
                self.report.execution(&request.method);
                self.answer(now, id, request.id, Ok(&reply));
            }
            Err(refusal) => {
                self.refused(refusal);
                self.answer(now, id, request.id, Err(refusal.error()));
            }
        }
        match close {
            Some(Close::After(last)) if last == nth => {
                self.outbox.close(now, &mut self.connections, id);
            }
            Some(Close::Between(last)) if last == nth => {
                self.outbox.close_later(now + AFTERWARDS, &self.connections, id);
            }
            _ => {}
        }
        self.after_change(now);
    }

    pub(super) fn refused(&mut self, refusal: Refusal) {
        if let Some(counter) = refusal.counter(&mut self.report.violations) {
            count(counter);
        }
    }

    fn enter_quota(&mut self, now: Instant, id: ConnectionId) -> Result<(), Refusal> {
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        let quota = self.builder.quota;
        if !connection.window.has_room(now, quota.per_connection)
            || !self.total.has_room(now, quota.in_total)
        {
            return Err(Refusal::Quota);
        }
        connection.window.enter(now, quota.per_connection);
        self.total.enter(now, quota.in_total);
        Ok(())
    }

    /// Carries out a command that came over a control connection, or not over one.
    pub(super) fn run(
        &mut self,
        now: Instant,
        control: bool,
        request: &Request<'_>,
    ) -> Result<Reply, Refusal> {
        let method = &*request.method;
        if !self.support.iter().any(|known| known == method) {
            return Err(Refusal::Method);
        }
        let params = Params(request.params.as_deref().ok_or(Refusal::NoArray)?);
        if method == "set_music" {
            return self.set_music(now, params).map(|()| Reply::Ok);
        }
        self.lamp.call(now, method, params, !control)
    }

    /// What follows from a change: clients are told, and music ends with the light.
    pub(super) fn after_change(&mut self, now: Instant) {
        let is_lit = !self.lamp.is_off();
        if std::mem::replace(&mut self.was_lit, is_lit) && !is_lit {
            self.end_music(now);
        }
        self.tell_changes(now);
    }
}

/// The longest line in bytes.
const LONGEST_LINE: usize = 8192;
/// How long after an answer a connection is closed that is to be closed between two commands.
const AFTERWARDS: Duration = Duration::from_millis(100);
