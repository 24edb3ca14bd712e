//! The way to a device: its address, its token, a client, and a deadline for all of it.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use iot_home::miio::{Client, Device, Token};
use tokio::time::{self, Instant};

use crate::args::{Address, Target};
use crate::commands::Context;
use crate::failure::{Failure, Kind};
use crate::ordered::{Hidden, Ordered, spellings, without_tokens};
use crate::token;

/// A device, and the time left to talk to it.
pub(super) struct Link {
    addr: SocketAddr,
    pub(super) device: Device,
    deadline: Instant,
    /// The spellings of its token.
    secrets: Vec<String>,
}

impl Link {
    pub(super) async fn open(context: &Context, target: &Target) -> Result<Self, Failure> {
        let token = token::required(&target.token).await?;
        let deadline = Instant::now() + context.options.timeout();
        let addr = resolve(context, &target.addr, deadline).await?;
        let client = bind(context, addr, deadline, Some(&token)).await?;
        let secrets = spellings(&token);
        Ok(Self { addr, device: client.device(addr, token), deadline, secrets })
    }

    /// Waits for a call of the library's, which keeps the deadline by itself.
    pub(super) async fn within<T>(
        &self,
        context: &Context,
        doing: &str,
        call: impl Future<Output = Result<T, iot_home::miio::Error>>,
    ) -> Result<T, Failure> {
        let _waiting = context.output.waiting(format!("{doing} {}", self.addr));
        let ended = time::timeout_at(self.deadline + GRACE, call).await;
        let result = ended.map_err(|_| timed_out(context))?;
        result.map_err(|error| {
            // A device may repeat in an error what it was sent.
            let failure = Failure::from(error);
            if context.output.show_secrets() {
                return failure;
            }
            failure.map_text(|text| without_tokens(text, &self.secrets))
        })
    }

    /// Takes the secrets out of what is to be printed.
    pub(super) fn hide(&self, context: &Context, value: &mut Ordered) {
        if !context.output.show_secrets() {
            value.hide(&Hidden::secrets(&self.secrets));
        }
    }
}

pub(super) async fn resolve(
    context: &Context,
    addr: &Address,
    deadline: Instant,
) -> Result<SocketAddr, Failure> {
    let _waiting = context.output.waiting(format!("looking up {addr}"));
    time::timeout_at(deadline, addr.resolve()).await.map_err(|_| timed_out(context))?
}

pub(super) async fn bind(
    context: &Context,
    addr: SocketAddr,
    deadline: Instant,
    token: Option<&Token>,
) -> Result<Client, Failure> {
    let local = match addr {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let left = deadline.saturating_duration_since(Instant::now());
    let mut builder = Client::builder().local_addr(local).timeout(left);
    if let Some(recorder) = &context.recorder {
        builder = builder.on_wire(recorder.observer(token.map(spellings).unwrap_or_default()));
    }
    Ok(builder.bind().await?)
}

fn timed_out(context: &Context) -> Failure {
    let after = context.options.timeout();
    Failure::new(Kind::Timeout, format!("not done within {after:?}"))
        .hint("give it longer with --timeout, as in --timeout 20s")
}

/// The library's calls end at the deadline by themselves, and with better words.
const GRACE: Duration = Duration::from_millis(250);
