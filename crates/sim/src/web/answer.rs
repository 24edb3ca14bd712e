//! What a server answers, and how it comes to the client.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response, StatusCode};
use tokio::time;

use super::body::Paced;

/// An answer, or none.
#[derive(Debug)]
pub(crate) struct Answer {
    response: Option<Response<Bytes>>,
    delay: Duration,
    /// So many bytes at a time, and the pause between them.
    pace: Option<(usize, Duration)>,
    /// How many bytes of the body are sent before the connection ends.
    cut: Option<usize>,
}

impl Answer {
    /// An empty answer.
    pub(crate) fn of(status: StatusCode) -> Self {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = status;
        response.into()
    }

    /// The connection ends without an answer.
    #[cfg(any(feature = "micloud", feature = "miot"))]
    pub(crate) fn close() -> Self {
        Self { response: None, delay: Duration::ZERO, pace: None, cut: None }
    }

    /// After a while.
    #[cfg(any(feature = "micloud", feature = "miot"))]
    #[must_use]
    pub(crate) fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Little by little.
    #[cfg(any(feature = "micloud", feature = "miot"))]
    #[must_use]
    pub(crate) fn slow(mut self, bytes: usize, every: Duration) -> Self {
        self.pace = Some((bytes.max(1), every));
        self
    }

    /// The length of the whole body is announced, the beginning of it is sent, and the connection ends.
    #[must_use]
    pub(crate) fn truncated(mut self, bytes: usize) -> Self {
        self.cut = Some(bytes);
        self
    }

    /// What is sent, when it is time.
    pub(super) async fn on_the_wire(self) -> Option<Response<Paced>> {
        if !self.delay.is_zero() {
            time::sleep(self.delay).await;
        }
        let (mut head, mut body) = self.response?.into_parts();
        let cut = self.cut.filter(|sent| *sent < body.len());
        if let Some(sent) = cut {
            head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            body.truncate(sent);
        }
        let (bytes, every) = self.pace.unwrap_or((usize::MAX, Duration::ZERO));
        let mut pieces = VecDeque::new();
        while !body.is_empty() {
            pieces.push_back(body.split_to(bytes.min(body.len())));
        }
        Some(Response::from_parts(head, Paced::new(pieces, every, cut.is_some())))
    }
}

impl From<Response<Bytes>> for Answer {
    fn from(response: Response<Bytes>) -> Self {
        Self { response: Some(response), delay: Duration::ZERO, pace: None, cut: None }
    }
}
