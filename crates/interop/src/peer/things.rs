//! Devices of ours that do at a platform what the SDKs do there, and what is left of either.

use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::mqtt::client::{Options, Session};
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
    json!({
        "reported": state.reported, "events": state.events, "shadow": state.shadow.reported,
        "below": names(&state.sub_devices), "online": names(&state.online),
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

fn made_up(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("a device: {error}"))
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("our device: {error}"))
}
