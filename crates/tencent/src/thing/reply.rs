//! What the Explorer answers.

use iot_home_mqtt::payload::{Json, Text, Unreadable};
use serde::Deserialize;

use super::Code;

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Asked {
    /// `report`: properties have these values.
    Report,
    /// `report_info`: what the device is.
    ReportInfo,
    /// `get_status`: what the platform remembers.
    GetStatus,
    /// `clear_control`: what was wanted meanwhile is done.
    ClearControl,
    /// `event_post`: an event happened.
    Event,
    /// `events_post`: several events happened.
    Events,
}

impl Asked {
    /// By the method of the answer.
    pub(super) fn of_reply(method: &str) -> Option<Self> {
        Some(match method {
            "report_reply" => Self::Report,
            "report_info_reply" => Self::ReportInfo,
            "get_status_reply" => Self::GetStatus,
            "clear_control_reply" => Self::ClearControl,
            "event_reply" => Self::Event,
            "events_reply" => Self::Events,
            _ => return None,
        })
    }
}

/// What the Explorer answers. Its `Debug` does not show the data.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reply<'a> {
    /// The token of what was asked.
    pub client_token: Option<Text<'a>>,
    /// How it went.
    pub code: Code,
    /// The platform's own words.
    pub status: Option<Text<'a>>,
    /// What was asked for.
    pub data: Option<Json<'a>>,
}

impl<'a> Reply<'a> {
    /// What the platform remembers: the answer to [`get_status`](super::property::get_status).
    ///
    /// # Errors
    /// If the data is something else.
    pub fn status(&self) -> Result<Status<'a>, Unreadable> {
        self.data.map_or(Ok(Status::default()), Json::parse)
    }
}

/// What the platform remembers of the properties. Either is an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Status<'a> {
    /// What the device told, `report` by the document and `reported` in the SDKs.
    #[serde(borrow, alias = "reported")]
    pub report: Option<Json<'a>>,
    /// What was wanted while the device was away.
    #[serde(borrow)]
    pub control: Option<Json<'a>>,
}
