//! What the device's network module does with datagrams.

use std::net::SocketAddr;

use iot_home_core::Instant;
use iot_home_miio::DeviceError;
use iot_home_miio::cipher::OpenError;
use iot_home_miio::packet::{HEADER_LEN, HelloField, HelloReply, Packet, PacketKind};
use iot_home_miio::responder::{Incoming, Refusal, RpcRequest};
use serde::de::IgnoredAny;

use super::Machine;
use crate::miio::answer::Answer;
use crate::miio::faults::{Beyond, Silence};
use crate::miio::methods::Outcome;
use crate::miio::network::Travel;
use crate::miio::quirk::Quirk;
use crate::miio::report::count;

impl Machine {
    /// What the device's network module does with a datagram.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        from: SocketAddr,
        datagram: &mut [u8],
        travel: Travel,
    ) {
        self.come_back(now);
        let probe = Packet::parse(datagram).is_ok_and(|packet| packet.kind() == PacketKind::Probe);
        let ignored = match self.faults.silence {
            Silence::Never => false,
            Silence::ToRequests => !probe,
            Silence::Total => true,
        };
        if ignored || self.station.is_away(now) {
            return count(&mut self.report.ignored);
        }
        if probe && datagram.len() != HEADER_LEN {
            return count(&mut self.report.violations.malformed_packet);
        }
        let token = self.responder.token();
        if let Some(scenes) = &mut self.scenes
            && scenes.receive(now, from, datagram, token, &mut self.report)
        {
            return;
        }
        let stamp = self.stamp(now);
        match self.responder.receive(stamp, datagram) {
            Ok(Incoming::Hello { virtual_did }) => {
                count(&mut self.report.hellos);
                let reply = match (&mut self.push, virtual_did) {
                    (Some(push), Some(virtual_did)) => {
                        let state = HelloField::Subscription(push.probed(from, virtual_did));
                        HelloReply::new(self.responder.did(), stamp, state).encode()
                    }
                    _ => self.responder.hello_reply(stamp),
                };
                self.send(now, from, reply.into());
            }
            Ok(Incoming::KeepAlive { .. }) => {
                count(&mut self.report.keep_alives);
                let reply = self.responder.keep_alive_reply(stamp);
                self.send(now, from, reply.into());
            }
            Ok(Incoming::Request(request)) => {
                let strict = is_object(opened(datagram));
                let blanks = self.faults.has(Quirk::NoBlanks) && has_blanks(opened(datagram));
                self.request(now, from, request, strict && !blanks);
            }
            Ok(_) => {}
            Err(refusal) => self.refuse(&refusal, datagram, travel),
        }
    }

    pub(super) fn refuse(&mut self, refusal: &Refusal, datagram: &[u8], travel: Travel) {
        let violations = &mut self.report.violations;
        let counter = match refusal {
            _ if travel == Travel::Copy => return,
            Refusal::RepeatedId { .. } if travel == Travel::Original => return,
            Refusal::RepeatedId { .. } => &mut violations.repeated_id,
            Refusal::Open(OpenError::Checksum) => &mut violations.bad_checksum,
            Refusal::Open(OpenError::Padding) => &mut violations.bad_padding,
            Refusal::OtherDid { .. } => &mut violations.other_did,
            Refusal::Stamp { .. } => &mut violations.stale_stamp,
            Refusal::NoId if is_object(opened(datagram)) => &mut violations.bad_id,
            Refusal::NoId | Refusal::Json(_) => &mut violations.malformed_json,
            _ => &mut violations.malformed_packet,
        };
        count(counter);
    }

    pub(super) fn request(
        &mut self,
        now: Instant,
        from: SocketAddr,
        request: RpcRequest,
        readable: bool,
    ) {
        let answers = ["result", "error"].iter().any(|key| request.message.get(key).is_some());
        if !readable {
            return count(&mut self.report.violations.malformed_json);
        }
        if request.method.is_empty() && answers {
            if let Some(push) = &mut self.push {
                push.answered(from, request.id, &request.message, &mut self.report);
            }
            return count(&mut self.report.client_answers);
        }
        if !(1..=i64::from(i32::MAX)).contains(&request.id) {
            return count(&mut self.report.violations.bad_id);
        }
        count(&mut self.report.requests);
        let uptime = self.stamp(now);
        let RpcRequest { id, method, params, .. } = &request;
        let outcome = self.about_others(now, from, &request);
        let outcome = outcome.or_else(|| {
            let Self { appliance, station, report, responder, .. } = self;
            if appliance.methods.contains_key(method) {
                return None;
            }
            station.call(&mut report.refusals, now, responder.token(), method, params)
        });
        let outcome =
            outcome.unwrap_or_else(|| self.appliance.call(&self.faults, uptime, method, params));
        self.report.execution(method, &outcome);
        if outcome.damage != Some(Beyond::Silence) {
            self.answer(now, from, *id, method, outcome);
        }
    }

    /// What is not the appliance's: subscriptions, scenes and children.
    pub(super) fn about_others(
        &mut self,
        now: Instant,
        from: SocketAddr,
        request: &RpcRequest,
    ) -> Option<Outcome> {
        let uptime = self.stamp(now);
        let (method, report) = (request.method.as_str(), &mut self.report);
        if let Some(push) = &mut self.push
            && matches!(method, "miIO.sub" | "miIO.unsub")
        {
            let properties = &self.appliance.properties;
            return Some(Outcome::done(push.call(now, from, request, properties, report)));
        }
        if let Some(scenes) = &mut self.scenes {
            let token = self.responder.token();
            if let Some(body) = scenes.call(method, &request.params, token, report) {
                return Some(Outcome::done(body));
            }
        }
        let asked = (request.sid.as_deref(), method, &request.params);
        self.gateway.as_mut()?.call(&self.faults, uptime, asked, report)
    }

    pub(super) fn answer(
        &mut self,
        now: Instant,
        to: SocketAddr,
        id: i64,
        method: &str,
        outcome: Outcome,
    ) {
        let now = now + outcome.delay;
        if let Some(garbage) = self.network.garbage(&self.faults) {
            count(&mut self.report.garbage);
            self.send(now, to, garbage);
        }
        if self.faults.has(Quirk::UnsolicitedRequest) {
            let text = format!(r#"{{"id":{id},"method":"props","params":{{"power":"on"}}}}"#);
            self.seal_and_send(now, to, text.as_bytes());
        }
        if self.faults.has(Quirk::WrongId) {
            let before = if id > 1 { id - 1 } else { i64::from(i32::MAX) };
            self.seal_and_send(now, to, format!(r#"{{"id":{before},"result":[]}}"#).as_bytes());
        }
        self.garbled = self.faults.has(Quirk::Garbled) && !self.garbled;
        let Outcome { body, exe_time, damage, .. } = outcome;
        let answer = if self.garbled {
            let body = Err(DeviceError::new(Some(-30001), "Resp invalid json."));
            Answer { id: 0, method, body, exe_time }
        } else {
            Answer { id, method, body, exe_time }
        };
        count(&mut self.report.answers);
        if answer.body.is_err() {
            count(&mut self.report.error_answers);
        }
        let mut text = answer.write(&self.faults);
        if damage == Some(Beyond::Truncated) {
            text.truncate(text.len() / 2);
        }
        let stamp = self.stamp(now);
        let sealed = self.responder.seal(stamp, &text).or_else(|_| {
            // More than a packet carries.
            self.responder.error_reply(stamp, id, -32605, "too many objects")
        });
        let Ok(mut packet) = sealed else { return };
        if damage == Some(Beyond::BadChecksum)
            && let Some(byte) = packet.get_mut(HEADER_LEN - 1)
        {
            *byte ^= 0xff;
        }
        if self.faults.has(Quirk::DuplicateReply) {
            self.send(now, to, packet.clone());
        }
        self.send(now, to, packet);
    }

    pub(super) fn seal_and_send(&mut self, now: Instant, to: SocketAddr, text: &[u8]) {
        if let Ok(packet) = self.responder.seal(self.stamp(now), text) {
            self.send(now, to, packet);
        }
    }

    pub(super) fn send(&mut self, now: Instant, to: SocketAddr, datagram: Vec<u8>) {
        self.network.send(&self.faults, &mut self.report, now, to, datagram);
    }
}

/// The payload of a message that was decrypted in place, without its padding and the NULs that many
/// clients send.
fn opened(datagram: &[u8]) -> &[u8] {
    let length = match datagram {
        [_, _, high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    };
    let padded = datagram.get(HEADER_LEN..length).unwrap_or_default();
    let padding = padded.last().map_or(0, |byte| usize::from(*byte));
    let text = padded.len().checked_sub(padding).and_then(|end| padded.get(..end));
    let text = text.unwrap_or_default();
    let end = text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
    text.get(..end).unwrap_or_default()
}

/// Whether the text is a JSON object as it stands. The responder mends what it can, as clients have
/// to; a device does not.
fn is_object(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| {
        text.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok()
    })
}

fn has_blanks(text: &[u8]) -> bool {
    let (mut in_string, mut escaped) = (false, false);
    text.iter().any(|byte| {
        match byte {
            b'"' if !escaped => in_string = !in_string,
            b' ' | b'\t' | b'\r' | b'\n' if !in_string => return true,
            _ => {}
        }
        escaped = in_string && *byte == b'\\' && !escaped;
        false
    })
}
