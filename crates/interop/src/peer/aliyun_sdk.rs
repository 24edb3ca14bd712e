//! Aliyun's official Node SDK as the device, our simulated platform against it.
//!
//! It is a library, so a script of ours (`peers/aliyun_sdk.js`) does with it what it is told.

use std::path::{Path, PathBuf};

use iot_home::aliyun::{Device, Refusal, SignMethod};
use iot_home_sim::SimPlatform;
use iot_home_sim::mqtt::{Builder, DeviceId, LoginRefusal};
use serde_json::{Value, json};
use tokio::process::Command;

use super::platform::Exchange;
use super::things;
use crate::dialogue::Dialogue;
use crate::install::Peers;
use crate::process::Failure;
use crate::tally::Tally;

const SCRIPT: &str = "aliyun_sdk.js";
const PRODUCT_KEY: &str = "a1X2bEnP82z";
const DEVICE_NAME: &str = "lamp-1";
/// Made up.
const SECRET: &str = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
/// A device below it.
const SENSOR: &str = "sensor-1";
const OTHER_SECRET: &str = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSf";
/// Near to the largest payload that the platform takes.
const LARGE: usize = 200_000;

/// Lets it do what devices do, over TCP and TLS.
pub(crate) async fn play(peers: &Peers, run: &Path, tally: &mut Tally) -> Result<(), Failure> {
    let script = script(peers)?;
    for transport in [Transport::Tcp, Transport::Tls] {
        let platform = builder()?.spawn().await?;
        let mut command = Command::new("node");
        // It has no setting for CAs.
        let ca = run.join("aliyun-ca.pem");
        std::fs::write(&ca, platform.ca_pem()).map_err(|error| {
            Failure::new(format!("{} cannot be written: {error}", ca.display()))
        })?;
        command.arg(&script).env("NODE_EXTRA_CA_CERTS", &ca);
        let mut peer = Dialogue::start(transport.name(), &mut command, run).await?;
        let played = everyday(&mut peer, tally, platform, transport).await;
        peer.stop().await;
        played?;
    }
    let mut peer = Dialogue::start("aliyun-sdk", Command::new("node").arg(script), run).await?;
    let played = async {
        as_ours(&mut peer, tally).await?;
        wrong_secret(&mut peer, tally).await?;
        another_method(&mut peer, tally).await?;
        unknown_ca(&mut peer, tally).await
    };
    let played = played.await;
    peer.stop().await;
    played
}

#[derive(Clone, Copy)]
enum Transport {
    Tcp,
    Tls,
}

impl Transport {
    const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "aliyun-sdk-tcp",
            Self::Tls => "aliyun-sdk-tls",
        }
    }

    fn url(self, platform: &SimPlatform) -> String {
        match self {
            Self::Tcp => format!("mqtt://{}", platform.tcp_addr()),
            // The name is checked.
            Self::Tls => format!("mqtts://localhost:{}", platform.tls_addr().port()),
        }
    }
}

fn builder() -> Result<Builder, Failure> {
    let device = Device::new(PRODUCT_KEY, DEVICE_NAME, SECRET)
        .map_err(|error| Failure::new(format!("a device: {error}")))?;
    Ok(SimPlatform::builder().aliyun(device))
}

/// Writes the script to where the package is found.
fn script(peers: &Peers) -> Result<PathBuf, Failure> {
    let script = peers.node_folder().join(SCRIPT);
    std::fs::write(&script, include_str!("../../peers/aliyun_sdk.js")).map_err(|error| {
        Failure::new(format!("{} cannot be written: {error}", script.display()))
    })?;
    Ok(script)
}

fn connect(url: String, secret: &str, with: Value) -> Value {
    let mut options = json!({
        "productKey": PRODUCT_KEY,
        "deviceName": DEVICE_NAME,
        "deviceSecret": secret,
        "brokerUrl": url,
    });
    if let (Some(options), Some(with)) = (options.as_object_mut(), with.as_object()) {
        options.extend(with.clone());
    }
    json!({"do": "connect", "options": options})
}

/// A topic of the device.
fn sys(rest: &str) -> String {
    format!("/sys/{PRODUCT_KEY}/{DEVICE_NAME}/thing/{rest}")
}

/// Login, properties in both directions, an event, messages of its own, and a connection that is lost.
async fn everyday(
    peer: &mut Dialogue,
    tally: &mut Tally,
    platform: SimPlatform,
    transport: Transport,
) -> Result<(), Failure> {
    let url = transport.url(&platform);
    let device = DeviceId::aliyun(PRODUCT_KEY, DEVICE_NAME);
    let mut at = Exchange { peer, platform, device, tally };
    at.asks("it connects", connect(url, SECRET, json!({})), json!("connected")).await?;
    properties(&mut at).await?;
    custom(&mut at).await?;

    // With the login that it had.
    at.platform.disconnect_all();
    at.asks("it connects again", json!({"do": "again"}), json!("connected")).await?;
    let (device, filter) = (at.device.clone(), sys("service/property/set"));
    at.until("it subscribes again", |machine| machine.subscriptions(&device).contains(&filter))
        .await?;
    let params = json!({"Power": 1});
    at.sets(&params)?;
    let seen = at.peer.ask(json!({"do": "set"})).await?;
    at.tally.equal("properties are set again", &seen["ok"]["params"], &params);
    at.asks("it leaves", json!({"do": "end"}), json!(null)).await?;
    let report = at.platform.report();
    at.tally.equal("logins", (report.logins, report.refused), (2, 0));
    // With each connection it subscribes to the replies to a configuration, which are its own to send.
    at.finish(transport.name(), |wanted| wanted.forbidden_subscribe = 2);
    Ok(())
}

