//! Names that lead nowhere, or to more than one thing.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::urn::Kind;

/// Why a name leads to no property, action or event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupError {
    /// There is none of this name or number.
    Unknown {
        /// What was looked for.
        kind: Kind,
        /// The name that was given, shortened where it is very long.
        name: String,
        /// What may have been meant, the likeliest first.
        near: Vec<String>,
    },
    /// There are several of this name.
    Ambiguous {
        /// What was looked for.
        kind: Kind,
        /// The name that was given.
        name: String,
        /// How each of them is called alone.
        candidates: Vec<String>,
    },
}

impl LookupError {
    pub(crate) fn shortened(name: &str) -> String {
        name.chars().take(64).collect()
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { kind, name, near } => {
                write!(f, "there is no {} {name:?}", word(*kind))?;
                match near.split_last() {
                    None => Ok(()),
                    Some((only, [])) => write!(f, "; is it {only}?"),
                    Some((last, others)) => {
                        write!(f, "; is it {} or {last}?", others.join(", "))
                    }
                }
            }
            Self::Ambiguous { kind, name, candidates } => {
                let word = word(*kind);
                write!(f, "more than one {word} is called {name:?}: {}", candidates.join(", "))
            }
        }
    }
}

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Device => "device",
        Kind::Service => "service",
        Kind::Property => "property",
        Kind::Action => "action",
        Kind::Event => "event",
    }
}

impl core::error::Error for LookupError {}
