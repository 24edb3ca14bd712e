//! What a device tells of itself.

use alloc::string::{String, ToString};
use core::fmt;

use serde_json::Value;

use crate::json::Lenient;
use crate::redact;
use crate::token::Token;

/// The answer to `miIO.info`. Every field is optional on the wire, and devices add their own: the
/// whole answer is [`raw`](Self::raw).
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Info {
    /// The model, such as `zhimi.fan.za1`.
    pub model: Option<String>,
    /// Version of the firmware.
    pub fw_ver: Option<String>,
    /// The Wi-Fi module or its chip, such as `esp32` or `Linux`.
    pub hw_ver: Option<String>,
    /// Version of the firmware of the controller behind the Wi-Fi module.
    pub mcu_fw_ver: Option<String>,
    /// The MAC address as the device writes it.
    pub mac: Option<String>,
    /// Seconds since the device was started.
    pub life: Option<i64>,
    /// The account the device belongs to; 0 when it was provisioned without one.
    pub uid: Option<i64>,
    /// The token, where the device tells it.
    pub token: Option<Token>,
    /// The access point the device is connected to.
    pub ap: AccessPoint,
    /// The device's own addresses.
    pub netif: NetworkInterface,
    raw: Value,
}

impl Info {
    /// Reads what there is; nothing is required.
    pub fn from_value(raw: Value) -> Self {
        let text = |key: &str| raw.get(key).and_then(Lenient::to_text);
        let number = |key: &str| raw.get(key).and_then(Lenient::to_i64);
        let inner = |of: &str, key: &str| raw.get(of).and_then(|part| part.get(key));
        let rssi = inner("ap", "rssi").or_else(|| inner("ap", "wifi_rssi"));
        Self {
            model: text("model"),
            fw_ver: text("fw_ver"),
            hw_ver: text("hw_ver"),
            mcu_fw_ver: text("mcu_fw_ver"),
            mac: text("mac"),
            life: number("life"),
            uid: number("uid"),
            token: raw.get("token").and_then(Value::as_str).and_then(|token| token.parse().ok()),
            ap: AccessPoint {
                ssid: inner("ap", "ssid").and_then(Lenient::to_text),
                bssid: inner("ap", "bssid").and_then(Lenient::to_text),
                rssi: rssi.and_then(Lenient::to_i64),
            },
            netif: NetworkInterface {
                local_ip: inner("netif", "localIp").and_then(Lenient::to_text),
                mask: inner("netif", "mask").and_then(Lenient::to_text),
                gateway: inner("netif", "gw").and_then(Lenient::to_text),
            },
            raw,
        }
    }

    /// The whole answer, the token included.
    pub fn raw(&self) -> &Value {
        &self.raw
    }
}

impl fmt::Debug for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut raw = self.raw.clone();
        redact::secrets(&mut raw);
        f.debug_tuple("Info").field(&raw.to_string()).finish()
    }
}

/// The access point a device is connected to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessPoint {
    /// Its name.
    pub ssid: Option<String>,
    /// Its MAC address.
    pub bssid: Option<String>,
    /// How strongly the device hears it, in dBm.
    pub rssi: Option<i64>,
}

/// A device's own addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetworkInterface {
    /// The device's IPv4 address.
    pub local_ip: Option<String>,
    /// Its netmask: many devices answer only to addresses within it.
    pub mask: Option<String>,
    /// Its default gateway.
    pub gateway: Option<String>,
}
