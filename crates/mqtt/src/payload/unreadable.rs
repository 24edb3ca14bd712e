//! Reading a payload, and why it cannot be read.

use serde::Deserialize;
use serde_json::error::Category;

use crate::{InvalidField, InvalidTopic};

/// Why a message cannot be read. It tells the place, and never the contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// Its topic is no topic.
    #[error(transparent)]
    Topic(#[from] InvalidTopic),
    /// It is longer than the platform lets messages be.
    #[error("the payload has {length} bytes; messages of this platform have {most} at most")]
    Length {
        /// How many bytes it has.
        length: usize,
        /// How many it may have.
        most: usize,
    },
    /// It is no JSON.
    #[error("the payload is not JSON from byte {offset} on")]
    NotJson {
        /// Where reading stopped.
        offset: usize,
    },
    /// It is JSON, and something in it is missing, doubled or of another kind than it has to be.
    #[error("the JSON does not have the form that its topic calls for (at byte {offset} of it)")]
    Form {
        /// Where reading stopped.
        offset: usize,
    },
    /// A name in it cannot be one.
    #[error(transparent)]
    Field(#[from] InvalidField),
}

/// Reads a payload of at most so many bytes.
///
/// # Errors
/// Why it cannot be read as this.
pub fn read<'a, T: Deserialize<'a>>(payload: &'a [u8], most: usize) -> Result<T, Unreadable> {
    if payload.len() > most {
        return Err(Unreadable::Length { length: payload.len(), most });
    }
    let text = core::str::from_utf8(payload)
        .map_err(|error| Unreadable::NotJson { offset: error.valid_up_to() })?;
    parse(text)
}

pub(super) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Unreadable> {
    // The parser's own message may quote what stands there.
    serde_json::from_str(text).map_err(|error| {
        let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
        let before = lines.map(str::len).fold(0, usize::saturating_add);
        let offset = before.saturating_add(error.column());
        match error.classify() {
            Category::Data => Unreadable::Form { offset },
            _ => Unreadable::NotJson { offset },
        }
    })
}
