//! Who may come in.

use std::time::Duration;

use iot_home_aliyun as aliyun;
use iot_home_core::Secret;
use iot_home_mqtt::platform::Way;
use iot_home_mqtt::{Connect, Credentials, mac};
use iot_home_tencent as tencent;

use crate::mqtt::DeviceId;
use crate::mqtt::refusal::LoginRefusal;

/// Everybody who may come in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts {
    pub(crate) aliyun: Vec<aliyun::Device>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) guided: Vec<Guided>,
    pub(crate) tencent: Vec<tencent::Device>,
    /// Devices of either cloud that come with a certificate.
    pub(crate) certificates: Vec<DeviceId>,
    /// User names and passwords.
    pub(crate) plain: Vec<(String, Secret<String>)>,
}

/// A device of Aliyun that was given a token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    device: DeviceId,
    holder: aliyun::TokenDevice,
}

impl Token {
    pub(crate) fn is_of(&self, product_key: &str, device_name: &str) -> bool {
        self.device == DeviceId::aliyun(product_key, device_name)
    }

    pub(crate) fn of(device: &aliyun::TokenDevice) -> Self {
        let id = DeviceId::aliyun(device.product_key().as_str(), device.device_name().as_str());
        Self { device: id, holder: device.clone() }
    }
}

/// A device of Aliyun that asked over HTTPS first.
#[derive(Clone, Debug)]
pub(crate) struct Guided {
    pub(crate) device: DeviceId,
    pub(crate) client_id: String,
    pub(crate) iot_id: String,
    pub(crate) token: Secret<String>,
    pub(crate) expires: Duration,
}

/// Who a certificate is for; `None` for a device that does not know its name.
pub(crate) fn aliyun_certificate(device: &aliyun::CertificateDevice) -> Option<DeviceId> {
    Some(DeviceId::aliyun(device.product_key()?.as_str(), device.device_name()?.as_str()))
}

pub(crate) fn tencent_certificate(device: &tencent::CertificateDevice) -> DeviceId {
    DeviceId::tencent(device.product_id().as_str(), device.device_name().as_str())
}

/// A login that was verified.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) device: DeviceId,
    /// It said `_ss=1`.
    pub(crate) is_automatic: bool,
    /// The device does not know its name.
    pub(crate) is_nameless: bool,
}

impl Admission {
    fn of(device: DeviceId) -> Self {
        Self { device, is_automatic: false, is_nameless: false }
    }
}

impl Accounts {
    /// The devices of the clouds, by whatever they are proved.
    pub(crate) fn devices(&self) -> impl Iterator<Item = DeviceId> {
        let aliyun = self.aliyun.iter().map(DeviceId::from);
        let tencent = self.tencent.iter().map(DeviceId::from);
        let tokens = self.tokens.iter().map(|token| token.device.clone());
        aliyun.chain(tencent).chain(tokens).chain(self.certificates.iter().cloned())
    }

    /// Whether a device of a cloud may come in.
    pub(crate) fn knows(&self, device: &DeviceId) -> bool {
        self.devices().any(|known| known == *device)
    }

    /// Remembers a device that asked over HTTPS first, and forgets what it was told before.
    pub(crate) fn guide(&mut self, guided: Guided) {
        self.guided.retain(|one| one.device != guided.device);
        self.guided.push(guided);
    }

    /// Verifies a login. `certificate` is the common name of the client's certificate.
    pub(crate) fn verify(
        &self,
        connect: &Connect<'_>,
        way: Way,
        certificate: Option<&str>,
        now: Duration,
    ) -> Result<Admission, LoginRefusal> {
        let credentials = Credentials::from(connect);
        if let Some((_, password)) =
            self.plain.iter().find(|(name, _)| name == credentials.username)
        {
            let theirs = core::str::from_utf8(credentials.password).unwrap_or_default();
            return if mac::equal(password.expose(), theirs) {
                Ok(Admission::of(DeviceId::client(credentials.client_id)))
            } else {
                Err(LoginRefusal::Password)
            };
        }
        if let Some(guided) = self.guided.iter().find(|one| one.iot_id == credentials.username) {
            let theirs = core::str::from_utf8(credentials.password).unwrap_or_default();
            let is_theirs = mac::equal(guided.token.expose(), theirs)
                && guided.client_id == credentials.client_id;
            return match is_theirs {
                true if now < guided.expires => Ok(Admission::of(guided.device.clone())),
                true => Err(LoginRefusal::TokenExpired),
                false => Err(LoginRefusal::Password),
            };
        }
        let has_aliyun = !self.aliyun.is_empty()
            || !self.tokens.is_empty()
            || self.certificates.iter().any(|one| matches!(one, DeviceId::Aliyun { .. }));
        let has_tencent = !self.tencent.is_empty()
            || self.certificates.iter().any(|one| matches!(one, DeviceId::Tencent { .. }));
        // Tencent's user names begin with the client id, Aliyun's logins have bars and ampersands.
        if aliyun::Presented::recognize(credentials).is_some() || (has_aliyun && !has_tencent) {
            self.verify_aliyun(credentials, way, certificate)
        } else if tencent::Presented::recognize(credentials).is_some() || has_tencent {
            self.verify_tencent(credentials, way, certificate, now)
        } else {
            Err(LoginRefusal::Unknown)
        }
    }

