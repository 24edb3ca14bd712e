use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn terms() -> Terms {
    Terms {
        near: Pace { shortest: 5 * SECOND, longest: 300 * SECOND },
        far: Pace { shortest: 30 * SECOND, longest: 600 * SECOND },
        at_once: 4,
        batch: 150,
    }
}

/// A home that plays along, on a clock of its own.
struct World {
    plan: Plan,
    now: Instant,
    /// How long an answer takes.
    answers_after: Duration,
    properties: usize,
    regions: Vec<Option<Region>>,
    outcome: fn(Target, Instant) -> Outcome,
    under_way: Vec<(Instant, Vec<Target>)>,
    /// When each request left, and for whom.
    asked: Vec<(Instant, Vec<Target>)>,
    listened: Vec<(Instant, Feed)>,
}

impl World {
    fn new(terms: Terms, regions: Vec<Option<Region>>) -> Self {
        let mut plan = Plan::new(terms, SeededRandom::new(7));
        for _ in &regions {
            plan.add(Instant::ORIGIN);
        }
        Self {
            plan,
            now: Instant::ORIGIN,
            answers_after: Duration::from_millis(50),
            properties: 3,
            regions,
            outcome: |_, _| Outcome::Same,
            under_way: Vec::new(),
            asked: Vec::new(),
            listened: Vec::new(),
        }
    }

    fn near(devices: usize) -> Self {
        Self::new(terms(), vec![None; devices])
    }

    fn run(&mut self, wait: Duration) {
        let end = self.now + wait;
        loop {
            let answered = self.under_way.iter().position(|(at, _)| *at <= self.now);
            if let Some(at) = answered {
                let (_, targets) = self.under_way.remove(at);
                let ended = targets.into_iter().map(|target| {
                    (target, (self.outcome)(target, self.now), self.regions[target.0])
                });
                let ended: Vec<_> = ended.collect();
                self.plan.asked(self.now, ended);
                continue;
            }
            match self.plan.next(self.now) {
                Some(Step::Prepare(target)) => {
                    let region = self.regions[target.0];
                    self.plan.prepared(self.now, target, self.properties, region);
                }
                Some(Step::Ask(targets)) => {
                    self.asked.push((self.now, targets.clone()));
                    self.under_way.push((self.now + self.answers_after, targets));
                    assert!(self.under_way.len() <= self.plan.terms.at_once);
                }
                Some(Step::Listen(feed)) => self.listened.push((self.now, feed)),
                None => {
                    let answers = self.under_way.iter().map(|(at, _)| *at);
                    let next = answers.chain(self.plan.timeout()).min().unwrap_or(end);
                    assert!(next > self.now, "a loop without a pause");
                    if next >= end {
                        self.now = end;
                        return;
                    }
                    self.now = next;
                }
            }
        }
    }

    /// The times between two questions to a device.
    fn pauses(&self, target: Target) -> Vec<Duration> {
        let at: Vec<_> =
            self.asked.iter().filter(|(_, of)| of.contains(&target)).map(|(at, _)| *at).collect();
        at.windows(2).map(|two| two[1].saturating_since(two[0])).collect()
    }
}

/// Whether an interval is this one, give or take a tenth and the time of an answer.
fn is_about(pause: Duration, interval: Duration) -> bool {
    let slack = Duration::from_millis(200);
    pause >= interval * 9 / 10 && pause <= interval * 11 / 10 + slack
}