async fn properties(at: &mut Exchange<'_>) -> Result<(), Failure> {
    let params = json!({"Power": 1, "Name": "灯 \"7\""});
    let order = json!({"do": "post", "props": params});
    posted(at, order, "event/property/post", &params).await?;
    let reported = Value::from(at.platform.reported(&at.device));
    at.tally.equal("what the platform knows then", reported, params);
    let params = json!({"value": 91});
    let order = json!({"do": "event", "name": "Overheated", "params": params});
    posted(at, order, "event/Overheated/post", &params).await?;

    let params = json!({"Power": 0, "Name": "küche"});
    let id = at.sets(&params)?;
    let seen = at.peer.ask(json!({"do": "set"})).await?;
    let wanted = json!({"method": "thing.service.property.set", "id": id, "params": params});
    at.tally.includes("properties are set", &seen["ok"], &wanted);
    services(at).await
}

/// It posts something, and makes what it should of the reply.
async fn posted(
    at: &mut Exchange<'_>,
    order: Value,
    path: &str,
    params: &Value,
) -> Result<(), Failure> {
    let answer = at.peer.ask(order).await?;
    let asked = at.published(&sys(path)).await?.json().unwrap_or_default();
    let method = format!("thing.{}", path.replace('/', "."));
    let wanted = json!({"params": params, "method": method, "version": "1.0"});
    at.tally.includes(&format!("{path}: as it came"), &asked, &wanted);
    let wanted = json!({"id": asked["id"], "code": 200, "data": {}, "message": "success"});
    at.tally.includes(&format!("{path}: the reply as it came"), &answer["ok"], &wanted);
    Ok(())
}

/// Services that are called and answered on a topic of their own, and by RRPC.
async fn services(at: &mut Exchange<'_>) -> Result<(), Failure> {
    for (name, way) in [("Blink", "async"), ("Glow", "sync")] {
        at.asks("a service", json!({"do": "service", "name": name, "way": way}), json!(null))
            .await?;
        let params = json!({"times": 3});
        let (id, answer) = if way == "sync" {
            let call = json!({"id": "77", "version": "1.0", "params": params,
                "method": format!("thing.service.{name}")});
            ("77".into(), at.rrpc(&call).await?)
        } else {
            let (device, topic) = (at.device.clone(), sys(&format!("service/{name}")));
            at.until("it subscribes", |machine| machine.subscriptions(&device).contains(&topic))
                .await?;
            let id = at.calls(name, &params)?;
            let answer = at.answered(&id).await?;
            (id, answer)
        };
        let wanted = json!({"id": id, "code": 200, "data": params});
        at.tally.equal(&format!("a service, {way}"), answer, wanted);
    }
    Ok(())
}

async fn custom(at: &mut Exchange<'_>) -> Result<(), Failure> {
    let topic = |name: &str| format!("/{PRODUCT_KEY}/{DEVICE_NAME}/user/{name}");
    for (qos, length) in [(0, 5), (1, 5), (1, LARGE)] {
        let name = topic(&format!("up-{qos}-{length}"));
        let payload = "x".repeat(length);
        let order = json!({"do": "publish", "topic": name, "payload": payload, "qos": qos});
        at.asks("it publishes", order, json!(null)).await?;
        let came = at.published(&name).await?;
        let seen = (came.qos, came.payload.len(), came.text() == Some(payload.as_str()));
        at.tally.equal("its message as it came", seen, (qos, length, true));

        let name = topic(&format!("down-{qos}-{length}"));
        let order = json!({"do": "subscribe", "topic": name, "qos": 1});
        at.asks("it subscribes", order, json!([{"topic": name, "qos": 1}])).await?;
        at.platform.publish(&name, &payload, qos);
        let wanted = json!({"text": payload[..length.min(100)], "length": length});
        at.asks("it receives", json!({"do": "message", "topic": name}), wanted).await?;
    }
    Ok(())
}