    fn verify_aliyun(
        &self,
        credentials: Credentials<'_>,
        way: Way,
        certificate: Option<&str>,
    ) -> Result<Admission, LoginRefusal> {
        let presented = aliyun::Presented::new(credentials);
        let (key, name) = (presented.product_key(), presented.device_name());
        let device = match presented.kind() {
            aliyun::Kind::Certificate => {
                let device = self.aliyun_by_certificate(&presented, way, certificate)?;
                let is_nameless = name.is_empty();
                return Ok(Admission { is_nameless, ..admission(device, &presented) });
            }
            aliyun::Kind::DeviceToken => {
                let device = DeviceId::aliyun(key, name);
                let mut known = self.tokens.iter().filter(|token| token.device == device);
                let id = presented.client_id();
                let token = known.find(|token| token.holder.client_id().as_str() == id);
                presented.verify_token(&token.ok_or(LoginRefusal::Unknown)?.holder, way)?;
                device
            }
            _ => {
                let names = |device: &&aliyun::Device| {
                    let ours = (device.product_key().as_str(), device.device_name().as_str());
                    ours == (key, name) || ours == (name, key)
                };
                match self.aliyun.iter().find(names) {
                    Some(device) => {
                        presented.verify(device, way)?;
                        device.into()
                    }
                    // What is wrong with it is better to know than that nobody knows the device.
                    None => {
                        let problem = presented.problems(way).into_iter().next();
                        return Err(problem.map_or(LoginRefusal::Unknown, |problem| {
                            aliyun::Refusal::from(problem).into()
                        }));
                    }
                }
            }
        };
        Ok(admission(device, &presented))
    }

    fn aliyun_by_certificate(
        &self,
        presented: &aliyun::Presented<'_>,
        way: Way,
        certificate: Option<&str>,
    ) -> Result<DeviceId, LoginRefusal> {
        if let Some(problem) = presented.problems(way).into_iter().next() {
            return Err(aliyun::Refusal::from(problem).into());
        }
        let device = self.of_certificate(certificate)?;
        let named = DeviceId::aliyun(presented.product_key(), presented.device_name());
        let is_aliyun = matches!(device, DeviceId::Aliyun { .. });
        if is_aliyun && (presented.device_name().is_empty() || *device == named) {
            Ok(device.clone())
        } else {
            Err(LoginRefusal::OtherCertificate)
        }
    }

    fn verify_tencent(
        &self,
        credentials: Credentials<'_>,
        way: Way,
        certificate: Option<&str>,
        now: Duration,
    ) -> Result<Admission, LoginRefusal> {
        let presented = tencent::Presented::new(credentials);
        let id = DeviceId::tencent(presented.product_id(), presented.device_name());
        if self.certificates.contains(&id) {
            // The password may be anything.
            let unsigned = Credentials::new(credentials.client_id, credentials.username, b"");
            if let Some(problem) =
                tencent::Presented::new(unsigned).problems(way).into_iter().next()
            {
                return Err(tencent::Refusal::from(problem).into());
            }
            return if *self.of_certificate(certificate)? == id {
                Ok(Admission::of(id))
            } else {
                Err(LoginRefusal::OtherCertificate)
            };
        }
        match self.tencent.iter().find(|device| DeviceId::from(*device) == id) {
            Some(device) => {
                presented.verify(device, now)?;
                Ok(Admission::of(id))
            }
            None => {
                let problem = presented.problems(way).into_iter().next();
                Err(problem.map_or(LoginRefusal::Unknown, |problem| {
                    tencent::Refusal::from(problem).into()
                }))
            }
        }
    }

    fn of_certificate(&self, certificate: Option<&str>) -> Result<&DeviceId, LoginRefusal> {
        let name = certificate.ok_or(LoginRefusal::NoCertificate)?;
        let device = self.certificates.iter().find(|device| device.common_name() == name);
        device.ok_or(LoginRefusal::OtherCertificate)
    }
}

fn admission(device: DeviceId, presented: &aliyun::Presented<'_>) -> Admission {
    let is_automatic = presented.param("_ss") == Some("1");
    Admission { is_automatic, ..Admission::of(device) }
}
