//! The topics of one device.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use iot_home_mqtt::InvalidField;
use iot_home_mqtt::field::{Field, first_other};

use super::Address;
use crate::{CertificateDevice, Device, DeviceName, ProductId};

/// The topics of one device. No name in them can be more than one level, or a wildcard.
///
/// ```
/// use iot_home_tencent::thing::Topics;
///
/// let topics = Topics::new(&"YOURPROD01".parse()?, &"lamp1".parse()?);
/// assert_eq!(topics.property_up(), "$thing/up/property/YOURPROD01/lamp1");
/// assert_eq!(topics.event(), "YOURPROD01/lamp1/event");
/// assert_eq!(topics.user("a/b")?, "YOURPROD01/lamp1/a/b");
/// assert!(topics.user("a/#").is_err());
/// # Ok::<(), iot_home_tencent::InvalidField>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Topics {
    product_id: ProductId,
    device_name: DeviceName,
}

/// What the platform sends, in front of `/<product id>/<device name>`.
const DOWN: [&str; 15] = [
    "$thing/down/property",
    "$thing/down/event",
    "$thing/down/action",
    "$thing/down/service",
    "$thing/down/raw",
    "$shadow/operation/result",
    "$template/operation/result",
    "$ota/update",
    "$gateway/operation/result",
    "$sys/operation/result",
    "$config/update",
    "$log/operation/result",
    "$broadcast/rxd",
    "$resource/down/service",
    "$rrpc/rxd",
];

impl Topics {
    /// Those of this device.
    pub fn new(product_id: &ProductId, device_name: &DeviceName) -> Self {
        Self { product_id: product_id.clone(), device_name: device_name.clone() }
    }

    /// Whose they are.
    pub const fn address(&self) -> Address<'_> {
        Address::new(&self.product_id, &self.device_name)
    }

    pub(super) fn of(&self, what: &str) -> String {
        format!("{what}/{}/{}", self.product_id, self.device_name)
    }

    /// Properties of the Explorer.
    pub fn property_up(&self) -> String {
        self.of("$thing/up/property")
    }

    /// Events of the Explorer.
    pub fn event_up(&self) -> String {
        self.of("$thing/up/event")
    }

    /// Answers to actions of the Explorer.
    pub fn action_up(&self) -> String {
        self.of("$thing/up/action")
    }

    /// Services of the Explorer.
    pub fn service_up(&self) -> String {
        self.of("$thing/up/service")
    }

    /// Data of the device's own form, which a script on the platform reads.
    pub fn raw_up(&self) -> String {
        self.of("$thing/up/raw")
    }

    /// Files that are managed by the platform.
    pub fn resource_up(&self) -> String {
        self.of("$resource/up/service")
    }

    /// The Hub's topic for what the device tells.
    pub fn event(&self) -> String {
        format!("{}/{}/event", self.product_id, self.device_name)
    }

    /// The Hub's topic for both directions.
    pub fn data(&self) -> String {
        format!("{}/{}/data", self.product_id, self.device_name)
    }

    /// A topic of one's own, for publishing or for subscribing: what stands behind the device's name.
    ///
    /// # Errors
    /// If a level of it is empty, or has a wildcard or a control character.
    pub fn user(&self, path: &str) -> Result<String, InvalidField> {
        check_path(path)?;
        Ok(format!("{}/{}/{path}", self.product_id, self.device_name))
    }

    /// What to subscribe to, to have what the platform says by itself: sets and actions of the Explorer, wishes of the
    /// Hub's shadow, firmware, configurations and calls. Answers to calls are not among it, where they have a topic of
    /// their own.
    pub fn pushes(&self) -> Vec<String> {
        let pushed = [
            "$thing/down/property",
            "$thing/down/action",
            "$shadow/operation/result",
            "$ota/update",
            "$config/update",
        ];
        let pushed = pushed.map(|what| self.of(what));
        let calls = format!("{}/+", self.of("$rrpc/rxd"));
        pushed.into_iter().chain([calls]).collect()
    }

    /// The same for the devices below a gateway and for the whole product, which only the device that is connected has.
    pub fn own_pushes(&self) -> Vec<String> {
        ["$gateway/operation/result", "$broadcast/rxd"].map(|what| self.of(what)).into()
    }

    /// What to subscribe to, one filter in a SUBSCRIBE, to have everything of the platform's own that
    /// [`Down`](super::Down) knows, and `control` and `data` of the Hub.
    pub fn subscriptions(&self) -> Vec<String> {
        let own = ["control", "data"];
        let own = own.map(|path| format!("{}/{}/{path}", self.product_id, self.device_name));
        let below = DOWN.into_iter().map(|what| match what {
            // The call's id stands behind it.
            "$rrpc/rxd" => format!("{}/+", self.of(what)),
            _ => self.of(what),
        });
        below.chain(own).collect()
    }
}

/// Levels of a topic, none of them empty or a wildcard.
fn check_path(path: &str) -> Result<(), InvalidField> {
    const FIELD: Field = Field::new(
        "path of the topic",
        "1 to 190 characters, no wildcard, no empty level and no control character",
        1..=190,
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
        Topics::new(self.product_id(), self.device_name())
    }
}

impl CertificateDevice {
    /// Its topics.
    pub fn topics(&self) -> Topics {
        Topics::new(&self.product_id, &self.device_name)
    }
}
