//! Whom TLS trusts.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::InvalidClient;

/// The CAs in a PEM text.
pub(crate) fn read(text: &str) -> Result<Vec<CertificateDer<'static>>, InvalidClient> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let found = found.map_err(|_| InvalidClient::unreadable_ca())?;
    let mut store = RootCertStore::empty();
    if found.is_empty() || found.iter().any(|ca| store.add(ca.clone()).is_err()) {
        return Err(InvalidClient::unreadable_ca());
    }
    Ok(found)
}

/// What the system trusts, and these as well. Nothing is installed for the whole process.
pub(crate) fn config(cas: &[CertificateDer<'static>]) -> Result<ClientConfig, InvalidClient> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(InvalidClient::tls)?;
    let config = match system(cas, provider) {
        Ok(verifier) => config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
        // A system without CAs, such as a small container, can still talk to itself.
        Err(_) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(cas.iter().cloned());
            config.with_root_certificates(roots)
        }
    };
    Ok(config.with_no_client_auth())
}

#[cfg(not(target_os = "android"))]
fn system(
    cas: &[CertificateDer<'static>],
    provider: Arc<CryptoProvider>,
) -> Result<Verifier, rustls::Error> {
    Verifier::new_with_extra_roots(cas.iter().cloned(), provider)
}

/// Android's own verifier takes no others beside it: where there are some, they alone are trusted.
#[cfg(target_os = "android")]
fn system(
    cas: &[CertificateDer<'static>],
    provider: Arc<CryptoProvider>,
) -> Result<Verifier, rustls::Error> {
    if cas.is_empty() {
        return Verifier::new(provider);
    }
    Err(rustls::Error::General("the CAs that were named are trusted alone".into()))
}
