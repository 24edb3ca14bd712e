//! Reading: what is asked, and what an answer says.

use iot_home_core::PropertyId;
use serde_json::Value;

use super::{Classic, Request};

/// A request, and the properties whose values its answer has.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    request: Request,
    properties: Vec<PropertyId>,
    /// What `get_prop` asks for, in this order.
    names: Vec<String>,
}

impl Question {
    /// What is sent.
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// The properties that are asked for.
    pub fn properties(&self) -> &[PropertyId] {
        &self.properties
    }
}

impl Classic {
    /// What to ask in order to read these properties, each once. Those that cannot be read are left out.
    ///
    /// No `get_prop` asks for more names than `most`, nor than the [`limit`](Self::limit), unless one property needs
    /// them. When an answer does not fit its question, ask for its properties again with 1.
    pub fn read(
        &self,
        properties: impl IntoIterator<Item = PropertyId>,
        most: usize,
    ) -> Vec<Question> {
        let most = most.min(self.limit);
        let mut questions: Vec<Question> = Vec::new();
        for id in properties {
            let readable =
                self.spec.property_by_id(id).is_some_and(|property| property.access.read);
            let asked = questions.iter().any(|question| question.properties.contains(&id));
            let Some(wire) = self.wires.get(&id).filter(|_| readable && !asked) else { continue };
            let by_name = wire.ask == GET_PROP;
            let new = |question: &Question| {
                wire.names.iter().filter(|name| !question.names.contains(name)).count()
            };
            let fits = |question: &&mut Question| {
                question.request.method == wire.ask
                    && (!by_name || question.names.len().saturating_add(new(question)) <= most)
            };
            let question = match questions.iter_mut().find(fits) {
                Some(question) => question,
                None => {
                    let request = Request::new(&wire.ask, Vec::new());
                    questions.push(Question { request, properties: Vec::new(), names: Vec::new() });
                    let Some(last) = questions.last_mut() else { continue };
                    last
                }
            };
            question.properties.push(id);
            for name in wire.names.iter().filter(|_| by_name) {
                if !question.names.contains(name) {
                    question.names.push(name.clone());
                }
            }
        }
        for question in &mut questions {
            question.request.params = question.names.clone().into();
        }
        questions
    }

    /// What an answer says of each property that was asked for: nothing where the device has no value.
    ///
    /// Nothing at all where the answer does not fit, since firmware that was asked for too much, or for one name
    /// that it does not know, gives fewer values, and which of them are missing cannot be told.
    pub fn answers(
        &self,
        question: &Question,
        result: &Value,
    ) -> Option<Vec<(PropertyId, Option<Value>)>> {
        let items = result.as_array();
        let read = |told: &dyn Fn(&str) -> Option<Value>| {
            let value =
                |id: &PropertyId| self.wires.get(id)?.read(self.spec.property_by_id(*id)?, told);
            question.properties.iter().map(|id| (*id, value(id))).collect()
        };
        if question.request.method == GET_PROP {
            let values = items?;
            if values.is_empty() && question.names.len() == 1 {
                return Some(read(&|_| None));
            }
            if values.len() != question.names.len() {
                return None;
            }
            return Some(read(&|name| {
                let at = question.names.iter().position(|asked| asked == name)?;
                values.get(at).cloned()
            }));
        }
        // Other methods answer one value or one object, nearly always in an array.
        let answer = items.map_or(Some(result), |items| items.first())?;
        if let Value::Object(fields) = answer {
            return Some(read(&|name| fields.get(name).cloned()));
        }
        let value = |id: &PropertyId| {
            let wire = self.wires.get(id).filter(|wire| wire.names.is_empty())?;
            wire.value(self.spec.property_by_id(*id)?, answer)
        };
        let values: Vec<_> = question.properties.iter().map(|id| (*id, value(id))).collect();
        values.iter().any(|(_, value)| value.is_some()).then_some(values)
    }
}

pub(super) const GET_PROP: &str = "get_prop";
