//! Which way a request takes to a device: decided here, without IO and with the time as an argument.
//!
//! A [`Routes`] remembers of one device which ways it knows, which of them work, and which failed and until when they are
//! better left alone. A request asks it step by step:
//!
//! 1. `begin` makes an [`Attempt`];
//! 2. `next` says what to do: see whether a way works, send, fetch a token, or give up;
//! 3. what came of it goes to `outcome` or `renewed`, and so on from 2.
//!
//! What changes something is sent once more only where it is certain that it was not carried out. So that a cut cable
//! does not leave it uncertain, it is sent only over a way that has just shown that it works.

use std::time::Duration;

use iot_home_core::Instant;

use super::way::{Link, Way, Ways};

/// What is known of the ways to one device.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    ways: Ways,
    renewable: bool,
    works: Ways,
    unsupported: Ways,
    miio: Health,
    yeelight: Health,
    lumi: Health,
    cloud: Health,
    /// When a token was fetched that was no other one.
    renewed: Option<Instant>,
}

/// How a link has fared.
#[derive(Clone, Copy, Debug, Default)]
struct Health {
    /// When something last came back.
    proven: Option<Instant>,
    /// Failures since then.
    failures: u32,
    /// Until when another link goes first.
    avoided: Option<Instant>,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It reads, and may be repeated over any way.
    Read,
    /// It sets something or runs an action: once, or not at all.
    Change,
}

/// A request on its way.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    purpose: Purpose,
    /// The ways that can express it and were not tried.
    left: Ways,
    /// All that can express it.
    all: Ways,
    /// Those that have shown that they work, for this request.
    probed: Ways,
    pending: Option<Step>,
    /// A way was silent that answers to a token.
    is_token_suspect: bool,
    has_renewed: bool,
    is_over: bool,
}

/// What to do next for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// See by something harmless whether this way works.
    Probe(Way),
    /// Send the request this way.
    Try(Way),
    /// Fetch the device's token anew.
    Renew,
    /// Nothing more: what came last is the answer.
    Over,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The device answered, be it by a refusal.
    Answered,
    /// The device answered that it does not take requests of this kind; nothing was carried out.
    NotSupported,
    /// This request cannot go this way; nothing was sent.
    NotSent,
    /// Nothing is there; nothing was carried out.
    Unreachable,
    /// It was sent, and no answer came.
    NoAnswer,
    /// It was sent, and what came back is no answer, or the connection broke.
    Failed,
}

impl Routes {
    /// Says which ways there are by now, and whether the device's token can be fetched anew. What is known of ways that
    /// stay is kept.
    pub(crate) fn set_ways(&mut self, ways: Ways, renewable: bool) {
        self.works = self.works.intersection(ways);
        self.unsupported = self.unsupported.intersection(ways);
        self.ways = ways;
        self.renewable = renewable;
    }

    /// Whether the device has answered over this way.
    pub(crate) const fn works(&self, way: Way) -> bool {
        self.works.contains(way)
    }

    /// The device was heard on this link: it is worth trying again.
    pub(crate) fn heard(&mut self, link: Link) {
        self.health(link).avoided = None;
    }

    /// The device's token or address is another one: what was seen of the link does not count any more.
    pub(crate) fn changed(&mut self, link: Link) {
        *self.health(link) = Health::default();
        self.renewed = None;
    }

    /// A new request, which `expressible` ways can carry.
    pub(crate) fn begin(&self, purpose: Purpose, expressible: Ways) -> Attempt {
        let all = expressible.intersection(self.ways);
        Attempt {
            purpose,
            left: all,
            all,
            probed: Ways::default(),
            pending: None,
            is_token_suspect: false,
            has_renewed: false,
            is_over: false,
        }
    }

    /// What to do next for a request.
    pub(crate) fn next(&self, now: Instant, attempt: &mut Attempt) -> Step {
        let step = self.step(now, attempt);
        attempt.pending = Some(step);
        step
    }

    fn step(&self, now: Instant, attempt: &Attempt) -> Step {
        if attempt.is_over {
            return Step::Over;
        }
        if self.should_renew(now, attempt) {
            return Step::Renew;
        }
        let best = attempt.left.difference(self.unsupported).iter().min_by_key(|way| {
            let health = self.health_of(way.link());
            let avoided = health.avoided.is_some_and(|until| now < until);
            (avoided, way.link() == Link::Cloud, !self.works.contains(*way), *way)
        });
        match best {
            None => Step::Over,
            Some(way) if self.is_doubtful(now, attempt, way) => Step::Probe(way),
            Some(way) => Step::Try(way),
        }
    }

