//! What becomes of an answer.

use std::time::Duration;

use bytes::Bytes;
use http::Response;

use super::Answer;

/// What becomes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outage {
    /// This status and a short text. Nothing was done.
    Status(u16),
    /// A web page with status 200. Nothing was done.
    Page,
    /// The connection is closed without an answer. Nothing was done.
    Closed,
    /// It was done, and the connection is closed without an answer.
    Unanswered,
    /// It was done, and the connection ends in the middle of the answer.
    Truncated,
    /// It was done, and the answer comes after this time.
    Delayed(Duration),
    /// It was done, and the answer comes in pieces of so many bytes with this pause between them.
    Slow(usize, Duration),
}

impl Outage {
    /// Whether the request is not even looked at.
    pub(crate) const fn is_before(self) -> bool {
        matches!(self, Self::Status(_) | Self::Page | Self::Closed)
    }

    /// What it makes of an answer to a request that was looked at.
    pub(crate) fn spoil(self, response: Response<Bytes>) -> Answer {
        let half = response.body().len() / 2;
        let answer = Answer::from(response);
        match self {
            Self::Unanswered => Answer::close(),
            Self::Truncated => answer.truncated(half),
            Self::Delayed(delay) => answer.delayed(delay),
            Self::Slow(bytes, every) => answer.slow(bytes, every),
            _ => answer,
        }
    }
}
