//! Colour flows, as they are written and as they play.

use std::time::Duration;

use iot_home_core::Instant;
use iot_home_yeelight::{ColorMode, Light, Property, PropertyValue};

use crate::yeelight::lamp::Lamp;
use crate::yeelight::lamp::lights::{COLORS, PERCENT};
use crate::yeelight::model::Kind;
use crate::yeelight::params::Params;
use crate::yeelight::properties::Names;
use crate::yeelight::refusal::Refusal;

/// A flow as it was sent.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    /// How many steps are played; 0 is without end.
    count: u64,
    action: Action,
    steps: Vec<Step>,
}

/// What happens at the end.
#[derive(Clone, Copy, Debug)]
enum Action {
    Restore,
    Stay,
    Off,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    millis: u64,
    show: Show,
    /// `None` leaves it as it is.
    bright: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
enum Show {
    Rgb(i64),
    Ct(i64),
    Sleep,
}

impl Flow {
    /// Count, action, and the steps as one text: `duration,mode,value,brightness` for each.
    pub(super) fn read(params: Params<'_>, kind: Kind, light: Light) -> Result<Self, Refusal> {
        params.count(3..=3)?;
        let count = params.within(0, 0..=i64::from(i32::MAX))?.unsigned_abs();
        let action = match params.within(1, 0..=2)? {
            0 => Action::Restore,
            1 => Action::Stay,
            _ => Action::Off,
        };
        let numbers = params.text(2)?.split(',').map(|number| number.trim().parse::<i64>());
        let numbers: Vec<i64> = numbers.collect::<Result<_, _>>().map_err(|_| Refusal::Type)?;
        let (steps, rest) = numbers.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(Refusal::Count);
        }
        let steps = steps.iter().map(|step| Step::of(*step, kind, light));
        Ok(Self { count, action, steps: steps.collect::<Result<_, _>>()? })
    }

    /// As the property `flow_params` shows it.
    fn params(&self) -> String {
        let action = match self.action {
            Action::Restore => 0,
            Action::Stay => 1,
            Action::Off => 2,
        };
        let mut text = format!("{},{action}", self.count);
        for Step { millis, show, bright } in &self.steps {
            let (mode, value) = match show {
                Show::Rgb(rgb) => (1, *rgb),
                Show::Ct(kelvin) => (2, *kelvin),
                Show::Sleep => (7, 0),
            };
            text += &format!(",{millis},{mode},{value},{}", bright.unwrap_or(-1));
        }
        text
    }

    /// How long one round takes in milliseconds.
    fn round(&self) -> u64 {
        self.steps.iter().fold(0, |sum, step| sum.saturating_add(step.millis))
    }
}

impl Step {
    fn of(
        [millis, mode, value, bright]: [i64; 4],
        kind: Kind,
        light: Light,
    ) -> Result<Self, Refusal> {
        let within = |range: std::ops::RangeInclusive<i64>, number| {
            if range.contains(&number) { Ok(number) } else { Err(Refusal::Range) }
        };
        let show = match mode {
            1 if kind.has_color(light) => Show::Rgb(within(COLORS, value)?),
            2 => Show::Ct(within(kind.kelvin(light), value)?),
            7 => Show::Sleep,
            _ => return Err(Refusal::Range),
        };
        let bright = match (show, bright) {
            (Show::Sleep, _) | (_, -1) => None,
            (_, bright) => Some(within(PERCENT, bright)?),
        };
        let millis = within(50..=i64::from(i32::MAX), millis)?.unsigned_abs();
        Ok(Self { millis, show, bright })
    }
}

/// A flow that plays.
#[derive(Debug)]
pub(super) struct Playing {
    flow: Flow,
    /// Which step it is at.
    at: usize,
    /// How many steps were played, this one included.
    played: u64,
    /// When this step ends.
    due: Instant,
    /// What the light was before.
    before: Vec<(Property, PropertyValue)>,
    was_on: bool,
}

impl Playing {
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// Goes over the rounds that were over long ago, so that an hour is not played step by step.
    fn skip(&mut self, now: Instant) {
        let round = self.flow.round().max(1);
        let late = now.saturating_since(self.due).as_millis();
        let mut rounds = u64::try_from(late).unwrap_or(u64::MAX) / round;
        let length = u64::try_from(self.flow.steps.len()).unwrap_or(u64::MAX);
        if self.flow.count > 0 {
            rounds = rounds.min(self.flow.count.saturating_sub(self.played) / length.max(1));
        }
        self.due = self.due + Duration::from_millis(round.saturating_mul(rounds));
        self.played = self.played.saturating_add(length.saturating_mul(rounds));
    }
}

