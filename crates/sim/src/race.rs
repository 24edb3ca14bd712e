//! Two futures, of which the first to be ready wins.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

pub(crate) enum Won<A, B> {
    First(A),
    Second(B),
}

/// The one that loses is dropped. Where both are ready the first one wins.
pub(crate) async fn race<A, B>(
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> Won<A, B> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|context| {
        if let Poll::Ready(first) = first.as_mut().poll(context) {
            return Poll::Ready(Won::First(first));
        }
        second.as_mut().poll(context).map(Won::Second)
    })
    .await
}
