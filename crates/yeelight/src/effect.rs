//! How a change comes about.

use core::time::Duration;

/// Whether a change happens at once or gradually.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "the protocol has these two")]
pub enum Effect {
    /// At once.
    #[default]
    Sudden,
    /// Over this time, at least [`MIN_DURATION`](Self::MIN_DURATION); whole milliseconds are sent.
    Smooth(Duration),
}

impl Effect {
    /// The shortest that bulbs take for a smooth change.
    pub const MIN_DURATION: Duration = Duration::from_millis(30);

    /// A gradual change.
    pub const fn smooth(duration: Duration) -> Self {
        Self::Smooth(duration)
    }
}
