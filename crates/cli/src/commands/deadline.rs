//! The time that a command has, looking a host up included.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{self, Instant};

use super::Context;
use crate::args::Address;
use crate::failure::{Failure, Kind};

/// When a command has to be done: `--timeout` after it began.
pub(super) struct Deadline {
    at: Instant,
    whole: Duration,
}

impl Deadline {
    /// The time begins now.
    pub(super) fn of(context: &Context) -> Self {
        let whole = context.options.timeout();
        Self { at: Instant::now() + whole, whole }
    }

    pub(super) fn left(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Looks an address up.
    pub(super) async fn resolve(
        &self,
        context: &Context,
        addr: &Address,
        protocol_port: u16,
    ) -> Result<SocketAddr, Failure> {
        let _waiting = context.output.waiting(format!("looking up {addr}"));
        let looking = time::timeout_at(self.at, addr.resolve(protocol_port));
        looking.await.map_err(|_| self.missed())?
    }

    /// Waits for what ends at the deadline by itself, and with better words; a little later it is given up.
    pub(super) async fn bound<F: Future>(&self, work: F) -> Result<F::Output, Failure> {
        time::timeout_at(self.at + GRACE, work).await.map_err(|_| self.missed())
    }

    fn missed(&self) -> Failure {
        missed(self.whole)
    }
}

/// Waits for so long and no longer.
pub(super) async fn within<T>(
    whole: Duration,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    time::timeout(whole, work).await.unwrap_or_else(|_| Err(missed(whole)))
}

fn missed(whole: Duration) -> Failure {
    Failure::new(Kind::Timeout, format!("not done within {whole:?}"))
        .hint("give it longer with --timeout, as in --timeout 20s")
}

const GRACE: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_step_has_what_is_left_and_not_the_whole() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let left = Deadline { at: now + 40 * second, whole: 60 * second }.left();
        assert!(left > second && left <= 40 * second, "{left:?}");
        assert_eq!(Deadline { at: now, whole: 60 * second }.left(), Duration::ZERO);
    }
}
