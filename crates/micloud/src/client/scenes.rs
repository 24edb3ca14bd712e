//! Scenes.

use serde_json::Value;

use super::cloud::MiCloud;
use super::error::Error;
use crate::api::{self, Home, Scenes};

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

    /// What a home's scenes did last: `history`, a list, the latest first.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn scene_history(&self, home: &Home, limit: u32) -> Result<Value, Error> {
        let caller = self.user_id();
        self.send(&api::scene_history(home.id, caller, self.owner(home), limit)).await
    }

    /// Whose a home is: the caller's, where it does not say.
    fn owner(&self, home: &Home) -> i64 {
        home.owner.unwrap_or_else(|| self.user_id())
    }

    /// Zero when nobody has logged in: then no call is made.
    fn user_id(&self) -> i64 {
        let session = self.shared.session();
        session.and_then(|session| session.user_id.parse().ok()).unwrap_or_default()
    }
}
