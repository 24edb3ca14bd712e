//! Names of properties and actions, in each of the languages that a device may be spoken to in.

use std::sync::Arc;

use iot_home_core::{ActionId, MiotCode, Piid, PropertyId};
use iot_home_miot::{LookupError, Property, Spec};
use serde_json::Value;

use super::answer::Answer;
use super::error::{Cause, Error};
use super::way::{Way, Ways};
use crate::Classic;
use crate::classic::Request;

/// What a device is called by name of, as far as is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Vocabulary {
    /// Its instance of MIoT-Spec.
    pub(super) spec: Option<Arc<Spec>>,
    /// Why there is none, where there should be one.
    pub(super) missing: Option<Error>,
    /// The methods from before MIoT.
    pub(super) classic: Option<Arc<Classic>>,
    /// The methods of a bulb.
    pub(super) bulb: Option<Arc<Classic>>,
    /// What a Lumi gateway tells of it.
    pub(super) lumi: Option<Arc<Classic>>,
}

/// A property, in each language that knows it.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: Box<str>,
    pub(super) miot: Option<PropertyId>,
    pub(super) classic: Option<PropertyId>,
    pub(super) bulb: Option<PropertyId>,
    pub(super) lumi: Option<PropertyId>,
}

/// A property that is to be set.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) named: Named,
    pub(super) miot: Option<(PropertyId, Value)>,
    pub(super) classic: Option<Request>,
    pub(super) bulb: Option<Request>,
    pub(super) lumi: Option<Request>,
}

/// An action that is to be run.
#[derive(Clone, Debug)]
pub(super) struct Doing {
    pub(super) name: Box<str>,
    pub(super) miot: Option<ActionId>,
    /// What it is given, named where the spec names it.
    pub(super) input: Input,
    pub(super) classic: Option<Request>,
    pub(super) bulb: Option<Request>,
}

#[derive(Clone, Debug)]
pub(super) enum Input {
    Named(Vec<(Piid, Value)>),
    Bare(Vec<Value>),
}

impl Vocabulary {
    /// A property to be read.
    pub(super) fn reading(&self, name: &str) -> Result<Named, Error> {
        let named = self.property(name)?;
        if let Some(property) = self.of_spec(&named) {
            property.check_read()?;
        }
        Ok(named)
    }

    /// The properties whose changes are worth telling: those of the spec that notify, or else all that are known, each
    /// as far as it can be read.
    pub(super) fn telling(&self) -> Vec<Named> {
        let of_spec = self.spec.iter().flat_map(|spec| properties(spec));
        let of_spec = of_spec.filter(|property| property.access.notify);
        let or_else = self.spec.is_none().then_some([&self.classic, &self.bulb]);
        let maps = or_else.into_iter().flatten().chain([&self.lumi]).flatten();
        let mut named: Vec<Named> = Vec::new();
        for property in of_spec.chain(maps.flat_map(|map| properties(map.spec()))) {
            let is_new = !named.iter().any(|known| *known.name == property.name);
            if is_new && property.access.read {
                named.extend(self.reading(&property.name));
            }
        }
        named
    }

    /// Whether it is nothing that is, but something that happens, such as a click.
    pub(super) fn is_event(&self, named: &Named) -> bool {
        let map = self.lumi.as_ref().zip(named.lumi);
        map.is_some_and(|(map, id)| map.is_event(id))
    }

    /// A property to be set, once its value is checked.
    pub(super) fn setting(&self, name: &str, value: &Value) -> Result<Setting, Error> {
        let named = self.property(name)?;
        let property = self.of_spec(&named);
        let checked = match property {
            Some(property) => Some(checked(property, value)?),
            None => None,
        };
        let miot = named.miot.map(|id| (id, checked.clone().unwrap_or_else(|| value.clone())));
        let mut refused = None;
        let mut write = |map: &Option<Arc<Classic>>, id: Option<PropertyId>| {
            let (map, id) = (map.as_ref()?, id?);
            let own = map.spec().property_by_id(id)?;
            let written = map.write(own, value).or_else(|error| {
                // The spec has a number where the device has a word.
                let item = property.and_then(|property| property.list_item(checked.as_ref()?));
                let word = item.map(|item| Value::from(item.description.to_lowercase()));
                word.ok_or(error.clone()).and_then(|word| map.write(own, &word).map_err(|_| error))
            });
            written.map_err(|error| refused = Some(error)).ok()
        };
        let classic = write(&self.classic, named.classic);
        let bulb = write(&self.bulb, named.bulb);
        let lumi = write(&self.lumi, named.lumi);
        let is_expressible = miot.is_some() || classic.is_some() || bulb.is_some();
        match refused {
            Some(error) if !is_expressible && lumi.is_none() => Err(error.into()),
            _ => Ok(Setting { named, miot, classic, bulb, lumi }),
        }
    }

    /// An action to be run, once its inputs are checked.
    pub(super) fn doing(&self, name: &str, input: &[Value]) -> Result<Doing, Error> {
        let (mut name_of, mut miot, mut missed) = (Box::<str>::from(name), None, None);
        let mut given = Input::Bare(input.to_vec());
        match &self.spec {
            Some(spec) => match spec.action(name) {
                Ok(action) => {
                    given = Input::Named(spec.name_input(action, input.iter().cloned())?);
                    name_of = action.name.as_str().into();
                    miot = Some(action.id);
                }
                Err(error) => missed = Some(error),
            },
            None => miot = name.parse().ok(),
        }
        let mut in_map = |map: &Option<Arc<Classic>>| {
            let map = map.as_ref()?;
            let action =
                map.spec().action(&name_of).map_err(|error| missed.get_or_insert(error).clone());
            map.run(action.ok()?).filter(|_| input.is_empty()).cloned()
        };
        let (classic, bulb) = (in_map(&self.classic), in_map(&self.bulb));
        if miot.is_none() && classic.is_none() && bulb.is_none() {
            return Err(self.unknown(name, missed));
        }
        Ok(Doing { name: name_of, miot, input: given, classic, bulb })
    }

