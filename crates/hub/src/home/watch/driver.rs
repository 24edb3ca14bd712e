//! The task behind a watch: it carries out what the plan says, and tells what has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future as _, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use super::ask::{Aim, Asked, Ready};
use super::event::Origin;
use super::listen::{Ear, Heard, Listener, Voice};
use super::memory::{Came, Memory};
use super::plan::{Feed, Outcome, Plan, Region, Step, Target};
use super::queue::Queue;
use crate::home::answer::Answer;
use crate::home::error::{Cause, Error};
use crate::home::shared::Shared;

pub(super) struct Driver {
    pub(super) shared: Arc<Shared>,
    pub(super) plan: Plan,
    pub(super) queue: Arc<Queue>,
    pub(super) aims: BTreeMap<Target, Aimed>,
    pub(super) ears: BTreeMap<Feed, Ear>,
    regions: Vec<Box<str>>,
    pub(super) memory: Memory,
    told: Sender<(Feed, Heard)>,
    heard: Receiver<(Feed, Heard)>,
    work: JoinSet<Work>,
    /// Where all devices of the home are watched: told when they are others.
    pub(super) members: Option<watch::Receiver<()>>,
}

/// A device, and how it fares.
pub(super) struct Aimed {
    pub(super) aim: Aim,
    pub(super) ready: Option<Ready>,
    pub(super) is_silent: bool,
    /// Properties of which it was told that they are not to be had.
    pub(super) troubled: BTreeSet<Box<str>>,
}

/// What a task of the driver ends with.
enum Work {
    Prepared(Target, Result<Ready, Error>),
    Asked(BTreeMap<Target, Result<Asked, Error>>),
    Deaf(Feed, bool),
}

enum Happened {
    Heard(Feed, Heard),
    Done(Work),
    /// The home's devices are others.
    Members,
}

impl Driver {
    pub(super) fn new(shared: &Arc<Shared>, plan: Plan, queue: &Arc<Queue>) -> Self {
        let (told, heard) = mpsc::channel(WAITING);
        Self {
            shared: Arc::clone(shared),
            plan,
            queue: Arc::clone(queue),
            aims: BTreeMap::new(),
            ears: BTreeMap::new(),
            regions: Vec::new(),
            memory: Memory::default(),
            told,
            heard,
            work: JoinSet::new(),
            members: None,
        }
    }

    pub(super) fn add(&mut self, aim: impl FnOnce(Target) -> Aim) {
        let target = self.plan.add(self.shared.now());
        let (aim, troubled) = (aim(target), BTreeSet::new());
        self.aims.insert(target, Aimed { aim, ready: None, is_silent: false, troubled });
    }

    /// Watches until it is dropped, and with it all that it has begun.
    pub(super) async fn run(mut self) {
        loop {
            while let Some(step) = self.plan.next(self.shared.now()) {
                self.begin(step);
            }
            match self.wait().await {
                Some(Happened::Heard(feed, heard)) => self.hear(feed, heard),
                Some(Happened::Done(Work::Prepared(target, ready))) => {
                    self.prepared(target, ready);
                }
                Some(Happened::Done(Work::Asked(asked))) => self.asked(asked),
                Some(Happened::Done(Work::Deaf(feed, is_unsupported))) => {
                    self.plan.deaf(self.shared.now(), feed, is_unsupported);
                }
                Some(Happened::Members) => self.join(),
                None => {}
            }
        }
    }

    fn begin(&mut self, step: Step) {
        match step {
            Step::Prepare(target) => {
                let Some(aim) = self.aims.get(&target).map(|aimed| aimed.aim.clone()) else {
                    return;
                };
                self.work.spawn(async move { Work::Prepared(target, aim.prepare().await) });
            }
            Step::Ask(targets) => {
                let aims = targets.iter().filter_map(|target| self.aims.get(target));
                let aims: Vec<Aim> = aims.map(|aimed| aimed.aim.clone()).collect();
                self.work.spawn(async move {
                    let mut asking = JoinSet::new();
                    // Whoever does not answer has lost its task.
                    let lost = || Err(Error::new(Cause::Unanswered { what: "the request" }));
                    let mut asked: BTreeMap<_, _> =
                        aims.iter().map(|aim| (aim.target, lost())).collect();
                    for aim in aims {
                        asking.spawn(async move { (aim.target, aim.ask().await) });
                    }
                    while let Some(ended) = asking.join_next().await {
                        asked.extend(ended);
                    }
                    Work::Asked(asked)
                });
            }
            Step::Listen(feed) => {
                let Some(voice) = self.ears.get(&feed).map(|ear| ear.voice) else { return };
                let place = self.aims.values().find_map(|aimed| {
                    let place = self.shared.gateway_of(&aimed.aim.device.facts()?)?;
                    (voice == Voice::Gateway(place.gateway)).then_some(place)
                });
                let (shared, told) = (Arc::clone(&self.shared), self.told.clone());
                let listener = Listener { shared, feed, told };
                let task = async move { Work::Deaf(feed, listener.listen(voice, place).await) };
                let task = self.work.spawn(task);
                if let Some(ear) = self.ears.get_mut(&feed) {
                    ear.task = Some(task);
                }
            }
        }
    }

