//! Files of devices: firmware, maps, what cameras saw.

use std::ops::Range;

use iot_home_core::{Did, Secret};
use serde_json::Value;

use super::calling::no_keys;
use super::cloud::MiCloud;
use super::error::Error;
use crate::Call;
use crate::api::{self, FileUrl, Storage};

impl MiCloud {
    /// The latest firmware that there is for a device.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn latest_firmware(&self, did: &Did) -> Result<Value, Error> {
        self.send(&api::latest_firmware(did)).await
    }

    /// The address of a file that a device left, such as a vacuum cleaner's map: good for a short time, for whoever has it.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn file_url(&self, storage: Storage, object_name: &str) -> Result<FileUrl, Error> {
        self.send(&api::file_url(storage, object_name)).await
    }

    /// Events that a camera saw; `time` is in milliseconds since 1970.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn camera_events(
        &self,
        did: &Did,
        model: &str,
        time: Range<i64>,
        limit: u32,
    ) -> Result<Value, Error> {
        self.send(&api::camera_events(did, model, self.region(), time, limit)).await
    }

    /// The signed address of a GET call, for a player: of [`camera_playlist`](api::camera_playlist) or
    /// [`camera_image`](api::camera_image). It holds the login's token, and is good as long as that is.
    ///
    /// Nothing is sent, so that nobody knows whether the login is still accepted.
    ///
    /// # Errors
    /// [`BadInput`](super::ErrorKind::BadInput) when it is no GET call, [`NeedsLogin`](super::ErrorKind::NeedsLogin) when nobody has
    /// logged in.
    pub fn signed_url<T>(&self, call: &Call<T>) -> Result<Secret<String>, Error> {
        let session = self.shared.session().ok_or_else(no_keys)?;
        let signed = self.sign(call, &session).ok_or_else(no_keys)?;
        match signed.request().body {
            None => Ok(Secret::new(signed.request().url.clone())),
            Some(_) => {
                Err(Error::input("the address of a POST call is of no use without its body"))
            }
        }
    }
}
