//! python-miio's `miot-simulator` as the device, our client against it.

use std::path::Path;

use iot_home::miio::{ActionInput, Device, Discovery, Request};
use iot_home::{ActionId, MiotCode, PropertyId};
use serde_json::{Value, json};

use super::miiocli::Miiocli;
use super::ours::LIGHT;
use super::simulator::{ADDR, Simulator, TOKEN};
use crate::install::Peers;
use crate::process::Failure;
use crate::tally::Tally;

/// The model the simulator is told to be. Its did and MAC address are made of the model's MD5.
const MODEL: &str = LIGHT;
const DID: u32 = 0xfcb0_e0c3;
const MAC: &str = "fc:b0:e0:c3:41:1a";

/// Runs the simulator on the specification lying at `spec`.
pub(crate) async fn play(
    peers: &Peers,
    run: &Path,
    spec: &Path,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let arguments = ["miot-simulator", "--model", MODEL, "--file", &spec.to_string_lossy()];
    let simulator =
        Simulator::start(peers, &run.join("miot-simulator.log"), &arguments, DID, tally).await?;
    let device = simulator.device();
    let said = exchange(peers, run, &device, tally).await;
    simulator.stop(tally).await;
    said
}

async fn exchange(
    peers: &Peers,
    run: &Path,
    device: &Device,
    tally: &mut Tally,
) -> Result<(), Failure> {
    found(tally).await?;
    // Its miIO.info lacks the "result" around the answer.
    let info = device.info().await?;
    tally.equal("the model of its info", info.model.as_deref(), Some(MODEL));
    tally.equal("the MAC address of its info", info.mac.as_deref(), Some(MAC));
    properties(device, tally).await?;
    refusals(device, tally).await?;
    actions(device, tally).await?;
    many(device, tally).await?;

    // The peer is asked twice what is in it now: over a method of its own, and by its own client.
    let dump: Value = device.call("dump_properties", json!({"siid": 2})).await?;
    let values: Vec<&Value> =
        dump.as_array().into_iter().flatten().filter_map(|item| item.get("value")).collect();
    tally.equal("what it holds", json!(values), json!([true, 55, 1, LABEL]));
    let cli = Miiocli::new(peers, run, ADDR, TOKEN);
    let seen = cli.get_property(2, 2).await?;
    tally.equal("what its own client reads", seen.get("value"), Some(&json!(55)));
    Ok(())
}

/// Not ASCII, and with each character that JSON gives a meaning.
const LABEL: &str = "Küche \"7\" \\ 灯,,\t:00";

async fn found(tally: &mut Tally) -> Result<(), Failure> {
    use futures_util::StreamExt;

    let mut search = Discovery::builder().targets([ADDR]).count(1).start()?;
    let found = search.next().await;
    tally.equal("a search finds", found.map(|found| found.did), Some(u64::from(DID).into()));
    tally.exchanged(1, 0);
    Ok(())
}

async fn properties(device: &Device, tally: &mut Tally) -> Result<(), Failure> {
    let on = PropertyId::new(2, 1);
    let brightness = PropertyId::new(2, 2);
    let mode = PropertyId::new(2, 3);
    let label = PropertyId::new(2, 4);
    for (order, ids) in [("forwards", [on, brightness]), ("backwards", [brightness, on])] {
        let results = device.get_properties(ids).await?;
        let answered: Vec<_> = results.iter().map(|result| result.id).collect();
        tally.equal(&format!("properties asked {order}"), answered, ids.to_vec());
        let types = results.iter().all(|result| match &result.value {
            Some(Value::Bool(_)) => result.id == on,
            Some(Value::Number(_)) => result.id == brightness,
            _ => false,
        });
        tally.check("types of the properties", types, &results);
    }
    let wanted =
        [(on, json!(true)), (brightness, json!(55)), (mode, json!(1)), (label, json!(LABEL))];
    // It answers with one zero for all of them.
    match device.set_properties(wanted.clone()).await {
        Ok(set) => tally.check("set", set.iter().all(|result| result.code.is_ok()), &set),
        Err(error) => tally.fail(error),
    }
    let read = device.get_properties(wanted.clone().map(|(id, _)| id)).await?;
    for ((id, value), result) in wanted.into_iter().zip(&read) {
        tally.equal(&format!("{id} read back"), result.value.as_ref(), Some(&value));
    }
    Ok(())
}

async fn refusals(device: &Device, tally: &mut Tally) -> Result<(), Failure> {
    let unknown = device.get_properties([PropertyId::new(9, 9)]).await?;
    let codes: Vec<_> = unknown.iter().map(|result| result.code).collect();
    tally.equal("an unknown property", codes, vec![MiotCode::new(-1000)]);

    let refused = device.set_properties([(PropertyId::new(2, 2), json!(500))]).await;
    tally.equal("a value out of range", code(refused), Some(-3));
    let refused = device.call::<Value>("no_such_method", json!([])).await;
    tally.equal("an unknown method", code(refused), Some(-2));
    Ok(())
}

async fn actions(device: &Device, tally: &mut Tally) -> Result<(), Failure> {
    let toggled = device.action(ActionId::new(2, 1), ActionInput::None).await?;
    tally.check("an action", toggled.code.is_ok(), &toggled);
    let dimmed = device.action(ActionId::new(2, 2), ActionInput::in_order([json!(44)])).await?;
    tally.check("an action with a value", dimmed.code.is_ok(), &dimmed);
    // It knows this one of the two dialects only.
    let refused = device.action(ActionId::new(2, 2), ActionInput::piids([(2, json!(44))])).await;
    tally.equal("an action with a piid", code(refused), Some(-3));
    Ok(())
}

/// More properties than fit into a request, one request after the other, and several at a time.
async fn many(device: &Device, tally: &mut Tally) -> Result<(), Failure> {
    let cells: Vec<_> = (1..=24).map(|piid| PropertyId::new(3, piid)).collect();
    let results = device.get_properties(cells.iter().copied()).await?;
    let values: Vec<_> = results.iter().filter_map(|result| result.value.clone()).collect();
    let wanted: Vec<_> = (1..=24).map(|piid| json!(format!("piid {piid}"))).collect();
    tally.equal("24 properties", values, wanted.clone());

    for (cell, wanted) in cells.iter().zip(&wanted) {
        let value: Value = device.get(*cell).await?;
        tally.equal("one by one", &value, wanted);
    }
    let at_once = cells.iter().map(|cell| device.get::<Value>(*cell));
    let values = futures_util::future::try_join_all(at_once).await?;
    tally.equal("several at a time", values, wanted);

    // A request that carries text from outside is not touched on its way.
    let did = "text \u{7f} with , and \"";
    let items = json!([{"did": did, "siid": 3, "piid": 1}]);
    let reply = device.request(Request::new("get_properties", items)?).await?;
    let echoed = reply.value()?.pointer("/0/did").cloned();
    tally.equal("text sent and echoed", echoed, Some(json!(did)));
    Ok(())
}

fn code<T>(outcome: Result<T, iot_home::miio::Error>) -> Option<i64> {
    outcome.err()?.device_error()?.code
}
