//! What is done to devices from the platform's side, and what is kept of them.

use iot_home_core::Instant;
use rumqttc::mqttbytes::QoS;
use serde_json::{Map, Value, json};

use crate::mqtt::DeviceId;
use crate::mqtt::faults::AnswerFault;
use crate::mqtt::machine::Machine;
use crate::mqtt::machine::answers::{UnknownDevice, said};
use crate::mqtt::report::count;
use crate::mqtt::session::Outgoing;
use crate::mqtt::thing::ThingState;

/// Something that a device was asked, and what it answered.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    device: DeviceId,
    answer: Option<Value>,
}

impl Machine {
    /// What is kept of a device.
    pub fn thing(&self, device: &DeviceId) -> ThingState {
        let mut state = self.things.get(device).cloned().unwrap_or_default();
        state.reported = self.reported(device);
        state
    }

    pub(super) fn thing_mut(&mut self, device: &DeviceId) -> &mut ThingState {
        self.things.entry(device.clone()).or_default()
    }

    /// The gateway that a device is logged in by.
    pub(super) fn gateway_of(&self, device: &DeviceId) -> Option<&DeviceId> {
        self.things.iter().find(|(_, thing)| thing.online.contains(device)).map(|(id, _)| id)
    }

    /// Which device a client speaks for on this topic: itself, or one that is logged in by it.
    pub(super) fn speaker(&self, client: &DeviceId, topic: &str) -> Option<DeviceId> {
        let online = self.things.get(client).into_iter().flat_map(|thing| &thing.online);
        std::iter::once(client).chain(online).find(|one| one.may_publish(topic)).cloned()
    }

    /// Whether the topic is of a device that belongs to this gateway.
    pub(super) fn is_below(&self, client: &DeviceId, topic: &str) -> bool {
        let below = self.things.get(client).into_iter().flat_map(|thing| &thing.sub_devices);
        below.into_iter().any(|one| one.may_publish(topic))
    }

    pub(super) fn may_subscribe(&self, client: &DeviceId, filter: &str) -> bool {
        let below = self.things.get(client).into_iter().flat_map(|thing| &thing.sub_devices);
        std::iter::once(client).chain(below).any(|one| one.may_subscribe(filter))
    }

    /// A gateway spoke for a device that is not logged in. Tencent says nothing to it.
    pub(super) fn tell_offline(&mut self, now: Instant, gateway: &DeviceId) {
        let DeviceId::Aliyun { product_key, device_name } = gateway else { return };
        let told = json!({"id": "0", "code": 520, "data": {}, "message": "device no session"});
        self.say(now, format!("/ext/error/{product_key}/{device_name}"), &told, QoS::AtMostOnce);
    }

    /// What the device answered to the request of this id, as [`set_properties`](Self::set_properties) and
    /// [`call_service`](Self::call_service) give it.
    pub fn answer_to(&self, id: &str) -> Option<Value> {
        self.asked.get(id).and_then(|asked| asked.answer.clone())
    }

    /// A request has to be answered.
    pub(super) fn ask(&mut self, device: &DeviceId) -> String {
        let id = self.next_id().to_string();
        // Who never answers is forgotten some time.
        while self.asked.len() >= MOST_ASKED {
            self.asked.pop_first();
        }
        self.asked.insert(id.clone(), Asked { device: device.clone(), answer: None });
        id
    }

