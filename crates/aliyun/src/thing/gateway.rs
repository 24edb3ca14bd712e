//! Devices below a gateway: who they are, that they are there, what they are given.

use alloc::borrow::Cow;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::time::Duration;

use iot_home_mqtt::payload::lenient;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};

use super::registered::Hidden;
use super::{Address, Call, Code, Method, Unreadable, Unwritable};
use crate::{Device, DeviceSecret, SubDevice, SubDeviceProof};

/// The most devices in a batch of logins.
const MOST_LOGINS: usize = 50;
/// The most devices of one registration.
pub(crate) const MOST_REGISTRATIONS: usize = 30;

/// Which device: product key and device name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Name<'a> {
    /// Which product.
    #[serde(borrow)]
    pub product_key: Cow<'a, str>,
    /// Which device of it.
    #[serde(borrow)]
    pub device_name: Cow<'a, str>,
}

impl<'a> From<Address<'a>> for Name<'a> {
    fn from(Address { product_key, device_name }: Address<'a>) -> Self {
        Self { product_key: product_key.into(), device_name: device_name.into() }
    }
}

/// What a gateway presents for a device below it. Where it stands decides how the sign method's name is written, and
/// whether a clean session is asked for.
#[derive(Clone, Debug)]
pub struct Proven {
    name: Name<'static>,
    proof: SubDeviceProof,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Topology,
    Login { clean_session: bool },
    Batch { clean_session: bool },
}

impl Serialize for Proven {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Proven", 7)?;
        fields.serialize_field("productKey", &self.name.product_key)?;
        fields.serialize_field("deviceName", &self.name.device_name)?;
        fields.serialize_field("clientId", &self.proof.client_id)?;
        if let Some(timestamp) = &self.proof.timestamp {
            fields.serialize_field("timestamp", timestamp)?;
        }
        let method = self.proof.sign_method.as_str();
        let clean = match self.form {
            Form::Topology => {
                fields.serialize_field("signmethod", method)?;
                None
            }
            Form::Login { clean_session } => {
                fields.serialize_field("signMethod", method)?;
                Some(clean_session)
            }
            // The batch says the method, once for all.
            Form::Batch { clean_session } => Some(clean_session),
        };
        fields.serialize_field("sign", self.proof.sign.expose())?;
        if let Some(clean) = clean {
            // A text, unlike any other truth.
            fields.serialize_field("cleanSession", if clean { "true" } else { "false" })?;
        }
        fields.end()
    }
}

fn prove(device: &SubDevice, now: Duration, form: Form) -> Proven {
    Proven { name: device.name(), proof: device.sign(now), form }
}

impl SubDevice {
    fn name(&self) -> Name<'static> {
        let (product_key, device_name) = self.names();
        Name {
            product_key: product_key.as_str().to_string().into(),
            device_name: device_name.as_str().to_string().into(),
        }
    }
}

impl Call<'_, Vec<Proven>> {
    /// These devices are below this gateway.
    pub fn topology_add<'d>(
        id: impl Into<String>,
        devices: impl IntoIterator<Item = &'d SubDevice>,
        now: Duration,
    ) -> Self {
        let devices = devices.into_iter().map(|device| prove(device, now, Form::Topology));
        Self::new(Method::TopologyAdd, id, devices.collect())
    }
}

impl Call<'_, Proven> {
    /// This device is online.
    pub fn login(
        id: impl Into<String>,
        device: &SubDevice,
        now: Duration,
        clean_session: bool,
    ) -> Self {
        Self::new(Method::Login, id, prove(device, now, Form::Login { clean_session }))
    }
}

/// Several logins with one sign method.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    sign_method: &'static str,
    device_list: Vec<Proven>,
}

impl Call<'_, Batch> {
    /// These devices are online: 50 at most, all of them signed by the method of the first.
    ///
    /// # Errors
    /// If there are more, or none.
    pub fn batch_login(
        id: impl Into<String>,
        devices: &[SubDevice],
        now: Duration,
        clean_session: bool,
    ) -> Result<Self, Unwritable> {
        Unwritable::check_count("sub-devices", devices.len(), MOST_LOGINS)?;
        let method = devices.first().map(SubDevice::method).unwrap_or_default();
        let form = Form::Batch { clean_session };
        let device_list = devices
            .iter()
            .map(|device| prove(&device.clone().sign_method(method), now, form))
            .collect();
        Ok(Self::new(Method::BatchLogin, id, Batch { sign_method: method.as_str(), device_list }))
    }
}

impl<'d> Call<'_, Name<'d>> {
    /// This device is offline.
    pub fn logout(id: impl Into<String>, device: Address<'d>) -> Self {
        Self::new(Method::Logout, id, device.into())
    }
}

