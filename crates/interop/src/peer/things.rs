//! Devices of ours that do at a platform what the SDKs do there, and what is left of either.

use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::http::Client;
use iot_home::mqtt::client::{Options, Session};
use iot_home::tencent::thing::ota::Progress;
use iot_home::{aliyun, tencent};
use iot_home_sim::SimPlatform;
use iot_home_sim::mqtt::DeviceId;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::process::Failure;

/// Everything that is waited for comes sooner.
const SOON: Duration = Duration::from_secs(20);

/// What is reported, and told to the shadow.
pub(super) fn values() -> Value {
    json!({"Power": 1, "Name": "灯 \"7\""})
}

/// What an event says.
pub(super) fn output() -> Value {
    json!({"degrees": 91})
}

/// What a service is called with, and answers.
pub(super) fn inputs() -> Value {
    json!({"times": 3})
}

/// What the device below a gateway reports.
pub(super) fn sub_values() -> Value {
    json!({"temperature": 21.5})
}

/// What the platform keeps of a device. The shadow's version is anybody's: the SDK takes the time.
pub(super) fn state(platform: &SimPlatform, device: &DeviceId) -> Value {
    let state = platform.thing(device);
    let names = |ids: &std::collections::BTreeSet<DeviceId>| -> Vec<_> {
        ids.iter().map(ToString::to_string).collect()
    };
    // How often it is told how far a download is, is anybody's.
    let steps = state.progress.iter().filter(|step| !step.starts_with("downloading"));
    json!({
        "reported": state.reported, "events": state.events, "shadow": state.shadow.reported,
        "below": names(&state.sub_devices), "online": names(&state.online),
        "versions": state.versions, "progress": steps.collect::<Vec<_>>(),
    })
}

/// A gateway of Aliyun's: what is left of it and of the device below it, and its answer to a service.
pub(super) async fn aliyun(
    platform: &SimPlatform,
    hub: &aliyun::Device,
    sensor: &aliyun::Device,
) -> Result<(Vec<Value>, Value), Failure> {
    let addr = platform.tcp_addr();
    let login = hub.tcp().host(addr.ip().to_string()).map_err(made_up)?.port(addr.port());
    let session = Session::connect(login, Options::new()).await?;
    let thing = aliyun::Thing::new(session, hub.topics()).await.map_err(failed)?;
    thing.report(&values()).await.map_err(failed)?;
    thing.event("Overheated", &output()).await.map_err(failed)?;
    let change = aliyun::thing::shadow::Change::Update { reported: values(), version: 1 };
    thing.change_shadow(&change).await.map_err(failed)?;
    let id = platform.call_service(hub, "Blink", &inputs()).map_err(failed)?;
    let mut events = thing.events();
    while let Some(event) = timeout(SOON, events.next()).await.map_err(failed)? {
        if let aliyun::client::Event::Service(call) = event.map_err(failed)? {
            let inputs: Value = call.params().map_err(failed)?;
            call.reply(aliyun::thing::Code::SUCCESS, &inputs).await.map_err(failed)?;
            break;
        }
    }
    let answer = timeout(SOON, platform.answer_to(&id)).await.map_err(failed)?;
    let proof = sensor.sub_device();
    thing.gateway().add(std::slice::from_ref(&proof)).await.map_err(failed)?;
    let below = thing.gateway().login(&proof).await.map_err(failed)?;
    below.report(&sub_values()).await.map_err(failed)?;
    let states = [hub, sensor].map(|device| state(platform, &device.into()));
    thing.close().await;
    Ok((states.into(), answer))
}

