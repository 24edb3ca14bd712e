//! How TLS fails, and what to do about it.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use rustls::{AlertDescription, CertificateError, Error as Rustls, InvalidMessage};

/// Why a TLS connection did not come about, or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFailure {
    /// No trusted CA signed the broker's certificate.
    #[error(
        "the broker's certificate was signed by no trusted CA; is this the broker, and is its CA given?"
    )]
    UnknownAuthority,
    /// The broker's certificate is made out to other hosts.
    #[error("the broker's certificate is not made out to this host; connect by a name that it has")]
    WrongName,
    /// The broker's certificate has run out.
    #[error("the broker's certificate has run out, or this machine's clock is fast")]
    Expired,
    /// The broker's certificate is for later.
    #[error("the broker's certificate is not valid yet; is this machine's clock right?")]
    NotYetValid,
    /// A signature in the broker's certificate, or of the broker itself, is wrong: it was made with another key.
    #[error(
        "a signature of the broker is wrong; was its CA made anew under the same name, or is somebody else answering?"
    )]
    WrongSignature,
    /// Something else is wrong with the broker's certificate.
    #[error("the broker's certificate cannot be accepted")]
    Certificate,
    /// The broker wants a client certificate, and was shown none.
    #[error("the broker asks for a client certificate; give one with its key")]
    ClientCertificateMissing,
    /// The broker does not take the client certificate.
    #[error(
        "the broker refuses the client certificate; is it the device's, still valid, and of a CA that the broker knows?"
    )]
    ClientCertificateRefused,
    /// The broker broke off without saying more.
    #[error(
        "the broker refused the handshake; it may ask for a client certificate, or have no version of TLS or cipher suite in common"
    )]
    Refused,
    /// The two sides have no version of TLS or no algorithm in common.
    #[error(
        "no version of TLS or no algorithm is shared with the broker; TLS 1.2 and 1.3 are offered"
    )]
    Incompatible,
    /// What answered does not speak TLS.
    #[error("what answered is not TLS; is this a port for plain TCP?")]
    NotTls,
    /// The connection was closed before the handshake was done.
    #[error("the connection was closed during the TLS handshake; is this a port for plain TCP?")]
    HungUp,
    /// The host can be no name in a certificate.
    #[error("the host is neither a host name nor an IP address")]
    InvalidHost,
    /// Reading or writing failed during the handshake.
    #[error("the connection failed during the TLS handshake")]
    Io,
    /// TLS failed in another way.
    #[error("the TLS connection failed")]
    Other,
}

impl TlsFailure {
    /// What an error of reading or writing says about TLS; `None` where it is none of TLS.
    ///
    /// With TLS 1.3 a client's handshake is done before the broker has looked at its certificate. That one is
    /// missing or refused shows when something is read. Where writing fails first, read: the reason may be waiting there.
    pub fn of(error: &io::Error) -> Option<Self> {
        Some(Self::of_rustls(error.get_ref()?.downcast_ref()?))
    }

    fn of_rustls(error: &Rustls) -> Self {
        match error {
            Rustls::InvalidCertificate(error) => Self::of_certificate(error),
            Rustls::NoCertificatesPresented => Self::Certificate,
            Rustls::AlertReceived(alert) => Self::of_alert(*alert),
            Rustls::PeerIncompatible(_) => Self::Incompatible,
            Rustls::InvalidMessage(
                InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
            ) => Self::NotTls,
            _ => Self::Other,
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        use CertificateError as E;
        match error {
            E::UnknownIssuer => Self::UnknownAuthority,
            E::NotValidForName | E::NotValidForNameContext { .. } => Self::WrongName,
            E::Expired | E::ExpiredContext { .. } => Self::Expired,
            E::NotValidYet | E::NotValidYetContext { .. } => Self::NotYetValid,
            E::BadSignature => Self::WrongSignature,
            _ => Self::Certificate,
        }
    }

    /// What the broker says about us.
    fn of_alert(alert: AlertDescription) -> Self {
        use AlertDescription as A;
        match alert {
            A::CertificateRequired | A::NoCertificate => Self::ClientCertificateMissing,
            A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateRevoked
            | A::CertificateExpired
            | A::CertificateUnknown
            | A::UnknownCA
            | A::AccessDenied
            // A signature that the broker cannot verify: the certificate's, or one made with its key.
            | A::DecryptError => Self::ClientCertificateRefused,
            A::HandshakeFailure => Self::Refused,
            A::ProtocolVersion | A::InsufficientSecurity => Self::Incompatible,
            _ => Self::Other,
        }
    }
}

/// A TLS connection that did not come about. `Display` says what to do; the source is what rustls or the
/// system said.
#[derive(Debug)]
pub struct TlsError {
    failure: TlsFailure,
    source: io::Error,
}

impl TlsError {
    pub(super) const fn new(failure: TlsFailure, source: io::Error) -> Self {
        Self { failure, source }
    }

    /// An error of the handshake.
    pub(super) fn handshake(source: io::Error) -> Self {
        let failure = TlsFailure::of(&source).unwrap_or(match source.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => TlsFailure::HungUp,
            _ => TlsFailure::Io,
        });
        Self { failure, source }
    }

    /// What went wrong, to act on.
    pub const fn failure(&self) -> TlsFailure {
        self.failure
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failure.fmt(f)
    }
}

impl StdError for TlsError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // An I/O error shows an error in it as itself, and would be the same text twice.
        Some(match self.source.get_ref() {
            Some(inner) if inner.is::<Rustls>() => inner,
            _ => &self.source,
        })
    }
}
