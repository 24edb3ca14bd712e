//! Taking a login apart.

use iot_home_mqtt::Credentials;
use iot_home_mqtt::platform::Way;

use super::{Kind, Presented};
use crate::{ClientId, DeviceName, Problem, ProductKey, SignMethod};

/// How many ext params are read. The platform's own SDKs send up to ten.
const MOST: usize = 32;

impl<'a> Presented<'a> {
    /// Takes the three fields as they are. Nothing is checked.
    pub fn new(credentials: Credentials<'a>) -> Self {
        let (id, rest) =
            credentials.client_id.split_once('|').unwrap_or((credentials.client_id, ""));
        let params = rest.split('|').next().unwrap_or_default();
        let (device_name, product_key) = credentials.username.split_once('&').unwrap_or_default();
        Self { credentials, id, params, device_name, product_key }
    }

    /// The same, if it has the form of a login to this platform: ext params behind the client id, or a user name
    /// of device name and product key.
    pub fn recognize(credentials: Credentials<'a>) -> Option<Self> {
        let presented = Self::new(credentials);
        let has_params = ["securemode", "signmethod", "authType"]
            .into_iter()
            .any(|name| presented.param(name).is_some());
        let is_named = DeviceName::check(presented.device_name).is_ok()
            && ProductKey::check(presented.product_key).is_ok();
        (has_params || is_named).then_some(presented)
    }

    /// By what it is proved, or claims to be.
    pub fn kind(&self) -> Kind {
        match self.param("authType") {
            Some("register") => Kind::Registration,
            Some("regnwl") => Kind::RegistrationUnknown,
            Some("connwl") => Kind::DeviceToken,
            Some(_) => Kind::DeviceSecret,
            None if self.credentials.password.is_empty() && self.param("signmethod").is_none() => {
                Kind::Certificate
            }
            None => Kind::DeviceSecret,
        }
    }

    /// The value of an ext param. Blanks and line breaks around it do not count.
    pub fn param(&self, name: &str) -> Option<&'a str> {
        self.items().find_map(|item| {
            let (key, value) = item.split_once('=')?;
            (key == name).then_some(value)
        })
    }

    /// The ext params. An old SDK breaks lines between them, others leave a comma at the end.
    fn items(&self) -> impl Iterator<Item = &'a str> {
        // Empty ones count as well, so that a row of commas is not read again and again.
        self.params.split(',').take(MOST).map(str::trim_ascii).filter(|item| !item.is_empty())
    }

    /// What keeps the login from being read in one way only.
    pub(super) fn structure(&self, report: &mut dyn FnMut(Problem)) {
        let mut parts = self.credentials.client_id.splitn(3, '|').skip(1);
        match (parts.next(), parts.next()) {
            (None, _) => report(Problem::NoParams),
            (Some(_), None) => report(Problem::OpenParams),
            (Some(_), Some("")) => {}
            (Some(_), Some(rest)) => {
                report(Problem::TextBehindParams { length: rest.chars().count() });
            }
        }
        if self.params.split(',').count() > MOST {
            report(Problem::TooManyParams { most: MOST });
        }
        for (at, item) in self.items().enumerate() {
            let index = at.saturating_add(1);
            let Some((name, _)) = item.split_once('=') else {
                report(Problem::ParamWithoutValue { index });
                continue;
            };
            let earlier = self.items().take(at).filter_map(|item| item.split_once('='));
            if earlier.into_iter().any(|(other, _)| other == name) {
                report(Problem::DuplicateParam { index });
            }
        }
        if let Err(error) = ClientId::check(self.id) {
            report(error.into());
        }
        let ampersands = self.credentials.username.matches('&').count();
        let is_unknown = self.kind() == Kind::Certificate && self.credentials.username.is_empty();
        if ampersands == 1 {
            for checked in
                [DeviceName::check(self.device_name), ProductKey::check(self.product_key)]
            {
                if let Err(error) = checked {
                    report(error.into());
                }
            }
        } else if !is_unknown {
            report(Problem::Username { ampersands });
        }
        let is_number =
            |text: &str| (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if self.param("timestamp").is_some_and(|text| !is_number(text)) {
            report(Problem::Timestamp);
        }
        let is_random =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
        let registers = matches!(self.kind(), Kind::Registration | Kind::RegistrationUnknown);
        if !self.param("random").map_or(!registers, is_random) {
            report(Problem::Random);
        }
        let known = ["register", "regnwl", "connwl"];
        if self.param("authType").is_some_and(|auth| !known.contains(&auth)) {
            report(Problem::UnknownAuthType);
        }
    }

    /// The secure mode, if it goes with the kind of login and the way it came.
    pub(super) fn secure_mode(&self, way: Way) -> Result<i8, Problem> {
        let (mode, over_tls) = match self.param("securemode").ok_or(Problem::NoSecureMode)? {
            "2" => (2, true),
            "3" => (3, false),
            "-2" => (-2, true),
            "-1" => (-1, true),
            "0" => (0, false),
            // With an ID2 chip, which does more than sign.
            "1" => (1, false),
            "4" => (4, false),
            "5" => (5, true),
            "7" => (7, true),
            "8" => (8, true),
            _ => return Err(Problem::UnknownSecureMode),
        };
        if let Some(tls) = way.is_tls().filter(|tls| *tls != over_tls) {
            return Err(Problem::SecureMode { mode, tls });
        }
        let kind = self.kind();
        let goes = match kind {
            // -1 and 0 are of the times when the broker was asked for over HTTPS first: with the same signature, and
            // no login to a broker.
            Kind::DeviceSecret => matches!(mode, 2 | 3),
            Kind::DeviceToken => mode == -2,
            Kind::Certificate | Kind::Registration => mode == 2,
            // The documents say -2, every official SDK says 2.
            Kind::RegistrationUnknown => matches!(mode, 2 | -2),
        };
        if goes { Ok(mode) } else { Err(Problem::ModeOfOtherKind { mode, kind }) }
    }

    /// Whether there is a signature, or ought to be.
    pub(super) fn is_signed(&self) -> bool {
        !matches!(self.kind(), Kind::Certificate | Kind::DeviceToken)
    }

    pub(super) fn sign_method(&self) -> Result<SignMethod, Problem> {
        let method = self.param("signmethod").ok_or(Problem::NoSignMethod)?;
        method.parse().map_err(|_| Problem::UnknownSignMethod)
    }
}
