//! The platforms of MQTT: what they refuse, what they answer, and what goes wrong when it is to.

mod answers;
mod broken_clients;
mod certificates;
mod config;
mod faults;
mod firmware;
mod gateways;
mod hostile;
mod http;
mod logins;
mod memory;
mod permissions;
mod registered_below;
mod sessions;
mod sockets;
mod things;
mod wire;

use std::time::Duration;

use iot_home_aliyun as aliyun;
use iot_home_sim::mqtt::{Builder, DeviceId, SimPlatform};
use iot_home_tencent as tencent;

const KEY: &str = "a1X2bEnP82z";
const NAME: &str = "lamp-1";
const SECRET: &str = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
const PRODUCT: &str = "YOURPROD01";
const LAMP: &str = "lamp1";
const PSK: &str = "7WmFA/MEs+Fy+32QwJWtYw==";
/// What the wall clock shows at first.
const TIME: Duration = Duration::from_secs(1_600_000_000);

fn aliyun_device() -> aliyun::Device {
    aliyun::Device::new(KEY, NAME, SECRET).unwrap()
}

fn tencent_device() -> tencent::Device {
    tencent::Device::new(PRODUCT, LAMP, PSK).unwrap()
}

fn aliyun_id() -> DeviceId {
    DeviceId::aliyun(KEY, NAME)
}

fn tencent_id() -> DeviceId {
    DeviceId::tencent(PRODUCT, LAMP)
}

/// One device of each cloud, and a plain account.
fn both() -> Builder {
    let builder = SimPlatform::builder().aliyun(aliyun_device()).tencent(tencent_device());
    builder.account("me", "correct horse").time(TIME)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
