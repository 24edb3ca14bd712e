//! Why a login ends without a session.

/// Why nobody was logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// Account or password are wrong, or the server refuses the attempt as it does after many.
    #[error("the server refuses account and password (code {code})")]
    Credentials {
        /// Its code: 70016, 70002 or 20003.
        code: i64,
    },
    /// The passToken is no longer good.
    #[error("the passToken is not accepted")]
    PassToken,
    /// The server wants more than it says how to give.
    #[error("the server wants the login verified, and does not say how (code {code})")]
    Unverifiable {
        /// Its code, 81003 mostly.
        code: i64,
    },
    /// The account can be verified neither by phone nor by e-mail.
    #[error("the account can be verified neither by text message nor by e-mail")]
    NoChannel,
    /// The verification code was not sent: too many were, today.
    #[error("the server sends no verification code (code {code})")]
    CodeNotSent {
        /// Its code.
        code: i64,
    },
    /// A refusal of another kind.
    #[error("the server refused with code {code}")]
    Refused {
        /// Its code.
        code: i64,
    },
    /// A web page came back where JSON should: an outage, a proxy, or a server that blocks us.
    #[error("the server answered a web page (status {status})")]
    Html {
        /// The status of the answer.
        status: u16,
    },
    /// What came back is neither a page nor JSON.
    #[error("the server answered something unreadable (status {status})")]
    Unreadable {
        /// The status of the answer.
        status: u16,
    },
    /// Something is missing from an answer.
    #[error("the server's answer lacks {0}")]
    Missing(&'static str),
    /// The server sent us to an address that is not Xiaomi's.
    #[error("the server points to a host that a login has no business with")]
    ForeignHost,
    /// The server sends us in circles.
    #[error("the server redirects without an end")]
    Redirects,
    /// The image of a captcha could not be had.
    #[error("the captcha's image cannot be fetched (status {status})")]
    NoImage {
        /// The status of the answer.
        status: u16,
    },
    /// The ticket was not exchanged for a serviceToken.
    #[error("the login's ticket was not accepted (status {status})")]
    Ticket {
        /// The status of the answer.
        status: u16,
    },
    /// The QR code was not scanned in time.
    #[error("the QR code was not confirmed in time")]
    QrExpired,
    /// The QR code was refused by whoever scanned it, or is too old.
    #[error("the QR code was refused or is too old (code {code})")]
    QrRefused {
        /// The server's code.
        code: i64,
    },
    /// No answer came.
    #[error("the server did not answer")]
    Unanswered,
}

impl LoginError {
    /// What a person can do about it.
    pub const fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Credentials { .. } => {
                "if the password is right, too many attempts were made or the network is new to the \
                 account: log in by QR code, or wait a day"
            }
            Self::PassToken => "log in with the password or by QR code",
            Self::Unverifiable { .. } | Self::NoChannel => {
                "log in by QR code, or once at account.xiaomi.com from the same network"
            }
            Self::CodeNotSent { .. } => "only a few codes a day are sent: log in by QR code",
            Self::Html { .. } => "wait some hours after many attempts; check DNS and proxy",
            Self::QrExpired | Self::QrRefused { .. } => "start anew, for another QR code",
            _ => return None,
        })
    }
}
