//! The device's side of the protocol: what a simulator, a gateway or a lamp made of software needs.
//!
//! A [`Responder`] opens what clients send, refuses what a device refuses, and seals the answers.
//! It has no socket, no clock and no queue.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use serde_json::Value;

use crate::cipher::{Cipher, OpenError, SealError};
use crate::json::{self, JsonError};
use crate::packet::{HEADER_LEN, Header, HelloField, HelloReply, Packet, PacketKind};
use crate::token::Token;

/// One device: its did, its token and what it holds against a client.
pub struct Responder {
    did: u64,
    cipher: Cipher,
    hello_field: HelloField,
    stamp_window: Option<u32>,
    memory: usize,
    recent: VecDeque<i64>,
}

impl Responder {
    /// A device that hides its token, and refuses neither old stamps nor known ids.
    pub fn new(did: u64, token: Token) -> Self {
        Self {
            did,
            cipher: Cipher::new(&token),
            hello_field: HelloField::HiddenFf,
            stamp_window: None,
            memory: 0,
            recent: VecDeque::new(),
        }
    }

    /// What stands in hello replies where messages have their checksum.
    #[must_use]
    pub fn hello_field(mut self, field: HelloField) -> Self {
        self.hello_field = field;
        self
    }

    /// Refuses messages whose stamp is further than this many seconds from the device's clock.
    /// Real devices take 2 to 60.
    #[must_use]
    pub fn stamp_window(mut self, seconds: u32) -> Self {
        self.stamp_window = Some(seconds);
        self
    }

    /// Refuses an id that is among the last `ids` ones, as real devices do.
    #[must_use]
    pub fn id_memory(mut self, ids: usize) -> Self {
        self.memory = ids;
        self
    }

    /// The device's id.
    pub fn did(&self) -> u64 {
        self.did
    }

    /// The device's token.
    pub fn token(&self) -> &Token {
        self.cipher.token()
    }

    /// Gives the device another token, as each provisioning does. A token shown in hellos changes with it.
    pub fn set_token(&mut self, token: Token) {
        self.cipher = Cipher::new(&token);
        if let HelloField::Token(shown) = &mut self.hello_field {
            *shown = token;
        }
    }

    /// Opens a datagram, decrypting in place. `stamp` is the device's own clock in seconds.
    ///
    /// # Errors
    /// Why the datagram is to be thrown away. A device answers none of these, with one exception:
    /// [`Refusal::Json`] is answered by an error object where the id could be read.
    pub fn receive(&mut self, stamp: u32, datagram: &mut [u8]) -> Result<Incoming, Refusal> {
        let packet = Packet::parse(datagram).map_err(OpenError::from)?;
        match packet.kind() {
            PacketKind::Probe => return Ok(Incoming::Hello { virtual_did: packet.virtual_did() }),
            PacketKind::Short if packet.did() != self.did => {
                return Err(Refusal::OtherDid { did: packet.did() });
            }
            PacketKind::Short if !self.cipher.verify(&packet) => {
                return Err(OpenError::Checksum.into());
            }
            PacketKind::Short => return Ok(Incoming::KeepAlive { stamp: packet.stamp() }),
            _ => {}
        }
        let (did, theirs) = (packet.did(), packet.stamp());
        let plaintext = self.cipher.open(datagram)?;
        if did != self.did {
            return Err(Refusal::OtherDid { did });
        }
        if self.stamp_window.is_some_and(|window| theirs.abs_diff(stamp) > window) {
            return Err(Refusal::Stamp { theirs, ours: stamp });
        }
        let request = RpcRequest::read(plaintext)?;
        // An answer goes by an id of the device's own counting.
        if self.memory > 0 && !request.method.is_empty() {
            if self.recent.contains(&request.id) {
                return Err(Refusal::RepeatedId { id: request.id });
            }
            self.recent.push_back(request.id);
            if self.recent.len() > self.memory {
                self.recent.pop_front();
            }
        }
        Ok(Incoming::Request(request))
    }

    /// The answer to a hello.
    pub fn hello_reply(&self, stamp: u32) -> [u8; HEADER_LEN] {
        HelloReply::new(self.did, stamp, self.hello_field.clone()).encode()
    }

