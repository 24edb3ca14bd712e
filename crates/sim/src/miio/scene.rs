//! Scenes that are stored in the device, and told to another when they fire.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_miio::packet::{HELLO, Header, HelloReply, Packet, PacketKind};
use iot_home_miio::{Cipher, DeviceError, PORT, Token};
use serde_json::Value;

use crate::miio::answer::ok;
use crate::miio::methods::bad_params;
use crate::miio::report::{Report, count};

/// What the device knows of scenes.
#[derive(Debug)]
pub(crate) struct Scenes {
    /// Where the devices that are told listen; real ones know one port only.
    port: u16,
    stored: BTreeMap<String, Scene>,
    firing: Vec<Firing>,
    next_id: i64,
}

/// One stored automation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Scene {
    key: String,
    command: String,
    did: u64,
    ip: Ipv4Addr,
}

/// A message to a target.
#[derive(Debug)]
struct Firing {
    to: SocketAddr,
    did: u64,
    id: i64,
    text: String,
    /// What the target says its clock is, and since when.
    greeted: Option<(u32, Instant)>,
    next: Instant,
    tries: u32,
}

impl Scenes {
    pub(crate) fn new(port: Option<u16>) -> Self {
        let port = port.unwrap_or(PORT);
        Self { port, stored: BTreeMap::new(), firing: Vec::new(), next_id: 1 }
    }

    /// `send_data_frame`, and `miIO.xdel` of scenes; nothing for any other method or key.
    pub(crate) fn call(
        &mut self,
        method: &str,
        params: &Value,
        token: &Token,
        report: &mut Report,
    ) -> Option<Result<Value, DeviceError>> {
        match method {
            "send_data_frame" => {
                let read = read(params, token);
                Some(match read.filter(|_| self.stored.len() < MAX_SCENES) {
                    Some((name, scene)) => {
                        self.stored.insert(name, scene);
                        Ok(ok())
                    }
                    None => {
                        count(&mut report.violations.bad_scene);
                        Err(bad_params())
                    }
                })
            }
            "miIO.xdel" => {
                let names = params.as_array().map(Vec::as_slice).unwrap_or_default();
                let is_scene =
                    |name: &Value| name.as_str().is_some_and(|name| name.starts_with("x.scene."));
                if !names.iter().any(is_scene) {
                    return None;
                }
                let known =
                    |name: &Value| name.as_str().is_some_and(|name| self.stored.contains_key(name));
                Some(if names.iter().all(known) {
                    names.iter().filter_map(Value::as_str).for_each(|name| {
                        self.stored.remove(name);
                    });
                    Ok(ok())
                } else {
                    count(&mut report.violations.bad_scene);
                    Err(bad_params())
                })
            }
            _ => None,
        }
    }

    /// The names of what is stored.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.stored.keys().map(String::as_str)
    }

    /// Lets something happen, such as `event.lumi.sensor_switch.v2.click`. Returns how many scenes fire.
    pub(crate) fn fire(&mut self, now: Instant, key: &str) -> usize {
        let before = self.firing.len();
        for scene in self.stored.values().filter(|scene| scene.key == key) {
            let id = self.next_id;
            self.next_id = if id >= i64::from(i32::MAX) { 1 } else { id + 1 };
            // What devices send along differs and is not known.
            let text = format!(r#"{{"id":{id},"method":"{}","params":[]}}"#, scene.command);
            let to = SocketAddr::from((scene.ip, self.port));
            let (did, greeted) = (scene.did, None);
            self.firing.push(Firing { to, did, id, text, greeted, next: now, tries: 0 });
        }
        self.firing.len() - before
    }

    pub(crate) fn forget_firing(&mut self) {
        self.firing.clear();
    }

    /// Takes in what a target answers. Returns whether it was a target's.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        from: SocketAddr,
        datagram: &mut [u8],
        token: &Token,
        report: &mut Report,
    ) -> bool {
        if !self.firing.iter().any(|firing| firing.to == from) {
            return false;
        }
        let Ok(packet) = Packet::parse(datagram) else { return false };
        let did = packet.did();
        match packet.kind() {
            PacketKind::Short => {
                let Some(reply) = HelloReply::from_packet(&packet) else { return false };
                let greeted = self.firing.iter_mut().filter(|firing| firing.to == from);
                for firing in greeted.filter(|firing| firing.did == did) {
                    if firing.greeted.is_none() {
                        (firing.greeted, firing.next) = (Some((reply.stamp, now)), now);
                    }
                }
                true
            }
            PacketKind::Message => {
                let answer = Cipher::new(token).open(datagram).ok().and_then(|text| {
                    let text = text.strip_suffix(b"\0").unwrap_or(text);
                    serde_json::from_slice::<Value>(text).ok()
                });
                let id = answer.as_ref().and_then(|answer| answer.get("id")?.as_i64());
                let result = answer.as_ref().and_then(|answer| answer.get("result"));
                let accepted = result.is_some_and(|result| *result == 0 || *result == ok());
                let named = self.firing.iter().position(|firing| {
                    firing.to == from && firing.did == did && Some(firing.id) == id
                });
                match named.filter(|_| accepted) {
                    Some(at) => {
                        self.firing.remove(at);
                        count(&mut report.fired_scenes);
                    }
                    None => count(&mut report.violations.bad_answer),
                }
                true
            }
            _ => false,
        }
    }

    /// What is to be sent now, and to whom: first a hello, then the message.
    pub(crate) fn due(&mut self, now: Instant, token: &Token) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut datagrams = Vec::new();
        for firing in self.firing.iter_mut().filter(|firing| firing.next <= now) {
            firing.tries += 1;
            firing.next = now + REPEAT;
            let datagram = match firing.greeted {
                None => HELLO.to_vec(),
                Some((stamp, since)) => {
                    let passed = now.saturating_since(since).as_secs();
                    let passed = u32::try_from(passed).unwrap_or(u32::MAX);
                    let header = Header { did: firing.did, stamp: stamp.saturating_add(passed) };
                    let mut packet = vec![0; Cipher::sealed_len(firing.text.len())];
                    let text = firing.text.as_bytes();
                    // The command has 49 characters at most.
                    let _ = Cipher::new(token).seal(header, text, &mut packet);
                    packet
                }
            };
            datagrams.push((firing.to, datagram));
        }
        self.firing.retain(|firing| firing.tries < MAX_TRIES);
        datagrams
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.firing.iter().map(|firing| firing.next).min()
    }
}

