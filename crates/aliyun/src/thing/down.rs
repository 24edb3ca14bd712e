//! What a device can receive.

use alloc::string::{String, ToString as _};
use core::fmt;

use iot_home_mqtt::payload::Unreadable;
use iot_home_mqtt::{AnswerKey, topic};

use super::ntp::Time;
use super::ota::Upgrade;
use super::shadow::{self, Shadow};
use super::{Address, Identity, MAX_PAYLOAD, Method, Registered, Reply, Request, Rrpc, Topics};

/// A message that arrived: for whom, and what it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Down<'a> {
    topic: &'a str,
    /// The device that the topic names, which may be one below this; `None` where it names none.
    pub to: Option<Address<'a>>,
    /// What it is.
    pub what: What<'a>,
}

/// What a device can receive.
#[derive(Clone)]
#[non_exhaustive]
pub enum What<'a> {
    /// The answer to a call.
    Reply(Method<'a>, Reply<'a>),
    /// Set properties: the parameters are an object with a value to each name.
    PropertySet(Request<'a>),
    /// Do something: the service's id, and an object with its inputs.
    Service(&'a str, Request<'a>),
    /// Do something, and somebody waits for it.
    Rrpc(Rrpc<'a>),
    /// Data of the device's own form.
    RawDown(&'a [u8]),
    /// The answer to data of the device's own form.
    RawUpReply(&'a [u8]),
    /// There is another configuration: the parameters are a [`Config`](super::config::Config).
    ConfigPush(Request<'a>),
    /// Logs are wanted or not: the parameters are a [`LogConfig`](super::config::LogConfig).
    LogConfigPush(Request<'a>),
    /// Other devices are below this gateway: the parameters are a
    /// [`TopologyChange`](super::gateway::TopologyChange).
    TopologyChange(Request<'a>),
    /// The device was disabled.
    Disable(Request<'a>),
    /// The device was enabled again.
    Enable(Request<'a>),
    /// The device was deleted.
    Delete(Request<'a>),
    /// There is firmware.
    Upgrade(Upgrade<'a>),
    /// Of the shadow.
    Shadow(Shadow<'a>),
    /// The time.
    Time(Time),
    /// What a device below this gateway published was refused.
    SubDeviceError(Reply<'a>),
    /// For all devices of the product: what stands behind the product key, and the payload.
    Broadcast(&'a str, &'a [u8]),
    /// From the vendor's app: what stands behind `app/`, and the payload.
    App(&'a str, &'a [u8]),
    /// On a topic of one's own: what stands behind `user/`, and the payload.
    User(&'a str, &'a [u8]),
    /// What a device was given when it registered.
    Registered(Registered),
    /// Who a device with a certificate is.
    Identity(Identity),
    /// On a topic that is none of these.
    Unknown(&'a [u8]),
}

impl<'a> Down<'a> {
    /// Reads a message of this topic. What is not known is kept as it came.
    ///
    /// # Errors
    /// If the topic is none, or the payload is too long or not what the topic calls for.
    pub fn parse(topic: &'a str, payload: &'a [u8]) -> Result<Self, Unreadable> {
        topic::check_name(topic)?;
        if payload.len() > MAX_PAYLOAD {
            return Err(Unreadable::Length { length: payload.len(), most: MAX_PAYLOAD });
        }
        let unknown = (None, What::Unknown(payload));
        let (to, what) = read(topic, payload).transpose()?.unwrap_or(unknown);
        Ok(Self { topic, to, what })
    }

    /// The topic.
    pub const fn topic(&self) -> &'a str {
        self.topic
    }

    /// Whether it names this device. What names none is for whoever is connected.
    pub fn is_for(&self, topics: &Topics) -> bool {
        self.to.is_none_or(|address| address == topics.address())
    }

    /// What it answers, where it is an answer.
    pub fn answers(&self) -> Option<AnswerKey> {
        let id = match &self.what {
            What::Reply(_, reply) => reply.id.as_ref()?.as_str().into(),
            What::Time(time) => time.device_send_time.to_string(),
            What::Shadow(Shadow::Done { .. } | Shadow::Refused { .. }) => shadow::REPLY.into(),
            What::App(path, payload) if path.ends_with("_reply") => {
                let reply = Reply::parse(payload).ok()?;
                String::from(reply.id?.as_str())
            }
            _ => return None,
        };
        Some(AnswerKey::new(self.topic, id))
    }
}

type Read<'a> = (Option<Address<'a>>, What<'a>);

/// `None` where the topic is none that is known.
fn read<'a>(topic: &'a str, payload: &'a [u8]) -> Option<Result<Read<'a>, Unreadable>> {
    match topic {
        "/ext/register" | "/ext/regnwl" => {
            return Some(
                Registered::parse(payload).map(|registered| (None, What::Registered(registered))),
            );
        }
        "/ext/auth/identity/response" => {
            return Some(Identity::parse(payload).map(|identity| (None, What::Identity(identity))));
        }
        _ => {}
    }
    if let Some(rest) = topic.strip_prefix("/ext/rrpc/") {
        let (id, path) =
            rest.split_once('/').filter(|(id, path)| !id.is_empty() && !path.is_empty())?;
        return Some(Ok((None, What::Rrpc(Rrpc::new(topic, id, Some(path), payload)))));
    }
    if let Some(rest) = topic.strip_prefix("/broadcast/") {
        let (product_key, class) = rest.split_once('/').filter(|(_, class)| !class.is_empty())?;
        crate::ProductKey::check(product_key).ok()?;
        return Some(Ok((None, What::Broadcast(class, payload))));
    }
    let (root, read) = ROOTS.into_iter().find(|(root, _)| topic.starts_with(root))?;
    let (address, path) = Address::split(topic.strip_prefix(root)?)?;
    Some(read(topic, path, payload)?.map(|what| (Some(address), what)))
}

/// Reads what is below a device's own levels; they are handed the topic, what stands behind the levels, and the payload.
type Reader = for<'a> fn(&'a str, &'a str, &'a [u8]) -> Option<Result<What<'a>, Unreadable>>;

/// Where a device's own levels stand behind. The last has what the others have not.
const ROOTS: [(&str, Reader); 7] = [
    ("/sys/", system),
    ("/ext/session/", session),
    ("/ext/ntp/", time),
    ("/ext/error/", sub_device_error),
    ("/ota/device/upgrade/", upgrade),
    ("/shadow/get/", shadow),
    ("/", user),
];

/// Below `/sys/{d}/`.
fn system<'a>(
    topic: &'a str,
    path: &'a str,
    payload: &'a [u8],
) -> Option<Result<What<'a>, Unreadable>> {
    if let Some(id) = path.strip_prefix("rrpc/request/") {
        let is_level = !id.is_empty() && !id.contains('/');
        return is_level.then(|| Ok(What::Rrpc(Rrpc::new(topic, id, None, payload))));
    }
    if let Some(path) = path.strip_prefix("app/") {
        return (path.starts_with("down/")).then_some(Ok(What::App(path, payload)));
    }
    let path = path.strip_prefix("thing/")?;
    let request =
        |what: fn(Request<'a>) -> What<'a>| Some(Request::parse(topic, payload).map(what));
    match path {
        "service/property/set" => request(What::PropertySet),
        "config/push" => request(What::ConfigPush),
        "config/log/push" => request(What::LogConfigPush),
        "topo/change" => request(What::TopologyChange),
        "disable" => request(What::Disable),
        "enable" => request(What::Enable),
        "delete" => request(What::Delete),
        "model/down_raw" => Some(Ok(What::RawDown(payload))),
        "model/up_raw_reply" => Some(Ok(What::RawUpReply(payload))),
        _ => {
            if let Some(asked) = path.strip_suffix("_reply").and_then(Method::of_thing) {
                return Some(Reply::parse(payload).map(|reply| What::Reply(asked, reply)));
            }
            let id = path.strip_prefix("service/")?;
            // The answer of such a service could not be told from the call of another.
            let is_id = !id.is_empty() && !id.contains('/') && !id.ends_with("_reply");
            is_id.then(|| Request::parse(topic, payload).map(|request| What::Service(id, request)))
        }
    }
}

/// Below `/ext/session/{d}/`.
fn session<'a>(
    _: &'a str,
    path: &'a str,
    payload: &'a [u8],
) -> Option<Result<What<'a>, Unreadable>> {
    let asked = Method::of_session(path.strip_prefix("combine/")?.strip_suffix("_reply")?)?;
    Some(Reply::parse(payload).map(|reply| What::Reply(asked, reply)))
}

fn time<'a>(_: &'a str, path: &'a str, payload: &'a [u8]) -> Option<Result<What<'a>, Unreadable>> {
    (path == "response").then(|| Time::parse(payload).map(What::Time))
}

fn sub_device_error<'a>(
    _: &'a str,
    path: &'a str,
    payload: &'a [u8],
) -> Option<Result<What<'a>, Unreadable>> {
    path.is_empty().then(|| Reply::parse(payload).map(What::SubDeviceError))
}

fn upgrade<'a>(
    _: &'a str,
    path: &'a str,
    payload: &'a [u8],
) -> Option<Result<What<'a>, Unreadable>> {
    path.is_empty().then(|| Upgrade::parse(payload).map(What::Upgrade))
}

fn shadow<'a>(
    _: &'a str,
    path: &'a str,
    payload: &'a [u8],
) -> Option<Result<What<'a>, Unreadable>> {
    path.is_empty().then(|| Shadow::parse(payload).map(What::Shadow))
}

