//! What carries a bulb's methods: its own control connection, or something that knows the same methods.

use std::fmt;
use std::future::Future;

use serde_json::Value;

use super::error::Error;
use crate::message::Reply;
use crate::method::{Limits, Method};
use crate::model::Profile;

/// Carries methods to a bulb and brings their results back. A [`Bulb`](super::Bulb) stands on any of them.
pub trait Transport: Send + Sync {
    /// Carries a method out.
    ///
    /// What the bulb does not take has to be refused before anything is sent: see
    /// [`Method::checked`].
    fn call(&self, method: Method) -> impl Future<Output = Result<Reply, Error>> + Send;
}

/// A transport that is a miIO device: the same methods, and a few that exist there only.
///
/// The protocol crates do not know each other, so this is where they meet: whoever has both implements it for a device
/// of the miIO crate, or hands a closure to [`OverMiio`].
pub trait Miio: Transport {}

/// A transport made from a closure that calls a method of a miIO device.
///
/// ```
/// use iot_home_yeelight::client::{Bulb, OverMiio};
/// use serde_json::{Value, json};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), iot_home_yeelight::Error> {
/// // In place of this stands `device.call(method, params)` of a miIO client.
/// let lamp = Bulb::over(OverMiio::new(async |method: String, params: Value| {
///     assert_eq!((&*method, params), ("set_ps", json!(["cfg_lan_ctrl", "1"])));
///     Ok(json!(["ok"]))
/// }));
/// lamp.enable_lan_control().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OverMiio<F> {
    call: F,
    profile: Profile,
    limits: Limits,
}

impl<F, R> OverMiio<F>
where
    F: Fn(String, Value) -> R + Send + Sync,
    R: Future<Output = Result<Value, Error>> + Send,
{
    /// Calls this with a method's name and its parameters, an array; it gives the result. Its errors are made
    /// by [`Error::transport`].
    pub fn new(call: F) -> Self {
        Self { call, profile: Profile::unknown(), limits: Limits::Refuse }
    }

    /// What the bulb can do, as by its model.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// What becomes of values that the bulb does not take; they are refused by default.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

impl<F, R> Transport for OverMiio<F>
where
    F: Fn(String, Value) -> R + Send + Sync,
    R: Future<Output = Result<Value, Error>> + Send,
{
    async fn call(&self, method: Method) -> Result<Reply, Error> {
        let name = method.name().to_owned();
        let checked = method.checked(&self.profile, self.limits);
        let method = checked.map_err(|input| Error::input(&name, input))?;
        // What this crate writes is JSON.
        let params = serde_json::from_str(&method.params()).unwrap_or_default();
        (self.call)(name, params).await.map(|result| Reply::new(0, &result))
    }
}

impl<F, R> Miio for OverMiio<F>
where
    F: Fn(String, Value) -> R + Send + Sync,
    R: Future<Output = Result<Value, Error>> + Send,
{
}

impl<F> fmt::Debug for OverMiio<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OverMiio").field("profile", &self.profile).finish_non_exhaustive()
    }
}
