//! Things by name, of which the oldest give way.

use std::collections::VecDeque;

/// A map of bounded size, in the order in which things came.
pub(super) struct Shelf<T>(VecDeque<(String, T)>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Shelf<T> {
    pub(super) fn put(&mut self, name: impl Into<String>, thing: T) {
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back((name.into(), thing));
    }

    pub(super) fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, thing)| thing)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.0.iter_mut().find(|(known, _)| known == name).map(|(_, thing)| thing)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<T> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        self.0.remove(at).map(|(_, thing)| thing)
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut T> {
        self.0.back_mut().map(|(_, thing)| thing)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, thing)| thing)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().map(|(_, thing)| thing)
    }
}

/// More logins than any test keeps.
const MOST: usize = 1000;
