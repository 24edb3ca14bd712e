//! What a client may say once it is in.

use iot_home_core::Instant;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{
    Packet, PubAck, Publish, SubAck, Subscribe, SubscribeReasonCode, UnsubAck, Unsubscribe,
};

use crate::mqtt::DeviceId;
use crate::mqtt::filter;
use crate::mqtt::machine::{ConnectionId, Machine};
use crate::mqtt::report::count;
use crate::mqtt::session::Outgoing;

impl Machine {
    pub(super) fn handle_packet(
        &mut self,
        now: Instant,
        id: ConnectionId,
        device: &DeviceId,
        packet: Packet,
    ) {
        match packet {
            Packet::Publish(publish) => self.handle_publish(now, id, device, publish),
            Packet::PubAck(ack) => self.handle_ack(now, device, ack.pkid),
            Packet::Subscribe(subscribe) => self.handle_subscribe(now, id, device, &subscribe),
            Packet::Unsubscribe(unsubscribe) => {
                self.handle_unsubscribe(now, id, device, &unsubscribe);
            }
            Packet::PingReq => {
                count(&mut self.report.pings);
                self.send(now, id, &Packet::PingResp);
            }
            Packet::Disconnect => {
                count(&mut self.report.disconnects);
                self.close(now, id);
            }
            // The rest of the handshake of quality 2.
            Packet::PubRec(_) | Packet::PubRel(_) | Packet::PubComp(_) => {
                count(&mut self.report.violations.qos);
                self.close(now, id);
            }
            // What only a server says. A CONNECT does not come this far.
            Packet::Connect(_)
            | Packet::ConnAck(_)
            | Packet::SubAck(_)
            | Packet::UnsubAck(_)
            | Packet::PingResp => {
                count(&mut self.report.violations.malformed_packet);
                self.close(now, id);
            }
        }
    }

    fn handle_publish(
        &mut self,
        now: Instant,
        id: ConnectionId,
        device: &DeviceId,
        publish: Publish,
    ) {
        let rules = device.rules();
        let violations = &mut self.report.violations;
        let fatal = if !filter::is_topic(&publish.topic) {
            Some(&mut violations.bad_topic)
        } else if publish.qos == QoS::ExactlyOnce {
            Some(&mut violations.qos)
        } else if publish.payload.len() > rules.payload {
            Some(&mut violations.payload_size)
        } else {
            None
        };
        if let Some(violation) = fatal {
            count(violation);
            return self.close(now, id);
        }
        if publish.retain {
            count(&mut violations.retain);
        }
        let is_long = publish.topic.len() > longest_topic(device);
        let speaker = self.speaker(device, &publish.topic);
        let is_offline = speaker.is_none() && self.is_below(device, &publish.topic);
        let is_permitted = !is_long && speaker.is_some();
        let violations = &mut self.report.violations;
        if is_long {
            count(&mut violations.long_topic);
        } else if is_offline {
            count(&mut violations.sub_device_offline);
        } else if !is_permitted {
            count(&mut violations.forbidden_publish);
        } else {
            count(&mut self.report.received);
            if publish.dup {
                count(&mut self.report.received_again);
            }
        }
        let Publish { dup, qos, topic, payload, pkid, .. } = publish;
        let message = Outgoing { topic, payload, qos };
        self.record(now, Some(device), &message, dup, is_permitted);
        if qos == QoS::AtLeastOnce {
            self.acknowledge(now, id, pkid);
        }
        if is_offline {
            self.tell_offline(now, device);
        }
        if let Some(speaker) = speaker.filter(|_| is_permitted) {
            self.answer(now, &speaker, &message);
            if speaker.is_custom(&message.topic) {
                self.route(now, message);
            }
        }
    }

    fn acknowledge(&mut self, now: Instant, id: ConnectionId, pkid: u16) {
        let lost = &mut self.builder.faults.lost_acks;
        if *lost > 0 {
            *lost = lost.saturating_sub(1);
            count(&mut self.report.lost_acks);
        } else {
            self.send(now, id, &Packet::PubAck(PubAck::new(pkid)));
        }
    }

    fn handle_ack(&mut self, now: Instant, device: &DeviceId, pkid: u16) {
        let Some(session) = self.sessions.get_mut(device) else { return };
        if session.acknowledge(pkid) {
            count(&mut self.report.acknowledged);
            self.send_waiting(now, device);
        } else {
            count(&mut self.report.violations.unknown_ack);
        }
    }

    fn handle_subscribe(
        &mut self,
        now: Instant,
        id: ConnectionId,
        device: &DeviceId,
        subscribe: &Subscribe,
    ) {
        if subscribe.filters.iter().any(|one| !filter::is_filter(&one.path)) {
            count(&mut self.report.violations.bad_filter);
            return self.close(now, id);
        }
        let is_batch = subscribe.filters.len() > device.rules().filters;
        if is_batch {
            count(&mut self.report.violations.filters);
        }
        let mut codes = Vec::with_capacity(subscribe.filters.len());
        for one in &subscribe.filters {
            let granted = if is_batch { None } else { self.subscribe(device, &one.path, one.qos) };
            codes.push(granted.map_or(SubscribeReasonCode::Failure, SubscribeReasonCode::Success));
        }
        self.send(now, id, &Packet::SubAck(SubAck::new(subscribe.pkid, codes)));
    }

    /// The quality that is granted, if any.
    fn subscribe(&mut self, device: &DeviceId, filter: &str, qos: QoS) -> Option<QoS> {
        if filter.len() > longest_topic(device) {
            count(&mut self.report.violations.long_topic);
            return None;
        }
        if !self.may_subscribe(device, filter) {
            count(&mut self.report.violations.forbidden_subscribe);
            return None;
        }
        let violations = &mut self.report.violations;
        let granted = match qos {
            QoS::ExactlyOnce => {
                count(&mut violations.qos);
                QoS::AtLeastOnce
            }
            qos => qos,
        };
        if self.sessions.get_mut(device)?.subscribe(filter, granted) {
            Some(granted)
        } else {
            count(&mut violations.subscriptions);
            None
        }
    }

    fn handle_unsubscribe(
        &mut self,
        now: Instant,
        id: ConnectionId,
        device: &DeviceId,
        unsubscribe: &Unsubscribe,
    ) {
        if unsubscribe.topics.iter().any(|filter| !filter::is_filter(filter)) {
            count(&mut self.report.violations.bad_filter);
            return self.close(now, id);
        }
        if let Some(session) = self.sessions.get_mut(device) {
            for filter in &unsubscribe.topics {
                session.unsubscribe(filter);
            }
        }
        self.send(now, id, &Packet::UnsubAck(UnsubAck::new(unsubscribe.pkid)));
    }
}

/// In bytes.
fn longest_topic(device: &DeviceId) -> usize {
    match device {
        DeviceId::Tencent { .. } => 255,
        _ => usize::from(u16::MAX),
    }
}
