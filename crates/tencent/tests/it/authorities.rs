//! The CA: the one it is said to be, and named by every signer.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use iot_home_mqtt::client::Tls;
use iot_home_tencent::{CertificateDevice, Device, Signer, authorities};
use sha2::{Digest as _, Sha256};

#[test]
fn it_is_who_it_is_said_to_be() {
    let base64 = authorities::TENCENT_IOT_HUB
        .strip_prefix("-----BEGIN CERTIFICATE-----\n")
        .and_then(|pem| pem.strip_suffix("-----END CERTIFICATE-----\n"))
        .expect("one certificate, and nothing around it");
    let der = BASE64_STANDARD.decode(base64.replace('\n', "")).unwrap();
    let hex: String = Sha256::digest(&der).iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(hex, "3B1FA1E1149E3F3BD3722730DBEF9EB72EC4B9FD95553063A9C60BA62778E740");
    let has = |part: &[u8]| der.windows(part.len()).any(|window| window == part);
    assert!(has(b"www.tencent.com") && has(b"Tencent Iothub"));
    assert!(has(b"\x17\x0d321123042059Z"), "the end of its validity");
    assert_eq!(authorities::ALL, [authorities::TENCENT_IOT_HUB]);
}

#[test]
fn every_signer_names_it() {
    let device = Device::new("YOURPROD01", "lamp1", "7WmFA/MEs+Fy+32QwJWtYw==").unwrap();
    let certificate = CertificateDevice::new("YOURPROD01", "lamp1").unwrap();
    let signers: [&dyn Signer; 3] = [&device.tls(), &device.tcp(), &certificate.tls()];
    for signer in signers {
        assert_eq!(signer.authorities(), authorities::ALL);
        Tls::new().client_config(signer.authorities()).unwrap();
    }
}
