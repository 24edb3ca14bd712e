//! What a registration is answered with.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use aes::Aes128;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::Decryptor;
use iot_home_core::Secret;
use iot_home_mqtt::payload::{self, Unreadable, lenient};
use serde::{Deserialize, Deserializer};

use super::{NotGiven, ProductSecret};
use crate::{CertificateDevice, Device, DeviceName, ProductId, Psk};

/// The most bytes of an answer.
pub(super) const MAX_ANSWER: usize = 64 * 1024;

/// What a device was given.
#[derive(Clone)]
#[non_exhaustive]
pub enum Registered {
    /// A key.
    Key(Device),
    /// A certificate.
    Certificate {
        /// The device.
        device: CertificateDevice,
        /// Its certificate, PEM.
        certificate: String,
        /// The key of the certificate, PEM.
        key: Secret<String>,
    },
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(device) => f.debug_tuple("Key").field(device).finish(),
            Self::Certificate { device, .. } => {
                f.debug_struct("Certificate").field("device", device).finish_non_exhaustive()
            }
        }
    }
}

/// An answer of either gateway.
#[derive(Deserialize)]
struct Answer<'a> {
    /// Of that of today.
    #[serde(borrow, default, rename = "Response")]
    response: Option<Response<'a>>,
    /// All else is of that of before.
    #[serde(default, deserialize_with = "lenient::optional")]
    code: Option<i64>,
    #[serde(borrow, default)]
    payload: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "lenient::optional")]
    len: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Response<'a> {
    #[serde(borrow, default)]
    pub(super) error: Option<Refusal<'a>>,
    #[serde(borrow, default)]
    payload: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "lenient::optional")]
    len: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Refusal<'a> {
    #[serde(borrow)]
    pub(super) code: Cow<'a, str>,
}

pub(super) fn open(
    answer: &[u8],
    secret: &ProductSecret,
    product_id: &ProductId,
    device_name: &DeviceName,
) -> Result<Registered, NotGiven> {
    let form = Unreadable::Form { offset: answer.len() };
    let answer: Answer<'_> = payload::read(answer, MAX_ANSWER)?;
    let (sealed, length) = match answer {
        Answer { response: Some(Response { error: Some(error), .. }), .. } => {
            return Err(NotGiven::refused(&error.code));
        }
        Answer { response: Some(Response { payload, len, .. }), .. } => (payload, len),
        Answer { code: Some(code), .. } if code != 0 => {
            return Err(NotGiven::RefusedByNumber { code });
        }
        Answer { code: Some(_), payload, len, .. } => (payload, len),
        _ => return Err(form.into()),
    };
    let (sealed, length) = (sealed.ok_or(form)?, length.ok_or(form)?);
    let plain = decrypt(&sealed, length, secret)?;
    // With another secret there is no JSON in it, or next to never.
    let given: Given = payload::read(plain.expose(), MAX_ANSWER).map_err(|_| NotGiven::Sealed)?;
    match given {
        Given { encryption_type: 2, psk: Some(psk), .. } => {
            let psk = Psk::try_from(psk.0)?;
            Ok(Registered::Key(Device::new(product_id.clone(), device_name.clone(), psk)?))
        }
        Given {
            encryption_type: 1, client_cert: Some(certificate), client_key: Some(key), ..
        } => {
            let device = CertificateDevice::new(product_id.clone(), device_name.clone())?;
            Ok(Registered::Certificate { device, certificate, key: key.0 })
        }
        _ => Err(form.into()),
    }
}

/// AES-128-CBC with the first 16 bytes of the secret, and sixteen digits `0` for its IV. There are zero bytes behind the
/// end, and none where a block ends there.
fn decrypt(sealed: &str, length: u64, secret: &ProductSecret) -> Result<Secret<Vec<u8>>, NotGiven> {
    let mut bytes = STANDARD.decode(sealed).map_err(|_| NotGiven::Sealed)?;
    let key = secret.expose().as_bytes().first_chunk::<16>().ok_or(NotGiven::Sealed)?;
    let iv = b"0000000000000000";
    let plain = Decryptor::<Aes128>::new(key.into(), iv.into())
        .decrypt_padded::<NoPadding>(&mut bytes)
        .map_err(|_| NotGiven::Sealed)?;
    let room = plain.len();
    let end = usize::try_from(length).ok().filter(|end| *end <= room);
    let Some(end) = end else {
        return Err(NotGiven::Length { length, room });
    };
    // Shorter in the same place: no second copy has to be wiped.
    bytes.truncate(end);
    Ok(Secret::new(bytes))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    #[serde(deserialize_with = "lenient::integer")]
    encryption_type: u8,
    #[serde(default)]
    psk: Option<Hidden>,
    #[serde(default)]
    client_cert: Option<String>,
    #[serde(default)]
    client_key: Option<Hidden>,
}

/// A secret in an answer.
struct Hidden(Secret<String>);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}
