//! Client certificates and their keys.

use iot_home_mqtt::client::Tls;
use iot_home_mqtt::client::tls::{InvalidTls, TlsFailure};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};

use super::server::{Authority, Certified, NAME, Server, VERSIONS, trusting};

macro_rules! key {
    ($name:literal) => {
        include_str!(concat!("../../../../../fixtures/mqtt/tls/", $name, ".pem"))
    };
}

/// Each key in the forms it is handed out in; the first is what rcgen reads.
const KEYS: [(&str, &str); 2] =
    [(key!("rsa-pkcs8"), key!("rsa-pkcs1")), (key!("ec-pkcs8"), key!("ec-sec1"))];

fn device(ca: &Authority, key: &KeyPair) -> Certified {
    let change = |params: &mut CertificateParams| {
        params.distinguished_name.push(DnType::CommonName, "lamp-1");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    ca.sign_with(&[], change, key)
}

fn showing(ca: &Authority, shown: &Certified) -> Tls {
    trusting(ca).unwrap().client_identity(&shown.chain, &shown.key).unwrap()
}

#[tokio::test]
async fn a_broker_that_asks_for_one() {
    let (ca, devices) = (Authority::new("Ours"), Authority::new("Devices"));
    let key = KeyPair::generate().unwrap();
    let (right, wrong) = (device(&devices, &key), device(&Authority::new("Theirs"), &key));
    let expired = devices.sign_with(&[], |p| p.not_after = date_time_ymd(2020, 1, 1), &key);
    for versions in VERSIONS {
        let certified = ca.sign(&[NAME]);
        let server = Server::new(&certified).asks_for(&devices).versions(versions);
        let meets = async |tls: &Tls| server.meets(tls, NAME).await;
        assert_eq!(meets(&showing(&ca, &right)).await, Ok(()));
        let none = meets(&trusting(&ca).unwrap()).await;
        assert_eq!(none, Err(TlsFailure::ClientCertificateMissing), "{versions:?}");
        for refused in [&wrong, &expired] {
            let met = meets(&showing(&ca, refused)).await;
            assert_eq!(met, Err(TlsFailure::ClientCertificateRefused), "{versions:?}");
        }
        // One that is not asked for is not shown, and does no harm.
        let server = Server::new(&certified).versions(versions);
        assert_eq!(server.meets(&showing(&ca, &wrong), NAME).await, Ok(()));
    }
}

#[tokio::test]
async fn keys_in_every_form() {
    let (ca, devices) = (Authority::new("Ours"), Authority::new("Devices"));
    for (pkcs8, traditional) in KEYS {
        let chain = device(&devices, &KeyPair::from_pem(pkcs8).unwrap()).chain;
        for key in [pkcs8, traditional] {
            for versions in VERSIONS {
                let server = Server::new(&ca.sign(&[NAME])).asks_for(&devices).versions(versions);
                let shown = Certified { chain: chain.clone(), key: key.into() };
                assert_eq!(server.meets(&showing(&ca, &shown), NAME).await, Ok(()));
            }
        }
    }
}

/// A device's certificate that a CA below the trusted one has signed.
#[tokio::test]
async fn a_chain() {
    let (ca, devices) = (Authority::new("Ours"), Authority::new("Devices"));
    let key = KeyPair::generate().unwrap();
    let mut below = CertificateParams::default();
    below.distinguished_name.push(DnType::CommonName, "Below");
    below.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let between = devices.sign_with(&[], |params| params.clone_from(&below), &key);
    let issuer = rcgen::Issuer::new(below, key);
    let own = KeyPair::generate().unwrap();
    let leaf = CertificateParams::default().signed_by(&own, &issuer).unwrap().pem();
    let key = own.serialize_pem();
    let server = Server::new(&ca.sign(&[NAME])).asks_for(&devices);
    let whole = Certified { chain: [leaf.as_str(), &between.chain].concat(), key: key.clone() };
    assert_eq!(server.meets(&showing(&ca, &whole), NAME).await, Ok(()));
    let alone = Certified { chain: leaf.clone(), key: key.clone() };
    let met = server.meets(&showing(&ca, &alone), NAME).await;
    assert_eq!(met, Err(TlsFailure::ClientCertificateRefused));
    // The wrong way round.
    let reversed = [between.chain.as_str(), &leaf].concat();
    let error = Tls::new().client_identity(&reversed, &key).unwrap_err();
    assert_eq!(error, InvalidTls::KeyMismatch);
}

#[test]
fn what_cannot_be_shown() {
    let devices = Authority::new("Devices");
    let right = device(&devices, &KeyPair::generate().unwrap());
    let of = |chain: &str, key: &str| Tls::new().client_identity(chain, key).err();
    assert_eq!(of(&right.chain, &right.key), None);
    let text = "client certificate text";
    let other = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let cut = &right.key[..right.key.len() - 40];
    let short = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (chain, key, error) in [
        (right.chain.as_str(), KEYS[0].0, InvalidTls::KeyMismatch),
        (&right.chain, KEYS[1].1, InvalidTls::KeyMismatch),
        ("", &right.key, InvalidTls::NoCertificate { text }),
        (&right.key, &right.key, InvalidTls::NoCertificate { text }),
        (other, &right.key, InvalidTls::Certificate { number: 1, text }),
        (&right.chain, "", InvalidTls::NoKey),
        (&right.chain, &right.chain, InvalidTls::NoKey),
        (&right.chain, cut, InvalidTls::Key),
        (&right.chain, short, InvalidTls::Key),
        (&right.chain, key!("rsa-encrypted"), InvalidTls::EncryptedKey),
        (&right.chain, key!("ec-encrypted"), InvalidTls::EncryptedKey),
    ] {
        assert_eq!(of(chain, key), Some(error));
    }
    // Both in one text, as some tools write them.
    let both = [right.key.as_str(), &right.chain].concat();
    assert_eq!(of(&both, &both), None);
}

#[test]
fn nothing_of_keys_and_certificates_is_shown() {
    for (pkcs8, traditional) in KEYS {
        let certified = device(&Authority::new("Devices"), &KeyPair::from_pem(pkcs8).unwrap());
        let ca = Authority::new("Ours");
        let tls = trusting(&ca).unwrap().client_identity(&certified.chain, traditional).unwrap();
        let error = Tls::new().client_identity(traditional, pkcs8).unwrap_err();
        let mismatch = Tls::new().client_identity(&ca.pem, traditional).unwrap_err();
        for shown in
            [format!("{tls:?} {tls:#?}"), format!("{error} {error:?} {mismatch} {mismatch:?}")]
        {
            for pem in [pkcs8, traditional, &certified.chain, &ca.pem] {
                let lines = pem.lines().filter(|line| !line.starts_with('-'));
                for line in lines {
                    assert!(!shown.contains(&line[..line.len().min(12)]), "{shown}");
                }
            }
            assert!(shown.contains("identity: true") || shown.contains("certificate"), "{shown}");
        }
    }
}
