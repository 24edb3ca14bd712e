//! One request, carried over one way after the other.

use iot_home_core::{ActionResult, MiotCode};
use iot_home_micloud::api::DataSource;
use tokio::time::{Instant, timeout_at};

use super::error::{Cause, Error};
use super::methods::{Methods, requests};
use super::names::{Doing, Named, Setting, Vocabulary};
use super::over::{Miss, Over, OverBulb, OverCloud, OverLumi, OverMiio, Told};
use super::route::{Outcome, Purpose, Step};
use super::shared::{Shared, Slot};
use super::way::{Way, Ways};
use crate::{DeviceKey, Facts};

/// A request to one device, and what it takes to carry it.
pub(super) struct Request<'a> {
    pub(super) shared: &'a Shared,
    pub(super) key: DeviceKey,
    pub(super) slot: &'a Slot,
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) job: Job<'a>,
    pub(super) until: Instant,
    /// Whether it is one of many, by which changes are looked for.
    pub(super) is_watching: bool,
}

/// What is asked for. All items of one job can take the same ways.
pub(super) enum Job<'a> {
    Read(&'a [&'a Named]),
    Set(&'a [&'a Setting]),
    Act(&'a Doing),
}

/// What was answered.
pub(super) enum Done {
    /// Of each item in its place.
    Told(Vec<Told>),
    Acted(ActionResult),
    /// An action that has no numbers.
    Ran(MiotCode),
}

impl Job<'_> {
    const fn purpose(&self) -> Purpose {
        match self {
            Self::Read(_) => Purpose::Read,
            Self::Set(_) | Self::Act(_) => Purpose::Change,
        }
    }

    fn ways(&self) -> Ways {
        match self {
            Self::Read(items) => items.first().map(|item| item.ways()).unwrap_or_default(),
            Self::Set(items) => items.first().map(|item| item.ways()).unwrap_or_default(),
            Self::Act(doing) => doing.ways(),
        }
    }
}

