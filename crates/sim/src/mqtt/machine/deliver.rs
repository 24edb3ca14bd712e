//! Messages on their way to clients.

use std::sync::Arc;

use iot_home_core::Instant;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, Publish};

use crate::mqtt::DeviceId;
use crate::mqtt::machine::{ConnectionId, Machine};
use crate::mqtt::message::{Message, number};
use crate::mqtt::report::count;
use crate::mqtt::session::Outgoing;

impl Machine {
    /// Notes down a message.
    pub(super) fn record(
        &mut self,
        now: Instant,
        from: Option<&DeviceId>,
        message: &Outgoing,
        dup: bool,
        permitted: bool,
    ) {
        self.log.push(Message {
            time: self.time(now),
            from: from.cloned(),
            topic: message.topic.clone(),
            payload: Arc::from(&*message.payload),
            qos: number(message.qos),
            dup,
            permitted,
        });
    }

    /// Gives a message to everybody who wants it; says to how many.
    pub(super) fn route(&mut self, now: Instant, message: Outgoing) -> usize {
        let mut takers = Vec::new();
        for (device, session) in &self.sessions {
            let quality = session.quality(&message.topic);
            let online = self.things.get(device).into_iter().flat_map(|thing| &thing.online);
            let is_system = || {
                let mut speakers = std::iter::once(device).chain(online.clone());
                speakers.any(|one| one.receives(&message.topic) && !one.is_custom(&message.topic))
            };
            let qos = match (device, quality) {
                // The quality is the publisher's, whatever the subscription says.
                (DeviceId::Aliyun { .. }, Some(_)) => message.qos,
                (DeviceId::Aliyun { .. }, None) if session.is_automatic && is_system() => {
                    message.qos
                }
                (_, Some(quality)) if quality < message.qos => quality,
                (_, Some(_)) => message.qos,
                (_, None) => continue,
            };
            takers.push((device.clone(), qos));
        }
        for (device, qos) in &takers {
            self.deliver(now, device, Outgoing { qos: *qos, ..message.clone() });
        }
        takers.len()
    }

    /// Gives a message to a device, subscribed or not.
    pub(super) fn deliver(&mut self, now: Instant, device: &DeviceId, message: Outgoing) {
        let Some(session) = self.sessions.get_mut(device) else { return };
        if message.qos == QoS::AtMostOnce {
            match session.connection {
                Some(id) => {
                    let payload = message.payload;
                    let publish = Publish::from_bytes(message.topic, message.qos, payload);
                    self.send_publish(now, id, publish);
                }
                None => count(&mut self.report.dropped),
            }
        } else if session.keep(message, self.builder.queue) {
            self.send_waiting(now, device);
        } else {
            count(&mut self.report.dropped);
        }
    }

    /// Sends what waits for a device, as far as the window allows.
    pub(super) fn send_waiting(&mut self, now: Instant, device: &DeviceId) {
        let window = self.builder.window;
        while let Some(session) = self.sessions.get_mut(device) {
            let Some(id) = session.connection else { return };
            let Some(publish) = session.next(window) else { return };
            self.send_publish(now, id, publish);
        }
    }

    pub(super) fn send_publish(&mut self, now: Instant, id: ConnectionId, publish: Publish) {
        count(&mut self.report.sent);
        self.send(now, id, &Packet::Publish(publish));
    }
}
