//! A bulb's own control connection.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::AbortHandle;
use tracing::{Instrument as _, field};

use super::bulb::Bulb;
use super::changes::Changes;
use super::error::Error;
use super::shared::Shared;
use super::transport::Transport;
use crate::error::Failure;
use crate::message::Reply;
use crate::method::Method;
use crate::model::Profile;
use crate::session::CommandKey;
use crate::state::State;

/// A bulb's own control connection, a handle that is cheap to clone. When the last one is dropped, the connection ends.
#[derive(Clone)]
pub struct Lan {
    handle: Arc<Handle>,
}

impl Lan {
    pub(super) fn new(shared: Arc<Shared>, task: AbortHandle) -> Self {
        Self { handle: Arc::new(Handle { shared, task }) }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.handle.shared
    }
}

impl Transport for Lan {
    async fn call(&self, method: Method) -> Result<Reply, Error> {
        let shared = self.shared();
        let (name, repeatable) = (method.shared_name(), method.is_repeatable());
        let span =
            tracing::debug_span!("command", addr = %shared.addr, method = %name, id = field::Empty);
        async {
            let failed = |failure| Error::command(shared.addr, &name, repeatable, failure);
            let started = shared.start(method).map_err(failed)?;
            let Some(key) = started.key else { return Err(Error::closed(shared.addr, &name)) };
            let mut guard = Guard { shared, key: Some(key) };
            let ended = started.end.await;
            guard.key = None;
            match ended {
                Ok(Ok(reply)) => {
                    if !span.is_disabled() {
                        span.record("id", reply.id());
                    }
                    Ok(reply)
                }
                Ok(Err(failure @ Failure::NotConnected { .. })) => {
                    Err(failed(failure).because(shared.last_error()))
                }
                Ok(Err(failure)) => Err(failed(failure)),
                Err(_) => Err(Error::closed(shared.addr, &name)),
            }
        }
        .instrument(span.clone())
        .await
    }
}

impl Bulb {
    /// The bulb's address.
    pub fn addr(&self) -> SocketAddr {
        self.transport().shared().addr
    }

    /// What is known of the bulb's state, from search answers, answers and notifications. It asks nothing.
    pub fn state(&self) -> State {
        self.transport().shared().lock().session.state().clone()
    }

    /// What the bulb can do, as far as is known.
    pub fn profile(&self) -> Profile {
        self.transport().shared().lock().session.profile().clone()
    }

    /// Whether there is a connection at this moment. A lost one is made again by itself.
    pub fn is_connected(&self) -> bool {
        self.transport().shared().lock().session.is_connected()
    }

    /// What happens to the bulb from now on: notifications, and the connection's coming and going.
    pub fn changes(&self) -> Changes {
        self.transport().shared().changes()
    }
}

impl fmt::Debug for Lan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lan").field("addr", &self.shared().addr).finish_non_exhaustive()
    }
}

struct Handle {
    shared: Arc<Shared>,
    task: AbortHandle,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Forgets a call whose future is dropped.
struct Guard<'a> {
    shared: &'a Shared,
    key: Option<CommandKey>,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.shared.cancel(key);
        }
    }
}
