//! The CAs that sign the platform's certificates, as PEM.
//!
//! They are those of the official Python SDK, `aliyun-iot-linkkit` 1.2.13. A signer names all of them
//! ([`Signer::authorities`](crate::Signer::authorities)).

/// `Aliyun IoT Root CA`, which signs for port 8883; until 2053-07-04.
pub const ALIYUN_IOT_ROOT_CA: &str = include_str!("authorities/aliyun-iot-root-ca.pem");

/// GlobalSign's R1 (`GlobalSign Root CA`), which signs for the ports 443 and 1883; until 2028-01-28.
pub const GLOBALSIGN_R1: &str = include_str!("authorities/globalsign-r1.pem");

/// GlobalSign's R6, which may follow R1; until 2034-12-10.
pub const GLOBALSIGN_R6: &str = include_str!("authorities/globalsign-r6.pem");

/// GlobalSign's R46, with an RSA key, which may follow as well; until 2046-03-20.
pub const GLOBALSIGN_R46: &str = include_str!("authorities/globalsign-r46.pem");

/// GlobalSign's E46, with a key on an elliptic curve, which may follow as well; until 2046-03-20.
pub const GLOBALSIGN_E46: &str = include_str!("authorities/globalsign-e46.pem");

/// All of them.
pub const ALL: &[&str] =
    &[ALIYUN_IOT_ROOT_CA, GLOBALSIGN_R1, GLOBALSIGN_R6, GLOBALSIGN_R46, GLOBALSIGN_E46];