#[test]
fn a_quiet_device_is_asked_less_and_less_and_a_busy_one_often() {
    let mut world = World::near(1);
    world.run(3600 * SECOND);
    let pauses = world.pauses(Target(0));
    for (pause, expected) in pauses.iter().zip([10, 20, 40, 80, 160, 300, 300, 300]) {
        assert!(is_about(*pause, expected * SECOND), "{pause:?} for {expected} s");
    }
    assert!(pauses.len() >= 10);

    world.outcome = |_, _| Outcome::News;
    world.asked.clear();
    world.run(700 * SECOND);
    let pauses = world.pauses(Target(0));
    assert!(pauses.iter().all(|pause| is_about(*pause, 5 * SECOND)), "{pauses:?}");
    assert!(pauses.len() > 50);

    world.outcome = |_, _| Outcome::Silence;
    world.asked.clear();
    world.run(3600 * SECOND);
    let pauses = world.pauses(Target(0));
    assert!(is_about(*pauses.last().unwrap(), 300 * SECOND), "{pauses:?}");
    assert!(pauses.len() < 20, "a silent device is left alone");
}

#[test]
fn devices_are_not_asked_in_one_burst() {
    let mut world = World::near(40);
    world.answers_after = Duration::from_millis(1);
    world.run(6 * SECOND);
    let left: Vec<_> = world.asked.iter().map(|(at, _)| *at).collect();
    assert_eq!(left.len(), 40, "each is asked within the shortest interval");
    for two in left.windows(2) {
        assert!(two[1].saturating_since(two[0]) >= Duration::from_millis(100));
    }
    // Slow answers hold the next ones up: no more are under way than may be.
    let mut world = World::near(40);
    world.answers_after = 3 * SECOND;
    world.run(60 * SECOND);
    assert!((40..=80).contains(&world.asked.len()), "{}", world.asked.len());
}

#[test]
fn no_more_are_under_way_than_may_be_however_often_it_is_looked() {
    let mut world = World::near(40);
    world.answers_after = 100 * SECOND;
    let mut started = 0;
    for _ in 0..200 {
        while let Some(step) = world.plan.next(world.now) {
            match step {
                Step::Prepare(target) => world.plan.prepared(world.now, target, 3, None),
                _ => started += 1,
            }
        }
        world.now = world.now + Duration::from_millis(200);
    }
    assert_eq!(started, 4);
}

#[test]
fn devices_in_a_cloud_are_asked_together() {
    let mut regions = vec![Some(0); 60];
    regions.extend(vec![Some(1); 10]);
    let mut world = World::new(terms(), regions);
    world.run(2 * SECOND);
    // Sixty times three properties are more than one request takes.
    let sizes: Vec<_> = world.asked.iter().map(|(_, targets)| targets.len()).collect();
    assert_eq!(sizes.len(), 3, "{sizes:?}");
    world.run(3600 * SECOND);
    let mut of_device = BTreeMap::<Target, usize>::new();
    for (_, targets) in &world.asked {
        assert!(targets.len() * 3 <= 150);
        let region = world.regions[targets[0].0];
        assert!(targets.iter().all(|target| world.regions[target.0] == region));
        for target in targets {
            *of_device.entry(*target).or_default() += 1;
        }
    }
    // 60, 120, 240, 480 and then 600 seconds; who joins others may be asked a little more often.
    assert!(of_device.values().all(|asked| (7..=14).contains(asked)), "{of_device:?}");
    assert!(world.asked.len() <= 3 * 14, "{}", world.asked.len());
}

#[test]
fn one_that_tells_by_itself_is_asked_rarely_and_never_not_at_all() {
    let mut world = World::near(1);
    let feed = world.plan.add_feed(world.now);
    world.plan.feeds(feed, Target(0));
    world.run(SECOND);
    assert_eq!(world.listened, [(Instant::ORIGIN, feed)]);
    world.plan.up(world.now, feed);
    world.asked.clear();
    world.run(1300 * SECOND);
    let pauses = world.pauses(Target(0));
    assert!(pauses.iter().all(|pause| is_about(*pause, 300 * SECOND)), "{pauses:?}");
    assert_eq!(world.asked.len(), 5, "once when it came up, and then every five minutes");

    // A change is told: others may have come with it.
    world.asked.clear();
    let told = world.now;
    world.plan.told(told, Target(0));
    world.run(20 * SECOND);
    assert_eq!(world.asked.len(), 1);
    assert!(world.asked[0].0.saturating_since(told) <= 5 * SECOND);

    // It tells no more: it is asked as if it never had.
    world.asked.clear();
    let lost = world.now;
    world.plan.down(lost, feed);
    world.run(80 * SECOND);
    assert!(world.asked[0].0.saturating_since(lost) <= 5 * SECOND);
    assert!(world.asked.len() >= 4, "{:?}", world.asked);
}

