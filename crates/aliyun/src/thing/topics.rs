//! The topics of one device.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use iot_home_mqtt::InvalidField;
use iot_home_mqtt::field::{Field, first_other};

use super::{Address, Method};
use crate::{Device, DeviceName, ProductKey, TokenDevice};

/// The topics of one device. No name in them can be more than one level, or a wildcard.
///
/// ```
/// use iot_home_aliyun::thing::{EventId, Method, Topics};
///
/// let topics = Topics::new(&"a1X2bEnP82z".parse()?, &"lamp-1".parse()?);
/// assert_eq!(topics.property_post(), "/sys/a1X2bEnP82z/lamp-1/thing/event/property/post");
/// let overheated = Method::Event(EventId::new("Overheated")?);
/// assert_eq!(topics.of(overheated), "/sys/a1X2bEnP82z/lamp-1/thing/event/Overheated/post");
/// assert_eq!(topics.user("update")?, "/a1X2bEnP82z/lamp-1/user/update");
/// assert!(topics.user("+/x").is_err());
/// assert!(EventId::new("property/../x").is_err());
/// # Ok::<(), iot_home_aliyun::InvalidField>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Topics {
    product_key: ProductKey,
    device_name: DeviceName,
}

/// Product key and device name as two levels.
pub(super) struct Levels<'a>(&'a Topics);

impl fmt::Display for Levels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.product_key, self.0.device_name)
    }
}

impl Topics {
    /// Those of this device.
    pub fn new(product_key: &ProductKey, device_name: &DeviceName) -> Self {
        Self { product_key: product_key.clone(), device_name: device_name.clone() }
    }

    /// Whose they are.
    pub const fn address(&self) -> Address<'_> {
        Address::new(&self.product_key, &self.device_name)
    }

    pub(super) const fn device(&self) -> Levels<'_> {
        Levels(self)
    }

    /// Where this is asked. The answer comes on the same with `_reply` behind it.
    pub fn of(&self, method: Method<'_>) -> String {
        method.topic(self)
    }

    /// Reports of properties.
    pub fn property_post(&self) -> String {
        self.of(Method::PropertyPost)
    }

    /// Data of the device's own form, which a script on the platform reads; answered on the same with `_reply`.
    pub fn raw_up(&self) -> String {
        format!("/sys/{}/thing/model/up_raw", self.device())
    }

    /// Answers to data that the platform sent in the device's own form.
    pub fn raw_down_reply(&self) -> String {
        format!("/sys/{}/thing/model/down_raw_reply", self.device())
    }

    /// A topic of one's own, for publishing or for subscribing: what stands behind `/user/`.
    ///
    /// # Errors
    /// If a level of it is empty, or has a wildcard or a control character.
    pub fn user(&self, path: &str) -> Result<String, InvalidField> {
        check_path(path)?;
        Ok(format!("/{}/user/{path}", self.device()))
    }

    /// What to subscribe to for calls ([`Rrpc`](super::Rrpc)) that go to a topic of one's own, which is written without its
    /// first slash. The login has to say [`ext`](crate::Params::ext) 1.
    ///
    /// # Errors
    /// As for [`user`](Self::user).
    pub fn calls_of(&self, path: &str) -> Result<String, InvalidField> {
        check_path(path)?;
        Ok(format!("/ext/rrpc/+/{path}"))
    }

    pub(super) fn ntp_request(&self) -> String {
        format!("/ext/ntp/{}/request", self.device())
    }

    pub(super) fn ntp_response(&self) -> String {
        format!("/ext/ntp/{}/response", self.device())
    }

    pub(super) fn ota(&self, what: &str) -> String {
        format!("/ota/device/{what}/{}", self.device())
    }

    pub(super) fn shadow_update(&self) -> String {
        format!("/shadow/update/{}", self.device())
    }

    pub(super) fn shadow_get(&self) -> String {
        format!("/shadow/get/{}", self.device())
    }

    pub(super) fn app_up(&self, path: &str) -> String {
        format!("/sys/{}/app/up/{path}", self.device())
    }

    /// What to subscribe to, to have what the platform says by itself: sets, services, calls, firmware, configurations,
    /// wishes of the shadow, and what its console does with the device. Answers to calls are not among it.
    pub fn pushes(&self) -> Vec<String> {
        let device = self.device();
        let below = PUSHED.into_iter().map(|path| format!("/sys/{device}/{path}"));
        below.chain([self.ota("upgrade"), self.shadow_get()]).collect()
    }

    /// The same for the devices below a gateway and for the whole product, which only the device that is connected has.
    pub fn own_pushes(&self) -> Vec<String> {
        let device = self.device();
        Vec::from([
            format!("/sys/{device}/thing/topo/change"),
            format!("/ext/error/{device}"),
            format!("/broadcast/{}/+", self.product_key),
        ])
    }

    /// What to subscribe to, to have everything of the platform's own that [`Down`](super::Down) knows.
    ///
    /// Logins with [`Params::auto_subscribe`](crate::Params::auto_subscribe) have it without subscribing. What
    /// registration and certificates are answered with needs no subscription either.
    pub fn subscriptions(&self) -> Vec<String> {
        let device = self.device();
        let plain = Method::PLAIN.into_iter().map(|method| format!("{}_reply", self.of(method)));
        let below = [
            "thing/event/+/post_reply",
            "thing/service/property/set",
            "thing/service/+",
            "rrpc/request/+",
            "thing/model/up_raw_reply",
            "thing/model/down_raw",
            "thing/config/push",
            "thing/config/log/push",
            "thing/topo/change",
            "thing/disable",
            "thing/enable",
            "thing/delete",
        ];
        let below = below.into_iter().map(|path| format!("/sys/{device}/{path}"));
        let others = [
            self.ntp_response(),
            format!("/ext/error/{device}"),
            self.ota("upgrade"),
            self.shadow_get(),
            format!("/broadcast/{}/+", self.product_key),
        ];
        plain.chain(below).chain(others).collect()
    }
}

/// What the platform says by itself, below `/sys/{d}/`.
const PUSHED: [&str; 9] = [
    "thing/service/property/set",
    "thing/service/+",
    "rrpc/request/+",
    "thing/model/down_raw",
    "thing/config/push",
    "thing/config/log/push",
    "thing/disable",
    "thing/enable",
    "thing/delete",
];

/// Levels of a topic, none of them empty or a wildcard.
pub(super) fn check_path(path: &str) -> Result<(), InvalidField> {
    const FIELD: Field = Field::new(
        "path of the topic",
        "1 to 200 characters, no wildcard, no empty level and no control character",
        1..=200,
        |path| {
            let bad = first_other(path, |c| !matches!(c, '+' | '#') && !c.is_control());
            let mut before = '/';
            let empty =
                path.chars().position(|c| core::mem::replace(&mut before, c) == '/' && c == '/');
            let last = path.ends_with('/').then(|| path.chars().count().saturating_sub(1));
            [bad, empty, last].into_iter().flatten().min()
        },
    );
    FIELD.check(path)
}

impl Device {
    /// Its topics.
    pub fn topics(&self) -> Topics {
        Topics::new(self.product_key(), self.device_name())
    }
}

impl TokenDevice {
    /// Its topics.
    pub fn topics(&self) -> Topics {
        Topics::new(&self.product_key, &self.device_name)
    }
}
