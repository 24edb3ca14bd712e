//! Connections to a broker.

pub mod tls;

pub use tls::Tls;
