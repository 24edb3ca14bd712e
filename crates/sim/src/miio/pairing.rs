//! The device's end of the secure variant of provisioning.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iot_home_core::{Instant, Random, SeededRandom};
use iot_home_miio::provisioning::secure::{AgreedKey, Curve, OobMode, PrivateKey};
use iot_home_miio::{DeviceError, Token};
use serde_json::{Value, json};

use crate::miio::access_point::AccessPoint;
use crate::miio::methods::Outcome;
use crate::miio::refusals::Refusals;
use crate::miio::report::count;
use crate::miio::station::{Station, bad_params};

/// How a device takes the secure variant, and no other.
#[derive(Clone)]
pub struct Secure {
    code: String,
    mode: OobMode,
    curves: Vec<Curve>,
    seed: u64,
    zero_iv: bool,
    imposter: Imposter,
}

impl Secure {
    /// A device with this code on it, that knows both curves. Its keys follow from the seed, and are no secret.
    pub fn new(code: impl Into<String>, seed: u64) -> Self {
        Self {
            code: code.into(),
            mode: OobMode::Code,
            curves: vec![Curve::P256, Curve::P384],
            seed,
            zero_iv: false,
            imposter: Imposter::No,
        }
    }

    /// It shows the code itself.
    #[must_use]
    pub fn shown(mut self) -> Self {
        self.mode = OobMode::Shown;
        self
    }

    /// It knows this curve only.
    #[must_use]
    pub fn curve(mut self, curve: Curve) -> Self {
        self.curves = vec![curve];
        self
    }

    /// It reads the settings with an initialisation vector of zeros, whatever it told.
    #[must_use]
    pub fn zero_iv(mut self) -> Self {
        self.zero_iv = true;
        self
    }

    /// It is not what it says: a client has to find out.
    #[must_use]
    pub fn imposter(mut self, imposter: Imposter) -> Self {
        self.imposter = imposter;
        self
    }
}

impl fmt::Debug for Secure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secure").field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// What somebody does who stands between, or has another device's code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Imposter {
    /// It is the device.
    #[default]
    No,
    /// It does not know the token.
    Token,
    /// It does not know the code.
    Code,
    /// It sends back the client's own key.
    Reflection,
    /// Its key is no point of the curve.
    OffCurve,
}

/// How far the handshake has come.
#[derive(Default)]
pub(crate) struct Pairing {
    state: State,
    /// Handshakes so far, each with keys of its own.
    begun: u64,
}

#[derive(Default)]
enum State {
    #[default]
    Idle,
    Offered,
    Agreed {
        key: AgreedKey,
    },
    Committed {
        key: AgreedKey,
        random: [u8; 16],
    },
    Revealed {
        key: AgreedKey,
        commitment: Vec<u8>,
    },
    Open {
        key: AgreedKey,
        iv: [u8; 16],
    },
}

impl Pairing {
    pub(crate) fn forget(&mut self) {
        self.state = State::Idle;
    }
}

impl fmt::Debug for Pairing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pairing").field("begun", &self.begun).finish_non_exhaustive()
    }
}

impl AccessPoint {
    /// It takes the secure variant and not the plain one.
    #[must_use]
    pub fn secure(mut self, secure: Secure) -> Self {
        self.secure = Some(secure);
        self
    }
}

impl Station {
    pub(crate) fn is_secure(&self) -> bool {
        self.access_point.as_ref().is_some_and(|access_point| access_point.secure.is_some())
    }

