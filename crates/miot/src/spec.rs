//! An instance in which things are found by name.

use alloc::format;
use alloc::string::{String, ToString};

use iot_home_core::{ActionId, ActionResult, EventId, PropertyId, PropertyResult, Siid};

use crate::lookup::LookupError;
use crate::names::{Miss, Names, Place};
use crate::urn::Kind;
use crate::{Action, Event, Instance, ParseError, Property, Service};

/// An [`Instance`], and an index of its names.
///
/// A thing is named `service:item` as in `light:brightness`, by `item` alone where that is unique, `siid:item` where two
/// services share a name, or by its numbers, `2.3`. Upper case, blanks and underscores do not matter.
///
/// ```
/// # let spec = iot_home_miot::Spec::from_json(br#"{"services":[{"iid":2,
/// #     "type":"urn:miot-spec-v2:service:light:00007802:acme-lamp1:1","properties":[{"iid":2,
/// #     "type":"urn:miot-spec-v2:property:brightness:0000000D:acme-lamp1:1","format":"uint8"}]}]}"#)?;
/// use iot_home_core::PropertyId;
///
/// for name in ["light:brightness", "brightness", "2:brightness", "2.2"] {
///     assert_eq!(spec.property(name)?.id, PropertyId::new(2, 2));
/// }
/// assert_eq!(
///     spec.property("brigthness").unwrap_err().to_string(),
///     "there is no property \"brigthness\"; is it light:brightness?"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Spec {
    instance: Instance,
    properties: Names,
    actions: Names,
    events: Names,
}

impl Spec {
    /// Builds the index.
    pub fn new(instance: Instance) -> Self {
        let (mut properties, mut actions, mut events) =
            (Names::default(), Names::default(), Names::default());
        for (service, of) in instance.services.iter().enumerate() {
            for (item, property) in of.properties.iter().enumerate() {
                let id = (property.id.siid.get(), property.id.piid.get());
                properties.insert(id, &property.name, Place { service, item });
            }
            for (item, action) in of.actions.iter().enumerate() {
                let id = (action.id.siid.get(), action.id.aiid.get());
                actions.insert(id, &action.name, Place { service, item });
            }
            for (item, event) in of.events.iter().enumerate() {
                let id = (event.id.siid.get(), event.id.eiid.get());
                events.insert(id, &event.name, Place { service, item });
            }
        }
        Self { instance, properties, actions, events }
    }

    /// Reads an instance, and builds the index.
    ///
    /// # Errors
    /// As for [`Instance::from_json`].
    pub fn from_json(json: &[u8]) -> Result<Self, ParseError> {
        Instance::from_json(json).map(Self::new)
    }

    /// The instance.
    pub const fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The instance, without the index.
    pub fn into_instance(self) -> Instance {
        self.instance
    }

    /// A service by its number; of two with the same the first.
    pub fn service(&self, siid: Siid) -> Option<&Service> {
        self.instance.services.iter().find(|service| service.siid == siid)
    }

    /// A property by its name, or by its numbers.
    ///
    /// # Errors
    /// When there is none, or more than one. The error says what may have been meant.
    pub fn property(&self, name: &str) -> Result<&Property, LookupError> {
        let numbers = |text: &str| self.property_by_id(text.parse().ok()?);
        let by_place = |place| self.property_at(place);
        let label = |item: &Property| (item.id.to_string(), item.name.clone());
        find(&self.properties, Kind::Property, name, numbers, by_place, label)
    }

    /// A property by its numbers.
    pub fn property_by_id(&self, id: PropertyId) -> Option<&Property> {
        self.property_at(self.properties.by_id((id.siid.get(), id.piid.get()))?)
    }

    /// An action by its name, or by its numbers.
    ///
    /// # Errors
    /// When there is none, or more than one. The error says what may have been meant.
    pub fn action(&self, name: &str) -> Result<&Action, LookupError> {
        let numbers = |text: &str| self.action_by_id(text.parse().ok()?);
        let by_place = |place| self.action_at(place);
        let label = |item: &Action| (item.id.to_string(), item.name.clone());
        find(&self.actions, Kind::Action, name, numbers, by_place, label)
    }

