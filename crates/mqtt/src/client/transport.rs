//! A stream of bytes with what was read from it and what is to be written.

use std::future::Future as _;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWrite as _, AsyncWriteExt as _};
use tokio::time;

use super::options::Wire;
use super::tls::TlsFailure;

/// How much is read at once.
const READ: usize = 4 * 1024;
/// How long a connection may take none of what is written.
pub(super) const STUCK: Duration = Duration::from_secs(20);

pub(super) struct Transport {
    stream: Box<dyn Wire>,
    /// What was read and not taken yet.
    pub(super) input: BytesMut,
    /// Whether some of it could be taken and was not.
    pub(super) is_held: bool,
    /// What is not written yet.
    pub(super) out: BytesMut,
    is_flushed: bool,
    /// When the connection took something, or there was nothing to take.
    progress: time::Instant,
}

/// What could be done.
pub(super) enum Exchanged {
    /// Something was read.
    Read,
    /// Everything is written.
    Written,
}

impl Transport {
    pub(super) fn new(stream: Box<dyn Wire>) -> Self {
        Self {
            stream,
            input: BytesMut::new(),
            is_held: false,
            out: BytesMut::new(),
            is_flushed: true,
            progress: time::Instant::now(),
        }
    }

    /// Whether something waits to be written.
    pub(super) fn is_blocked(&self) -> bool {
        !self.out.is_empty() || !self.is_flushed
    }

    /// What is in `out` from now on has its own time.
    pub(super) fn begin(&mut self) {
        self.progress = time::Instant::now();
    }

    /// When the connection is to be given up for not taking anything.
    pub(super) fn stuck_at(&self) -> Option<time::Instant> {
        self.is_blocked().then(|| self.progress.checked_add(STUCK)).flatten()
    }

    pub(super) async fn shut_down(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// Writes what can be written, and reads what is there.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        may_read: bool,
    ) -> Poll<io::Result<Exchanged>> {
        let written = self.poll_write(cx);
        if let Poll::Ready(Err(error)) = written {
            // Where the broker has refused something and closed, the reason waits to be read.
            return match self.poll_read(cx) {
                Poll::Ready(Ok(())) => Poll::Ready(Ok(Exchanged::Read)),
                Poll::Ready(Err(reason)) if TlsFailure::of(&reason).is_some() => {
                    Poll::Ready(Err(reason))
                }
                _ => Poll::Ready(Err(error)),
            };
        }
        if may_read && self.poll_read(cx)?.is_ready() {
            return Poll::Ready(Ok(Exchanged::Read));
        }
        match written {
            Poll::Ready(Ok(true)) => Poll::Ready(Ok(Exchanged::Written)),
            _ => Poll::Pending,
        }
    }

    /// Writes everything; false where there was nothing.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let was_blocked = self.is_blocked();
        while !self.out.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.out))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.out.advance(written);
            self.progress = time::Instant::now();
            self.is_flushed = false;
        }
        if !self.is_flushed {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.is_flushed = true;
        }
        Poll::Ready(Ok(was_blocked))
    }

    /// Reads something; the end is an error.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.input.reserve(READ);
        // It holds nothing between two calls, so that it can be made anew each time.
        let read = pin!(self.stream.read_buf(&mut self.input));
        match ready!(read.poll(cx))? {
            0 => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            _ => Poll::Ready(Ok(())),
        }
    }
}
