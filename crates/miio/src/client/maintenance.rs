//! What keeps a device going: starting it again, other networks, its memory.

use serde::Serialize;
use serde_json::Value;

use super::Device;
use super::error::Error;
use crate::message::Request;
use crate::provisioning::Network;

impl Device {
    /// Starts the device again (`miIO.reboot`). It is away for a while after that, and its clock begins anew.
    ///
    /// # Errors
    /// As [`call`](Self::call); [`MaybeExecuted`](super::ErrorKind::MaybeExecuted) when it left without a word.
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn reboot(&self) -> Result<(), Error> {
        self.acknowledged(Request::fixed("miIO.reboot", "[]")).await
    }

    /// Makes the device forget its Wi-Fi (`miIO.restore`): it is an access point again, and this token is dead. The new
    /// one is in its hello.
    ///
    /// # Errors
    /// As [`reboot`](Self::reboot).
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn restore(&self) -> Result<(), Error> {
        self.acknowledged(Request::fixed("miIO.restore", "[]")).await
    }

    /// Moves the device to another Wi-Fi (`miIO.switch_wifi_ssid`), by the name and the password of
    /// `network` alone. Known of repeaters.
    ///
    /// # Errors
    /// As [`provision`](Self::provision).
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn switch_wifi(&self, network: &Network) -> Result<(), Error> {
        let request = network.switch_request();
        let request = request.map_err(|error| Error::network("miIO.switch_wifi_ssid", error))?;
        self.acknowledged(request).await.map_err(|error| error.without(network.secrets()))
    }

    /// Reads from the device's key-value store (`miIO.xget`), in the order asked. What is not there is `null`.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn xget(&self, keys: &[&str]) -> Result<Vec<Value>, Error> {
        self.repeatable("miIO.xget", keys).await
    }

    /// Writes to the device's key-value store (`miIO.xset`), as `[[key, value], …]`. That form is a convention of few clients: where a
    /// device wants another one, use [`call`](Self::call).
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn xset(&self, pairs: &[(&str, Value)]) -> Result<(), Error> {
        self.store("miIO.xset", pairs).await
    }

    /// Removes from the device's key-value store (`miIO.xdel`): `x.scene.N` is a scene.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn xdel(&self, keys: &[&str]) -> Result<(), Error> {
        self.store("miIO.xdel", keys).await
    }

    /// The keys of the device's key-value store (`miIO.xgetKeys`).
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn xkeys(&self) -> Result<Vec<String>, Error> {
        self.repeatable("miIO.xgetKeys", ()).await
    }

    /// Absolute values: done twice it is the same.
    async fn store(&self, method: &str, params: impl Serialize) -> Result<(), Error> {
        let request = Request::new(method, params);
        let request = request.map_err(|error| Error::request(method, error))?;
        self.acknowledged(request.idempotent(true)).await
    }

    async fn repeatable<T: serde::de::DeserializeOwned>(
        &self,
        method: &str,
        params: impl Serialize,
    ) -> Result<T, Error> {
        let request = Request::new(method, params);
        let request = request.map_err(|error| Error::request(method, error))?;
        let reply = self.request(request.idempotent(true)).await?;
        reply.parse().map_err(|error| Error::form(self.addr(), method, error))
    }
}
