//! Scenes.

use serde_json::{Map, Value, json};

use super::{BAD_DATA, Caller, NO_PERMISSION, Refusal, count_of, id, text};
use crate::micloud::home::{Home, Scene};
use crate::micloud::machine::Machine;

impl Machine {
    pub(super) fn scene(
        &mut self,
        caller: Caller,
        name: &str,
        data: &Value,
    ) -> Result<Value, Refusal> {
        match name {
            "GetSceneList" => {
                let home = self.scene_home(caller, data)?;
                let scenes: Vec<_> = home.scenes.iter().map(|scene| record(scene, home)).collect();
                Ok(json!({ "scene_info_list": scenes }))
            }
            "GetSimpleSceneList" => {
                let home = self.scene_home(caller, data)?;
                let owner = home.owner.unwrap_or(self.first);
                if id(data.get("owner_uid")) != Some(owner) {
                    return Err(NO_PERMISSION);
                }
                let scenes: Vec<_> = home.scenes.iter().map(|scene| record(scene, home)).collect();
                Ok(json!({
                    "manual_scene_info_list": scenes, "auto_scene_info_list": [],
                    "voice_scene_info_list": [], "distance_ceiling": 0,
                }))
            }
            "NewRunScene" | "RunScene" => self.run_scene(caller, name, data),
            "Edit" => self.edit_scene(caller, data),
            _ => Err((-4, "no such service")),
        }
    }

    pub(super) fn scene_history(&mut self, caller: Caller, data: &Value) -> Result<Value, Refusal> {
        let numbers = ["home_id", "uid", "owner_uid", "limit"];
        if numbers.iter().any(|key| !data.get(*key).is_some_and(Value::is_u64)) {
            return Err(BAD_DATA);
        }
        let home = self.scene_home(caller, data)?;
        let runs = home
            .scenes
            .iter()
            .filter(|scene| self.report.scenes.contains_key(&scene.id.to_string()));
        let history: Vec<_> = runs
            .map(|scene| {
                json!({
                    "from": "manual", "name": scene.fields.get("name"), "time": 1_700_000_000,
                    "userSceneId": scene.id.to_string(), "msg": [],
                })
            })
            .collect();
        Ok(json!({ "history": history }))
    }

    fn run_scene(&mut self, caller: Caller, name: &str, data: &Value) -> Result<Value, Refusal> {
        let scene_id = data.get("scene_id").and_then(Value::as_str).ok_or(BAD_DATA)?;
        let home = self.home_with(caller, scene_id).ok_or(NO_PERMISSION)?;
        if name == "NewRunScene" {
            let home_id = text(data.get("home_id")).ok_or(BAD_DATA)?;
            let owner = id(data.get("owner_uid")).ok_or(BAD_DATA)?;
            if home.id.to_string() != home_id || home.owner.unwrap_or(self.first) != owner {
                return Err(NO_PERMISSION);
            }
        } else if data.get("trigger_key").and_then(Value::as_str) != Some("user.click") {
            return Err(BAD_DATA);
        }
        count_of(&mut self.report.scenes, scene_id);
        Ok(true.into())
    }

    /// The whole record, which takes the place of the old one.
    fn edit_scene(&mut self, caller: Caller, data: &Value) -> Result<Value, Refusal> {
        let fields = data.as_object().ok_or(BAD_DATA)?;
        let scene_id = fields.get("scene_id").and_then(Value::as_str).ok_or(BAD_DATA)?;
        let home_id = self.home_with(caller, scene_id).map(|home| home.id).ok_or(NO_PERMISSION)?;
        let home = self.homes.iter_mut().find(|home| home.id == home_id);
        let scenes = home.map(|home| &mut home.scenes).ok_or(NO_PERMISSION)?;
        for scene in scenes.iter_mut().filter(|scene| scene.id.to_string() == scene_id) {
            let ours = ["scene_id", "home_id"];
            let kept = fields.iter().filter(|(key, _)| !ours.contains(&key.as_str()));
            scene.fields =
                kept.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>();
        }
        Ok(json!({ "scene_id": scene_id }))
    }

    fn scene_home(&self, caller: Caller, data: &Value) -> Result<&Home, Refusal> {
        let home_id = id(data.get("home_id")).ok_or(BAD_DATA)?;
        self.own_home(caller, home_id).ok_or(NO_PERMISSION)
    }

    fn home_with(&self, caller: Caller, scene_id: &str) -> Option<&Home> {
        let has = |home: &&Home| home.scenes.iter().any(|scene| scene.id.to_string() == scene_id);
        self.homes.iter().filter(|home| self.own_home(caller, home.id).is_some()).find(has)
    }
}

fn record(scene: &Scene, home: &Home) -> Value {
    let mut record = scene.fields.clone();
    record.insert("scene_id".into(), scene.id.to_string().into());
    record.insert("home_id".into(), home.id.to_string().into());
    record.into()
}
