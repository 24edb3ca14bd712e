//! The CAs: each the one it is said to be, and named by every signer.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use iot_home_aliyun::{CertificateDevice, Device, Signer, TokenDevice, authorities};
use iot_home_mqtt::client::Tls;
use sha2::{Digest as _, Sha256};

/// Name, SHA-256, common name or unit as it stands in the certificate, and the end of its validity. The first
/// is that of homeassistant_petkit too, R6, R46 and E46 are those of Mozilla's list.
const KNOWN: [(&str, &str, &str, &[u8]); 5] = [
    (
        authorities::ALIYUN_IOT_ROOT_CA,
        "7CA438A3976B5242D231F861499822DA85583138273583\
         6B361E7E9715661676",
        "Aliyun IoT Root CA",
        // A UTCTime ends at 2049; what is later is a GeneralizedTime.
        b"\x18\x0f20530704063658Z",
    ),
    (
        authorities::GLOBALSIGN_R1,
        "EBD41040E4BB3EC742C9E381D31EF2A41A48B6685C96E7\
         CEF3C1DF6CD4331C99",
        "GlobalSign Root CA",
        b"\x17\x0d280128120000Z",
    ),
    (
        authorities::GLOBALSIGN_R6,
        "2CABEAFE37D06CA22ABA7391C0033D25982952C4536473\
         49763A3AB5AD6CCF69",
        "GlobalSign Root CA - R6",
        b"\x17\x0d341210000000Z",
    ),
    (
        authorities::GLOBALSIGN_R46,
        "4FA3126D8D3A11D1C4855A4F807CBAD6CF919D3A5A88B0\
         3BEA2C6372D93C40C9",
        "GlobalSign Root R46",
        b"\x17\x0d460320000000Z",
    ),
    (
        authorities::GLOBALSIGN_E46,
        "CBB9C44D84B8043E1050EA31A69F514955D7BFD2E2C6B4\
         9301019AD61D9F5058",
        "GlobalSign Root E46",
        b"\x17\x0d460320000000Z",
    ),
];

fn der(pem: &str) -> Vec<u8> {
    let base64 = pem
        .strip_prefix("-----BEGIN CERTIFICATE-----\n")
        .and_then(|pem| pem.strip_suffix("-----END CERTIFICATE-----\n"))
        .expect("one certificate, and nothing around it");
    BASE64_STANDARD.decode(base64.replace('\n', "")).unwrap()
}

#[test]
fn they_are_who_they_are_said_to_be() {
    let has = |der: &[u8], part: &[u8]| der.windows(part.len()).any(|window| window == part);
    for (pem, fingerprint, name, until) in KNOWN {
        let der = der(pem);
        let hex: String = Sha256::digest(&der).iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(hex, fingerprint, "{name}");
        assert!(has(&der, name.as_bytes()) && has(&der, until), "{name}");
    }
    assert_eq!(authorities::ALL, KNOWN.map(|(pem, ..)| pem));
}

#[test]
fn every_signer_names_them() {
    let secret = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
    let device = Device::new("a1X2bEnP82z", "lamp-1", secret).unwrap();
    let token = TokenDevice::new("a1X2bEnP82z", "lamp-1", "id", "Zm9vYmFyYmF6").unwrap();
    let signers: [&dyn Signer; 3] =
        [&device.tls(), &token.tls(), &CertificateDevice::unknown().tls()];
    for signer in signers {
        assert_eq!(signer.authorities(), authorities::ALL);
        let boxed: Box<dyn Signer + '_> = Box::new(signer);
        assert_eq!(boxed.authorities(), authorities::ALL);
    }
}

#[test]
fn tls_takes_each_of_them() {
    for pem in authorities::ALL {
        Tls::new().client_config(&[*pem]).unwrap();
    }
    Tls::new().client_config(authorities::ALL).unwrap();
}