    fn property(&self, name: &str) -> Result<Named, Error> {
        // Devices have more than their specs say.
        let mut miot = name.trim().parse().ok();
        let (mut name_of, mut missed) = (Box::<str>::from(name.trim()), None);
        match self.spec.as_ref().map(|spec| spec.property(name)) {
            Some(Ok(property)) => {
                name_of = property.name.as_str().into();
                miot = Some(property.id);
            }
            Some(Err(error)) => missed = Some(error),
            None => {}
        }
        let mut in_map = |map: &Option<Arc<Classic>>| {
            let found = map.as_ref()?.spec().property(&name_of);
            found
                .map(|property| property.id)
                .map_err(|error| missed = missed.take().or(Some(error)))
                .ok()
        };
        let (classic, bulb) = (in_map(&self.classic), in_map(&self.bulb));
        let lumi = in_map(&self.lumi);
        if miot.is_none() && classic.is_none() && bulb.is_none() && lumi.is_none() {
            return Err(self.unknown(name, missed));
        }
        Ok(Named { name: name_of, miot, classic, bulb, lumi })
    }

    fn unknown(&self, name: &str, missed: Option<LookupError>) -> Error {
        match (&self.missing, missed) {
            (Some(missing), None) => missing.clone(),
            (_, Some(missed)) => missed.into(),
            (None, None) => Error::new(Cause::Nameless {
                name: name.chars().take(64).collect::<String>().into(),
            }),
        }
    }

    fn of_spec(&self, named: &Named) -> Option<&Property> {
        self.spec.as_ref()?.property_by_id(named.miot?)
    }

    /// The property as whoever answered names it.
    fn of_way(&self, named: &Named, way: Way) -> Option<&Property> {
        let (map, id) = match way {
            Way::Miot => return None,
            Way::Cloud if named.classic.is_none() => (&self.bulb, named.bulb),
            Way::Classic | Way::Cloud => (&self.classic, named.classic),
            Way::Yeelight | Way::YeelightOverMiio => (&self.bulb, named.bulb),
            Way::Lumi => (&self.lumi, named.lumi),
        };
        map.as_ref()?.spec().property_by_id(id?)
    }

    /// What was answered, with the value as the spec has it where there is one.
    pub(super) fn answer(
        &self,
        named: &Named,
        code: MiotCode,
        value: Option<Value>,
        way: Way,
    ) -> Answer {
        let spec = self.of_spec(named);
        let value = value.map(|value| match spec {
            Some(property) => {
                let fits = property.coerce(&value).filter(|value| property.check(value).is_ok());
                let named = || property.value_named(value.as_str()?).cloned();
                fits.or_else(named).or_else(|| property.coerce(&value)).unwrap_or(value)
            }
            None => value,
        });
        let property = spec.or_else(|| self.of_way(named, way));
        let shown = value.as_ref().map(|value| match property {
            Some(property) => property.show(value).to_string().into(),
            None => match value {
                Value::String(text) => text.as_str().into(),
                other => other.to_string().into(),
            },
        });
        let shown = shown.filter(|_| code.is_ok());
        Answer { property: named.name.clone(), id: named.miot, code, value, shown, way }
    }
}

fn properties(spec: &Spec) -> impl Iterator<Item = &Property> {
    spec.instance().services.iter().flat_map(|service| &service.properties)
}

/// A value as it is sent: as it was given, or by its name in the list, or as the format reads it.
fn checked(property: &Property, value: &Value) -> Result<Value, Error> {
    let error = match property.check_write(value) {
        Ok(()) => return Ok(value.clone()),
        Err(error) => error,
    };
    let named = value.as_str().and_then(|text| property.value_named(text)).cloned();
    let coerced = || property.coerce(value);
    let better = named.or_else(coerced).filter(|value| property.check_write(value).is_ok());
    better.ok_or_else(|| error.into())
}

impl Named {
    /// The ways over which it can be read.
    pub(super) fn ways(&self) -> Ways {
        ways(self.miot.is_some(), self.classic.is_some(), self.bulb.is_some(), self.lumi.is_some())
    }
}

impl Setting {
    /// The ways over which it can be set.
    pub(super) fn ways(&self) -> Ways {
        ways(self.miot.is_some(), self.classic.is_some(), self.bulb.is_some(), self.lumi.is_some())
    }
}

impl Doing {
    /// The ways over which it can be run.
    pub(super) fn ways(&self) -> Ways {
        ways(self.miot.is_some(), self.classic.is_some(), self.bulb.is_some(), false)
    }
}

fn ways(miot: bool, classic: bool, bulb: bool, lumi: bool) -> Ways {
    let of = |known: bool, ways: [Way; 2]| ways.into_iter().filter(move |_| known);
    // The cloud passes methods on as well.
    of(miot, [Way::Miot, Way::Cloud])
        .chain(of(classic, [Way::Classic, Way::Cloud]))
        .chain(of(bulb, [Way::Yeelight, Way::YeelightOverMiio]))
        .chain(of(bulb, [Way::Cloud; 2]))
        .chain(of(lumi, [Way::Lumi; 2]))
        .collect()
}

#[cfg(test)]
mod tests;
