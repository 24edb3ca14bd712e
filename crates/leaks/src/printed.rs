//! What was printed, and by what.

use std::any::type_name;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::path::Path;

use crate::{public_types, shows};

/// Everything that was printed, and by what.
#[derive(Debug, Default)]
pub struct Printed {
    texts: Vec<(String, String)>,
    types: BTreeSet<&'static str>,
}

impl Printed {
    /// Prints a value in every form that `Debug` has.
    pub fn value<T: Debug>(&mut self, value: &T) {
        let name = type_name::<T>();
        let name = name.split('<').next().and_then(|path| path.rsplit("::").next());
        let name = name.unwrap_or_default();
        self.types.insert(name);
        self.text(name, format!("{value:?}\n{value:#?}\n{value:x?}\n{value:#X?}"));
    }

    /// Prints an error, and what caused it.
    pub fn error<T: Error>(&mut self, error: &T) {
        self.value(error);
        let mut chain = format!("{error}\n{error:#}");
        let mut source = error.source();
        while let Some(error) = source {
            let _ = write!(chain, "\n{error}\n{error:?}\n{error:#?}");
            source = error.source();
        }
        self.text(type_name::<T>(), chain);
    }

    /// Takes in what was printed already.
    pub fn text(&mut self, whose: &str, text: String) {
        self.texts.push((whose.to_owned(), text));
    }

    /// Takes in what was printed elsewhere.
    pub fn extend(&mut self, other: Self) {
        self.texts.extend(other.texts);
        self.types.extend(other.types);
    }

    /// The names of the types that were printed.
    pub fn types(&self) -> &BTreeSet<&'static str> {
        &self.types
    }

    /// Counts types as printed that are a part of others.
    pub fn with_others(&mut self, names: impl IntoIterator<Item = &'static str>) {
        self.types.extend(names);
    }

    /// What was printed, each with whose it is.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(whose, text)| (&**whose, &**text))
    }

    /// No part of these secrets was printed.
    #[track_caller]
    pub fn assert_shows_none(&self, secrets: &[(&str, Vec<u8>)]) {
        for (whose, text) in self.texts() {
            for (secret, bytes) in secrets {
                assert!(!shows(text, bytes), "{whose} shows the {secret}:\n{text}");
            }
        }
    }

    /// All of the public types in these sources were printed, but those of which `is_absent` knows why not.
    #[track_caller]
    pub fn assert_shows_all(&self, sources: &Path, is_absent: impl Fn(&str) -> bool) {
        let missing: Vec<_> = public_types(sources)
            .into_iter()
            .filter(|name| !self.types.contains(&**name) && !is_absent(name))
            .collect();
        assert!(missing.is_empty(), "public types that were not printed: {missing:?}");
    }
}
