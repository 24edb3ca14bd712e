//! Parameters, read as strictly as a bulb reads them.

use std::ops::{RangeBounds, RangeInclusive};

use serde_json::Value;

use crate::yeelight::refusal::Refusal;

/// The parameters of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Params<'a>(pub(crate) &'a [Value]);

impl<'a> Params<'a> {
    pub(crate) fn len(self) -> usize {
        self.0.len()
    }

    /// There are this many.
    pub(crate) fn count(self, count: impl RangeBounds<usize>) -> Result<Self, Refusal> {
        if count.contains(&self.0.len()) { Ok(self) } else { Err(Refusal::Count) }
    }

    /// Those behind the first few.
    pub(crate) fn from(self, at: usize) -> Self {
        Self(self.0.get(at..).unwrap_or_default())
    }

    pub(crate) fn value(self, at: usize) -> Result<&'a Value, Refusal> {
        self.0.get(at).ok_or(Refusal::Count)
    }

    pub(crate) fn text(self, at: usize) -> Result<&'a str, Refusal> {
        self.value(at)?.as_str().ok_or(Refusal::Type)
    }

    /// One of these words.
    pub(crate) fn word<T: Copy>(self, at: usize, words: &[(&str, T)]) -> Result<T, Refusal> {
        let text = self.text(at)?;
        words.iter().find(|(word, _)| *word == text).map(|(_, of)| *of).ok_or(Refusal::Range)
    }

    /// A whole number, written without a fraction.
    pub(crate) fn integer(self, at: usize) -> Result<i64, Refusal> {
        self.value(at)?.as_i64().ok_or(Refusal::Type)
    }

    pub(crate) fn within(self, at: usize, range: RangeInclusive<i64>) -> Result<i64, Refusal> {
        let number = self.integer(at)?;
        if range.contains(&number) { Ok(number) } else { Err(Refusal::Range) }
    }

    /// `"sudden"` or `"smooth"`, and a duration in milliseconds.
    pub(crate) fn effect(self, at: usize) -> Result<(), Refusal> {
        let least = self.word(at, &[("sudden", 0), ("smooth", SHORTEST)])?;
        self.within(at.saturating_add(1), least..=i64::from(i32::MAX)).map(drop)
    }
}

/// The shortest smooth change in milliseconds.
pub(crate) const SHORTEST: i64 = 30;
