//! A gateway without sockets and without a clock.

#[cfg(feature = "micloud")]
mod cloud;
mod messages;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};

use iot_home_core::{Instant, Random, SeededRandom};
use iot_home_lumi::{PORT, Sid, Token, Version};
use serde_json::{Map, Value};

use crate::lumi::builder::Builder;
use crate::lumi::child::Child;
use crate::lumi::command::{Command, Write};
use crate::lumi::machine::messages::{error_values, set};
use crate::lumi::report::{Report, count};

/// A simulated gateway as a state machine: datagrams and the time go in, datagrams come out.
///
/// 1. hand it what comes: [`handle_datagram`](Self::handle_datagram);
/// 2. send what [`poll_transmit`](Self::poll_transmit) gives until it gives nothing;
/// 3. sleep until [`poll_timeout`](Self::poll_timeout) or until a datagram comes; when the time has come, call
///    [`handle_timeout`](Self::handle_timeout), and go on at 2.
///
/// ```
/// use iot_home_core::Instant;
/// use iot_home_sim::SimGateway;
/// use iot_home_sim::lumi::Port;
///
/// let mut gateway = SimGateway::builder("0987654321qwerty".parse()?).build();
/// let client = "192.0.2.7:40000".parse()?;
/// gateway.handle_datagram(Instant::ORIGIN, Port::Search, client, br#"{"cmd":"whois"}"#);
/// let mut answer = Vec::new();
/// assert_eq!(gateway.poll_transmit(&mut answer), Some((Port::Search, client)));
/// assert!(answer.starts_with(br#"{"cmd":"iam""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Machine {
    builder: Builder,
    /// The gateway as one of those that can be read and written.
    own: Child,
    children: Vec<Child>,
    addr: SocketAddr,
    token: Token,
    token_text: String,
    old_tokens: VecDeque<Token>,
    next_heartbeat: Instant,
    random: SeededRandom,
    outbox: VecDeque<(Port, SocketAddr, Vec<u8>)>,
    is_cut: bool,
    ignore: u32,
    lose: u32,
    report: Report,
}

/// The two ports of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Port {
    /// Of searches, 4321.
    Search,
    /// Of everything else, 9898.
    Commands,
}

