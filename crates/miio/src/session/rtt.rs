//! How long to wait for an answer before asking again.

use core::time::Duration;

/// The smoothed round-trip time of one device.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RoundTrip {
    smoothed: Option<Duration>,
}

impl RoundTrip {
    /// Takes in the time between one transmission and the answer to its very id.
    pub(super) fn sample(&mut self, measured: Duration) {
        self.smoothed = Some(match self.smoothed {
            // The usual weight of one eighth for the newcomer (RFC 6298).
            Some(old) => old.mul_f32(0.875).saturating_add(measured.mul_f32(0.125)),
            None => measured,
        });
    }

    /// The smoothed time, once there was an answer.
    pub(super) fn smoothed(&self) -> Option<Duration> {
        self.smoothed
    }

    /// The wait before the first repetition.
    pub(super) fn first_wait(&self) -> Duration {
        self.smoothed.unwrap_or_default().saturating_mul(2).max(FIRST_WAIT)
    }

    /// The wait that follows this one: doubled, up to a second or the first wait if that is longer,
    /// so that a five-second call gets seven tries instead of five.
    pub(super) fn next_wait(&self, wait: Duration) -> Duration {
        wait.saturating_mul(2).min(LONGEST_WAIT.max(self.first_wait()))
    }
}

pub(super) const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_second() {
        let rtt = RoundTrip::default();
        let mut wait = rtt.first_wait();
        let mut waits = [0; 5];
        for slot in &mut waits {
            *slot = wait.as_millis();
            wait = rtt.next_wait(wait);
        }
        assert_eq!(waits, [200, 400, 800, 1000, 1000]);
    }

    #[test]
    fn a_slow_device_is_given_its_time() {
        let mut rtt = RoundTrip::default();
        rtt.sample(Duration::from_millis(800));
        assert_eq!(rtt.first_wait(), Duration::from_millis(1600));
        assert_eq!(rtt.next_wait(rtt.first_wait()), Duration::from_millis(1600));
        for _ in 0..100 {
            rtt.sample(Duration::from_millis(5));
        }
        assert_eq!(rtt.first_wait(), FIRST_WAIT, "and forgotten when it is fast again");
    }
}
