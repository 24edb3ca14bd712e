//! Where a login stands, and what is to be done next.

use core::time::Duration;

use iot_home_core::{Instant, Secret};

use super::{Challenge, LoginError};
use crate::{Request, Session};

/// How a person proves who they are.
pub(super) enum By {
    Password { user: String, hash: Secret<String> },
    PassToken,
    Qr { unix_time: Duration },
}

pub(super) enum State {
    /// Nothing was sent yet.
    New,
    Sent {
        expected: Expected,
        request: Box<Request>,
    },
    Paused {
        until: Instant,
        expected: Expected,
        request: Box<Request>,
    },
    Asked(Challenge),
    Done(Box<Session>),
    Failed(LoginError),
}

/// What an answer is an answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    First,
    Auth,
    Image,
    Channels,
    MaskedAddress,
    CodeSent,
    CodeChecked,
    CheckResult,
    Hop,
    QrCode,
    QrScan,
}

/// What to do next.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step<'a> {
    /// Send this.
    Send(Request),
    /// Wait until then.
    Wait(Instant),
    /// Ask a person.
    Ask(&'a Challenge),
    /// Logged in.
    Done(&'a Session),
    /// Not logged in.
    Failed(LoginError),
}

impl State {
    pub(super) fn send(expected: Expected, request: Request) -> Result<Self, LoginError> {
        Ok(Self::Sent { expected, request: Box::new(request) })
    }
}