    /// A device answers a request; what was never asked of it is counted.
    pub(super) fn answered(&mut self, device: &DeviceId, id: Option<&Value>, answer: Value) {
        let id = match id {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        match self.asked.get_mut(&id).filter(|asked| asked.device == *device) {
            Some(asked) => {
                asked.answer.get_or_insert(answer);
            }
            None => count(&mut self.report.violations.unknown_reply),
        }
    }

    /// Asks a device for a service or an action, as an application does through the cloud. The answer is
    /// [`answer_to`](Self::answer_to) the id that this returns.
    ///
    /// # Errors
    /// When the platform has no such device, or it is a plain client.
    pub fn call_service(
        &mut self,
        now: Instant,
        device: &DeviceId,
        service: &str,
        params: &Value,
    ) -> Result<String, UnknownDevice> {
        self.known(now, device)?;
        let id = self.ask(device);
        let seconds = self.time(now).as_secs();
        let (topic, payload) = match device {
            DeviceId::Aliyun { product_key, device_name } => (
                format!("/sys/{product_key}/{device_name}/thing/service/{service}"),
                json!({
                    "method": format!("thing.service.{service}"), "id": id, "params": params, "version": "1.0.0",
                }),
            ),
            DeviceId::Tencent { product_id, device_name } => (
                format!("$thing/down/action/{product_id}/{device_name}"),
                json!({
                    "method": "action", "clientToken": id, "actionId": service, "timestamp": seconds, "params": params,
                }),
            ),
            DeviceId::Client { .. } => return Err(UnknownDevice),
        };
        self.say(now, topic, &payload, QoS::AtLeastOnce);
        Ok(id)
    }

    pub(super) fn known(&mut self, now: Instant, device: &DeviceId) -> Result<(), UnknownDevice> {
        self.handle_timeout(now);
        if self.builder.accounts.knows(device) { Ok(()) } else { Err(UnknownDevice) }
    }

    /// Other values are wanted of a device: as desired values, and in its shadow, which tells it at once.
    ///
    /// # Errors
    /// When the platform has no such device, or it is a plain client.
    pub fn desire(
        &mut self,
        now: Instant,
        device: &DeviceId,
        values: &Map<String, Value>,
    ) -> Result<(), UnknownDevice> {
        self.known(now, device)?;
        let thing = self.thing_mut(device);
        for (name, value) in values {
            let version =
                thing.desired.get(name).map_or(1, |(_, version)| version.saturating_add(1));
            thing.desired.insert(name.clone(), (value.clone(), version));
            thing.shadow.desired.insert(name.clone(), value.clone());
        }
        thing.shadow.version = thing.shadow.version.saturating_add(1);
        let shadow = thing.shadow.clone();
        let (topics, payload) = match device {
            DeviceId::Aliyun { product_key, device_name } => (
                vec![format!("/shadow/get/{product_key}/{device_name}")],
                json!({
                    "method": "control",
                    "payload": {"state": {"reported": shadow.reported, "desired": shadow.desired}},
                    "version": shadow.version, "timestamp": self.time(now).as_secs(),
                }),
            ),
            DeviceId::Tencent { product_id, device_name } => (
                ["$shadow", "$template"]
                    .map(|what| format!("{what}/operation/result/{product_id}/{device_name}"))
                    .into(),
                json!({
                    "type": "delta", "timestamp": self.millis(now),
                    "payload": {"state": shadow.desired, "version": shadow.version},
                }),
            ),
            DeviceId::Client { .. } => return Err(UnknownDevice),
        };
        for topic in topics {
            self.say(now, topic, &payload, QoS::AtLeastOnce);
        }
        Ok(())
    }

    /// There is firmware for a device: what the platform announces as it stands, `version` among it. It is announced
    /// when the device tells another version, and when it asks.
    ///
    /// # Errors
    /// When the platform has no such device.
    pub fn offer_firmware(
        &mut self,
        now: Instant,
        device: &DeviceId,
        firmware: Value,
    ) -> Result<(), UnknownDevice> {
        self.known(now, device)?;
        let module = firmware.get("module").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.firmware.insert((device.clone(), module), firmware);
        Ok(())
    }

    /// Gives a product's devices a configuration, and pushes it to this one.
    ///
    /// # Errors
    /// When the platform has no such device, or it is a plain client.
    pub fn push_config(
        &mut self,
        now: Instant,
        device: &DeviceId,
        config: Value,
    ) -> Result<(), UnknownDevice> {
        self.known(now, device)?;
        let (topic, payload) = match device {
            DeviceId::Aliyun { product_key, device_name } => {
                let id = self.ask(device);
                (
                    format!("/sys/{product_key}/{device_name}/thing/config/push"),
                    json!({"id": id, "version": "1.0", "method": "thing.config.push", "params": config}),
                )
            }
            DeviceId::Tencent { product_id, device_name } => (
                format!("$config/update/{product_id}/{device_name}"),
                json!({"type": "push", "payload": config}),
            ),
            DeviceId::Client { .. } => return Err(UnknownDevice),
        };
        self.configs.insert(device.clone(), config);
        self.say(now, topic, &payload, QoS::AtLeastOnce);
        Ok(())
    }

    /// The cloud answers, with what the faults make of it. Where the device may not receive such a topic, it says nothing.
    pub(super) fn say_answer(&mut self, now: Instant, topic: String, payload: Value, qos: QoS) {
        let Some(fault) = self.answer_fault() else {
            self.say(now, topic, &payload, qos);
            if let Some((topic, payload, qos)) = self.overtaken.take() {
                self.say(now, topic, &payload, qos);
            }
            return;
        };
        match fault {
            AnswerFault::Missing => {}
            AnswerFault::Late(by) => self.late.push((now + by, said(topic, &payload, qos))),
            AnswerFault::Twice => {
                self.say(now, topic.clone(), &payload, qos);
                self.say(now, topic, &payload, qos);
            }
            AnswerFault::Overtaken => self.overtaken = Some((topic, payload, qos)),
            AnswerFault::WrongId => {
                let payload = with(payload, &["id", "clientToken"], || "no-such-id".into());
                self.say(now, topic, &payload, qos);
            }
            AnswerFault::Code(code) => {
                let payload = with(payload, &["code", "result", "result_code"], || code.into());
                self.say(now, topic, &payload, qos);
            }
            AnswerFault::Malformed => {
                let mut message = said(topic, &payload, qos);
                message.payload.truncate(message.payload.len() / 2);
                self.record(now, None, &message, false, true);
                self.route(now, message);
            }
        }
    }

    /// What is to become of the next answer.
    pub(super) const fn answer_fault(&mut self) -> Option<AnswerFault> {
        let faults = &mut self.builder.faults;
        if faults.answers == 0 {
            return None;
        }
        faults.answers = faults.answers.saturating_sub(1);
        faults.answer
    }

    /// Says what was held back until now.
    pub(super) fn say_late(&mut self, now: Instant) {
        let (due, late): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.late).into_iter().partition(|(due, _)| *due <= now);
        self.late = late;
        for (_, message) in due {
            self.record(now, None, &message, false, true);
            self.route(now, message);
        }
    }

    pub(super) fn late_due(&self) -> Option<Instant> {
        self.late.iter().map(|(due, _)| *due).min()
    }
}

pub(super) type Late = Vec<(Instant, Outgoing)>;

/// With another value of those of these members that are there.
pub(super) fn with(mut payload: Value, names: &[&str], value: impl Fn() -> Value) -> Value {
    for (name, member) in payload.as_object_mut().into_iter().flatten() {
        if names.contains(&name.as_str()) {
            *member = value();
        }
    }
    payload
}

const MOST_ASKED: usize = 1000;
