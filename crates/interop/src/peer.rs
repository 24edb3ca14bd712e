//! The peers, one file each: what is said to them and what they have to answer.

pub(crate) mod aedes;
pub(crate) mod aliyun_sdk;
pub(crate) mod bulb;
pub(crate) mod mi_cloud;
pub(crate) mod miio_simulator;
pub(crate) mod miiocli;
pub(crate) mod miot_simulator;
pub(crate) mod mosquitto;
pub(crate) mod node_mihome;
pub(crate) mod ours;
mod platform;
pub(crate) mod push_server;
mod python_faults;
pub(crate) mod python_miio;
pub(crate) mod python_yeelight;
mod session;
mod simulator;
pub(crate) mod tencent_sdk;
mod things;
pub(crate) mod xiaomi_gateway;
pub(crate) mod yeelight_awesome;