    /// The answer to a keep-alive: the same form back.
    pub fn keep_alive_reply(&self, stamp: u32) -> [u8; HEADER_LEN] {
        self.cipher.keep_alive(Header { did: self.did, stamp })
    }

    /// The packet with `{"id":…,"result":…}`, `result` being JSON text.
    ///
    /// # Errors
    /// When that is too long for a packet.
    pub fn reply(&self, stamp: u32, id: i64, result: &str) -> Result<Vec<u8>, SealError> {
        self.seal(stamp, format!("{{\"id\":{id},\"result\":{result}}}").as_bytes())
    }

    /// The packet with `{"id":…,"error":{"code":…,"message":…}}`.
    ///
    /// # Errors
    /// When that is too long for a packet.
    pub fn error_reply(
        &self,
        stamp: u32,
        id: i64,
        code: i64,
        message: &str,
    ) -> Result<Vec<u8>, SealError> {
        let message = Value::from(message);
        let text = format!("{{\"id\":{id},\"error\":{{\"code\":{code},\"message\":{message}}}}}");
        self.seal(stamp, text.as_bytes())
    }

    /// The packet around exactly these bytes, which may be a request of the device's own.
    ///
    /// # Errors
    /// When they are too long for a packet.
    pub fn seal(&self, stamp: u32, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut packet = vec![0; Cipher::sealed_len(plaintext.len())];
        self.cipher.seal(Header { did: self.did, stamp }, plaintext, &mut packet)?;
        Ok(packet)
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder").field("did", &self.did).finish_non_exhaustive()
    }
}

/// What a client wants.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Incoming {
    /// To be greeted: answer with [`Responder::hello_reply`].
    Hello {
        /// Set where the client asks for LAN subscriptions.
        virtual_did: Option<u64>,
    },
    /// To keep its subscription: answer with [`Responder::keep_alive_reply`].
    KeepAlive {
        /// The client's idea of the device's clock.
        stamp: u32,
    },
    /// A method to be called, or the answer to a request of the device's.
    Request(RpcRequest),
}

/// A method call, as the client sent it.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct RpcRequest {
    /// The client's id for it. Real devices answer 1 to 2^31 - 1 only.
    pub id: i64,
    /// The method; empty in a client's answer to a request of the device's.
    pub method: String,
    /// The parameters, `null` where there are none.
    pub params: Value,
    /// The child of a gateway that is meant.
    pub sid: Option<String>,
    /// The whole message.
    pub message: Value,
}

impl RpcRequest {
    fn read(plaintext: &[u8]) -> Result<Self, Refusal> {
        let mut message = json::parse(plaintext).map_err(Refusal::Json)?;
        let text = |key: &str| message.get(key).and_then(Value::as_str).map(ToString::to_string);
        Ok(Self {
            id: message.get("id").and_then(Value::as_i64).ok_or(Refusal::NoId)?,
            method: text("method").unwrap_or_default(),
            sid: text("sid"),
            params: message.get_mut("params").map(|params| params.clone()).unwrap_or_default(),
            message,
        })
    }
}

impl fmt::Debug for RpcRequest {
    /// Leaves out the parameters, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RpcRequest")
            .field("id", &self.id)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// Why a device stays silent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is no packet, or its checksum was made with another token.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It is meant for another device.
    #[error("the packet is for the device {did}")]
    OtherDid {
        /// That device.
        did: u64,
    },
    /// Its stamp is too far from the device's clock.
    #[error("the stamp {theirs} is too far from the device's clock, {ours}")]
    Stamp {
        /// What the packet says.
        theirs: u32,
        /// What the device's clock says.
        ours: u32,
    },
    /// Its id was used before.
    #[error("the id {id} was used a moment ago")]
    RepeatedId {
        /// That id.
        id: i64,
    },
    /// Its payload is no JSON.
    #[error("the payload is not readable JSON")]
    Json(#[source] JsonError),
    /// Its payload has no id, or one that is no integer.
    #[error("the payload has no id")]
    NoId,
}