#[test]
fn what_is_told_while_a_device_is_asked_is_not_forgotten() {
    let mut world = World::near(1);
    let feed = world.plan.add_feed(world.now);
    world.plan.feeds(feed, Target(0));
    world.run(SECOND);
    world.plan.up(world.now, feed);
    world.run(400 * SECOND);
    world.answers_after = SECOND;
    world.plan.told(world.now, Target(0));
    world.run(Duration::from_millis(100));
    assert_eq!(world.under_way.len(), 1);
    world.plan.told(world.now, Target(0));
    world.asked.clear();
    world.run(10 * SECOND);
    assert_eq!(world.asked.len(), 1, "it was asked before, and is asked again");
}

#[test]
fn whoever_tells_all_the_time_is_not_asked_all_the_time() {
    let mut world = World::near(1);
    let feed = world.plan.add_feed(world.now);
    world.plan.feeds(feed, Target(0));
    world.run(SECOND);
    world.asked.clear();
    for _ in 0..1000 {
        world.plan.up(world.now, feed);
        world.plan.told(world.now, Target(0));
        world.run(Duration::from_millis(100));
        world.plan.down(world.now, feed);
    }
    assert!(world.asked.len() <= 21, "{} in 100 s", world.asked.len());
}

#[test]
fn listening_is_tried_again_later_each_time() {
    let mut world = World::near(1);
    let feed = world.plan.add_feed(world.now);
    world.plan.feeds(feed, Target(0));
    world.run(SECOND);
    for expected in [5, 10, 20, 40, 80, 160, 320, 600, 600] {
        let (failed, before) = (world.now, world.listened.len());
        world.plan.deaf(failed, feed, false);
        world.run(700 * SECOND);
        assert_eq!(world.listened.len(), before + 1);
        let pause = world.listened.last().unwrap().0.saturating_since(failed);
        assert!(is_about(pause, expected * SECOND), "{pause:?} for {expected} s");
    }
    // It worked: the next failure is the first.
    world.plan.up(world.now, feed);
    let failed = world.now;
    world.plan.deaf(failed, feed, false);
    world.run(7 * SECOND);
    assert!(is_about(world.listened.last().unwrap().0.saturating_since(failed), 5 * SECOND));
    let failed = world.now;
    world.plan.deaf(failed, feed, true);
    world.run(4000 * SECOND);
    assert!(is_about(world.listened.last().unwrap().0.saturating_since(failed), 3600 * SECOND));
}

#[test]
fn what_tells_of_nobody_any_more_is_forgotten() {
    let mut world = World::near(3);
    let (own, shared) = (world.plan.add_feed(world.now), world.plan.add_feed(world.now));
    world.plan.feeds(own, Target(0));
    world.plan.feeds(shared, Target(0));
    world.plan.feeds(shared, Target(1));
    world.run(SECOND);
    assert_eq!(world.plan.remove(Target(0)), [own]);
    world.plan.up(world.now, shared);
    world.plan.up(world.now, own);
    assert!(world.plan.is_told(Target(1)));
    assert_eq!(world.plan.remove(Target(1)), [shared]);
    assert_eq!(world.plan.remove(Target(2)), []);
    assert!(world.plan.targets.is_empty() && world.plan.feeds.is_empty());
    // Numbers are not used again: what comes late is about nobody.
    assert_eq!((world.plan.add(world.now), world.plan.add_feed(world.now)), (Target(3), Feed(2)));
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Wait(u64),
    Up(usize),
    Down(usize),
    Deaf(usize),
    Told(usize),
    Missed(usize),
    Outcome(u8),
    Join(Option<Region>),
    Leave(usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (1..400_000u64).prop_map(Deed::Wait),
        1 => (0..4usize).prop_map(Deed::Up),
        1 => (0..4usize).prop_map(Deed::Down),
        1 => (0..4usize).prop_map(Deed::Deaf),
        1 => (0..8usize).prop_map(Deed::Told),
        1 => (0..4usize).prop_map(Deed::Missed),
        1 => (0..3u8).prop_map(Deed::Outcome),
        1 => proptest::option::of(0..2usize).prop_map(Deed::Join),
        1 => (0..12usize).prop_map(Deed::Leave),
    ]
}

