//! What is on its way out: written by now, or later.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::BytesMut;
use iot_home_core::Instant;

use crate::mqtt::DeviceId;
use crate::mqtt::machine::{ConnectionId, Link, Output};

/// A connection as the platform sees it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) link: Link,
    /// Who is at the other end, once that is known.
    pub(super) device: Option<DeviceId>,
    /// The beginning of a packet whose end has not arrived.
    pub(super) begun: BytesMut,
    /// When it is closed because nothing was heard.
    pub(super) deadline: Option<Instant>,
    /// In seconds, as the platform takes it.
    pub(super) keep_alive: u16,
    /// Its device was given what it asked for, and there is nothing more to say.
    pub(super) is_registered: bool,
    /// It leads nowhere: what arrives is not read, and nothing is written.
    pub(super) is_deaf: bool,
    /// Nothing is read any more; what is under way is still written.
    pub(super) is_closing: bool,
    /// To be written by now.
    ready: Vec<u8>,
    /// To be written later, in this order.
    later: VecDeque<(Instant, Vec<u8>)>,
    /// How many bytes that are.
    waiting: usize,
}

impl Connection {
    pub(super) fn new(link: Link, deadline: Instant) -> Self {
        Self {
            link,
            device: None,
            begun: BytesMut::new(),
            deadline: Some(deadline),
            keep_alive: 0,
            is_registered: false,
            is_deaf: false,
            is_closing: false,
            ready: Vec::new(),
            later: VecDeque::new(),
            waiting: 0,
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline.filter(|_| !self.is_deaf && !self.is_closing)
    }
}

type Connections = BTreeMap<ConnectionId, Connection>;

#[derive(Debug, Default)]
pub(super) struct Outbox {
    ready: VecDeque<Ready>,
    /// Connections that have something to write later, and when.
    later: BTreeSet<(Instant, ConnectionId)>,
}

#[derive(Debug)]
enum Ready {
    /// What a connection has to write.
    Flush(ConnectionId),
    Done(Output),
}

impl Outbox {
    /// Writes to a connection when the time has come, and not before what was written earlier. False when so
    /// much is under way already that the connection cannot go on.
    pub(super) fn write(
        &mut self,
        now: Instant,
        due: Instant,
        connections: &mut Connections,
        to: ConnectionId,
        bytes: &[u8],
    ) -> bool {
        let Some(connection) = connections.get_mut(&to) else { return true };
        if connection.is_closing || connection.is_deaf {
            return true;
        }
        let due = connection.later.back().map_or(due, |(last, _)| due.max(*last));
        if due > now {
            connection.waiting = connection.waiting.saturating_add(bytes.len());
            if connection.waiting > MOST_WAITING || connection.later.len() >= MOST_PIECES {
                return false;
            }
            connection.later.push_back((due, bytes.to_vec()));
            self.later.insert((due, to));
        } else {
            self.append(connection, to, bytes);
        }
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
        connection.is_closing = true;
        connection.begun.clear();
        self.release(now, connections, id);
    }

    /// Moves what is due by now to where it is written, and closes the connection if that was its end.
    fn release(&mut self, now: Instant, connections: &mut Connections, id: ConnectionId) {
        let Some(connection) = connections.get_mut(&id) else { return };
        while connection.later.front().is_some_and(|(due, _)| *due <= now) {
            let Some((_, bytes)) = connection.later.pop_front() else { break };
            connection.waiting = connection.waiting.saturating_sub(bytes.len());
            self.append(connection, id, &bytes);
        }
        if !connection.is_closing || !connection.later.is_empty() {
            return;
        }
        if let Some(connection) = connections.remove(&id) {
            if !connection.ready.is_empty() {
                let write = Output::Write { to: id, bytes: connection.ready };
                self.ready.push_back(Ready::Done(write));
            }
            let close = Output::Close { connection: id, cut: false };
            self.ready.push_back(Ready::Done(close));
        }
    }

    /// Closes a connection at once; what was not written is lost.
    pub(super) fn cut(&mut self, connections: &mut Connections, id: ConnectionId) {
        if let Some(connection) = connections.get_mut(&id) {
            connection.ready.clear();
            connection.later.clear();
            connection.is_closing = true;
            self.ready.push_back(Ready::Done(Output::Close { connection: id, cut: true }));
        }
    }

    /// Something that is no connection's.
    pub(super) fn push(&mut self, output: Output) {
        self.ready.push_back(Ready::Done(output));
    }

    /// Whatever was to be written to a connection later is not.
    pub(super) fn forget(&mut self, id: ConnectionId) {
        self.later.retain(|(_, one)| *one != id);
    }

    pub(super) fn poll(&mut self, now: Instant, connections: &mut Connections) -> Option<Output> {
        while let Some(first) = self.later.first().copied().filter(|(due, _)| *due <= now) {
            self.later.remove(&first);
            self.release(now, connections, first.1);
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
        self.later.first().map(|(due, _)| *due)
    }
}

/// How many pieces may be under way to one client.
const MOST_PIECES: usize = 4096;
/// How many bytes may be under way to one client.
const MOST_WAITING: usize = 4 << 20;
