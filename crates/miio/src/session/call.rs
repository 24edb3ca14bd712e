//! One request under way: its ids, its repetitions and its end.

use alloc::vec::Vec;
use core::time::Duration;

use iot_home_core::Instant;

use super::RequestKey;
use super::rtt::FIRST_WAIT;
use crate::error::{DeviceError, Failure};
use crate::message::Request;

/// A request under way.
pub(super) struct Call {
    pub(super) key: RequestKey,
    pub(super) request: Request,
    pub(super) deadline: Instant,
    /// Absent while the call waits for its turn.
    pub(super) sending: Option<Sending>,
    /// The ids it was sent under, and when last.
    ids: Vec<(i32, Instant)>,
    transmissions: u32,
    pub(super) hellos: u32,
    pub(super) hello_answered: bool,
    pub(super) other_token_shown: bool,
    pub(super) bad_checksum: bool,
    /// What the device said when it could not read its own answer, and how often.
    garbled: Option<DeviceError>,
    garbled_count: u8,
}

impl Call {
    pub(super) fn new(key: RequestKey, request: Request, deadline: Instant) -> Self {
        Self {
            key,
            request,
            deadline,
            sending: None,
            ids: Vec::new(),
            transmissions: 0,
            hellos: 0,
            hello_answered: false,
            other_token_shown: false,
            bad_checksum: false,
            garbled: None,
            garbled_count: 0,
        }
    }

    pub(super) fn is_sent(&self) -> bool {
        !self.ids.is_empty()
    }

    pub(super) fn is_due(&self) -> bool {
        self.sending.as_ref().is_some_and(|sending| sending.due)
    }

    pub(super) fn has_id(&self, id: i64) -> bool {
        self.ids.iter().any(|(sent, _)| i64::from(*sent) == id)
    }

    /// The id that the answer names, or the latest one where it names none.
    pub(super) fn id_for(&self, id: Option<i64>) -> Option<i32> {
        let named = self.ids.iter().find(|(sent, _)| Some(i64::from(*sent)) == id);
        named.or(self.ids.last()).map(|(sent, _)| *sent)
    }

    /// When the transmission with this id left, if it was the only one under it: otherwise nobody
    /// can tell which of them was answered.
    pub(super) fn sent_once_at(&self, id: Option<i64>) -> Option<Instant> {
        let several = !self.request.is_idempotent() && self.transmissions > 1;
        let (_, at) = self.ids.iter().find(|(sent, _)| Some(i64::from(*sent)) == id && !several)?;
        Some(*at)
    }

    /// Marks the next transmission as made and returns its id: a new one where repeating does no
    /// harm, since devices stay silent on an id they know; else the first one, for just that reason.
    pub(super) fn transmit(&mut self, now: Instant, next_id: &mut i32) -> i32 {
        if let Some(sending) = &mut self.sending {
            sending.due = false;
            // However slow the device was last, there is time left for a hello and a repetition.
            let half = self.deadline.saturating_since(now) / 2;
            sending.next = now + sending.wait.min(half.max(FIRST_WAIT));
        }
        self.transmissions = self.transmissions.saturating_add(1);
        match self.ids.first_mut() {
            Some((id, at)) if !self.request.is_idempotent() => {
                *at = now;
                *id
            }
            _ => {
                let id = *next_id;
                // Ids end at 2^31 - 1; neither 0 nor a negative one is answered.
                *next_id = id.checked_add(1).unwrap_or(1);
                if self.ids.len() >= MAX_IDS {
                    self.ids.remove(0);
                }
                self.ids.push((id, now));
                id
            }
        }
    }

    /// Why a call got no answer, as far as that can be known.
    pub(super) fn verdict(self) -> Failure {
        let Self { transmissions, hellos, hello_answered, other_token_shown, bad_checksum, .. } =
            self;
        let idempotent = self.request.is_idempotent();
        match (self.garbled, transmissions > 0, idempotent) {
            (Some(error), ..) => Failure::Device(error),
            (None, true, false) => Failure::MaybeExecuted { transmissions },
            (None, true, true) if bad_checksum => Failure::Checksum,
            _ if hellos > 0 && !hello_answered => Failure::NoHello { hellos },
            (None, true, true) => {
                Failure::NoAnswer { transmissions, hello_answered, other_token_shown }
            }
            (None, false, _) => Failure::NeverSent,
        }
    }

    pub(super) fn may_ask_again(&mut self, error: &DeviceError) -> bool {
        self.garbled_count = self.garbled_count.saturating_add(1);
        let again = self.request.is_idempotent() && self.garbled_count <= MAX_GARBLED;
        if again {
            self.garbled = Some(error.clone());
        }
        again
    }
}

/// The repetition of one call.
pub(super) struct Sending {
    pub(super) due: bool,
    pub(super) next: Instant,
    pub(super) wait: Duration,
}

impl Sending {
    pub(super) fn new(wait: Duration) -> Self {
        Self { due: true, next: Instant::ORIGIN, wait }
    }
}

/// How often an answer that the device itself could not read is asked for again.
const MAX_GARBLED: u8 = 2;
/// Transmissions of one request whose late answers are still recognised.
const MAX_IDS: usize = 16;
