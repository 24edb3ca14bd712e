//! What things are called in other languages.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

use iot_home_core::{ActionId, EventId, PropertyId, Siid};
use serde_json::Value;

use crate::{Instance, ParseError};

/// The translations of an instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Languages(BTreeMap<String, Language>);

/// An instance's descriptions in one language.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Language(BTreeMap<Key, String>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Service(u32),
    Property(u32, u32),
    Value(u32, u32, u32),
    Action(u32, u32),
    Event(u32, u32),
}

impl Languages {
    /// Reads the answer of `multiLanguage?urn=…`. Texts whose keys are of another form are left out.
    ///
    /// # Errors
    /// When it is no JSON, or no object with `data`.
    pub fn from_json(json: &[u8]) -> Result<Self, ParseError> {
        let mut answer: Value = serde_json::from_slice(json)
            .map_err(|error| ParseError::Json { line: error.line(), column: error.column() })?;
        let Some(Value::Object(data)) = answer.get_mut("data").map(Value::take) else {
            return Err(ParseError::Missing("data"));
        };
        let language = |(code, texts): (String, Value)| match texts {
            Value::Object(texts) => {
                let text = |(key, text): (String, Value)| match text {
                    Value::String(text) if !text.is_empty() => Some((Key::parse(&key)?, text)),
                    _ => None,
                };
                Some((normal(&code), Language(texts.into_iter().filter_map(text).collect())))
            }
            _ => None,
        };
        Ok(Self(data.into_iter().filter_map(language).collect()))
    }

    /// A language by its code: `zh_cn`, `zh-CN`, `de`. Where it is not there as a whole, the first one of the same
    /// language, so that `en` stands in for `en_GB` and `zh_cn` for `zh`.
    pub fn get(&self, code: &str) -> Option<&Language> {
        let code = normal(code);
        let main = code.split('_').next().unwrap_or_default();
        self.0.get(&code).or_else(|| {
            let same = |(known, _): &(&String, _)| known.split('_').next() == Some(main);
            self.0.iter().find(same).map(|(_, language)| language)
        })
    }

    /// The codes of the languages that are there.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl Language {
    /// What a service is called.
    pub fn service(&self, siid: Siid) -> Option<&str> {
        self.text(Key::Service(siid.get()))
    }

    /// What a property is called.
    pub fn property(&self, id: PropertyId) -> Option<&str> {
        self.text(Key::Property(id.siid.get(), id.piid.get()))
    }

    /// What the value at this position of a property's list is called, from 0.
    pub fn value(&self, id: PropertyId, position: usize) -> Option<&str> {
        let position = u32::try_from(position).ok()?;
        self.text(Key::Value(id.siid.get(), id.piid.get(), position))
    }

    /// What an action is called.
    pub fn action(&self, id: ActionId) -> Option<&str> {
        self.text(Key::Action(id.siid.get(), id.aiid.get()))
    }

    /// What an event is called.
    pub fn event(&self, id: EventId) -> Option<&str> {
        self.text(Key::Event(id.siid.get(), id.eiid.get()))
    }

    fn text(&self, key: Key) -> Option<&str> {
        self.0.get(&key).map(String::as_str)
    }
}

impl Instance {
    /// Puts the descriptions of a language in place of those that are there; what it does not know stays. Names stay the same.
    pub fn translate(&mut self, language: &Language) {
        let put = |description: &mut String, text: Option<&str>| {
            if let Some(text) = text {
                *description = text.to_string();
            }
        };
        for service in &mut self.services {
            put(&mut service.description, language.service(service.siid));
            for property in &mut service.properties {
                put(&mut property.description, language.property(property.id));
                for (position, item) in property.list.iter_mut().enumerate() {
                    put(&mut item.description, language.value(property.id, position));
                }
            }
            for action in &mut service.actions {
                put(&mut action.description, language.action(action.id));
            }
            for event in &mut service.events {
                put(&mut event.description, language.event(event.id));
            }
        }
    }
}

impl Key {
    /// Reads `service:002:property:001:valuelist:000`.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let mut number = |word: Option<&str>| match (parts.next()?, word) {
            (part, Some(word)) if part != word => None,
            (part, _) => Some((part, parts.next()?.parse::<u32>().ok()?)),
        };
        let (_, siid) = number(Some("service"))?;
        let Some((kind, iid)) = number(None) else {
            return (text.split(':').count() == 2).then_some(Self::Service(siid));
        };
        let value = number(Some("valuelist"));
        match (kind, value, text.split(':').count()) {
            ("property", Some((_, position)), 6) => Some(Self::Value(siid, iid, position)),
            ("property", None, 4) => Some(Self::Property(siid, iid)),
            ("action", None, 4) => Some(Self::Action(siid, iid)),
            ("event", None, 4) => Some(Self::Event(siid, iid)),
            _ => None,
        }
    }
}

fn normal(code: &str) -> String {
    code.trim().to_ascii_lowercase().replace('-', "_")
}
