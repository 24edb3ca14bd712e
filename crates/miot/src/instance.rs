//! What a device can do: the JSON of the spec server.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use crate::fields::{Fields, object, urn};
use crate::{Service, Urn};

/// The description of a model: its services with their properties, actions and events.
///
/// A [`Spec`](crate::Spec) looks things up in it by name.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Instance {
    /// Which one it is, if it says so.
    pub urn: Option<Urn>,
    /// What a person calls it; may be empty.
    pub description: String,
    /// What it can do.
    pub services: Vec<Service>,
    /// Fields that have no place of their own, and those that could not be read.
    pub extra: Map<String, Value>,
    /// How many services, properties, actions and events could not be read, for want of a number.
    pub left_out: usize,
}

impl Instance {
    /// Reads the answer of `instance?type=…`.
    ///
    /// What is missing or null is empty, what is of another type than it should be stays in `extra`, and an item without a
    /// number is left out.
    ///
    /// # Errors
    /// When it is no JSON, no object, or has no list of services; the server answers so when there is no such
    /// instance.
    pub fn from_json(json: &[u8]) -> Result<Self, ParseError> {
        let value = serde_json::from_slice(json)
            .map_err(|error| ParseError::Json { line: error.line(), column: error.column() })?;
        Self::from_value(value)
    }

    /// The same of JSON that was read already.
    ///
    /// # Errors
    /// When it is no object, or has no list of services.
    pub fn from_value(value: Value) -> Result<Self, ParseError> {
        let mut fields = Fields::of(value).ok_or(ParseError::NotAnObject)?;
        let Some(Value::Array(services)) = fields.0.remove("services") else {
            return Err(ParseError::Missing("services"));
        };
        let mut left_out = 0_usize;
        let mut read = Vec::with_capacity(services.len());
        for service in services {
            match Service::from_value(service, &mut left_out) {
                Some(service) => read.push(service),
                None => left_out = left_out.saturating_add(1),
            }
        }
        Ok(Self {
            urn: fields.urn(),
            description: fields.text("description").unwrap_or_default(),
            services: read,
            extra: fields.0,
            left_out,
        })
    }

    /// The same as JSON again, with what had no place of its own.
    pub fn to_value(&self) -> Value {
        object(
            &self.extra,
            [
                ("type", urn(self.urn.as_ref())),
                ("description", self.description.as_str().into()),
                ("services", self.services.iter().map(Service::to_value).collect()),
            ],
        )
    }
}

/// Why something cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// It is no JSON.
    #[error("no valid JSON at line {line}, column {column}")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// It is JSON of another form.
    #[error("not a JSON object")]
    NotAnObject,
    /// It has not what it is about: the list of services of an instance, that of the models, the texts.
    #[error("there is no {0:?} in it")]
    Missing(&'static str),
}
