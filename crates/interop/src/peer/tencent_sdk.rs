//! Tencent's official Python SDK as the device, our simulated platform against it.
//!
//! It is a library, so a script of ours (`peers/tencent_sdk.py`) does with it what it is told. Its TLS cannot be used:
//! it makes a context for servers, which no Python since 3.10 takes for a connection.

use std::path::{Path, PathBuf};

use iot_home::tencent::{Device, Refusal};
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

const PRODUCT_ID: &str = "YOURPROD01";
const DEVICE_NAME: &str = "lamp1";
/// Made up.
const PSK: &str = "7WmFA/MEs+Fy+32QwJWtYw==";
/// The device below it.
const SENSOR_NAME: &str = "sensor1";
const SENSOR_PSK: &str = "9WmFA/MEs+Fy+32QwJWtYw==";
const OTHER_PSK: &str = "8WmFA/MEs+Fy+32QwJWtYw==";
/// Near to the largest payload that the platform takes, in quotation marks.
const LARGE: usize = 16_000;
/// How long a login that is refused is waited for: it is never told.
const PATIENCE: u32 = 4;

/// Lets it do what devices do.
pub(crate) async fn play(
    peers: &Peers,
    run: &Path,
    script: &Path,
    tally: &mut Tally,
) -> Result<(), Failure> {
    for (name, psk) in [("tencent-sdk", PSK), ("tencent-sdk-wrong", OTHER_PSK)] {
        let file = device_file(run, name, psk)?;
        // It takes one device in a process.
        let mut python = Command::new(peers.tencent_python());
        let mut peer = Dialogue::start(name, python.arg(script), run).await?;
        let played = if psk == PSK {
            everyday(&mut peer, tally, &file, run).await
        } else {
            wrong_psk(&mut peer, tally, &file).await
        };
        peer.stop().await;
        played?;
    }
    Ok(())
}

/// What the console hands out.
fn device_file(run: &Path, name: &str, psk: &str) -> Result<PathBuf, Failure> {
    let device = json!({
        "auth_mode": "KEY",
        "productId": PRODUCT_ID,
        "productSecret": "YOUR_PRODUCT_SECRET",
        "deviceName": DEVICE_NAME,
        "key_deviceinfo": {"deviceSecret": psk},
        "cert_deviceinfo": {"devCaFile": "", "devCertFile": "", "devPrivateKeyFile": ""},
        "region": "china",
        "subDev": {
            "subdev_num": 1,
            "subdev_list": [{"sub_productId": PRODUCT_ID, "sub_devName": SENSOR_NAME}],
        },
    });
    crate::save(run, &format!("{name}.json"), &device.to_string())
}

fn builder() -> Result<Builder, Failure> {
    Ok(SimPlatform::builder().tencent(device(DEVICE_NAME, PSK)?).tencent(sensor()?))
}

fn device(name: &str, psk: &str) -> Result<Device, Failure> {
    Device::new(PRODUCT_ID, name, psk).map_err(|error| Failure::new(format!("a device: {error}")))
}

fn sensor() -> Result<Device, Failure> {
    device(SENSOR_NAME, SENSOR_PSK)
}

fn connect(platform: &SimPlatform, file: &Path, patience: u32) -> Value {
    json!({
        "do": "connect",
        "file": file,
        "domain": ".iotcloud.tencentdevices.com",
        "port": platform.tcp_addr().port(),
        "patience": patience,
    })
}

/// Login, properties in both directions, messages of its own, and a connection that is lost.
async fn everyday(
    peer: &mut Dialogue,
    tally: &mut Tally,
    file: &Path,
    run: &Path,
) -> Result<(), Failure> {
    // It tries again sooner than the platform allows.
    let platform = builder()?.reconnect_limit(false).spawn().await?;
    let device = DeviceId::tencent(PRODUCT_ID, DEVICE_NAME);
    let order = connect(&platform, file, 15);
    let mut at = Exchange { peer, platform, device, tally };
    at.asks("it connects", order, json!(true)).await?;
    at.asks("it subscribes", json!({"do": "template"}), json!([0, 0, 0, 0])).await?;
    properties(&mut at).await?;
    as_ours(&mut at).await?;
    gateway_as_ours(&mut at, run).await?;
    custom(&mut at).await?;

    at.platform.disconnect_all();
    let device = at.device.clone();
    at.until("it connects again", |machine| {
        machine.report().logins == 2 && machine.is_connected(&device)
    })
    .await?;
    at.asks("it knows that", json!({"do": "again"}), json!(true)).await?;
    at.asks("it leaves", json!({"do": "disconnect"}), json!(null)).await?;
    at.until("it is gone", |machine| !machine.is_connected(&device)).await?;
    let report = at.platform.report();
    at.tally.equal("logins", (report.logins, report.refused), (2, 0));
    at.finish("an everyday device", |wrong| {
        // As they were to be.
        wrong.no_topology = 1;
        wrong.sub_device_signature = 1;
    });
    Ok(())
}

