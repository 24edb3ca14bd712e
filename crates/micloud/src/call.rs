//! A call of the API, before it is signed.

use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;
use std::borrow::Cow;

use iot_home_core::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Method;
use crate::hosts::Service;

/// What is asked of the API, and the type of its result.
///
/// The modules of [`api`](crate::api) make them; [`Call::new`] makes any other.
pub struct Call<T> {
    pub(crate) service: Service,
    pub(crate) method: Method,
    pub(crate) path: Cow<'static, str>,
    pub(crate) data: Secret<String>,
    pub(crate) timeout: Duration,
    repeatable: bool,
    result: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Call<T> {
    /// Any call: its path as it is signed (`/home/device_list`; a leading `/app` is taken off), and its data
    /// as JSON. It is not repeated on its own.
    ///
    /// # Errors
    /// When the path is none, or the data is no JSON.
    pub fn new(path: &str, data: &str) -> Result<Self, InvalidCall> {
        let path = crate::signing_path("", path);
        let visible = path.bytes().all(|b| b.is_ascii_graphic() && !b"?#%\\\"&".contains(&b));
        let inside = !path.split('/').any(|part| part == "." || part == "..");
        if !path.starts_with('/') || path.len() > 512 || !visible || !inside {
            return Err(InvalidCall::Path);
        }
        serde_json::from_str::<serde::de::IgnoredAny>(data).map_err(|_| InvalidCall::Data)?;
        Ok(Self::raw(path.to_owned(), data.to_owned()).once())
    }

    /// A call that changes nothing, or the same each time.
    pub(crate) fn known(path: &'static str, data: &impl Serialize) -> Self {
        // Maps with texts as keys, lists and plain values always have a JSON form.
        Self::raw(path, serde_json::to_string(data).unwrap_or_default())
    }

    fn raw(path: impl Into<Cow<'static, str>>, data: String) -> Self {
        Self {
            service: Service::App,
            method: Method::Post,
            path: path.into(),
            data: Secret::new(data),
            timeout: Duration::from_secs(15),
            repeatable: true,
            result: PhantomData,
        }
    }

    /// The same call, whose result is taken for something else.
    pub(crate) fn cast<U: DeserializeOwned>(self) -> Call<U> {
        let Self { service, method, path, data, timeout, repeatable, .. } = self;
        Call { service, method, path, data, timeout, repeatable, result: PhantomData }
    }

    /// Says that doing it twice is not the same as doing it once.
    pub(crate) fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }

    /// Asks another service.
    #[must_use]
    pub fn service(mut self, service: Service) -> Self {
        self.service = service;
        self
    }

    /// Sends it as a GET request, with everything in the query.
    #[must_use]
    pub fn get(mut self) -> Self {
        self.method = Method::Get;
        self
    }

    /// Waits this long for the answer instead of 15 seconds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl<T> Call<T> {
    /// The path as it is signed.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The data, as JSON. It may hold what people typed.
    pub fn data(&self) -> &str {
        self.data.expose()
    }

    /// Whether it may be sent again when nobody knows what became of it. Otherwise it may be sent again only after a
    /// failure that [`is_expired`](crate::ApiError::is_expired).
    pub const fn is_repeatable(&self) -> bool {
        self.repeatable
    }
}

impl<T> Clone for Call<T> {
    fn clone(&self) -> Self {
        Self { path: self.path.clone(), data: self.data.clone(), ..*self }
    }
}

impl<T> fmt::Debug for Call<T> {
    /// Without the data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Why there is no such call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCall {
    /// The path is none.
    #[error(
        "a path begins with a slash and has no query, no blanks and no dots for parts, as /home/device_list"
    )]
    Path,
    /// The data is no JSON.
    #[error("the data is not JSON")]
    Data,
}
