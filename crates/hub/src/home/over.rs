//! Requests over one way each: what is sent, and what its outcome means for the choice of the way.

mod bulb;
mod cloud;
mod lumi;
mod miio;

pub(super) use bulb::OverBulb;
pub(super) use cloud::{OverCloud, missed as missed_by_cloud, of_code as of_cloud_code};
pub(super) use lumi::OverLumi;
pub(super) use miio::OverMiio;

use iot_home_core::MiotCode;
use serde_json::Value;

use super::error::Error;
use super::route::Outcome;

/// What a device says of one property: its code, and its value where it was read.
pub(super) type Told = (MiotCode, Option<Value>);

/// A request that was not answered: what that means for the route, and the error it ends with where it was the last.
pub(super) struct Miss {
    pub(super) outcome: Outcome,
    pub(super) error: Error,
}

impl Miss {
    /// It may have been carried out, or a part of it.
    pub(super) fn uncertain(self) -> Self {
        let error = self.error.into_uncertain();
        Self { outcome: Outcome::NoAnswer, error }
    }
}

pub(super) type Over<T> = Result<T, Miss>;
