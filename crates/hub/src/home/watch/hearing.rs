//! What pushes and reports mean for the properties that are watched.

use std::sync::Arc;

use iot_home_core::{Instant, MiotCode, PropertyId};
use iot_home_lumi::State;
use iot_home_miio::push::Change as Pushed;
use iot_home_yeelight::{Properties, State as Lamp};
use serde_json::Value;

use super::ask::Ready;
use super::driver::{Aimed, Driver};
use super::event::Origin;
use super::listen::{Heard, Voice};
use super::memory::Came;
use super::plan::Target;
use crate::Classic;
use crate::home::answer::Answer;
use crate::home::names::Named;
use crate::home::way::Way;

/// A value of a property that is watched.
pub(super) type Told = (Target, Answer, Came, Origin);

impl Driver {
    /// What was told of the properties that are watched. The rest is left out.
    pub(super) fn read(&self, voice: Voice, heard: &Heard) -> Vec<Told> {
        let now = self.shared.now();
        let aims = self.aims.values().filter_map(|aimed| Some((aimed, aimed.ready.as_ref()?)));
        let told = aims.flat_map(|(aimed, ready)| {
            match (voice, heard) {
                (Voice::Bulb(key), Heard::Bulb(told, lamp)) if aimed.aim.device.key() == key => {
                    of_bulb(ready, told, lamp, now)
                }
                (Voice::Miio(key), Heard::Miio(changes)) if aimed.aim.device.key() == key => {
                    of_miio(aimed, ready, changes, now)
                }
                (Voice::Gateway(gateway), Heard::Gateway { state, is_report }) => {
                    let facts = aimed.aim.device.facts().unwrap_or_default();
                    let place = self.shared.gateway_of(&facts);
                    match place.filter(|place| (place.gateway, place.sid) == (gateway, state.sid)) {
                        Some(_) => of_gateway(ready, state, *is_report, now),
                        None => Vec::new(),
                    }
                }
                _ => Vec::new(),
            }
            .into_iter()
            .map(|(answer, came, origin)| (aimed.aim.target, answer, came, origin))
        });
        told.collect()
    }
}

type Read = (Answer, Came, Origin);

/// What a bulb told, out of its whole state: some properties stand on two names.
fn of_bulb(ready: &Ready, told: &Properties, lamp: &Lamp, now: Instant) -> Vec<Read> {
    let Some(map) = ready.vocabulary.bulb.as_deref() else { return Vec::new() };
    let touched: Vec<PropertyId> = told
        .iter()
        .flat_map(|(name, _)| map.read_from(name.as_str()))
        .map(|property| property.id)
        .collect();
    let named =
        ready.named.iter().filter(|named| named.bulb.is_some_and(|id| touched.contains(&id)));
    let read = named.filter_map(|named| {
        let value = map.of_state(map.spec().property_by_id(named.bulb?)?, lamp)?;
        let answer = answer(ready, named, value, Way::Yeelight);
        Some((answer, Came::Told(now), Origin::Bulb))
    });
    read.collect()
}

fn of_miio(aimed: &Aimed, ready: &Ready, changes: &[Pushed], now: Instant) -> Vec<Read> {
    let did = aimed.aim.device.did();
    let own = changes.iter().filter(|change| did.as_ref().is_none_or(|did| *did == change.did));
    let read = own.filter_map(|change| {
        let named = ready.named.iter().find(|named| named.miot == Some(change.id))?;
        let answer = answer(ready, named, change.value.clone(), Way::Miot);
        Some((answer, Came::Told(now), Origin::Subscription))
    });
    read.collect()
}

fn of_gateway(ready: &Ready, state: &State, is_report: bool, now: Instant) -> Vec<Read> {
    let Some(map) = ready.vocabulary.lumi.as_ref() else { return Vec::new() };
    let read = ready.named.iter().filter_map(|named| {
        let id = named.lumi?;
        let value = map.of_values(id, &state.values)?;
        let came = came(map, id, is_report, now)?;
        Some((answer(ready, named, value, Way::Lumi), came, Origin::Gateway))
    });
    read.collect()
}

/// A click in a heartbeat is no second click.
fn came(map: &Arc<Classic>, id: PropertyId, is_report: bool, now: Instant) -> Option<Came> {
    match (map.is_event(id), is_report) {
        (true, true) => Some(Came::Happened(now)),
        (true, false) => None,
        (false, _) => Some(Came::Told(now)),
    }
}

fn answer(ready: &Ready, named: &Named, value: Value, way: Way) -> Answer {
    ready.vocabulary.answer(named, MiotCode::OK, Some(value), way)
}

#[cfg(test)]
mod tests {
    use iot_home_yeelight::{Profile, Property, PropertyValue};
    use serde_json::json;

    use super::*;
    use crate::home::names::Vocabulary;

    #[test]
    fn of_a_bulb_only_that_counts_which_was_told() {
        let bulb = Classic::of_bulb(&Profile::of_model("yeelink.light.color4")).unwrap();
        let vocabulary = Vocabulary { bulb: Some(Arc::new(bulb)), ..Vocabulary::default() };
        let named = vocabulary.telling();
        let vocabulary = Arc::new(vocabulary);
        let ready = Ready { vocabulary, named, unknown: Vec::new(), region: None };
        let (bright, ct) = (PropertyValue::Number(12), PropertyValue::Number(3000));
        let told = Properties::from_iter([(Property::Bright, bright.clone())]);
        let mut lamp = Lamp::default();
        // What the bulb said of its temperature may be older than what was asked for since.
        lamp.merge([(Property::Bright, bright), (Property::Ct, ct)]);
        let read = of_bulb(&ready, &told, &lamp, Instant::ORIGIN);
        let read: Vec<_> =
            read.iter().map(|(answer, ..)| (&*answer.property, &answer.value)).collect();
        assert_eq!(read, [("light:brightness", &Some(json!(12)))]);
    }
}
