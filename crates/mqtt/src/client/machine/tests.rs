//! The machine in virtual time, against packets that a broker would send.

mod broker;
mod connection;
mod incoming;
mod messages;
mod properties;
mod subscriptions;
