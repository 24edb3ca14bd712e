//! The device that scenes tell: it has a did, and the token of whoever speaks.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use iot_home_core::{Did, Instant};
use serde_json::Value;

use super::{TARGET_DID, TARGET_MODEL};
use crate::cipher::OpenError;
use crate::packet::HelloField;
use crate::responder::{Incoming, Refusal, Responder, RpcRequest};
use crate::token::Token;

/// A device without a socket that scenes tell when they fire. Datagrams and the time go in, answers and what
/// has fired come out.
///
/// ```
/// use iot_home_core::Instant;
/// use iot_home_miio::packet::{HELLO, HelloReply};
/// use iot_home_miio::scene::{Listener, TARGET_DID};
///
/// let mut listener = Listener::new(TARGET_DID);
/// let gateway = "192.168.1.20".parse()?;
/// listener.add(gateway, "00112233445566778899aabbccddeeff".parse()?);
/// let (answer, fired) = listener.handle_datagram(Instant::ORIGIN, 1_700_000_000, gateway, &mut HELLO.clone());
/// assert_eq!(HelloReply::parse(&answer.unwrap())?.did, TARGET_DID);
/// assert_eq!(fired, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Listener {
    did: u64,
    sources: BTreeMap<IpAddr, Source>,
    stats: Stats,
}

struct Source {
    responder: Responder,
    seen: VecDeque<Seen>,
}

/// A message that has come.
struct Seen {
    id: i64,
    at: Instant,
}

/// A scene that has fired.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Fired {
    /// The address of the device that stores the scene.
    pub from: IpAddr,
    /// Where it happened: the device, or the child of a gateway.
    pub source: Did,
    /// The scene's own word for it.
    pub action: String,
    /// What the device adds; `null` where there is nothing.
    pub params: Value,
}

impl fmt::Debug for Fired {
    /// Leaves out the parameters, which may be private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fired")
            .field("from", &self.from)
            .field("source", &self.source)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

impl Listener {
    /// A device of this did, mostly [`TARGET_DID`]. It listens to nobody yet.
    pub fn new(did: u64) -> Self {
        Self { did, sources: BTreeMap::new(), stats: Stats::default() }
    }

    /// Listens to the device at this address, which has this token. One that was known there is forgotten.
    pub fn add(&mut self, addr: IpAddr, token: Token) {
        let responder = Responder::new(self.did, token)
            .hello_field(HelloField::HiddenZero)
            .stamp_window(STAMP_WINDOW);
        self.sources.insert(addr, Source { responder, seen: VecDeque::new() });
    }

    /// Listens to the device at this address no more.
    ///
    /// # Errors
    /// When it was not listened to.
    pub fn forget(&mut self, addr: IpAddr) -> Result<(), UnknownSource> {
        self.sources.remove(&addr).map(drop).ok_or(UnknownSource)
    }

    /// Takes in a datagram, decrypting it in place: what to answer to its sender, and what has fired. The
    /// clock that this device shows to others is `unix_seconds`, so that it goes on when the program is
    /// started anew.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        unix_seconds: u32,
        from: IpAddr,
        datagram: &mut [u8],
    ) -> (Option<Vec<u8>>, Option<Fired>) {
        let Some(source) = self.sources.get_mut(&from) else {
            bump(&mut self.stats.other_address);
            return (None, None);
        };
        let incoming = source.responder.receive(unix_seconds, datagram);
        let stats = &mut self.stats;
        let request = match incoming {
            Ok(Incoming::Hello { .. }) => {
                bump(&mut stats.hellos);
                return (Some(source.responder.hello_reply(unix_seconds).to_vec()), None);
            }
            Ok(Incoming::KeepAlive { .. }) => {
                return (Some(source.responder.keep_alive_reply(unix_seconds).to_vec()), None);
            }
            Ok(Incoming::Request(request)) => request,
            Err(refusal) => {
                bump(match refusal {
                    Refusal::OtherDid { .. } => &mut stats.other_did,
                    Refusal::Stamp { .. } => &mut stats.replayed,
                    Refusal::Open(OpenError::Checksum) => &mut stats.bad_checksum,
                    _ => &mut stats.malformed,
                });
                return (None, None);
            }
        };
        if request.method.is_empty() || request.id == 0 {
            bump(&mut stats.malformed);
            return (None, None);
        }
        while source.seen.front().is_some_and(|old| now.saturating_since(old.at) > REPLAYABLE) {
            source.seen.pop_front();
        }
        let known = source.seen.iter().find(|seen| seen.id == request.id);
        let fired = match known {
            Some(known) if now.saturating_since(known.at) >= REPEATABLE => {
                bump(&mut stats.replayed);
                return (None, None);
            }
            Some(_) => {
                bump(&mut stats.repeated);
                None
            }
            None => {
                if source.seen.len() >= MAX_SEEN {
                    source.seen.pop_front();
                }
                source.seen.push_back(Seen { id: request.id, at: now });
                let fired = read(from, &request);
                bump(if fired.is_some() { &mut stats.fired } else { &mut stats.malformed });
                fired
            }
        };
        // In the order of the one program that devices are known to take it from. What cannot be read is
        // answered as well: it would come again and again.
        let text = format!("{{\"result\":0,\"id\":{}}}", request.id);
        (source.responder.seal(unix_seconds, text.as_bytes()).ok(), fired)
    }

    /// Counts of what came.
    pub fn stats(&self) -> Stats {
        self.stats
    }
}

impl Default for Listener {
    fn default() -> Self {
        Self::new(TARGET_DID)
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("did", &self.did)
            .field("sources", &self.sources.len())
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

/// `chuangmi.plug.v3.alarm_triggering:lumi_158d0001`
fn read(from: IpAddr, request: &RpcRequest) -> Option<Fired> {
    let (command, id) = request.method.rsplit_once(':')?;
    let action = command.strip_prefix(TARGET_MODEL)?.strip_prefix('.')?;
    let source = id.replace('_', ".").parse().ok()?;
    let action = Some(action).filter(|action| !action.is_empty())?.to_string();
    Some(Fired { from, source, action, params: request.params.clone() })
}

/// Nobody is listened to at this address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no device at this address is listened to")]
#[non_exhaustive]
pub struct UnknownSource;

/// Counts of what came. They stop at their largest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Hellos that were answered.
    pub hellos: u32,
    /// Scenes that have fired.
    pub fired: u32,
    /// Repetitions within five seconds, answered and not told again.
    pub repeated: u32,
    /// Old messages come again: the stamp is far from the clock, or the id was used before.
    pub replayed: u32,
    /// Datagrams from addresses that nobody is listened to at.
    pub other_address: u32,
    /// Messages to another did.
    pub other_did: u32,
    /// Messages with another token.
    pub bad_checksum: u32,
    /// What could not be read.
    pub malformed: u32,
}

fn bump(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

/// How far a message's stamp may lie from our clock, in seconds. Who has greeted us knows our clock.
const STAMP_WINDOW: u32 = 60;
/// How long a packet passes for a fresh one by its stamp, and a second for what stamps cut off.
const REPLAYABLE: Duration = Duration::from_secs(2 * STAMP_WINDOW as u64 + 1);
/// How long a repetition under the same id is the same message.
const REPEATABLE: Duration = Duration::from_secs(5);
/// Messages of one device that are remembered.
const MAX_SEEN: usize = 256;
