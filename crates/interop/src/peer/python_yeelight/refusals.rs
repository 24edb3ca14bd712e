//! What our bulbs refuse, and what python-yeelight makes of that.

use std::time::Duration;

use iot_home::sim::SimBulb;
use iot_home::sim::yeelight::Quota;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::{meet, searched};
use crate::dialogue::Dialogue;
use crate::peer::bulb::Client;
use crate::process::Failure;
use crate::tally::Tally;

pub(super) async fn play(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    commands(peer, tally).await?;
    quota(peer, tally).await?;
    connections(peer, tally).await?;
    lan_control(peer, tally).await
}

/// Methods that the bulb does not have, values that it does not take, and commands out of season.
async fn commands(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let white = SimBulb::white();
    let mut at = meet(peer, tally, Client::Python, white).await?;
    at.refused("set_rgb", json!([1, 2, 3]), -1, "method not supported").await?;
    at.refused("start_music", json!([]), -1, "method not supported").await?;
    let (code, text) = (-5000, "general error");
    at.refused("send_command", json!(["set_bright", [0, "sudden", 0]]), code, text).await?;
    at.refused("send_command", json!(["set_bright", [9, "smooth", 10]]), code, text).await?;
    at.refused("send_command", json!(["set_power", ["maybe", "sudden", 0]]), code, text).await?;
    let invalid = "invalid params";
    at.refused("send_command", json!(["set_bright", ["9", "sudden", 0]]), -5001, invalid).await?;
    at.refused("send_command", json!(["set_bright", [9]]), -5001, invalid).await?;
    at.call("turn_off", json!([]), json!({})).await?;
    at.refused("set_brightness", json!([50]), code, text).await?;
    at.agrees("after it was refused").await?;
    at.finish("refused commands", |wanted| {
        wanted.zero_id = 1;
        wanted.unsupported_method = 2;
        wanted.out_of_range = 3;
        wanted.wrong_param_type = 1;
        wanted.wrong_param_count = 1;
        wanted.off_command = 1;
    });

    // A bulb that stores by itself: nothing wrong with asking.
    let saving = SimBulb::color().property("save_state", 1);
    let mut at = meet(peer, tally, Client::Python, saving).await?;
    at.refused("set_default", json!([]), code, text).await?;
    at.finish("a bulb that stores by itself", |wanted| wanted.zero_id = 1);
    Ok(())
}

/// More commands in a minute than the bulb takes.
async fn quota(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let bulb = SimBulb::color().quota(Quota::new(3, 100));
    let mut at = meet(peer, tally, Client::Python, bulb).await?;
    for _ in 0..3 {
        at.agrees("within the quota").await?;
    }
    at.refused("get_properties", json!([]), -1, "client quota exceeded").await?;
    at.finish("the quota", |wanted| {
        wanted.zero_id = 1;
        wanted.quota = 1;
    });
    Ok(())
}

/// A fifth connection.
async fn connections(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let mut at = meet(peer, tally, Client::Python, SimBulb::color()).await?;
    let mut held = Vec::new();
    for _ in 0..4 {
        let stream = TcpStream::connect(at.bulb.addr()).await;
        held.push(stream.map_err(|error| Failure::new(format!("no connection: {error}")))?);
    }
    at.connections("four connections", 4).await;
    let fifth = at.call("get_properties", json!([]), json!({})).await?;
    at.tally.equal("a fifth connection", &fifth["error"]["type"], &json!("BulbException"));
    drop(held);
    at.connections("they are closed", 0).await;
    at.agrees("there is room again").await?;
    at.finish("connections", |wanted| wanted.too_many_connections = 1);
    Ok(())
}

/// A bulb that is not to be controlled from the network.
async fn lan_control(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let bulb = searched(SimBulb::color().lan_control(false), 3);
    let mut at = meet(peer, tally, Client::Python, bulb).await?;
    let refused = at.call("get_properties", json!([]), json!({})).await?;
    at.tally.equal("LAN control is off", &refused["error"]["type"], &json!("BulbException"));
    let silent = at.call_plainly("get_capabilities", json!([0.5])).await?;
    at.tally.equal("and no search is answered", silent, json!({"ok": null}));
    at.bulb.set_lan_control(true);
    // It listens a moment later.
    for _ in 0..100 {
        if TcpStream::connect(at.bulb.addr()).await.is_ok() {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    at.connections("nobody is connected", 0).await;
    at.agrees("LAN control is on").await?;
    at.finish("LAN control", |_| ());
    Ok(())
}
