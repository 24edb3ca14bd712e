//! What the platform answers to a call.

use alloc::borrow::Cow;

use iot_home_mqtt::payload::{self, Json, Text, Unreadable};
use serde::Deserialize;

use super::ota::Firmware;
use super::{Code, MAX_PAYLOAD};

/// What the platform answers to a call. Its `Debug` does not show the data, which may hold secrets.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Reply<'a> {
    /// The call's id.
    #[serde(borrow, default)]
    pub id: Option<Text<'a>>,
    /// How it went.
    pub code: Code,
    /// What was asked for.
    #[serde(borrow, default)]
    pub data: Option<Json<'a>>,
    /// The platform's own words.
    #[serde(borrow, default)]
    pub message: Option<Cow<'a, str>>,
}

impl<'a> Reply<'a> {
    pub(super) fn parse(payload: &'a [u8]) -> Result<Self, Unreadable> {
        payload::read(payload, MAX_PAYLOAD)
    }

    /// The data as a type of yours; absent data is read as an empty object.
    ///
    /// # Errors
    /// If it does not have that type's form.
    pub fn data<T: Deserialize<'a>>(&self) -> Result<T, Unreadable> {
        match self.data {
            Some(data) => data.parse(),
            None => payload::read(b"{}", MAX_PAYLOAD),
        }
    }

    /// The data of [`FirmwareGet`](super::Method::FirmwareGet): `None` where there is nothing newer.
    ///
    /// # Errors
    /// If it does not describe firmware.
    pub fn firmware(&self) -> Result<Option<Firmware<'a>>, Unreadable> {
        match self.data {
            Some(data) if !data.members()?.is_empty() => data.parse().map(Some),
            _ => Ok(None),
        }
    }
}