impl Lamp {
    /// Count, action, steps; only while the light is on.
    pub(super) fn start_flow(
        &mut self,
        now: Instant,
        light: Light,
        params: Params<'_>,
    ) -> Result<(), Refusal> {
        let flow = Flow::read(params, self.kind, light)?;
        self.need_on(light)?;
        self.begin_flow(now, light, flow);
        Ok(())
    }

    pub(super) fn stop_flow(&mut self, light: Light, params: Params<'_>) -> Result<(), Refusal> {
        params.count(0..=0)?;
        self.end_flow(light);
        Ok(())
    }

    /// Switches on and plays. A flow in place of another restores what was before that.
    pub(super) fn begin_flow(&mut self, now: Instant, light: Light, flow: Flow) {
        let Some(first) = flow.steps.first().copied() else { return };
        let (was_on, before) = match self.flows.remove(&light) {
            Some(old) => (old.was_on, old.before),
            None => (self.is_on(light), self.snapshot(light)),
        };
        self.switch(light, true);
        self.leave_night(light);
        let names = Names::of(light);
        self.properties.set(&names.flowing, 1);
        self.properties.set(&names.flow_params, &*flow.params());
        let due = now + Duration::from_millis(first.millis);
        let playing = Playing { flow, at: 0, played: 1, due, before, was_on };
        self.show(light, first);
        self.flows.insert(light, playing);
    }

    /// The flow that ran last, or one through the colours.
    pub(super) fn last_flow(&mut self, now: Instant, light: Light) {
        let step = |rgb| Step { millis: 3000, show: Show::Rgb(rgb), bright: None };
        let steps = [0xff_00_00, 0x00_ff_00, 0x00_00_ff].map(step).to_vec();
        let through = || Flow { count: 0, action: Action::Stay, steps };
        let text = self.properties.value(&Names::of(light).flow_params);
        let text = text.and_then(PropertyValue::as_text).unwrap_or_default();
        let last = text.splitn(3, ',').collect::<Vec<_>>();
        let flow = match last.as_slice() {
            [count, action, steps] => {
                let number = |text: &str| text.parse::<i64>().unwrap_or(0).into();
                let params = [number(count), number(action), (*steps).into()];
                Flow::read(Params(&params), self.kind, light).unwrap_or_else(|_| through())
            }
            _ => through(),
        };
        self.begin_flow(now, light, flow);
    }

    /// A running flow ends where it is.
    pub(super) fn end_flow(&mut self, light: Light) {
        if self.flows.remove(&light).is_some() {
            self.properties.set(&Names::of(light).flowing, 0);
        }
    }

    /// Plays what is due by now; true when a flow came to its end.
    pub(super) fn play(&mut self, now: Instant) -> bool {
        let mut ended = false;
        for light in [Light::Main, Light::Background] {
            let Some(mut playing) = self.flows.remove(&light) else { continue };
            playing.skip(now);
            let mut over = false;
            while playing.due <= now && !over {
                let count = playing.flow.count;
                over = count > 0 && playing.played >= count;
                if !over {
                    playing.at = playing.at.saturating_add(1) % playing.flow.steps.len().max(1);
                    playing.played = playing.played.saturating_add(1);
                    if let Some(step) = playing.flow.steps.get(playing.at).copied() {
                        self.show(light, step);
                        playing.due = playing.due + Duration::from_millis(step.millis);
                    }
                }
            }
            if over {
                self.flow_over(light, playing);
                ended = true;
            } else {
                self.flows.insert(light, playing);
            }
        }
        ended
    }

    fn flow_over(&mut self, light: Light, playing: Playing) {
        self.properties.set(&Names::of(light).flowing, 0);
        match playing.flow.action {
            Action::Restore => {
                for (property, value) in playing.before {
                    self.properties.set(&property, value);
                }
                self.switch(light, playing.was_on);
            }
            Action::Stay => {}
            Action::Off => self.switch(light, false),
        }
    }

    fn show(&mut self, light: Light, step: Step) {
        let names = Names::of(light);
        let mut mode = |mode: ColorMode| {
            self.properties.set(&names.mode, i64::from(mode.number()));
        };
        match step.show {
            Show::Rgb(rgb) => {
                mode(ColorMode::Rgb);
                self.properties.set(&names.rgb, rgb);
            }
            Show::Ct(kelvin) => {
                mode(ColorMode::Temperature);
                self.properties.set(&names.ct, kelvin);
            }
            Show::Sleep => {}
        }
        if let Some(bright) = step.bright {
            self.properties.set(&names.bright, bright);
        }
    }
}