impl Request<'_> {
    /// Carries it over the ways that there are, until one is answered over or none is left.
    pub(super) async fn carry(&self) -> Result<(Way, Done), Error> {
        let Self { shared, slot, .. } = self;
        let purpose = self.job.purpose();
        let (mut facts, _) = shared.known(self.key)?;
        let mut attempt = {
            let ways = shared.ways(&facts, self.vocabulary);
            let mut routes = slot.routes();
            routes.set_ways(ways, ways.contains(Way::Cloud));
            if ways.is_empty() {
                return Err(Error::new(Cause::NoWay));
            }
            routes.begin(purpose, self.job.ways())
        };
        let mut failures: Vec<(Way, Error)> = Vec::new();
        let mut doubtful = None;
        loop {
            let step = slot.routes().next(shared.now(), &mut attempt);
            let (way, outcome) = match step {
                Step::Over => return doubtful.ok_or_else(|| last(failures)),
                Step::Renew => {
                    let renewing = shared.renew(self.key, slot, facts.token.as_ref());
                    let is_new = timeout_at(self.until, renewing).await.unwrap_or(false);
                    slot.routes().renewed(shared.now(), &mut attempt, is_new);
                    (facts, _) = shared.known(self.key)?;
                    continue;
                }
                Step::Probe(way) => match timeout_at(self.until, self.probe(&facts, way)).await {
                    Ok(Ok(())) => (way, Outcome::Answered),
                    Ok(Err(miss)) => {
                        failures.push((way, miss.error));
                        (way, miss.outcome)
                    }
                    Err(_) => return Err(self.late(Purpose::Read).after(failures)),
                },
                Step::Try(way) => {
                    let sent = timeout_at(self.until, self.send(&facts, way)).await;
                    match sent {
                        Ok(Ok(done)) if is_doubtful(way, &done) && !slot.routes().works(way) => {
                            failures.push((way, Error::new(Cause::Inexpressible)));
                            doubtful = Some((way, done));
                            (way, Outcome::NotSent)
                        }
                        Ok(Ok(done)) => {
                            slot.routes().outcome(shared.now(), &mut attempt, Outcome::Answered);
                            return Ok((way, done));
                        }
                        Ok(Err(miss)) => {
                            failures.push((way, miss.error));
                            (way, miss.outcome)
                        }
                        Err(_) => {
                            slot.routes().outcome(shared.now(), &mut attempt, Outcome::NoAnswer);
                            return Err(self.late(purpose).after(failures));
                        }
                    }
                }
            };
            tracing::debug!(?way, ?outcome, "not answered");
            slot.routes().outcome(shared.now(), &mut attempt, outcome);
        }
    }

    /// What it is when the time runs out.
    fn late(&self, purpose: Purpose) -> Error {
        match purpose {
            Purpose::Change => Error::new(Cause::Uncertain),
            Purpose::Read => Error::new(Cause::Deadline(self.shared.setup.deadline)),
        }
    }

    async fn probe(&self, facts: &Facts, way: Way) -> Over<()> {
        match way {
            Way::Miot => self.over_miio(facts)?.probe_miot().await,
            Way::Classic | Way::YeelightOverMiio => self.over_miio(facts)?.probe_classic().await,
            Way::Yeelight => self.over_bulb(facts).await?.probe().await,
            Way::Lumi => self.over_lumi(facts).await?.probe().await,
            Way::Cloud => Ok(()),
        }
    }

    async fn send(&self, facts: &Facts, way: Way) -> Over<Done> {
        match self.job {
            Job::Read(items) => self.read(facts, way, items).await.map(Done::Told),
            Job::Set(items) => self.set(facts, way, items).await.map(Done::Told),
            Job::Act(doing) => self.act(facts, way, doing).await,
        }
    }

    async fn read(&self, facts: &Facts, way: Way, items: &[&Named]) -> Over<Vec<Told>> {
        let ids = |of: fn(&Named) -> Option<iot_home_core::PropertyId>| {
            items.iter().map(|item| of(item)).collect::<Option<Vec<_>>>().ok_or_else(unsent)
        };
        match way {
            Way::Miot => self.over_miio(facts)?.read_miot(&ids(|item| item.miot)?).await,
            Way::Cloud => {
                let over = self.over_cloud(facts)?;
                if let Ok(ids) = ids(|item| item.miot) {
                    return over.read(&ids).await;
                }
                let Vocabulary { classic, bulb, .. } = self.vocabulary;
                let map = classic.as_deref().or(bulb.as_deref()).ok_or_else(unsent)?;
                over.read_classic(map, &ids(|item| item.classic.or(item.bulb))?).await
            }
            Way::Classic => {
                let map = self.vocabulary.classic.as_deref().ok_or_else(unsent)?;
                self.over_miio(facts)?.read_classic(map, &ids(|item| item.classic)?).await
            }
            Way::YeelightOverMiio => {
                let map = self.vocabulary.bulb.as_deref().ok_or_else(unsent)?;
                self.over_miio(facts)?.read_classic(map, &ids(|item| item.bulb)?).await
            }
            Way::Yeelight => {
                let map = self.vocabulary.bulb.as_deref().ok_or_else(unsent)?;
                self.over_bulb(facts).await?.read(map, &ids(|item| item.bulb)?).await
            }
            Way::Lumi => {
                let map = self.vocabulary.lumi.as_deref().ok_or_else(unsent)?;
                self.over_lumi(facts).await?.read(map, &ids(|item| item.lumi)?).await
            }
        }
    }

    async fn set<'a>(&self, facts: &Facts, way: Way, items: &[&'a Setting]) -> Over<Vec<Told>> {
        let values = || {
            let values = items.iter().map(|item| item.miot.clone());
            values.collect::<Option<Vec<_>>>().ok_or_else(unsent)
        };
        match way {
            Way::Miot => self.over_miio(facts)?.set_miot(values()?).await,
            Way::Cloud => {
                let over = self.over_cloud(facts)?;
                if let Ok(values) = values() {
                    return over.set(values).await;
                }
                let of = |item: &'a Setting| item.classic.as_ref().or(item.bulb.as_ref());
                Methods::Cloud(over).run_each(requests(items, of)?).await
            }
            Way::Classic => {
                let device = Methods::Miio(self.over_miio(facts)?);
                device.run_each(requests(items, |item| item.classic.as_ref())?).await
            }
            Way::YeelightOverMiio => {
                let device = Methods::Miio(self.over_miio(facts)?);
                device.run_each(requests(items, |item| item.bulb.as_ref())?).await
            }
            Way::Yeelight => {
                let bulb = Methods::Bulb(self.over_bulb(facts).await?);
                bulb.run_each(requests(items, |item| item.bulb.as_ref())?).await
            }
            Way::Lumi => {
                let gateway = Methods::Lumi(self.over_lumi(facts).await?);
                gateway.run_each(requests(items, |item| item.lumi.as_ref())?).await
            }
        }
    }

    async fn act(&self, facts: &Facts, way: Way, doing: &Doing) -> Over<Done> {
        let acted = |result| Ok(Done::Acted(result));
        let ran = |(code, _): Told| Ok(Done::Ran(code));
        match way {
            Way::Miot => {
                let id = doing.miot.ok_or_else(unsent)?;
                acted(self.over_miio(facts)?.act_miot(id, &doing.input).await?)
            }
            Way::Cloud => {
                let over = self.over_cloud(facts)?;
                if let Some(id) = doing.miot {
                    return acted(over.act(id, &doing.input).await?);
                }
                let request = doing.classic.as_ref().or(doing.bulb.as_ref());
                ran(over.run(request.ok_or_else(unsent)?).await?)
            }
            Way::Classic => {
                let request = doing.classic.as_ref().ok_or_else(unsent)?;
                ran(self.over_miio(facts)?.run(request, false).await?)
            }
            Way::YeelightOverMiio => {
                let request = doing.bulb.as_ref().ok_or_else(unsent)?;
                ran(self.over_miio(facts)?.run(request, false).await?)
            }
            Way::Yeelight => {
                let request = doing.bulb.as_ref().ok_or_else(unsent)?;
                ran(self.over_bulb(facts).await?.run(request).await?)
            }
            Way::Lumi => Err(unsent()),
        }
    }

    fn over_miio(&self, facts: &Facts) -> Over<OverMiio> {
        self.shared.miio(facts, self.slot).map(OverMiio).ok_or_else(unsent)
    }

    fn over_cloud(&self, facts: &Facts) -> Over<OverCloud> {
        let cloud = self.shared.cloud_of(facts).ok_or_else(unsent)?;
        let did = facts.did.clone().ok_or_else(unsent)?;
        // What the cloud remembers is right as long as nothing is set behind its back.
        let source = match self.is_watching && !self.shared.is_near(facts) {
            true => DataSource::CacheFirst,
            false => DataSource::Device,
        };
        Ok(OverCloud { cloud, did, source })
    }

    async fn over_bulb(&self, facts: &Facts) -> Over<OverBulb> {
        self.shared.bulb(facts, self.slot).await?.map(OverBulb).ok_or_else(unsent)
    }

    async fn over_lumi(&self, facts: &Facts) -> Over<OverLumi> {
        self.shared.lumi_child(facts).await?.ok_or_else(unsent)
    }
}

/// Whether an answer may come from a device that takes no MIoT requests: some refuse every item in place of the method.
fn is_doubtful(way: Way, done: &Done) -> bool {
    match done {
        Done::Told(told) => {
            way == Way::Miot && told.iter().all(|(code, _)| *code == MiotCode::INTERNAL)
        }
        _ => false,
    }
}

pub(super) fn unsent() -> Miss {
    Miss { outcome: Outcome::NotSent, error: Error::new(Cause::Inexpressible) }
}

/// The last failure, and those before it.
fn last(mut failures: Vec<(Way, Error)>) -> Error {
    match failures.pop() {
        Some((_, error)) => error.after(failures),
        None => Error::new(Cause::Inexpressible),
    }
}
