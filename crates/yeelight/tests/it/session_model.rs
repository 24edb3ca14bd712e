//! A session between a caller, a bulb and a clock, and somebody who keeps the books: what a session promises is
//! checked after everything that happens to it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_yeelight::quota::Window;
use iot_home_yeelight::session::{CommandKey, Config, Event};
use iot_home_yeelight::{
    DeviceError, Failure, InvalidInput, Light, Method, Profile, Property, QuotaPolicy, Reply,
    Scene, Session,
};
use serde_json::{Value, json};

/// What a session is set to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) timeout: Duration,
    pub(crate) settle: Duration,
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) quota: QuotaPolicy,
    pub(crate) read_state: bool,
    pub(crate) max_waiting: usize,
    /// Whether the connection is closed when the session says that the bulb is dead, as it should be.
    pub(crate) obeys: bool,
}

/// How the bulb answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    Ok,
    /// One value for each that was asked for, and `on` for whatever else.
    Values,
    General,
    Quota,
    /// With the id as text, which some firmware writes.
    IdAsText,
    /// Without an id: it is known whose it is if one command alone is under way.
    NoId,
}

#[derive(Debug)]
struct Waiting {
    tag: u32,
    key: CommandKey,
    since: Instant,
}

#[derive(Debug)]
struct Sent {
    /// Absent for the session's own questions, and for what was given up.
    caller: Option<(u32, CommandKey)>,
    at: Instant,
    /// How many properties were asked for.
    asked: usize,
}

#[derive(Debug)]
struct Connection {
    number: u64,
    since: Instant,
    state_known: bool,
    /// Whether it lasted until commands could be sent.
    useful: bool,
}

/// When a command went to the bulb, and over which connection; none of ours is another program's.
type Written = (Instant, Option<u64>);

pub(crate) struct Model {
    session: Session<u32>,
    settings: Settings,
    now: Instant,
    bulb: Window,
    connection: Option<Connection>,
    connections: u64,
    down_since: Instant,
    hung_up: Instant,
    /// The connection takes nothing at the moment.
    stuck: bool,
    tags: u32,
    waiting: VecDeque<Waiting>,
    /// By id.
    sent: BTreeMap<u64, Sent>,
    last_id: u64,
    written: VecDeque<Written>,
    /// When the bulb last said that its quota is used up.
    quota_error: Option<Instant>,
    /// What the bulb has said of a line that has not ended.
    line: Vec<u8>,
    /// Bytes were handed in: from now on anything may have been answered.
    handed: bool,
    /// The connection has just ended.
    cut: bool,
    /// Every message begins with one.
    braces: usize,
    messages: usize,
    own_questions: usize,
    deaths: usize,
    /// Results since this was last looked at.
    results: BTreeMap<u32, Result<Reply, Failure>>,
}

impl Model {
    pub(crate) fn new(settings: Settings) -> Self {
        let config = Config::default()
            .timeout(settings.timeout)
            .settle(settings.settle)
            .keep_alive(settings.keep_alive)
            .quota(settings.quota)
            .read_state(settings.read_state)
            .max_waiting(settings.max_waiting);
        Self {
            session: Session::new(config, Profile::unknown()),
            settings,
            now: Instant::ORIGIN,
            bulb: Window::of_bulb(),
            connection: None,
            connections: 0,
            down_since: Instant::ORIGIN,
            hung_up: Instant::ORIGIN,
            stuck: false,
            tags: 0,
            waiting: VecDeque::new(),
            sent: BTreeMap::new(),
            last_id: 0,
            written: VecDeque::new(),
            quota_error: None,
            line: Vec::new(),
            handed: false,
            cut: false,
            braces: 0,
            messages: 0,
            own_questions: 0,
            deaths: 0,
            results: BTreeMap::new(),
        }
    }

    /// A new connection, in place of one that may stand.
    pub(crate) fn connect(&mut self) {
        self.connections += 1;
        let (number, since) = (self.connections, self.now);
        self.session.connected(self.now);
        self.hang_up();
        self.connection = Some(Connection { number, since, state_known: false, useful: false });
        self.stuck = false;
        self.ended();
    }

    pub(crate) fn disconnect(&mut self) {
        self.hang_up();
        self.session.disconnected(self.now);
        self.stuck = false;
        self.ended();
    }

