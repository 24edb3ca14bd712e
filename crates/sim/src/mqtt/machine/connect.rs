//! The first packet.

use iot_home_aliyun as aliyun;
use iot_home_core::Instant;
use iot_home_mqtt::{Connack, Connect, ConnectCode, Packet, Problem, Rules, packet};
use iot_home_tencent as tencent;

use crate::mqtt::DeviceId;
use crate::mqtt::login::Admission;
use crate::mqtt::machine::{ConnectionId, Machine};
use crate::mqtt::refusal::LoginRefusal;
use crate::mqtt::report::count;

impl DeviceId {
    /// What the platform takes of MQTT.
    pub(super) fn rules(&self) -> &'static Rules {
        match self {
            Self::Aliyun { .. } => &aliyun::RULES,
            Self::Tencent { .. } => &tencent::RULES,
            Self::Client { .. } => &PLAIN,
        }
    }
}

/// Of a plain account: this broker has neither wills nor retained messages nor a quality of 2.
const PLAIN: Rules = {
    let mut rules = Rules::MQTT;
    rules.will = false;
    rules.retain = false;
    rules.qos = 1;
    rules.payload = 256 << 10;
    rules
};

impl Machine {
    pub(super) fn handle_connect(&mut self, now: Instant, id: ConnectionId, frame: &[u8]) {
        let faults = &mut self.builder.faults;
        if let (Some(code), 1..) = (faults.refuse, faults.refusals) {
            faults.refusals = faults.refusals.saturating_sub(u64::from(faults.refusals < u64::MAX));
            self.report.refuse(code, LoginRefusal::Fault);
            return self.answer_connect(now, id, Connack::new(false, code));
        }
        let connect = match packet::parse(frame) {
            Ok(Packet::Connect(connect)) => connect,
            // A CONNACK has another first byte.
            Ok(_) => return self.close(now, id),
            Err(problem) => return self.refuse_packet(now, id, problem),
        };
        let time = self.time(now);
        let Some(connection) = self.connections.get(&id) else { return };
        let (way, certificate) = (connection.link.way, connection.link.certificate.as_deref());
        let certificate = certificate.map(str::to_owned);
        if self.registers(now, id, &connect, way) {
            return;
        }
        let certificate = certificate.as_deref();
        let admitted = self.builder.accounts.verify(&connect, way, certificate, time);
        let admitted = match admitted {
            Ok(admission) => self.check_rules(now, &connect, &admission).map(|()| admission),
            Err(refusal) => {
                count(&mut self.report.violations.bad_login);
                Err(refusal)
            }
        };
        match admitted {
            Ok(admission) => self.admit(now, id, &connect, admission),
            Err(refusal) => self.refuse(now, id, refusal),
        }
    }

    fn refuse_packet(&mut self, now: Instant, id: ConnectionId, problem: Problem) {
        let violations = &mut self.report.violations;
        let is_answered = match &problem {
            Problem::ProtocolName | Problem::Level { .. } | Problem::LevelOfOtherName { .. } => {
                count(&mut violations.protocol_version);
                true
            }
            problem => {
                count(&mut violations.bad_connect);
                matches!(problem, Problem::EmptyClientId)
            }
        };
        let refusal = LoginRefusal::Packet(problem);
        if is_answered {
            self.refuse(now, id, refusal);
        } else {
            // By the specification, without an answer.
            self.report.refuse(refusal.code(self.builder.bad_login), refusal);
            self.close(now, id);
        }
    }

    pub(super) fn refuse(&mut self, now: Instant, id: ConnectionId, refusal: LoginRefusal) {
        let code = refusal.code(self.builder.bad_login);
        self.report.refuse(code, refusal);
        self.answer_connect(now, id, Connack::new(false, code));
    }

    pub(super) fn answer_connect(&mut self, now: Instant, id: ConnectionId, answer: Connack) {
        self.send_bytes(now, id, &answer.encode());
        if !answer.code.is_ok() {
            self.close(now, id);
        }
    }

    /// What the platform asks for beyond a right login.
    fn check_rules(
        &mut self,
        now: Instant,
        connect: &Connect<'_>,
        admission: &Admission,
    ) -> Result<(), LoginRefusal> {
        let device = &admission.device;
        let rules = device.rules();
        if connect.will.is_some() {
            count(&mut self.report.violations.will);
        }
        let seconds = connect.keep_alive;
        if !rules.keep_alive.contains(&seconds) {
            count(&mut self.report.violations.keep_alive);
            if seconds < *rules.keep_alive.start() {
                return Err(LoginRefusal::KeepAlive { seconds });
            }
        }
        let last = self.logins.get(device).filter(|_| self.builder.reconnect_limit);
        if let Some(since) = last.map(|last| now.saturating_since(*last))
            && since < rules.reconnect
        {
            count(&mut self.report.violations.too_soon);
            let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
            return Err(LoginRefusal::TooSoon { millis });
        }
        let is_new = !self.sessions.contains_key(device);
        if is_new && self.sessions.len() >= MOST_SESSIONS && !self.forget_one() {
            return Err(LoginRefusal::TooMany);
        }
        Ok(())
    }

    /// Forgets a stored session of a plain account, of which there may be any number.
    fn forget_one(&mut self) -> bool {
        let mut sessions = self.sessions.iter();
        let idle = sessions.find(|(device, session)| {
            matches!(device, DeviceId::Client { .. }) && session.connection.is_none()
        });
        let idle = idle.map(|(device, _)| device.clone());
        idle.is_some_and(|device| self.sessions.remove(&device).is_some())
    }

    fn admit(
        &mut self,
        now: Instant,
        id: ConnectionId,
        connect: &Connect<'_>,
        admission: Admission,
    ) {
        let Admission { device, is_automatic, is_nameless } = admission;
        let older = self.sessions.get(&device).and_then(|session| session.connection);
        if let Some(older) = older {
            count(&mut self.report.kicked);
            self.cut(now, older);
        }
        if connect.clean_session {
            self.sessions.remove(&device);
        }
        let is_present = self.sessions.contains_key(&device);
        let session = self.sessions.entry(device.clone()).or_default();
        session.connection = Some(id);
        session.is_clean = connect.clean_session;
        session.is_automatic = is_automatic;
        let again = session.again();
        if !matches!(device, DeviceId::Client { .. }) {
            self.logins.insert(device.clone(), now);
            self.activated.insert(device.clone());
        }
        count(&mut self.report.logins);
        if is_present {
            count(&mut self.report.resumed);
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.keep_alive = connect.keep_alive.min(*device.rules().keep_alive.end());
            connection.device = Some(device.clone());
        }
        self.heard(now, id);
        self.answer_connect(now, id, Connack::new(is_present, ConnectCode::ACCEPTED));
        for publish in again {
            count(&mut self.report.sent_again);
            self.send_publish(now, id, publish);
        }
        self.send_waiting(now, &device);
        if is_nameless {
            self.tell_name(now, &device);
        }
    }
}

/// Stored sessions, those of connected clients included.
const MOST_SESSIONS: usize = 1024;
