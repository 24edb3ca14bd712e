//! Homes and scenes.

use iot_home_micloud::Region;
use serde_json::{Map, Value};

/// A home with rooms.
#[derive(Clone, Debug, PartialEq)]
pub struct Home {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) region: Region,
    pub(crate) owner: Option<u64>,
    pub(crate) shared_with: Vec<u64>,
    pub(crate) rooms: Vec<(u64, String)>,
    pub(crate) scenes: Vec<Scene>,
}

impl Home {
    /// A home in mainland China that belongs to the first account.
    pub fn new(id: u64, name: impl Into<String>) -> Self {
        let (rooms, scenes, shared_with) = (Vec::new(), Vec::new(), Vec::new());
        let (region, owner) = (Region::Cn, None);
        Self { id, name: name.into(), region, owner, shared_with, rooms, scenes }
    }

    /// Where it is kept.
    #[must_use]
    pub fn region(mut self, region: Region) -> Self {
        self.region = region;
        self
    }

    /// The number of the account that it belongs to.
    #[must_use]
    pub fn owner(mut self, user_id: u64) -> Self {
        self.owner = Some(user_id);
        self
    }

    /// The account of this number sees it too.
    #[must_use]
    pub fn shared_with(mut self, user_id: u64) -> Self {
        self.shared_with.push(user_id);
        self
    }

    /// One more room.
    #[must_use]
    pub fn room(mut self, id: u64, name: impl Into<String>) -> Self {
        self.rooms.push((id, name.into()));
        self
    }

    /// One more scene.
    #[must_use]
    pub fn scene(mut self, scene: Scene) -> Self {
        self.scenes.push(scene);
        self
    }
}

/// A scene that is run by hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    pub(crate) id: u64,
    pub(crate) fields: Map<String, Value>,
}

impl Scene {
    /// A scene without any steps.
    pub fn new(id: u64, name: impl Into<String>) -> Self {
        let name: String = name.into();
        let fields = [("name", Value::from(name)), ("enable", true.into())];
        let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Self { id, fields }
    }

    /// One more field of its record, or another value of one.
    #[must_use]
    pub fn field(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(key.into(), value.into());
        self
    }
}
