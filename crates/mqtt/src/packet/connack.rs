//! The broker's answer to a CONNECT.

use core::fmt;

/// The broker's answer to a CONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connack {
    /// Whether the broker remembers a session of this client.
    pub session_present: bool,
    /// Whether the client is let in.
    pub code: ConnectCode,
}

impl Connack {
    /// An answer.
    pub const fn new(session_present: bool, code: ConnectCode) -> Self {
        Self { session_present, code }
    }

    /// The packet.
    pub const fn encode(self) -> [u8; 4] {
        // A refusal never has a session.
        let present = self.session_present && self.code.is_ok();
        [0x20, 2, present as u8, self.code.0]
    }
}

/// Whether a client is let in, and why not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectCode(u8);

impl ConnectCode {
    /// Let in.
    pub const ACCEPTED: Self = Self(0);
    /// The version of the protocol is not supported.
    pub const BAD_PROTOCOL: Self = Self(1);
    /// The client id is not allowed. Aliyun says so of ext params and of the wrong secure mode too.
    pub const BAD_CLIENT_ID: Self = Self(2);
    /// The service is not available. Aliyun says so of a keep-alive that is too short.
    pub const UNAVAILABLE: Self = Self(3);
    /// The user name or the password is wrong.
    pub const BAD_CREDENTIALS: Self = Self(4);
    /// Not authorised. Clouds give this and [`BAD_CREDENTIALS`](Self::BAD_CREDENTIALS) for the same reasons.
    pub const NOT_AUTHORIZED: Self = Self(5);

    /// Takes the number as it came.
    pub const fn new(code: u8) -> Self {
        Self(code)
    }

    /// The number as it came.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Whether the client is let in.
    pub const fn is_ok(self) -> bool {
        self.0 == 0
    }

    /// Whether the credentials were refused, so that the same ones will be refused again.
    pub const fn is_authentication(self) -> bool {
        matches!(self, Self::BAD_CREDENTIALS | Self::NOT_AUTHORIZED)
    }

    /// What the code says, where MQTT 3.1.1 knows it.
    pub const fn meaning(self) -> Option<&'static str> {
        Some(match self {
            Self::ACCEPTED => "accepted",
            Self::BAD_PROTOCOL => "the version of the protocol is not supported",
            Self::BAD_CLIENT_ID => "the client id is not allowed",
            Self::UNAVAILABLE => "the service is not available",
            Self::BAD_CREDENTIALS => "the user name or the password is wrong",
            Self::NOT_AUTHORIZED => "not authorised",
            _ => return None,
        })
    }
}

impl fmt::Display for ConnectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.meaning() {
            Some(meaning) => write!(f, "{} ({meaning})", self.0),
            None => self.0.fmt(f),
        }
    }
}

impl fmt::Debug for ConnectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectCode({})", self.0)
    }
}
