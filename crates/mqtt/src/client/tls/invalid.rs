//! What cannot be used for TLS, found before anything is sent.

/// Why certificates or keys cannot be used. It holds nothing of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTls {
    /// A text has no certificate in it.
    #[error(
        "there is no certificate in the {text}; it has to be PEM: BEGIN CERTIFICATE, base64, END CERTIFICATE"
    )]
    NoCertificate {
        /// Which text, in words.
        text: &'static str,
    },
    /// What stands between the marks is not PEM.
    #[error("certificate {number} of the {text} is not PEM; is it cut off?")]
    Pem {
        /// Which certificate of the text, from 1.
        number: usize,
        /// Which text, in words.
        text: &'static str,
    },
    /// The PEM holds something else than a certificate.
    #[error("certificate {number} of the {text} is no certificate of X.509")]
    Certificate {
        /// Which certificate of the text, from 1.
        number: usize,
        /// Which text, in words.
        text: &'static str,
    },
    /// A text has no private key in it.
    #[error(
        "there is no private key in the key text; it has to be PEM: BEGIN PRIVATE KEY, BEGIN RSA PRIVATE KEY or BEGIN EC PRIVATE KEY"
    )]
    NoKey,
    /// The private key needs a password.
    #[error(
        "the private key is encrypted; write it without a password first (openssl pkey -in key.pem)"
    )]
    EncryptedKey,
    /// The private key cannot be read, or is of a kind that cannot be used.
    #[error(
        "the private key cannot be read; it has to be RSA of 2048 to 8192 bits, ECDSA P-256 or P-384, or Ed25519"
    )]
    Key,
    /// The private key is not that of the certificate.
    #[error(
        "the private key does not belong to the first certificate of the client certificate text"
    )]
    KeyMismatch,
    /// The signer names no CAs, and none were given.
    #[error(
        "no CA is trusted, so that no broker could be; give the broker's CA by ca_pem, or a configuration by config"
    )]
    NoAuthority,
    /// The cryptography has no version of TLS.
    #[error("the cryptography offers no version of TLS")]
    Provider,
}
