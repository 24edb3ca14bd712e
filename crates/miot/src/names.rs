//! Names and numbers of things, and where they are.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// Where something is: the service's position, and its own within.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) service: usize,
    pub(crate) item: usize,
}

/// An index, built once. Nothing is allocated to look something up by its exact name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// `service:item`, `siid:item` and `item`; more than one place where a name is not unique.
    by_name: BTreeMap<Box<str>, Vec<Place>>,
    by_id: BTreeMap<(u32, u32), Place>,
}

/// Why nothing was found.
pub(crate) enum Miss {
    Unknown,
    Ambiguous(Vec<Place>),
}

impl Names {
    /// Of two things with one number the first counts.
    pub(crate) fn insert(&mut self, id: (u32, u32), name: &str, place: Place) {
        if self.by_id.contains_key(&id) {
            return;
        }
        self.by_id.insert(id, place);
        let item = name.rsplit(':').next().unwrap_or(name);
        for name in [name.into(), format!("{}:{item}", id.0), item.into()] {
            let places = self.by_name.entry(normal(&name).into()).or_default();
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }

    pub(crate) fn by_id(&self, id: (u32, u32)) -> Option<Place> {
        self.by_id.get(&id).copied()
    }

    pub(crate) fn by_name(&self, name: &str) -> Result<Place, Miss> {
        let places = self.by_name.get(name).or_else(|| self.by_name.get(normal(name).as_str()));
        match places.map(Vec::as_slice) {
            Some([place]) => Ok(*place),
            Some(places) => Err(Miss::Ambiguous(places.to_vec())),
            None => Err(Miss::Unknown),
        }
    }

    /// The things that may have been meant, the likeliest first, each once.
    pub(crate) fn near(&self, name: &str) -> Vec<Place> {
        let mut found: Vec<(usize, Place)> = Vec::new();
        for (known, places) in &self.by_name {
            let Some(distance) = distance(name, known) else { continue };
            found.extend(places.iter().map(|place| (distance, *place)));
        }
        found.sort_unstable();
        let mut near = Vec::new();
        for (_, place) in found {
            if near.len() < SUGGESTED && !near.contains(&place) {
                near.push(place);
            }
        }
        near
    }
}

/// How far two names are apart; none where neither can have been meant for the other.
pub(crate) fn distance(given: &str, known: &str) -> Option<usize> {
    if given.is_empty() || given.len() > LONGEST || known.len() > LONGEST {
        return None;
    }
    let given = normal(given);
    if given.len() > 2 && known.contains(given.as_str()) {
        return Some(1);
    }
    let most = given.len().div_ceil(3);
    if given.len().abs_diff(known.len()) > most {
        return None;
    }
    let edits = edits(given.as_bytes(), known.as_bytes());
    (edits <= most).then_some(edits)
}

/// Letters that are missing, too many or others, and neighbours that changed places count 1 each.
fn edits(a: &[u8], b: &[u8]) -> usize {
    let width = b.len().saturating_add(1);
    let (mut before, mut last): (Vec<usize>, Vec<usize>) = (vec![0; width], (0..width).collect());
    let mut previous = 0_u8;
    for (row, &x) in a.iter().enumerate() {
        let mut next = Vec::with_capacity(width);
        next.push(row.saturating_add(1));
        let mut left = 0_u8;
        for (column, &y) in b.iter().enumerate() {
            let at = |line: &[usize], column: usize| line.get(column).copied().unwrap_or(LONGEST);
            let above = column.saturating_add(1);
            let mut best = at(&last, column).saturating_add(usize::from(x != y));
            best = best.min(at(&last, above).saturating_add(1));
            best = best.min(at(&next, column).saturating_add(1));
            if row > 0 && column > 0 && x == left && y == previous {
                best = best.min(at(&before, column.saturating_sub(1)).saturating_add(1));
            }
            next.push(best);
            left = y;
        }
        before = core::mem::replace(&mut last, next);
        previous = x;
    }
    last.last().copied().unwrap_or(LONGEST)
}

/// Names as they are compared: in lower case, with hyphens.
pub(crate) fn normal(name: &str) -> String {
    let letter = |c: char| match c {
        '_' | ' ' => '-',
        other => other.to_ascii_lowercase(),
    };
    name.trim().chars().map(letter).collect()
}

/// No name is longer; nothing is suggested for one that is.
const LONGEST: usize = 64;

/// How many things are suggested.
const SUGGESTED: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (a, b, count) in [
            ("", "", 0),
            ("light", "light", 0),
            ("ligth", "light", 1),
            ("brigtness", "brightness", 1),
            ("brightnesss", "brightness", 1),
            ("kitten", "sitting", 3),
            ("", "abc", 3),
            ("abc", "", 3),
        ] {
            assert_eq!(edits(a.as_bytes(), b.as_bytes()), count, "{a} {b}");
        }
    }

    #[test]
    fn what_is_near_enough() {
        assert_eq!(distance("bright", "light:brightness"), Some(1));
        assert_eq!(distance("Brigthness", "brightness"), Some(1));
        assert_eq!(distance("mode", "temperature"), None);
        assert_eq!(distance(&"x".repeat(65), "x"), None);
        assert_eq!(distance("", "on"), None);
    }
}
