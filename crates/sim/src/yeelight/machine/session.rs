//! UDP sessions: a token is asked for, and commands that carry it are carried out without an answer.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use iot_home_core::{Instant, Random};

use crate::yeelight::faults::Silence;
use crate::yeelight::lamp::Reply;
use crate::yeelight::machine::{Machine, Output};
use crate::yeelight::message;
use crate::yeelight::model::UdpSession;
use crate::yeelight::params::Params;
use crate::yeelight::refusal::Refusal;
use crate::yeelight::report::count;
use crate::yeelight::request::Request;

/// The sessions by their token, with the time of the last sign of life.
#[derive(Debug, Default)]
pub(super) struct Sessions(BTreeMap<String, Instant>);

impl Machine {
    /// Takes in a datagram that was sent to the UDP sessions' port. Whatever it holds, nothing panics.
    pub fn handle_session_datagram(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        self.handle_timeout(now);
        let kind = self.builder.kind.session;
        if !self.lan_control || kind == UdpSession::None {
            return;
        }
        if matches!(self.mischief.silence(), Silence::Commands | Silence::Total) {
            return count(&mut self.report.ignored);
        }
        self.sessions.0.retain(|_, seen| *seen + SILENCE > now);
        let Some(line) = datagram.strip_suffix(b"\r\n") else {
            return count(&mut self.report.violations.line_end);
        };
        match Request::parse(line) {
            Ok(request) => self.session_request(now, from, &request),
            Err(unreadable) => count(unreadable.counter(&mut self.report.violations)),
        }
    }

    fn session_request(&mut self, now: Instant, from: SocketAddr, request: &Request<'_>) {
        let (token_message, keep_alive) = match self.builder.kind.session {
            UdpSession::First => ("udp_token", "udp_keep_alive"),
            _ => ("udp_sess_token", "udp_sess_keep_alive"),
        };
        if request.id == 0 {
            count(&mut self.report.violations.zero_id);
        }
        let method = &*request.method;
        let listed = self.support.iter().any(|known| known == method);
        if listed && matches!(method, "udp_new" | "udp_sess_new" | "udp_chroma_sess_new") {
            return match params(request).and_then(|params| params.count(0..=0)) {
                Ok(_) => self.new_session(now, from, request.id, token_message),
                Err(refusal) => self.refused(refusal),
            };
        }
        let seen = request.token.as_ref().and_then(|token| self.sessions.0.get_mut(token));
        let Some(seen) = seen else {
            count(&mut self.report.violations.bad_token);
            let line = message::error(self.builder.answers, request.id, -1, "get token first");
            return self.session_send(now, from, line);
        };
        *seen = now;
        if listed && method == keep_alive {
            match check_keep_alive(request) {
                Ok(()) => {
                    self.report.execution(method);
                    let token = request.token.as_deref().unwrap_or_default();
                    let line = message::token(request.id, token_message, token);
                    self.session_send(now, from, line);
                }
                Err(refusal) => self.refused(refusal),
            }
            return;
        }
        count(&mut self.report.commands);
        count(&mut self.report.session_commands);
        match self.run(now, false, request) {
            Ok(_) => {
                self.report.execution(method);
                self.after_change(now);
            }
            Err(refusal) => self.refused(refusal),
        }
    }

    fn new_session(&mut self, now: Instant, from: SocketAddr, id: i32, token_message: &str) {
        if self.sessions.0.len() >= MOST_SESSIONS
            && let Some(oldest) = self.sessions.0.iter().min_by_key(|(_, seen)| **seen)
        {
            let oldest = oldest.0.clone();
            self.sessions.0.remove(&oldest);
        }
        let token = format!("{:016x}{:016x}", self.random.next_u64(), self.random.next_u64());
        let line = if self.builder.token_as_result {
            message::result(self.builder.answers, id, &Reply::Texts(vec![token.clone()]))
        } else {
            message::token(id, token_message, &token)
        };
        self.sessions.0.insert(token, now);
        count(&mut self.report.sessions);
        self.session_send(now, from, line);
    }

    fn session_send(&mut self, now: Instant, to: SocketAddr, line: String) {
        let datagram = line.into_bytes();
        self.outbox.push(now, now, Output::SessionDatagram { to, datagram });
    }
}

fn params<'a>(request: &'a Request<'_>) -> Result<Params<'a>, Refusal> {
    request.params.as_deref().map(Params).ok_or(Refusal::NoArray)
}

/// The parameters that the vendor's client sends, misspelt as it does.
fn check_keep_alive(request: &Request<'_>) -> Result<(), Refusal> {
    let params = params(request)?;
    params.count(2..=2)?.word(0, &[("keeplive_interval", ())])?;
    match params.text(1)?.parse::<u16>() {
        Ok(_) => Ok(()),
        Err(_) => Err(Refusal::Range),
    }
}

/// A session that was silent for so long is over.
const SILENCE: Duration = Duration::from_secs(12);
/// A flood of new sessions ends the old ones.
const MOST_SESSIONS: usize = 8;
