//! Reading and verifying the logins of others: for whoever is the broker, or looks at a capture.

mod diagnosis;
mod read;

use alloc::vec::Vec;
use core::fmt;

use iot_home_mqtt::Credentials;
use iot_home_mqtt::mac::{self, HexError, Mac, Tag};
use iot_home_mqtt::platform::Way;

use crate::content::{content, identity};
use crate::{Device, Problem, ProductSecret, Refusal, SignMethod, TokenDevice};

/// A login as somebody presents it: a view of its three fields that nothing is trusted in.
///
/// ```
/// use std::time::Duration;
///
/// use iot_home_aliyun::{Device, Presented, Refusal};
/// use iot_home_mqtt::Credentials;
/// use iot_home_mqtt::platform::Way;
///
/// # let secret = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
/// let device = Device::new("a1X2bEnP82z", "lamp-1", secret)?;
/// let login = device.tls().sign(Duration::ZERO);
///
/// let presented = Presented::new(Credentials::from(&login));
/// assert_eq!((presented.device_name(), presented.product_key()), ("lamp-1", "a1X2bEnP82z"));
/// assert_eq!(presented.verify(&device, Way::default().tls(true)), Ok(()));
///
/// let refusal = presented.verify(&device, Way::default().tls(false)).unwrap_err();
/// assert_eq!(refusal.to_string(), "securemode 2 is for TLS, and this is plain TCP");
/// let other = Device::new("a1X2bEnP82z", "lamp-1", "another-secret")?;
/// assert_eq!(presented.verify(&other, Way::default()), Err(Refusal::Signature));
/// # Ok::<(), iot_home_aliyun::InvalidField>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    credentials: Credentials<'a>,
    /// What stands before the first bar.
    id: &'a str,
    /// What stands between the first bar and the second, or the end.
    params: &'a str,
    device_name: &'a str,
    product_key: &'a str,
}

/// By what a login is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The secret of the device.
    DeviceSecret,
    /// A token that the platform gave to a device that registered itself.
    DeviceToken,
    /// A certificate, on the level of TLS.
    Certificate,
    /// The secret of the product: a device that is known asks for its own secret.
    Registration,
    /// The secret of the product: a device that is not known yet asks for a token.
    RegistrationUnknown,
}

impl Kind {
    /// A name for programs: `device-secret`, `device-token`, `certificate`, `registration` or
    /// `registration-unknown`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeviceSecret => "device-secret",
            Self::DeviceToken => "device-token",
            Self::Certificate => "certificate",
            Self::Registration => "registration",
            Self::RegistrationUnknown => "registration-unknown",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DeviceSecret => "a login with a device secret",
            Self::DeviceToken => "a login with a device token",
            Self::Certificate => "a login with a certificate",
            Self::Registration => "a registration",
            Self::RegistrationUnknown => "a registration without pre-registration",
        })
    }
}