impl<'d> Call<'_, Vec<Name<'d>>> {
    /// These devices are offline: 50 at most.
    ///
    /// # Errors
    /// If there are more.
    pub fn batch_logout(
        id: impl Into<String>,
        devices: impl IntoIterator<Item = Address<'d>>,
    ) -> Result<Self, Unwritable> {
        names(Method::BatchLogout, id, devices, MOST_LOGINS)
    }

    /// These devices are below this gateway no more.
    pub fn topology_delete(
        id: impl Into<String>,
        devices: impl IntoIterator<Item = Address<'d>>,
    ) -> Self {
        Self::new(Method::TopologyDelete, id, devices.into_iter().map(Into::into).collect())
    }

    /// These devices were found. Whoever looks at the console may add them.
    pub fn list_found(
        id: impl Into<String>,
        devices: impl IntoIterator<Item = Address<'d>>,
    ) -> Self {
        Self::new(Method::ListFound, id, devices.into_iter().map(Into::into).collect())
    }

    /// Registers these devices, 30 at most: each is answered with a [`Registered`].
    ///
    /// # Errors
    /// If there are more.
    pub fn sub_register(
        id: impl Into<String>,
        devices: impl IntoIterator<Item = Address<'d>>,
    ) -> Result<Self, Unwritable> {
        names(Method::SubRegister, id, devices, MOST_REGISTRATIONS)
    }
}

fn names<'a, 'd>(
    method: Method<'a>,
    id: impl Into<String>,
    devices: impl IntoIterator<Item = Address<'d>>,
    most: usize,
) -> Result<Call<'a, Vec<Name<'d>>>, Unwritable> {
    let devices: Vec<_> = devices.into_iter().map(Name::from).collect();
    Unwritable::check_count("sub-devices", devices.len(), most)?;
    Ok(Call::new(method, id, devices))
}

/// An object without anything in it.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Nothing {}

impl Call<'_, Nothing> {
    /// Asks which devices are below this gateway, which is answered with a list of [`Name`]s.
    pub fn topology(id: impl Into<String>) -> Self {
        Self::new(Method::TopologyGet, id, Nothing {})
    }
}

/// What a device below a gateway was given when it was registered.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Registered<'a> {
    /// Which product.
    #[serde(borrow)]
    pub product_key: Cow<'a, str>,
    /// Which device of it.
    #[serde(borrow)]
    pub device_name: Cow<'a, str>,
    /// Its secret.
    #[serde(deserialize_with = "secret")]
    pub device_secret: DeviceSecret,
}

impl Registered<'_> {
    /// The device, where it is one of those that were asked for.
    ///
    /// # Errors
    /// If it is none of them, or its secret cannot be one.
    pub fn into_device(self, asked: &[Address<'_>]) -> Result<Device, Unreadable> {
        let Self { product_key, device_name, device_secret } = self;
        let named = Address { product_key: &product_key, device_name: &device_name };
        if !asked.contains(&named) {
            return Err(Unreadable::Form { offset: 0 });
        }
        Ok(Device::new(&*product_key, &*device_name, device_secret)?)
    }
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<DeviceSecret, D::Error> {
    use serde::de::Error as _;

    let hidden = Hidden::deserialize(deserializer)?;
    hidden.0.try_into().map_err(D::Error::custom)
}

/// What a registration by the products' secrets ([`Method::ProductRegister`]) is answered with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ProductRegistered<'a> {
    /// Those that were registered.
    #[serde(borrow)]
    pub successes: Vec<Registered<'a>>,
    /// Those that were not.
    #[serde(borrow)]
    pub failures: Vec<NotRegistered<'a>>,
}

/// A device that was not registered.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NotRegistered<'a> {
    /// Which product.
    #[serde(borrow)]
    pub product_key: Cow<'a, str>,
    /// Which device of it.
    #[serde(borrow)]
    pub device_name: Cow<'a, str>,
    /// Why.
    pub code: Code,
}

impl NotRegistered<'_> {
    /// The same, standing on its own.
    pub fn into_owned(self) -> NotRegistered<'static> {
        NotRegistered {
            product_key: self.product_key.into_owned().into(),
            device_name: self.device_name.into_owned().into(),
            code: self.code,
        }
    }
}

/// The platform's console changed who is below the gateway: the parameters of
/// [`What::TopologyChange`](super::What::TopologyChange).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TopologyChange<'a> {
    /// How: 0 added, 1 deleted, 2 enabled again, 8 disabled.
    #[serde(deserialize_with = "lenient::integer")]
    pub status: u8,
    /// Which devices.
    #[serde(borrow, default)]
    pub sub_list: Vec<Name<'a>>,
}