/// It is a gateway, and leaves the same behind as ours does.
async fn as_ours(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let made_up = |error| Failure::new(format!("a device: {error}"));
    let hub = Device::new(PRODUCT_KEY, DEVICE_NAME, SECRET).map_err(made_up)?;
    let sensor = Device::new(PRODUCT_KEY, SENSOR, OTHER_SECRET).map_err(made_up)?;
    let builder = || SimPlatform::builder().aliyun(hub.clone()).aliyun(sensor.clone());
    let platform = builder().spawn().await?;
    let order = connect(Transport::Tcp.url(&platform), SECRET, json!({"gateway": true}));
    let device = DeviceId::aliyun(PRODUCT_KEY, DEVICE_NAME);
    let mut at = Exchange { peer, platform, device, tally };
    at.asks("a gateway connects", order, json!("connected")).await?;
    let (filter, shadow) =
        (sys("topo/add_reply"), format!("/shadow/get/{PRODUCT_KEY}/{DEVICE_NAME}"));
    let id = at.device.clone();
    at.until("it subscribes", |machine| {
        let filters = machine.subscriptions(&id);
        filters.contains(&filter) && filters.contains(&shadow)
    })
    .await?;
    at.peer.ask(json!({"do": "post", "props": things::values()})).await?;
    let output = json!({"value": things::output()});
    at.peer.ask(json!({"do": "event", "name": "Overheated", "params": output})).await?;
    at.peer.ask(json!({"do": "shadow", "reported": things::values()})).await?;
    at.asks("a service", json!({"do": "service", "name": "Blink", "way": "async"}), json!(null))
        .await?;
    let topic = sys("service/Blink");
    let id = at.device.clone();
    at.until("it subscribes", |machine| machine.subscriptions(&id).contains(&topic)).await?;
    let call = at.calls("Blink", &things::inputs())?;
    let mut answer = at.answered(&call).await?;
    let sub =
        json!({"productKey": PRODUCT_KEY, "deviceName": SENSOR, "deviceSecret": OTHER_SECRET});
    for order in ["add", "login"] {
        let told = at.peer.ask(json!({"do": order, "device": sub})).await?;
        at.tally.equal(&format!("a device below it: {order}"), &told["ok"]["code"], &json!(200));
    }
    at.peer.ask(json!({"do": "sub_post", "props": things::sub_values()})).await?;
    let id = DeviceId::from(&sensor);
    at.until("it reports", |machine| !machine.thing(&id).reported.is_empty()).await?;
    let theirs = at.states(&[&DeviceId::from(&hub), &id]);

    let ours = builder().spawn().await?;
    let (mine, mut ours_answer) = things::aliyun(&ours, &hub, &sensor).await?;
    at.tally.equal("what is left of both gateways", &mine, &theirs);
    // Their ids are the platforms', and what stands beside is anybody's.
    for answer in [&mut answer, &mut ours_answer] {
        *answer = json!({"code": answer["code"], "data": answer["data"]});
    }
    at.tally.equal("what both answer", ours_answer, answer);
    at.tally.equal("what was wrong with ours", ours.report().violations.total(), 0);
    let report = ours.report();
    at.tally.exchanged(report.logins, report.received + report.sent);
    at.asks("it leaves", json!({"do": "end"}), json!(null)).await?;
    // The replies to a configuration, as above, and those of the device below it.
    at.finish("a gateway", |wanted| wanted.forbidden_subscribe = 2);
    Ok(())
}

/// It tells, and tries on; the platform says why.
async fn wrong_secret(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let platform = builder()?.spawn().await?;
    let order = connect(Transport::Tcp.url(&platform), OTHER_SECRET, json!({}));
    let device = DeviceId::aliyun(PRODUCT_KEY, DEVICE_NAME);
    let mut at = Exchange { peer, platform, device, tally };
    refused(&mut at, "a wrong secret", order, &Refusal::Signature).await
}

/// It announces the method that it is told and signs by another.
async fn another_method(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let platform = builder()?.spawn().await?;
    let order = connect(Transport::Tcp.url(&platform), SECRET, json!({"signAlgorithm": "sha256"}));
    let device = DeviceId::aliyun(PRODUCT_KEY, DEVICE_NAME);
    let mut at = Exchange { peer, platform, device, tally };
    let why =
        Refusal::OtherMethod { announced: SignMethod::HmacSha256, used: SignMethod::HmacSha1 };
    refused(&mut at, "another method", order, &why).await
}

async fn refused(
    at: &mut Exchange<'_>,
    what: &str,
    order: Value,
    why: &Refusal,
) -> Result<(), Failure> {
    let wanted = json!("Connection refused: Bad username or password");
    at.asks(what, order, wanted).await?;
    at.peer.ask(json!({"do": "end"})).await?;
    let report = at.platform.report();
    let wanted = LoginRefusal::Aliyun(why.clone());
    at.tally.check(
        &format!("{what}: the platform knows why"),
        report.logins == 0
            && report.refused >= 1
            && report.refusals.iter().all(|(_, refusal)| *refusal == wanted),
        &report.refusals,
    );
    Ok(())
}

/// The platform's certificate is not one that it trusts.
async fn unknown_ca(peer: &mut Dialogue, tally: &mut Tally) -> Result<(), Failure> {
    let platform = builder()?.spawn().await?;
    let order = connect(Transport::Tls.url(&platform), SECRET, json!({}));
    let answer = peer.ask(order).await?;
    peer.ask(json!({"do": "end"})).await?;
    let said = answer["ok"].as_str().unwrap_or_default();
    let names_it = said.contains("certificate");
    tally.check("an unknown CA", names_it && platform.report().logins == 0, &answer);
    Ok(())
}
