//! What the platform refuses with.

use std::fmt;

use crate::thing::Code;
use crate::thing::shadow::ShadowCode;

/// What the platform refuses with: its code, which knows its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refused {
    /// A call.
    Call(Code),
    /// A change of the shadow, which has codes of its own.
    Shadow(ShadowCode),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(code) => code.fmt(f),
            Self::Shadow(code) => code.fmt(f),
        }
    }
}
