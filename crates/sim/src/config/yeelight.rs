//! The keys of a device of the kind `yeelight`.

mod faults;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use iot_home_yeelight::BulbId;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::{ConfigError, read as read_keys};
use crate::yeelight::{AnswerForm, Builder, PushForm, Quota, SimBulb, UdpSession};

/// A bulb's keys.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    listen: Option<SocketAddr>,
    search: Option<SocketAddr>,
    session: Option<SocketAddr>,
    groups: Vec<Ipv4Addr>,
    advertise: Option<SocketAddr>,
    max_age_s: Option<u32>,
    id: Option<String>,
    preset: Option<Preset>,
    model: Option<String>,
    fw_ver: Option<u32>,
    support: Option<Vec<String>>,
    name: Option<String>,
    properties: Map<String, Value>,
    answers: Option<Answers>,
    pushes: Option<Pushes>,
    quota: Option<QuotaKey>,
    lan_control: Option<bool>,
    udp_session: Option<Session>,
    token_as_result: bool,
    faults: Map<String, Value>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Preset {
    Color,
    White,
    Tunable,
    Ceiling,
    Strip,
    Lamp15,
    Cube,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answers {
    Spaced,
    Compact,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Pushes {
    Numbers,
    Texts,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged, expecting = "expected true, false, or [per connection, in total]")]
enum QuotaKey {
    On(bool),
    Numbers(usize, usize),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Session {
    None,
    First,
    Second,
}

/// Reads a bulb.
pub(super) fn read(fields: Map<String, Value>) -> Result<Builder, ConfigError> {
    let keys: Keys = read_keys(fields)?;
    let mut builder = match keys.preset {
        None | Some(Preset::Color) => SimBulb::color(),
        Some(Preset::White) => SimBulb::white(),
        Some(Preset::Tunable) => SimBulb::tunable(),
        Some(Preset::Ceiling) => SimBulb::ceiling(),
        Some(Preset::Strip) => SimBulb::strip(),
        Some(Preset::Lamp15) => SimBulb::lamp15(),
        Some(Preset::Cube) => SimBulb::cube(),
    };
    if let Some(model) = keys.model {
        builder = builder.model(model);
    }
    if let Some(id) = keys.id {
        let id: BulbId = id.parse().map_err(|error| ConfigError::new("id", error))?;
        builder = builder.id(id.get());
    }
    if let Some(listen) = keys.listen {
        builder = builder.listen(listen);
    }
    if let Some(search) = keys.search {
        builder = builder.search_listen(search);
    }
    if let Some(session) = keys.session {
        builder = builder.session_listen(session);
    }
    if let Some(target) = keys.advertise {
        builder = builder.advertise_to(target);
    }
    if let Some(seconds) = keys.max_age_s {
        builder = builder.max_age(Duration::from_secs(seconds.into()));
    }
    if let Some(version) = keys.fw_ver {
        builder = builder.fw_ver(version);
    }
    if let Some(methods) = keys.support {
        builder = builder.support(methods);
    }
    if let Some(name) = keys.name {
        builder = builder.name(name);
    }
    if let Some(form) = keys.answers {
        builder = builder.answers(match form {
            Answers::Spaced => AnswerForm::Spaced,
            Answers::Compact => AnswerForm::Compact,
        });
    }
    if let Some(form) = keys.pushes {
        builder = builder.pushes(match form {
            Pushes::Numbers => PushForm::Numbers,
            Pushes::Texts => PushForm::Texts,
        });
    }
    if let Some(session) = keys.udp_session {
        builder = builder.udp_session(match session {
            Session::None => UdpSession::None,
            Session::First => UdpSession::First,
            Session::Second => UdpSession::Second,
        });
    }
    if keys.token_as_result {
        builder = builder.token_as_result();
    }
    builder = builder
        .lan_control(keys.lan_control.unwrap_or(true))
        .quota(match keys.quota {
            None | Some(QuotaKey::On(true)) => Quota::default(),
            Some(QuotaKey::On(false)) => Quota::off(),
            Some(QuotaKey::Numbers(each, total)) => Quota::new(each, total),
        })
        .faults(faults::read(keys.faults).map_err(|error| error.within("faults"))?);
    builder = keys.groups.into_iter().fold(builder, Builder::join_group);
    for (name, value) in keys.properties {
        builder = builder.property(&name, value);
    }
    // What does not fit together is told here, where the device can be named.
    builder.clone().build().map_err(|error| ConfigError::new("", error))?;
    Ok(builder)
}
