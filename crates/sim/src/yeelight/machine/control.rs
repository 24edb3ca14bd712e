//! Lines that arrive, and what is answered.

use iot_home_core::Instant;

use crate::yeelight::lamp::Reply;
use crate::yeelight::machine::outbox::Role;
use crate::yeelight::machine::{ConnectionId, Machine};
use crate::yeelight::message;
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
        self.answer_error(now, id, 0, -1, "invalid command");
    }

    fn command(&mut self, now: Instant, id: ConnectionId, request: &Request<'_>) {
        count(&mut self.report.commands);
        if request.id == 0 {
            count(&mut self.report.violations.zero_id);
        }
        let role = self.connections.get(&id).map_or(Role::Control, |one| one.role);
        if role == Role::Music {
            count(&mut self.report.music_commands);
        }
        let done = match role {
            Role::Control => {
                self.enter_quota(now, id).and_then(|()| self.run(now, Some(id), request))
            }
            Role::Music => self.run(now, None, request),
        };
        match done {
            Ok(reply) => {
                self.report.execution(&request.method);
                self.answer(now, id, request.id, &reply);
                self.after_change(now);
            }
            Err(refusal) => {
                self.refused(refusal);
                let (code, text) = refusal.error();
                self.answer_error(now, id, request.id, code, text);
            }
        }
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

    /// Carries out a command. `control` is the connection it came on, where it came on one.
    pub(super) fn run(
        &mut self,
        now: Instant,
        control: Option<ConnectionId>,
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
        self.lamp.call(now, method, params, control.is_none())
    }

    /// What follows from a change: clients are told, and music ends with the light.
    pub(super) fn after_change(&mut self, now: Instant) {
        if self.music.is_some() && self.lamp.is_off() {
            self.end_music(now);
        }
        self.tell_changes(now);
    }

    /// Tells all control connections what has changed.
    pub(super) fn tell_changes(&mut self, now: Instant) {
        let changes = self.lamp.properties.take_changes();
        if changes.is_empty() {
            return;
        }
        let line = message::props(self.builder.pushes, &changes);
        let listeners = self.connections.iter();
        let listeners = listeners.filter(|(_, one)| one.role == Role::Control && !one.closing);
        let listeners: Vec<_> = listeners.map(|(id, _)| *id).collect();
        for id in listeners {
            count(&mut self.report.pushes);
            self.deliver(now, id, line.as_bytes());
        }
    }

    fn answer(&mut self, now: Instant, to: ConnectionId, id: i32, reply: &Reply) {
        if self.is_answered(to) {
            let line = message::result(self.builder.answers, id, reply);
            count(&mut self.report.answers);
            self.deliver(now, to, line.as_bytes());
        }
    }

    fn answer_error(&mut self, now: Instant, to: ConnectionId, id: i32, code: i32, text: &str) {
        if self.is_answered(to) {
            let line = message::error(self.builder.answers, id, code, text);
            count(&mut self.report.answers);
            count(&mut self.report.error_answers);
            self.deliver(now, to, line.as_bytes());
        }
    }

    /// Music connections are not answered.
    fn is_answered(&self, id: ConnectionId) -> bool {
        self.connections.get(&id).is_some_and(|one| one.role == Role::Control)
    }

    fn deliver(&mut self, now: Instant, to: ConnectionId, line: &[u8]) {
        if !self.outbox.write(now, now, &mut self.connections, to, line) {
            self.overflowed(now, to);
        }
    }
}

/// The longest line in bytes.
const LONGEST_LINE: usize = 8192;
