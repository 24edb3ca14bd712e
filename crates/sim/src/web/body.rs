//! A body that takes its time, and may not come to its end.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{self, Sleep};

/// Pieces of a body, with a pause before each but the first.
#[derive(Debug)]
pub(super) struct Paced {
    pieces: VecDeque<Bytes>,
    every: Duration,
    /// Whether the connection ends behind the last piece, which is not the body's.
    broken: bool,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    pub(super) fn new(pieces: VecDeque<Bytes>, every: Duration, broken: bool) -> Self {
        // The head has to be on its way, too.
        let pause = (broken && pieces.is_empty()).then(|| Box::pin(time::sleep(FLUSH)));
        Self { pieces, every, broken, pause }
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        if let Some(piece) = self.pieces.pop_front() {
            // What was sent has to be on its way before the connection ends.
            let pause = if self.pieces.is_empty() && self.broken { FLUSH } else { self.every };
            if !pause.is_zero() && (self.broken || !self.pieces.is_empty()) {
                self.pause = Some(Box::pin(time::sleep(pause)));
            }
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match self.broken {
            true => Poll::Ready(Some(Err(io::ErrorKind::BrokenPipe.into()))),
            false => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && !self.broken
    }

    fn size_hint(&self) -> SizeHint {
        if self.broken {
            // The head announces what does not come.
            return SizeHint::default();
        }
        let length =
            self.pieces.iter().map(Bytes::len).fold(0_u64, |sum, piece| {
                sum.saturating_add(u64::try_from(piece).unwrap_or(u64::MAX))
            });
        SizeHint::with_exact(length)
    }
}

const FLUSH: Duration = Duration::from_millis(20);
