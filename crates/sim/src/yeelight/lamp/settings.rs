//! Name, defaults, the timer, and lights of many parts.

use std::ops::RangeInclusive;
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_yeelight::{Light, Property, Rgb};
use serde_json::Value;

use crate::yeelight::lamp::Lamp;
use crate::yeelight::params::Params;
use crate::yeelight::refusal::Refusal;

/// How long a timer may run: a day. Documents speak of an hour, devices take more.
pub(super) const MINUTES: RangeInclusive<i64> = 1..=1440;
/// The longest name in bytes.
pub(crate) const LONGEST_NAME: usize = 64;
const MINUTE: Duration = Duration::from_secs(60);

impl Lamp {
    pub(super) fn set_name(&mut self, params: Params<'_>) -> Result<(), Refusal> {
        let name = params.count(1..=1)?.text(0)?;
        if name.len() > LONGEST_NAME {
            return Err(Refusal::Range);
        }
        self.properties.set(&Property::Name, name);
        Ok(())
    }

    /// What it shows now it shows when it gets power, unless it stores that by itself.
    pub(super) fn set_default(&mut self, light: Light, params: Params<'_>) -> Result<(), Refusal> {
        params.count(0..=0)?;
        self.need_on(light)?;
        if self.properties.number(&Property::SaveState) == 1 {
            return Err(Refusal::State);
        }
        let present = self.snapshot(light);
        self.defaults.insert(light, present);
        Ok(())
    }

    /// 0, which is switching off, and minutes.
    pub(super) fn add_timer(&mut self, now: Instant, params: Params<'_>) -> Result<(), Refusal> {
        params.count(2..=2)?.within(0, 0..=0)?;
        let minutes = params.within(1, MINUTES)?;
        self.need_on(Light::Main)?;
        self.start_timer(now, minutes);
        Ok(())
    }

    pub(super) fn start_timer(&mut self, now: Instant, minutes: i64) {
        let seconds = minutes.unsigned_abs().saturating_mul(MINUTE.as_secs());
        self.off_at = Some(now + Duration::from_secs(seconds));
        self.properties.set(&Property::DelayOff, minutes);
    }

    pub(super) fn remove_timer(&mut self, params: Params<'_>) -> Result<(), Refusal> {
        params.count(1..=1)?.within(0, 0..=0)?;
        self.off_at = None;
        self.properties.set(&Property::DelayOff, 0);
        Ok(())
    }

    /// When the minutes left change.
    pub(super) fn timer_due(&self) -> Option<Instant> {
        let left = self.properties.number(&Property::DelayOff).max(1);
        let before_the_end = MINUTE.as_secs().saturating_mul(left.unsigned_abs().saturating_sub(1));
        let off_at = self.off_at?.since_origin();
        Some(Instant::from_origin(off_at.saturating_sub(Duration::from_secs(before_the_end))))
    }

    /// Counts the timer's minutes; true when one is over.
    pub(super) fn count_down(&mut self, now: Instant) -> bool {
        let Some(off_at) = self.off_at else { return false };
        let left = minutes_left(now, off_at);
        let counted = left != self.properties.number(&Property::DelayOff);
        if left == 0 {
            self.off_at = None;
            self.switch_by_hand(false);
        }
        self.properties.set(&Property::DelayOff, left);
        counted
    }

    /// Two colours, left and right.
    pub(super) fn set_segments(&mut self, params: Params<'_>) -> Result<(), Refusal> {
        params.count(2..=2)?;
        let (left, right) = (params.within(0, 0..=0xff_ff_ff)?, params.within(1, 0..=0xff_ff_ff)?);
        self.end_flow(Light::Background);
        self.properties.set(&Property::from("segment_rgb"), &*format!("{left},{right}"));
        Ok(())
    }

    /// `{"mode":"direct"}`.
    pub(super) fn activate_fx_mode(&mut self, params: Params<'_>) -> Result<(), Refusal> {
        let mode = params.count(1..=1)?.value(0)?.as_object().ok_or(Refusal::Type)?;
        match (mode.len(), mode.get("mode").and_then(Value::as_str)) {
            (1, Some("direct")) => {
                self.direct = true;
                Ok(())
            }
            _ => Err(Refusal::Range),
        }
    }

    /// Four characters for each LED: its three bytes in BASE64.
    pub(super) fn update_leds(&mut self, params: Params<'_>) -> Result<(), Refusal> {
        let text = params.count(1..=1)?.text(0)?.as_bytes();
        let (colors, rest) = text.as_chunks::<4>();
        if !rest.is_empty() || colors.is_empty() || colors.len() > self.leds.len() {
            return Err(Refusal::Range);
        }
        let colors: Option<Vec<Rgb>> = colors.iter().map(color).collect();
        let colors = colors.ok_or(Refusal::Range)?;
        if !self.direct {
            return Err(Refusal::State);
        }
        for (led, color) in self.leds.iter_mut().zip(colors) {
            *led = color;
        }
        Ok(())
    }
}

/// How many minutes are left, begun ones counted whole.
pub(super) fn minutes_left(now: Instant, off_at: Instant) -> i64 {
    let left = off_at.saturating_since(now);
    let minutes = left.as_nanos().div_ceil(MINUTE.as_nanos());
    i64::try_from(minutes).unwrap_or(i64::MAX)
}

/// Four BASE64 digits are 24 bits.
fn color(digits: &[u8; 4]) -> Option<Rgb> {
    let digit = |byte: u8| {
        Some(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        })
    };
    let bits = digits.iter().try_fold(0, |bits, byte| Some(bits << 6 | u32::from(digit(*byte)?)));
    bits.map(Rgb)
}
