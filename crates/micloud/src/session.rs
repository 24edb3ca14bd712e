//! What a login leaves behind.

use std::collections::BTreeMap;

use iot_home_core::Secret;
use serde::{Deserialize, Serialize};

use crate::{DeviceId, Region, Ssecurity};

/// A login: who, by which installation, and the keys to each service.
///
/// It is plain data. [`expose_json`](Self::expose_json) writes it out with all its secrets, and
/// [`from_json`](Self::from_json) reads it again; `Debug` shows none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Session {
    /// The installation that logged in.
    pub device_id: DeviceId,
    /// The account's number.
    pub user_id: String,
    /// Another name of the account, where it is known.
    pub c_user_id: Option<String>,
    /// The region that was called with it, where it is known.
    pub region: Option<Region>,
    /// What logs in again without a password, for weeks.
    pub pass_token: Option<Secret<String>>,
    /// The keys by service: `xiaomiio`, `mijia` and others.
    pub services: BTreeMap<String, ServiceKeys>,
}

/// The keys to one service. They are a pair: those of two logins do not fit together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceKeys {
    /// What requests are signed with.
    pub ssecurity: Ssecurity,
    /// What says who signs.
    pub service_token: Secret<String>,
}

impl ServiceKeys {
    /// The two halves of a pair.
    pub fn new(ssecurity: Ssecurity, service_token: impl Into<Secret<String>>) -> Self {
        Self { ssecurity, service_token: service_token.into() }
    }
}

/// What a call is signed with.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Credentials<'a> {
    /// The account's number.
    pub user_id: &'a str,
    /// What says who signs.
    pub service_token: &'a Secret<String>,
    /// What signs.
    pub ssecurity: &'a Ssecurity,
}

impl Session {
    /// A session without keys.
    pub fn new(device_id: DeviceId, user_id: impl Into<String>) -> Self {
        let (c_user_id, region, pass_token) = (None, None, None);
        let services = BTreeMap::new();
        Self { device_id, user_id: user_id.into(), c_user_id, region, pass_token, services }
    }

    /// The keys to a service, where there are some.
    pub fn credentials(&self, sid: &str) -> Option<Credentials<'_>> {
        let keys = self.services.get(sid)?;
        let (service_token, ssecurity) = (&keys.service_token, &keys.ssecurity);
        Some(Credentials { user_id: &self.user_id, service_token, ssecurity })
    }

    /// The session as JSON, all secrets included: for a file that only its owner can read.
    pub fn expose_json(&self) -> Secret<String> {
        let services = self.services.iter().map(|(sid, keys)| {
            let ssecurity = keys.ssecurity.expose_base64().expose().clone();
            let service_token = keys.service_token.expose().clone();
            (sid.clone(), StoredKeys { ssecurity, service_token })
        });
        let stored = Stored {
            version: VERSION,
            device_id: self.device_id.to_string(),
            user_id: self.user_id.clone(),
            c_user_id: self.c_user_id.clone(),
            region: self.region.map(|region| region.name().to_owned()),
            pass_token: self.pass_token.as_ref().map(|token| token.expose().clone()),
            services: services.collect(),
        };
        // Texts and maps of texts always have a JSON form.
        Secret::new(serde_json::to_string_pretty(&stored).unwrap_or_default())
    }

    /// Reads what [`expose_json`](Self::expose_json) wrote.
    ///
    /// # Errors
    /// When it is no session, or one of a later version.
    pub fn from_json(text: &str) -> Result<Self, SessionError> {
        let version =
            serde_json::from_str::<Version>(text).map_err(|_| SessionError::Json)?.version;
        if version != VERSION {
            return Err(SessionError::Version(version));
        }
        let stored: Stored = serde_json::from_str(text).map_err(|_| SessionError::Json)?;
        let field = |name| SessionError::Field(name);
        let device_id = stored.device_id.parse().map_err(|_| field("device_id"))?;
        let mut session = Self::new(device_id, stored.user_id.clone());
        let known = |text: &str| !text.is_empty() && crate::cookie::is_value(text);
        let wrong = [
            ("user_id", Some(&stored.user_id)),
            ("c_user_id", stored.c_user_id.as_ref()),
            ("pass_token", stored.pass_token.as_ref()),
        ]
        .into_iter()
        .find(|(_, value)| value.is_some_and(|value| !known(value)));
        if let Some((name, _)) = wrong {
            return Err(field(name));
        }
        session.c_user_id = stored.c_user_id.clone();
        let region = stored.region.as_ref().map(|region| region.parse());
        session.region = region.transpose().map_err(|_| field("region"))?;
        session.pass_token = stored.pass_token.clone().map(Secret::new);
        for (sid, keys) in &stored.services {
            let ssecurity = keys.ssecurity.parse().map_err(|_| field("ssecurity"))?;
            if !known(&keys.service_token) {
                return Err(field("service_token"));
            }
            let keys = ServiceKeys::new(ssecurity, keys.service_token.clone());
            session.services.insert(sid.clone(), keys);
        }
        Ok(session)
    }
}

const VERSION: u32 = 1;

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    device_id: String,
    user_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c_user_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pass_token: Option<String>,
    #[serde(default)]
    services: BTreeMap<String, StoredKeys>,
}

#[derive(Serialize, Deserialize)]
struct StoredKeys {
    ssecurity: String,
    service_token: String,
}

impl Drop for Stored {
    fn drop(&mut self) {
        use zeroize::Zeroize as _;

        self.pass_token.zeroize();
        for keys in self.services.values_mut() {
            keys.ssecurity.zeroize();
            keys.service_token.zeroize();
        }
    }
}

/// Why a text is no session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// It is not the JSON of a session.
    #[error("this is not the JSON of a stored session")]
    Json,
    /// It was written by a later version.
    #[error("the session has the format {0}, and this version knows format 1")]
    Version(u32),
    /// A field cannot be used.
    #[error("the stored session's {0} is not valid")]
    Field(&'static str),
}
