//! Writing a payload, and why it cannot be written.

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{InvalidField, InvalidTopic};

/// Why a message cannot be made. It holds names and numbers, and never contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unwritable {
    /// A part of the topic, or a name in the payload, cannot be one.
    #[error(transparent)]
    Field(#[from] InvalidField),
    /// The topic cannot be one.
    #[error(transparent)]
    Topic(#[from] InvalidTopic),
    /// What was given cannot be written as JSON.
    #[error("the {what} cannot be written as JSON")]
    NotJson {
        /// What, in words.
        what: &'static str,
    },
    /// What was given is JSON, but no object.
    #[error("the {what} have to be an object: names with their values")]
    NoObject {
        /// What, in words.
        what: &'static str,
    },
    /// There are more of something than the platform takes at once.
    #[error("{count} {what} are too many, the platform takes {most} at once")]
    TooMany {
        /// What, in words.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many may be.
        most: usize,
    },
    /// The payload is longer than the platform takes.
    #[error("a payload of {length} bytes is too long, the platform takes {most}")]
    Length {
        /// How many bytes it has.
        length: usize,
        /// How many it may have.
        most: usize,
    },
}

impl Unwritable {
    /// Refuses a payload that is longer than that.
    ///
    /// # Errors
    /// If it is.
    pub fn check_length(payload: Vec<u8>, most: usize) -> Result<Vec<u8>, Self> {
        match payload.len() {
            length if length > most => Err(Self::Length { length, most }),
            _ => Ok(payload),
        }
    }

    /// Refuses more than so many.
    ///
    /// # Errors
    /// If there are more.
    pub const fn check_count(what: &'static str, count: usize, most: usize) -> Result<(), Self> {
        if count > most { Err(Self::TooMany { what, count, most }) } else { Ok(()) }
    }
}

/// Writes something as JSON of at most so many bytes.
///
/// # Errors
/// If it does not serialise, or is too long.
pub fn value(
    what: &'static str,
    value: &(impl Serialize + ?Sized),
    most: usize,
) -> Result<Vec<u8>, Unwritable> {
    let payload = serde_json::to_vec(value).map_err(|_| Unwritable::NotJson { what })?;
    Unwritable::check_length(payload, most)
}

/// Writes something that has to be an object.
///
/// # Errors
/// If it does not serialise, or to something else than an object.
pub fn object(
    what: &'static str,
    value: &(impl Serialize + ?Sized),
) -> Result<Box<RawValue>, Unwritable> {
    let raw = to_raw_value(value).map_err(|_| Unwritable::NotJson { what })?;
    // Nothing but an object begins like this, and no blank stands in front of what was just written.
    if raw.get().starts_with('{') { Ok(raw) } else { Err(Unwritable::NoObject { what }) }
}
