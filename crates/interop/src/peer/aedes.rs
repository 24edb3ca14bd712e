//! aedes as the broker of either cloud, our session against it, with logins that node's own cryptography verifies.
//!
//! It is a library, so a script of ours (`peers/aedes.js`) does with it what it is told.

use std::path::{Path, PathBuf};
use std::time::Duration;

use iot_home::mqtt::Signer;
use iot_home::mqtt::client::{ErrorKind, Message, Options, Qos, Session};
use iot_home::{aliyun, tencent};
use serde_json::{Value, json};
use tokio::process::Command;

use super::session::{Client, message};
use crate::dialogue::Dialogue;
use crate::install::Peers;
use crate::process::Failure;
use crate::tally::Tally;

const SCRIPT: &str = "aedes.js";
const PRODUCT_KEY: &str = "a1X2bEnP82z";
const PRODUCT_ID: &str = "YOURPROD01";
/// Made up.
const SECRET: &str = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
const PSK: &str = "7WmFA/MEs+Fy+32QwJWtYw==";
/// The same with a letter changed.
const OTHER_SECRET: &str = "ha7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
const OTHER_PSK: &str = "8WmFA/MEs+Fy+32QwJWtYw==";
const HOST: &str = "127.0.0.1";

/// Logs in as devices of both clouds, and with wrong secrets.
pub(crate) async fn play(peers: &Peers, run: &Path, tally: &mut Tally) -> Result<(), Failure> {
    let script = script(peers)?;
    for cloud in [Cloud::Aliyun, Cloud::Tencent] {
        let mut command = Command::new("node");
        let mut broker = Dialogue::start(cloud.name(), command.arg(&script), run).await?;
        let played = everyday(cloud, &mut broker, tally).await;
        broker.stop().await;
        played?;
    }
    Ok(())
}

/// Writes the script to where the package is found.
fn script(peers: &Peers) -> Result<PathBuf, Failure> {
    let script = peers.node_folder().join(SCRIPT);
    std::fs::write(&script, include_str!("../../peers/aedes.js")).map_err(|error| {
        Failure::new(format!("{} cannot be written: {error}", script.display()))
    })?;
    Ok(script)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cloud {
    Aliyun,
    Tencent,
}

impl Cloud {
    const fn name(self) -> &'static str {
        match self {
            Self::Aliyun => "aedes-aliyun",
            Self::Tencent => "aedes-tencent",
        }
    }

    /// The device as the broker knows it.
    fn device(self) -> Value {
        match self {
            Self::Aliyun => json!({"productKey": PRODUCT_KEY, "deviceName": "lamp-1",
                "deviceSecret": SECRET}),
            Self::Tencent => json!({"productId": PRODUCT_ID, "deviceName": "lamp1", "psk": PSK}),
        }
    }

    /// The login of the device, or one with a wrong secret.
    fn login(self, port: u16, right: bool) -> Result<Box<dyn Signer + Send>, Failure> {
        let made = match self {
            Self::Aliyun => aliyun(port, if right { SECRET } else { OTHER_SECRET }),
            Self::Tencent => tencent(port, if right { PSK } else { OTHER_PSK }),
        };
        made.map_err(|error| Failure::new(format!("a login: {error}")))
    }

    /// A topic of the device, up or down.
    fn topic(self, up: bool) -> String {
        match (self, up) {
            (Self::Aliyun, true) => format!("/sys/{PRODUCT_KEY}/lamp-1/thing/event/property/post"),
            (Self::Aliyun, false) => {
                format!("/sys/{PRODUCT_KEY}/lamp-1/thing/service/property/set")
            }
            (Self::Tencent, true) => format!("$thing/up/property/{PRODUCT_ID}/lamp1"),
            (Self::Tencent, false) => format!("$thing/down/property/{PRODUCT_ID}/lamp1"),
        }
    }

    /// The largest payload that the cloud takes.
    const fn largest(self) -> usize {
        match self {
            Self::Aliyun => 256 * 1024,
            Self::Tencent => 16 * 1024,
        }
    }

    /// How the user name begins.
    const fn user(self) -> &'static str {
        match self {
            Self::Aliyun => "lamp-1&a1X2bEnP82z",
            Self::Tencent => "YOURPROD01lamp1;",
        }
    }
}

