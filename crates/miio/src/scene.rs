//! Scenes that push: a local automation stored in a device, which tells us when it fires.
//!
//! Devices from before MIoT, and lumi gateways for their children, know no subscriptions. They can be given an
//! automation: "when this happens, tell that device". We play that device. A [`Scene`] says what is to be told,
//! and makes the request that stores it; a [`Listener`] is the device that is told.
//!
//! A scene stays in the device until it is [removed](remove), also when this program has ended: keep its
//! number.
//!
//! What is known of this comes from one program that works (python-miio); the meaning of most numbers
//! in it is not known.

mod listener;

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::net::Ipv4Addr;

use iot_home_core::{Random, Secret};
use serde::Serialize;
use serde_json::Value;

pub use self::listener::{Fired, Listener, Stats, UnknownSource};
use crate::cipher::Cipher;
use crate::error::{DeviceError, Failure};
use crate::json::Lenient;
use crate::message::{Reply, Request, RequestError};
use crate::packet::{HEADER_LEN, Header};
use crate::token::Token;

/// The did of the device that we play, unless told otherwise.
pub const TARGET_DID: u64 = 120_009_025;
/// The model of the device that we play.
pub const TARGET_MODEL: &str = "chuangmi.plug.v3";

/// What is to be told, and of whom.
#[derive(Clone, PartialEq)]
pub struct Scene {
    source: Source,
    event: String,
    action: String,
    extra: String,
    command_extra: String,
    trigger_token: String,
    value: Option<Value>,
    target_did: u64,
}

/// Where something happens: a device, or the child of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Source {
    id: String,
    model: String,
}

impl Scene {
    /// Tells of `event` at the device with this did and model, or the gateway's child with this sid and its own
    /// model, as `action`, a word of one's own. `extra` is the event's own text, such as
    /// `[1,13,1,85,[0,1],0,0]` for a button: known from captures only.
    ///
    /// # Errors
    /// When the device would cut the command off, or could not give the ids back as they are.
    pub fn new(
        source: &str,
        model: &str,
        event: &str,
        action: &str,
        extra: &str,
    ) -> Result<Self, SceneError> {
        let is_word = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        };
        // In the command dots become underscores, and the way back cannot tell which was which.
        if !is_word(source) || source.contains('_') {
            return Err(SceneError::Source);
        }
        if !is_word(model) {
            return Err(SceneError::Model);
        }
        if !is_word(event) || !is_word(action) {
            return Err(SceneError::Name);
        }
        if extra.len() > MAX_EXTRA {
            return Err(SceneError::Extra { length: extra.len() });
        }
        let scene = Self {
            source: Source { id: source.to_string(), model: model.to_string() },
            event: event.to_string(),
            action: action.to_string(),
            extra: extra.to_string(),
            command_extra: String::new(),
            trigger_token: String::new(),
            value: None,
            target_did: TARGET_DID,
        };
        let length = scene.command().len();
        if length > MAX_COMMAND { Err(SceneError::Command { length }) } else { Ok(scene) }
    }

    /// Sets the text that some models want with the command.
    #[must_use]
    pub fn command_extra(mut self, extra: &str) -> Self {
        self.command_extra = extra.to_string();
        self
    }

    /// Sets the trigger's own token, which some events have.
    #[must_use]
    pub fn trigger_token(mut self, token: &str) -> Self {
        self.trigger_token = token.to_string();
        self
    }

    /// Sets the value that triggers, for events that have one.
    #[must_use]
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Sets the did of the device that is told, in place of [`TARGET_DID`].
    #[must_use]
    pub fn target_did(mut self, did: u64) -> Self {
        self.target_did = did;
        self
    }

    /// The request that stores this as the scene of this number. `keys` are those of the device that stores
    /// it, `ip` is where the [`Listener`] listens.
    ///
    /// # Errors
    /// When all of it is too long for a packet.
    pub fn store(
        &self,
        number: SceneNumber,
        ip: Ipv4Addr,
        keys: &Cipher,
        random: &mut impl Random,
    ) -> Result<Request, RequestError> {
        let span = MAGIC_TO.saturating_sub(MAGIC_FROM).saturating_add(1);
        let magic = MAGIC_FROM.saturating_add(random.next_u64().checked_rem(span).unwrap_or(0));
        let data = self.data(number, magic, ip, keys)?;
        let params =
            Frame { cur: 0, data: data.expose(), data_tkn: DATA_TOKEN, total: 1, r#type: "scene" };
        // Storing the same number twice does no harm.
        Ok(Request::new("send_data_frame", params)?.idempotent(true))
    }

    /// The text of the scene, with its keys in the order that devices know.
    fn data(
        &self,
        number: SceneNumber,
        magic: u64,
        ip: Ipv4Addr,
        keys: &Cipher,
    ) -> Result<Secret<String>, RequestError> {
        let key = format!("event.{}.{}", self.source.model, self.event);
        let token = token_enc(keys);
        let trigger = Trigger {
            did: &self.source.id,
            extra: &self.extra,
            key: &key,
            model: &self.source.model,
            src: "device",
            timespan: [ALWAYS, ALWAYS],
            token: &self.trigger_token,
            value: self.value.as_ref(),
        };
        let command = Command {
            command: &self.command(),
            did: &self.target_did.to_string(),
            extra: &self.command_extra,
            id: 0,
            ip: &ip.to_string(),
            model: TARGET_MODEL,
            token: token.expose(),
            value: "",
        };
        let scene = [(number.name(), ("1.0", magic, ("0", trigger), [command]))];
        serde_json::to_string(&scene).map(Secret::new).map_err(|_| RequestError::Params)
    }

    fn command(&self) -> String {
        format!("{TARGET_MODEL}.{}:{}", self.action, self.source.id.replace('.', "_"))
    }
}

