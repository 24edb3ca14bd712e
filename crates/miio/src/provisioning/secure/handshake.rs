//! The five exchanges, as the client makes them.

use alloc::string::String;
use core::fmt;

use iot_home_core::{Random, Secret};
use zeroize::Zeroizing;

use super::channel::Channel;
use super::curve::{Curve, PrivateKey};
use super::key::AgreedKey;
use super::messages::{Part, Received, Sent, SentKey, SentOob, base64};
use crate::message::Request;
use crate::token::Token;

/// A handshake under way. See the [module](super).
pub struct Handshake {
    token: Token,
    oob: Oob,
    key_bytes: Zeroizing<[u8; 48]>,
    random: [u8; 16],
    next: Next,
}

/// What is sent next, and what is known by then.
enum Next {
    Offer,
    PublicKey { curve: Curve, own: PrivateKey, mode: OobMode },
    Commit { key: AgreedKey, mode: OobMode },
    Proof { key: AgreedKey, commitment: [u8; 32] },
    Reveal { key: AgreedKey },
    Over,
}

impl Handshake {
    /// A handshake with the device that has this token and this code. `random` has to be fit for keys.
    ///
    /// # Errors
    /// [`HandshakeError::Random`] when `random` gives nothing that can be a key.
    pub fn new(token: &Token, oob: Oob, random: &mut impl Random) -> Result<Self, HandshakeError> {
        let mut key_bytes = Zeroizing::new([0; 48]);
        for _ in 0..TRIES {
            random.fill(&mut *key_bytes);
            let fits = |curve| private_key(curve, &key_bytes).is_some();
            if fits(Curve::P256) && fits(Curve::P384) {
                let mut own = [0; 16];
                random.fill(&mut own);
                let token = token.clone();
                return Ok(Self { token, oob, key_bytes, random: own, next: Next::Offer });
            }
        }
        Err(HandshakeError::Random)
    }

    /// What to send now. It stays the same until [`handle`](Self::handle) has taken the answer; after the end it
    /// begins again, which the answer's [`HandshakeError::Over`] then tells.
    ///
    /// It must not be repeated under another id: a device that had it twice would take it for the wrong step.
    pub fn request(&self) -> Request {
        let sent = match &self.next {
            Next::Offer | Next::Over => Sent { kind: 1, ecdh: None, oob: None },
            Next::PublicKey { curve, own, .. } => {
                let curve_suite = curve.suite();
                let public_key = base64(&own.public());
                let ecdh = SentKey { sign_suite: HMAC_SHA256, curve_suite, public_key };
                Sent { kind: 2, ecdh: Some(ecdh), oob: None }
            }
            Next::Commit { mode, .. } => step(1, Some(mode.number()), None, None),
            Next::Proof { key, .. } => {
                let sign = key.sign(&[&self.random, self.oob.bytes()]);
                step(2, None, Some(base64(&sign)), None)
            }
            Next::Reveal { .. } => step(3, None, None, Some(base64(&self.random))),
        };
        // None of them fails to serialise or is long.
        let request = Request::new(METHOD, &sent);
        request.unwrap_or_else(|_| Request::fixed(METHOD, "{\"type\":1}")).idempotent(false)
    }

    /// Takes in the result of the call that [`request`](Self::request) gave, JSON text.
    ///
    /// # Errors
    /// When the device does not prove itself, offers nothing that is known here, or writes something else. After an error
    /// the handshake is over.
    pub fn handle(&mut self, result: &str) -> Result<Progress, HandshakeError> {
        let step = self.next.number();
        let at = core::mem::replace(&mut self.next, Next::Over);
        let form = || HandshakeError::Form { step };
        let received: Received = serde_json::from_str(result).map_err(|_| form())?;
        let kind = match at {
            Next::Offer => 1,
            Next::PublicKey { .. } => 2,
            _ => 3,
        };
        if received.kind != kind {
            return Err(form());
        }
        if let Some(wanted) = at.oob_step()
            && received.number(Part::Oob, "step") != Some(wanted)
        {
            return Err(form());
        }
        self.next = match at {
            Next::Over => return Err(HandshakeError::Over),
            Next::Offer => self.choose(&received).ok_or_else(form)??,
            Next::PublicKey { own, mode, .. } => {
                let public = received.bytes(Part::Ecdh, "public_key").ok_or_else(form)?;
                let signature = received.bytes(Part::Ecdh, "sign").ok_or_else(form)?;
                // Our own key back, and our own proofs after it, would prove nothing.
                if public == own.public() {
                    return Err(HandshakeError::Reflected);
                }
                let agreed = own.agree(&public, &self.token);
                let key = agreed.map_err(|_| HandshakeError::PublicKey)?;
                key.verify(&[&public], &signature).map_err(|_| HandshakeError::Token)?;
                Next::Commit { key, mode }
            }
            Next::Commit { key, .. } => {
                let commitment = received.bytes(Part::Oob, "sign").ok_or_else(form)?;
                let commitment = commitment.try_into().map_err(|_| form())?;
                Next::Proof { key, commitment }
            }
            Next::Proof { key, commitment } => {
                let theirs = received.bytes(Part::Oob, "random").ok_or_else(form)?;
                if theirs.len() != self.random.len() {
                    return Err(form());
                }
                if theirs == self.random {
                    return Err(HandshakeError::Reflected);
                }
                let proved = key.verify(&[&theirs, self.oob.bytes()], &commitment);
                proved.map_err(|_| HandshakeError::Code)?;
                Next::Reveal { key }
            }
            Next::Reveal { key } => {
                let iv = received.bytes(Part::Oob, "iv").ok_or_else(form)?;
                let iv = iv.try_into().map_err(|_| form())?;
                return Ok(Progress::Done(Channel::new(key, iv)));
            }
        };
        Ok(Progress::Send)
    }

