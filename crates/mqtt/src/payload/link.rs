//! Where a file can be fetched.

use alloc::borrow::Cow;
use core::fmt;

use serde::Deserialize;

/// Where a file can be fetched by whoever has the text: it carries its own permission. Its `Debug` ends at the path.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Link<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Link<'a> {
    /// This one.
    pub fn new(url: impl Into<Cow<'a, str>>) -> Self {
        Self(url.into())
    }

    /// The whole of it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The scheme and the host, where it has them.
    pub fn origin(&self) -> Option<&str> {
        let (scheme, rest) = self.0.split_once("://")?;
        let host = rest.split(['/', '?', '#']).next()?;
        // What stands before an @ is a name and a password.
        (!host.contains('@')).then_some(())?;
        let end = scheme.len().saturating_add("://".len()).saturating_add(host.len());
        self.0.get(..end)
    }

    /// The same, standing on its own.
    pub fn into_owned(self) -> Link<'static> {
        Link(Cow::Owned(self.0.into_owned()))
    }
}

impl fmt::Debug for Link<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({}/<redacted>)", self.origin().unwrap_or_default())
    }
}