impl fmt::Debug for Scene {
    /// Leaves out the trigger's token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scene")
            .field("source", &self.source.id)
            .field("event", &self.event)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

/// The number of a scene in its device, such as 1000001: `x.scene.1000001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SceneNumber(u32);

impl SceneNumber {
    /// The first that is free for programs.
    pub const FIRST: Self = Self(1_000_001);

    /// Takes the number, which is [`FIRST`](Self::FIRST) at least: smaller ones are the app's.
    pub const fn new(number: u32) -> Option<Self> {
        if number >= Self::FIRST.0 { Some(Self(number)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    fn name(self) -> String {
        format!("x.scene.{}", self.0)
    }
}

impl fmt::Display for SceneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "x.scene.{}", self.0)
    }
}

/// The request that removes a scene from the device that stores it.
///
/// # Errors
/// None that can happen; the type is that of all requests.
pub fn remove(number: SceneNumber) -> Result<Request, RequestError> {
    Ok(Request::new("miIO.xdel", [number.name()])?.idempotent(true))
}

/// Whether the device has done what [`Scene::store`] or [`remove`] asked.
///
/// # Errors
/// When it says anything but `["ok"]`, `"ok"` or `0`.
pub fn stored(reply: &Reply) -> Result<(), Failure> {
    let ok = reply.value().is_ok_and(|result| result.is_ok());
    if ok { Ok(()) } else { Err(Failure::Device(DeviceError::new(None, "not done"))) }
}

/// The target's token as the scene carries it. It is the source's own, encrypted with itself, and cut
/// to one block.
fn token_enc(keys: &Cipher) -> Secret<String> {
    let mut packet = [0; HEADER_LEN + 32];
    let token = keys.token().expose();
    // A token and its padding are two blocks, which is the room there is.
    let sealed = keys.seal(Header { did: 0, stamp: 0 }, token, &mut packet);
    debug_assert!(sealed.is_ok(), "a token fits");
    let block = packet.get(HEADER_LEN..).and_then(|rest| rest.first_chunk()).copied();
    Secret::new(Token::new(block.unwrap_or_default()).expose_hex())
}

#[derive(Serialize)]
struct Frame<'a> {
    cur: u32,
    data: &'a str,
    data_tkn: u32,
    total: u32,
    r#type: &'a str,
}

#[derive(Serialize)]
struct Trigger<'a> {
    did: &'a str,
    extra: &'a str,
    key: &'a str,
    model: &'a str,
    src: &'a str,
    timespan: [&'a str; 2],
    token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a Value>,
}

#[derive(Serialize)]
struct Command<'a> {
    command: &'a str,
    did: &'a str,
    extra: &'a str,
    id: u32,
    ip: &'a str,
    model: &'a str,
    token: &'a str,
    value: &'a str,
}

/// Why a scene cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SceneError {
    /// The source's id.
    #[error("the source's id may have letters, digits, dots and dashes only")]
    Source,
    /// The source's model.
    #[error("the model may have letters, digits, dots, dashes and underscores only")]
    Model,
    /// The event's or the action's name.
    #[error("the event and the action may have letters, digits, dots, dashes and underscores only")]
    Name,
    /// The command; the device would cut it off.
    #[error(
        "the command would have {length} characters, and devices keep {MAX_COMMAND}: use a shorter action"
    )]
    Command {
        /// Its length.
        length: usize,
    },
    /// The event's own text.
    #[error("the event's extra text has {length} bytes, and {MAX_EXTRA} at most are taken")]
    Extra {
        /// Its length.
        length: usize,
    },
}

