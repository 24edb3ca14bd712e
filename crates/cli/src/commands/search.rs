//! What searches have in common, whatever they search for.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time;

use super::{Context, interfaces};
use crate::args::Search;
use crate::failure::{Failure, Kind};

/// A search as the command line wants it.
pub(super) struct Plan {
    pub(super) wait: Duration,
    pub(super) interfaces: Vec<Ipv4Addr>,
    pub(super) count: Option<usize>,
}

impl Plan {
    pub(super) fn of(context: &Context, search: &Search) -> Result<Self, Failure> {
        let timeout = context.options.timeout.unwrap_or(Duration::MAX);
        Ok(Self {
            wait: search.wait.min(timeout),
            interfaces: interfaces::named(&search.interfaces)?,
            count: search.count,
        })
    }
}

/// Looks the targets up; those without a port get the protocol's.
pub(super) async fn targets(
    context: &Context,
    search: &Search,
    protocol_port: u16,
) -> Result<Vec<SocketAddr>, Failure> {
    let lookups = search.targets.iter().map(|target| target.resolve(protocol_port));
    time::timeout(context.options.timeout(), try_join_all(lookups))
        .await
        .map_err(|_| Failure::new(Kind::Timeout, "looking up the targets took too long"))?
}
