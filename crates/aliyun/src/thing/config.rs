//! Remote configuration, tags, logs and desired values: what goes into their calls, and comes out.

use alloc::borrow::Cow;
use alloc::string::String;

use iot_home_mqtt::payload::{Json, Link, lenient};
use serde::{Deserialize, Serialize};

use super::{Call, Method};

/// Asks for the product's configuration file.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetConfig {
    config_scope: &'static str,
    get_type: &'static str,
}

/// A configuration file, as it is answered and pushed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Config<'a> {
    /// Which one it is.
    #[serde(borrow)]
    pub config_id: Cow<'a, str>,
    /// How many bytes.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub config_size: Option<u64>,
    /// Where it lies.
    #[serde(borrow)]
    pub url: Link<'a>,
    /// The file's digest, hexadecimal.
    #[serde(borrow, default)]
    pub sign: Option<Cow<'a, str>>,
    /// How that is made: `Sha256`, mostly.
    #[serde(borrow, default)]
    pub sign_method: Option<Cow<'a, str>>,
}

impl Call<'_, GetConfig> {
    /// Asks for the product's configuration, which is answered with a [`Config`].
    pub fn config(id: impl Into<String>) -> Self {
        Self::new(Method::ConfigGet, id, GetConfig { config_scope: "product", get_type: "file" })
    }

    /// Asks whether logs are wanted, which is answered with a [`LogConfig`].
    pub fn log_config(id: impl Into<String>) -> Self {
        Self::new(
            Method::LogConfigGet,
            id,
            GetConfig { config_scope: "device", get_type: "content" },
        )
    }
}

/// Whether logs are wanted, as it is answered and pushed.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct LogConfig {
    /// It.
    pub content: LogMode,
}

/// Whether logs are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct LogMode {
    /// 0 where they are not, 1 where they are.
    #[serde(deserialize_with = "lenient::integer")]
    pub mode: u8,
}

impl<'l> Call<'_, &'l [&'l str]> {
    /// Lines of the device's log.
    pub fn log(id: impl Into<String>, lines: &'l [&'l str]) -> Self {
        Self::new(Method::LogPost, id, lines)
    }

    /// Asks which values are wanted of these properties, which is answered with an object of [`Desired`] to each name.
    pub fn desired(id: impl Into<String>, properties: &'l [&'l str]) -> Self {
        Self::new(Method::DesiredGet, id, properties)
    }
}

/// A value that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Desired<'a> {
    /// It.
    #[serde(borrow)]
    pub value: Json<'a>,
    /// The wish's version, to be named when it is forgotten.
    #[serde(deserialize_with = "lenient::integer")]
    pub version: u64,
}

/// A tag of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Tag<'a> {
    /// Its name.
    pub attr_key: &'a str,
    /// Its value; without it, to forget the tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attr_value: Option<&'a str>,
}

impl<'a> Tag<'a> {
    /// A tag with its value.
    pub const fn new(name: &'a str, value: &'a str) -> Self {
        Self { attr_key: name, attr_value: Some(value) }
    }

    /// A tag that is to be forgotten.
    pub const fn forget(name: &'a str) -> Self {
        Self { attr_key: name, attr_value: None }
    }
}

impl<'t> Call<'_, &'t [Tag<'t>]> {
    /// Sets tags.
    pub fn tags(id: impl Into<String>, tags: &'t [Tag<'t>]) -> Self {
        Self::new(Method::TagsUpdate, id, tags)
    }

    /// Forgets tags.
    pub fn forget_tags(id: impl Into<String>, tags: &'t [Tag<'t>]) -> Self {
        Self::new(Method::TagsDelete, id, tags)
    }
}