/// What devices keep of a command.
const MAX_COMMAND: usize = 49;
/// The known ones have about 20 bytes.
const MAX_EXTRA: usize = 256;
/// Every minute of every day.
const ALWAYS: &str = "0 0 * * 0,1,2,3,4,5,6";
/// What the only known program sends; its meaning is not known.
const DATA_TOKEN: u32 = 29_576;
const MAGIC_FROM: u64 = 1_590_161_094;
const MAGIC_TO: u64 = 1_642_025_774;

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use iot_home_core::SeededRandom;

    use super::*;

    fn keys() -> Cipher {
        Cipher::new(&"476e6b70343055483230644c53707a12".parse().unwrap())
    }

    fn button() -> Scene {
        let extra = "[1,13,1,85,[0,1],0,0]";
        Scene::new("lumi.158d0001", "lumi.sensor_switch.v2", "click", "click", extra).unwrap()
    }

    #[test]
    fn the_token_is_encrypted_with_itself() {
        assert_eq!(token_enc(&keys()).expose(), "5e0c1c6b22bc4945b4c118709ed6d5e0");
    }

    #[test]
    fn the_text_is_what_devices_know_to_the_byte() {
        let number = SceneNumber::FIRST;
        let ip = Ipv4Addr::new(192, 168, 1, 5);
        let data = button().data(number, 1_600_000_000, ip, &keys()).unwrap();
        let expected = r#"[["x.scene.1000001",["1.0",1600000000,["0",{"did":"lumi.158d0001","extra":"[1,13,1,85,[0,1],0,0]","key":"event.lumi.sensor_switch.v2.click","model":"lumi.sensor_switch.v2","src":"device","timespan":["0 0 * * 0,1,2,3,4,5,6","0 0 * * 0,1,2,3,4,5,6"],"token":""}],[{"command":"chuangmi.plug.v3.click:lumi_158d0001","did":"120009025","extra":"","id":0,"ip":"192.168.1.5","model":"chuangmi.plug.v3","token":"5e0c1c6b22bc4945b4c118709ed6d5e0","value":""}]]]]"#;
        assert_eq!(data.expose(), expected);
        let with_value = button().value(20).trigger_token("t").command_extra("[1]");
        let data = with_value.data(number, 1_600_000_000, ip, &keys()).unwrap();
        assert!(data.expose().contains(r#""token":"t","value":20}],[{"#));
        assert!(data.expose().contains(r#""extra":"[1]","id":0"#));
    }

    #[test]
    fn the_magic_number_stays_in_its_range() {
        for seed in 0..200 {
            let random = &mut SeededRandom::new(seed);
            let ip = Ipv4Addr::LOCALHOST;
            let request = button().store(SceneNumber::FIRST, ip, &keys(), random).unwrap();
            let mut text = Vec::new();
            request.write(7, &mut text);
            let frame: Value = serde_json::from_slice(&text).unwrap();
            let data: Value =
                serde_json::from_str(frame["params"]["data"].as_str().unwrap()).unwrap();
            let magic = data[0][1][1].as_u64().unwrap();
            assert!((MAGIC_FROM..=MAGIC_TO).contains(&magic), "{magic}");
        }
    }

    #[test]
    fn what_a_device_would_spoil_is_refused() {
        let scene = |source: &str, action: &str| {
            Scene::new(source, "m.n", "e", action, "[]").map(|scene| scene.command().len())
        };
        // "chuangmi.plug.v3." + ":"
        assert_eq!(scene(&"1".repeat(20), &"a".repeat(11)), Ok(49));
        let too_long = scene(&"1".repeat(20), &"a".repeat(12));
        assert_eq!(too_long, Err(SceneError::Command { length: 50 }));
        for source in ["", "lumi_1", "lumi:1", "lumi 1", "\u{e9}"] {
            assert_eq!(scene(source, "a"), Err(SceneError::Source), "{source}");
        }
        assert_eq!(scene("1", "a:b"), Err(SceneError::Name));
        assert_eq!(scene("1", ""), Err(SceneError::Name));
        assert_eq!(Scene::new("1", "m n", "e", "a", "").unwrap_err(), SceneError::Model);
        let long = "x".repeat(257);
        let error = Scene::new("1", "m", "e", "a", &long).unwrap_err();
        assert_eq!(error, SceneError::Extra { length: 257 });
        assert_eq!(SceneNumber::new(1_000_000), None);
        assert_eq!(SceneNumber::FIRST.to_string(), "x.scene.1000001");
    }
}
