//! Names of topics, and the filters that they are subscribed to by, as MQTT 3.1.1 has them (section 4.7).
//!
//! ```
//! use iot_home_mqtt::topic::{self, InvalidTopic};
//!
//! topic::check_filter("/sys/+/lamp-1/#")?;
//! assert!(topic::matches("/sys/+/lamp-1/#", "/sys/a1X2bEnP82z/lamp-1/thing/service/property/set"));
//! assert_eq!(topic::check_name("/sys/+/set"), Err(InvalidTopic::Wildcard { position: 6 }));
//! # Ok::<(), InvalidTopic>(())
//! ```

/// The most bytes of a topic's name or filter.
pub const MAX_LENGTH: usize = 65_535;

/// Why a text is no topic's name, or no filter. It does not hold the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTopic {
    /// There is nothing in it.
    #[error("the topic is empty; it has to have a character at least")]
    Empty,
    /// It does not fit into a packet.
    #[error("the topic has {length} bytes; it has to have {MAX_LENGTH} at most")]
    Length {
        /// How many bytes it has.
        length: usize,
    },
    /// It has the character U+0000, which no text of MQTT may have.
    #[error("character {position} of the topic is U+0000, which no topic may have")]
    Nul {
        /// Which character, from 1.
        position: usize,
    },
    /// It is a name, and has a wildcard.
    #[error("character {position} of the topic is a wildcard, which only a filter may have")]
    Wildcard {
        /// Which character, from 1.
        position: usize,
    },
    /// A `+` does not stand alone in its level.
    #[error("the + at character {position} of the filter has to stand alone between slashes")]
    SingleLevel {
        /// Which character, from 1.
        position: usize,
    },
    /// A `#` does not stand alone in its level, or not in the last.
    #[error("the # at character {position} of the filter has to stand alone behind the last slash")]
    MultiLevel {
        /// Which character, from 1.
        position: usize,
    },
}

/// Whether something may be published to this name.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check_name(name: &str) -> Result<(), InvalidTopic> {
    check(name, |wildcard| Some(InvalidTopic::Wildcard { position: wildcard.position }))
}

/// Whether this filter may be subscribed to.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check_filter(filter: &str) -> Result<(), InvalidTopic> {
    check(filter, |Wildcard { character, position, before, behind }| {
        let begins = matches!(before, None | Some('/'));
        match character {
            '#' if !(begins && behind.is_none()) => Some(InvalidTopic::MultiLevel { position }),
            '+' if !(begins && matches!(behind, None | Some('/'))) => {
                Some(InvalidTopic::SingleLevel { position })
            }
            _ => None,
        }
    })
}

/// A `+` or `#`, and what stands around it.
struct Wildcard {
    character: char,
    /// From 1.
    position: usize,
    before: Option<char>,
    behind: Option<char>,
}

fn check(
    topic: &str,
    fault: impl Fn(Wildcard) -> Option<InvalidTopic>,
) -> Result<(), InvalidTopic> {
    match topic.len() {
        0 => return Err(InvalidTopic::Empty),
        length if length > MAX_LENGTH => return Err(InvalidTopic::Length { length }),
        _ => {}
    }
    let mut before = None;
    let mut rest = topic.chars().zip(1..).peekable();
    while let Some((character, position)) = rest.next() {
        let behind = rest.peek().map(|(next, _)| *next);
        let found = match character {
            '\0' => Some(InvalidTopic::Nul { position }),
            '+' | '#' => fault(Wildcard { character, position, before, behind }),
            _ => None,
        };
        found.map_or(Ok(()), Err)?;
        before = Some(character);
    }
    Ok(())
}

/// Whether a message to this topic belongs to a subscription with this filter. Both are taken to be right.
///
/// `#` stands for any number of levels, none included: `a/#` has `a`. A topic that begins with `$` is had by no filter
/// that begins with a wildcard.
pub fn matches(filter: &str, name: &str) -> bool {
    if name.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = name.split('/');
    for level in filter.split('/') {
        if level == "#" {
            return true;
        }
        match levels.next() {
            Some(own) if level == "+" || level == own => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}
