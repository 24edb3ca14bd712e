//! The platform as a whole: what it takes, and which logins are its own.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::time::Duration;

use iot_home_mqtt::platform::{Recognized, Way};
use iot_home_mqtt::{Credentials, Platform, Rules};

use crate::Presented;

/// What the platform takes of MQTT, by its documents.
pub const RULES: Rules = {
    let mut rules = Rules::MQTT;
    rules.keep_alive = 0..=900;
    rules.will = false;
    rules.retain = false;
    rules.qos = 1;
    rules.payload = 16 * 1024;
    rules.filters = 1;
    rules.reconnect = Duration::from_secs(5);
    rules
};

/// Tencent Cloud IoT, for [`whose`](iot_home_mqtt::platform::whose).
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing to say about it")]
pub struct Tencent;

impl Platform for Tencent {
    fn name(&self) -> &'static str {
        "tencent"
    }

    fn rules(&self) -> &'static Rules {
        &RULES
    }

    fn recognize(&self, credentials: &Credentials<'_>, way: Way) -> Option<Recognized> {
        let presented = Presented::recognize(*credentials)?;
        let text = |text: &str| Some(text).filter(|text| !text.is_empty()).map(String::from);
        let fields = [
            ("kind", Some(presented.kind().name().into())),
            ("product_id", text(presented.product_id())),
            ("device_name", text(presented.device_name())),
            ("sdk_app_id", text(presented.sdk_app_id())),
            ("conn_id", text(presented.conn_id())),
            ("expiry", presented.expires().map(|expiry| expiry.to_string())),
            ("sign_method", presented.method().map(String::from)),
        ];
        let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let problems: Vec<_> =
            presented.problems(way).iter().map(|problem| problem.to_string()).collect();
        Some(Recognized::new(fields, problems))
    }
}
