//! Doing things: actions, methods of miIO, keys of remote controls.

use iot_home_core::{ActionId, ActionResult, Did};
use serde_json::Value;

use super::cloud::MiCloud;
use super::error::Error;
use crate::api::{self, Controller, Key};

impl MiCloud {
    /// Runs an action. The arguments are bare values in the order of the specification.
    ///
    /// # Errors
    /// As for [`send`](Self::send). What the device says of it stands in the result's code.
    pub async fn action(
        &self,
        did: &Did,
        id: ActionId,
        input: &[Value],
    ) -> Result<ActionResult, Error> {
        Ok(self.send(&api::action(did, id, input)).await?.into_result(id))
    }

    /// Passes a method of the miIO protocol to a device: `get_prop`, `set_power` and the like.
    ///
    /// # Errors
    /// [`BadInput`](super::ErrorKind::BadInput) when the did cannot stand in a path, and as for [`send`](Self::send).
    pub async fn rpc(&self, did: &Did, method: &str, params: &Value) -> Result<Value, Error> {
        self.send(&api::rpc(did, method, params)?).await
    }

    /// The remote controls that an infrared device has learnt.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn infrared_controllers(&self, parent: &Did) -> Result<Vec<Controller>, Error> {
        Ok(self.send(&api::infrared_controllers(parent)).await?.controllers)
    }

    /// The keys of a remote control.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn infrared_keys(&self, controller: &Did) -> Result<Vec<Key>, Error> {
        Ok(self.send(&api::infrared_keys(controller)).await?.keys)
    }

    /// Presses a key of a remote control.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn press_key(&self, controller: &Did, key_id: &str) -> Result<Value, Error> {
        self.send(&api::press_key(controller, key_id)).await
    }
}