    /// A connection that ended before anything could be sent over it was none.
    fn hang_up(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        self.hung_up = self.now;
        if connection.useful {
            self.down_since = self.now;
        }
    }

    /// What was sent over a connection ends with it, at once.
    fn ended(&mut self) {
        self.cut = true;
        self.drain();
        self.cut = false;
        let left = self.sent.values().find(|sent| sent.caller.is_some());
        assert!(left.is_none(), "{left:?} outlives its connection");
        self.sent.clear();
        self.turn();
    }

    /// Asks for something that is known again by its number.
    pub(crate) fn ask(&mut self, kind: u8) {
        self.request(kind);
        self.turn();
    }

    /// The same for many at once.
    pub(crate) fn ask_all(&mut self, commands: usize) {
        (0..commands).for_each(|_| self.request(0));
        self.turn();
    }

    fn request(&mut self, kind: u8) {
        self.tags += 1;
        let tag = self.tags;
        let method = match kind % 5 {
            0 => Method::raw("set_thing", &format!("[{tag}]")).unwrap(),
            1 => Method::GetProp(vec![Property::from(&*format!("p{tag}")), Property::Bright]),
            // This one may switch the light on.
            2 => {
                let minutes = u16::try_from(tag % 60_000).unwrap() + 1;
                let scene = Scene::AutoOff { bright: 50, minutes };
                Method::SetScene { light: Light::Main, scene }
            }
            3 => Method::raw("toggle_thing", &format!("[{tag}]")).unwrap(),
            _ => {
                let before = self.session.under_way();
                let refused = self.session.request(self.now, Method::GetProp(vec![]), tag);
                assert_eq!(refused, Err(Failure::Input(InvalidInput::NoProperties)));
                assert_eq!(self.session.under_way(), before);
                return;
            }
        };
        let waiting = self.under_way();
        match self.session.request(self.now, method, tag) {
            Ok(key) => {
                assert!(waiting < self.settings.max_waiting, "{waiting} wait already");
                self.waiting.push_back(Waiting { tag, key, since: self.now });
            }
            Err(failure) => {
                assert_eq!(failure, Failure::Full { waiting });
                assert!(waiting >= self.settings.max_waiting);
            }
        }
    }

    /// Gives one of the commands under way up; it must not be heard of again.
    pub(crate) fn cancel(&mut self, which: usize) {
        let sent = self.sent.values_mut().filter(|sent| sent.caller.is_some());
        let mut callers: Vec<_> = sent.collect();
        let all = self.waiting.len() + callers.len();
        if all == 0 {
            return;
        }
        let which = which % all;
        let key = match which.checked_sub(callers.len()) {
            None => callers[which].caller.take().expect("a caller's").1,
            Some(at) => self.waiting.remove(at).expect("it waits").key,
        };
        self.session.cancel(key);
        self.turn();
    }

