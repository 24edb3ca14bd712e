//! Certificates of the platform's own, made when it begins.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use iot_home_core::Secret;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// What becomes of clients' certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientCertificates {
    /// A client may show one; a wrong one ends the handshake.
    #[default]
    Optional,
    /// A client without one does not get through the handshake.
    Required,
}

/// What a client proves itself by on the level of TLS, issued by the platform.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientIdentity {
    /// The certificate, as PEM.
    pub certificate: String,
    /// Its private key, PKCS#8 as PEM.
    pub key: Secret<String>,
}

/// The authority that the server's certificate and those of clients come from.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
    /// The common names of the certificates that were issued.
    issued: Mutex<HashMap<Vec<u8>, String>>,
}

impl Authority {
    pub(crate) fn new() -> Result<Self, CertificateError> {
        let key = KeyPair::generate()?;
        let mut params = named("iot-home simulated platform")?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?;
        let pem = certificate.pem();
        let certificate = certificate.der().clone();
        let issuer = Issuer::new(params, key);
        Ok(Self { issuer, certificate, pem, issued: Mutex::default() })
    }

    /// What a client has to trust.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// The configuration of a server with these names, besides those of this machine.
    pub(crate) fn server(
        &self,
        hosts: &[String],
        policy: ClientCertificates,
    ) -> Result<ServerConfig, CertificateError> {
        let key = KeyPair::generate()?;
        let own = ["localhost", "127.0.0.1", "::1"].map(String::from);
        let names: Vec<_> = own.into_iter().chain(hosts.iter().cloned()).collect();
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, "simulated platform");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.issuer)?;

        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        let clients = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
        let clients = match policy {
            ClientCertificates::Optional => clients.allow_unauthenticated(),
            ClientCertificates::Required => clients,
        };
        let clients = clients.build().map_err(CertificateError::new)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok(ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![certificate.der().clone()], key.into())?)
    }

    /// A certificate for a client with this common name.
    pub(crate) fn issue(&self, common_name: &str) -> Result<ClientIdentity, CertificateError> {
        let key = KeyPair::generate()?;
        let mut params = named(common_name)?;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &self.issuer)?;
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.insert(certificate.der().to_vec(), common_name.to_owned());
        Ok(ClientIdentity { certificate: certificate.pem(), key: key.serialize_pem().into() })
    }

    /// The common name of a certificate that was issued here.
    pub(crate) fn common_name(&self, certificate: &[u8]) -> Option<String> {
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.get(certificate).cloned()
    }
}

fn named(common_name: &str) -> Result<CertificateParams, CertificateError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    Ok(params)
}

/// Why a certificate could not be made: a name that cannot stand in one.
#[derive(Debug, thiserror::Error)]
#[error(
    "a certificate could not be made; the names of hosts have to be host names or IP addresses"
)]
pub struct CertificateError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl CertificateError {
    fn new(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(source))
    }
}

impl From<rcgen::Error> for CertificateError {
    fn from(source: rcgen::Error) -> Self {
        Self::new(source)
    }
}

impl From<tokio_rustls::rustls::Error> for CertificateError {
    fn from(source: tokio_rustls::rustls::Error) -> Self {
        Self::new(source)
    }
}
