//! What a bulb tells of itself, as a stream.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::queue::Queue;
use crate::property::Properties;

/// Something that happened to a bulb.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Properties as the bulb told them: in a notification, whoever caused it, or in answer to the client's own
    /// question after a connection was lost and made again; then those alone that differ.
    Properties(Properties),
    /// The connection is lost; the client tries to make it again.
    Lost,
    /// There is a connection again.
    Restored,
}

/// A bulb's changes, from the moment this was made. It ends when the last handle of the bulb is dropped.
///
/// A reader may take its time: it never holds up commands. Where more than 64 changes wait, later ones are
/// merged, so that steps between are lost and the last value of each property is not.
#[must_use = "changes are kept for a stream until it is dropped"]
pub struct Changes {
    queue: Arc<Queue>,
}

impl Changes {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        Self { queue }
    }
}

impl Stream for Changes {
    type Item = Change;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Change>> {
        self.queue.poll_pop(cx)
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}
