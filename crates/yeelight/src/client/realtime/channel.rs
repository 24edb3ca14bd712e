//! The open end of a channel: commands go in, a task sends them.

use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;

use super::within;
use crate::method::Method;

/// A channel that was open once. Dropping it ends its task and its socket.
pub(super) struct Channel {
    commands: Sender<Method>,
    task: JoinHandle<()>,
}

impl Channel {
    /// A channel whose commands `serve` sends.
    pub(super) fn new<R>(serve: impl FnOnce(Receiver<Method>) -> R) -> Self
    where
        R: Future<Output = ()> + Send + 'static,
    {
        let (commands, receiver) = mpsc::channel(WAITING);
        Self { commands, task: tokio::spawn(serve(receiver)) }
    }

    pub(super) fn is_open(&self) -> bool {
        !self.commands.is_closed()
    }

    /// Hands a command over; waits where many wait already.
    pub(super) async fn send(&self, method: Method, timeout: Duration) -> Result<(), ()> {
        match within(timeout, self.commands.send(method)).await {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err(()),
        }
    }
}

impl Channel {
    /// Lets what waits be sent, for at most this long, and closes.
    pub(super) async fn finish(mut self, timeout: Duration) {
        // The task ends when there is nobody left to send to it.
        self.commands = mpsc::channel(1).0;
        let _ = within(timeout, &mut self.task).await;
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Commands that wait for the socket; the next one waits for room.
const WAITING: usize = 256;
