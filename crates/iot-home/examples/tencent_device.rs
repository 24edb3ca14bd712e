//! A device of Tencent Cloud IoT, complete: it reports, tells an event, does what it is asked, keeps up with the shadow,
//! speaks for a device below it, and hears of firmware. It runs against a simulated platform.
//!
//! ```sh
//! cargo run -p iot-home --example tencent_device --features tencent,sim
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use futures_util::StreamExt;
use iot_home::mqtt::client::{Options, Session, Tls};
use iot_home::sim::mqtt::SimPlatform;
use iot_home::tencent::client::Event;
use iot_home::tencent::thing::event::Severity;
use iot_home::tencent::thing::ota::Progress;
use iot_home::tencent::{Device, Thing};
use serde_json::{Map, Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::new("YOURPROD01", "hub1", "7WmFA/MEs+Fy+32QwJWtYw==")?;
    let lock = Device::new("YOURPROD01", "lock1", "7WmFA/MEs+Fy+32QwJWtYw==")?;
    let platform =
        SimPlatform::builder().tencent(device.clone()).tencent(lock.clone()).spawn().await?;

    // At the cloud, `device.tls()` and `Options::new()` are all there is to say.
    let addr = platform.tls_addr();
    let login = device.tls().host(addr.ip().to_string())?.port(addr.port());
    let options = Options::new().tls(Tls::new().only_own_cas().ca_pem(platform.ca_pem())?);
    let session = Session::connect(login, options).await?;
    let hub = Thing::new(session, device.topics()).await?;

    hub.report(&json!({"power_switch": 0})).await?;
    hub.event("Started", Severity::Info, &json!({"after": "a power cut"})).await?;
    hub.update_shadow(&json!({"power_switch": 0}), None).await?;
    println!("the platform's clock shows {:?}", hub.time().await?);
    println!("log level {}", hub.log_level().await?);

    // A device below it, which reports under its own name.
    hub.gateway().bind(&lock).await?;
    let below = hub.gateway().online(&lock.topics()).await?;
    below.report(&json!({"locked": 1})).await?;

    // What follows happens at the other end.
    platform.set_properties(&device, &json!({"power_switch": 1}))?;
    platform.call_service(&device, "blink", &json!({"times": 3}))?;
    platform.offer_firmware(
        &device,
        json!({"version": "0.2", "file_size": 4096, "md5sum": "00", "url": "https://ota.example/2"}),
    )?;
    hub.firmware_version("0.1").await?;

    let mut events = hub.events();
    while let Some(event) = events.next().await {
        match event? {
            Event::Control(control) => {
                let values: Map<String, Value> = control.params()?;
                println!("asked to set {}", Value::Object(values.clone()));
                control.done().await?;
                hub.report(&values).await?;
            }
            Event::Action(action) if action.id() == "blink" => {
                println!("asked to blink: {}", action.json()?.text());
                action.reply(&json!({"blinked": 3})).await?;
            }
            Event::Firmware(firmware) => {
                println!("there is firmware {}: {} bytes", firmware.version, firmware.size);
                hub.firmware_progress(Progress::Done, &firmware.version).await?;
                hub.firmware_version(&firmware.version).await?;
                break;
            }
            // Whatever else is asked is refused when it is dropped here.
            _ => {}
        }
    }

    hub.gateway().offline(&below).await?;
    hub.close().await;
    let state = platform.thing(&device);
    println!("reported: {}", Value::Object(state.reported.clone()));
    println!("the lock reported: {}", Value::Object(platform.reported(&lock)));
    assert_eq!((&state.reported["power_switch"], &*state.versions[""]), (&json!(1), "0.2"));
    assert_eq!(platform.report().violations.total(), 0);
    Ok(())
}
