//! What a device can receive.

use alloc::borrow::Cow;
use core::fmt;

use iot_home_mqtt::payload::{self, Json, Text, Unreadable, lenient};
use iot_home_mqtt::{AnswerKey, topic};
use serde::Deserialize;

use super::config::{self, Config};
use super::gateway::Gateway;
use super::log::Level;
use super::ota::Ota;
use super::shadow::Shadow;
use super::time::{self, Time};
use super::{Action, Address, Asked, Code, Control, MAX_PAYLOAD, Reply, Rrpc, Topics};

/// A message that arrived: for whom, and what it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Down<'a> {
    topic: &'a str,
    /// The device that the topic names; `None` where it names none.
    pub to: Option<Address<'a>>,
    /// What it is.
    pub what: What<'a>,
}

/// What a device can receive.
#[derive(Clone)]
#[non_exhaustive]
pub enum What<'a> {
    /// The Explorer answers.
    Reply(Asked, Reply<'a>),
    /// The Explorer sets properties.
    Control(Control<'a>),
    /// The Explorer wants something done.
    Action(Action<'a>),
    /// The Explorer's services.
    Service(&'a [u8]),
    /// Data of the device's own form.
    Raw(&'a [u8]),
    /// The Explorer's properties in their old form.
    Template(Shadow<'a>),
    /// The Hub's shadow.
    Shadow(Shadow<'a>),
    /// Firmware.
    Ota(Ota<'a>),
    /// Devices below this gateway.
    Gateway(Gateway<'a>),
    /// The time.
    Time(Time),
    /// The remote configuration.
    Config(Config<'a>),
    /// How much is to be logged.
    Log(Level<'a>),
    /// Do something, and somebody waits for it.
    Rrpc(Rrpc<'a>),
    /// For all devices of the product.
    Broadcast(&'a [u8]),
    /// Files that are managed by the platform.
    Resource(&'a [u8]),
    /// On a topic of one's own, `control` and `data` of the Hub among them: what stands behind the device's name, and the
    /// payload.
    User(&'a str, &'a [u8]),
    /// On a topic that is none of these, or with a method that is not known.
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
            What::Reply(_, reply) => reply.client_token.as_ref()?.as_str(),
            What::Shadow(shadow) | What::Template(shadow) if !shadow.is_delta() => {
                shadow.client_token.as_ref()?.as_str()
            }
            What::Ota(ota) => ota.answers()?,
            What::Gateway(gateway) => &gateway.kind,
            What::Time(_) => time::TIME,
            What::Config(Config { kind: config::Kind::Reply, .. }) => config::REPLY,
            What::Log(level) => level.client_token.as_ref()?.as_str(),
            _ => return None,
        };
        Some(AnswerKey::new(self.topic, id))
    }
}

type Read<'a> = (Option<Address<'a>>, What<'a>);
type Reader = for<'a> fn(&'a [u8]) -> Result<What<'a>, Unreadable>;

/// What stands in front of `/<product id>/<device name>`, and how it is read.
const ROOTS: [(&str, Reader); 14] = [
    ("$thing/down/property/", thing),
    ("$thing/down/event/", thing),
    ("$thing/down/action/", thing),
    ("$thing/down/service/", |payload| Ok(What::Service(payload))),
    ("$thing/down/raw/", |payload| Ok(What::Raw(payload))),
    ("$shadow/operation/result/", |payload| Shadow::parse(payload).map(What::Shadow)),
    ("$template/operation/result/", |payload| Shadow::parse(payload).map(What::Template)),
    ("$ota/update/", |payload| Ota::parse(payload).map(What::Ota)),
    ("$gateway/operation/result/", |payload| Gateway::parse(payload).map(What::Gateway)),
    ("$sys/operation/result/", |payload| Time::parse(payload).map(What::Time)),
    ("$config/update/", |payload| Config::parse(payload).map(What::Config)),
    ("$log/operation/result/", |payload| Level::parse(payload).map(What::Log)),
    ("$broadcast/rxd/", |payload| Ok(What::Broadcast(payload))),
    ("$resource/down/service/", |payload| Ok(What::Resource(payload))),
];

/// `None` where the topic is none that is known.
fn read<'a>(topic: &'a str, payload: &'a [u8]) -> Option<Result<Read<'a>, Unreadable>> {
    if let Some(rest) = topic.strip_prefix("$rrpc/rxd/") {
        let (address, id) = Address::split(rest)?;
        let is_level = !id.is_empty() && !id.contains('/');
        return is_level.then(|| Ok((Some(address), What::Rrpc(Rrpc::new(topic, id, payload)))));
    }
    if !topic.starts_with('$') {
        let (address, path) = Address::split(topic).filter(|(_, path)| !path.is_empty())?;
        return Some(Ok((Some(address), What::User(path, payload))));
    }
    let (root, read) = ROOTS.into_iter().find(|(root, _)| topic.starts_with(root))?;
    let (address, rest) = Address::split(topic.strip_prefix(root)?)?;
    rest.is_empty().then(|| read(payload).map(|what| (Some(address), what)))
}

/// All that the Explorer sends, at once.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thing<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow, default)]
    client_token: Option<Text<'a>>,
    #[serde(default)]
    code: Option<Code>,
    #[serde(borrow, default)]
    status: Option<Text<'a>>,
    #[serde(borrow, default)]
    data: Option<Json<'a>>,
    #[serde(borrow, default)]
    params: Option<Json<'a>>,
    #[serde(borrow, default)]
    action_id: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "lenient::optional")]
    timestamp: Option<u64>,
}

fn thing(payload: &[u8]) -> Result<What<'_>, Unreadable> {
    let Thing { method, client_token, code, status, data, params, action_id, timestamp } =
        payload::read(payload, MAX_PAYLOAD)?;
    let form = Unreadable::Form { offset: payload.len() };
    if let Some(asked) = Asked::of_reply(&method) {
        let code = code.ok_or(form)?;
        return Ok(What::Reply(asked, Reply { client_token, code, status, data }));
    }
    Ok(match &*method {
        "control" => What::Control(Control { client_token, params: params.ok_or(form)? }),
        "action" => What::Action(Action {
            client_token,
            action_id: action_id.ok_or(form)?,
            timestamp,
            params: match params {
                Some(params) => params,
                None => payload::read(b"{}", MAX_PAYLOAD)?,
            },
        }),
        _ => What::Unknown(payload),
    })
}

impl fmt::Debug for What<'_> {
    /// Payloads that are bytes are told by their size.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |f: &mut fmt::Formatter<'_>, name: &str, path: &str, payload: &[u8]| {
            write!(f, "{name}({path:?}, {} bytes)", payload.len())
        };
        match self {
            Self::Reply(asked, reply) => f.debug_tuple("Reply").field(asked).field(reply).finish(),
            Self::Control(control) => control.fmt(f),
            Self::Action(action) => action.fmt(f),
            Self::Service(payload) => bytes(f, "Service", "", payload),
            Self::Raw(payload) => bytes(f, "Raw", "", payload),
            Self::Template(template) => f.debug_tuple("Template").field(template).finish(),
            Self::Shadow(shadow) => shadow.fmt(f),
            Self::Ota(ota) => f.debug_tuple("Ota").field(ota).finish(),
            Self::Gateway(gateway) => gateway.fmt(f),
            Self::Time(time) => time.fmt(f),
            Self::Config(config) => config.fmt(f),
            Self::Log(level) => f.debug_tuple("Log").field(level).finish(),
            Self::Rrpc(rrpc) => rrpc.fmt(f),
            Self::Broadcast(payload) => bytes(f, "Broadcast", "", payload),
            Self::Resource(payload) => bytes(f, "Resource", "", payload),
            Self::User(path, payload) => bytes(f, "User", path, payload),
            Self::Unknown(payload) => bytes(f, "Unknown", "", payload),
        }
    }
}
