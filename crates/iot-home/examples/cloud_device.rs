//! A device of a cloud: it logs in over TLS, reports, is told what to do, and stays when the connection is lost. It
//! runs against a simulated platform.
//!
//! ```sh
//! cargo run -p iot-home --example cloud_device --features aliyun,sim
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use futures_util::StreamExt;
use iot_home::aliyun::Device;
use iot_home::mqtt::client::{Event, Options, Qos, Session, Tls};
use iot_home::sim::mqtt::{DeviceId, SimPlatform};
use serde_json::{Value, json};

const POST: &str = "/sys/a1X2bEnP82z/lamp-1/thing/event/property/post";
const SET: &str = "/sys/a1X2bEnP82z/lamp-1/thing/service/property/set";
const SET_REPLY: &str = "/sys/a1X2bEnP82z/lamp-1/thing/service/property/set_reply";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::new("a1X2bEnP82z", "lamp-1", "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe")?;
    let platform = SimPlatform::builder().aliyun(device.clone()).spawn().await?;

    // At the cloud, `device.tls()` and `Options::new()` are all there is to say.
    let addr = platform.tls_addr();
    let login = device.tls().host(addr.ip().to_string())?.port(addr.port());
    let tls = Tls::new().only_own_cas().ca_pem(platform.ca_pem())?;
    let options =
        Options::new().tls(tls).backoff(Duration::from_millis(100), Duration::from_secs(60));
    let mut session = Session::connect(login, options).await?;

    session.subscribe(SET, Qos::AtLeastOnce).await?;
    let report = |power: u8| json!({ "id": "1", "version": "1.0", "params": { "power": power } });
    // Returns when the platform has it.
    session.publish(POST, report(0).to_string()).await?;
    println!("reported: {}", Value::Object(platform.reported(&device)));

    // What follows happens at the other end, and to the network in between.
    platform.disconnect_all();
    platform.until(|sim| !sim.subscriptions(&DeviceId::from(&device)).is_empty()).await;
    platform.set_properties(&device, &json!({ "power": 1 }))?;

    while let Some(event) = session.next().await {
        match event? {
            Event::Connected { .. } => println!("connected"),
            Event::Disconnected { error, retry_after, .. } => {
                println!("{error}; the next attempt is made after {retry_after:?}");
            }
            Event::Message(message) => {
                let asked: Value = serde_json::from_slice(&message.payload)?;
                println!("asked to set {}", asked["params"]);
                let answer = json!({ "id": asked["id"], "code": 200, "data": {} });
                session.publish(SET_REPLY, answer.to_string()).await?;
                session.publish(POST, report(1).to_string()).await?;
                break;
            }
            _ => {}
        }
    }
    println!("reported: {}", Value::Object(platform.reported(&device)));
    session.close().await;
    Ok(())
}
