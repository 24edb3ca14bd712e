//! The Explorer's properties in their old form: what the platform remembers of a device, and what it is to become. It is the
//! Hub's [shadow](super::shadow) on topics of its own, as the official C SDKs have it, and what arrives is read as one.

use iot_home_mqtt::Publication;
use serde::Serialize;

use super::shadow::{Document, FORGET_WISHES};
use super::{Topics, Unwritable};

/// Asks for all properties, and what is wanted of them.
///
/// # Errors
/// If the token is too long.
pub fn get(topics: &Topics, token: &str) -> Result<Publication, Unwritable> {
    Document::Template.get(topics, token)
}

/// These properties are so: an object with a value to each name. The version, where one is said, has to be the platform's
/// own.
///
/// # Errors
/// If the values do not serialise, are no object, or are too long.
pub fn update(
    topics: &Topics,
    token: &str,
    reported: &(impl Serialize + ?Sized),
    version: Option<u64>,
) -> Result<Publication, Unwritable> {
    Document::Template.update(topics, token, reported, None, version)
}

/// What was wanted was taken over, and is wanted no more. The values are told with it.
///
/// # Errors
/// If the values do not serialise, are no object, or are too long.
pub fn take_over(
    topics: &Topics,
    token: &str,
    reported: &(impl Serialize + ?Sized),
    version: Option<u64>,
) -> Result<Publication, Unwritable> {
    Document::Template.update(topics, token, reported, FORGET_WISHES, version)
}
