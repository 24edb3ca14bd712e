//! Devices below a gateway.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use iot_home_mqtt::payload::{self, Unreadable, lenient};
use iot_home_mqtt::{AnswerKey, Publication};
use serde::{Deserialize, Serialize};

use super::{Address, Code, MAX_PAYLOAD, Topics, Unwritable};
use crate::BindProof;

#[derive(Serialize)]
struct Wire<'a, D> {
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Devices<D>>,
}

#[derive(Serialize)]
struct Devices<D> {
    devices: Vec<D>,
}

#[derive(Serialize)]
struct Name<'a> {
    product_id: &'a str,
    device_name: &'a str,
}

impl<'a> From<Address<'a>> for Name<'a> {
    fn from(Address { product_id, device_name }: Address<'a>) -> Self {
        Self { product_id, device_name }
    }
}

/// What a gateway does with devices that need not prove anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// They are online.
    Online,
    /// They are offline.
    Offline,
    /// They are bound to this gateway no more.
    Unbind,
}

impl Operation {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Unbind => "unbind",
        }
    }
}

/// Tells something of devices that are bound to this gateway.
///
/// # Errors
/// If they are too many for a message.
pub fn tell<'d>(
    topics: &Topics,
    operation: Operation,
    devices: impl IntoIterator<Item = Address<'d>>,
) -> Result<Publication, Unwritable> {
    let devices = devices.into_iter().map(Name::from).collect();
    publication(topics, &Wire { r#type: operation.as_str(), payload: Some(Devices { devices }) })
}

/// Binds a device to this gateway, which it proves by its own key ([`Device::bind_proof`](crate::Device::bind_proof)).
///
/// # Errors
/// None: what is written is short.
pub fn bind(
    topics: &Topics,
    device: Address<'_>,
    proof: &BindProof,
) -> Result<Publication, Unwritable> {
    #[derive(Serialize)]
    struct Bind<'a> {
        #[serde(flatten)]
        name: Name<'a>,
        signature: &'a str,
        random: u32,
        timestamp: u64,
        signmethod: &'a str,
        authtype: &'a str,
    }
    let bind = Bind {
        name: device.into(),
        signature: proof.signature.expose(),
        random: proof.random,
        timestamp: proof.timestamp,
        signmethod: proof.sign_method.as_str(),
        authtype: "psk",
    };
    let payload = Some(Devices { devices: Vec::from([bind]) });
    publication(topics, &Wire { r#type: "bind", payload })
}

/// Asks which devices are bound to this gateway.
///
/// # Errors
/// None: what is written is short.
pub fn describe(topics: &Topics) -> Result<Publication, Unwritable> {
    publication(topics, &Wire::<()> { r#type: "describe_sub_devices", payload: None })
}

fn publication<D: Serialize>(
    topics: &Topics,
    wire: &Wire<'_, D>,
) -> Result<Publication, Unwritable> {
    let payload = payload::value("devices", wire, MAX_PAYLOAD)?;
    // The answer has nothing but its type to be known by.
    let key = AnswerKey::new(topics.of("$gateway/operation/result"), wire.r#type);
    Ok(Publication::new(topics.of("$gateway/operation"), payload).answered_by(key))
}

/// What the platform says of devices below this gateway.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Gateway<'a> {
    /// `online`, `offline`, `bind`, `unbind` and `describe_sub_devices` are answered, `change` and `unbind` pushed.
    pub kind: Cow<'a, str>,
    /// In a change: 1 where they were bound, 0 where they are bound no more.
    pub status: Option<i64>,
    /// Which devices.
    pub devices: Vec<SubDevice<'a>>,
}

/// A device below a gateway.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct SubDevice<'a> {
    /// Which product.
    #[serde(borrow)]
    pub product_id: Cow<'a, str>,
    /// Which device of it.
    #[serde(borrow)]
    pub device_name: Cow<'a, str>,
    /// How it went, in an answer. The numbers of failures are documented nowhere.
    #[serde(default)]
    pub result: Option<Code>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    payload: Option<Inner<'a>>,
}

#[derive(Default, Deserialize)]
struct Inner<'a> {
    #[serde(default, deserialize_with = "lenient::optional")]
    status: Option<i64>,
    #[serde(borrow, default)]
    devices: Option<Vec<SubDevice<'a>>>,
}

impl<'a> Gateway<'a> {
    pub(super) fn parse(payload: &'a [u8]) -> Result<Self, Unreadable> {
        let message: Message<'a> = payload::read(payload, MAX_PAYLOAD)?;
        let inner = message.payload.unwrap_or_default();
        Ok(Self {
            kind: message.kind,
            status: inner.status,
            devices: inner.devices.unwrap_or_default(),
        })
    }
}
