//! The simulator's honesty: it refuses what a device refuses, and each fault is the fault it says.

mod broken_clients;
mod client;
mod config;
mod faults;
mod gateway;
mod hostile;
mod link;
mod methods;
mod micloud;
mod mqtt;
mod push;
mod quirks;
mod scene;
mod sockets;
mod yeelight_broken_clients;
mod yeelight_client;
mod yeelight_config;
mod yeelight_faults;
mod yeelight_flows;
mod yeelight_hostile;
mod yeelight_memory;
mod yeelight_methods;
mod yeelight_quota;
mod yeelight_realtime;
mod yeelight_search;
mod yeelight_sockets;
