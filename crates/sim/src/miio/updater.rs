//! How a device updates itself.

use std::time::Duration;

use iot_home_core::Instant;
use iot_home_miio::{DeviceError, ota};
use serde_json::{Value, json};

use crate::miio::answer::ok;
use crate::miio::refusals::Refusals;
use crate::miio::report::count;
use crate::miio::station::bad_params;

/// What goes wrong with an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpdateFault {
    /// Nothing.
    #[default]
    None,
    /// It misses the checksum behind the image, as some chips do: it fetches three times and is idle again.
    NoTrailer,
    /// It loses the connection half-way.
    BrokenOff,
}

/// An image that the device wants to have. See [`Machine::poll_fetch`](crate::Machine::poll_fetch).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetch {
    /// From where; plain HTTP.
    pub url: String,
    /// Whether the device is to lose the connection half-way.
    pub broken_off: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Updater {
    fault: UpdateFault,
    stage: Stage,
    wanted: Option<Fetch>,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Idle,
    Downloading {
        url: String,
        md5: String,
        tries: u32,
        percent: u8,
    },
    /// Until then.
    Downloaded(Instant),
    Installing(Instant),
    Failed,
}

impl Updater {
    pub(crate) fn new(fault: UpdateFault) -> Self {
        Self { fault, ..Self::default() }
    }

    /// `miIO.ota` and its like; nothing for all other methods.
    pub(crate) fn call(
        &mut self,
        refusals: &mut Refusals,
        method: &str,
        params: &Value,
    ) -> Option<Result<Value, DeviceError>> {
        Some(Ok(match method {
            "miIO.ota" => return Some(self.begin(refusals, params)),
            "miIO.get_ota_state" => json!([match &self.stage {
                Stage::Idle => "idle",
                Stage::Downloading { .. } => "downloading",
                Stage::Downloaded(_) => "downloaded",
                Stage::Installing(_) => "installing",
                Stage::Failed => "failed",
            }]),
            "miIO.get_ota_progress" => json!([match &self.stage {
                Stage::Idle | Stage::Failed => 101,
                Stage::Downloading { percent, .. } => *percent,
                Stage::Downloaded(_) | Stage::Installing(_) => 100,
            }]),
            _ => return None,
        }))
    }

    fn begin(&mut self, refusals: &mut Refusals, params: &Value) -> Result<Value, DeviceError> {
        let text = |key: &str| params.get(key).and_then(Value::as_str).unwrap_or_default();
        let (url, md5) = (text("app_url").to_owned(), text("file_md5").to_ascii_lowercase());
        let is_md5 = md5.len() == 32 && md5.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_whole = text("mode") == "normal" && text("proc") == "dnld install";
        if !url.starts_with("http://") || url.len() > MAX_URL || !is_md5 || !is_whole {
            count(&mut refusals.bad_params);
            return Err(bad_params());
        }
        if !matches!(self.stage, Stage::Idle | Stage::Failed) {
            count(&mut refusals.updating);
            return Err(DeviceError::new(Some(-33008), "install busy"));
        }
        self.wanted = Some(self.fetch(&url));
        self.stage = Stage::Downloading { url, md5, tries: 1, percent: 0 };
        Ok(ok())
    }

    fn fetch(&self, url: &str) -> Fetch {
        Fetch { url: url.to_owned(), broken_off: self.fault == UpdateFault::BrokenOff }
    }

    pub(crate) fn poll_fetch(&mut self) -> Option<Fetch> {
        self.wanted.take()
    }

    pub(crate) fn progressed(&mut self, to: u8) {
        if let Stage::Downloading { percent, .. } = &mut self.stage {
            *percent = to.min(100);
        }
    }

    /// The image has come, or will not.
    pub(crate) fn fetched(&mut self, now: Instant, image: Option<&[u8]>) {
        let Stage::Downloading { url, md5, tries, .. } = std::mem::take(&mut self.stage) else {
            return;
        };
        let Some(image) = image else {
            self.stage = Stage::Failed;
            return;
        };
        let sum: String = ota::md5(image).iter().map(|byte| format!("{byte:02x}")).collect();
        if sum != md5 {
            self.stage = Stage::Failed;
        } else if self.fault == UpdateFault::NoTrailer {
            if tries < TRIES {
                self.wanted = Some(self.fetch(&url));
                self.stage = Stage::Downloading { url, md5, tries: tries + 1, percent: 0 };
            }
        } else {
            self.stage = Stage::Downloaded(now + STEP);
        }
    }

    /// Goes on where it is time. Returns when an image has just been installed.
    pub(crate) fn advance(&mut self, now: Instant) -> Option<Instant> {
        if let Stage::Downloaded(until) = self.stage
            && until <= now
        {
            self.stage = Stage::Installing(until + STEP);
        }
        if let Stage::Installing(until) = self.stage
            && until <= now
        {
            self.stage = Stage::Idle;
            return Some(until);
        }
        None
    }
}

const MAX_URL: usize = 512;
const TRIES: u32 = 3;
const STEP: Duration = Duration::from_millis(300);
