//! Why a login is not let in.

use crate::{Kind, Problem, SignMethod};

/// Why a login is not let in. All but the last tell what to mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Something that can be seen without the secret.
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
    /// The user name has the product key first.
    #[error("the user name is productKey&deviceName; the device name comes first")]
    Swapped,
    /// It is signed as it should be, by another method than it says.
    #[error("the login says {announced} and is signed by {used}")]
    OtherMethod {
        /// What it says.
        announced: SignMethod,
        /// What it is.
        used: SignMethod,
    },
    /// The right fields in the wrong order.
    #[error("the fields are signed in another order than that of their names")]
    Order,
    /// The timestamp is in the client id and not in what was signed.
    #[error("the timestamp is not signed")]
    TimestampNotSigned,
    /// What was signed holds an ext param that is never signed.
    #[error("{name} is signed, and must not be")]
    ParamSigned {
        /// Its name.
        name: &'static str,
    },
    /// The client id was signed with its bars and ext params.
    #[error("the client id is signed with its ext params; what is signed ends at the bar")]
    WholeClientIdSigned,
    /// Nothing explains it: the secret is another, or some field differs from what was signed.
    #[error("the signature is wrong: another secret, or other fields than those that were signed")]
    Signature,
}
