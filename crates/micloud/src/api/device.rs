//! Devices: whose they are, where they are, and the keys to them on the LAN.

use iot_home_core::{Did, Secret};
use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::lenient::{self, Record};
use crate::{Call, RawJson};

/// A device of an account. Endpoints differ in what they fill in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// Its id.
    pub did: Did,
    /// What its owner calls it.
    pub name: String,
    /// Its model, such as `yeelink.light.ceiling1`.
    pub model: String,
    /// The key to it on the LAN: 32 hexadecimal digits, or fewer for Bluetooth.
    pub token: Option<Secret<String>>,
    /// Its address on the LAN, as far as the cloud knows.
    pub local_ip: Option<String>,
    /// Its MAC address.
    pub mac: Option<String>,
    /// The name of its Wi-Fi.
    pub ssid: Option<String>,
    /// How well it receives that, in dBm.
    pub rssi: Option<i64>,
    /// How it is connected, see [`connection`](Self::connection).
    pub pid: Option<i64>,
    /// Whether the cloud reaches it.
    pub is_online: Option<bool>,
    /// The device it hangs below, such as a gateway.
    pub parent_id: Option<String>,
    /// The account that it is bound to.
    pub uid: Option<String>,
    /// Its specification, such as `urn:miot-spec-v2:device:light:…`.
    pub spec_type: Option<String>,
    /// Who shares it, where it is shared by itself.
    pub owner: Option<Owner>,
    /// All of the record.
    pub raw: RawJson,
}

impl Device {
    /// What its `pid` says of how it is connected.
    pub const fn connection(&self) -> Option<&'static str> {
        let Some(pid) = self.pid else { return None };
        Some(match pid {
            0 => "Wi-Fi",
            3 => "ZigBee",
            5 => "virtual",
            6 => "Bluetooth",
            8 => "Wi-Fi and Bluetooth",
            10 => "plug-in",
            11 => "cellular",
            12 | 23 => "cable",
            13 => "NB-IoT",
            14 => "another cloud",
            15 => "infrared",
            16 => "Bluetooth mesh",
            17 => "group",
            18 | 19 => "gateway",
            22 => "power line",
            24 => "Matter",
            25 => "Wi-Fi and cellular",
            _ => return None,
        })
    }
}

/// Who shares a device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Owner {
    /// The account's number.
    #[serde(rename = "userid", deserialize_with = "lenient::filled")]
    pub user_id: Option<String>,
    /// What it calls itself.
    #[serde(deserialize_with = "lenient::filled")]
    pub nickname: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Fields {
    #[serde(deserialize_with = "did")]
    did: Did,
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    model: Option<String>,
    #[serde(default, deserialize_with = "lenient::filled")]
    token: Option<String>,
    #[serde(default, alias = "local_ip", deserialize_with = "lenient::filled")]
    localip: Option<String>,
    #[serde(default, deserialize_with = "lenient::filled")]
    mac: Option<String>,
    #[serde(default, deserialize_with = "lenient::filled")]
    ssid: Option<String>,
    #[serde(default, deserialize_with = "lenient::integer")]
    rssi: Option<i64>,
    #[serde(default, deserialize_with = "lenient::integer")]
    pid: Option<i64>,
    #[serde(default, rename = "isOnline", deserialize_with = "lenient::flag")]
    is_online: Option<bool>,
    #[serde(default, deserialize_with = "lenient::filled")]
    parent_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::filled")]
    uid: Option<String>,
    #[serde(default, deserialize_with = "lenient::filled")]
    spec_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe")]
    owner: Option<Owner>,
}

pub(super) fn did<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Did, D::Error> {
    lenient::id(deserializer)?.parse().map_err(serde::de::Error::custom)
}

impl Record for Device {
    type Fields = Fields;

    fn new(fields: Fields, raw: RawJson) -> Self {
        Self {
            did: fields.did,
            name: fields.name.unwrap_or_default(),
            model: fields.model.unwrap_or_default(),
            token: fields.token.map(Secret::new),
            local_ip: fields.localip,
            mac: fields.mac,
            ssid: fields.ssid,
            rssi: fields.rssi,
            pid: fields.pid,
            is_online: fields.is_online,
            parent_id: fields.parent_id,
            uid: fields.uid,
            spec_type: fields.spec_type,
            owner: fields.owner,
            raw,
        }
    }
}

impl<'de> Deserialize<'de> for Device {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient::record(deserializer)
    }
}

/// Some devices, and where more begin.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct DevicePage {
    /// The devices. Records without a usable did are left out.
    #[serde(default, alias = "device_info", deserialize_with = "lenient::records")]
    pub list: Vec<Device>,
    #[serde(default, deserialize_with = "lenient::flag")]
    has_more: Option<bool>,
    #[serde(default, alias = "max_did", deserialize_with = "lenient::filled")]
    next_start_did: Option<String>,
}

impl DevicePage {
    /// Where the next page begins, if there is one.
    pub fn next(&self) -> Option<&str> {
        self.next_start_did.as_deref().filter(|_| self.has_more == Some(true))
    }
}

/// The devices with these dids, or all that belong to the account, in one answer.
pub fn device_list(dids: &[Did]) -> Call<DevicePage> {
    let data = match dids {
        [] => json!({
            "getVirtualModel": true, "getHuamiDevices": 1,
            "get_split_device": false, "support_smart_home": true,
        }),
        dids => json!({ "dids": dids }),
    };
    Call::known("/home/device_list", &data)
}

/// The account's devices and those that are shared with it one by one, from a did on.
pub fn device_page(start_did: Option<&str>) -> Call<DevicePage> {
    let data = json!({
        "getVirtualModel": true, "getHuamiDevices": 1, "get_split_device": true,
        "support_smart_home": true, "get_third_device": true, "get_cariot_device": true,
        "limit": 200, "start_did": start_did.unwrap_or_default(),
    });
    Call::known("/v2/home/device_list_page", &data)
}

/// The devices of a home, from a did on. `owner` is the home's, which is not always the caller.
pub fn home_devices(home_id: i64, owner: i64, start_did: Option<&str>) -> Call<DevicePage> {
    let data = json!({
        "home_id": home_id, "home_owner": owner, "limit": 200,
        "start_did": start_did.unwrap_or_default(), "get_split_device": true,
        "support_smart_home": true, "get_third_device": true, "get_cariot_device": true,
    });
    Call::known("/v2/home/home_device_list", &data)
}
