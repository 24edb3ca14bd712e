//! Why a login is not let in.

use crate::{Kind, Problem, SignMethod};

/// Why a login is not let in. All but the last tell what to mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Something that can be seen without the key.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// It is proved by something else than what it was to be checked against.
    #[error("this is {kind}, which is proved by something else")]
    OtherKind {
        /// What kind of login it is.
        kind: Kind,
    },
    /// It is another device's.
    #[error("this is the login of another device")]
    OtherDevice,
    /// It is signed as it should be, and was good until before now. Either it is old, or a clock is wrong.
    #[error("the login has expired {} s ago: it is old, or a clock is wrong", .now.saturating_sub(*.expiry))]
    Expired {
        /// Until when it was good, in seconds since 1970.
        expiry: u64,
        /// The time that it was checked at.
        now: u64,
    },
    /// It is signed as it should be, by another method than it says.
    #[error("the login says {announced} and is signed by {used}")]
    OtherMethod {
        /// What it says.
        announced: SignMethod,
        /// What it is.
        used: SignMethod,
    },
    /// It is signed with the text of the psk, and not with the bytes that it stands for.
    #[error("the psk was used as it is written; it has to be decoded from base64 first")]
    PskNotDecoded,
    /// Only the first parts of the user name are signed.
    #[error("only the first parts of the user name are signed")]
    PartSigned,
    /// Nothing explains it: the key is another, or some field differs from what was signed.
    #[error(
        "the signature is wrong: another psk, or another user name than the one that was signed"
    )]
    Signature,
}
