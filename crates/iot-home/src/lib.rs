#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

#[doc(inline)]
pub use iot_home_core as core;
pub use iot_home_core::{
    ActionId, ActionResult, Did, EventId, MiotCode, PropertyId, PropertyResult, Secret,
};

#[cfg(feature = "aliyun")]
#[doc(inline)]
pub use iot_home_aliyun as aliyun;
#[cfg(feature = "http")]
#[doc(inline)]
pub use iot_home_http as http;
#[cfg(feature = "discovery")]
#[doc(inline)]
pub use iot_home_hub as hub;
#[cfg(feature = "discovery")]
#[doc(inline)]
pub use iot_home_hub::discover;
#[cfg(feature = "lumi")]
#[doc(inline)]
pub use iot_home_lumi as lumi;
#[cfg(feature = "micloud")]
#[doc(inline)]
pub use iot_home_micloud as micloud;
#[cfg(feature = "miio")]
#[doc(inline)]
pub use iot_home_miio as miio;
#[cfg(feature = "miot")]
#[doc(inline)]
pub use iot_home_miot as miot;
#[cfg(feature = "mqtt")]
#[doc(inline)]
pub use iot_home_mqtt as mqtt;
#[cfg(feature = "sim")]
#[doc(inline)]
pub use iot_home_sim as sim;
#[cfg(feature = "tencent")]
#[doc(inline)]
pub use iot_home_tencent as tencent;
#[cfg(feature = "yeelight")]
#[doc(inline)]
pub use iot_home_yeelight as yeelight;
