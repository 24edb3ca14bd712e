//! What a platform takes of MQTT, and what not.

use core::ops::RangeInclusive;
use core::time::Duration;

use crate::{Connect, Problem};

/// How a platform differs from MQTT 3.1.1 as it is written: for sessions, which hold back what would be
/// refused, and for whoever looks at a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rules {
    /// The keep-alives it takes, in seconds.
    pub keep_alive: RangeInclusive<u16>,
    /// Whether it has wills.
    pub will: bool,
    /// Whether it retains messages.
    pub retain: bool,
    /// The highest quality of service of a message.
    pub qos: u8,
    /// The most bytes of a message's payload.
    pub payload: usize,
    /// How many topic filters one SUBSCRIBE may hold.
    pub filters: usize,
    /// The shortest time between two connections of a device.
    pub reconnect: Duration,
}

impl Rules {
    /// MQTT 3.1.1 without a platform's rules.
    pub const MQTT: Self = Self {
        keep_alive: 0..=u16::MAX,
        will: true,
        retain: true,
        qos: 2,
        // The largest packet, which is a little more than the largest payload.
        payload: 268_435_455,
        filters: usize::MAX,
        reconnect: Duration::ZERO,
    };

    /// What of a CONNECT packet goes against these rules.
    pub fn problems(&self, connect: &Connect<'_>) -> impl Iterator<Item = Problem> {
        let keep_alive =
            (!self.keep_alive.contains(&connect.keep_alive)).then(|| Problem::KeepAlive {
                seconds: connect.keep_alive,
                low: *self.keep_alive.start(),
                high: *self.keep_alive.end(),
            });
        let will = connect.will.as_ref();
        let unsupported = will.filter(|_| !self.will).map(|_| Problem::WillUnsupported);
        let retain =
            will.filter(|will| will.retain && !self.retain).map(|_| Problem::RetainUnsupported);
        let qos = will
            // There is no 3: that is a problem of the packet, and was told as one.
            .filter(|will| will.qos > self.qos && will.qos <= 2)
            .map(|will| Problem::QosUnsupported { qos: will.qos, highest: self.qos });
        [keep_alive, unsupported, retain, qos].into_iter().flatten()
    }
}
