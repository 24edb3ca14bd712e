//! What the states of an update mean one after the other.

use super::OtaState;

/// Follows a device through an update that it was told to make: `idle` is where it begins and where it ends, well or badly.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    seen: Seen,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    #[default]
    Nothing,
    Download,
    Image,
    Installation,
}

impl Tracker {
    /// Of a device that was told a moment ago.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in a state. Returns the end of the update, once it has one.
    pub fn state(&mut self, state: &OtaState) -> Option<Ended> {
        let seen = match state {
            OtaState::Idle => {
                return match self.seen {
                    // It may not have begun yet.
                    Seen::Nothing => None,
                    Seen::Download => Some(Ended::GaveUp),
                    Seen::Image | Seen::Installation => Some(Ended::Restarted),
                };
            }
            OtaState::Downloading => Seen::Download,
            OtaState::Downloaded => Seen::Image,
            OtaState::Installing => Seen::Installation,
            OtaState::Installed => return Some(Ended::Installed),
            OtaState::Failed => return Some(Ended::Failed),
            OtaState::Busy | OtaState::Other(_) => return None,
        };
        self.seen = self.seen.max(seen);
        None
    }

    /// Whether the device has the image: from then on it may be silent, since it starts again.
    pub fn has_image(&self) -> bool {
        self.seen >= Seen::Image
    }
}

/// How an update ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ended {
    /// The device says that it is done.
    Installed,
    /// It had the image, and is idle now: it has most likely started again with it. Its version tells.
    Restarted,
    /// It is idle, and never had the whole image: it did not like what it fetched. Some chips want a checksum behind
    /// the image, and fetch it three times in vain without.
    GaveUp,
    /// The device says that it failed.
    Failed,
}

impl Ended {
    /// Whether there is no sign of a failure.
    pub fn is_well(self) -> bool {
        matches!(self, Self::Installed | Self::Restarted)
    }
}