    /// An action by its numbers.
    pub fn action_by_id(&self, id: ActionId) -> Option<&Action> {
        self.action_at(self.actions.by_id((id.siid.get(), id.aiid.get()))?)
    }

    /// An event by its name, or by its numbers.
    ///
    /// # Errors
    /// When there is none, or more than one. The error says what may have been meant.
    pub fn event(&self, name: &str) -> Result<&Event, LookupError> {
        let numbers = |text: &str| self.event_by_id(text.parse().ok()?);
        let by_place = |place| self.event_at(place);
        let label = |item: &Event| (item.id.to_string(), item.name.clone());
        find(&self.events, Kind::Event, name, numbers, by_place, label)
    }

    /// An event by its numbers.
    pub fn event_by_id(&self, id: EventId) -> Option<&Event> {
        self.event_at(self.events.by_id((id.siid.get(), id.eiid.get()))?)
    }

    /// What was read of a property, with its value as the property's format has it. A value without a meaning stays
    /// as it came, and so does a property that is not described.
    pub fn coerce(&self, mut result: PropertyResult) -> PropertyResult {
        if let (Some(property), Some(value)) = (self.property_by_id(result.id), &mut result.value)
            && let Some(coerced) = property.coerce(value)
        {
            *value = coerced;
        }
        result
    }

    /// What an action gave back, with its values as the formats of its outputs have them. A value without a meaning stays as it
    /// came, and so does one that is not described.
    pub fn coerce_outputs(&self, mut result: ActionResult) -> ActionResult {
        let Some(action) = self.action_by_id(result.id) else { return result };
        for (piid, value) in action.outputs.iter().zip(&mut result.out) {
            let id = PropertyId::new(action.id.siid.get(), piid.get());
            if let Some(coerced) = self.property_by_id(id).and_then(|output| output.coerce(value)) {
                *value = coerced;
            }
        }
        result
    }

    fn property_at(&self, at: Place) -> Option<&Property> {
        self.instance.services.get(at.service)?.properties.get(at.item)
    }

    fn action_at(&self, at: Place) -> Option<&Action> {
        self.instance.services.get(at.service)?.actions.get(at.item)
    }

    fn event_at(&self, at: Place) -> Option<&Event> {
        self.instance.services.get(at.service)?.events.get(at.item)
    }
}

/// `label` gives a thing's numbers and its name.
fn find<'a, T>(
    names: &Names,
    kind: Kind,
    name: &str,
    by_numbers: impl Fn(&str) -> Option<&'a T>,
    by_place: impl Fn(Place) -> Option<&'a T>,
    label: impl Fn(&T) -> (String, String),
) -> Result<&'a T, LookupError> {
    let given = LookupError::shortened;
    match names.by_name(name) {
        Ok(place) => by_place(place).ok_or_else(|| LookupError::Unknown {
            kind,
            name: given(name),
            near: [].into(),
        }),
        Err(Miss::Ambiguous(places)) => {
            let alone = |item| {
                let (numbers, name) = label(item);
                let item = name.rsplit(':').next().unwrap_or_default();
                let full = names.by_name(&name).is_ok();
                match numbers.split_once('.') {
                    Some((siid, _)) if !full => {
                        let named = format!("{siid}:{item}");
                        if names.by_name(&named).is_ok() { named } else { numbers }
                    }
                    _ => name,
                }
            };
            let candidates = places.into_iter().filter_map(&by_place).map(alone).collect();
            Err(LookupError::Ambiguous { kind, name: given(name), candidates })
        }
        Err(Miss::Unknown) => by_numbers(name.trim()).ok_or_else(|| {
            let near = names.near(name).into_iter().filter_map(&by_place);
            let near = near.map(|item| label(item).1).collect();
            LookupError::Unknown { kind, name: given(name), near }
        }),
    }
}
