//! What the servers see of an installation.

use core::fmt;
use core::str::FromStr;

use iot_home_core::Random;

/// An installation's id. Choose one, and keep it: a new one looks like a new phone, of which more is asked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DeviceId(Box<str>);

impl DeviceId {
    /// Sixteen letters and digits by chance.
    pub fn random(random: &mut (impl Random + ?Sized)) -> Self {
        const SIGNS: [char; 36] = [
            'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q',
            'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', '0', '1', '2', '3', '4', '5', '6', '7',
            '8', '9',
        ];
        let mut sign = || {
            let at = usize::try_from(random.next_u64() % 36).unwrap_or_default();
            SIGNS.get(at).copied().unwrap_or('A')
        };
        Self((0..16).map(|_| sign()).collect::<String>().into())
    }

    /// The text.
    pub const fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DeviceId {
    type Err = InvalidDeviceId;

    fn from_str(text: &str) -> Result<Self, InvalidDeviceId> {
        let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':');
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(known);
        if fits { Ok(Self(text.into())) } else { Err(InvalidDeviceId) }
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceId({self})")
    }
}

/// A text is no device id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a device id has 1 to 64 letters, digits and signs of _-.:")]
#[non_exhaustive]
pub struct InvalidDeviceId;

/// Who asks: the device id, and what goes into headers and cookies of every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    device_id: DeviceId,
    user_agent: String,
    locale: String,
    timezone: String,
}

impl Identity {
    /// An installation with this id.
    pub fn new(device_id: DeviceId) -> Self {
        // The same for an installation, and another for each.
        let letter = |byte: u8| char::from(b'A'.saturating_add(byte % 5));
        let agent: String = device_id.as_str().bytes().cycle().take(13).map(letter).collect();
        let user_agent = format!(
            "Android-9.1.1-1.0.0-ONEPLUS A3010-136-{agent} APP/com.xiaomi.mihome APPV/10.5.201"
        );
        let (locale, timezone) = ("en_GB".to_owned(), "GMT+00:00".to_owned());
        Self { device_id, user_agent, locale, timezone }
    }

    /// Sends this `User-Agent`.
    ///
    /// # Errors
    /// When it has control or non-ASCII characters.
    pub fn user_agent(mut self, text: &str) -> Result<Self, InvalidIdentity> {
        self.user_agent = checked(text, |b| b == b' ' || b.is_ascii_graphic())?;
        Ok(self)
    }

    /// Asks for texts in this language, such as `en_GB`.
    ///
    /// # Errors
    /// When it has other characters than letters, digits, `_` and `-`.
    pub fn locale(mut self, text: &str) -> Result<Self, InvalidIdentity> {
        self.locale = checked(text, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))?;
        Ok(self)
    }

    /// Says that this is the time zone, such as `GMT+08:00`.
    ///
    /// # Errors
    /// When it has other characters than letters, digits, `+`, `-` and `:`.
    pub fn timezone(mut self, text: &str) -> Result<Self, InvalidIdentity> {
        let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b':');
        self.timezone = checked(text, known)?;
        Ok(self)
    }

    /// The installation's id.
    pub const fn device_id(&self) -> &DeviceId {
        &self.device_id
    }

    pub(crate) fn agent(&self) -> &str {
        &self.user_agent
    }

    pub(crate) fn language(&self) -> &str {
        &self.locale
    }

    pub(crate) fn zone(&self) -> &str {
        &self.timezone
    }
}

fn checked(text: &str, known: impl Fn(u8) -> bool) -> Result<String, InvalidIdentity> {
    let fits = (1..=256).contains(&text.len()) && text.bytes().all(known);
    if fits { Ok(text.to_owned()) } else { Err(InvalidIdentity) }
}

/// A text cannot travel in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 256 characters that can travel in a header")]
#[non_exhaustive]
pub struct InvalidIdentity;
