//! A gateway's children.

use iot_home_core::{ActionId, ActionResult, PropertyId, PropertyResult};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::device::Device;
use super::error::{Error, ErrorKind};
use super::properties;
use crate::gateway::{self, ChildInfo, Sid};
use crate::json::Lenient;
use crate::message::{FormError, Request, RequestError};
use crate::miot::ActionInput;

/// A handle for a child of a gateway, cheap to clone. It goes through the gateway's own handle.
#[derive(Clone, Debug)]
pub struct Child {
    gateway: Device,
    sid: Sid,
}

impl Device {
    /// The child of this gateway that has this sid. Nothing is sent, and whether it exists is not asked.
    pub fn child(&self, sid: Sid) -> Child {
        Child { gateway: self.clone(), sid }
    }

    /// The children of this gateway, in whichever of the two forms it lists them.
    ///
    /// # Errors
    /// As [`call`](Self::call); the first form's error, where the gateway knows neither.
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn children(&self) -> Result<Vec<ChildInfo>, Error> {
        let first = self.list(gateway::device_list(), "get_device_prop").await;
        // What the other form's gateways answer to this one: an error, or something that is no list of it.
        let unsure = match &first {
            Ok(children) => children.is_empty(),
            Err(error) => error.device_error().is_some() || error.kind() == ErrorKind::Malformed,
        };
        if !unsure {
            return first;
        }
        match self.list(gateway::device_list_of_objects(), "get_device_list").await {
            Err(error) if error.device_error().is_some() => first,
            second => second,
        }
    }

    async fn list(
        &self,
        request: Result<Request, RequestError>,
        what: &str,
    ) -> Result<Vec<ChildInfo>, Error> {
        let request = request.map_err(|error| Error::request(what, error))?;
        let reply = self.request(request).await?;
        gateway::children(&reply).map_err(|error| Error::form(self.addr(), what, error))
    }
}

impl Child {
    /// Its id within the gateway.
    pub fn sid(&self) -> &Sid {
        &self.sid
    }

    /// The gateway.
    pub fn gateway(&self) -> &Device {
        &self.gateway
    }

    /// Reads a property by its name, as the gateway gives it. One that the gateway leaves empty is `null`.
    ///
    /// # Errors
    /// As [`Device::call`].
    ///
    /// # Cancel safety
    /// As [`Device::call`].
    pub async fn prop(&self, name: &str) -> Result<Value, Error> {
        let what = "get_device_prop";
        let request =
            gateway::prop(&self.sid, name).map_err(|error| Error::request(what, error))?;
        let reply = self.gateway.request(request).await?;
        gateway::prop_value(&reply).map_err(|error| self.form(what, error))
    }

    /// Reads several properties at once, in the order asked.
    ///
    /// # Errors
    /// As [`Device::call`]; also when there are more or fewer values than names.
    ///
    /// # Cancel safety
    /// As [`Device::call`].
    pub async fn props(&self, names: &[&str]) -> Result<Vec<Value>, Error> {
        let what = "get_device_prop_exp";
        let request =
            gateway::props(&self.sid, names).map_err(|error| Error::request(what, error))?;
        let reply = self.gateway.request(request).await?;
        gateway::prop_values(&reply, names.len()).map_err(|error| self.form(what, error))
    }

    /// Writes a property by its name.
    ///
    /// # Errors
    /// As [`Device::call`]; also when the gateway answers anything but that all is well.
    ///
    /// # Cancel safety
    /// As [`Device::call`]; the value may be written.
    pub async fn set_prop(&self, name: &str, value: impl Into<Value>) -> Result<(), Error> {
        let what = "set_device_prop";
        let request = gateway::set_prop(&self.sid, name, &value.into())
            .map_err(|error| Error::request(what, error))?;
        let result = self.gateway.request(request).await?.value();
        match result {
            Ok(result) if result.is_ok() => Ok(()),
            Ok(_) => Err(self.form(what, FormError { offset: 0 })),
            Err(error) => Err(self.form(what, error)),
        }
    }

    /// Calls a method of the child: the gateway is told whose it is by the `sid` beside `params`.
    ///
    /// # Errors
    /// As [`Device::call`].
    ///
    /// # Cancel safety
    /// As [`Device::call`].
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: impl Serialize,
    ) -> Result<T, Error> {
        let request = Request::new(method, params)
            .and_then(|request| request.sid(self.sid.as_str()))
            .map_err(|error| Error::request(method, error))?;
        let reply = self.gateway.request(request).await?;
        reply.parse().map_err(|error| self.form(method, error))
    }

    /// Reads MIoT properties, as [`Device::get_properties`] does.
    ///
    /// # Errors
    /// As [`Device::get_properties`].
    ///
    /// # Cancel safety
    /// As [`Device::call`].
    pub async fn get_properties(
        &self,
        ids: impl IntoIterator<Item = PropertyId>,
    ) -> Result<Vec<PropertyResult>, Error> {
        properties::get(&self.gateway, Some(&self.sid), ids.into_iter().collect()).await
    }

    /// Writes MIoT properties, as [`Device::set_properties`] does.
    ///
    /// # Errors
    /// As [`Device::set_properties`].
    ///
    /// # Cancel safety
    /// As [`Device::set_properties`].
    pub async fn set_properties(
        &self,
        values: impl IntoIterator<Item = (PropertyId, Value)>,
    ) -> Result<Vec<PropertyResult>, Error> {
        properties::set(&self.gateway, Some(&self.sid), values.into_iter().collect()).await
    }

    /// Runs a MIoT action, as [`Device::action`] does.
    ///
    /// # Errors
    /// As [`Device::action`].
    ///
    /// # Cancel safety
    /// As [`Device::action`].
    pub async fn action(
        &self,
        id: impl Into<ActionId>,
        input: ActionInput,
    ) -> Result<ActionResult, Error> {
        properties::action(&self.gateway, Some(&self.sid), id.into(), &input).await
    }

    fn form(&self, what: &str, error: FormError) -> Error {
        Error::form(self.gateway.addr(), what, error)
    }
}
