//! When a call is tried again, and when a login is renewed: without IO, in any time.

use core::time::Duration;
use std::collections::VecDeque;

use iot_home_core::{Instant, Random};

/// What went wrong with an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The login is not accepted: nothing was done.
    Expired,
    /// The signature is not accepted, and by now the server's time is known better: nothing was done.
    Clock,
    /// It passes. `sent` says whether the server may have done it all the same.
    Passing { sent: bool },
    /// It does not pass.
    Lasting,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Sign anew after this time, and send.
    Again(Duration),
    /// Renew the login, then sign anew and send.
    Renew,
    /// It stays as it is.
    GiveUp,
}

/// The attempts of one call.
#[derive(Debug)]
pub(super) struct Attempts {
    repeatable: bool,
    deadline: Instant,
    retries: u32,
    renewed: bool,
    corrected: bool,
}

impl Attempts {
    /// Those of a call that has to be over by then.
    pub(super) const fn new(repeatable: bool, deadline: Instant) -> Self {
        Self { repeatable, deadline, retries: 0, renewed: false, corrected: false }
    }

    /// How long the next attempt may take.
    pub(super) fn left(&self, now: Instant) -> Duration {
        self.deadline.saturating_since(now)
    }

    /// What to do after an attempt that failed.
    pub(super) fn failed(
        &mut self,
        now: Instant,
        fault: Fault,
        random: &mut (impl Random + ?Sized),
    ) -> Verdict {
        match fault {
            Fault::Clock if !core::mem::replace(&mut self.corrected, true) => {
                Verdict::Again(Duration::ZERO)
            }
            Fault::Expired | Fault::Clock if !core::mem::replace(&mut self.renewed, true) => {
                Verdict::Renew
            }
            Fault::Passing { sent } if self.repeatable || !sent => self.later(now, random),
            _ => Verdict::GiveUp,
        }
    }

    fn later(&mut self, now: Instant, random: &mut (impl Random + ?Sized)) -> Verdict {
        if self.retries >= MOST_RETRIES {
            return Verdict::GiveUp;
        }
        let most = FIRST_PAUSE.saturating_mul(1 << self.retries.min(8));
        self.retries = self.retries.saturating_add(1);
        // Between half of it and all, so that many callers do not come back at once.
        let half = most / 2;
        let share = u64::try_from(half.as_millis()).unwrap_or(u64::MAX).max(1);
        let pause = half.saturating_add(Duration::from_millis(
            random.next_u64().checked_rem(share).unwrap_or(0),
        ));
        if pause < self.left(now) { Verdict::Again(pause) } else { Verdict::GiveUp }
    }
}

/// The renewals of a login, so that a server which refuses is not asked without an end.
#[derive(Debug, Default)]
pub(super) struct Renewals {
    begun: VecDeque<Instant>,
    /// Whether the last one was of no use so far: no call was accepted after it.
    unproven: bool,
}

impl Renewals {
    /// Begins one.
    ///
    /// # Errors
    /// When there were too many: how long until the next one may begin.
    pub(super) fn begin(&mut self, now: Instant) -> Result<(), Duration> {
        while self.begun.front().is_some_and(|begun| *begun + WINDOW <= now) {
            self.begun.pop_front();
        }
        let blocking = match self.begun.back() {
            Some(last) if self.unproven => Some(*last),
            _ if self.begun.len() >= MOST_RENEWALS => self.begun.front().copied(),
            _ => None,
        };
        if let Some(blocking) = blocking {
            return Err((blocking + WINDOW).saturating_since(now));
        }
        self.begun.push_back(now);
        self.unproven = false;
        Ok(())
    }

    /// It gave new keys, which nobody has tried.
    pub(super) fn renewed(&mut self) {
        self.unproven = true;
    }

    /// A call was accepted with the keys of now.
    pub(super) fn accepted(&mut self) {
        self.unproven = false;
    }

    /// A person has logged in: all is new.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

const MOST_RETRIES: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// How long renewals count.
const WINDOW: Duration = Duration::from_secs(600);
/// The most within that time, where each was of use.
const MOST_RENEWALS: usize = 5;

#[cfg(test)]
mod tests {
    use iot_home_core::SeededRandom;

    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(seconds))
    }

    #[test]
    fn what_may_have_been_done_is_done_again_only_where_that_is_safe() {
        let random = &mut SeededRandom::new(1);
        let (sent, unsent) = (Fault::Passing { sent: true }, Fault::Passing { sent: false });
        let mut once = Attempts::new(false, at(60));
        assert_eq!(once.failed(at(0), sent, random), Verdict::GiveUp);
        assert!(matches!(once.failed(at(0), unsent, random), Verdict::Again(_)));
        assert!(matches!(
            Attempts::new(true, at(60)).failed(at(0), sent, random),
            Verdict::Again(_)
        ));
        assert_eq!(once.failed(at(0), Fault::Lasting, random), Verdict::GiveUp);
    }

    #[test]
    fn a_call_renews_the_login_once_even_if_it_may_not_be_repeated() {
        let random = &mut SeededRandom::new(1);
        let mut once = Attempts::new(false, at(60));
        assert_eq!(once.failed(at(0), Fault::Expired, random), Verdict::Renew);
        assert_eq!(once.failed(at(1), Fault::Expired, random), Verdict::GiveUp);
    }

    #[test]
    fn a_better_clock_is_tried_before_a_login() {
        let random = &mut SeededRandom::new(1);
        let mut call = Attempts::new(true, at(60));
        assert_eq!(call.failed(at(0), Fault::Clock, random), Verdict::Again(Duration::ZERO));
        assert_eq!(call.failed(at(0), Fault::Clock, random), Verdict::Renew);
        assert_eq!(call.failed(at(0), Fault::Clock, random), Verdict::GiveUp);
    }

    #[test]
    fn pauses_grow_stay_within_their_bounds_and_end() {
        for seed in 0..100 {
            let random = &mut SeededRandom::new(seed);
            let mut call = Attempts::new(true, at(60));
            for most in [500, 1000, 2000] {
                let Verdict::Again(pause) =
                    call.failed(at(0), Fault::Passing { sent: true }, random)
                else {
                    panic!("given up early")
                };
                assert!((most / 2..=most).contains(&pause.as_millis()), "{pause:?}");
            }
            assert_eq!(call.failed(at(0), Fault::Passing { sent: true }, random), Verdict::GiveUp);
            let mut late = Attempts::new(true, at(60));
            assert_eq!(late.failed(at(60), Fault::Passing { sent: true }, random), Verdict::GiveUp);
        }
    }

    #[test]
    fn a_renewal_that_was_of_no_use_is_not_followed_by_another_for_ten_minutes() {
        let mut renewals = Renewals::default();
        assert_eq!(renewals.begin(at(0)), Ok(()));
        renewals.renewed();
        assert_eq!(renewals.begin(at(100)), Err(Duration::from_secs(500)));
        assert_eq!(renewals.begin(at(600)), Ok(()));
        renewals.renewed();
        renewals.accepted();
        assert_eq!(renewals.begin(at(601)), Ok(()));
    }

    #[test]
    fn useful_renewals_have_a_limit_as_well() {
        let mut renewals = Renewals::default();
        for minute in 0..5 {
            assert_eq!(renewals.begin(at(minute * 60)), Ok(()));
            renewals.renewed();
            renewals.accepted();
        }
        assert_eq!(renewals.begin(at(300)), Err(Duration::from_secs(300)));
        renewals.reset();
        assert_eq!(renewals.begin(at(300)), Ok(()));
    }
}
