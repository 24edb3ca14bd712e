//! When a login is renewed, by whom, and when no more: a machine that is told what happened, and what time it is.

use std::collections::VecDeque;
use std::time::Duration;

use iot_home_core::Instant;

use super::error::{Cause, Error};

/// What a call knows of the renewals before it was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    /// Which session it was signed with.
    generation: u64,
    /// How many renewals had ended by then.
    ended: u64,
}

/// What a call whose login was not accepted is to do.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Sign anew: there is another session by now.
    Sign,
    /// Renew the login: nobody does so yet.
    Begin,
    /// Wait for whoever does so, and ask again.
    Wait,
    /// Fail.
    Fail(Error),
}

#[derive(Debug, Default)]
pub(super) struct Renewal {
    generation: u64,
    ended: u64,
    under_way: bool,
    /// Why the latest renewal failed, unless another session came since.
    failure: Option<Error>,
    /// When renewals began, within the last [`WINDOW`].
    begun: VecDeque<Instant>,
}

impl Renewal {
    /// What a call has to remember that is signed now.
    pub(super) fn ticket(&self) -> Ticket {
        Ticket { generation: self.generation, ended: self.ended }
    }

    /// The login of a call was not accepted.
    pub(super) fn expired(&mut self, now: Instant, ticket: Ticket) -> Verdict {
        if self.under_way {
            return Verdict::Wait;
        }
        if self.generation != ticket.generation {
            return Verdict::Sign;
        }
        if let Some(error) = &self.failure {
            // A person is needed as long as there is no other session. Other failures are those of the calls that waited.
            if error.login_reason().is_some() || self.ended != ticket.ended {
                return Verdict::Fail(error.clone());
            }
        }
        while self.begun.front().is_some_and(|begun| now.saturating_since(*begun) >= WINDOW) {
            self.begun.pop_front();
        }
        if self.begun.len() >= MOST {
            let oldest = self.begun.front().copied().unwrap_or(now);
            let again_in = WINDOW.saturating_sub(now.saturating_since(oldest));
            return Verdict::Fail(Error::new(Cause::RenewalLimit { again_in }));
        }
        self.begun.push_back(now);
        self.under_way = true;
        Verdict::Begin
    }

    /// There is another session, of a renewal or of a person.
    pub(super) fn replaced(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        self.failure = None;
    }

    /// A renewal came to its end; before that [`replaced`](Self::replaced), if it went well.
    pub(super) fn ended(&mut self, failure: Option<Error>) {
        self.under_way = false;
        self.ended = self.ended.wrapping_add(1);
        self.failure = failure;
    }
}

/// How many renewals there may be within [`WINDOW`].
pub(super) const MOST: usize = 3;
/// Servers that are asked for logins more often than that ask for captchas in return.
pub(super) const WINDOW: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use iot_home_core::Instant;

    use super::{MOST, Renewal, Ticket, Verdict, WINDOW};
    use crate::LoginError;
    use crate::client::{Error, ErrorKind, LoginReason};

    const START: Instant = Instant::ORIGIN;

    fn begins(renewal: &mut Renewal, now: Instant, ticket: Ticket) {
        let verdict = renewal.expired(now, ticket);
        assert!(matches!(verdict, Verdict::Begin), "{verdict:?}");
    }

    fn fails(renewal: &mut Renewal, now: Instant, ticket: Ticket) -> ErrorKind {
        match renewal.expired(now, ticket) {
            Verdict::Fail(error) => error.kind(),
            verdict => panic!("{verdict:?}"),
        }
    }

    #[test]
    fn one_renews_and_the_others_wait() {
        let mut renewal = Renewal::default();
        let tickets: Vec<_> = (0..50).map(|_| renewal.ticket()).collect();
        begins(&mut renewal, START, tickets[0]);
        for ticket in &tickets[1..] {
            assert!(matches!(renewal.expired(START, *ticket), Verdict::Wait));
        }
        renewal.replaced();
        renewal.ended(None);
        for ticket in &tickets {
            assert!(matches!(renewal.expired(START, *ticket), Verdict::Sign));
        }
    }

    #[test]
    fn a_failure_is_that_of_all_who_waited_and_of_nobody_later() {
        let mut renewal = Renewal::default();
        let early = renewal.ticket();
        begins(&mut renewal, START, early);
        renewal.ended(Some(LoginError::Html { status: 502 }.into()));
        assert_eq!(fails(&mut renewal, START, early), ErrorKind::Unavailable);
        let late = renewal.ticket();
        begins(&mut renewal, START, late);
    }

    #[test]
    fn when_a_person_is_needed_nobody_tries_again_until_one_came() {
        let mut renewal = Renewal::default();
        let ticket = renewal.ticket();
        begins(&mut renewal, START, ticket);
        renewal.ended(Some(Error::person(LoginReason::PassTokenRefused)));
        let tomorrow = START + Duration::from_secs(86_400);
        let later = renewal.ticket();
        assert_eq!(fails(&mut renewal, tomorrow, later), ErrorKind::NeedsLogin);
        renewal.replaced();
        assert!(matches!(renewal.expired(tomorrow, later), Verdict::Sign));
        let ticket = renewal.ticket();
        begins(&mut renewal, tomorrow, ticket);
    }

    #[test]
    fn there_is_a_limit_for_ten_minutes() {
        let mut renewal = Renewal::default();
        let mut now = START;
        for _ in 0..MOST {
            let ticket = renewal.ticket();
            begins(&mut renewal, now, ticket);
            renewal.replaced();
            renewal.ended(None);
            now = now + Duration::from_secs(60);
        }
        let ticket = renewal.ticket();
        assert_eq!(fails(&mut renewal, now, ticket), ErrorKind::RenewalLimit);
        let last = START + (WINDOW - Duration::from_millis(1));
        assert_eq!(fails(&mut renewal, last, ticket), ErrorKind::RenewalLimit);
        // The oldest is forgotten, and it alone.
        begins(&mut renewal, START + WINDOW, ticket);
        renewal.replaced();
        renewal.ended(None);
        let ticket = renewal.ticket();
        assert_eq!(fails(&mut renewal, START + WINDOW, ticket), ErrorKind::RenewalLimit);
    }

    #[test]
    fn a_session_that_a_person_made_meanwhile_ends_the_failure() {
        let mut renewal = Renewal::default();
        let ticket = renewal.ticket();
        begins(&mut renewal, START, ticket);
        renewal.replaced();
        renewal.ended(Some(LoginError::Unanswered.into()));
        assert!(matches!(renewal.expired(START, ticket), Verdict::Sign));
    }
}
