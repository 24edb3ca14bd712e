//! What a device can ask of the platform.

use alloc::format;
use alloc::string::String;

use iot_home_mqtt::InvalidField;
use iot_home_mqtt::field::{Fault, Field, first_other};

use super::Topics;

/// What a device asks of the platform. Each has a topic, and an answer on the topic with `_reply` behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method<'a> {
    /// Properties have these values.
    PropertyPost,
    /// Properties and events of several times and devices.
    PackPost,
    /// Properties and events of earlier times.
    HistoryPost,
    /// An event happened.
    Event(EventId<'a>),
    /// Which values are wanted.
    DesiredGet,
    /// Forget that they were wanted.
    DesiredDelete,
    /// Tags of the device.
    TagsUpdate,
    /// Forget tags.
    TagsDelete,
    /// The remote configuration.
    ConfigGet,
    /// Lines of the device's log.
    LogPost,
    /// Whether logs are wanted.
    LogConfigGet,
    /// Sub-devices are below this gateway.
    TopologyAdd,
    /// They are no more.
    TopologyDelete,
    /// Which sub-devices are below this gateway.
    TopologyGet,
    /// Sub-devices were found.
    ListFound,
    /// Register sub-devices.
    SubRegister,
    /// Register sub-devices by their products' secrets.
    ProductRegister,
    /// Whether there is firmware.
    FirmwareGet,
    /// A sub-device is online.
    Login,
    /// A sub-device is offline.
    Logout,
    /// Several are online.
    BatchLogin,
    /// Several are offline.
    BatchLogout,
}

/// The id of an event: 1 to 128 letters, digits and `_-.:`. `property` is none, since reports of properties have its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId<'a>(&'a str);

impl<'a> EventId<'a> {
    /// This id.
    ///
    /// # Errors
    /// If it cannot be one.
    pub fn new(text: &'a str) -> Result<Self, InvalidField> {
        const FIELD: Field = Field::new(
            "event id",
            "1 to 128 letters, digits and _-.:, and not property",
            1..=128,
            |text| first_other(text, |c| c.is_ascii_alphanumeric() || "_-.:".contains(c)),
        );
        FIELD.check(text)?;
        if text == "property" { Err(FIELD.error(Fault::Reserved)) } else { Ok(Self(text)) }
    }

    /// The text.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

/// Where a method's topic begins.
enum Root {
    /// `/sys/{d}/thing/`
    Thing,
    /// `/ext/session/{d}/combine/`
    Session,
}

impl<'a> Method<'a> {
    /// Those without an id.
    pub const PLAIN: [Self; 21] = [
        Self::PropertyPost,
        Self::PackPost,
        Self::HistoryPost,
        Self::DesiredGet,
        Self::DesiredDelete,
        Self::TagsUpdate,
        Self::TagsDelete,
        Self::ConfigGet,
        Self::LogPost,
        Self::LogConfigGet,
        Self::TopologyAdd,
        Self::TopologyDelete,
        Self::TopologyGet,
        Self::ListFound,
        Self::SubRegister,
        Self::ProductRegister,
        Self::FirmwareGet,
        Self::Login,
        Self::Logout,
        Self::BatchLogin,
        Self::BatchLogout,
    ];

    const fn place(self) -> (Root, &'static str) {
        match self {
            Self::PropertyPost => (Root::Thing, "event/property/post"),
            Self::PackPost => (Root::Thing, "event/property/pack/post"),
            Self::HistoryPost => (Root::Thing, "event/property/history/post"),
            // Its id stands in the place of the braces.
            Self::Event(_) => (Root::Thing, "event/{}/post"),
            Self::DesiredGet => (Root::Thing, "property/desired/get"),
            Self::DesiredDelete => (Root::Thing, "property/desired/delete"),
            Self::TagsUpdate => (Root::Thing, "deviceinfo/update"),
            Self::TagsDelete => (Root::Thing, "deviceinfo/delete"),
            Self::ConfigGet => (Root::Thing, "config/get"),
            Self::LogPost => (Root::Thing, "log/post"),
            Self::LogConfigGet => (Root::Thing, "config/log/get"),
            Self::TopologyAdd => (Root::Thing, "topo/add"),
            Self::TopologyDelete => (Root::Thing, "topo/delete"),
            Self::TopologyGet => (Root::Thing, "topo/get"),
            Self::ListFound => (Root::Thing, "list/found"),
            Self::SubRegister => (Root::Thing, "sub/register"),
            Self::ProductRegister => (Root::Thing, "proxy/provisioning/product_register"),
            Self::FirmwareGet => (Root::Thing, "ota/firmware/get"),
            Self::Login => (Root::Session, "login"),
            Self::Logout => (Root::Session, "logout"),
            Self::BatchLogin => (Root::Session, "batch_login"),
            Self::BatchLogout => (Root::Session, "batch_logout"),
        }
    }

    /// The one below `/sys/{d}/thing/` whose topic ends like this.
    pub(super) fn of_thing(path: &'a str) -> Option<Self> {
        let plain = Self::PLAIN
            .into_iter()
            .find(|method| matches!(method.place(), (Root::Thing, own) if own == path));
        plain.or_else(|| {
            let id = path.strip_prefix("event/")?.strip_suffix("/post")?;
            EventId::new(id).ok().map(Self::Event)
        })
    }

    /// The one below `/ext/session/{d}/combine/` whose topic ends like this.
    pub(super) fn of_session(path: &str) -> Option<Self> {
        Self::PLAIN
            .into_iter()
            .find(|method| matches!(method.place(), (Root::Session, own) if own == path))
    }

    /// The topic of this device.
    pub(super) fn topic(self, topics: &Topics) -> String {
        let device = topics.device();
        match self.place() {
            (Root::Session, path) => format!("/ext/session/{device}/combine/{path}"),
            (Root::Thing, path) => match self {
                Self::Event(id) => format!("/sys/{device}/thing/event/{}/post", id.as_str()),
                _ => format!("/sys/{device}/thing/{path}"),
            },
        }
    }

    /// As it stands in the payload, where it does.
    pub(super) fn name(self) -> Option<String> {
        match self.place() {
            (Root::Session, _) => None,
            (Root::Thing, path) => Some(match self {
                Self::Event(id) => format!("thing.event.{}.post", id.as_str()),
                _ => format!("thing.{}", path.replace('/', ".")),
            }),
        }
    }

    /// The platform takes those of sub-devices' sessions with QoS 0 only.
    pub(super) const fn qos(self) -> u8 {
        match self.place() {
            (Root::Session, _) => 0,
            (Root::Thing, _) => 1,
        }
    }
}
