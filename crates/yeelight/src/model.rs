//! What a bulb can do: known models, and how to tell from what an unknown one says of itself.

use alloc::boxed::Box;
use alloc::string::String;

use crate::color::Light;
use crate::property::Property;
use crate::sighting::Sighting;
use crate::state::State;

/// What a bulb can do, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    model: Option<Box<str>>,
    kind: Kind,
    ct: (u16, u16),
    background_ct: Option<(u16, u16)>,
    night_light: bool,
    /// Method names, separated by blanks.
    support: Option<Box<str>>,
}

/// What sort of light it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Nothing is known: everything may be tried.
    Unknown,
    /// White of one temperature.
    White,
    /// White of any temperature in a range.
    Tunable,
    /// Any colour.
    Color,
}

impl Profile {
    /// Nothing known: everything is allowed, colour temperatures from 1700 to 6500.
    pub const fn unknown() -> Self {
        Self {
            model: None,
            kind: Kind::Unknown,
            ct: WIDEST,
            background_ct: None,
            night_light: false,
            support: None,
        }
    }

    /// What is known of this model, by its short name as in search answers (`color4`) or its full one
    /// (`yeelink.light.color4`).
    pub fn of_model(model: &str) -> Self {
        let short = model.strip_prefix("yeelink.light.").unwrap_or(model);
        let named = Self { model: Some(short.into()), ..Self::unknown() };
        let Some((_, row)) = MODELS.iter().find(|(names, _)| names.contains(&short)) else {
            return named;
        };
        Self {
            kind: row.kind,
            ct: row.ct,
            background_ct: row.background.then_some(WIDEST),
            night_light: row.night_light,
            ..named
        }
    }

    /// What a bulb of this model can do that lists these methods. The model decides about ranges where it is
    /// known, the list about methods.
    pub fn of_bulb<'a>(model: &str, support: impl IntoIterator<Item = &'a str>) -> Self {
        let mut list = String::new();
        for method in support {
            if !list.is_empty() {
                list.push(' ');
            }
            list.push_str(method);
        }
        let mut profile = Self::of_model(model);
        // An empty list is one that is missing.
        if list.is_empty() {
            return profile;
        }
        profile.support = Some(list.into());
        let has = |method| profile.supports(method) == Some(true);
        let background = has("bg_set_power");
        if profile.kind == Kind::Unknown {
            (profile.kind, profile.ct) = if has("set_rgb") {
                (Kind::Color, WIDEST)
            } else if background || has("set_ct_abx") {
                (Kind::Tunable, WHITE)
            } else {
                (Kind::White, (2_700, 2_700))
            };
            profile.background_ct = background.then_some(WIDEST);
        }
        profile
    }

    /// What can be told from a bulb's properties when neither model nor methods are known.
    pub fn of_state(state: &State) -> Self {
        let has = |property: Property| {
            state
                .value(&property)
                .map(|value| value.as_number().is_some() || value.as_switch().is_some())
        };
        let background = has(Property::BgPower) == Some(true);
        let (kind, ct) = match (has(Property::Rgb), has(Property::Ct)) {
            (Some(false), Some(true)) => (Kind::Tunable, WHITE),
            (Some(false), Some(false)) => (Kind::White, (2_700, 2_700)),
            (Some(true), _) => (Kind::Color, WIDEST),
            _ => (Kind::Unknown, WIDEST),
        };
        let night_light =
            state.value(&Property::ActiveMode).is_some_and(|mode| mode.as_number().is_some());
        Self {
            model: None,
            kind,
            ct,
            background_ct: background.then_some(WIDEST),
            night_light,
            support: None,
        }
    }

    /// Takes over what the properties tell where the model and the methods have told nothing.
    pub(crate) fn refine(&mut self, state: &State) {
        if self.kind == Kind::Unknown {
            let model = self.model.take();
            *self = Self { model, ..Self::of_state(state) };
        }
    }

    /// The short model name, if it is known.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// What sort of light it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The range of colour temperatures in kelvin; both ends are the same for white of one temperature.
    pub fn ct_range(&self, light: Light) -> (u16, u16) {
        match light {
            Light::Main => self.ct,
            Light::Background => self.background_ct.unwrap_or(WIDEST),
        }
    }

    /// Whether there is a second light; not known for unknown models.
    pub fn has_background(&self) -> Option<bool> {
        match self.kind {
            Kind::Unknown => self.background_ct.map(|_| true),
            _ => Some(self.background_ct.is_some()),
        }
    }

    /// Whether a light shows colours; every second light does. Not known for unknown models.
    pub fn has_color(&self, light: Light) -> Option<bool> {
        match (light, self.kind) {
            (Light::Background, _) | (Light::Main, Kind::Color) => Some(true),
            (Light::Main, Kind::Unknown) => None,
            (Light::Main, Kind::White | Kind::Tunable) => Some(false),
        }
    }

    /// Whether there is a night light.
    pub fn has_night_light(&self) -> bool {
        self.night_light
    }

    /// Whether the bulb lists this method. Without a list, what the kind of light tells; not known otherwise.
    pub fn supports(&self, method: &str) -> Option<bool> {
        if let Some(support) = &self.support {
            return Some(support.split(' ').any(|listed| listed == method));
        }
        match (self.kind, method) {
            (Kind::White, "set_ct_abx" | "set_rgb" | "set_hsv")
            | (Kind::Tunable, "set_rgb" | "set_hsv") => Some(false),
            (Kind::Unknown, _) => None,
            (_, method) if method.starts_with("bg_") && self.background_ct.is_none() => Some(false),
            _ => None,
        }
    }

    /// The methods that the bulb lists, if it was heard.
    pub fn support(&self) -> Option<impl Iterator<Item = &str>> {
        self.support.as_ref().map(|support| support.split(' '))
    }
}