    /// What of the device's offer is taken up. Nothing where it is not readable.
    fn choose(&self, offer: &Received) -> Option<Result<Next, HandshakeError>> {
        let signs = offer.numbers(Part::Ecdh, "sign_suites")?;
        let curves = offer.numbers(Part::Ecdh, "curve_suites")?;
        let modes = offer.numbers(Part::Oob, "modes")?;
        let extents = offer.numbers(Part::Oob, "extents").unwrap_or_default();
        if !signs.contains(&HMAC_SHA256) {
            return Some(Err(HandshakeError::NoSignSuite));
        }
        let known = [Curve::P256, Curve::P384];
        let Some(curve) = known.into_iter().find(|curve| curves.contains(&curve.suite())) else {
            return Some(Err(HandshakeError::NoCurve));
        };
        let mode = self.oob.mode;
        let Some(at) = modes.iter().position(|offered| *offered == mode.number()) else {
            return Some(Err(HandshakeError::NoMode { wanted: mode }));
        };
        let length = u64::try_from(self.oob.bytes().len()).unwrap_or(u64::MAX);
        if let Some(wanted) = extents.get(at).filter(|extent| **extent != length) {
            return Some(Err(HandshakeError::CodeLength { wanted: *wanted }));
        }
        let own = private_key(curve, &self.key_bytes)?;
        Some(Ok(Next::PublicKey { curve, own, mode }))
    }
}

impl Next {
    /// Which of the five exchanges it is.
    fn number(&self) -> u8 {
        match self {
            Self::Offer => 1,
            Self::PublicKey { .. } => 2,
            Self::Commit { .. } => 3,
            Self::Proof { .. } => 4,
            Self::Reveal { .. } | Self::Over => 5,
        }
    }

    fn oob_step(&self) -> Option<u64> {
        match self {
            Self::Commit { .. } => Some(1),
            Self::Proof { .. } => Some(2),
            Self::Reveal { .. } => Some(3),
            Self::Offer | Self::PublicKey { .. } | Self::Over => None,
        }
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake").field("step", &self.next.number()).finish_non_exhaustive()
    }
}

/// How far a handshake has come.
#[derive(Debug)]
#[non_exhaustive]
pub enum Progress {
    /// There is something more to [send](Handshake::request).
    Send,
    /// Both ends have proved themselves.
    Done(Channel),
}

/// The code by which both ends know that nobody stands between them.
#[derive(Clone)]
pub struct Oob {
    mode: OobMode,
    code: Secret<String>,
}

impl Oob {
    /// The code that stands on the device: what follows `O=` in its QR code.
    pub fn code(code: impl Into<Secret<String>>) -> Self {
        Self { mode: OobMode::Code, code: code.into() }
    }

    /// The number that the device shows.
    pub fn shown(number: impl Into<Secret<String>>) -> Self {
        Self { mode: OobMode::Shown, code: number.into() }
    }

    fn bytes(&self) -> &[u8] {
        self.code.expose().as_bytes()
    }

    #[cfg(feature = "client")]
    pub(crate) fn expose(&self) -> &str {
        self.code.expose()
    }
}

impl fmt::Debug for Oob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oob").field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// Where the code comes from. Devices know two more modes, of which nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OobMode {
    /// The device shows a random number; mode 2.
    Shown,
    /// A code stands on the device; mode 3.
    Code,
}

impl OobMode {
    /// The number that devices know it by.
    pub const fn number(self) -> u64 {
        match self {
            Self::Shown => 2,
            Self::Code => 3,
        }
    }
}

/// Why the handshake came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The random source gives nothing that can be a key.
    #[error("the random source gives nothing that can be a key")]
    Random,
    /// An answer that is no answer to this step.
    #[error("the answer to step {step} of 5 of the handshake is not of its form")]
    Form {
        /// Which of the exchanges, from 1.
        step: u8,
    },
    /// The device does not sign by HMAC-SHA256.
    #[error("the device does not offer signatures by HMAC-SHA256")]
    NoSignSuite,
    /// The device offers neither P-256 nor P-384.
    #[error("the device offers neither of the curves secp256r1 and secp384r1")]
    NoCurve,
    /// The device does not take this kind of code.
    #[error("the device does not take {}", match wanted {
        OobMode::Shown => "a number that it shows",
        OobMode::Code => "a code that stands on it",
    })]
    NoMode {
        /// What was given.
        wanted: OobMode,
    },
    /// The code cannot be the device's.
    #[error("the device's code has {wanted} characters, and the one given has not")]
    CodeLength {
        /// How many it has.
        wanted: u64,
    },
    /// The device's key is no point of the curve.
    #[error("the device's public key is no point of the curve")]
    PublicKey,
    /// The device does not know the token.
    #[error(
        "the device does not prove that it knows the token: it is another's, or somebody stands between"
    )]
    Token,
    /// The device does not know the code.
    #[error(
        "the device does not prove that it knows the code: the code is wrong, or somebody stands between"
    )]
    Code,
    /// What came back was our own.
    #[error("our own key or random number came back")]
    Reflected,
    /// The handshake has ended.
    #[error("the handshake is over")]
    Over,
}

fn private_key(curve: Curve, bytes: &[u8; 48]) -> Option<PrivateKey> {
    PrivateKey::new(curve, bytes.get(..curve.size())?)
}

fn step(step: u8, mode: Option<u64>, sign: Option<String>, random: Option<String>) -> Sent {
    Sent { kind: 3, ecdh: None, oob: Some(SentOob { step, mode, sign, random }) }
}

const METHOD: &str = "miIO.handshake";
const HMAC_SHA256: u64 = 1;
/// One try in four thousand million fails.
const TRIES: usize = 8;
