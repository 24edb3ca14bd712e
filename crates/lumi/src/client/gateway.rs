//! A gateway as a program sees it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use iot_home_core::Instant;
use tracing::Instrument as _;

use super::reports::Reports;
use super::shared::{PeerId, Shared};
use super::{Error, Handle};
use crate::key::Key;
use crate::message::{Child, State};
use crate::session::{Answer, Config, RequestKey, Session};
use crate::sid::Sid;
use crate::values::Values;
use crate::version::Version;

/// A gateway: a handle that is cheap to clone. See [`Lumi::gateway`](super::Lumi::gateway).
#[derive(Clone)]
pub struct Gateway {
    peer: Arc<Peer>,
}

impl Gateway {
    pub(super) fn new(
        handle: &Arc<Handle>,
        addr: SocketAddr,
        key: Option<Key>,
        config: Config,
    ) -> Self {
        let id = handle.shared.add(Session::new(addr, key, config));
        Self { peer: Arc::new(Peer { handle: Arc::clone(handle), id, addr }) }
    }

    /// The gateway's children, with their models. In version 1 of the protocol each child is asked for its model
    /// once; one that does not answer is listed without.
    ///
    /// # Errors
    /// When the gateway does not answer, see [`ErrorKind`](super::ErrorKind).
    ///
    /// # Cancel safety
    /// Dropping the future forgets the request.
    pub async fn children(&self) -> Result<Vec<Child>, Error> {
        match self.call("children", None, Session::children).await? {
            Answer::Children(children) => Ok(children),
            _ => Err(Error::closed(self.addr(), "children", None)),
        }
    }

    /// What the gateway knows of a child, or of itself. It does not ask the child, which may sleep for an hour.
    ///
    /// # Errors
    /// When the gateway does not answer or does not know it, see [`ErrorKind`](super::ErrorKind).
    ///
    /// # Cancel safety
    /// Dropping the future forgets the request.
    pub async fn read(&self, sid: Sid) -> Result<State, Error> {
        match self.call("read", Some(sid), |session, now| session.read(now, sid)).await? {
            Answer::Read(state) => Ok(state),
            _ => Err(Error::closed(self.addr(), "read", Some(sid))),
        }
    }

    /// Writes values to a child, or to the gateway itself. It returns when the gateway has received them, and what
    /// it says may be the state before or after; a [report](Self::reports) tells when it is done.
    ///
    /// It is sent once. Only when the gateway refuses its key, because the token behind it is an old one, is it
    /// sent again, once, with a new token.
    ///
    /// # Errors
    /// When there is no key, the gateway refuses, or does not answer: then it may have been executed or not. See
    /// [`ErrorKind`](super::ErrorKind).
    ///
    /// # Cancel safety
    /// Dropping the future forgets the request. A write that was sent already may be executed.
    pub async fn write(&self, sid: Sid, values: Values) -> Result<State, Error> {
        match self.call("write", Some(sid), |session, now| session.write(now, sid, values)).await? {
            Answer::Written(state) => Ok(state),
            _ => Err(Error::closed(self.addr(), "write", Some(sid))),
        }
    }

    /// What the gateway tells from now on: reports and heartbeats.
    pub fn reports(&self) -> Reports {
        Reports::new(&self.peer)
    }

    /// The gateway's address.
    pub fn addr(&self) -> SocketAddr {
        self.peer.addr
    }

    /// The gateway's id, once it is known.
    pub fn sid(&self) -> Option<Sid> {
        let state = self.peer.shared().lock();
        state.peers.get(&self.peer.id)?.session.sid()
    }

    /// The version of the protocol, once it is known.
    pub fn version(&self) -> Option<Version> {
        let state = self.peer.shared().lock();
        state.peers.get(&self.peer.id)?.session.version()
    }

    async fn call(
        &self,
        what: &'static str,
        sid: Option<Sid>,
        begin: impl FnOnce(&mut Session, Instant) -> RequestKey,
    ) -> Result<Answer, Error> {
        let (peer, addr) = (&self.peer, self.peer.addr);
        let span =
            tracing::debug_span!("request", %addr, what, sid = sid.map(tracing::field::display));
        async {
            let closed = || Error::closed(addr, what, sid);
            let (key, end) = peer.shared().start(peer.id, begin).ok_or_else(closed)?;
            let mut guard = Guard { peer, key: Some(key) };
            let ended = end.await;
            guard.key = None;
            ended.map_err(|_| closed())?.map_err(|failure| Error::failure(addr, what, sid, failure))
        }
        .instrument(span)
        .await
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("addr", &self.peer.addr).finish_non_exhaustive()
    }
}

/// One session, kept as long as somebody has a handle or a stream of it.
pub(super) struct Peer {
    handle: Arc<Handle>,
    id: PeerId,
    addr: SocketAddr,
}

impl Peer {
    pub(super) fn shared(&self) -> &Shared {
        &self.handle.shared
    }

    pub(super) fn id(&self) -> PeerId {
        self.id
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.handle.shared.remove(self.id);
    }
}

/// Forgets a call whose future is dropped.
struct Guard<'a> {
    peer: &'a Peer,
    key: Option<RequestKey>,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.peer.shared().cancel(self.peer.id, key);
        }
    }
}