async fn properties(at: &mut Exchange<'_>) -> Result<(), Failure> {
    let up = format!("$thing/up/property/{PRODUCT_ID}/{DEVICE_NAME}");
    let params = json!({"power_switch": 1, "name": "灯 \"7\""});
    let answer = at.peer.ask(json!({"do": "report", "params": params})).await?;
    let asked = at.published(&up).await?.json().unwrap_or_default();
    let wanted = json!({"method": "report", "params": params});
    at.tally.includes("properties as they are reported", &asked, &wanted);
    let reply = json!({"method": "report_reply", "clientToken": asked["clientToken"], "code": 0,
        "status": "success"});
    at.tally.equal("what it makes of the reply", answer, json!({"ok": [asked, reply]}));
    let reported = Value::from(at.platform.reported(&at.device));
    at.tally.equal("what the platform knows then", reported, params);

    let params = json!({"power_switch": 0});
    let token = at.sets(&params)?;
    let control = json!({"method": "control", "clientToken": token, "params": params});
    at.asks("properties are set", json!({"do": "control"}), control).await?;
    // Without a method: the SDK leaves it out.
    let wanted = json!({"code": 0, "clientToken": token, "status": "done"});
    let mut replied = None;
    at.until("it replies", |machine| {
        let from_it = machine.messages().filter(|message| message.from.is_some());
        replied = from_it.filter(|message| message.topic == up).nth(1).and_then(|it| it.json());
        replied.is_some()
    })
    .await?;
    at.tally.equal("its reply", replied, Some(wanted));

    at.asks("it takes questions", json!({"do": "rrpc"}), json!(0)).await?;
    let question = json!({"ask": "灯", "times": 3});
    let answer = at.rrpc(&question).await?;
    at.tally.equal("its answer", answer, json!({"answer": question}));
    // In milliseconds, by what it takes for the same formula.
    let time = at.peer.ask(json!({"do": "time"})).await?;
    let (time, wanted) = (time["ok"].as_f64().unwrap_or(0.0), at.platform.time().as_millis());
    let off = (wanted as f64 - time).abs();
    at.tally.check("the platform's time", off < 5_000.0, (time, wanted));
    Ok(())
}

/// It leaves the same behind as ours does.
async fn as_ours(at: &mut Exchange<'_>) -> Result<(), Failure> {
    at.peer.ask(json!({"do": "report", "params": things::values()})).await?;
    let control = at.sets(&things::values())?;
    at.peer.ask(json!({"do": "control"})).await?;
    let action = at.calls("Blink", &things::inputs())?;
    at.asks("an action", json!({"do": "action"}), things::inputs()).await?;
    let answers = [at.answered(&control).await?, at.answered(&action).await?];
    let theirs = at.states(&[&at.device.clone()]).remove(0);

    let platform = builder()?.spawn().await?;
    let device = device(DEVICE_NAME, PSK)?;
    let (mut ours, our_answers) = things::tencent(&platform, &device).await?;
    // What was reported before, and is still known.
    if let (Some(ours), Some(theirs)) =
        (ours["reported"].as_object_mut(), theirs["reported"].as_object())
    {
        let values = things::values();
        for (name, value) in theirs.iter().filter(|(name, _)| values.get(name).is_none()) {
            ours.entry(name).or_insert_with(|| value.clone());
        }
    }
    at.tally.equal("what is left of both", ours, theirs);
    // Words and ids are anybody's.
    let told = |answers: [Value; 2]| {
        answers.map(|answer| json!({"code": answer["code"], "response": answer["response"]}))
    };
    at.tally.equal("what both answer", told(our_answers), told(answers));
    let report = platform.report();
    at.tally.equal("what was wrong with ours", report.violations.total(), 0);
    at.tally.exchanged(report.logins, report.received + report.sent);
    Ok(())
}

