//! How long is waited before something is sent again.

use std::time::Duration;

use iot_home_core::Random;

/// Pauses that grow, by chance a little shorter or longer, and come to an end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    used: u32,
}

impl Backoff {
    /// The next pause, if there is one more: half of the full length, and up to as much again.
    pub(super) fn pause(&mut self, random: &mut (impl Random + ?Sized)) -> Option<Duration> {
        if self.used >= MOST {
            return None;
        }
        let full = FIRST.saturating_mul(1_u32.checked_shl(self.used).unwrap_or(u32::MAX));
        self.used = self.used.saturating_add(1);
        let half = full / 2;
        let millis = u64::try_from(half.as_millis()).unwrap_or(u64::MAX).max(1);
        let by_chance = random.next_u64().checked_rem(millis).unwrap_or_default();
        Some(half.saturating_add(Duration::from_millis(by_chance)))
    }
}

/// How often something is sent again.
const MOST: u32 = 3;
const FIRST: Duration = Duration::from_millis(400);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use iot_home_core::SeededRandom;

    use super::Backoff;

    #[test]
    fn pauses_grow_differ_and_end() {
        let runs: Vec<Vec<Duration>> = (0..50)
            .map(|seed| {
                let (mut backoff, mut random) = (Backoff::default(), SeededRandom::new(seed));
                std::iter::from_fn(|| backoff.pause(&mut random)).collect()
            })
            .collect();
        for run in &runs {
            assert_eq!(run.len(), 3);
            for (pause, full) in run.iter().zip([400, 800, 1600]) {
                let bounds = Duration::from_millis(full / 2)..Duration::from_millis(full);
                assert!(bounds.contains(pause), "{pause:?}");
            }
        }
        assert!(runs.iter().any(|run| run[0] != runs[0][0]), "they are jittered");
    }
}
