//! The platform as a whole: what it takes, and which logins are its own.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use iot_home_mqtt::platform::{Recognized, Way};
use iot_home_mqtt::{Credentials, Platform, Rules};

use crate::Presented;

/// What the platform takes of MQTT.
///
/// By its documents it has no wills and retains nothing. Clients that set a will are let in all the same.
pub const RULES: Rules = {
    let mut rules = Rules::MQTT;
    rules.keep_alive = 30..=1200;
    rules.will = false;
    rules.retain = false;
    rules.qos = 1;
    rules.payload = 256 * 1024;
    rules
};

/// Aliyun IoT, for [`whose`](iot_home_mqtt::platform::whose).
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing to say about it")]
pub struct Aliyun;

impl Platform for Aliyun {
    fn name(&self) -> &'static str {
        "aliyun"
    }

    fn rules(&self) -> &'static Rules {
        &RULES
    }

    fn recognize(&self, credentials: &Credentials<'_>, way: Way) -> Option<Recognized> {
        let presented = Presented::recognize(*credentials)?;
        let text = |text: &str| Some(text).filter(|text| !text.is_empty()).map(String::from);
        let fields = [
            ("kind", Some(presented.kind().name().into())),
            ("product_key", text(presented.product_key())),
            ("device_name", text(presented.device_name())),
            ("client_id", Some(presented.client_id().into())),
            ("secure_mode", presented.param("securemode").map(String::from)),
            ("sign_method", presented.param("signmethod").map(String::from)),
            ("timestamp", presented.param("timestamp").map(String::from)),
        ];
        let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let problems: Vec<_> =
            presented.problems(way).iter().map(|problem| problem.to_string()).collect();
        Some(Recognized::new(fields, problems))
    }
}
