//! The lamp behind its network module: what it shows, and what each method makes of that.

mod adjust;
mod flow;
mod lights;
mod power;
mod scene;
mod settings;

use std::collections::BTreeMap;

use iot_home_core::Instant;
use iot_home_yeelight::{Light, Property, PropertyValue, Rgb};
use serde_json::{Value, json};

use crate::yeelight::lamp::flow::Playing;
use crate::yeelight::model::Kind;
use crate::yeelight::params::Params;
use crate::yeelight::properties::{Names, Properties};
use crate::yeelight::refusal::Refusal;

/// The lamp behind its network module.
#[derive(Debug)]
pub(crate) struct Lamp {
    pub(crate) kind: Kind,
    pub(crate) properties: Properties,
    flows: BTreeMap<Light, Playing>,
    /// When the timer switches off.
    off_at: Option<Instant>,
    /// Brightness of the night light, also while it does not shine.
    night_bright: i64,
    /// What each light shows when it gets power, where that was set.
    defaults: BTreeMap<Light, Vec<(Property, PropertyValue)>>,
    /// Whether the LEDs are set one by one.
    direct: bool,
    leds: Vec<Rgb>,
}

/// What a command that went well is answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    /// `["ok"]`.
    Ok,
    /// One text for each property asked for.
    Texts(Vec<String>),
    /// Whatever else.
    Values(Value),
}

impl Lamp {
    pub(crate) fn new(kind: Kind, properties: Properties) -> Self {
        Self {
            kind,
            properties,
            flows: BTreeMap::new(),
            off_at: None,
            night_bright: 50,
            defaults: BTreeMap::new(),
            direct: false,
            leds: vec![Rgb(0); kind.leds],
        }
    }

    /// Carries out a command. `short` forms leave out how a change comes about; some clients send
    /// them where no answer would tell that they are wrong.
    pub(crate) fn call(
        &mut self,
        now: Instant,
        method: &str,
        params: Params<'_>,
        short: bool,
    ) -> Result<Reply, Refusal> {
        let (light, name) = match method.strip_prefix("bg_") {
            Some(name) => (Light::Background, name),
            None => (Light::Main, method),
        };
        match (name, light) {
            ("get_prop", Light::Main) => return self.read(params),
            ("cron_get", Light::Main) => return self.timers(now, params),
            ("set_power", _) => self.set_power(now, light, params, short)?,
            ("toggle", _) => self.toggle(light, params)?,
            ("dev_toggle", Light::Main) => self.toggle_both(params)?,
            ("set_bright", _) => self.set_bright(light, params)?,
            ("set_ct_abx", _) => self.set_ct(light, params)?,
            ("set_rgb", _) => self.set_rgb(light, params)?,
            ("set_hsv", _) => self.set_hsv(light, params)?,
            ("start_cf", _) => self.start_flow(now, light, params)?,
            ("stop_cf", _) => self.stop_flow(light, params)?,
            ("set_scene", _) => self.set_scene(now, light, params)?,
            ("set_default", _) => self.set_default(light, params)?,
            ("set_adjust", _) => self.set_adjust(light, params)?,
            ("adjust_bright", _) => self.adjust(light, adjust::What::Bright, params)?,
            ("adjust_ct", _) => self.adjust(light, adjust::What::Ct, params)?,
            ("adjust_color", _) => self.adjust(light, adjust::What::Color, params)?,
            ("set_name", Light::Main) => self.set_name(params)?,
            ("cron_add", Light::Main) => self.add_timer(now, params)?,
            ("cron_del", Light::Main) => self.remove_timer(params)?,
            ("set_segment_rgb", Light::Main) => self.set_segments(params)?,
            ("activate_fx_mode", Light::Main) => self.activate_fx_mode(params)?,
            ("update_leds", Light::Main) => self.update_leds(params)?,
            _ => return Err(Refusal::Method),
        }
        self.sync();
        Ok(Reply::Ok)
    }

    /// One text for each name.
    fn read(&self, params: Params<'_>) -> Result<Reply, Refusal> {
        params.count(1..)?;
        let text = |at| {
            let property = Property::from(params.text(at)?);
            Ok(self.properties.value(&property).map(ToString::to_string).unwrap_or_default())
        };
        (0..params.len()).map(text).collect::<Result<_, _>>().map(Reply::Texts)
    }

    fn timers(&self, now: Instant, params: Params<'_>) -> Result<Reply, Refusal> {
        params.count(1..=1)?.within(0, 0..=0)?;
        let timer = self.off_at.map(|at| settings::minutes_left(now, at));
        let timers = timer.map(|delay| json!({"type": 0, "delay": delay, "mix": 0}));
        Ok(Reply::Values(timers.into_iter().collect()))
    }

    /// When something happens by itself.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let flows = self.flows.values().map(Playing::due);
        flows.chain(self.timer_due()).min()
    }

    /// Lets happen what is due; true when clients are to be told of it.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> bool {
        let ended = self.play(now);
        let counted = self.count_down(now);
        self.sync();
        ended || counted
    }

    /// A wall switch: what runs ends, and the defaults shine.
    pub(crate) fn power_cycle(&mut self) {
        for light in [Light::Main, Light::Background] {
            self.end_flow(light);
        }
        self.off_at = None;
        self.properties.set(&Property::DelayOff, 0);
        self.direct = false;
        for (property, value) in self.defaults.values().flatten() {
            self.properties.set(property, value.clone());
        }
        self.sync();
    }

    /// The values that follow from others.
    pub(crate) fn sync(&mut self) {
        let properties = &mut self.properties;
        if self.kind.background {
            let on = properties.is_on(&Property::MainPower) || properties.is_on(&Property::BgPower);
            properties.switch(&Property::Power, on);
        }
        if self.kind.night {
            let moon = properties.number(&Property::ActiveMode) == 1;
            let shines = if moon { Property::NlBr } else { Property::Bright };
            let bright = properties.number(&shines);
            properties.set(&Property::ActiveBright, bright);
        }
        if self.off_at.is_some() && !properties.is_on(&Property::Power) {
            self.off_at = None;
            self.properties.set(&Property::DelayOff, 0);
        }
    }

    /// What clients are to be told. How a light looks while a flow plays they are told when it is over.
    pub(crate) fn take_changes(&mut self) -> Vec<(Property, PropertyValue)> {
        let flows = &self.flows;
        self.properties.take_changes(|property| {
            flows.keys().any(|light| {
                let looks = Names::of(*light).look().contains(&property);
                looks || (*light == Light::Main && *property == Property::ActiveBright)
            })
        })
    }

    /// Whether nothing shines.
    pub(crate) fn is_off(&self) -> bool {
        !self.properties.is_on(&Property::Power)
    }

    /// The colours that its LEDs were given one by one.
    pub(crate) fn leds(&self) -> &[Rgb] {
        &self.leds
    }

    /// What switches this light.
    fn power(&self, light: Light) -> Property {
        match light {
            Light::Background => Property::BgPower,
            Light::Main if self.kind.background => Property::MainPower,
            Light::Main => Property::Power,
        }
    }

    fn is_on(&self, light: Light) -> bool {
        self.properties.is_on(&self.power(light))
    }

    /// Most commands are taken only while the light is on.
    fn need_on(&self, light: Light) -> Result<(), Refusal> {
        if self.is_on(light) { Ok(()) } else { Err(Refusal::Off) }
    }

    fn snapshot(&self, light: Light) -> Vec<(Property, PropertyValue)> {
        self.properties.snapshot(Names::of(light).look())
    }
}
