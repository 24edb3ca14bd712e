//! What a device is told of the Wi-Fi it is to join.

use alloc::string::String;
use core::fmt;

use iot_home_core::Secret;
use serde::Serialize;
use serde_json::Number;

use crate::message::{Request, RequestError};

/// The Wi-Fi a device is to join, and whose the device is to be. What is not said is not sent.
///
/// ```
/// use iot_home_core::Secret;
/// use iot_home_miio::provisioning::Network;
///
/// let network = Network::new("home", Secret::new(String::from("correct horse")))
///     .uid(1_234_567_890)
///     .country_domain("de")
///     .for_model("roborock.vacuum.a38");
/// let request = network.request()?;
/// assert_eq!(request.method(), "miIO.config_router");
/// assert!(!format!("{network:?} {request:?}").contains("horse"));
/// # Ok::<(), iot_home_miio::provisioning::NetworkError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Network {
    ssid: String,
    password: Secret<String>,
    uid: u64,
    bind_key: Option<Secret<String>>,
    config_type: Option<String>,
    country_domain: Option<String>,
    cc: Option<String>,
    wifi_cc: Option<String>,
    gmt_offset: Option<Number>,
    tz: Option<String>,
    plain_characters: bool,
}

impl Network {
    /// A network by its name (SSID) and password. An empty password is an open network. The device
    /// will belong to no account: its uid is 0.
    pub fn new(ssid: impl Into<String>, password: impl Into<Secret<String>>) -> Self {
        Self {
            ssid: ssid.into(),
            password: password.into(),
            uid: 0,
            bind_key: None,
            config_type: None,
            country_domain: None,
            cc: None,
            wifi_cc: None,
            gmt_offset: None,
            tz: None,
            plain_characters: false,
        }
    }

    /// The number of the Mi account that the device is to belong to. With 0 most devices stay away
    /// from the cloud; some vacuums refuse 0.
    #[must_use]
    pub fn uid(mut self, uid: u64) -> Self {
        self.uid = uid;
        self
    }

    /// The secret from the cloud that binds the device to an account.
    #[must_use]
    pub fn bind_key(mut self, key: impl Into<Secret<String>>) -> Self {
        self.bind_key = Some(key.into());
        self
    }

    /// Who provisions; the vendor's app says `app`, and vacuums are used to it.
    #[must_use]
    pub fn config_type(mut self, kind: impl Into<String>) -> Self {
        self.config_type = Some(kind.into());
        self
    }

    /// The cloud that the device is to turn to: `cn`, `de`, `us`, `sg`, `ru` and others.
    #[must_use]
    pub fn country_domain(mut self, domain: impl Into<String>) -> Self {
        self.country_domain = Some(domain.into());
        self
    }

    /// The country whose Wi-Fi channels are allowed, as `cc`.
    #[must_use]
    pub fn cc(mut self, country: impl Into<String>) -> Self {
        self.cc = Some(country.into());
        self
    }

    /// The same, in the place where other firmware looks for it: `{"wifi_config":{"cc":…}}`.
    #[must_use]
    pub fn wifi_config_cc(mut self, country: impl Into<String>) -> Self {
        self.wifi_cc = Some(country.into());
        self
    }

    /// The time zone, such as `Europe/Berlin`.
    #[must_use]
    pub fn tz(mut self, name: impl Into<String>) -> Self {
        self.tz = Some(name.into());
        self
    }

    /// The distance from UTC. Its unit is the firmware's own: hours, possibly with a fraction, where it was seen.
    #[must_use]
    pub fn gmt_offset(mut self, offset: impl Into<Number>) -> Self {
        self.gmt_offset = Some(offset.into());
        self
    }

    /// Refuses the characters that the firmware of vacuums cannot take in a name or a password:
    /// `;`, `\`, `/`, `#`, `'` and `"`.
    #[must_use]
    pub fn plain_characters(mut self, plain: bool) -> Self {
        self.plain_characters = plain;
        self
    }

    /// Takes care of what the firmware of this model is known not to take: [`plain_characters`](Self::plain_characters)
    /// for vacuums.
    #[must_use]
    pub fn for_model(self, model: &str) -> Self {
        let vacuum = model.split('.').any(|part| part == "vacuum");
        if vacuum { self.plain_characters(true) } else { self }
    }

    /// The name of the Wi-Fi.
    pub fn ssid(&self) -> &str {
        &self.ssid
    }

