//! Calls that wait for their answer on the spot.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use iot_home_mqtt::Publication;

use super::{MAX_PAYLOAD, Unwritable};

/// A call whose caller waits: for 5 to 8 seconds, as he likes. Payload and answer are of any form.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rrpc<'a> {
    topic: &'a str,
    /// The call's id.
    pub id: &'a str,
    /// The topic of one's own that it goes to, without its first slash; `None` for the system's own.
    pub path: Option<&'a str>,
    /// What it says.
    pub payload: &'a [u8],
}

impl<'a> Rrpc<'a> {
    pub(super) const fn new(
        topic: &'a str,
        id: &'a str,
        path: Option<&'a str>,
        payload: &'a [u8],
    ) -> Self {
        Self { topic, id, path, payload }
    }

    /// The answer.
    ///
    /// # Errors
    /// If it is too long.
    pub fn answer(&self, payload: impl Into<Vec<u8>>) -> Result<Publication, Unwritable> {
        let payload = Unwritable::check_length(payload.into(), MAX_PAYLOAD)?;
        // From behind: a product and a device may be called like the levels.
        let head = self.topic.strip_suffix(self.id).and_then(|head| head.strip_suffix("request/"));
        let topic = match head.filter(|_| self.path.is_none()) {
            Some(head) => format!("{head}response/{}", self.id),
            // Where it came from, there the answer goes.
            None => String::from(self.topic),
        };
        Ok(Publication::new(topic, payload))
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
