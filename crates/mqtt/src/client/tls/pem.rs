//! Certificates and keys as text.

use rustls::pki_types::pem::{Error, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::InvalidTls;

/// All certificates of a text, of which there has to be one. What else stands in it is passed over.
pub(super) fn certificates(
    pem: &str,
    text: &'static str,
) -> Result<Vec<CertificateDer<'static>>, InvalidTls> {
    let found = (1..).zip(CertificateDer::pem_slice_iter(pem.as_bytes()));
    let found: Vec<_> = found
        .map(|(number, certificate)| certificate.map_err(|_| InvalidTls::Pem { number, text }))
        .collect::<Result<_, _>>()?;
    if found.is_empty() { Err(InvalidTls::NoCertificate { text }) } else { Ok(found) }
}

/// The first private key of a text.
pub(super) fn key(pem: &str) -> Result<PrivateKeyDer<'static>, InvalidTls> {
    // Either as PKCS#8 (`BEGIN ENCRYPTED PRIVATE KEY`) or by a header below the first line.
    if pem.contains("ENCRYPTED") {
        return Err(InvalidTls::EncryptedKey);
    }
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| match error {
        Error::NoItemsFound => InvalidTls::NoKey,
        _ => InvalidTls::Key,
    })
}
