//! Bodies that arrive piece by piece.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::Body as _;

use crate::Error;
use crate::place::Place;

/// The body of an answer: a [`Stream`] of its pieces. After an error there is nothing more.
pub struct Body(Option<Kind>);

enum Kind {
    Whole(Bytes),
    Arriving(reqwest::Body, Place),
    Stream(Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>),
}

impl Body {
    pub(crate) fn from_reqwest(body: reqwest::Body, place: Place) -> Self {
        Self(Some(Kind::Arriving(body, place)))
    }

    /// A body of these pieces, for clients of one's own.
    pub fn from_stream(pieces: impl Stream<Item = Result<Bytes, Error>> + Send + 'static) -> Self {
        Self(Some(Kind::Stream(Box::pin(pieces))))
    }

    /// The next piece, until there is none any more.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// All of it, if it is no longer than `limit` bytes.
    ///
    /// # Errors
    /// When it ends too early or is [longer](crate::ErrorKind::TooLarge); no more than the limit is kept in memory.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, Error> {
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        while let Some(piece) = self.chunk().await {
            let piece = piece?;
            let held = if all.is_empty() { first.len() } else { all.len() };
            if piece.len() > limit.saturating_sub(held) {
                return Err(Error::too_large(limit));
            }
            // One piece, which is how short answers come, is not copied.
            if held == 0 {
                first = piece;
            } else {
                if all.is_empty() {
                    all.extend_from_slice(&std::mem::take(&mut first));
                }
                all.extend_from_slice(&piece);
            }
        }
        Ok(if all.is_empty() { first } else { all.freeze() })
    }
}

impl From<Bytes> for Body {
    fn from(whole: Bytes) -> Self {
        Self(Some(Kind::Whole(whole)))
    }
}

impl Stream for Body {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = match &mut self.0 {
            None => return Poll::Ready(None),
            Some(Kind::Whole(whole)) => {
                let whole = std::mem::take(whole);
                self.0 = None;
                return Poll::Ready((!whole.is_empty()).then_some(Ok(whole)));
            }
            Some(Kind::Stream(pieces)) => ready!(pieces.as_mut().poll_next(cx)),
            Some(Kind::Arriving(body, place)) => loop {
                match ready!(Pin::new(&mut *body).poll_frame(cx)) {
                    None => break None,
                    Some(Err(error)) => break Some(Err(Error::of(place, error))),
                    // Trailers are of no use to anybody here.
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(piece) if !piece.is_empty() => break Some(Ok(piece)),
                        _ => {}
                    },
                }
            },
        };
        if !matches!(next, Some(Ok(_))) {
            self.0 = None;
        }
        Poll::Ready(next)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}
