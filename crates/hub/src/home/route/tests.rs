use std::time::Duration;

use iot_home_core::Instant;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const LAN: [Way; 5] = [Way::Miot, Way::Classic, Way::Yeelight, Way::YeelightOverMiio, Way::Lumi];
const ALL: [Way; 6] =
    [Way::Miot, Way::Classic, Way::Yeelight, Way::YeelightOverMiio, Way::Lumi, Way::Cloud];

fn ways(ways: &[Way]) -> Ways {
    ways.iter().copied().collect()
}

fn routes(of: &[Way]) -> Routes {
    let mut routes = Routes::default();
    routes.set_ways(ways(of), true);
    routes
}

fn at(seconds: u64) -> Instant {
    Instant::from_origin(Duration::from_secs(seconds))
}

/// What happened during one request.
#[derive(Debug, Default)]
struct Story {
    steps: Vec<(Step, Option<Outcome>)>,
}

impl Story {
    fn tried(&self) -> Vec<Way> {
        let tried = |(step, _): &(Step, _)| match step {
            Step::Try(way) => Some(*way),
            _ => None,
        };
        self.steps.iter().filter_map(tried).collect()
    }

    fn is_answered(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, (Step::Try(_), Some(Outcome::Answered))))
    }

    fn renewals(&self) -> usize {
        self.steps.iter().filter(|(step, _)| *step == Step::Renew).count()
    }
}

/// Serves one request in a world that answers each step.
fn play(
    routes: &mut Routes,
    now: Instant,
    purpose: Purpose,
    of: Ways,
    mut world: impl FnMut(Step) -> Outcome,
) -> Story {
    let mut attempt = routes.begin(purpose, of);
    let mut story = Story::default();
    loop {
        let step = routes.next(now, &mut attempt);
        let outcome = match step {
            Step::Over => return story,
            Step::Renew => {
                let is_new = world(step) == Outcome::Answered;
                routes.renewed(now, &mut attempt, is_new);
                Some(if is_new { Outcome::Answered } else { Outcome::Failed })
            }
            Step::Try(_) | Step::Probe(_) => {
                let outcome = world(step);
                routes.outcome(now, &mut attempt, outcome);
                Some(outcome)
            }
        };
        story.steps.push((step, outcome));
        assert!(story.steps.len() <= 20, "no end: {story:?}");
    }
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Answered),
        Just(Outcome::NotSupported),
        Just(Outcome::NotSent),
        Just(Outcome::Unreachable),
        Just(Outcome::NoAnswer),
        Just(Outcome::Failed),
    ]
}

fn any_ways() -> impl Strategy<Value = Ways> {
    vec(prop::sample::select(&ALL[..]), 0..6).prop_map(|of| of.into_iter().collect())
}

/// Requests one after the other: how much later, what for, over what, and what comes of each step.
fn any_day() -> impl Strategy<Value = Vec<(u64, bool, Ways, Vec<Outcome>)>> {
    vec((0..700_u64, any::<bool>(), any_ways(), vec(any_outcome(), 20)), 1..12)
}

