//! Who signs for the broker and for devices, and what they have signed.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::process::Failure;
use crate::save;

/// The one name that the broker's certificate has.
pub(super) const NAME: &str = "localhost";

pub(super) struct Certificates {
    /// The CA of the broker and of its devices.
    pub(super) ca: String,
    /// Somebody else.
    pub(super) other_ca: String,
    /// The device's certificate and its key, and one of the same name that somebody else has signed.
    pub(super) device: (String, String),
    pub(super) impostor: (String, String),
    files: [PathBuf; 3],
}

impl Certificates {
    pub(super) fn make(run: &Path) -> Result<Self, Failure> {
        Self::signed(run).map_err(|error| Failure::new(format!("certificates: {error}")))?
    }

    fn signed(run: &Path) -> Result<Result<Self, Failure>, rcgen::Error> {
        let (ca, issuer) = authority("Interop")?;
        let (other_ca, other) = authority("Somebody else")?;
        let (certificate, key) = sign(&issuer, NAME, &[NAME])?;
        let device = sign(&issuer, "lamp-1", &[])?;
        let impostor = sign(&other, "lamp-1", &[])?;
        let saved = [("ca", &ca), ("certificate", &certificate), ("key", &key)]
            .map(|(name, pem)| save(run, &format!("mosquitto-{name}.pem"), pem));
        let [ca_file, certificate_file, key_file] = saved;
        Ok((|| {
            let files = [ca_file?, certificate_file?, key_file?];
            Ok(Self { ca, other_ca, device, impostor, files })
        })())
    }

    /// Lines for a listener.
    pub(super) fn settings(&self) -> String {
        let [ca, certificate, key] = &self.files;
        let (ca, certificate, key) = (ca.display(), certificate.display(), key.display());
        format!("cafile {ca}\ncertfile {certificate}\nkeyfile {key}\n")
    }
}

fn authority(name: &str) -> Result<(String, Issuer<'static, KeyPair>), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = params.self_signed(&key)?.pem();
    Ok((pem, Issuer::new(params, key)))
}

fn sign(
    issuer: &Issuer<'static, KeyPair>,
    name: &str,
    hosts: &[&str],
) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let hosts: Vec<_> = hosts.iter().map(|host| String::from(*host)).collect();
    let mut params = CertificateParams::new(hosts)?;
    params.distinguished_name.push(DnType::CommonName, name);
    let pem = params.signed_by(&key, issuer)?.pem();
    Ok((pem, key.serialize_pem()))
}