    /// `miIO.handshake`. What is not the next step ends it.
    pub(crate) fn handshake(
        &mut self,
        refusals: &mut Refusals,
        token: &Token,
        params: &Value,
    ) -> Result<Value, DeviceError> {
        let Some(secure) = self.access_point.as_ref().and_then(|it| it.secure.clone()) else {
            return Err(DeviceError::new(Some(-32601), "Method not found."));
        };
        let number = |path: &str| params.pointer(path).and_then(Value::as_u64);
        let bytes = |path: &str| {
            let text = params.pointer(path).and_then(Value::as_str);
            text.and_then(|text| STANDARD.decode(text).ok())
        };
        let state = std::mem::take(&mut self.pairing.state);
        let (answer, next) = match (number("/type"), number("/oob/step"), state) {
            (Some(1), None, _) => {
                self.pairing.begun = self.pairing.begun.saturating_add(1);
                let curves: Vec<u64> = secure.curves.iter().map(|curve| curve.suite()).collect();
                let offer = json!({
                    "type": 1,
                    "ecdh": {"sign_suites": [1], "curve_suites": curves},
                    "oob": {"modes": [secure.mode.number()], "extents": [secure.code.len()]},
                });
                (offer, State::Offered)
            }
            (Some(2), None, State::Offered) => {
                let curve = number("/ecdh/curve_suite").and_then(Curve::from_suite);
                let curve = curve.filter(|curve| secure.curves.contains(curve));
                let Some(curve) = curve.filter(|_| number("/ecdh/sign_suite") == Some(1)) else {
                    return Err(refuse(&mut refusals.not_offered));
                };
                let Some(theirs) = bytes("/ecdh/public_key") else {
                    return Err(malformed(refusals));
                };
                let own = self.pairing.private_key(&secure, curve);
                let token = match secure.imposter {
                    Imposter::Token => &Token::new([0; 16]),
                    _ => token,
                };
                let Some(Ok(key)) = own.as_ref().map(|own| own.agree(&theirs, token)) else {
                    return Err(refuse(&mut refusals.bad_public_key));
                };
                let mut public = own.map(|own| own.public()).unwrap_or_default();
                match secure.imposter {
                    Imposter::Reflection => public.clone_from(&theirs),
                    Imposter::OffCurve => public.iter_mut().skip(1).for_each(|byte| *byte ^= 0x5a),
                    _ => {}
                }
                let sign = STANDARD.encode(key.sign(&[&public]));
                let public_key = STANDARD.encode(public);
                let answer = json!({"type": 2, "ecdh": {"sign": sign, "public_key": public_key}});
                (answer, State::Agreed { key })
            }
            (Some(3), Some(1), State::Agreed { key }) => {
                if number("/oob/mode") != Some(secure.mode.number()) {
                    return Err(refuse(&mut refusals.not_offered));
                }
                let random = self.pairing.random(&secure, 1);
                let code = match secure.imposter {
                    Imposter::Code => "another code",
                    _ => &secure.code,
                };
                let sign = STANDARD.encode(key.sign(&[&random, code.as_bytes()]));
                let answer = json!({"type": 3, "oob": {"step": 1, "sign": sign}});
                (answer, State::Committed { key, random })
            }
            (Some(3), Some(2), State::Committed { key, random }) => {
                let Some(commitment) = bytes("/oob/sign") else { return Err(malformed(refusals)) };
                let answer =
                    json!({"type": 3, "oob": {"step": 2, "random": STANDARD.encode(random)}});
                (answer, State::Revealed { key, commitment })
            }
            (Some(3), Some(3), State::Revealed { key, commitment }) => {
                let Some(random) = bytes("/oob/random") else { return Err(malformed(refusals)) };
                let code = secure.code.as_bytes();
                if random.len() != 16 || key.verify(&[&random, code], &commitment).is_err() {
                    return Err(refuse(&mut refusals.bad_proof));
                }
                let iv = self.pairing.random(&secure, 2);
                let answer = json!({"type": 3, "oob": {"step": 3, "iv": STANDARD.encode(iv)}});
                let iv = if secure.zero_iv { [0; 16] } else { iv };
                (answer, State::Open { key, iv })
            }
            (Some(1..=3), _, _) => return Err(refuse(&mut refusals.wrong_step)),
            _ => return Err(malformed(refusals)),
        };
        self.pairing.state = next;
        Ok(answer)
    }

    /// `miIO.config_router_safe`, which ends the handshake one way or the other.
    pub(crate) fn config_router_safe(
        &mut self,
        refusals: &mut Refusals,
        now: Instant,
        params: &Value,
    ) -> Outcome {
        let State::Open { key, iv } = std::mem::take(&mut self.pairing.state) else {
            return Outcome::refused(refuse(&mut refusals.wrong_step));
        };
        let bytes = |key: &str| {
            params.get(key).and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok())
        };
        let (Some(data), Some(signature)) = (bytes("data"), bytes("sign")) else {
            return Outcome::refused(malformed(refusals));
        };
        if key.verify(&[&data], &signature).is_err() {
            return Outcome::refused(refuse(&mut refusals.bad_proof));
        }
        let text = key.decrypt(&iv, &data);
        let settings = text.and_then(|text| serde_json::from_slice::<Value>(&text).ok());
        match settings {
            Some(settings) => self.take_network(refusals, now, &settings),
            None => Outcome::refused(malformed(refusals)),
        }
    }
}

impl Pairing {
    fn random(&self, secure: &Secure, purpose: u64) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.source(secure, purpose).fill(&mut bytes);
        bytes
    }

    fn private_key(&self, secure: &Secure, curve: Curve) -> Option<PrivateKey> {
        let mut source = self.source(secure, 3);
        let mut bytes = [0; 48];
        (0..8).find_map(|_| {
            source.fill(&mut bytes);
            PrivateKey::new(curve, bytes.get(..curve.size())?)
        })
    }

    /// Other numbers for each handshake and each purpose.
    fn source(&self, secure: &Secure, purpose: u64) -> SeededRandom {
        let mut seeds = SeededRandom::new(secure.seed ^ self.begun.rotate_left(32));
        for _ in 0..purpose {
            seeds.next_u64();
        }
        SeededRandom::new(seeds.next_u64())
    }
}

fn refuse(counter: &mut u64) -> DeviceError {
    count(counter);
    DeviceError::new(Some(-32603), "handshake failed")
}

fn malformed(refusals: &mut Refusals) -> DeviceError {
    count(&mut refusals.bad_params);
    bad_params()
}
