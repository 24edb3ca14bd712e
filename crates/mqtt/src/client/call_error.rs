//! How a call to a platform fails, and what to do about it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::error::{Error, ErrorKind};
use crate::payload::{Unreadable, Unwritable};
use crate::pending::WhyNotPending;

/// Why a call did not work. [`kind`](Self::kind) tells causes apart, `Display` says what was wrong, and
/// [`hint`](Self::hint) what to do. `R` is what the platform refuses with: its code.
pub struct CallError<R>(Arc<Cause<R>>);

/// What went wrong with a call, to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallErrorKind {
    /// It cannot be written, or breaks a rule of the platform. Nothing was sent.
    BadInput,
    /// Too much waits already, or the same answer. Nothing was sent.
    Busy,
    /// There was no connection in time. Nothing was sent, and nothing will be.
    NotSent,
    /// It was sent, and the broker did not acknowledge it in time: it may have arrived.
    MaybeSent,
    /// The broker has it, and the platform did not answer in time.
    NoAnswer,
    /// The platform refused it; [`CallError::refused`] has its code.
    Refused,
    /// The platform answered with something that its answer cannot be.
    Unreadable,
    /// The session is over, or the broker refused a subscription; [`CallError::session`] says why.
    Session,
}

enum Cause<R> {
    Unwritable(Unwritable),
    Busy(WhyNotPending),
    NothingAnswers,
    Session(Error),
    NoAnswer(Duration),
    Refused(R),
    Unreadable(Unreadable),
}

impl<R: Copy> CallError<R> {
    /// The platform refused, with this code.
    pub fn refusal(code: R) -> Self {
        Self(Arc::new(Cause::Refused(code)))
    }

    /// What the platform refused it with.
    pub fn refused(&self) -> Option<R> {
        match &*self.0 {
            Cause::Refused(code) => Some(*code),
            _ => None,
        }
    }
}

impl<R> CallError<R> {
    pub(super) fn busy(why: WhyNotPending) -> Self {
        Self(Arc::new(Cause::Busy(why)))
    }

    pub(super) fn no_answer(after: Duration) -> Self {
        Self(Arc::new(Cause::NoAnswer(after)))
    }

    pub(super) fn nothing_answers() -> Self {
        Self(Arc::new(Cause::NothingAnswers))
    }

    /// What went wrong, to act on.
    pub fn kind(&self) -> CallErrorKind {
        match &*self.0 {
            Cause::Unwritable(_) | Cause::NothingAnswers => CallErrorKind::BadInput,
            Cause::Busy(_) => CallErrorKind::Busy,
            Cause::NoAnswer(_) => CallErrorKind::NoAnswer,
            Cause::Refused(_) => CallErrorKind::Refused,
            Cause::Unreadable(_) => CallErrorKind::Unreadable,
            Cause::Session(error) => match error.kind() {
                ErrorKind::BadInput => CallErrorKind::BadInput,
                ErrorKind::Full => CallErrorKind::Busy,
                ErrorKind::Timeout => CallErrorKind::NotSent,
                ErrorKind::MaybeSent => CallErrorKind::MaybeSent,
                _ => CallErrorKind::Session,
            },
        }
    }

    /// Whether the time ran out, one way or another.
    pub fn is_timeout(&self) -> bool {
        use CallErrorKind::{MaybeSent, NoAnswer, NotSent};
        matches!(self.kind(), NotSent | MaybeSent | NoAnswer)
    }

    /// Whether it may have been done although there is an error.
    pub fn may_be_done(&self) -> bool {
        use CallErrorKind::{MaybeSent, NoAnswer, Unreadable};
        matches!(self.kind(), MaybeSent | NoAnswer | Unreadable)
    }

    /// What is wrong with the session, where that is why.
    pub fn session(&self) -> Option<&Error> {
        match &*self.0 {
            Cause::Session(error) => Some(error),
            _ => None,
        }
    }

    /// What may be the cause and what to do, where there is something to say.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match &*self.0 {
            Cause::Session(error) => return error.hint(),
            Cause::NoAnswer(_) => {
                "it may have been done. A platform is silent where it throttles a device, where the product does not \
                 have the function switched on, and where the connection was lost in between"
            }
            Cause::Refused(_) => {
                "is what was asked for defined in the console, for this product and in these types?"
            }
            Cause::Busy(_) => "wait for the answers of earlier calls before making more",
            _ => return None,
        })
    }
}

impl<R> From<Error> for CallError<R> {
    fn from(error: Error) -> Self {
        Self(Arc::new(Cause::Session(error)))
    }
}

impl<R> From<Unwritable> for CallError<R> {
    fn from(error: Unwritable) -> Self {
        Self(Arc::new(Cause::Unwritable(error)))
    }
}

impl<R> From<Unreadable> for CallError<R> {
    fn from(error: Unreadable) -> Self {
        Self(Arc::new(Cause::Unreadable(error)))
    }
}

impl<R> Clone for CallError<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: fmt::Display> fmt::Display for CallError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Cause::Unwritable(error) => error.fmt(f),
            Cause::Busy(why) => write!(f, "the answer cannot be waited for: {why}"),
            Cause::NothingAnswers => f.write_str("nothing answers such a message"),
            Cause::Session(error) => error.fmt(f),
            Cause::NoAnswer(after) => {
                write!(f, "it was sent, and the platform did not answer within {after:?}")
            }
            Cause::Refused(code) => write!(f, "the platform refuses: {code}"),
            Cause::Unreadable(error) => write!(f, "the platform's answer cannot be read: {error}"),
        }
    }
}

impl<R: fmt::Display> fmt::Debug for CallError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallError({:?}, {self})", self.kind())
    }
}

impl<R: fmt::Display> StdError for CallError<R> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &*self.0 {
            // Their own texts stand in ours.
            Cause::Session(error) => error.source(),
            Cause::Unwritable(error) => error.source(),
            Cause::Unreadable(error) => error.source(),
            _ => None,
        }
    }
}
