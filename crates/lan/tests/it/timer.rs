//! Deadlines, in virtual time.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_lan::Timer;

#[tokio::test(start_paused = true)]
async fn it_wakes_when_it_was_asked_to_last() {
    let mut timer = Timer::new();
    assert_eq!(timer.now(), Instant::ORIGIN);
    let at = |seconds| Instant::from_origin(Duration::from_secs(seconds));
    poll_fn(|cx| {
        assert!(timer.poll_until(cx, at(60)).is_pending());
        Poll::Ready(())
    })
    .await;
    poll_fn(|cx| timer.poll_until(cx, at(5))).await;
    assert_eq!(timer.now(), at(5));
    poll_fn(|cx| timer.poll_until(cx, at(3))).await;
    assert_eq!(timer.now(), at(5), "what is past is ready at once");
}

#[tokio::test(start_paused = true)]
async fn a_time_beyond_what_the_clock_counts_never_comes() {
    let mut timer = Timer::new();
    let never = Instant::from_origin(Duration::MAX);
    let wait = poll_fn(|cx| timer.poll_until(cx, never));
    let wait = tokio::time::timeout(Duration::from_secs(1_000_000), wait);
    assert!(wait.await.is_err());
}
