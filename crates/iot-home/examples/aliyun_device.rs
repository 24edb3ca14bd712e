//! A device of Aliyun IoT, complete: it reports, tells an event, does what it is asked, keeps up with desired values and
//! the shadow, speaks for a device below it, and hears of firmware. It runs against a simulated platform.
//!
//! ```sh
//! cargo run -p iot-home --example aliyun_device --features aliyun,sim
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use futures_util::StreamExt;
use iot_home::aliyun::client::Event;
use iot_home::aliyun::thing::Code;
use iot_home::aliyun::thing::ota::Progress;
use iot_home::aliyun::thing::shadow::Change;
use iot_home::aliyun::{Device, Thing};
use iot_home::mqtt::client::{Options, Session, Tls};
use iot_home::sim::mqtt::SimPlatform;
use serde_json::{Map, Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::new("a1X2bEnP82z", "hub-1", "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe")?;
    let sensor = Device::new("a1X2bEnP82z", "sensor-1", "sub1sub1sub1sub1sub1sub1sub1sub1")?;
    let platform =
        SimPlatform::builder().aliyun(device.clone()).aliyun(sensor.clone()).spawn().await?;

    // At the cloud, `device.tls()` and `Options::new()` are all there is to say.
    let addr = platform.tls_addr();
    let login = device.tls().host(addr.ip().to_string())?.port(addr.port());
    let options = Options::new().tls(Tls::new().only_own_cas().ca_pem(platform.ca_pem())?);
    let session = Session::connect(login, options).await?;
    let hub = Thing::new(session, device.topics()).await?;

    hub.report(&json!({"power": 0})).await?;
    hub.event("started", &json!({"after": "a power cut"})).await?;
    hub.change_shadow(&Change::Update { reported: json!({"power": 0}), version: 1 }).await?;
    println!("the platform's clock shows {:?}", hub.time().await?);

    // What was wanted while it was away.
    platform.desire(&device, json!({"power": 1}).as_object().ok_or("an object")?)?;
    for (name, wish) in hub.desired(&["power"]).await? {
        println!("{name} is to be {}", wish.value);
        hub.forget_desired(&[(&name, wish.version)]).await?;
    }

    // A device below it, which reports under its own name.
    let proof = sensor.sub_device();
    hub.gateway().add(std::slice::from_ref(&proof)).await?;
    let below = hub.gateway().login(&proof).await?;
    below.report(&json!({"temperature": 21.5})).await?;

    // What follows happens at the other end.
    platform.set_properties(&device, &json!({"power": 1}))?;
    platform.call_service(&device, "blink", &json!({"times": 3}))?;
    platform.offer_firmware(
        &device,
        json!({"version": "2.0.0", "size": 4096, "url": "https://ota.example/2", "signMethod": "Md5", "sign": "00"}),
    )?;
    hub.firmware_version("1.0.0", None).await?;

    let mut events = hub.events();
    while let Some(event) = events.next().await {
        match event? {
            Event::PropertySet(set) => {
                let values: Map<String, Value> = set.params()?;
                println!("asked to set {}", Value::Object(values.clone()));
                set.done().await?;
                hub.report(&values).await?;
            }
            Event::Service(call) if call.service() == Some("blink") => {
                println!("asked to blink: {}", call.json()?.text());
                call.reply(Code::SUCCESS, &json!({"blinked": 3})).await?;
            }
            Event::Firmware(firmware) => {
                println!("there is firmware {}: {:?}", firmware.version, firmware.files);
                hub.firmware_progress(Progress::Percent(100), "", None).await?;
                hub.firmware_version(&firmware.version, None).await?;
                break;
            }
            // Whatever else is asked is refused when it is dropped here.
            _ => {}
        }
    }

    hub.gateway().logout(&below).await?;
    hub.close().await;
    let state = platform.thing(&device);
    println!("reported: {}", Value::Object(state.reported.clone()));
    println!("the sensor reported: {}", Value::Object(platform.reported(&sensor)));
    assert_eq!((&state.reported["power"], &*state.versions[""]), (&json!(1), "2.0.0"));
    assert_eq!(platform.report().violations.total(), 0);
    Ok(())
}