    /// What happens next, or nothing when it is time for the next step.
    async fn wait(&mut self) -> Option<Happened> {
        let Self { shared, plan, heard, work, members, .. } = self;
        let mut changed = pin!(async {
            if let Some(members) = members
                && members.changed().await.is_ok()
            {
                return;
            }
            pending::<()>().await;
        });
        let happened = poll_fn(|cx| {
            while let Poll::Ready(Some(ended)) = work.poll_join_next(cx) {
                if let Ok(done) = ended {
                    return Poll::Ready(Happened::Done(done));
                }
            }
            if changed.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Happened::Members);
            }
            match heard.poll_recv(cx) {
                Poll::Ready(Some((feed, heard))) => Poll::Ready(Happened::Heard(feed, heard)),
                _ => Poll::Pending,
            }
        });
        match plan.timeout().and_then(|at| shared.instant(at)) {
            Some(at) => timeout_at(at, happened).await.ok(),
            None => Some(happened.await),
        }
    }

    fn prepared(&mut self, target: Target, ready: Result<Ready, Error>) {
        let now = self.shared.now();
        match ready {
            Ok(ready) => {
                let region = self.region(&ready);
                self.plan.prepared(now, target, ready.named.len(), region);
                self.is_ready(target, ready);
            }
            Err(error) => {
                self.plan.prepared(now, target, 0, None);
                self.silent(target, error);
            }
        }
    }

    fn asked(&mut self, asked: BTreeMap<Target, Result<Asked, Error>>) {
        let mut ended = Vec::new();
        for (target, asked) in asked {
            match asked {
                Ok(asked) => {
                    let region = self.region(&asked.ready);
                    ended.push((target, self.answered(target, asked), region));
                }
                Err(error) => {
                    ended.push((target, Outcome::Silence, None));
                    self.silent(target, error);
                }
            }
        }
        self.plan.asked(self.shared.now(), ended);
    }

    fn answered(&mut self, target: Target, asked: Asked) -> Outcome {
        let Asked { at, ready, answers } = asked;
        self.is_ready(target, ready);
        let first_error = answers.iter().find_map(|(_, answer)| answer.as_ref().err()).cloned();
        if answers.iter().all(|(_, answer)| answer.is_err())
            && let Some(error) = first_error
        {
            self.silent(target, error);
            return Outcome::Silence;
        }
        let mut outcome = Outcome::Same;
        if let Some(aimed) = self.aims.get_mut(&target) {
            aimed.is_silent = false;
        }
        for (name, answer) in answers {
            match answer {
                Ok(answer) if answer.is_ok() => {
                    let origin = Origin::polled(answer.way);
                    if self.tell(target, answer, Came::Asked(at), origin) {
                        outcome = Outcome::News;
                    }
                }
                Ok(Answer { code, .. }) => {
                    let error = Error::new(Cause::Code { what: name.clone(), code });
                    self.trouble(target, name, error);
                }
                Err(error) => self.trouble(target, name, error),
            }
        }
        outcome
    }

    /// What a device can tell is known, or known anew; and who may tell it without being asked.
    fn is_ready(&mut self, target: Target, mut ready: Ready) {
        for (name, error) in std::mem::take(&mut ready.unknown) {
            self.trouble(target, name, error);
        }
        let Some(aimed) = self.aims.get_mut(&target) else { return };
        let key = aimed.aim.device.key();
        let facts = aimed.aim.device.facts().unwrap_or_default();
        let tells = |named: fn(&crate::home::names::Named) -> bool| ready.named.iter().any(named);
        let bulb = facts.yeelight.is_some() && tells(|named| named.bulb.is_some());
        let miio = self.shared.miio_of(&facts) && tells(|named| named.miot.is_some());
        let gateway =
            self.shared.gateway_of(&facts).filter(|_| tells(|named| named.lumi.is_some()));
        aimed.ready = Some(ready);
        let voices = [
            bulb.then_some(Voice::Bulb(key)),
            miio.then_some(Voice::Miio(key)),
            gateway.map(|place| Voice::Gateway(place.gateway)),
        ];
        for voice in voices.into_iter().flatten() {
            let known = self.ears.iter().find(|(_, ear)| ear.voice == voice);
            let feed = known.map(|(feed, _)| *feed).unwrap_or_else(|| {
                let feed = self.plan.add_feed(self.shared.now());
                self.ears.insert(feed, Ear { voice, task: None });
                feed
            });
            self.plan.feeds(feed, target);
        }
    }

    fn hear(&mut self, feed: Feed, heard: Heard) {
        let now = self.shared.now();
        match heard {
            Heard::Up => self.plan.up(now, feed),
            Heard::Down => self.plan.down(now, feed),
            Heard::Missed(events) => {
                self.queue.miss(events);
                self.plan.missed(now, feed);
            }
            told => {
                let Some(Ear { voice, .. }) = self.ears.get(&feed) else { return };
                for (target, answer, came, origin) in self.read(*voice, &told) {
                    if self.tell(target, answer, came, origin) {
                        self.plan.told(now, target);
                    }
                }
            }
        }
    }

    fn region(&mut self, ready: &Ready) -> Option<Region> {
        let name = ready.region.as_ref()?;
        let known = self.regions.iter().position(|known| known == name);
        Some(known.unwrap_or_else(|| {
            self.regions.push(name.clone());
            self.regions.len().saturating_sub(1)
        }))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.queue.end();
    }
}

/// What was heard and not looked at yet. Whoever tells more waits.
const WAITING: usize = 256;