    /// Whether a way has to show that it works before a request goes over it.
    fn is_doubtful(&self, now: Instant, attempt: &Attempt, way: Way) -> bool {
        // The cloud says itself what became of a request.
        if way.link() == Link::Cloud || attempt.probed.contains(way) {
            return false;
        }
        let health = self.health_of(way.link());
        let fresh = health.proven.is_some_and(|at| now.saturating_since(at) <= PROOF);
        health.failures > 0
            || attempt.purpose == Purpose::Change && !(fresh && self.works.contains(way))
    }

    /// Whether silence may be the token's fault, and a new one can be had.
    fn should_renew(&self, now: Instant, attempt: &Attempt) -> bool {
        let again = self.renewed.is_none_or(|at| now.saturating_since(at) >= RENEW_AGAIN);
        let suspect = attempt.is_token_suspect && !self.has_left(attempt, Link::Miio);
        suspect && self.renewable && !attempt.has_renewed && again
    }

    /// Whether a link has a way that was not tried.
    fn has_left(&self, attempt: &Attempt, link: Link) -> bool {
        let left = attempt.left.difference(self.unsupported);
        !left.intersection(Ways::of_link(link)).is_empty()
    }

    /// What came of the step that `next` named.
    pub(crate) fn outcome(&mut self, now: Instant, attempt: &mut Attempt, outcome: Outcome) {
        let (way, sent) = match attempt.pending.take() {
            Some(Step::Try(way)) => (way, true),
            Some(Step::Probe(way)) => (way, false),
            Some(Step::Renew | Step::Over) | None => return,
        };
        let link = way.link();
        match outcome {
            Outcome::Answered => {
                self.health(link).works(now);
                self.works.insert(way);
                attempt.probed.insert(way);
                attempt.is_over = sent;
                return;
            }
            Outcome::NotSupported => {
                self.health(link).works(now);
                // One that worked before does not know this one thing.
                if !self.works.contains(way) {
                    self.unsupported.insert(way);
                }
            }
            Outcome::NotSent => {}
            Outcome::Unreachable => {
                self.health(link).fails(now);
                attempt.left = attempt.left.difference(Ways::of_link(link));
            }
            Outcome::NoAnswer | Outcome::Failed => {
                attempt.is_over = sent && attempt.purpose == Purpose::Change;
                attempt.is_token_suspect |= outcome == Outcome::NoAnswer && link == Link::Miio;
                attempt.left.remove(way);
                // What is silent to one method may know another.
                if !self.has_left(attempt, link) || attempt.is_over {
                    self.health(link).fails(now);
                }
            }
        }
        attempt.left.remove(way);
    }

    /// What came of [`Step::Renew`]: whether there is another token now.
    pub(crate) fn renewed(&mut self, now: Instant, attempt: &mut Attempt, is_new: bool) {
        attempt.pending = None;
        attempt.has_renewed = true;
        if is_new {
            self.changed(Link::Miio);
            let again = attempt.all.intersection(Ways::of_link(Link::Miio));
            attempt.left = attempt.left.union(again);
            attempt.probed = attempt.probed.difference(again);
        } else {
            self.renewed = Some(now);
        }
    }

    const fn health_of(&self, link: Link) -> Health {
        match link {
            Link::Miio => self.miio,
            Link::Yeelight => self.yeelight,
            Link::Lumi => self.lumi,
            Link::Cloud => self.cloud,
        }
    }

    const fn health(&mut self, link: Link) -> &mut Health {
        match link {
            Link::Miio => &mut self.miio,
            Link::Yeelight => &mut self.yeelight,
            Link::Lumi => &mut self.lumi,
            Link::Cloud => &mut self.cloud,
        }
    }
}

impl Health {
    const fn works(&mut self, now: Instant) {
        *self = Self { proven: Some(now), failures: 0, avoided: None };
    }

    fn fails(&mut self, now: Instant) {
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(DOUBLINGS));
        self.failures = self.failures.saturating_add(1);
        self.avoided = Some(now + pause.min(LONGEST_PAUSE));
    }
}

/// For how long a way counts as working that was answered over.
const PROOF: Duration = Duration::from_secs(10);
/// How long a link is avoided after it failed once; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest that a link is avoided.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
const DOUBLINGS: u32 = 10;
/// A token that did not help is not fetched again before.
const RENEW_AGAIN: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests;
