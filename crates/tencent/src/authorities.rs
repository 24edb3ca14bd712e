//! The CA that signs the platform's certificates, as PEM.
//!
//! It is that of the official Python SDK, `tencent-iot-device` 1.0.0. A signer names it
//! ([`Signer::authorities`](crate::Signer::authorities)).

/// Tencent's own CA, `www.tencent.com` of `Tencent Iothub`, which signs for port 8883; until 2032-11-23.
pub const TENCENT_IOT_HUB: &str = include_str!("authorities/tencent-iot-hub.pem");

/// All of them.
pub const ALL: &[&str] = &[TENCENT_IOT_HUB];
