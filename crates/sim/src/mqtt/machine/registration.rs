//! Devices that are given something to prove themselves by.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use iot_home_aliyun as aliyun;
use iot_home_core::Instant;
use iot_home_mqtt::mac::Algorithm;
use iot_home_mqtt::platform::Way;
use iot_home_mqtt::{Connack, Connect, ConnectCode, Credentials};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, Publish};
use serde_json::{Value, json};

use crate::mqtt::DeviceId;
use crate::mqtt::faults::AnswerFault;
use crate::mqtt::frame;
use crate::mqtt::login::Token;
use crate::mqtt::machine::things::with;
use crate::mqtt::machine::{ConnectionId, Machine};
use crate::mqtt::product::{Key, secret};
use crate::mqtt::refusal::LoginRefusal;
use crate::mqtt::report::count;

/// Why a device is given nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    NoProduct,
    NoDevice,
    Off,
    Active,
}

impl Denied {
    /// As Aliyun tells it.
    pub(super) const fn code(self) -> u16 {
        match self {
            Self::NoProduct | Self::NoDevice => 6100,
            Self::Off => 6288,
            Self::Active => 6289,
        }
    }
}

impl Machine {
    /// Whether a login asks to be registered, and if so what comes of it.
    pub(super) fn registers(
        &mut self,
        now: Instant,
        id: ConnectionId,
        connect: &Connect<'_>,
        way: Way,
    ) -> bool {
        let presented = aliyun::Presented::new(Credentials::from(connect));
        let is_known = match presented.kind() {
            aliyun::Kind::Registration => true,
            aliyun::Kind::RegistrationUnknown => false,
            _ => return false,
        };
        let (key, name) = (presented.product_key().to_owned(), presented.device_name().to_owned());
        let product_secret = self.aliyun_product_secret(&key);
        let verified = match product_secret {
            Some(secret) => presented.verify_registration(&secret, way).map_err(LoginRefusal::from),
            None => Err(LoginRefusal::Unknown),
        };
        let given = verified.and_then(|()| {
            let given = if is_known {
                self.give_aliyun_secret(&key, &name).map(|secret| {
                    ("/ext/register", json!({"productKey": key, "deviceName": name, "deviceSecret": secret}))
                })
            } else {
                self.give_aliyun_token(&key, &name).map(|(client_id, token)| {
                    let token = json!({
                        "productKey": key, "deviceName": name, "clientId": client_id, "deviceToken": token,
                    });
                    ("/ext/regnwl", token)
                })
            };
            given.map_err(|_| LoginRefusal::NotRegistered)
        });
        match given {
            Ok((topic, given)) => self.push_registration(now, id, topic, &given),
            Err(refusal) => {
                count(&mut self.report.violations.bad_registration);
                self.refuse(now, id, refusal);
            }
        }
        true
    }

    /// The connection has no session: it is told, and ends before long.
    fn push_registration(&mut self, now: Instant, id: ConnectionId, topic: &str, given: &Value) {
        count(&mut self.report.registrations);
        self.answer_connect(now, id, Connack::new(false, ConnectCode::ACCEPTED));
        let mut text = given.to_string();
        let times = match self.answer_fault() {
            Some(AnswerFault::Missing) => 0,
            Some(AnswerFault::Twice) => 2,
            Some(AnswerFault::Malformed) => {
                text.truncate(text.len() / 2);
                1
            }
            Some(AnswerFault::WrongId) => {
                text = with(given.clone(), &["deviceName"], || "no-such-device".into()).to_string();
                1
            }
            _ => 1,
        };
        for _ in 0..times {
            let payload = Bytes::from(text.clone());
            self.send_publish(now, id, Publish::from_bytes(topic, QoS::AtMostOnce, payload));
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.is_registered = true;
            connection.deadline = Some(now + STAYS);
        }
    }

    /// What a device says that has been told everything.
    pub(super) fn handle_parting(&mut self, now: Instant, id: ConnectionId, frame: BytesMut) {
        match frame::read(frame) {
            Ok(Packet::PingReq) => self.send(now, id, &Packet::PingResp),
            Ok(Packet::Disconnect) => {
                count(&mut self.report.disconnects);
                self.close(now, id);
            }
            _ => {
                count(&mut self.report.violations.bad_registration);
                self.close(now, id);
            }
        }
    }

    pub(super) fn aliyun_product_secret(&self, key: &str) -> Option<aliyun::ProductSecret> {
        self.builder.products.iter().find_map(|product| match &product.key {
            Key::Aliyun(ours, secret) if ours.as_str() == key => Some(secret.clone()),
            _ => None,
        })
    }

    /// The secret of a device that exists and has never connected; the same each time.
    pub(super) fn give_aliyun_secret(&mut self, key: &str, name: &str) -> Result<String, Denied> {
        let device = DeviceId::aliyun(key, name);
        let is_active = self.activated.contains(&device);
        let product =
            self.builder.products.iter_mut().find(
                |product| matches!(&product.key, Key::Aliyun(ours, _) if ours.as_str() == key),
            );
        let product = product.ok_or(Denied::NoProduct)?;
        if !product.registration {
            return Err(Denied::Off);
        }
        if !product.devices.iter().any(|known| known == name) {
            return Err(Denied::NoDevice);
        }
        if is_active {
            return Err(Denied::Active);
        }
        let accounts = &mut self.builder.accounts.aliyun;
        let old = accounts.iter().find(|old| DeviceId::from(*old) == device);
        if let Some(old) = old {
            return Ok(old.secret().expose().to_owned());
        }
        let new = secret(&mut self.random, 32);
        let made = aliyun::Device::new(key, name, new.as_str()).map_err(|_| Denied::NoDevice)?;
        accounts.push(made);
        Ok(new)
    }

    /// A client id and a token, for a device that did not exist.
    fn give_aliyun_token(&mut self, key: &str, name: &str) -> Result<(String, String), Denied> {
        let product =
            self.builder.products.iter().find(
                |product| matches!(&product.key, Key::Aliyun(ours, _) if ours.as_str() == key),
            );
        let product = product.ok_or(Denied::NoProduct)?;
        if !product.registration || !product.makes_devices {
            return Err(Denied::Off);
        }
        if product.devices.iter().any(|known| known == name) {
            return Err(Denied::Active);
        }
        // So many client ids may have the same name.
        let tokens = &mut self.builder.accounts.tokens;
        if tokens.iter().filter(|one| one.is_of(key, name)).count() >= 5 {
            return Err(Denied::Active);
        }
        let (client_id, token) = (secret(&mut self.random, 16), secret(&mut self.random, 32));
        let made = aliyun::TokenDevice::new(key, name, client_id.as_str(), token.as_str());
        tokens.push(Token::of(&made.map_err(|_| Denied::NoDevice)?));
        Ok((client_id, token))
    }
}

/// What signs by this method.
pub(super) const fn algorithm_of(method: aliyun::SignMethod) -> Algorithm {
    match method {
        aliyun::SignMethod::HmacSha256 => Algorithm::Sha256,
        aliyun::SignMethod::HmacSha1 => Algorithm::Sha1,
        _ => Algorithm::Md5,
    }
}

/// How long the connection stays at most.
const STAYS: Duration = Duration::from_secs(15);
