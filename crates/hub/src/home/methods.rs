//! Setting by methods, one after the other.

use iot_home_core::MiotCode;

use super::names::Setting;
use super::over::{Over, OverBulb, OverCloud, OverLumi, OverMiio, Told};
use super::request::unsent;
use super::route::Outcome;
use crate::classic;

/// What knows methods, and not numbers.
pub(super) enum Methods {
    Miio(OverMiio),
    Bulb(OverBulb),
    Lumi(OverLumi),
    Cloud(OverCloud),
}

impl Methods {
    /// Runs what sets each item, one after the other. Once something was sent the rest is not for another way.
    pub(super) async fn run_each(&self, requests: Vec<&classic::Request>) -> Over<Vec<Told>> {
        let mut told = Vec::with_capacity(requests.len());
        for request in requests {
            let ran = match self {
                Self::Miio(device) => device.run(request, true).await,
                Self::Bulb(bulb) => bulb.run(request).await,
                Self::Lumi(child) => child.run(request).await,
                Self::Cloud(over) => over.run(request).await,
            };
            match ran {
                Ok(done) => told.push(done),
                Err(miss) if miss.outcome == Outcome::Answered => {
                    told.push((miss.error.code().unwrap_or(MiotCode::INTERNAL), None));
                }
                Err(miss) if told.is_empty() => return Err(miss),
                Err(miss) => return Err(miss.uncertain()),
            }
        }
        Ok(told)
    }
}

/// What sets each item by methods.
pub(super) fn requests<'a>(
    items: &[&'a Setting],
    of: fn(&'a Setting) -> Option<&'a classic::Request>,
) -> Over<Vec<&'a classic::Request>> {
    items.iter().map(|item| of(item)).collect::<Option<_>>().ok_or_else(unsent)
}