impl<'a> Presented<'a> {
    /// What was said before the first bar of the client id.
    pub const fn client_id(&self) -> &'a str {
        self.id
    }

    /// Whose login it says it is. Empty where the user name does not say so.
    pub const fn device_name(&self) -> &'a str {
        self.device_name
    }

    /// Of which product it says the device is. Empty where the user name does not say so.
    pub const fn product_key(&self) -> &'a str {
        self.product_key
    }

    /// Everything that is wrong, as far as can be seen without the secret.
    pub fn problems(&self, way: Way) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.structure(&mut |problem| problems.push(problem));
        problems.extend(self.secure_mode(way).err());
        if self.is_signed() {
            match self.sign_method() {
                Ok(announced) => problems.extend(self.tag(announced).err()),
                Err(problem) => problems.push(problem),
            }
        }
        if self.kind() == Kind::DeviceToken && self.credentials.password.is_empty() {
            problems.push(Problem::NoPassword);
        }
        problems
    }

    /// Whether the login is this device's, signed with its secret. `way` is how it came, as far as that is
    /// known; where it is, it has to go with the secure mode.
    ///
    /// The signature is compared in constant time. The timestamp is not looked at, as the platform does not
    /// either. The case of the digits means nothing.
    ///
    /// # Errors
    /// Why it is not let in. What is signed wrongly in a known way is told apart from a wrong secret.
    pub fn verify(&self, device: &Device, way: Way) -> Result<(), Refusal> {
        let ours = (device.device_name().as_str(), device.product_key().as_str());
        let is_ours = (self.device_name, self.product_key) == ours;
        // The other way round, one is seldom a right product key: this says what is wrong.
        if !is_ours && (self.product_key, self.device_name) == ours {
            return Err(Refusal::Swapped);
        }
        self.sound(way)?;
        self.of_kind(Kind::DeviceSecret)?;
        if !is_ours {
            return Err(Refusal::OtherDevice);
        }
        let secret = device.secret().expose().as_bytes();
        let (announced, tag) = self.announced()?;
        let mac = Mac::new(announced.algorithm(), secret);
        let [id, device_name, product_key] = identity(self.id, self.device_name, self.product_key);
        let verified = match self.param("timestamp") {
            None => mac.verify(content([id, device_name, product_key]), &tag),
            Some(number) => {
                let timestamp = ("timestamp", number);
                mac.verify(content([id, device_name, product_key, timestamp]), &tag)
            }
        };
        if verified { Ok(()) } else { Err(self.diagnose(&mac, announced, &tag, secret)) }
    }

    /// Whether the login is that of this device, which registered itself. Its token is good for one client id only.
    ///
    /// # Errors
    /// Why it is not let in.
    pub fn verify_token(&self, device: &TokenDevice, way: Way) -> Result<(), Refusal> {
        self.sound(way)?;
        self.of_kind(Kind::DeviceToken)?;
        let ours =
            [device.client_id.as_str(), device.device_name.as_str(), device.product_key.as_str()];
        if [self.id, self.device_name, self.product_key] != ours {
            return Err(Refusal::OtherDevice);
        }
        let password = core::str::from_utf8(self.credentials.password).unwrap_or_default();
        if mac::equal(device.token.expose(), password) { Ok(()) } else { Err(Refusal::Signature) }
    }

    /// Whether the login is a registration that is signed with this secret: that of the product that the login
    /// names, which is part of what is signed.
    ///
    /// # Errors
    /// Why it is not let in.
    pub fn verify_registration(&self, secret: &ProductSecret, way: Way) -> Result<(), Refusal> {
        self.sound(way)?;
        if !matches!(self.kind(), Kind::Registration | Kind::RegistrationUnknown) {
            return Err(Refusal::OtherKind { kind: self.kind() });
        }
        let (announced, tag) = self.announced()?;
        let secret = secret.expose().as_bytes();
        let random = self.param("random").unwrap_or_default();
        let content = content([
            ("deviceName", self.device_name),
            ("productKey", self.product_key),
            ("random", random),
        ]);
        if Mac::new(announced.algorithm(), secret).verify(content, &tag) {
            Ok(())
        } else {
            Err(Refusal::Signature)
        }
    }

    fn of_kind(&self, kind: Kind) -> Result<(), Refusal> {
        let ours = self.kind();
        if ours == kind { Ok(()) } else { Err(Refusal::OtherKind { kind: ours }) }
    }

    /// The first thing that keeps the login from being read in one way only, or from going with the way it came.
    fn sound(&self, way: Way) -> Result<(), Problem> {
        let mut first = None;
        self.structure(&mut |problem| {
            first.get_or_insert(problem);
        });
        first.map_or(Ok(()), Err)?;
        self.secure_mode(way).map(|_| ())
    }

    /// The sign method and the tag.
    fn announced(&self) -> Result<(SignMethod, Tag), Problem> {
        let announced = match self.sign_method() {
            // It is one of these two, and the number of digits tells which.
            Err(Problem::NoSignMethod) => match self.credentials.password.len() {
                32 => SignMethod::HmacMd5,
                40 => SignMethod::HmacSha1,
                _ => return Err(Problem::NoSignMethod),
            },
            announced => announced?,
        };
        match self.tag(announced) {
            // Of another length: the diagnosis sees whether it is of another method.
            Err(Problem::DigestLength { fits: Some(_), .. }) => {
                let tag = Tag::from_hex(self.credentials.password);
                tag.map(|tag| (announced, tag)).map_err(|error| hex_problem(announced, error))
            }
            tag => Ok((announced, tag?)),
        }
    }

    /// The password as the tag that this method makes.
    fn tag(&self, announced: SignMethod) -> Result<Tag, Problem> {
        let password = self.credentials.password;
        if password.is_empty() {
            return Err(Problem::NoPassword);
        }
        let tag = Tag::from_hex(password).map_err(|error| hex_problem(announced, error))?;
        if password.len() == announced.digits() {
            Ok(tag)
        } else {
            Err(digest_length(announced, password.len()))
        }
    }
}

fn hex_problem(announced: SignMethod, error: HexError) -> Problem {
    match error {
        HexError::Digit { position } => Problem::NotHex { position },
        HexError::Length { digits } => digest_length(announced, digits),
        // Whatever else there may be one day, it is no tag.
        _ => Problem::NotHex { position: 1 },
    }
}

fn digest_length(announced: SignMethod, digits: usize) -> Problem {
    Problem::DigestLength { announced, digits, fits: SignMethod::of_digits(digits) }
}
