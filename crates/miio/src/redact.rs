//! Taking secrets out of what is to be shown.

use serde_json::Value;

/// Replaces the values of keys that hold secrets by `null`, at any depth: tokens, passwords, keys.
pub fn secrets(value: &mut Value) {
    visit(value, &|key| is_one_of(key, SECRETS));
}

/// Replaces what a bug report should not tell as well: names of networks, addresses, accounts.
pub fn personal(value: &mut Value) {
    visit(value, &|key| is_one_of(key, SECRETS) || is_one_of(key, PERSONAL));
}

fn visit(value: &mut Value, hide: &dyn Fn(&str) -> bool) {
    match value {
        // Objects nest no deeper than the parser lets them.
        Value::Object(map) => {
            for (key, value) in map {
                if hide(key) {
                    *value = Value::Null;
                } else {
                    visit(value, hide);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, hide)),
        _ => {}
    }
}

fn is_one_of(key: &str, names: &[&str]) -> bool {
    names.iter().any(|name| key.eq_ignore_ascii_case(name))
}

const SECRETS: &[&str] = &[
    "token",
    "passwd",
    "password",
    "pwd",
    "psk",
    "key",
    "bind_key",
    "bindkey",
    "beaconkey",
    "device_secret",
    "devicesecret",
    "secret",
    "aes_key",
    "auth_key",
    "beacon_key",
    "ltmk",
    "pass_token",
    "passToken",
    "service_token",
    "ssecurity",
    "serviceToken",
    "token_enc",
    "password_hash",
];
const PERSONAL: &[&str] = &[
    "ssid",
    "bssid",
    "mac",
    "uid",
    "user_id",
    "userId",
    "localIp",
    "gw",
    "ip",
    "bind_mac",
    "latitude",
    "longitude",
    "owner",
];
