//! Scenes.

use serde_json::{Map, Value};

use super::cloud::MiCloud;
use super::error::{Cause, Error};
use crate::api::{self, Home, Scene, Scenes};

impl MiCloud {
    /// The scenes of a home.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn scenes(&self, home: &Home) -> Result<Scenes, Error> {
        self.send(&api::scenes(home.id, self.owner(home))).await
    }

    /// Runs a scene of a home.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn run_scene(&self, home: &Home, scene_id: &str) -> Result<Value, Error> {
        self.send(&api::run_scene(scene_id, home.id, self.owner(home))).await
    }

    /// Changes a scene of a home. All of its record is read, handed to `change`, and sent back, so that what this crate
    /// does not know is kept; then it is read once more. Gives the scene as it is now.
    ///
    /// # Errors
    /// [`BadInput`](super::ErrorKind::BadInput) when the home has no such scene, [`Refused`](super::ErrorKind::Refused) when the
    /// server agreed and has another record all the same, and as for [`send`](Self::send).
    pub async fn edit_scene(
        &self,
        home: &Home,
        scene_id: &str,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Result<Scene, Error> {
        let mut record = record(&self.scene_record(home, scene_id).await?);
        change(&mut record);
        self.send(&api::edit_scene(&record)).await?;
        let scene = self.scene_record(home, scene_id).await?;
        let kept = self::record(&scene);
        // The server may add what it likes, such as when that was.
        let taken = record.iter().all(|(key, value)| kept.get(key) == Some(value));
        if taken { Ok(scene) } else { Err(Error::new(Cause::NotTaken)) }
    }

    async fn scene_record(&self, home: &Home, scene_id: &str) -> Result<Scene, Error> {
        let records = self.send(&api::scene_records(home.id)).await?;
        let scene = records.scenes.into_iter().find(|scene| scene.id == scene_id);
        scene.ok_or_else(|| Error::input("the home has no scene of this id"))
    }

    /// What a home's scenes did last: `history`, a list, the latest first.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn scene_history(&self, home: &Home, limit: u32) -> Result<Value, Error> {
        let caller = self.user_id();
        self.send(&api::scene_history(home.id, caller, self.owner(home), limit)).await
    }

    /// Whose a home is: the caller's, where it does not say.
    pub(super) fn owner(&self, home: &Home) -> i64 {
        home.owner.unwrap_or_else(|| self.user_id())
    }

    /// Zero when nobody has logged in: then no call is made.
    fn user_id(&self) -> i64 {
        let session = self.shared.session();
        session.and_then(|session| session.user_id.parse().ok()).unwrap_or_default()
    }
}

fn record(scene: &Scene) -> Map<String, Value> {
    scene.raw.read().unwrap_or_default()
}
