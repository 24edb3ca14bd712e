//! What the demo does with clouds. Each step says what it saw, or what was not as it should be.

use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::mqtt::client::{ErrorKind, Event, Message, Qos, Session};
use serde_json::{Value, json};
use tokio::time::{self, Instant};

use super::clouds::Clouds;
use super::steps::{check, expect, millis};
use super::told;

/// Both devices, logged in.
pub(super) struct Online {
    kettle: Session,
    curtain: Session,
}

pub(super) async fn log_in(clouds: &Clouds) -> Result<(Online, String), String> {
    let started = Instant::now();
    let (kettle, curtain) = tokio::try_join!(
        clouds.connect(clouds.kettle.login.clone()),
        clouds.connect(clouds.curtain.login.clone()),
    )
    .map_err(told)?;
    let took = started.elapsed();
    for filter in [KETTLE_REPLY, KETTLE_SET] {
        kettle.subscribe(filter, Qos::AtLeastOnce).await.map_err(told)?;
    }
    curtain.subscribe(CURTAIN_DOWN, Qos::AtLeastOnce).await.map_err(told)?;
    let report = clouds.platform.report();
    expect("logins", &json!(report.logins), Some(json!(2)))?;
    expect("refused logins", &json!(report.refused), Some(json!(0)))?;
    let told = format!(
        "the kettle logs in to Aliyun and the curtain to Tencent, over TLS and within {}",
        millis(took)
    );
    Ok((Online { kettle, curtain }, told))
}

pub(super) async fn report(clouds: &Clouds, online: &mut Online) -> Result<String, String> {
    let started = Instant::now();
    let params = json!({ "temperature": 92 });
    let post = json!({ "id": "1", "version": "1.0", "params": params, "method": POST });
    online.kettle.publish(KETTLE_POST, post.to_string()).await.map_err(told)?;
    let answer = hear(&mut online.kettle, KETTLE_REPLY).await?;
    expect("the answer to the kettle", &answer["code"], Some(json!(200)))?;
    let moved = json!({ "position": 40 });
    let report = json!({ "method": "report", "clientToken": "1", "params": moved });
    online.curtain.publish(CURTAIN_UP, report.to_string()).await.map_err(told)?;
    let answer = hear(&mut online.curtain, CURTAIN_DOWN).await?;
    expect("the answer to the curtain", &answer["code"], Some(json!(0)))?;
    let took = started.elapsed();
    let reported = |id| Some(Value::Object(clouds.platform.reported(id)));
    expect("what the kettle reported", &params, reported(&clouds.kettle.id))?;
    expect("what the curtain reported", &moved, reported(&clouds.curtain.id))?;
    Ok(format!(
        "the kettle reports {params}, the curtain {moved}; both are acknowledged and answered within {}",
        millis(took)
    ))
}

pub(super) async fn set(clouds: &Clouds, online: &mut Online) -> Result<String, String> {
    let params = json!({ "power": 0 });
    let started = Instant::now();
    let id = clouds
        .platform
        .set_properties(&clouds.kettle.id, &params)
        .map_err(|error| error.to_string())?;
    let asked = hear(&mut online.kettle, KETTLE_SET).await?;
    let took = started.elapsed();
    expect("what is to be set", &asked["params"], Some(params.clone()))?;
    let answer = json!({ "code": 200, "data": {}, "id": id, "message": "success" });
    online.kettle.publish(KETTLE_SET_REPLY, answer.to_string()).await.map_err(told)?;
    let heard = clouds.platform.messages();
    let heard = heard.iter().rev().find(|message| message.topic == KETTLE_SET_REPLY);
    expect("the kettle's answer", &answer, heard.and_then(|message| message.json()))?;
    Ok(format!(
        "the platform sets {params} of the kettle, which hears of it within {} and answers",
        millis(took)
    ))
}

