//! What is on its way out: written by now, or later.

use std::collections::{BTreeMap, VecDeque};

use iot_home_core::Instant;

use crate::lane::Lane;
use crate::yeelight::machine::{ConnectionId, Output};
use crate::yeelight::quota::Window;

/// A connection as the bulb sees it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) role: Role,
    /// The beginning of a line whose end has not arrived.
    pub(super) begun: Vec<u8>,
    /// The line is too long; the rest of it is passed over.
    pub(super) skipping: bool,
    pub(super) window: Window,
    /// Nothing is read any more; what is under way is still written.
    pub(super) closing: bool,
    /// Nothing is written any more; what arrives is still read.
    pub(super) mute: bool,
    /// To be written by now.
    ready: Vec<u8>,
    /// When the last thing under way will be written; nothing overtakes it.
    busy_until: Instant,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Control,
    Music,
}

impl Connection {
    pub(super) fn new(role: Role) -> Self {
        Self {
            role,
            begun: Vec::new(),
            skipping: false,
            window: Window::default(),
            closing: false,
            mute: false,
            ready: Vec::new(),
            busy_until: Instant::ORIGIN,
        }
    }
}

type Connections = BTreeMap<ConnectionId, Connection>;

#[derive(Debug, Default)]
pub(super) struct Outbox {
    ready: VecDeque<Ready>,
    later: Lane<Later>,
}

#[derive(Debug)]
enum Ready {
    /// What a connection has to write.
    Flush(ConnectionId),
    Done(Output),
}

#[derive(Debug)]
enum Later {
    Write(ConnectionId, Vec<u8>),
    Close(ConnectionId),
    Other(Output),
}

impl Outbox {
    /// Writes to a connection when the time has come, and not before what was written earlier. False
    /// when so much is under way already that the connection cannot go on.
    pub(super) fn write(
        &mut self,
        now: Instant,
        due: Instant,
        connections: &mut Connections,
        to: ConnectionId,
        bytes: &[u8],
    ) -> bool {
        let Some(connection) = connections.get_mut(&to) else { return true };
        let due = due.max(connection.busy_until);
        connection.busy_until = due;
        if due > now {
            return self.later.push(due, Later::Write(to, bytes.to_vec()));
        }
        self.append(connection, to, bytes);
        true
    }

    fn append(&mut self, connection: &mut Connection, to: ConnectionId, bytes: &[u8]) {
        if connection.ready.is_empty() {
            self.ready.push_back(Ready::Flush(to));
        }
        connection.ready.extend_from_slice(bytes);
    }

    /// Closes a connection behind everything that was written to it.
    pub(super) fn close(&mut self, now: Instant, connections: &mut Connections, id: ConnectionId) {
        let Some(connection) = connections.get_mut(&id) else { return };
        connection.closing = true;
        let due = connection.busy_until;
        if due <= now || !self.later.push(due, Later::Close(id)) {
            self.close_now(connections, id);
        }
    }

    /// Closes a connection at that time; until then it goes on.
    pub(super) fn close_later(
        &mut self,
        due: Instant,
        connections: &Connections,
        id: ConnectionId,
    ) {
        if connections.get(&id).is_some_and(|one| !one.closing) {
            self.later.push(due, Later::Close(id));
        }
    }

    fn close_now(&mut self, connections: &mut Connections, id: ConnectionId) {
        let Some(connection) = connections.remove(&id) else { return };
        let close = Ready::Done(Output::Close { connection: id, cut: false });
        if !connection.ready.is_empty() {
            let write = Output::Write { to: id, bytes: connection.ready };
            self.ready.push_back(Ready::Done(write));
        }
        self.ready.push_back(close);
    }

    /// Closes a connection at once; what was not written is lost.
    pub(super) fn forget(&mut self, connections: &mut Connections, id: ConnectionId) {
        if let Some(connection) = connections.get_mut(&id) {
            connection.ready.clear();
            connection.closing = true;
            self.ready.push_back(Ready::Done(Output::Close { connection: id, cut: true }));
        }
    }

    /// Something that is no connection's, when the time has come.
    pub(super) fn push(&mut self, now: Instant, due: Instant, output: Output) {
        if due > now {
            self.later.push(due, Later::Other(output));
        } else {
            self.ready.push_back(Ready::Done(output));
        }
    }

    /// What was to be written later is not.
    pub(super) fn clear(&mut self) {
        self.later.clear();
    }

    pub(super) fn poll(&mut self, now: Instant, connections: &mut Connections) -> Option<Output> {
        while let Some((_, later)) = self.later.pop(now) {
            match later {
                Later::Write(to, bytes) => {
                    if let Some(connection) = connections.get_mut(&to) {
                        self.append(connection, to, &bytes);
                    }
                }
                Later::Close(id) => self.close_now(connections, id),
                Later::Other(output) => self.ready.push_back(Ready::Done(output)),
            }
        }
        loop {
            match self.ready.pop_front()? {
                Ready::Done(output) => return Some(output),
                Ready::Flush(to) => {
                    let Some(connection) = connections.get_mut(&to) else { continue };
                    let bytes = std::mem::take(&mut connection.ready);
                    if !bytes.is_empty() {
                        return Some(Output::Write { to, bytes });
                    }
                }
            }
        }
    }

    /// When there is something to write next.
    pub(super) fn due(&self) -> Option<Instant> {
        self.later.next()
    }
}
