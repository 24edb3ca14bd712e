//! The peers, one file each: what is said to them and what they have to answer.

pub(crate) mod miio_simulator;
mod miiocli;
pub(crate) mod miot_simulator;
mod simulator;
