//! python-miio's `miio-simulator` as the device, our client against it.

use std::path::Path;

use iot_home::miio::Device;
use serde_json::{Value, json};

use super::ours::HUMIDIFIER;
use super::simulator::Simulator;
use crate::install::Peers;
use crate::process::Failure;
use crate::tally::Tally;

const MODEL: &str = HUMIDIFIER;
const DID: u32 = 0x038d_4bab;

/// Runs the simulator on the description lying at `description`.
pub(crate) async fn play(
    peers: &Peers,
    run: &Path,
    description: &Path,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let arguments = ["miio-simulator", "--model", MODEL, "--file", &description.to_string_lossy()];
    let simulator =
        Simulator::start(peers, &run.join("miio-simulator.log"), &arguments, DID, tally).await?;
    let device = simulator.device();
    let said = exchange(&device, tally).await;
    simulator.stop(tally).await;
    said
}

async fn exchange(device: &Device, tally: &mut Tally) -> Result<(), Failure> {
    tally.equal("the model of its info", device.info().await?.model.as_deref(), Some(MODEL));
    let values = device.get_prop(&["power", "limit_hum", "depth"]).await?;
    tally.equal("properties", values, vec![json!("off"), json!(40), json!(120)]);
    for (method, value) in [("set_power", json!("on")), ("set_limit_hum", json!(70))] {
        let result: Value = device.call(method, [value]).await?;
        tally.equal(method, result, json!(["ok"]));
    }
    let values = device.get_prop(&["limit_hum", "power", "child_lock"]).await?;
    tally.equal("read back", values, vec![json!(70), json!("on"), json!("off")]);
    let timer: Value = device.call("get_timer", json!([])).await?;
    tally.equal("a fixed answer", timer, json!([{"on": true, "min": 7}]));
    let toggled: Value = device.call("toggle", json!([])).await?;
    tally.equal("a request that is not repeated", toggled, json!(["ok"]));

    let refused = device.get_prop(&["no_such_property"]).await.err();
    let code = refused.as_ref().and_then(|error| error.device_error()?.code);
    tally.equal("an unknown property", code, Some(-3));

    for humidity in 30..=80 {
        let _: Value = device.call("set_limit_hum", [humidity]).await?;
        let read = device.get_prop(&["limit_hum"]).await?;
        tally.equal("set and read", read, vec![json!(humidity)]);
    }
    Ok(())
}
