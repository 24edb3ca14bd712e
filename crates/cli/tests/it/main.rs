//! Drives the built program as a shell would, against simulated devices on loopback.

#![allow(missing_docs)]

mod bulb_failures;
mod bulb_watch;
mod bulbs;
mod captures;
mod cloud;
mod cloud_calls;
mod cloud_logins;
mod demo;
mod devices;
mod discover;
mod failures;
mod house;
mod hub;
mod hub_cloud;
mod hub_failures;
mod mqtt;
mod online;
mod program;
mod provisioning;
mod pushes;
mod registration;
mod secrets;
mod sessions;
mod shell;
mod simulated_cloud;
mod simulator;
mod spec;
mod tokens;
mod vectors;
mod written;
mod wrong_input;
