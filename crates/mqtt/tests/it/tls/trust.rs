//! Whom a client trusts, and for which host.

use iot_home_mqtt::client::Tls;
use iot_home_mqtt::client::tls::{InvalidTls, TlsFailure};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};

use super::server::{Authority, NAME, Server, VERSIONS, trusting};

#[tokio::test]
async fn the_right_ca_and_name() {
    let ca = Authority::new("Ours");
    let certified = ca.sign(&[NAME, "127.0.0.1", "::1"]);
    for versions in VERSIONS {
        let server = Server::new(&certified).versions(versions);
        for host in [NAME, "BROKER.LAN", "127.0.0.1", "::1"] {
            for tls in [trusting(&ca).unwrap(), trusting(&ca).unwrap().without_name_check()] {
                assert_eq!(server.meets(&tls, host).await, Ok(()), "{host} {versions:?}");
            }
        }
    }
}

#[tokio::test]
async fn another_ca() {
    let server = Server::new(&Authority::new("Ours").sign(&[NAME]));
    // Of the same name, so that only the key tells them apart.
    let tls = trusting(&Authority::new("Ours")).unwrap();
    assert_eq!(server.meets(&tls, NAME).await, Err(TlsFailure::WrongSignature));
    let met = server.meets(&trusting(&Authority::new("Theirs")).unwrap(), NAME).await;
    assert_eq!(met, Err(TlsFailure::UnknownAuthority));
}

#[tokio::test]
async fn another_name() {
    let ca = Authority::new("Ours");
    let tls = trusting(&ca).unwrap();
    let server = Server::new(&ca.sign(&["other.lan", "10.0.0.1"]));
    for host in [NAME, "127.0.0.1", "::1", "sub.other.lan", "lan"] {
        assert_eq!(server.meets(&tls, host).await, Err(TlsFailure::WrongName), "{host}");
    }
    for host in ["other.lan", "10.0.0.1"] {
        assert_eq!(server.meets(&tls, host).await, Ok(()), "{host}");
    }
    // A certificate without any name, as old ones are: a common name is none.
    let nameless = ca.sign(&[]);
    assert_eq!(Server::new(&nameless).meets(&tls, NAME).await, Err(TlsFailure::WrongName));
}

/// What is not the name is checked where the name is not.
#[tokio::test]
async fn without_the_name_everything_else_is_checked() {
    let ca = Authority::new("Ours");
    let tls = trusting(&ca).unwrap().without_name_check();
    let key = KeyPair::generate().unwrap();
    let sign = |change: fn(&mut CertificateParams)| ca.sign_with(&["other.lan"], change, &key);
    for versions in VERSIONS {
        let meets = async |server: Server| server.versions(versions).meets(&tls, NAME).await;
        assert_eq!(meets(Server::new(&sign(|_| {}))).await, Ok(()));
        assert_eq!(meets(Server::new(&ca.sign(&[]))).await, Ok(()));

        let other = Authority::new("Theirs").sign(&[NAME]);
        assert_eq!(meets(Server::new(&other)).await, Err(TlsFailure::UnknownAuthority));
        let expired = sign(|params| params.not_after = date_time_ymd(2020, 1, 1));
        assert_eq!(meets(Server::new(&expired)).await, Err(TlsFailure::Expired));
        let later = sign(|params| params.not_before = date_time_ymd(3000, 1, 1));
        assert_eq!(meets(Server::new(&later)).await, Err(TlsFailure::NotYetValid));
        // One for devices is not one for a broker.
        let device =
            sign(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
        assert_eq!(meets(Server::new(&device)).await, Err(TlsFailure::Certificate));
    }
}

#[tokio::test]
async fn dates() {
    let ca = Authority::new("Ours");
    let tls = trusting(&ca).unwrap();
    let key = KeyPair::generate().unwrap();
    let expired = ca.sign_with(&[NAME], |p| p.not_after = date_time_ymd(2020, 1, 1), &key);
    assert_eq!(Server::new(&expired).meets(&tls, NAME).await, Err(TlsFailure::Expired));
    let later = ca.sign_with(&[NAME], |p| p.not_before = date_time_ymd(3000, 1, 1), &key);
    assert_eq!(Server::new(&later).meets(&tls, NAME).await, Err(TlsFailure::NotYetValid));
}

/// The signer's CAs, one's own, both, and neither.
#[test]
fn who_is_trusted() {
    let (theirs, ours) = (Authority::new("Signer's"), Authority::new("Ours"));
    let signer = [theirs.pem.as_str()];
    let none = InvalidTls::NoAuthority;
    let outcome = |tls: &Tls, cas: &[&str]| tls.client_config(cas).map(|_| ());
    assert_eq!(outcome(&Tls::new(), &[]), Err(none));
    assert_eq!(outcome(&Tls::new(), &signer), Ok(()));
    assert_eq!(outcome(&Tls::new().only_own_cas(), &signer), Err(none));
    assert_eq!(outcome(&Tls::new().without_name_check(), &[]), Err(none));
    assert_eq!(outcome(&trusting(&ours).unwrap().only_own_cas(), &[]), Ok(()));
    assert!(none.to_string().contains("ca_pem"));
}

#[tokio::test]
async fn own_cas_and_those_of_the_signer() {
    use super::server::refused;
    let (theirs, ours) = (Authority::new("Signer's"), Authority::new("Ours"));
    let tls = trusting(&ours).unwrap();
    for (tls, ca, failure) in [
        (tls.clone(), &theirs, None),
        (tls.clone(), &ours, None),
        (tls.clone().only_own_cas(), &ours, None),
        (tls.only_own_cas(), &theirs, Some(TlsFailure::UnknownAuthority)),
    ] {
        // A configuration that was made with the signer's CAs, used as it is.
        let config = tls.client_config(&[&theirs.pem]).unwrap();
        let whole = Tls::new().config(config);
        let server = Server::new(&ca.sign(&[NAME]));
        assert_eq!(server.meets(&whole, NAME).await.err(), failure);
        if let Some(failure) = failure {
            let (addr, task) = server.serve().await;
            let error = refused(addr, &whole).await;
            assert_eq!(error.failure(), failure);
            let source = std::error::Error::source(&error).unwrap();
            assert!(source.is::<rustls::Error>(), "{source:?}");
            assert!(error.to_string().contains("no trusted CA"), "{error}");
            assert!(task.await.unwrap().is_err());
        }
    }
}

#[test]
fn texts_that_hold_no_ca() {
    let ca = Authority::new("Ours");
    let of = |text: &str| Tls::new().ca_pem(text).map(|_| ()).unwrap_err();
    let text = "CA text";
    for nothing in ["", "broker-ca.pem", &ca.sign(&[NAME]).key] {
        assert_eq!(of(nothing), InvalidTls::NoCertificate { text });
    }
    let cut = &ca.pem[..ca.pem.len() - 40];
    assert_eq!(of(cut), InvalidTls::Pem { number: 1, text });
    assert_eq!(of(&[&ca.pem, cut].concat()), InvalidTls::Pem { number: 2, text });
    let other = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(
        of(&[&ca.pem, &ca.pem, other].concat()),
        InvalidTls::Certificate { number: 3, text }
    );
    // Line ends of Windows, and words around it.
    let framed = format!("# ours\r\n{}\r\n", ca.pem.replace('\n', "\r\n"));
    assert!(Tls::new().ca_pem(&framed).is_ok());
    // The signer's are read as strictly.
    let error = Tls::new().client_config(&[cut]).unwrap_err();
    assert_eq!(error, InvalidTls::Pem { number: 1, text: "signer's CA text" });
}
