//! The way to a bulb: its address, a connection, and a deadline for all of it.

use std::net::SocketAddr;
use std::time::Duration;

use iot_home::yeelight::session::Config;
use iot_home::yeelight::{Bulb, Error, Method, PORT, QuotaPolicy, Reply};
use tokio::time;

use crate::args::Address;
use crate::commands::Context;
use crate::commands::deadline::Deadline;
use crate::failure::{Failure, Kind};

/// A bulb, and the time left to talk to it.
pub(super) struct Link {
    addr: SocketAddr,
    pub(super) bulb: Bulb,
    deadline: Deadline,
}

/// What is wanted of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A command that needs to know nothing of the bulb.
    Command,
    /// A command whose values are checked against what the bulb tells of itself.
    Checked,
    /// To hear what changes, for as long as it takes.
    Watch,
}

impl Link {
    pub(super) async fn open(
        context: &Context,
        addr: &Address,
        purpose: Purpose,
    ) -> Result<Self, Failure> {
        let deadline = Deadline::of(context);
        let addr = deadline.resolve(context, addr, PORT).await?;
        let left = deadline.left();
        let settle = SETTLE.min(left / 4);
        // So that the library's own words for a silent bulb come in time.
        let mut config = Config::default()
            .timeout(left - settle)
            .settle(settle)
            .quota(QuotaPolicy::Refuse)
            .read_state(purpose != Purpose::Command);
        if purpose != Purpose::Watch {
            config = config.keep_alive(None);
        }
        let mut builder = Bulb::builder(addr).session(config).connect_timeout(left);
        if let Some(recorder) = &context.recorder {
            builder = builder.on_wire(recorder.bulb_observer());
        }
        let _waiting = context.output.waiting(format!("connecting to {addr}"));
        let bulb = deadline.bound(builder.connect()).await??;
        Ok(Self { addr, bulb, deadline })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Sends a command and waits for its result.
    pub(super) async fn call(&self, context: &Context, method: Method) -> Result<Reply, Failure> {
        self.ask(context, &method, || self.bulb.call(method.clone())).await
    }

    /// Waits for a call of the library's, and where the quota is used up until there is room, if the time suffices.
    /// What the quota holds back was not carried out, so it may be asked again.
    pub(super) async fn ask<T, F>(
        &self,
        context: &Context,
        method: &Method,
        call: impl Fn() -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Error>>,
    {
        loop {
            let waiting = context.output.waiting(format!("calling {}", self.addr));
            let ended = self.deadline.bound(call()).await;
            drop(waiting);
            // The connection stands, so the command was on its way.
            let error = match ended.map_err(|_| self.unanswered(method))? {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            match error.retry_after() {
                Some(wait) if wait < self.deadline.left() => {
                    let _waiting = context.output.waiting("waiting for the quota".to_owned());
                    time::sleep(wait).await;
                }
                _ => return Err(error.into()),
            }
        }
    }

    fn unanswered(&self, method: &Method) -> Failure {
        let message = format!("{} at {}: no answer in time", method.name(), self.addr);
        if method.is_repeatable() {
            return Failure::new(Kind::NoAnswer, message);
        }
        Failure::new(Kind::MaybeExecuted, message).hint(
            "look at the bulb's state before trying again: the command may have been carried out",
        )
    }
}

/// What weak firmware needs between a connection and its first command; less where there is no time for it.
const SETTLE: Duration = Duration::from_millis(100);
