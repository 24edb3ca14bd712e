//! What a session knows of its connection: whether it lives, and what it wants to ask by itself.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use iot_home_core::Instant;

use super::Config;
use crate::method::Method;
use crate::model::Profile;
use crate::property::{Properties, Property};

#[derive(Debug)]
pub(super) enum Link {
    Down { since: Instant },
    Up(Up),
}

#[derive(Debug)]
pub(super) struct Up {
    /// Bulbs get a moment before their first command.
    settled_at: Instant,
    heard_at: Instant,
    /// When the session last asked for properties, or a caller did.
    asked_at: Instant,
    power_pushed_at: Option<Instant>,
    /// The whole state is to be asked for.
    first_read: bool,
    /// A few properties are to be asked for, once it is time.
    reread_at: Option<Instant>,
    /// The bulb is to be asked whether it is there.
    ping: bool,
}

impl Link {
    pub(super) const fn down(since: Instant) -> Self {
        Self::Down { since }
    }

    pub(super) fn up(now: Instant, config: &Config) -> Self {
        Self::Up(Up {
            settled_at: now + config.settle,
            heard_at: now,
            asked_at: now,
            power_pushed_at: None,
            first_read: config.read_state,
            reread_at: None,
            ping: false,
        })
    }

    pub(super) const fn is_up(&self) -> bool {
        matches!(self, Self::Up(_))
    }

    pub(super) fn may_send(&self, now: Instant) -> bool {
        matches!(self, Self::Up(up) if up.settled_at <= now)
    }

    pub(super) fn heard(&mut self, now: Instant) {
        if let Self::Up(up) = self {
            up.heard_at = now;
            up.ping = false;
        }
    }

    pub(super) fn asked(&mut self, now: Instant) {
        if let Self::Up(up) = self {
            up.asked_at = now;
        }
    }

    pub(super) fn heard_since(&self, at: Instant) -> bool {
        matches!(self, Self::Up(up) if up.heard_at > at)
    }

    /// A command that was sent then got no answer.
    pub(super) fn is_silent_since(&mut self, at: Instant) {
        if let Self::Up(up) = self {
            up.ping |= up.heard_at <= at && up.asked_at <= at;
        }
    }

    /// The bulb told of these properties by itself.
    pub(super) fn pushed(&mut self, now: Instant, props: &Properties, config: &Config) {
        let Self::Up(up) = self else { return };
        let has = |property| props.value(&property).is_some();
        if has(Property::Power) || has(Property::MainPower) || has(Property::BgPower) {
            up.power_pushed_at = Some(now);
        }
        // What some lamps push of their second light is wrong, and right a moment later.
        if config.read_state && has(Property::BgPower) {
            up.reread_at = Some(now + REREAD_BACKGROUND);
        }
    }

    /// A command that was sent then has changed the power. Some bulbs do not tell.
    pub(super) fn power_changed(&mut self, now: Instant, sent_at: Instant, config: &Config) {
        let Self::Up(up) = self else { return };
        let told = up.power_pushed_at.is_some_and(|at| at >= sent_at);
        if config.read_state && !told && up.reread_at.is_none() {
            up.reread_at = Some(now + REREAD_POWER);
        }
    }

    /// What the session wants to ask by itself now.
    pub(super) fn own_question(&self, now: Instant) -> Option<Question> {
        let Self::Up(up) = self else { return None };
        if up.first_read {
            Some(Question::State)
        } else if up.reread_at.is_some_and(|at| at <= now) {
            Some(Question::Power)
        } else if up.ping {
            Some(Question::Presence)
        } else {
            None
        }
    }

    /// The command that asks it; from now on it is not wanted any more.
    pub(super) fn ask(&mut self, question: Question, profile: &Profile) -> Method {
        if let Self::Up(up) = self {
            match question {
                Question::State => up.first_read = false,
                Question::Power => up.reread_at = None,
                Question::Presence => {}
            }
            // Any answer is a sign of life.
            up.ping = false;
        }
        Method::GetProp(match question {
            Question::State => state_properties(profile),
            Question::Power => POWER.to_vec(),
            Question::Presence => vec![Property::Power],
        })
    }

    /// When something is to be sent next. `waits` is whether commands wait for their turn, and
    /// `blocked` until when the quota holds them back.
    pub(super) fn next_sending(&self, waits: bool, blocked: Option<Instant>) -> Option<Instant> {
        let Self::Up(up) = self else { return None };
        let not_before = blocked.map_or(up.settled_at, |until| until.max(up.settled_at));
        let now = (waits || up.first_read || up.ping).then_some(not_before);
        let reread = up.reread_at.map(|at| at.max(not_before));
        [now, reread].into_iter().flatten().min()
    }

    /// When the silence has lasted long enough to ask whether the bulb is there.
    pub(super) fn next_ping(&self, config: &Config) -> Option<Instant> {
        let Self::Up(up) = self else { return None };
        let interval = config.keep_alive.filter(|_| !up.ping)?;
        Some(up.heard_at.max(up.asked_at) + interval)
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, config: &Config) {
        if let Self::Up(up) = self
            && let Some(interval) = config.keep_alive
            && up.heard_at.max(up.asked_at) + interval <= now
        {
            up.ping = true;
        }
    }
}

/// What a session asks by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// The whole state, after a connection was made.
    State,
    /// What goes with the power, after a change that was not told.
    Power,
    /// Whether the bulb is there.
    Presence,
}

/// What the state consists of: no more than a bulb takes in one question.
fn state_properties(profile: &Profile) -> Vec<Property> {
    use Property::{
        ActiveBright, ActiveMode, BgBright, BgCt, BgFlowing, BgHue, BgLmode, BgPower, BgRgb, BgSat,
        Bright, ColorMode, Ct, DelayOff, FlowParams, Flowing, Hue, MainPower, MusicOn, Name, NlBr,
        Power, Rgb, Sat,
    };
    let mut properties = vec![
        Power,
        MainPower,
        Bright,
        ColorMode,
        Ct,
        Rgb,
        Hue,
        Sat,
        Flowing,
        FlowParams,
        DelayOff,
        MusicOn,
        Name,
        NlBr,
        ActiveMode,
        ActiveBright,
    ];
    if profile.has_background() != Some(false) {
        properties.extend([BgPower, BgBright, BgLmode, BgCt, BgRgb, BgHue, BgSat, BgFlowing]);
    }
    properties
}

/// What is asked for after a change of power.
const POWER: [Property; 7] = [
    Property::Power,
    Property::MainPower,
    Property::BgPower,
    Property::Bright,
    Property::NlBr,
    Property::ActiveMode,
    Property::ColorMode,
];

const REREAD_BACKGROUND: Duration = Duration::from_millis(400);
const REREAD_POWER: Duration = Duration::from_secs(1);
