//! What a platform has seen, refused and done.

use std::collections::VecDeque;

use iot_home_mqtt::ConnectCode;

use crate::mqtt::refusal::LoginRefusal;

/// Counts since the platform began. A test asserts on them what no answer shows: that a client sent nothing a
/// real platform would refuse, or that a message came once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Connections accepted, before anything was said.
    pub connections: u64,
    /// Connections that are open now.
    pub open_connections: u64,
    /// Connections that were not taken because there are too many.
    pub turned_away: u64,
    /// TLS handshakes that came to nothing.
    pub failed_handshakes: u64,
    /// Devices that were given what they prove themselves by.
    pub registrations: u64,
    /// Requests over HTTP.
    pub requests: u64,
    /// Answers with a file, or with a part of one.
    pub downloads: u64,
    /// Requests for files by an address that has expired.
    pub expired_downloads: u64,
    /// Logins that were let in.
    pub logins: u64,
    /// Logins that were not; [`refusals`](Self::refusals) has the last ones.
    pub refused: u64,
    /// The last hundred refusals: what the client was told, and why.
    pub refusals: VecDeque<(ConnectCode, LoginRefusal)>,
    /// Logins that went on with a stored session.
    pub resumed: u64,
    /// Connections that a newer one of the same device put an end to.
    pub kicked: u64,
    /// Connections that ended with a DISCONNECT.
    pub disconnects: u64,
    /// Connections that the platform ended because the client did not read what it was sent.
    pub overflows: u64,
    /// Messages of clients, refused ones not counted.
    pub received: u64,
    /// Messages of clients that were marked as sent before; they count as [`received`](Self::received) too.
    pub received_again: u64,
    /// Messages sent to clients.
    pub sent: u64,
    /// Messages sent to clients once more, on a later connection; they count as [`sent`](Self::sent) too.
    pub sent_again: u64,
    /// Messages of quality 1 that a client acknowledged.
    pub acknowledged: u64,
    /// Messages that were lost because too many waited already.
    pub dropped: u64,
    /// Acknowledgements that the faults kept back.
    pub lost_acks: u64,
    /// PINGREQ packets.
    pub pings: u64,
    /// Times that the platform began anew.
    pub restarts: u64,
    /// What clients sent that a real platform refuses.
    pub violations: Violations,
}

impl Report {
    pub(crate) fn refuse(&mut self, code: ConnectCode, refusal: LoginRefusal) {
        count(&mut self.refused);
        if self.refusals.len() >= 100 {
            self.refusals.pop_front();
        }
        self.refusals.push_back((code, refusal));
    }
}

macro_rules! violations {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What clients sent that a real platform refuses, by the rule that was broken.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Violations {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Violations {
            /// All of them together.
            pub fn total(&self) -> u64 {
                [$(self.$name),*].into_iter().fold(0, u64::saturating_add)
            }
        }
    };
}

violations! {
    /// Another packet than CONNECT at first.
    before_connect,
    /// Nothing, or half a CONNECT, until the time for it was over.
    no_connect,
    /// A CONNECT that is none by the specification.
    bad_connect,
    /// Another version of the protocol than 3.1 and 3.1.1.
    protocol_version,
    /// A login that was not verified: the report's `refusals` say why.
    bad_login,
    /// A registration that was refused.
    bad_registration,
    /// A request over HTTP that is refused, other than for what became of the device.
    bad_request,
    /// A keep-alive that the platform does not take, or takes for another.
    keep_alive,
    /// A will. The login is let in all the same, and the will forgotten.
    will,
    /// A connection of a device sooner after its last one than the platform allows.
    too_soon,
    /// A second CONNECT on a connection.
    second_connect,
    /// Bytes that are no packet that a client may send.
    malformed_packet,
    /// The packet id 0.
    packet_id_zero,
    /// An acknowledgement of something that was not sent.
    unknown_ack,
    /// A message to a topic that is empty or has wildcards.
    bad_topic,
    /// A message to a topic that the device may not publish to. It is acknowledged and forgotten.
    forbidden_publish,
    /// A message that is to be retained. It is passed on and not kept.
    retain,
    /// Quality of service 2.
    qos,
    /// A payload beyond what the platform takes.
    payload_size,
    /// A request to the cloud that is no JSON object.
    bad_json,
    /// An answer to something that the device was not asked.
    unknown_reply,
    /// A message in the name of a device below a gateway that is not logged in. The gateway is told 520.
    sub_device_offline,
    /// A device below a gateway whose signature is wrong.
    sub_device_signature,
    /// A device that is not below the gateway.
    no_topology,
    /// A message about sub-devices' sessions with another quality than 0.
    session_qos,
    /// A shadow's version that is not the next.
    shadow_version,
    /// A step of an upgrade that is none.
    progress,
    /// A filter that is none.
    bad_filter,
    /// A subscription to what is not the device's own.
    forbidden_subscribe,
    /// More filters in one SUBSCRIBE than the platform takes.
    filters,
    /// More subscriptions than the platform takes.
    subscriptions,
    /// A topic longer than the platform takes.
    long_topic,
    /// Silence beyond one and a half times the keep-alive.
    silence,
}

/// Adds one to a counter that stops at its largest value.
pub(crate) fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