proptest! {
    /// What changes something is sent again only where it was not carried out, and only over what has just worked.
    #[test]
    fn nothing_is_done_twice(of in any_ways(), day in any_day()) {
        let mut routes = Routes::default();
        routes.set_ways(of, true);
        let (mut now, mut in_vain) = (0, None::<u64>);
        let (mut worked, mut heard) = (Ways::default(), [None::<u64>; 4]);
        for (later, changes, expressible, outcomes) in day {
            now += later;
            let purpose = if changes { Purpose::Change } else { Purpose::Read };
            let mut outcomes = outcomes.into_iter();
            let story = play(&mut routes, at(now), purpose, expressible, |_| outcomes.next().unwrap());
            let mut may_have_run = false;
            for (step, outcome) in &story.steps {
                match step {
                    Step::Try(way) | Step::Probe(way) => {
                        prop_assert!(of.contains(*way) && expressible.contains(*way));
                    }
                    _ => {}
                }
                if let (Step::Try(way), true) = (step, changes) {
                    prop_assert!(!may_have_run, "sent twice: {story:?}");
                    let heard = heard[way.link() as usize].is_some_and(|heard| now - heard <= 10);
                    let shown = worked.contains(*way) && heard;
                    prop_assert!(*way == Way::Cloud || shown, "sent into the dark: {story:?}");
                    let outcome = outcome.unwrap();
                    may_have_run = matches!(outcome, Outcome::Answered | Outcome::NoAnswer | Outcome::Failed);
                }
                match (step, outcome) {
                    (Step::Try(way) | Step::Probe(way), Some(Outcome::Answered)) => {
                        worked.insert(*way);
                        heard[way.link() as usize] = Some(now);
                    }
                    (Step::Try(way) | Step::Probe(way), Some(Outcome::NotSupported)) => {
                        heard[way.link() as usize] = Some(now);
                    }
                    _ => {}
                }
                if *step == Step::Renew {
                    prop_assert!(in_vain.is_none_or(|last| now - last >= 600), "{story:?}");
                    in_vain = (*outcome == Some(Outcome::Failed)).then_some(now);
                }
            }
            prop_assert!(story.renewals() <= 1);
        }
    }

    /// A token that did not help is not fetched again within ten minutes, however often it is asked.
    #[test]
    fn a_token_that_does_not_help_is_left_alone(pauses in vec(0..120_u64, 2..30)) {
        let mut routes = routes(&[Way::Miot, Way::Cloud]);
        let (mut now, mut last) = (0, None::<u64>);
        for pause in pauses {
            now += pause;
            let story = play(&mut routes, at(now), Purpose::Read, ways(&ALL), |step| match step {
                Step::Try(Way::Cloud) => Outcome::Answered,
                _ => Outcome::NoAnswer,
            });
            prop_assert!(story.is_answered());
            if story.renewals() > 0 {
                prop_assert!(last.is_none_or(|last| now - last >= 600));
                last = Some(now);
            }
        }
        prop_assert!(last.is_some());
    }

    /// Where some way answers, a request is answered, whatever the others do.
    #[test]
    fn whatever_answers_is_found(
        good in prop::sample::select(&ALL[..]),
        others in vec(any_outcome().prop_filter("bad", |outcome| *outcome != Outcome::Answered), 6),
        changes in any::<bool>(),
        pauses in vec(0..100_u64, 1..6),
    ) {
        // Ways of one link are there or not there together.
        let of = |way: Way| match others[way as usize] {
            _ if way == good => Outcome::Answered,
            Outcome::Unreachable if way.link() == good.link() => Outcome::NotSupported,
            other => other,
        };
        let mut routes = routes(&ALL);
        let purpose = if changes { Purpose::Change } else { Purpose::Read };
        let mut now = 0;
        for pause in pauses {
            now += pause;
            let story = play(&mut routes, at(now), purpose, ways(&ALL), |step| match step {
                Step::Probe(way) | Step::Try(way) => of(way),
                _ => Outcome::Failed,
            });
            // The cloud goes without a probe, and is the last: only there a change may be left uncertain.
            prop_assert!(story.is_answered() || changes && good != Way::Cloud && story.tried().contains(&Way::Cloud), "{story:?}");
        }
    }

    /// A link that answers again is used again, after five minutes at the latest.
    #[test]
    fn the_lan_is_returned_to(cut in vec((1..1000_u64, any::<bool>()), 1..40)) {
        let mut routes = routes(&[Way::Miot, Way::Cloud]);
        let world = |up: bool| move |step| match step {
            Step::Try(Way::Cloud) => Outcome::Answered,
            _ if up => Outcome::Answered,
            _ => Outcome::Unreachable,
        };
        let mut now = 0;
        for (pause, changes) in cut {
            now += pause;
            let purpose = if changes { Purpose::Change } else { Purpose::Read };
            let story = play(&mut routes, at(now), purpose, ways(&ALL), world(false));
            prop_assert_eq!(story.tried().last().copied(), Some(Way::Cloud));
        }
        let mut heard = routes.clone();
        heard.heard(Link::Miio);
        for mut routes in [(heard, now), (routes, now + 300)] {
            let story = play(&mut routes.0, at(routes.1), Purpose::Change, ways(&ALL), world(true));
            prop_assert_eq!(&story.steps[0].0, &Step::Probe(Way::Miot));
            prop_assert_eq!(story.tried(), [Way::Miot]);
        }
    }
}