/// The same with a device below it, and with firmware: its digest is announced wrongly at first, and then the SDK goes on
/// with the first part of what it has.
async fn gateway_as_ours(at: &mut Exchange<'_>, run: &Path) -> Result<(), Failure> {
    let ids = [at.device.clone(), DeviceId::from(&sensor()?)];
    let sub = json!([PRODUCT_ID, SENSOR_NAME]);
    let below = |what: &str| json!({"do": "below", "what": what, "sub": sub});
    at.asks("it begins with gateways", json!({"do": "gateway"}), json!(0)).await?;
    let bind = |psk: &str| json!({"do": "below", "what": "bind", "sub": sub, "secret": psk});
    at.asks("it binds a device", bind(SENSOR_PSK), json!(true)).await?;
    at.asks("the device is there", below("online"), json!(true)).await?;
    let template = json!({"do": "template", "sub": sub});
    at.asks("it subscribes for it", template, json!([0, 0, 0, 0])).await?;
    let report = json!({"do": "report", "sub": sub, "params": things::sub_values()});
    let answer = at.peer.ask(report).await?;
    at.tally.equal("the device reports", &answer["ok"][1]["code"], &json!(0));

    for (is_right, from) in [(false, 0), (true, 100_000)] {
        things::offer(&at.platform, &at.device, is_right)?;
        at.asks("it begins with firmware", json!({"do": "ota"}), json!(0)).await?;
        let heard =
            json!({"type": "report_version_rsp", "result_code": 0, "result_msg": "success"});
        at.asks("its version", json!({"do": "version", "version": "1.0"}), heard).await?;
        let fetched = json!([things::image().len(), is_right]);
        at.asks("it fetches", json!({"do": "firmware", "from": from}), fetched).await?;
    }
    at.asks("it is upgraded", json!({"do": "upgraded"}), json!(0)).await?;
    at.peer.ask(json!({"do": "version", "version": "2.0"})).await?;
    let steps = at.platform.thing(&at.device).progress;
    let whole = steps.iter().filter(|step| *step == "downloading 100").count();
    at.tally.check("how far it was", whole == 2, &steps);
    at.tally.equal("what it fetched", at.platform.report().downloads, 2);
    let mut theirs = at.states(&[&ids[0], &ids[1]]);
    at.asks("the device is gone", below("offline"), json!(true)).await?;
    at.asks("it unbinds it", below("unbind"), json!(true)).await?;
    theirs.extend(at.states(&[&ids[0], &ids[1]]));
    // Last: what it was refused it takes for the answer to its next question as well.
    at.asks("it binds with a wrong key", bind(OTHER_PSK), json!(false)).await?;
    at.asks("a device that is not bound is there", below("online"), json!(false)).await?;

    let platform = builder()?.spawn().await?;
    let (hub, sensor) = (device(DEVICE_NAME, PSK)?, sensor()?);
    let mut ours = things::tencent_gateway(&platform, &hub, &sensor, run).await?;
    // What was reported before is another exchange's.
    for states in [&mut ours, &mut theirs] {
        for hub in states.iter_mut().step_by(2) {
            hub["reported"] = json!(null);
        }
    }
    at.tally.equal("what is left of both gateways", &ours, &theirs);
    let told = json!(["fail -4", "done"]);
    at.tally.equal("how both upgrades went", &ours[0]["progress"], &told);
    let report = platform.report();
    at.tally.equal("what was wrong with our gateway", report.violations.total(), 0);
    at.tally.exchanged(report.logins, report.received + report.sent);
    Ok(())
}

async fn custom(at: &mut Exchange<'_>) -> Result<(), Failure> {
    let topic = |name: &str| format!("{PRODUCT_ID}/{DEVICE_NAME}/{name}");
    for (qos, length) in [(0, 5), (1, 5), (1, LARGE)] {
        let name = topic(&format!("up-{qos}-{length}"));
        let payload = json!("x".repeat(length));
        let order = json!({"do": "publish", "topic": name, "payload": payload, "qos": qos});
        at.asks("it publishes", order, json!(null)).await?;
        let came = at.published(&name).await?;
        let seen = (came.qos, came.json() == Some(payload.clone()));
        at.tally.equal("its message as it came", seen, (qos, true));

        let name = topic(&format!("down-{qos}-{length}"));
        let order = json!({"do": "subscribe", "topic": name, "qos": 1});
        at.asks("it subscribes", order, json!(1)).await?;
        at.platform.publish(&name, payload.to_string(), qos);
        at.asks("it receives", json!({"do": "message"}), json!([name, payload, qos])).await?;
    }
    Ok(())
}

/// It never tells, and tries on; the platform says why.
async fn wrong_psk(peer: &mut Dialogue, tally: &mut Tally, file: &Path) -> Result<(), Failure> {
    let platform = builder()?.reconnect_limit(false).spawn().await?;
    let answer = peer.ask(connect(&platform, file, PATIENCE)).await?;
    tally.equal("a wrong key: it does not connect", answer, json!({"ok": false}));
    let report = platform.report();
    let wanted = LoginRefusal::Tencent(Refusal::Signature);
    tally.check(
        "a wrong key: the platform knows why",
        report.logins == 0
            && report.refused >= 1
            && report.refusals.iter().all(|(_, refusal)| *refusal == wanted),
        &report.refusals,
    );
    Ok(())
}
