//! TLS, against a server of rustls: whom it trusts, what it shows, and what it says when that does not work.

mod identity;
mod server;
mod trust;
mod wrong_peers;
