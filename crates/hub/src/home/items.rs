//! Properties that are read or set together.

use super::answer::Answer;
use super::device::{Call, Device};
use super::error::{Cause, Error};
use super::names::{Named, Setting};
use super::request::{Done, Job};
use super::way::{Way, Ways};

/// A property that is to be read, or to be set.
pub(super) trait Item: Sized {
    /// The ways that can carry it.
    fn ways(&self) -> Ways;
    /// Which property it is.
    fn named(&self) -> &Named;
    /// What carries some of them.
    fn job<'a>(items: &'a [&'a Self]) -> Job<'a>;
}

impl Item for Named {
    fn ways(&self) -> Ways {
        self.ways()
    }

    fn named(&self) -> &Named {
        self
    }

    fn job<'a>(items: &'a [&'a Self]) -> Job<'a> {
        Job::Read(items)
    }
}

impl Item for Setting {
    fn ways(&self) -> Ways {
        self.ways()
    }

    fn named(&self) -> &Named {
        &self.named
    }

    fn job<'a>(items: &'a [&'a Self]) -> Job<'a> {
        Job::Set(items)
    }
}

impl Device {
    /// A result for each, whatever becomes of the others. What can take the same ways goes together.
    pub(super) async fn carry_each<T: Item>(
        &self,
        call: &Call,
        items: Vec<Result<T, Error>>,
    ) -> Vec<Result<Answer, Error>> {
        let mut groups: Vec<(Ways, Vec<usize>)> = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let Ok(item) = item else { continue };
            let ways = item.ways();
            match groups.iter_mut().find(|(of, _)| *of == ways) {
                Some((_, group)) => group.push(at),
                None => groups.push((ways, vec![at])),
            }
        }
        let mut answers: Vec<Option<Result<Answer, Error>>> =
            items.iter().map(|item| item.as_ref().err().map(|error| Err(error.clone()))).collect();
        for (_, group) in groups {
            let items: Vec<&T> =
                group.iter().filter_map(|at| items.get(*at)?.as_ref().ok()).collect();
            let carried = self.carry(call, T::job(&items)).await;
            for (at, answer) in group.into_iter().zip(told(carried, &items, call)) {
                if let Some(place) = answers.get_mut(at) {
                    *place = Some(answer);
                }
            }
        }
        let missing = || Err(Error::new(Cause::Unanswered { what: "the request" }));
        let answers = answers.into_iter().map(|answer| answer.unwrap_or_else(missing));
        answers.map(|answer| answer.map_err(|error| call.error(error))).collect()
    }

    /// The same, and nothing is sent when one is not known.
    pub(super) async fn carry_known<T: Item>(
        &self,
        call: &Call,
        items: Vec<Result<T, Error>>,
    ) -> Result<Vec<Result<Answer, Error>>, Error> {
        match items.iter().find_map(|item| item.as_ref().err()) {
            Some(error) => Err(call.error(error.clone())),
            None => Ok(self.carry_each(call, items).await),
        }
    }
}

/// An answer for each item of a group.
fn told<T: Item>(
    carried: Result<(Way, Done), Error>,
    items: &[&T],
    call: &Call,
) -> Vec<Result<Answer, Error>> {
    match carried {
        Ok((way, Done::Told(told))) => items
            .iter()
            .zip(told)
            .map(|(item, (code, value))| Ok(call.vocabulary.answer(item.named(), code, value, way)))
            .collect(),
        Ok(_) => Vec::new(),
        Err(error) => items.iter().map(|_| Err(error.clone())).collect(),
    }
}
