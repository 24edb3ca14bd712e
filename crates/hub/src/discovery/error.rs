//! Why a search does not work.

use std::error::Error as StdError;
use std::fmt;

use super::Protocol;

/// Why a search, or one protocol's part of it, does not work. [`kind`](Self::kind) tells causes apart; the cause itself is
/// the [`source`](StdError::source).
#[derive(Debug)]
pub struct DiscoveryError {
    kind: DiscoveryErrorKind,
    protocol: Option<Protocol>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Causes, and what to do about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DiscoveryErrorKind {
    /// There is no network to search. Connect the machine, or name a target.
    NoInterface,
    /// No protocol is left to ask: of those that were chosen none is built in or can ask the targets. Choose others.
    NothingToAsk,
    /// A protocol's search did not start, or broke off. The source tells why.
    Search,
}

impl DiscoveryError {
    pub(super) fn no_interface(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { kind: DiscoveryErrorKind::NoInterface, protocol: None, source: Some(source.into()) }
    }

    pub(super) fn nothing_to_ask() -> Self {
        Self { kind: DiscoveryErrorKind::NothingToAsk, protocol: None, source: None }
    }

    pub(super) fn search(
        protocol: Protocol,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self {
            kind: DiscoveryErrorKind::Search,
            protocol: Some(protocol),
            source: Some(source.into()),
        }
    }

    /// The cause.
    pub fn kind(&self) -> DiscoveryErrorKind {
        self.kind
    }

    /// Whose part does not work, if it is one protocol's.
    pub fn protocol(&self) -> Option<Protocol> {
        self.protocol
    }
}

impl fmt::Display for DiscoveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.protocol) {
            (DiscoveryErrorKind::Search, Some(protocol)) => {
                write!(f, "the search by {protocol} does not work")
            }
            (DiscoveryErrorKind::NothingToAsk, _) => {
                f.write_str("none of the protocols chosen can search here, choose others")
            }
            _ => f.write_str("there is no network to search"),
        }
    }
}

impl StdError for DiscoveryError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