fn user<'a>(_: &'a str, path: &'a str, payload: &'a [u8]) -> Option<Result<What<'a>, Unreadable>> {
    let path = path.strip_prefix("user/").filter(|path| !path.is_empty())?;
    Some(Ok(What::User(path, payload)))
}

impl fmt::Debug for What<'_> {
    /// Payloads that are bytes are told by their size.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |f: &mut fmt::Formatter<'_>, name: &str, path: &str, payload: &[u8]| {
            write!(f, "{name}({path:?}, {} bytes)", payload.len())
        };
        match self {
            Self::Reply(method, reply) => {
                f.debug_tuple("Reply").field(method).field(reply).finish()
            }
            Self::PropertySet(request) => f.debug_tuple("PropertySet").field(request).finish(),
            Self::Service(id, request) => {
                f.debug_tuple("Service").field(id).field(request).finish()
            }
            Self::Rrpc(rrpc) => rrpc.fmt(f),
            Self::RawDown(payload) => bytes(f, "RawDown", "", payload),
            Self::RawUpReply(payload) => bytes(f, "RawUpReply", "", payload),
            Self::ConfigPush(request) => f.debug_tuple("ConfigPush").field(request).finish(),
            Self::LogConfigPush(request) => f.debug_tuple("LogConfigPush").field(request).finish(),
            Self::TopologyChange(request) => {
                f.debug_tuple("TopologyChange").field(request).finish()
            }
            Self::Disable(request) => f.debug_tuple("Disable").field(request).finish(),
            Self::Enable(request) => f.debug_tuple("Enable").field(request).finish(),
            Self::Delete(request) => f.debug_tuple("Delete").field(request).finish(),
            Self::Upgrade(upgrade) => upgrade.fmt(f),
            Self::Shadow(shadow) => shadow.fmt(f),
            Self::Time(time) => time.fmt(f),
            Self::SubDeviceError(reply) => f.debug_tuple("SubDeviceError").field(reply).finish(),
            Self::Broadcast(path, payload) => bytes(f, "Broadcast", path, payload),
            Self::App(path, payload) => bytes(f, "App", path, payload),
            Self::User(path, payload) => bytes(f, "User", path, payload),
            Self::Registered(registered) => registered.fmt(f),
            Self::Identity(identity) => identity.fmt(f),
            Self::Unknown(payload) => bytes(f, "Unknown", "", payload),
        }
    }
}