/// A message whose acknowledgement is lost with the connection arrives all the same.
pub(super) async fn in_flight(clouds: &Clouds, online: &mut Online) -> Result<String, String> {
    let platform = &clouds.platform;
    let before = platform.report();
    platform.set_faults(iot_home::sim::mqtt::Faults::seed(1).lost_acks(1));
    let post =
        json!({ "id": "2", "version": "1.0", "params": { "temperature": 95 }, "method": POST });
    let handle = online.kettle.handle();
    let started = Instant::now();
    let sending = handle.send(Message::new(KETTLE_POST, post.to_string()));
    let cutting = async {
        platform.until(|sim| sim.report().lost_acks > before.lost_acks).await;
        platform.disconnect_all();
        Ok(())
    };
    let both = async { tokio::try_join!(async { sending.await.map_err(told) }, cutting) };
    time::timeout(PATIENCE, both).await.map_err(|_| "not acknowledged in time")??;
    let took = started.elapsed();
    let lost = heard(&mut online.kettle, |event| matches!(event, Event::Disconnected { .. }));
    lost.await?;
    let report = platform.report();
    expect("logins", &json!(report.logins - before.logins), Some(json!(1)))?;
    // Nobody could tell whether it had arrived.
    expect("arrivals", &json!(report.received - before.received), Some(json!(2)))?;
    let temperature = platform.reported(&clouds.kettle.id).remove("temperature");
    expect("the temperature", &json!(95), temperature)?;
    Ok(format!(
        "the connection is cut while a report waits for its acknowledgement; after {} the kettle is back, has \
         sent it again, and it is acknowledged",
        millis(took)
    ))
}

pub(super) async fn wrong_secret(clouds: &Clouds) -> Result<String, String> {
    let before = clouds.platform.report();
    let error = match clouds.connect(clouds.stranger.clone()).await {
        Ok(_) => return Err("a wrong secret was let in".into()),
        Err(error) => error,
    };
    check(error.kind() == ErrorKind::Auth, || format!("not for the secret: {error}"))?;
    // Time for another attempt, if there were one.
    time::sleep(Duration::from_millis(150)).await;
    let refused = clouds.platform.report().refused - before.refused;
    expect("refused logins", &json!(refused), Some(json!(1)))?;
    Ok(format!(
        "a stranger with the kettle's name is refused once, and does not try again: {error}"
    ))
}

/// The next message on a topic, as JSON.
async fn hear(session: &mut Session, topic: &str) -> Result<Value, String> {
    let is = |event: &Event| matches!(event, Event::Message(message) if message.topic == topic);
    match heard(session, is).await? {
        Event::Message(message) => {
            serde_json::from_slice(&message.payload).map_err(|error| error.to_string())
        }
        _ => Err("it is no message".into()),
    }
}

/// The next event of this sort.
async fn heard(session: &mut Session, is: impl Fn(&Event) -> bool) -> Result<Event, String> {
    let listening = async {
        while let Some(event) = session.next().await {
            match event {
                Ok(event) if is(&event) => return Ok(event),
                Ok(_) => {}
                Err(error) => return Err(told(error)),
            }
        }
        Err("the session has ended".into())
    };
    time::timeout(PATIENCE, listening).await.map_err(|_| "nothing is heard".to_owned())?
}

const PATIENCE: Duration = Duration::from_secs(3);
const POST: &str = "thing.event.property.post";
const KETTLE_POST: &str = "/sys/a1X2bEnP82z/kettle/thing/event/property/post";
const KETTLE_REPLY: &str = "/sys/a1X2bEnP82z/kettle/thing/event/property/post_reply";
const KETTLE_SET: &str = "/sys/a1X2bEnP82z/kettle/thing/service/property/set";
const KETTLE_SET_REPLY: &str = "/sys/a1X2bEnP82z/kettle/thing/service/property/set_reply";
const CURTAIN_UP: &str = "$thing/up/property/YOURPROD01/curtain";
const CURTAIN_DOWN: &str = "$thing/down/property/YOURPROD01/curtain";