/// The scene in the parameters of `send_data_frame`, if every field is as it has to be.
fn read(params: &Value, token: &Token) -> Option<(String, Scene)> {
    let frame = params.as_object().filter(|frame| frame.len() == 5)?;
    let is = |key: &str, value: Value| frame.get(key) == Some(&value);
    let known = is("cur", 0.into())
        && is("total", 1.into())
        && is("type", "scene".into())
        && is("data_tkn", 29_576.into());
    let text = frame.get("data")?.as_str().filter(|_| known)?;
    let data: Value = serde_json::from_str(text).ok()?;
    // The device reads it with a parser of its own: no blanks, and each key where it is expected.
    if has_blanks(text) || !in_order(text, TRIGGER_KEYS, COMMAND_KEYS) {
        return None;
    }
    let [entry] = items::<1>(&data)?;
    let [name, body] = items::<2>(entry)?;
    let [version, magic, trigger, commands] = items::<4>(body)?;
    let [zero, trigger] = items::<2>(trigger)?;
    let [command] = items::<1>(commands)?;
    let name = name.as_str()?;
    let number: u32 = name.strip_prefix("x.scene.")?.parse().ok()?;
    let magic = magic.as_u64()?;
    let text_of = |object: &Value, key: &str| Some(object.get(key)?.as_str()?.to_owned());
    let (model, key) = (text_of(trigger, "model")?, text_of(trigger, "key")?);
    let source = text_of(trigger, "did")?;
    let always = Value::from(vec!["0 0 * * 0,1,2,3,4,5,6"; 2]);
    let sound = number > 1_000_000
        && *version == "1.0"
        && *zero == "0"
        && (1_590_161_094..=1_642_025_774).contains(&magic)
        && key.starts_with(&format!("event.{model}."))
        && trigger.get("src")? == "device"
        && *trigger.get("timespan")? == always
        && trigger.get("extra")?.is_string()
        && trigger.get("token")?.is_string()
        && trigger.as_object()?.len() == 7 + usize::from(trigger.get("value").is_some());
    let words = text_of(command, "command")?;
    let target_model = text_of(command, "model")?;
    let sound = sound
        && words.len() <= MAX_COMMAND
        && words.starts_with(&format!("{target_model}."))
        && words.ends_with(&format!(":{}", source.replace('.', "_")))
        && *command.get("id")? == 0
        && command.get("extra")?.is_string()
        && *command.get("value")? == ""
        && command.as_object()?.len() == 8
        && text_of(command, "token")? == encrypted(token)?;
    let did = text_of(command, "did")?.parse().ok()?;
    let ip = text_of(command, "ip")?.parse().ok()?;
    sound.then(|| (name.to_owned(), Scene { key, command: words, did, ip }))
}

fn items<const N: usize>(value: &Value) -> Option<&[Value; N]> {
    value.as_array()?.as_slice().try_into().ok()
}

fn has_blanks(text: &str) -> bool {
    // Blanks stand within the times of day, and nowhere else.
    text.replace("0 0 * * 0,1,2,3,4,5,6", "").contains([' ', '\n', '\t', '\r'])
}

/// Whether the keys stand in the order that devices know.
fn in_order(text: &str, trigger: &[&str], command: &[&str]) -> bool {
    let mut rest = text;
    trigger.iter().chain(command).all(|key| match rest.split_once(&format!("\"{key}\":")) {
        Some((_, behind)) => {
            rest = behind;
            true
        }
        None => false,
    })
}

/// The device's own token, encrypted with itself: one block, without its padding.
fn encrypted(token: &Token) -> Option<String> {
    let mut packet = [0; 64];
    Cipher::new(token).seal(Header { did: 0, stamp: 0 }, token.expose(), &mut packet).ok()?;
    let block = packet.get(32..48)?;
    Some(block.iter().map(|byte| format!("{byte:02x}")).collect())
}

const TRIGGER_KEYS: &[&str] = &["did", "extra", "key", "model", "src", "timespan", "token"];
const COMMAND_KEYS: &[&str] = &["command", "did", "extra", "id", "ip", "model", "token", "value"];
/// Devices cut longer commands off.
const MAX_COMMAND: usize = 49;
const MAX_SCENES: usize = 64;
const MAX_TRIES: u32 = 10;
const REPEAT: Duration = Duration::from_secs(1);