    /// Bytes of the bulb's, of whatever kind.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.hand(bytes);
        self.turn();
    }

    fn hand(&mut self, bytes: &[u8]) {
        self.handed = true;
        if self.connection.is_some() {
            self.braces += bytes.iter().filter(|byte| **byte == b'{').count();
        }
        // It need not be told to a caller, and may come in pieces.
        self.line.extend_from_slice(bytes);
        if self.line.windows(5).any(|word| word.eq_ignore_ascii_case(b"quota")) {
            self.quota_error = Some(self.now);
        }
        let begun = self.line.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.line.drain(..begun);
        self.session.handle_bytes(self.now, bytes);
        self.drain();
        self.handed = false;
    }

    /// The bulb answers one of the commands that it was sent: exactly that one ends.
    pub(crate) fn answer(&mut self, which: usize, how: Answer) {
        // Whatever began before ends here.
        self.hand(b"\r\n");
        let Some((id, sent)) = self.sent.iter().nth(which % self.sent.len().max(1)) else { return };
        let (id, asked, caller) = (*id, sent.asked.max(1), sent.caller);
        let alone = self.sent.len() == 1;
        let ok = Ok(json!(["ok"]));
        let (shown, told) = match how {
            Answer::Ok => (json!(id), ok),
            Answer::Values => (json!(id), Ok(vec!["on"; asked].into())),
            Answer::General => (json!(id), Err((-5000, "general error"))),
            Answer::Quota => (json!(id), Err((-1, "client quota exceeded"))),
            Answer::IdAsText => (json!(id.to_string()), ok),
            Answer::NoId => (Value::Null, ok),
        };
        let line = match &told {
            Ok(result) => format!("{{\"id\":{shown}, \"result\":{result}}}\r\n"),
            Err((code, text)) => {
                format!(
                    "{{\"id\":{shown}, \"error\":{{\"code\":{code}, \"message\":\"{text}\"}}}}\r\n"
                )
            }
        };
        self.results.clear();
        // Only the books know that a question of the session's own is answered.
        if caller.is_none() && !matches!(how, Answer::NoId) {
            self.sent.remove(&id);
        }
        self.hand(line.as_bytes());
        // The session may have had another of its own under way that it knows to be answered.
        let told_to = matches!(how, Answer::NoId) && !alone;
        if let Some((tag, _)) = caller
            && !told_to
        {
            let result = self.results.remove(&tag);
            match (told, result) {
                (Ok(value), Some(Ok(reply))) => {
                    assert_eq!(serde_json::from_str::<Value>(reply.text()).unwrap(), value);
                }
                (Err((-1, _)), Some(Err(Failure::QuotaExceeded { retry_after }))) => {
                    assert!(retry_after >= Duration::from_secs(5) && retry_after <= SPAN);
                }
                (Err(_), Some(Err(Failure::Device(DeviceError::General)))) => {}
                (_, None) if matches!(how, Answer::NoId) => {}
                (told, result) => panic!("{told:?} became {result:?}"),
            }
        }
        self.turn();
    }

    /// Other programs send as much as they may.
    pub(crate) fn others(&mut self, commands: usize) {
        for _ in 0..commands {
            if self.bulb.wait(self.now).is_zero() {
                self.bulb.record(self.now);
                self.written.push_back((self.now, None));
            }
        }
        self.turn();
    }

    /// The connection takes nothing any more, or again.
    pub(crate) fn stick(&mut self, stuck: bool) {
        self.stuck = stuck && self.connection.is_some();
        self.turn();
    }

    /// Until the session wants to be woken.
    pub(crate) fn sleep(&mut self) {
        if let Some(due) = self.due() {
            self.wait(due.saturating_since(self.now).min(Duration::from_secs(3600)));
        }
    }

    pub(crate) fn wait(&mut self, duration: Duration) {
        let until = self.now + duration;
        for _ in 0..1_000_000 {
            match self.due() {
                Some(due) if due <= until => {
                    self.now = self.now.max(due);
                    self.turn();
                }
                _ => break,
            }
        }
        self.now = self.now.max(until);
        self.turn();
    }

    /// Silence from here on: everything that was asked ends, and the session comes to rest.
    pub(crate) fn finish(mut self) {
        // A bulb that is dead is left at last.
        self.settings.obeys = true;
        self.stick(false);
        self.wait(Duration::from_secs(60 * 60));
        assert_eq!(self.under_way(), 0, "they never ended");
        self.disconnect();
        self.wait(Duration::from_secs(60 * 60));
        assert_eq!(self.session.poll_timeout(), None, "a session that never comes to rest");
        assert_eq!((self.under_way(), self.session.under_way()), (0, 0));
        assert_eq!(self.session.poll_event(), None);
    }

    /// Commands of callers.
    pub(crate) fn under_way(&self) -> usize {
        self.waiting.len() + self.sent.values().filter(|sent| sent.caller.is_some()).count()
    }

    /// Commands that the bulb was sent and has not answered.
    pub(crate) fn unanswered(&self) -> usize {
        self.sent.len()
    }

    fn due(&self) -> Option<Instant> {
        if self.stuck { self.session.poll_deadline() } else { self.session.poll_timeout() }
    }

    /// What a driver does between two things that happen, until the session is content.
    fn turn(&mut self) {
        for turn in 0.. {
            assert!(turn < 10_000, "a session that is never content");
            let before = self.due();
            if before.is_some_and(|due| due <= self.now) {
                self.session.handle_timeout(self.now);
            }
            let told = self.drain();
            let wrote = !self.stuck && self.transmit();
            let told = self.drain() || told;
            let after = self.due();
            if after.is_none_or(|due| due > self.now) {
                break;
            }
            let progress = told || wrote || after != before;
            assert!(progress, "it wants to be woken at {after:?}, {:?}, for nothing", self.now);
        }
        self.check();
        if self.deaths > 0 && self.settings.obeys {
            self.deaths = 0;
            if self.connection.is_some() {
                self.disconnect();
            }
        }
    }

    fn transmit(&mut self) -> bool {
        let mut out = b"kept".to_vec();
        let wrote = self.session.poll_transmit(self.now, &mut self.bulb, &mut out);
        let settled = |connection: &Connection| self.now >= connection.since + self.settings.settle;
        if let Some(connection) = &mut self.connection {
            connection.useful |= settled(connection);
        }
        let lines = out.strip_prefix(b"kept").expect("what stands in the buffer stays");
        assert_eq!(wrote, !lines.is_empty());
        let text = str::from_utf8(lines).unwrap();
        assert!(text.is_empty() || text.ends_with("\r\n"));
        // A write holds about 32 KiB at most.
        assert!(text.len() <= 32 * 1024 + 16 * 1024);
        for line in text.split_terminator("\r\n") {
            self.line(line);
        }
        wrote
    }

    /// One command on its way to the bulb.
    fn line(&mut self, line: &str) {
        let json: Value = serde_json::from_str(line).unwrap();
        let connection = self.connection.as_ref().expect("there is somebody to write to");
        assert!(self.now >= connection.since + self.settings.settle, "before its moment: {line}");
        let id = json["id"].as_u64().unwrap();
        assert!(id > self.last_id && id <= 0x7fff_ffff, "the id {id} after {}", self.last_id);
        self.last_id = id;
        let params = json["params"].as_array().unwrap();
        let own = json["method"] == "get_prop"
            && !params[0].as_str().is_some_and(|name| name.starts_with('p') && name != "power");
        let caller = if own {
            self.own_questions += 1;
            None
        } else {
            // In the order in which they were asked.
            let next = self.waiting.pop_front().expect("what is sent was asked for");
            let shown = match &params[0] {
                Value::String(text) if text == "auto_delay_off" => {
                    params[2].as_u64().unwrap() == u64::from(next.tag % 60_000 + 1)
                }
                Value::String(name) => *name == format!("p{}", next.tag),
                number => *number == json!(next.tag),
            };
            assert!(shown, "{line} in place of {next:?}");
            Some((next.tag, next.key))
        };
        let asked = if json["method"] == "get_prop" { params.len() } else { 0 };
        self.sent.insert(id, Sent { caller, at: self.now, asked });
        self.written.push_back((self.now, Some(connection.number)));
        if self.settings.quota != QuotaPolicy::Off {
            let minute = Duration::from_secs(60);
            let (ours, all) = self.written_within(minute);
            assert!(ours <= 60, "{ours} commands on one connection within a minute");
            assert!(all <= 144, "{all} commands within a minute");
        }
    }

    /// How many commands this connection and all of them have sent within such a time.
    fn written_within(&mut self, span: Duration) -> (usize, usize) {
        while self.written.front().is_some_and(|(at, _)| *at + SPAN <= self.now) {
            self.written.pop_front();
        }
        let number = self.connection.as_ref().map(|connection| connection.number);
        let recent = self.written.iter().filter(|(at, _)| *at + span > self.now);
        let (mut ours, mut all) = (0, 0);
        for (_, by) in recent {
            all += 1;
            ours += usize::from(by.is_some() && *by == number);
        }
        (ours, all)
    }

    /// Takes what the session tells. Each command ends once.
    fn drain(&mut self) -> bool {
        let mut told = false;
        while let Some(event) = self.session.poll_event() {
            told = true;
            match event {
                Event::Done { tag, result } => self.done(tag, result),
                Event::Changed(properties) => {
                    assert!(properties.len() <= 256);
                    assert!(self.handed, "a change that nobody told of: {properties:?}");
                    self.messages += 1;
                }
                Event::StateKnown => {
                    let connection = self.connection.as_mut().expect("somebody has told");
                    assert!(!connection.state_known, "the state is asked for once");
                    assert!(self.settings.read_state);
                    connection.state_known = true;
                }
                Event::Dead => {
                    self.deaths += 1;
                    assert!(self.own_questions > 0, "nobody was asked");
                }
                other => panic!("{other:?}"),
            }
        }
        // An answer may tell of properties too.
        assert!(self.messages <= 2 * self.braces, "more messages than were written");
        told
    }

    fn done(&mut self, tag: u32, result: Result<Reply, Failure>) {
        let waiting = self.waiting.iter().position(|waiting| waiting.tag == tag);
        let sent = self.sent.iter().find(|(_, sent)| sent.caller.is_some_and(|(of, _)| of == tag));
        match (waiting, sent.map(|(id, sent)| (*id, sent.at))) {
            (Some(at), None) => {
                let waiting = self.waiting.remove(at).expect("it waits");
                match &result {
                    Err(Failure::Quota { retry_after }) => {
                        assert_eq!(self.settings.quota, QuotaPolicy::Refuse);
                        assert!(!retry_after.is_zero() && *retry_after <= SPAN);
                    }
                    Err(Failure::NotConnected { .. }) => {
                        assert!(self.connection.is_none());
                        let since = waiting.since.max(self.down_since);
                        // While there is a connection, it may yet be of use.
                        let deadline = (since + self.settings.timeout).max(self.hung_up);
                        assert_eq!(self.now, deadline, "in its time");
                    }
                    other => panic!("{other:?} of what was not sent"),
                }
            }
            (None, Some((id, at))) => {
                self.sent.remove(&id);
                match &result {
                    Ok(_) | Err(Failure::Device(_) | Failure::QuotaExceeded { .. }) => {
                        assert!(self.handed, "an answer out of nothing");
                        self.messages += 1;
                    }
                    Err(Failure::Disconnected) => assert!(self.cut),
                    Err(Failure::NoAnswer { after }) => {
                        assert_eq!(*after, self.settings.timeout);
                        assert_eq!(self.now, at + *after, "in its time");
                    }
                    other => panic!("{other:?} of what was sent"),
                }
            }
            other => panic!("{tag} ended, and is {other:?}"),
        }
        self.results.insert(tag, result);
    }

    /// What holds whenever the session is content.
    fn check(&mut self) {
        assert_eq!(self.session.under_way(), self.under_way());
        assert_eq!(self.session.is_connected(), self.connection.is_some());
        assert!(self.session.state().iter().count() <= 96);
        assert!(self.under_way() <= self.settings.max_waiting);
        let due = self.due();
        // The session's own questions end by themselves.
        let (now, timeout) = (self.now, self.settings.timeout);
        self.sent.retain(|_, sent| sent.caller.is_some() || sent.at + timeout > now);
        let callers = self.sent.values().filter(|sent| sent.caller.is_some());
        for sent in callers {
            let deadline = sent.at + self.settings.timeout;
            assert!(deadline > self.now, "{sent:?} outlives its time");
            assert!(due.is_some_and(|due| due <= deadline), "nobody looks at {sent:?} in time");
        }
        let Some(first) = self.waiting.front() else { return };
        let Some(connection) = &self.connection else {
            let deadline = first.since.max(self.down_since) + self.settings.timeout;
            let deadline = deadline.max(self.hung_up);
            assert!(deadline > self.now && due.is_some_and(|due| due <= deadline), "{first:?}");
            return;
        };
        let settled = connection.since + self.settings.settle;
        if self.stuck {
            return;
        }
        if self.now < settled {
            assert!(due.is_some_and(|due| due <= settled), "{first:?} is forgotten");
            return;
        }
        // It waits for a reason, and not for ever.
        let oldest = self.sent.keys().next().copied().unwrap_or(u64::MAX);
        let crowded = self.last_id.saturating_sub(oldest) >= 4_095;
        match self.settings.quota {
            QuotaPolicy::Wait => {
                let (ours, all) = self.written_within(SPAN);
                let closed = self.quota_error.is_some_and(|at| at + SPAN > self.now);
                assert!(ours >= 60 || all >= 144 || closed || crowded, "a place is free: {ours}");
                assert!(due.is_some_and(|due| due <= self.now + SPAN), "it waits for ever");
            }
            _ => assert!(crowded, "{:?} wait for nothing", self.waiting.len()),
        }
    }
}

/// The quota's minute, as the session counts it: a second more than the bulb.
const SPAN: Duration = Duration::from_secs(61);
