//! Calls that wait for their answer on the spot.

use alloc::vec::Vec;
use core::fmt;

use iot_home_mqtt::Publication;

use super::{MAX_PAYLOAD, Unwritable};

/// A call whose caller waits: 10 seconds, or 4 by the C SDK's document. Payload and answer are of any form.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rrpc<'a> {
    topic: &'a str,
    /// The call's id.
    pub process_id: &'a str,
    /// What it says.
    pub payload: &'a [u8],
}

impl<'a> Rrpc<'a> {
    pub(super) const fn new(topic: &'a str, process_id: &'a str, payload: &'a [u8]) -> Self {
        Self { topic, process_id, payload }
    }

    /// The answer.
    ///
    /// # Errors
    /// If it is too long.
    pub fn answer(&self, payload: impl Into<Vec<u8>>) -> Result<Publication, Unwritable> {
        let payload = Unwritable::check_length(payload.into(), MAX_PAYLOAD)?;
        Ok(Publication::new(self.topic.replacen("$rrpc/rxd/", "$rrpc/txd/", 1), payload))
    }
}

impl fmt::Debug for Rrpc<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rrpc")
            .field("topic", &self.topic)
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .finish()
    }
}