/// A device of Tencent's: what is left of it, and its answers to a control and to an action.
pub(super) async fn tencent(
    platform: &SimPlatform,
    device: &tencent::Device,
) -> Result<(Value, [Value; 2]), Failure> {
    let addr = platform.tcp_addr();
    let login = device.tcp().host(addr.ip().to_string()).map_err(made_up)?.port(addr.port());
    let session = Session::connect(login, Options::new()).await?;
    let thing = tencent::Thing::new(session, device.topics()).await.map_err(failed)?;
    thing.report(&values()).await.map_err(failed)?;
    let control = platform.set_properties(device, &values()).map_err(failed)?;
    let action = platform.call_service(device, "Blink", &inputs()).map_err(failed)?;
    let mut events = thing.events();
    while let Some(event) = timeout(SOON, events.next()).await.map_err(failed)? {
        match event.map_err(failed)? {
            tencent::client::Event::Control(control) => control.done().await.map_err(failed)?,
            tencent::client::Event::Action(action) => {
                let inputs: Value = action.params().map_err(failed)?;
                action.reply(&inputs).await.map_err(failed)?;
                break;
            }
            _ => {}
        }
    }
    let answers = [
        timeout(SOON, platform.answer_to(&control)).await.map_err(failed)?,
        timeout(SOON, platform.answer_to(&action)).await.map_err(failed)?,
    ];
    let state = state(platform, &device.into());
    thing.close().await;
    Ok((state, answers))
}

/// Firmware that lies at the platform.
pub(super) fn image() -> Vec<u8> {
    b"iot-home".repeat(37_500)
}

/// The digest of [`image`], and one of something else.
pub(super) const DIGESTS: [&str; 2] =
    ["5799074275710a38128e10263e9c2be9", "d41d8cd98f00b204e9800998ecf8427e"];

/// There is firmware, whose digest may be announced wrongly.
pub(super) fn offer(
    platform: &SimPlatform,
    device: &DeviceId,
    is_right: bool,
) -> Result<(), Failure> {
    platform.put_file("firmware", image());
    let firmware = json!({
        "version": "2.0", "file_size": image().len(), "md5sum": DIGESTS[usize::from(!is_right)],
        "url": platform.file_url("firmware"),
    });
    platform.offer_firmware(device, firmware).map_err(failed)
}

/// A gateway of Tencent's with a device below it, and an upgrade that fails at first: what is left of both devices while that
/// one is there, and when it is gone.
pub(super) async fn tencent_gateway(
    platform: &SimPlatform,
    hub: &tencent::Device,
    sensor: &tencent::Device,
    run: &Path,
) -> Result<Vec<Value>, Failure> {
    let addr = platform.tcp_addr();
    let login = hub.tcp().host(addr.ip().to_string()).map_err(made_up)?.port(addr.port());
    let session = Session::connect(login, Options::new()).await?;
    let thing = tencent::Thing::new(session, hub.topics()).await.map_err(failed)?;
    let ids = [DeviceId::from(hub), DeviceId::from(sensor)];
    thing.gateway().bind(sensor).await.map_err(failed)?;
    let below = thing.gateway().online(&sensor.topics()).await.map_err(failed)?;
    below.report(&sub_values()).await.map_err(failed)?;

    let client = Client::new().map_err(failed)?;
    let file = run.join("our-firmware.bin");
    let mut events = thing.events();
    for is_right in [false, true] {
        offer(platform, &ids[0], is_right)?;
        thing.firmware_version("1.0").await.map_err(failed)?;
        let announced = loop {
            let event = timeout(SOON, events.next()).await.map_err(failed)?;
            let event = event.ok_or_else(|| failed("the session is over"))?.map_err(failed)?;
            if let tencent::client::Event::Firmware(announced) = event {
                break announced;
            }
        };
        let fetched = thing.fetch_firmware(&client, &announced, &file, 1 << 20).await;
        if fetched.is_ok() != is_right {
            return Err(failed(format!("firmware: {fetched:?}")));
        }
    }
    let is_whole = std::fs::read(&file).is_ok_and(|bytes| bytes == image());
    let _ = std::fs::remove_file(&file);
    if !is_whole {
        return Err(failed("firmware: another file"));
    }
    thing.firmware_progress(Progress::Done, "2.0").await.map_err(failed)?;
    thing.firmware_version("2.0").await.map_err(failed)?;
    let mut states: Vec<_> = ids.iter().map(|id| state(platform, id)).collect();
    thing.gateway().offline(&below).await.map_err(failed)?;
    thing.gateway().unbind([sensor.topics().address()]).await.map_err(failed)?;
    states.extend(ids.iter().map(|id| state(platform, id)));
    thing.close().await;
    Ok(states)
}

fn made_up(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("a device: {error}"))
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("our device: {error}"))
}
