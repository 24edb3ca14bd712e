//! The way to a device: its address, its token, a client, and a deadline for all of it.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use iot_home::miio::{Client, Device, PORT, Token};

use crate::args::Target;
use crate::commands::Context;
use crate::commands::deadline::Deadline;
use crate::failure::Failure;
use crate::ordered::{Hidden, Ordered, spellings, without_tokens};
use crate::token;

/// A device, and the time left to talk to it.
pub(super) struct Link {
    addr: SocketAddr,
    pub(super) device: Device,
    deadline: Deadline,
    /// The spellings of its token.
    secrets: Vec<String>,
}

impl Link {
    pub(super) async fn open(context: &Context, target: &Target) -> Result<Self, Failure> {
        let token = token::required(&target.token).await?;
        let deadline = Deadline::of(context);
        let addr = deadline.resolve(context, &target.addr, PORT).await?;
        let client = bind(context, addr, &deadline, Some(&token)).await?;
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
        self.deadline.bound(call).await?.map_err(|error| {
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

pub(super) async fn bind(
    context: &Context,
    addr: SocketAddr,
    deadline: &Deadline,
    token: Option<&Token>,
) -> Result<Client, Failure> {
    bind_hiding(context, addr, deadline, token.map(spellings).unwrap_or_default()).await
}

/// A client whose transcript shows none of these, given in lower case.
pub(super) async fn bind_hiding(
    context: &Context,
    addr: SocketAddr,
    deadline: &Deadline,
    secrets: Vec<String>,
) -> Result<Client, Failure> {
    let local = match addr {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let mut builder = Client::builder().local_addr(local).timeout(deadline.left());
    if let Some(recorder) = &context.recorder {
        builder = builder.on_wire(recorder.observer(secrets));
    }
    Ok(builder.bind().await?)
}