fn aliyun(port: u16, secret: &str) -> Result<Box<dyn Signer + Send>, aliyun::InvalidField> {
    let device = aliyun::Device::new(PRODUCT_KEY, "lamp-1", secret)?;
    let login = device.tcp().host(HOST)?.port(port).timestamp(aliyun::Timestamp::Millis);
    Ok(Box::new(login.clean_session(false)))
}

fn tencent(port: u16, psk: &str) -> Result<Box<dyn Signer + Send>, tencent::InvalidField> {
    let device = tencent::Device::new(PRODUCT_ID, "lamp1", psk)?;
    let login = device.tcp().host(HOST)?.port(port).expiry(tencent::Expiry::HOUR);
    Ok(Box::new(login.clean_session(false)))
}

async fn everyday(cloud: Cloud, broker: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let name = cloud.name();
    let listening = broker.ask(json!({"do": "listen", "devices": [cloud.device()]})).await?;
    let port = listening["ok"].as_u64().and_then(|port| u16::try_from(port).ok());
    let port = port.ok_or_else(|| Failure::new(format!("{name}: no port: {listening}")))?;

    let wrong = Session::connect(cloud.login(port, false)?, Options::new()).await.err();
    let kind = wrong.map(|error| error.kind());
    tally.equal(&format!("{name}: a wrong secret"), kind, Some(ErrorKind::Auth));

    let options = Options::new().backoff(Duration::from_millis(100), Duration::from_secs(1));
    let mut client = Client::connect(name, cloud.login(port, true)?, options, tally).await?;
    client.session.subscribe(cloud.topic(false), Qos::AtLeastOnce).await?;
    for qos in [Qos::AtMostOnce, Qos::AtLeastOnce] {
        for length in [5, cloud.largest()] {
            both_ways(cloud, (length, qos), &mut client, broker, tally).await?;
        }
    }
    beyond(cloud, &client, tally).await;
    // Behind the acknowledgement of the last message: otherwise that may come again.
    client.sends(message(&cloud.topic(true), 0, Qos::AtLeastOnce)).await?;
    broker.ask(json!({"do": "message", "topic": cloud.topic(true)})).await?;

    broker.ask(json!({"do": "drop"})).await?;
    client.disconnected(&format!("{name}: it is dropped"), tally).await?;
    client.connected(&format!("{name}: it connects again"), true, tally).await?;
    both_ways(cloud, (5, Qos::AtLeastOnce), &mut client, broker, tally).await?;
    client.leave(tally).await?;

    let wanted = json!({"ok": {"admitted": 2, "passwords": 2, "refused": ["wrong signature"]}});
    tally.equal(&format!("{name}: logins"), broker.ask(json!({"do": "logins"})).await?, wanted);
    Ok(())
}

/// A message each way.
async fn both_ways(
    cloud: Cloud,
    (length, qos): (usize, Qos),
    client: &mut Client,
    broker: &mut Dialogue,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let name = cloud.name();
    let up = message(&cloud.topic(true), length, qos);
    client.sends(up.clone()).await?;
    let mut came = broker.ask(json!({"do": "message", "topic": up.topic})).await?;
    let user = came["ok"]["user"].take();
    let known = user.as_str().is_some_and(|user| user.starts_with(cloud.user()));
    tally.check(&format!("{name}: whose message it is"), known, user);
    let wanted = json!({"ok": {"qos": qos.get(), "length": length, "right": true, "user": null}});
    tally.equal(&format!("{name}: {length} bytes of ours, QoS {qos}"), came, wanted);

    let down = message(&cloud.topic(false), length, qos);
    let order = json!({"do": "publish", "topic": down.topic, "qos": qos.get(), "length": length});
    broker.ask(order).await?;
    client.receives(&format!("{name}: {length} bytes to us, QoS {qos}"), &down, tally).await
}

/// What the cloud would refuse is not sent.
async fn beyond(cloud: Cloud, client: &Client, tally: &mut Tally) {
    let topic = cloud.topic(true);
    let twice: Message = message(&topic, 5, Qos::ExactlyOnce);
    for message in [
        message(&topic, cloud.largest() + 1, Qos::AtLeastOnce),
        twice,
        message(&topic, 5, Qos::AtLeastOnce).retain(true),
        message("+/everybody", 5, Qos::AtLeastOnce),
    ] {
        let refused = client.session.send(message).await.err().map(|error| error.kind());
        tally.equal("what the cloud does not take", refused, Some(ErrorKind::BadInput));
    }
}
