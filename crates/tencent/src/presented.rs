//! Reading and verifying the logins of others: for whoever is the broker, or looks at a capture.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use iot_home_mqtt::Credentials;
use iot_home_mqtt::mac::{HexError, Mac, Tag};
use iot_home_mqtt::platform::Way;

use crate::{ConnId, Device, DeviceName, Problem, ProductId, Refusal, SdkAppId, SignMethod};

/// A login as somebody presents it: a view of its three fields that nothing is trusted in.
///
/// ```
/// use std::time::Duration;
///
/// use iot_home_core::SeededRandom;
/// use iot_home_mqtt::Credentials;
/// use iot_home_tencent::{Device, Presented, Refusal};
///
/// # let psk = "7WmFA/MEs+Fy+32QwJWtYw==";
/// let device = Device::new("YOURPROD01", "lamp1", psk)?;
/// let now = Duration::from_secs(1_600_000_000);
/// let login = device.tls().sign(now, &mut SeededRandom::new(7));
///
/// let presented = Presented::new(Credentials::from(&login));
/// assert_eq!((presented.product_id(), presented.device_name()), ("YOURPROD01", "lamp1"));
/// assert_eq!(presented.verify(&device, now), Ok(()));
///
/// let late = now + Duration::from_secs(7200);
/// let refusal = presented.verify(&device, late).unwrap_err();
/// assert_eq!(refusal.to_string(), "the login has expired 3600 s ago: it is old, or a clock is wrong");
/// let other = Device::new("YOURPROD01", "lamp1", "c3Vic3Vic3Vic3Vic3Vicw==")?;
/// assert_eq!(presented.verify(&other, now), Err(Refusal::Signature));
/// # Ok::<(), iot_home_tencent::InvalidField>(())
/// ```
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    credentials: Credentials<'a>,
    /// The first ten characters of the client id, if there are so many.
    product_id: &'a str,
    device_name: &'a str,
    /// The four parts of the user name; empty where one is missing.
    parts: [&'a str; 4],
    /// How many parts there are.
    count: usize,
    /// What stands before the last semicolon of the password, and behind it.
    digits: &'a [u8],
    method: Option<&'a str>,
}

/// Shows nothing of the password, not even what stands behind its last semicolon.
impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Presented").field(&self.credentials).finish()
    }
}

/// By what a login is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The key of the device.
    Key,
    /// Something on the level of TLS: a certificate, or the key as a pre-shared one. Either has no password, or one
    /// that is signed with the certificate's key and that nobody checks.
    Transport,
}

impl Kind {
    /// A name for programs: `key` or `transport`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Transport => "transport",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "a login with a key",
            Self::Transport => "a login with a certificate or a pre-shared key of TLS",
        })
    }
}

/// What the official Java SDK writes behind the signature of a certificate's key.
const RSA: &str = "rsa-sha256";

impl<'a> Presented<'a> {
    /// Takes the three fields as they are. Nothing is checked.
    pub fn new(credentials: Credentials<'a>) -> Self {
        let id = credentials.client_id.split_at_checked(10);
        let (product_id, device_name) = id.unwrap_or_default();
        let mut pieces = credentials.username.split(';');
        let parts = core::array::from_fn(|_| pieces.next().unwrap_or_default());
        let count = credentials.username.split(';').count();
        let password = credentials.password;
        let at = password.iter().rposition(|byte| *byte == b';');
        let (digits, method) = match at.and_then(|at| password.split_at_checked(at)) {
            Some((digits, [_, method @ ..])) => (digits, core::str::from_utf8(method).ok()),
            _ => (password, None),
        };
        Self { credentials, product_id, device_name, parts, count, digits, method }
    }

    /// The same, if it has the form of a login to this platform: a user name that begins with the client id or has
    /// numbers in the right places.
    pub fn recognize(credentials: Credentials<'a>) -> Option<Self> {
        let presented = Self::new(credentials);
        let [id, app_id, _, expiry] = presented.parts;
        let begins = presented.count > 1 && !id.is_empty() && id == credentials.client_id;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (begins || presented.count == 4 && is_number(app_id) && is_number(expiry))
            .then_some(presented)
    }

