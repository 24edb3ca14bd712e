//! mosquitto as the broker, our session against it, with paho-mqtt as the other client there.

mod aliyun_things;
mod broker;
mod certificates;
mod platform;
mod secured;
mod tencent_things;

use std::path::Path;

use iot_home::mqtt::MqttLogin;
use iot_home::mqtt::client::{ErrorKind, Message, Options, Qos, Session};
use serde_json::{Value, json};
use tokio::process::Command;

pub(crate) use self::broker::version;
use self::broker::{Broker, PASSWORD, USERNAME};
use super::session::{Client, message};
use crate::dialogue::Dialogue;
use crate::install::Peers;
use crate::process::Failure;
use crate::relay::Relay;
use crate::tally::Tally;

/// Larger than what brokers and clients buffer.
const LARGE: usize = 200_000;
const LEVELS: [Qos; 3] = [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce];

/// Messages of every kind, lost connections, a broker that begins anew, refusals, and TLS.
pub(crate) async fn play(
    peers: &Peers,
    run: &Path,
    script: &Path,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let mut broker = Broker::start(run).await?;
    let mut python = Command::new(peers.tencent_python());
    let mut witness = Dialogue::start("witness", python.arg(script), run).await?;
    let played = async {
        messages(&broker, &mut witness, tally).await?;
        lost(&mut broker, &mut witness, tally).await?;
        refused(&broker, tally).await?;
        aliyun_things::play(broker.port, &mut witness, tally).await?;
        tencent_things::play(broker.port, &mut witness, tally).await?;
        secured::play(&broker, &mut witness, tally).await
    };
    let played = played.await.map_err(|failure| broker.failure(&failure));
    witness.stop().await;
    broker.stop().await;
    played
}

fn login(port: u16) -> MqttLogin {
    let mut login = MqttLogin::new("127.0.0.1", port, "lamp-1");
    login.username = Some(USERNAME.into());
    login.password = Some(String::from(PASSWORD).into());
    login
}

/// Lets the other client in, with everything of ours subscribed to.
async fn meet(witness: &mut Dialogue, port: u16, tally: &mut Tally) -> Result<(), Failure> {
    let order = json!({"do": "connect", "client": "witness", "port": port,
        "username": USERNAME, "password": PASSWORD});
    tally.equal("the witness connects", witness.ask(order).await?, json!({"ok": 0}));
    let order = json!({"do": "subscribe", "topic": "up/#", "qos": 2});
    tally.equal("the witness subscribes", witness.ask(order).await?, json!({"ok": [2]}));
    Ok(())
}

/// What the witness says of a message.
fn seen(message: &Message) -> Value {
    let retain = message.retain;
    json!({"ok": [message.topic, message.qos.get(), retain, message.payload.len(), true]})
}

/// Has the witness send a message.
fn order(message: &Message) -> Value {
    json!({"do": "publish", "topic": message.topic, "length": message.payload.len(),
        "qos": message.qos.get(), "retain": message.retain})
}

/// A message each way.
async fn both_ways(
    what: &str,
    (length, qos): (usize, Qos),
    client: &mut Client,
    witness: &mut Dialogue,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let up = message("up/lamp-1", length, qos);
    client.sends(up.clone()).await?;
    let came = witness.ask(json!({"do": "message"})).await?;
    tally.equal(&format!("{what}: a message of ours"), came, seen(&up));
    let down = message("down/lamp-1", length, qos);
    let sent = witness.ask(order(&down)).await?;
    tally.equal(&format!("{what}: the witness sends"), sent, json!({"ok": null}));
    client.receives(&format!("{what}: a message to us"), &down, tally).await
}

