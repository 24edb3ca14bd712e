//! What counts as a change.

use std::collections::BTreeMap;

use iot_home_core::Instant;
use serde_json::Value;

use super::plan::Target;

/// The values that were told last: one for each property that is watched.
#[derive(Debug, Default)]
pub(super) struct Memory(BTreeMap<(Target, Box<str>), Known>);

#[derive(Debug)]
struct Known {
    value: Value,
    /// When it was last told without being asked for.
    pushed: Option<Instant>,
}

/// How a value came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// It was asked for at this moment.
    Asked(Instant),
    /// It was told at this moment.
    Told(Instant),
    /// It was told at this moment that it has happened, be it once more.
    Happened(Instant),
}

/// A value that is worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// The first value of a property.
    First,
    Changed,
}

impl Memory {
    /// Takes a value in. An answer to what was asked before the device told a value by itself may be older than that.
    pub(super) fn take(
        &mut self,
        target: Target,
        property: &str,
        value: &Value,
        came: Came,
    ) -> Option<News> {
        let pushed = match came {
            Came::Asked(_) => None,
            Came::Told(at) | Came::Happened(at) => Some(at),
        };
        let Some(known) = self.0.get_mut(&(target, property.into())) else {
            let known = Known { value: value.clone(), pushed };
            self.0.insert((target, property.into()), known);
            return Some(News::First);
        };
        if let Came::Asked(asked) = came
            && known.pushed.is_some_and(|pushed| pushed >= asked)
        {
            return None;
        }
        known.pushed = pushed.or(known.pushed);
        if known.value == *value && !matches!(came, Came::Happened(_)) {
            return None;
        }
        known.value = value.clone();
        Some(News::Changed)
    }

    /// A device is not watched any more.
    pub(super) fn forget(&mut self, target: Target) {
        self.0.retain(|(of, _), _| *of != target);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(seconds))
    }

    #[test]
    fn a_value_counts_once_however_it_comes() {
        let mut memory = Memory::default();
        let mut take = |value, came| memory.take(Target(0), "light:on", &json!(value), came);
        assert_eq!(take(true, Came::Asked(at(0))), Some(News::First));
        assert_eq!(take(true, Came::Asked(at(5))), None);
        assert_eq!(take(false, Came::Told(at(6))), Some(News::Changed));
        assert_eq!(take(false, Came::Asked(at(7))), None);
        assert_eq!(take(false, Came::Told(at(8))), None);
        assert_eq!(take(true, Came::Asked(at(9))), Some(News::Changed));
        let other = memory.take(Target(1), "light:on", &json!(true), Came::Told(at(9)));
        assert_eq!(other, Some(News::First));
    }

    #[test]
    fn an_answer_that_was_asked_for_before_a_push_is_not_believed() {
        let mut memory = Memory::default();
        let mut take = |value, came| memory.take(Target(0), "light:on", &json!(value), came);
        assert_eq!(take(false, Came::Asked(at(0))), Some(News::First));
        assert_eq!(take(true, Came::Told(at(6))), Some(News::Changed));
        assert_eq!(take(false, Came::Asked(at(5))), None);
        assert_eq!(take(false, Came::Asked(at(7))), Some(News::Changed), "it did go off");
    }

    #[test]
    fn of_who_is_watched_no_more_nothing_is_remembered() {
        let mut memory = Memory::default();
        for target in [Target(0), Target(1)] {
            memory.take(target, "light:on", &json!(true), Came::Asked(at(0)));
        }
        memory.forget(Target(0));
        let mut take = |target| memory.take(target, "light:on", &json!(true), Came::Asked(at(1)));
        assert_eq!((take(Target(0)), take(Target(1))), (Some(News::First), None));
    }

    #[test]
    fn what_happens_again_is_news_again() {
        let mut memory = Memory::default();
        let mut take = |value, came| memory.take(Target(0), "button:event", &json!(value), came);
        assert_eq!(take("click", Came::Happened(at(0))), Some(News::First));
        assert_eq!(take("click", Came::Happened(at(1))), Some(News::Changed));
        assert_eq!(take("click", Came::Told(at(2))), None);
    }
}
