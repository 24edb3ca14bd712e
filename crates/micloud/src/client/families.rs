//! What the cloud can do, by family.

use core::ops::Range;

use iot_home_core::{ActionId, ActionResult, Did, PropertyId, PropertyResult};
use serde_json::Value;

use super::cloud::MiCloud;
use super::error::{Cause, Error};
use crate::Region;
use crate::api::{
    self, BeaconKey, Controllers, DataKind, Device, FileUrl, Group, History, Home, Inventory, Keys,
    Messages, Scene, Scenes, Storage,
};

impl MiCloud {
    /// Every home and every device that the account can see in this region: its own, those of shared homes, and those
    /// that are shared one by one; each device once.
    ///
    /// An empty list mostly means that the account is at home in another region.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn inventory(&self) -> Result<(Vec<Home>, Vec<Device>), Error> {
        let mut inventory = Inventory::new();
        while let Some(call) = inventory.next_call() {
            inventory.handle(self.send(&call).await?);
        }
        Ok(inventory.into_parts())
    }

    /// Every device of [`inventory`](Self::inventory).
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn devices(&self) -> Result<Vec<Device>, Error> {
        Ok(self.inventory().await?.1)
    }

    /// The homes with their rooms.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn homes(&self) -> Result<Vec<Home>, Error> {
        Ok(self.inventory().await?.0)
    }

    /// Every region, and what the account has there or why that is not known, one region after the other.
    ///
    /// Where the API was [replaced](crate::Hosts::api) by another server, that stands for all regions.
    pub async fn regions(&self) -> Vec<(Region, Result<(Vec<Home>, Vec<Device>), Error>)> {
        let mut all = Vec::new();
        for region in Region::ALL {
            all.push((region, self.in_region(region).inventory().await));
        }
        all
    }

    /// Writes properties of as many devices as there are; outcomes in the order given, absent where the cloud tells none.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn set_properties(
        &self,
        values: &[(Did, PropertyId, Value)],
    ) -> Result<Vec<Option<PropertyResult>>, Error> {
        let mut results = Vec::with_capacity(values.len());
        let calls = api::set_properties(values);
        for (call, part) in calls.zip(values.chunks(api::MAX_PROPERTIES)) {
            let keys: Vec<_> = part.iter().map(|(did, id, _)| (did.clone(), *id)).collect();
            results.extend(self.send(&call).await?.results(&keys));
        }
        Ok(results)
    }

    /// Runs an action of a device. It is not sent twice when nobody knows what became of it.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn action(
        &self,
        did: &Did,
        id: ActionId,
        input: &[Value],
    ) -> Result<ActionResult, Error> {
        Ok(self.send(&api::action(did, id, input)).await?.into_result(id))
    }

    /// Passes a method of the miIO protocol to a device.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn rpc(&self, did: &Did, method: &str, params: &Value) -> Result<Value, Error> {
        let call = api::rpc(did, method, params);
        self.send(&call.map_err(|error| Error::new(Cause::Call(error)))?).await
    }

    /// The scenes of a home. `owner` is the home's.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn scenes(&self, home_id: i64, owner: i64) -> Result<Scenes, Error> {
        self.send(&api::scenes(home_id, owner)).await
    }

    /// Runs a scene of a home.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn run_scene(
        &self,
        scene_id: &str,
        home_id: i64,
        owner: i64,
    ) -> Result<Value, Error> {
        self.send(&api::run_scene(scene_id, home_id, owner)).await
    }

    /// The scenes of a home with all that they do, which [`edit_scene`](Self::edit_scene) wants.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn full_scenes(&self, home_id: i64) -> Result<Vec<Scene>, Error> {
        Ok(self.send(&api::full_scenes(home_id)).await?.list)
    }

    /// Changes some fields of a scene of [`full_scenes`](Self::full_scenes). All others go back as they came.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn edit_scene(
        &self,
        scene: &Scene,
        changes: serde_json::Map<String, Value>,
    ) -> Result<Value, Error> {
        let call = api::edit_scene(scene, changes);
        self.send(&call.map_err(|error| Error::new(Cause::Call(error)))?).await
    }

    /// What a home's scenes did last.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn scene_history(
        &self,
        home_id: i64,
        user_id: i64,
        owner: i64,
        limit: u32,
    ) -> Result<Value, Error> {
        self.send(&api::scene_history(home_id, user_id, owner, limit)).await
    }

    /// The key that a Bluetooth device encrypts its advertisements with.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn beacon_key(&self, did: &Did) -> Result<BeaconKey, Error> {
        self.send(&api::beacon_key(did)).await
    }

    /// What a device reported. `time` is in seconds since 1970 and not empty, `limit` 1 to 1000.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn device_data(
        &self,
        did: &Did,
        kind: DataKind,
        key: &str,
        time: Range<i64>,
        limit: u32,
    ) -> Result<History, Error> {
        self.send(&api::device_data(did, kind, key, time, limit)).await
    }

    /// Sums of a value, hour by hour or month by month.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn statistics(
        &self,
        did: &Did,
        key: &str,
        group: Group,
        time: Range<i64>,
        limit: u32,
    ) -> Result<History, Error> {
        self.send(&api::statistics(did, key, group, time, limit)).await
    }

    /// The latest firmware that there is for a device.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn latest_firmware(&self, did: &Did) -> Result<Value, Error> {
        self.send(&api::latest_firmware(did)).await
    }

    /// The remote controls that an infrared device has learnt.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn infrared_controllers(&self, parent: &Did) -> Result<Controllers, Error> {
        self.send(&api::infrared_controllers(parent)).await
    }

    /// The keys of one of them.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn infrared_keys(&self, controller: &Did) -> Result<Keys, Error> {
        self.send(&api::infrared_keys(controller)).await
    }

    /// Presses a key.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn press_key(&self, controller: &Did, key_id: &str) -> Result<Value, Error> {
        self.send(&api::press_key(controller, key_id)).await
    }

    /// Where a file of a device, such as a map, can be fetched for a short time.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn file_url(&self, storage: Storage, object_name: &str) -> Result<FileUrl, Error> {
        self.send(&api::file_url(storage, object_name)).await
    }

    /// The account's latest messages.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn messages(&self) -> Result<Messages, Error> {
        self.send(&api::messages()).await
    }
}