async fn messages(
    broker: &Broker,
    witness: &mut Dialogue,
    tally: &mut Tally,
) -> Result<(), Failure> {
    meet(witness, broker.port, tally).await?;
    let options = Options::new();
    let mut client = Client::connect("TCP", login(broker.port), options, tally).await?;
    let granted = client.session.subscribe("down/#", Qos::ExactlyOnce).await?;
    tally.equal("what is granted", granted, Qos::ExactlyOnce);
    for qos in LEVELS {
        for length in [0, 5, LARGE] {
            let what = format!("{length} bytes, QoS {qos}");
            both_ways(&what, (length, qos), &mut client, witness, tally).await?;
        }
    }
    // Many in flight at once.
    let sending = (0..100).map(|number| {
        client.session.send(message(&format!("up/many/{number}"), number, Qos::AtLeastOnce))
    });
    futures_util::future::try_join_all(sending).await?;
    for number in 0..100 {
        let wanted = message(&format!("up/many/{number}"), number, Qos::AtLeastOnce);
        let came = witness.ask(json!({"do": "message"})).await?;
        tally.equal("one of many", came, seen(&wanted));
        client.messages += 1;
    }
    // What the broker keeps is there for those who come later.
    let kept = message("kept/lamp-1", 5, Qos::AtLeastOnce).retain(true);
    client.sends(kept.clone()).await?;
    client.session.subscribe("kept/+", Qos::AtLeastOnce).await?;
    client.receives("a retained message", &kept, tally).await?;
    client.session.unsubscribe("down/#").await?;
    witness.ask(order(&message("down/nobody", 5, Qos::AtLeastOnce))).await?;
    client.session.subscribe("down/+", Qos::AtLeastOnce).await?;
    both_ways("after unsubscribing", (5, Qos::AtLeastOnce), &mut client, witness, tally).await?;
    client.leave(tally).await?;
    witness.ask(json!({"do": "disconnect"})).await.map(drop)
}

/// A line that is cut, with messages that wait on either side, and a broker that has forgotten everything.
async fn lost(
    broker: &mut Broker,
    witness: &mut Dialogue,
    tally: &mut Tally,
) -> Result<(), Failure> {
    meet(witness, broker.port, tally).await?;
    let line = Relay::to(broker.port).await?;
    let mut login = login(line.port());
    login.clean_session = false;
    let will = message("up/will", 7, Qos::AtLeastOnce);
    let options = Options::new().will(will.clone());
    let mut client = Client::connect("a kept session", login, options, tally).await?;
    client.session.subscribe("down/#", Qos::AtLeastOnce).await?;

    line.cut();
    client.disconnected("the line is cut", tally).await?;
    let came = witness.ask(json!({"do": "message"})).await?;
    tally.equal("the will", came, seen(&will));
    let away = message("down/away", LARGE, Qos::AtLeastOnce);
    witness.ask(order(&away)).await?;
    let waiting = client.session.handle();
    let up = message("up/away", LARGE, Qos::AtLeastOnce);
    let copy = up.clone();
    let waiting = tokio::spawn(async move { waiting.send(copy).await });
    line.mend();
    client.connected("the line is mended", true, tally).await?;
    client.receives("what came in between", &away, tally).await?;
    waiting.await.map_err(|error| Failure::new(format!("a message that waits: {error}")))??;
    client.messages += 1;
    let came = witness.ask(json!({"do": "message"})).await?;
    tally.equal("what we sent in between", came, seen(&up));

    broker.restart().await?;
    client.disconnected("the broker ends", tally).await?;
    client.connected("the broker begins anew", false, tally).await?;
    // The one that has gone with the broker.
    witness.ask(json!({"do": "disconnect"})).await?;
    meet(witness, broker.port, tally).await?;
    // Subscriptions are made anew without a word, behind the login.
    let barrier = message("up/barrier", 0, Qos::AtLeastOnce);
    client.sends(barrier.clone()).await?;
    tally.equal("ours", witness.ask(json!({"do": "message"})).await?, seen(&barrier));
    both_ways("after a restart", (5, Qos::AtLeastOnce), &mut client, witness, tally).await?;
    client.leave(tally).await?;
    witness.ask(json!({"do": "disconnect"})).await.map(drop)
}

async fn refused(broker: &Broker, tally: &mut Tally) -> Result<(), Failure> {
    let mut wrong = login(broker.port);
    wrong.password = Some(String::from("another").into());
    let error = Session::connect(wrong, Options::new()).await.err();
    tally.equal("a wrong password", error.map(|error| error.kind()), Some(ErrorKind::Auth));
    let mut nameless = login(broker.port);
    nameless.client_id.clear();
    nameless.clean_session = false;
    let error = Session::connect(nameless, Options::new()).await.err();
    // Ours says so before the broker does.
    tally.equal("no client id", error.map(|error| error.kind()), Some(ErrorKind::BadInput));
    Ok(())
}