    /// The call `miIO.config_router`. Without an answer to it nobody knows whether it was carried out.
    ///
    /// # Errors
    /// When no Wi-Fi has such a name or password, the firmware cannot take them, or all of it is too
    /// long for a packet.
    pub fn request(&self) -> Result<Request, NetworkError> {
        self.check()?;
        Ok(Request::new("miIO.config_router", self.params())?)
    }

    /// The call `miIO.switch_wifi_ssid`, by which a provisioned device moves to another network. It takes the name and
    /// the password, nothing else of what is set here.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn switch_request(&self) -> Result<Request, NetworkError> {
        #[derive(Serialize)]
        struct Params<'a> {
            ssid: &'a str,
            pwd: &'a str,
            hidden: u8,
            wifi_explorer: u8,
        }
        self.check()?;
        let pwd = self.password.expose();
        let params = Params { ssid: &self.ssid, pwd, hidden: 0, wifi_explorer: 1 };
        Ok(Request::new("miIO.switch_wifi_ssid", params)?)
    }

    /// What no answer and no error may show.
    #[cfg(feature = "client")]
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let bind_key = self.bind_key.iter().map(|key| key.expose().as_str());
        bind_key.chain([self.password.expose().as_str()]).filter(|secret| !secret.is_empty())
    }

    pub(super) fn check(&self) -> Result<(), NetworkError> {
        let password = self.password.expose();
        let ssid = self.ssid.len();
        if !(1..=MAX_SSID).contains(&ssid) {
            return Err(NetworkError::SsidLength { length: ssid });
        }
        let is_key =
            password.len() == MAX_PASSWORD && password.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !(password.is_empty()
            || (MIN_PASSWORD..MAX_PASSWORD).contains(&password.len())
            || is_key)
        {
            return Err(NetworkError::PasswordLength);
        }
        for (setting, text) in [(Setting::Ssid, &self.ssid), (Setting::Password, password)] {
            if text.chars().any(char::is_control) {
                return Err(NetworkError::Control { setting });
            }
            if self.plain_characters && text.contains(FORBIDDEN) {
                return Err(NetworkError::Forbidden { setting });
            }
        }
        Ok(())
    }

    pub(super) fn params(&self) -> impl Serialize + use<'_> {
        Params {
            ssid: &self.ssid,
            passwd: self.password.expose(),
            uid: self.uid,
            bind_key: self.bind_key.as_ref().map(|key| key.expose().as_str()),
            config_type: self.config_type.as_deref(),
            country_domain: self.country_domain.as_deref(),
            cc: self.cc.as_deref(),
            wifi_config: self.wifi_cc.as_deref().map(|cc| WifiConfig { cc }),
            gmt_offset: self.gmt_offset.as_ref(),
            tz: self.tz.as_deref(),
        }
    }
}

impl fmt::Debug for Network {
    /// Leaves out the password and the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("ssid", &self.ssid)
            .field("uid", &self.uid)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Params<'a> {
    ssid: &'a str,
    passwd: &'a str,
    uid: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bind_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country_domain: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cc: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wifi_config: Option<WifiConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gmt_offset: Option<&'a Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tz: Option<&'a str>,
}

#[derive(Serialize)]
struct WifiConfig<'a> {
    cc: &'a str,
}

/// Why a device is not told these settings. The password is never part of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// No Wi-Fi has such a name.
    #[error("the name of a Wi-Fi has 1 to {MAX_SSID} bytes, not {length}")]
    SsidLength {
        /// Bytes of the name.
        length: usize,
    },
    /// No Wi-Fi has such a password.
    #[error(
        "the password of a Wi-Fi has {MIN_PASSWORD} to {} characters or {MAX_PASSWORD} hexadecimal digits, or is empty for an open one",
        MAX_PASSWORD - 1
    )]
    PasswordLength,
    /// Control characters, such as the end of a line.
    #[error("{setting} holds a control character, such as the end of a line")]
    Control {
        /// Where it stands.
        setting: Setting,
    },
    /// The device's firmware cannot take it.
    #[error("{setting} holds one of the characters ; \\ / # ' \" that this firmware cannot take")]
    Forbidden {
        /// Where it stands.
        setting: Setting,
    },
    /// All of it is too long.
    #[error(transparent)]
    Request(#[from] RequestError),
}

/// A part of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// The name of the Wi-Fi.
    Ssid,
    /// Its password.
    Password,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ssid => "the name of the Wi-Fi",
            Self::Password => "its password",
        })
    }
}

const MAX_SSID: usize = 32;
const MIN_PASSWORD: usize = 8;
/// As many hexadecimal digits are the key itself.
const MAX_PASSWORD: usize = 64;
const FORBIDDEN: [char; 6] = [';', '\\', '/', '#', '\'', '"'];