proptest! {
    /// Whatever devices and feeds do: nobody is asked twice at a time or more often than it may be, everybody is asked
    /// in the end, who has left is not, and there is no loop without a pause.
    #[test]
    fn every_device_is_asked_in_time(
        deeds in proptest::collection::vec(deed(), 1..60),
        regions in proptest::collection::vec(proptest::option::of(0..2usize), 1..8),
        millis in 1..4000u64,
    ) {
        let mut world = World::new(terms(), regions);
        world.answers_after = Duration::from_millis(millis);
        let mut joined = vec![Instant::ORIGIN; world.regions.len()];
        let mut left = BTreeMap::new();
        for at in 0..4 {
            let feed = world.plan.add_feed(world.now);
            world.plan.feeds(feed, Target(at % world.regions.len()));
        }
        for deed in deeds {
            match deed {
                Deed::Wait(millis) => world.run(Duration::from_millis(millis)),
                Deed::Up(feed) => world.plan.up(world.now, Feed(feed)),
                Deed::Down(feed) => world.plan.down(world.now, Feed(feed)),
                Deed::Deaf(feed) => world.plan.deaf(world.now, Feed(feed), false),
                Deed::Told(target) => world.plan.told(world.now, Target(target)),
                Deed::Missed(feed) => world.plan.missed(world.now, Feed(feed)),
                Deed::Outcome(0) => world.outcome = |_, _| Outcome::News,
                Deed::Outcome(1) => world.outcome = |_, _| Outcome::Same,
                Deed::Outcome(_) => world.outcome = |_, _| Outcome::Silence,
                Deed::Join(region) if joined.len() < 12 => {
                    prop_assert_eq!(world.plan.add(world.now), Target(joined.len()));
                    joined.push(world.now);
                    world.regions.push(region);
                }
                Deed::Join(_) => {}
                Deed::Leave(target) => {
                    world.plan.remove(Target(target));
                    if target < joined.len() {
                        left.entry(target).or_insert(world.now);
                    }
                }
            }
        }
        for (at, region) in world.regions.clone().into_iter().enumerate() {
            let pace = if region.is_some() { terms().far } else { terms().near };
            for pause in world.pauses(Target(at)) {
                // Others in a cloud take it along a little early.
                let shortest = if region.is_some() { pace.shortest * 4 / 10 } else { pace.shortest * 9 / 10 };
                prop_assert!(pause >= shortest, "{pause:?}");
                prop_assert!(pause <= pace.longest * 11 / 10 + 20 * SECOND, "{pause:?}");
            }
            let last = world.asked.iter().rev().find(|(_, of)| of.contains(&Target(at)));
            let last = last.map_or(joined[at], |(at, _)| *at);
            if let Some(since) = left.get(&at) {
                prop_assert!(last <= *since, "asked after it has left");
                continue;
            }
            let waited = world.now.saturating_since(last);
            prop_assert!(waited <= pace.longest * 11 / 10 + 20 * SECOND, "not asked for {waited:?}");
        }
        prop_assert_eq!(world.plan.under_way, world.under_way.len());
    }
}