    /// Of which product it says the device is: the first ten characters of the client id.
    pub const fn product_id(&self) -> &'a str {
        self.product_id
    }

    /// Whose login it says it is: the rest of the client id.
    pub const fn device_name(&self) -> &'a str {
        self.device_name
    }

    /// The number of the SDK.
    pub const fn sdk_app_id(&self) -> &'a str {
        self.parts[1]
    }

    /// What the connection is called.
    pub const fn conn_id(&self) -> &'a str {
        self.parts[2]
    }

    /// Until when it is good, in seconds since 1970-01-01 00:00 UTC, where that is a number.
    pub fn expires(&self) -> Option<u64> {
        let digits = self.parts[3];
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
    }

    /// How it says it is signed, where that is a method there is: `hmacsha256`, `hmacsha1`, or `rsa-sha256` of a
    /// certificate's key.
    pub fn method(&self) -> Option<&'a str> {
        self.method.filter(|method| *method == RSA || method.parse::<SignMethod>().is_ok())
    }

    /// By what it is proved, or claims to be.
    pub fn kind(&self) -> Kind {
        if self.credentials.password.is_empty() || self.method == Some(RSA) {
            Kind::Transport
        } else {
            Kind::Key
        }
    }

    /// Everything that is wrong, as far as can be seen without the key. `way` is how it came, as far as that is known.
    /// Whether it has expired depends on the time: [`expires`](Self::expires) tells.
    pub fn problems(&self, way: Way) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.structure(&mut |problem| problems.push(problem));
        let proof = match self.kind() {
            Kind::Key => self.sign_method().and_then(|announced| self.tag(announced)).map(|_| ()),
            Kind::Transport if way.is_tls() == Some(false) => Err(Problem::NeedsTls),
            Kind::Transport => Ok(()),
        };
        problems.extend(proof.err());
        problems
    }

    /// Whether the login is this device's, signed with its key, and good at this time, which counts from 1970-01-01
    /// 00:00 UTC. At a time of zero nothing has expired.
    ///
    /// The signature is compared in constant time, and before the time is looked at: what has expired was good
    /// once. The case of the digits means nothing.
    ///
    /// # Errors
    /// Why it is not let in. What is signed wrongly in a known way is told apart from a wrong key.
    pub fn verify(&self, device: &Device, now: Duration) -> Result<(), Refusal> {
        let mut first = None;
        self.structure(&mut |problem| {
            first.get_or_insert(problem);
        });
        first.map_or(Ok(()), Err)?;
        if self.kind() != Kind::Key {
            return Err(Refusal::OtherKind { kind: self.kind() });
        }
        let ours = (device.product_id().as_str(), device.device_name().as_str());
        if (self.product_id, self.device_name) != ours {
            return Err(Refusal::OtherDevice);
        }
        let announced = self.sign_method()?;
        let tag = match self.tag(announced) {
            // Of another length: the diagnosis sees whether it is of another method.
            Err(Problem::DigestLength { fits: Some(_), .. }) => {
                Tag::from_hex(self.digits).map_err(|error| hex_problem(announced, error))?
            }
            tag => tag?,
        };
        let key = device.psk().key();
        if !Mac::new(announced.algorithm(), key.expose()).verify([self.credentials.username], &tag)
        {
            return Err(self.diagnose(device, key.expose(), announced, &tag));
        }
        let (expiry, now) = (self.expires().ok_or(Problem::Expiry)?, now.as_secs());
        if expiry < now { Err(Refusal::Expired { expiry, now }) } else { Ok(()) }
    }

    /// What was done instead of signing rightly.
    fn diagnose(&self, device: &Device, key: &[u8], announced: SignMethod, tag: &Tag) -> Refusal {
        let username = self.credentials.username;
        let digits = tag.len().saturating_mul(2);
        if let Some(used) = SignMethod::of_digits(digits).filter(|used| *used != announced) {
            let signed = Mac::new(used.algorithm(), key).verify([username], tag);
            return if signed {
                Refusal::OtherMethod { announced, used }
            } else {
                digest_length(announced, digits).into()
            };
        }
        let text = device.psk().expose().as_bytes();
        if Mac::new(announced.algorithm(), text).verify([username], tag) {
            return Refusal::PskNotDecoded;
        }
        let mac = Mac::new(announced.algorithm(), key);
        let parts = username.char_indices().filter(|(_, c)| *c == ';');
        let part_signed = parts
            .take(4)
            .filter_map(|(at, _)| username.get(..at))
            .any(|part| mac.verify([part], tag));
        if part_signed { Refusal::PartSigned } else { Refusal::Signature }
    }

    /// What keeps the login from being read in one way only.
    fn structure(&self, report: &mut dyn FnMut(Problem)) {
        let [id, app_id, conn_id, _] = self.parts;
        if self.count != 4 {
            report(Problem::Username { parts: self.count });
        }
        if id != self.credentials.client_id {
            report(Problem::OtherClientId);
        }
        let id = self.credentials.client_id;
        // Too short to be taken apart, it is no product id.
        let product_id = if self.product_id.is_empty() { id } else { self.product_id };
        let mut check = |checked: Result<(), iot_home_mqtt::InvalidField>| {
            if let Err(error) = checked {
                report(error.into());
            }
        };
        check(ProductId::check(product_id));
        if !self.product_id.is_empty() {
            check(DeviceName::check(self.device_name));
        }
        if self.count == 4 {
            check(app_id.parse::<SdkAppId>().map(|_| ()));
            check(ConnId::check(conn_id));
            if self.expires().is_none() {
                report(Problem::Expiry);
            }
        }
    }

    fn sign_method(&self) -> Result<SignMethod, Problem> {
        let method = self.method.ok_or(Problem::NoSignMethod)?;
        method.parse().map_err(|_| Problem::UnknownSignMethod)
    }

    /// The password as the tag that this method makes.
    fn tag(&self, announced: SignMethod) -> Result<Tag, Problem> {
        let tag = Tag::from_hex(self.digits).map_err(|error| hex_problem(announced, error))?;
        if self.digits.len() == announced.digits() {
            Ok(tag)
        } else {
            Err(digest_length(announced, self.digits.len()))
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
