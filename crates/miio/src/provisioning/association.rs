//! How joining a Wi-Fi goes.

use alloc::string::String;

use serde_json::Value;

use crate::json::Lenient;

/// The answer to `miIO.wifi_assoc_state`. Every field is optional on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Association {
    /// `ONLINE` once the device has reached its cloud; the other words are the vendor's own.
    pub state: Option<String>,
    /// How often the password was refused.
    pub auth_fail_count: Option<u64>,
    /// How often the access point was joined.
    pub conn_success_count: Option<u64>,
    /// How often the access point was not reached.
    pub conn_fail_count: Option<u64>,
    /// How often no address was given.
    pub dhcp_fail_count: Option<u64>,
}

impl Association {
    /// Reads what there is; nothing is required.
    pub fn from_value(value: &Value) -> Self {
        let value = match value {
            // Some devices wrap every result.
            Value::Array(items) => items.first().unwrap_or(value),
            _ => value,
        };
        let number = |key| {
            let number = value.get(key).and_then(Lenient::to_i64);
            number.and_then(|number| u64::try_from(number).ok())
        };
        Self {
            state: value.get("state").and_then(Lenient::to_text),
            auth_fail_count: number("auth_fail_count"),
            conn_success_count: number("conn_success_count"),
            conn_fail_count: number("conn_fail_count"),
            dhcp_fail_count: number("dhcp_fail_count"),
        }
    }

    /// Whether the device says that it is connected.
    pub fn is_online(&self) -> bool {
        self.state.as_deref().is_some_and(|state| state.eq_ignore_ascii_case("online"))
    }

    /// What kept the device from joining, as its counters tell it; nothing where it is online.
    pub fn failure(&self) -> Option<JoinFailure> {
        let counted = |count: Option<u64>| count.is_some_and(|count| count > 0);
        if self.is_online() {
            None
        } else if counted(self.auth_fail_count) {
            Some(JoinFailure::Password)
        } else if counted(self.dhcp_fail_count) {
            Some(JoinFailure::Address)
        } else if counted(self.conn_fail_count) {
            Some(JoinFailure::Unreachable)
        } else {
            None
        }
    }
}

/// Why a device did not join a Wi-Fi.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinFailure {
    /// The access point refused the password.
    #[error("the Wi-Fi refused the password")]
    Password,
    /// There is no such network in reach; most devices see 2.4 GHz only.
    #[error("the Wi-Fi was not reached: is its name right, and is it on 2.4 GHz?")]
    Unreachable,
    /// It was joined and gave no address.
    #[error("the Wi-Fi gave the device no address")]
    Address,
}