impl Machine {
    pub(crate) fn new(builder: Builder) -> Self {
        let mut random = SeededRandom::new(builder.seed);
        let (token, token_text) = new_token(&mut random);
        let proto = match builder.version {
            Version::V1 => "1.1.2",
            _ => "2.0.1",
        };
        let own = Child::new(builder.sid, builder.model.clone())
            .writable("rgb", 0)
            .value("illumination", 1292)
            .value("proto_version", proto);
        Self {
            own,
            children: builder.children.clone(),
            addr: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT),
            token,
            token_text,
            old_tokens: VecDeque::new(),
            next_heartbeat: Instant::ORIGIN + builder.heartbeat,
            random,
            outbox: VecDeque::new(),
            is_cut: false,
            ignore: 0,
            lose: 0,
            report: Report::default(),
            builder,
        }
    }

    /// Takes in a datagram that came to one of the ports. Whatever it holds, nothing panics.
    pub fn handle_datagram(&mut self, now: Instant, to: Port, from: SocketAddr, datagram: &[u8]) {
        self.handle_timeout(now);
        if self.is_cut {
            return count(&mut self.report.ignored);
        }
        if let Some(left) = self.ignore.checked_sub(1) {
            self.ignore = left;
            return count(&mut self.report.ignored);
        }
        let violations = &mut self.report.violations;
        let command = match Command::read(datagram) {
            None => return count(&mut violations.malformed),
            Some(Command::Unknown) => return count(&mut violations.unknown_command),
            Some(command) => command,
        };
        if matches!(command, Command::Whois) != (to == Port::Search) {
            return count(&mut violations.wrong_port);
        }
        match command {
            Command::List(version) if version != self.builder.version => {
                count(&mut violations.wrong_version);
            }
            Command::Whois => {
                count(&mut self.report.searches);
                let iam = self.iam();
                self.answer(to, from, &iam);
            }
            Command::List(_) => {
                count(&mut self.report.lists);
                let list = self.list();
                self.answer(to, from, &list);
            }
            Command::Read { sid } => {
                let answer = self.read(&sid);
                self.answer(to, from, &answer);
            }
            Command::Write(write) => {
                let done = self.write(&write);
                let (values, changed) = match done {
                    Ok((sid, values)) => (values.clone(), Some((sid, values))),
                    Err(error) => (error_values(error), None),
                };
                let found = write.sid.parse().ok().and_then(|sid| self.find(sid));
                let answer = self.state("write", found, &write.sid, values);
                self.answer(to, from, &answer);
                if let Some((sid, values)) = changed {
                    self.tell(sid, values);
                }
            }
            Command::Unknown => {}
        }
    }

    /// The next datagram, written into `buffer`: from which port, and to whom.
    pub fn poll_transmit(&mut self, buffer: &mut Vec<u8>) -> Option<(Port, SocketAddr)> {
        let (from, to, datagram) = self.outbox.pop_front()?;
        buffer.clear();
        buffer.extend_from_slice(&datagram);
        Some((from, to))
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next.
    pub fn poll_timeout(&self) -> Instant {
        let children = self.children.iter().map(|child| child.next_heartbeat);
        children.fold(self.next_heartbeat, Instant::min)
    }

    /// Lets happen what is due: heartbeats, and with the gateway's own a new token.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.next_heartbeat <= now {
            self.next_heartbeat = now + self.builder.heartbeat;
            self.roll_token();
            count(&mut self.report.heartbeats);
            let ip = Map::from_iter([("ip".to_owned(), Value::from(self.addr.ip().to_string()))]);
            let mut heartbeat = self.notice("heartbeat", &self.own, ip);
            set(&mut heartbeat, "token", self.token_text.as_str());
            // As text, the one number that gateways write so.
            set(&mut heartbeat, "short_id", "0");
            self.multicast(&heartbeat);
        }
        for at in 0..self.children.len() {
            let Some(child) = self.children.get_mut(at).filter(|child| child.next_heartbeat <= now)
            else {
                continue;
            };
            child.next_heartbeat = now + child.heartbeat;
            count(&mut self.report.child_heartbeats);
            let child = child.clone();
            let heartbeat = self.notice("heartbeat", &child, child.values.clone());
            self.multicast(&heartbeat);
        }
    }

    /// Changes a value of a child or the gateway as by a hand on it; a report tells of it. Returns whether there
    /// is such a child.
    pub fn set_value(&mut self, sid: Sid, name: &str, value: impl Into<Value>) -> bool {
        let value = value.into();
        let Some(child) = self.find_mut(sid) else { return false };
        child.values.insert(name.to_owned(), value.clone());
        self.tell(sid, Map::from_iter([(name.to_owned(), value)]));
        true
    }

    /// A value of a child or the gateway.
    pub fn value(&self, sid: Sid, name: &str) -> Option<Value> {
        self.find(sid)?.values.get(name).cloned()
    }

    /// Gives out a new token without telling of it, as when a heartbeat gets lost.
    pub fn roll_token(&mut self) {
        let (token, text) = new_token(&mut self.random);
        self.old_tokens.push_front(std::mem::replace(&mut self.token, token));
        self.old_tokens.truncate(OLD_TOKENS);
        self.token_text = text;
    }

    /// Does not look at the next datagrams.
    pub fn ignore(&mut self, datagrams: u32) {
        self.ignore = datagrams;
    }

    /// Cuts its LAN or mends it: nothing arrives and nothing leaves while it is cut.
    pub fn set_cut(&mut self, cut: bool) {
        self.is_cut = cut;
    }

    /// Carries out the next commands, and lets their answers get lost.
    pub fn lose_answers(&mut self, answers: u32) {
        self.lose = answers;
    }

    /// The gateway's id.
    pub fn sid(&self) -> Sid {
        self.own.sid
    }

    /// The children's ids.
    pub fn children(&self) -> impl ExactSizeIterator<Item = Sid> + '_ {
        self.children.iter().map(|child| child.sid)
    }

    /// The address that it takes commands at, as it tells those that search.
    pub fn set_addr(&mut self, addr: SocketAddr) {
        self.addr = addr;
    }

    /// What it has seen, refused and done so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    fn read(&mut self, sid: &str) -> Value {
        match sid.parse().ok().and_then(|sid| self.find(sid)).cloned() {
            Some(child) => {
                count(&mut self.report.reads);
                self.state("read", Some(&child), sid, child.values.clone())
            }
            None => {
                count(&mut self.report.violations.unknown_sid);
                self.state("read", None, sid, error_values("No device"))
            }
        }
    }

    /// What has changed, or the words of a refusal.
    fn write(&mut self, write: &Write) -> Result<(Sid, Map<String, Value>), &'static str> {
        let version = self.builder.version;
        let right = self.builder.key.write_key(&self.token);
        let fits = |key: &iot_home_lumi::WriteKey| {
            write.key.as_ref().is_some_and(|given| given.eq_ignore_ascii_case(key.expose()))
        };
        let is_old = self.old_tokens.iter().any(|token| fits(&self.builder.key.write_key(token)));
        let is_right = fits(&right);
        let sid = write.sid.parse().ok().filter(|sid| self.find(*sid).is_some());
        let violations = &mut self.report.violations;
        if write.version != version {
            count(&mut violations.wrong_version);
            return Err("Invalid cmd");
        }
        let Some(sid) = sid else {
            count(&mut violations.unknown_sid);
            return Err("No device");
        };
        if !is_right {
            count(if is_old { &mut violations.old_token } else { &mut violations.wrong_key });
            return Err("Invalid key");
        }
        let Some(child) = self.find_mut(sid) else { return Err("No device") };
        let is_it = write.model.as_ref().is_none_or(|model| *model == child.model)
            && write.short_id.is_none_or(|short_id| short_id == u64::from(child.short_id));
        let done = if is_it { child.write_all(&write.values) } else { None };
        let Some(done) = done else {
            let violations = &mut self.report.violations;
            count(if is_it { &mut violations.wrong_value } else { &mut violations.wrong_child });
            return Err("Invalid cmd");
        };
        count(self.report.executions.entry(sid).or_default());
        Ok((sid, done))
    }

    fn tell(&mut self, sid: Sid, values: Map<String, Value>) {
        let Some(child) = self.find(sid) else { return };
        let report = self.notice("report", child, values);
        count(&mut self.report.reports);
        self.multicast(&report);
    }

    fn answer(&mut self, from: Port, to: SocketAddr, answer: &Value) {
        if let Some(left) = self.lose.checked_sub(1) {
            self.lose = left;
            return count(&mut self.report.lost_answers);
        }
        count(&mut self.report.answers);
        self.send(from, to, answer);
    }

    fn multicast(&mut self, message: &Value) {
        if let Some(to) = self.builder.report_to {
            self.send(Port::Commands, to, message);
        }
    }

    fn send(&mut self, from: Port, to: SocketAddr, message: &Value) {
        if self.outbox.len() < MOST_WAITING && !self.is_cut {
            self.outbox.push_back((from, to, message.to_string().into_bytes()));
        }
    }

    fn find(&self, sid: Sid) -> Option<&Child> {
        std::iter::once(&self.own).chain(&self.children).find(|child| child.sid == sid)
    }

    fn find_mut(&mut self, sid: Sid) -> Option<&mut Child> {
        std::iter::once(&mut self.own).chain(&mut self.children).find(|child| child.sid == sid)
    }
}

/// Sixteen letters and digits.
fn new_token(random: &mut SeededRandom) -> (Token, String) {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    loop {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        let letter = |byte: u8| ALPHABET.get(usize::from(byte) % ALPHABET.len());
        let text: String =
            bytes.iter().filter_map(|byte| letter(*byte)).copied().map(char::from).collect();
        if let Ok(token) = text.parse() {
            return (token, text);
        }
    }
}

/// Datagrams that wait to be sent; a flood fills the queue and no more.
const MOST_WAITING: usize = 1024;
/// Tokens that are known to be old ones.
const OLD_TOKENS: usize = 8;
