//! A message that is ready to be published.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A message that is ready to be published, and by what its answer will be known. Its `Debug` shows the size of the
/// payload and not the payload.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Publication {
    /// Where it goes.
    pub topic: String,
    /// What it says.
    pub payload: Vec<u8>,
    /// With which quality of service: 0 or 1.
    pub qos: u8,
    /// By what its answer will be known; `None` where none is to come.
    pub answer: Option<AnswerKey>,
}

impl Publication {
    /// A message of QoS 1 that nobody answers.
    pub fn new(topic: impl Into<String>, payload: impl Into<Vec<u8>>) -> Self {
        Self { topic: topic.into(), payload: payload.into(), qos: 1, answer: None }
    }

    /// With another quality of service.
    #[must_use]
    pub fn qos(mut self, qos: u8) -> Self {
        self.qos = qos;
        self
    }

    /// With an answer to come.
    #[must_use]
    pub fn answered_by(mut self, key: AnswerKey) -> Self {
        self.answer = Some(key);
        self
    }
}

impl fmt::Debug for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publication")
            .field("topic", &self.topic)
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .field("qos", &self.qos)
            .field("answer", &self.answer)
            .finish()
    }
}

#[cfg(feature = "client")]
impl From<Publication> for crate::client::Message {
    fn from(publication: Publication) -> Self {
        let qos = match publication.qos {
            0 => crate::client::Qos::AtMostOnce,
            _ => crate::client::Qos::AtLeastOnce,
        };
        Self::new(publication.topic, publication.payload).qos(qos)
    }
}

/// What an answer is known by: where it arrives, and which id it repeats.
///
/// Where a platform's answers have no id, it is what they have in its place: their kind, or a time that was sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct AnswerKey {
    /// The answer's topic.
    pub topic: String,
    /// The id that it repeats.
    pub id: String,
}

impl AnswerKey {
    /// An answer on this topic with this id.
    pub fn new(topic: impl Into<String>, id: impl Into<String>) -> Self {
        Self { topic: topic.into(), id: id.into() }
    }
}
