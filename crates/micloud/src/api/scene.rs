//! Scenes: what a home does at a touch, or by itself.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::lenient::{self, Record};
use crate::{Call, RawJson};

/// A scene.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scene {
    /// Its id: a number of 64 bits, as text.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// Whether it is switched on.
    pub enabled: Option<bool>,
    /// All of the record.
    pub raw: RawJson,
}

#[derive(Deserialize)]
pub(crate) struct Fields {
    #[serde(deserialize_with = "lenient::id")]
    scene_id: String,
    #[serde(default, deserialize_with = "lenient::filled")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient::filled")]
    scene_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::flag")]
    enable: Option<bool>,
}

impl Record for Scene {
    type Fields = Fields;

    fn new(fields: Fields, raw: RawJson) -> Self {
        let name = fields.name.or(fields.scene_name).unwrap_or_default();
        Self { id: fields.scene_id, name, enabled: fields.enable, raw }
    }
}

impl<'de> Deserialize<'de> for Scene {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient::record(deserializer)
    }
}

/// The scenes of a home.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Scenes {
    /// Those that are run by hand.
    #[serde(default, rename = "manual_scene_info_list", deserialize_with = "lenient::records")]
    pub manual: Vec<Scene>,
    /// Those that run by themselves.
    #[serde(default, rename = "auto_scene_info_list", deserialize_with = "lenient::records")]
    pub automatic: Vec<Scene>,
    /// Those that are spoken to.
    #[serde(default, rename = "voice_scene_info_list", deserialize_with = "lenient::records")]
    pub voice: Vec<Scene>,
}

/// The scenes of a home. `owner` is the home's.
pub fn scenes(home_id: i64, owner: i64) -> Call<Scenes> {
    let data = json!({
        "app_version": 12, "get_type": 2, "home_id": home_id.to_string(), "owner_uid": owner,
    });
    Call::known("/appgateway/miot/appsceneservice/AppSceneService/GetSimpleSceneList", &data)
}

/// The whole records of a home's scenes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SceneRecords {
    /// Each of them.
    #[serde(default, rename = "scene_info_list", deserialize_with = "lenient::records")]
    pub scenes: Vec<Scene>,
}

/// The whole records of a home's scenes, as [`edit_scene`] wants one.
pub fn scene_records(home_id: i64) -> Call<SceneRecords> {
    let data = json!({ "home_id": home_id.to_string() });
    Call::known("/appgateway/miot/appsceneservice/AppSceneService/GetSceneList", &data)
}

/// Puts a record in the place of the one with its id: all of what [`scene_records`] gave, with what is to change
/// changed. It may not be repeated when nobody knows what became of it.
pub fn edit_scene(record: &Map<String, Value>) -> Call<Value> {
    Call::known("/appgateway/miot/appsceneservice/AppSceneService/Edit", record).once()
}

/// Runs a scene of a home. It may not be repeated when nobody knows what became of it.
pub fn run_scene(scene_id: &str, home_id: i64, owner: i64) -> Call<Value> {
    let data = json!({
        "scene_id": scene_id, "scene_type": 2, "phone_id": "null",
        "home_id": home_id.to_string(), "owner_uid": owner,
    });
    Call::known("/appgateway/miot/appsceneservice/AppSceneService/NewRunScene", &data).once()
}

/// What a home's scenes did last: `history`, a list.
pub fn scene_history(home_id: i64, user_id: i64, owner: i64, limit: u32) -> Call<Value> {
    let data = json!({
        "home_id": home_id, "uid": user_id, "owner_uid": owner, "command": "history", "limit": limit,
    });
    Call::known("/scene/history", &data)
}
