//! What is written.

use bytes::{BufMut as _, BytesMut};
use iot_home_core::Instant;
use rumqttc::mqttbytes;
use rumqttc::mqttbytes::v4::PingReq;

use super::link::{Link, Phase};
use super::{Done, Machine};

/// More than this is not written at once, but for a single message that is larger.
const CHUNK: usize = 64 * 1024;
/// Answers that the broker does not read are kept up to here; then nothing more is read from it.
const ANSWERS: usize = 16 * 1024;
const DISCONNECT: [u8; 2] = [0xe0, 0];

impl<W> Machine<W> {
    /// What is to be written next, appended to `out`: to be called when everything before is written.
    pub(in crate::client) fn transmit(&mut self, now: Instant, out: &mut BytesMut) {
        let before = out.len();
        out.unsplit(self.answers.split());
        if let Phase::Connected(mut link) = self.phase {
            self.write_requests(out);
            self.write_messages(out);
            if out.len() > before {
                link.sent = now;
                link.unheard.get_or_insert(now);
            }
            self.phase = Phase::Connected(link);
            if link.asked.is_none() && self.ping_due(&link).is_some_and(|due| due <= now) {
                // It cannot fail: two bytes.
                let _ = PingReq.write(out);
                link.sent = now;
                link.asked = Some(now);
                self.phase = Phase::Connected(link);
            }
            let is_done = self.outbox.is_empty() && self.requests.is_empty();
            if self.closing.is_some_and(|deadline| is_done || deadline <= now) {
                out.put_slice(&DISCONNECT);
                self.phase = Phase::Leaving { deadline: now + self.settings.patience };
            }
        }
    }

    fn write_requests(&mut self, out: &mut BytesMut) {
        let Self { requests, outbox, ids, .. } = self;
        while out.len() < CHUNK
            && requests
                .write_next(out, |requests| ids.next(|id| requests.uses(id) || outbox.uses(id)))
        {
        }
    }

    fn write_messages(&mut self, out: &mut BytesMut) {
        let Self { requests, outbox, ids, done, .. } = self;
        while out.len() < CHUNK {
            let written = outbox
                .write_next(out, |outbox| ids.next(|id| outbox.uses(id) || requests.uses(id)));
            match written {
                Some(Some(waiter)) => done.push_back((waiter, Ok(Done::Published))),
                Some(None) => {}
                None => break,
            }
        }
    }

    /// Whether more may be read: not while the broker reads nothing of what answers it.
    pub(in crate::client) fn may_read(&self) -> bool {
        self.answers.len() < ANSWERS
    }

    /// The session leaves: whatever comes is not looked at.
    pub(in crate::client) fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Leaving { .. })
    }

    /// When the broker is to be asked whether it is there.
    pub(super) fn ping_due(&self, link: &Link) -> Option<Instant> {
        let silence = link.interval.map(|interval| link.sent.min(link.heard) + interval);
        // Who waits for an answer wants to know sooner.
        let is_awaited = self.outbox.is_awaited() || self.requests.is_awaited();
        let awaited =
            link.unheard.filter(|_| is_awaited).map(|since| since + self.settings.patience / 2);
        silence.into_iter().chain(awaited).min()
    }

    /// Writes a packet of a few bytes, which cannot fail.
    pub(super) fn answer(
        &mut self,
        write: impl FnOnce(&mut BytesMut) -> Result<usize, mqttbytes::Error>,
    ) {
        let _ = write(&mut self.answers);
    }
}
