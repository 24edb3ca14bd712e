//! The values that a bulb shows, and which of them clients have not been told yet.

use std::collections::BTreeMap;

use iot_home_yeelight::{Light, Property, PropertyValue};

use crate::yeelight::model::Kind;

/// The values that a bulb shows. What it does not have is not in here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Properties {
    values: BTreeMap<Property, PropertyValue>,
    /// What changed since the last notification, with the value of before.
    told: BTreeMap<Property, PropertyValue>,
}

impl Properties {
    /// As the model comes from the factory.
    pub(crate) fn of(kind: Kind, name: &str) -> Self {
        let mut new = Self::default();
        let (low, high) = kind.kelvin;
        let ct = 4000.clamp(low, high);
        new.define(Property::Name, name);
        for property in [Property::LanCtrl, Property::SaveState, Property::DelayOff] {
            new.define(property, 0);
        }
        new.define(Property::LanCtrl, 1);
        if kind.music {
            new.define(Property::MusicOn, 0);
        }
        if kind.night {
            new.define(Property::NlBr, 0);
            new.define(Property::ActiveMode, 0);
            new.define(Property::ActiveBright, 100);
        }
        if kind.segments {
            new.define("segment_rgb".into(), "");
        }
        new.define(Property::Power, "on");
        if kind.background {
            new.define(Property::MainPower, "on");
            new.define(Property::BgPower, "on");
        }
        new.define_light(&MAIN, kind.tunable.then_some(ct), kind.color);
        if kind.background {
            new.define_light(&BACKGROUND, Some(4000), true);
        }
        new
    }

    fn define_light(&mut self, names: &'static Names, ct: Option<u16>, color: bool) {
        self.define(names.bright.clone(), 100);
        self.define(names.mode.clone(), 2);
        self.define(names.flowing.clone(), 0);
        self.define(names.flow_params.clone(), "");
        if let Some(ct) = ct {
            self.define(names.ct.clone(), i64::from(ct));
        }
        if color {
            self.define(names.rgb.clone(), 0xff_00_00);
            self.define(names.hue.clone(), 0);
            self.define(names.sat.clone(), 100);
        }
    }

    /// Gives the bulb a property, or one that it has a value that nobody is told of.
    pub(crate) fn define(&mut self, property: Property, value: impl Into<Shown>) {
        self.values.insert(property, value.into().0);
    }

    pub(crate) fn value(&self, property: &Property) -> Option<&PropertyValue> {
        self.values.get(property)
    }

    pub(crate) fn number(&self, property: &Property) -> i64 {
        self.value(property).and_then(PropertyValue::as_number).unwrap_or(0)
    }

    pub(crate) fn is_on(&self, property: &Property) -> bool {
        self.value(property).and_then(PropertyValue::as_switch) == Some(true)
    }

    /// Changes a value; a property that the bulb does not have stays absent.
    pub(crate) fn set(&mut self, property: &Property, value: impl Into<Shown>) {
        let Shown(value) = value.into();
        if let Some(present) = self.values.get_mut(property)
            && *present != value
        {
            let before = std::mem::replace(present, value);
            self.told.entry(property.clone()).or_insert(before);
        }
    }

    pub(crate) fn switch(&mut self, property: &Property, on: bool) {
        self.set(property, if on { "on" } else { "off" });
    }

    /// What differs from what clients were told last, but for the quiet ones, of which they will be
    /// told later.
    pub(crate) fn take_changes(
        &mut self,
        quiet: impl Fn(&Property) -> bool,
    ) -> Vec<(Property, PropertyValue)> {
        if self.told.is_empty() {
            return Vec::new();
        }
        let (later, told) =
            std::mem::take(&mut self.told).into_iter().partition(|(one, _)| quiet(one));
        self.told = later;
        let told: BTreeMap<_, _> = told;
        let present = told.into_iter().filter_map(|(property, before)| {
            let value = self.values.get(&property).filter(|value| **value != before)?.clone();
            Some((property, value))
        });
        present.collect()
    }

    /// Clients are not told of what has changed by now.
    pub(crate) fn forget_changes(&mut self) {
        self.told.clear();
    }

    /// The values of these as they are.
    pub(crate) fn snapshot<'a>(
        &self,
        properties: impl IntoIterator<Item = &'a Property>,
    ) -> Vec<(Property, PropertyValue)> {
        let values = properties.into_iter();
        values.filter_map(|one| Some((one.clone(), self.value(one)?.clone()))).collect()
    }
}

/// A value on its way into [`Properties`].
pub(crate) struct Shown(PropertyValue);

impl From<i64> for Shown {
    fn from(number: i64) -> Self {
        Self(PropertyValue::Number(number))
    }
}

impl From<&str> for Shown {
    fn from(text: &str) -> Self {
        Self(PropertyValue::Text(text.into()))
    }
}

impl From<PropertyValue> for Shown {
    fn from(value: PropertyValue) -> Self {
        Self(value)
    }
}

/// What a light's properties are called.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) bright: Property,
    pub(crate) ct: Property,
    pub(crate) rgb: Property,
    pub(crate) hue: Property,
    pub(crate) sat: Property,
    pub(crate) mode: Property,
    pub(crate) flowing: Property,
    pub(crate) flow_params: Property,
}

impl Names {
    pub(crate) fn of(light: Light) -> &'static Self {
        match light {
            Light::Main => &MAIN,
            Light::Background => &BACKGROUND,
        }
    }

    /// What makes up how the light shines.
    pub(crate) fn look(&self) -> [&Property; 6] {
        [&self.bright, &self.ct, &self.rgb, &self.hue, &self.sat, &self.mode]
    }
}

static MAIN: Names = Names {
    bright: Property::Bright,
    ct: Property::Ct,
    rgb: Property::Rgb,
    hue: Property::Hue,
    sat: Property::Sat,
    mode: Property::ColorMode,
    flowing: Property::Flowing,
    flow_params: Property::FlowParams,
};

static BACKGROUND: Names = Names {
    bright: Property::BgBright,
    ct: Property::BgCt,
    rgb: Property::BgRgb,
    hue: Property::BgHue,
    sat: Property::BgSat,
    mode: Property::BgLmode,
    flowing: Property::BgFlowing,
    flow_params: Property::BgFlowParams,
};