impl From<&Sighting> for Profile {
    /// What a bulb that was found can do.
    fn from(sighting: &Sighting) -> Self {
        Self::of_bulb(&sighting.model().unwrap_or_default(), sighting.support())
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::unknown()
    }
}

/// The range of the protocol, and of every coloured and second light that is not known to have another.
const WIDEST: (u16, u16) = (1_700, 6_500);
/// The range of most white lights.
const WHITE: (u16, u16) = (2_700, 6_500);

struct Row {
    kind: Kind,
    ct: (u16, u16),
    night_light: bool,
    background: bool,
}

const fn row(kind: Kind, low: u16, high: u16) -> Row {
    Row { kind, ct: (low, high), night_light: false, background: false }
}

const fn ceiling(low: u16, high: u16) -> Row {
    Row { night_light: true, ..row(Kind::Tunable, low, high) }
}

/// Where the sources differ, the wider range: a bulb refuses what it cannot do, and nothing is lost.
const MODELS: &[(&[&str], Row)] = &[
    (&["mono", "mono1", "mono5", "mono6", "monob"], row(Kind::White, 2_700, 2_700)),
    (
        &[
            "color", "color1", "color2", "color3", "color4", "color5", "color7", "colora",
            "colorb", "strip1", "strip2", "bslamp1",
        ],
        row(Kind::Color, 1_700, 6_500),
    ),
    (&["colorc", "strip4", "strip6", "lamp22"], row(Kind::Color, 2_700, 6_500)),
    (&["bslamp2", "bslamp3"], Row { night_light: true, ..row(Kind::Color, 1_700, 6_500) }),
    (&["ct_bulb", "ct2"], row(Kind::Tunable, 2_700, 6_500)),
    (&["lamp1"], row(Kind::Tunable, 2_700, 5_000)),
    (&["lamp2"], row(Kind::Tunable, 2_500, 4_800)),
    (&["lamp3"], row(Kind::White, 4_000, 4_000)),
    (&["lamp4"], row(Kind::Tunable, 2_600, 5_000)),
    (&["lamp15"], Row { background: true, ..row(Kind::Tunable, 2_700, 6_500) }),
    (
        &[
            "ceiling1",
            "ceiling2",
            "ceiling3",
            "ceiling5",
            "ceiling6",
            "ceiling13",
            "ceiling15",
            "ceiling18",
            "ceiling24",
            "ceila",
            "ceil26",
        ],
        ceiling(2_700, 6_500),
    ),
    (&["ceild"], ceiling(3_000, 6_500)),
    (&["ceiling17"], row(Kind::Tunable, 3_000, 5_700)),
    (&["ceiling22"], ceiling(2_600, 6_100)),
    (
        &["ceiling4", "ceiling10", "ceiling19", "ceiling20", "ceilc"],
        Row { background: true, ..ceiling(2_700, 6_500) },
    ),
];

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{Kind, MODELS, Profile};
    use crate::color::Light;

    #[test]
    fn every_model_stands_in_one_row() {
        let mut names: Vec<_> = MODELS.iter().flat_map(|(names, _)| *names).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for name in names {
            assert_ne!(Profile::of_model(name).kind(), Kind::Unknown, "{name}");
        }
    }

    #[test]
    fn the_list_of_methods_tells_the_kind_of_an_unknown_model() {
        let kind = |support: &str| {
            let profile = Profile::of_bulb("brandnew9", support.split(' '));
            (profile.kind(), profile.ct_range(Light::Main), profile.has_background())
        };
        assert_eq!(kind("set_power set_rgb"), (Kind::Color, (1_700, 6_500), Some(false)));
        assert_eq!(kind("bg_set_power set_power"), (Kind::Tunable, (2_700, 6_500), Some(true)));
        assert_eq!(kind("set_ct_abx"), (Kind::Tunable, (2_700, 6_500), Some(false)));
        assert_eq!(kind("set_power"), (Kind::White, (2_700, 2_700), Some(false)));
        assert_eq!(kind(""), (Kind::Unknown, (1_700, 6_500), None));
    }

    #[test]
    fn methods_are_known_from_the_list_or_from_the_kind() {
        let listed = Profile::of_bulb("color4", ["set_power"]);
        assert_eq!(listed.supports("set_power"), Some(true));
        assert_eq!(listed.supports("set_rgb"), Some(false));
        let model = Profile::of_model("yeelink.light.ct_bulb");
        assert_eq!(model.model(), Some("ct_bulb"));
        assert_eq!(model.supports("set_rgb"), Some(false));
        assert_eq!(model.supports("set_ct_abx"), None);
        assert_eq!(model.supports("bg_set_power"), Some(false));
        assert_eq!(Profile::unknown().supports("set_rgb"), None);
        assert!(Profile::of_model("ceiling4").has_night_light());
    }
}