#[test]
fn what_worked_is_remembered() {
    let mut routes = routes(&ALL);
    let world = |step| match step {
        Step::Try(Way::Classic) | Step::Probe(Way::Classic) => Outcome::Answered,
        _ => Outcome::NotSupported,
    };
    let first = play(&mut routes, at(0), Purpose::Read, ways(&ALL), world);
    assert_eq!(first.tried(), [Way::Miot, Way::Classic]);
    let second = play(&mut routes, at(1), Purpose::Read, ways(&ALL), world);
    assert_eq!(second.tried(), [Way::Classic]);
}

#[test]
fn a_way_that_worked_is_not_given_up_for_one_thing_that_it_does_not_know() {
    let mut routes = routes(&[Way::Miot, Way::Cloud]);
    play(&mut routes, at(0), Purpose::Read, ways(&ALL), |_| Outcome::Answered);
    let story = play(&mut routes, at(1), Purpose::Read, ways(&ALL), |step| match step {
        Step::Try(Way::Cloud) => Outcome::Answered,
        _ => Outcome::NotSupported,
    });
    assert_eq!(story.tried(), [Way::Miot, Way::Cloud]);
    let story = play(&mut routes, at(2), Purpose::Read, ways(&ALL), |_| Outcome::Answered);
    assert_eq!(story.tried(), [Way::Miot]);
}

#[test]
fn a_refusal_is_the_answer() {
    for purpose in [Purpose::Read, Purpose::Change] {
        let mut routes = routes(&ALL);
        let story = play(&mut routes, at(0), purpose, ways(&ALL), |_| Outcome::Answered);
        assert_eq!(story.tried(), [Way::Miot]);
    }
}

#[test]
fn a_new_token_is_tried_on_the_lan_before_the_cloud() {
    for purpose in [Purpose::Read, Purpose::Change] {
        let mut routes = routes(&ALL);
        let mut has_token = false;
        let story = play(&mut routes, at(0), purpose, ways(&[Way::Miot, Way::Cloud]), |step| {
            has_token |= step == Step::Renew;
            if has_token { Outcome::Answered } else { Outcome::NoAnswer }
        });
        assert_eq!(story.renewals(), 1);
        assert_eq!(story.tried().last(), Some(&Way::Miot), "{story:?}");
        assert!(story.is_answered());
    }
}

#[test]
fn what_is_silent_to_one_method_may_know_another() {
    let mut routes = routes(&LAN);
    let story = play(&mut routes, at(0), Purpose::Read, ways(&LAN), |step| match step {
        Step::Try(Way::Miot) => Outcome::NoAnswer,
        _ => Outcome::Answered,
    });
    assert_eq!(story.tried(), [Way::Miot, Way::Classic]);
    assert_eq!(story.renewals(), 0);
}

#[test]
fn what_is_avoided_is_the_last_resort() {
    let mut routes = routes(&[Way::Miot, Way::Cloud]);
    let cut = |step| match step {
        Step::Try(Way::Cloud) => Outcome::Answered,
        _ => Outcome::Unreachable,
    };
    play(&mut routes, at(0), Purpose::Read, ways(&ALL), cut);
    let story = play(&mut routes, at(1), Purpose::Change, ways(&ALL), |step| match step {
        Step::Try(Way::Cloud) => Outcome::Unreachable,
        _ => Outcome::Answered,
    });
    assert_eq!(story.tried(), [Way::Cloud, Way::Miot]);
    assert!(story.is_answered());
}
