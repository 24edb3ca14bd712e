//! What a client shows of itself.

use std::sync::Arc;

use rustls::Error;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::{InvalidTls, pem};

const TEXT: &str = "client certificate text";

/// A certificate, with the chain behind it, and the key that belongs to it.
#[derive(Clone)]
pub(super) struct Identity(Arc<SingleCertAndKey>);

impl Identity {
    pub(super) fn read(
        chain_pem: &str,
        key_pem: &str,
        provider: &CryptoProvider,
    ) -> Result<Self, InvalidTls> {
        let chain = pem::certificates(chain_pem, TEXT)?;
        let key = pem::key(key_pem)?;
        let key = provider.key_provider.load_private_key(key).map_err(|_| InvalidTls::Key)?;
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            Ok(()) => Ok(Self(Arc::new(certified.into()))),
            Err(Error::InconsistentKeys(_)) => Err(InvalidTls::KeyMismatch),
            Err(_) => Err(InvalidTls::Certificate { number: 1, text: TEXT }),
        }
    }

    pub(super) fn resolver(&self) -> Arc<dyn ResolvesClientCert> {
        Arc::clone(&self.0) as _
    }
}
