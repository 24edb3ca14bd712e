//! What the demo does with bulbs. Each step says what it saw, or what was not as it should be.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::yeelight::client::{Change, RealtimeKind};
use iot_home::yeelight::{
    Bulb, Changes, Discovery, Effect, ErrorKind, Flow, FlowEnd, Light, Property, PropertyValue,
    QuotaPolicy, Rgb, Sighting, Step,
};
use serde_json::json;
use tokio::time::{self, Instant};

use super::bulbs::{Bulbs, Member, patient};
use super::steps::{check, expect, millis};
use super::told;

pub(super) async fn search(bulbs: &Bulbs) -> Result<(Vec<Sighting>, String), String> {
    let started = Instant::now();
    let members = bulbs.members();
    let mut search = Discovery::builder()
        .targets(members.map(|member| member.bulb.search_addr()))
        .count(members.len())
        .on_wire(bulbs.observer())
        .start()
        .map_err(told)?;
    let mut found = Vec::new();
    while let Some(bulb) = search.next().await {
        found.push(bulb);
    }
    let took = started.elapsed();
    for member in members {
        let is = |found: &&Sighting| found.id() == member.bulb.id();
        let seen = found.iter().find(is).ok_or(format!("the {} was not found", member.name))?;
        expect("name", &json!(seen.name()), Some(json!(member.name)))?;
        expect("address", &json!(seen.addr()), Some(json!(member.bulb.addr())))?;
    }
    let told = format!(
        "{} of {} bulbs answered a search, the last after {}, each with its name and its state",
        found.len(),
        members.len(),
        millis(took),
    );
    Ok((found, told))
}

/// One connection sets a colour, the other hears of it.
pub(super) async fn colour(bulbs: &Bulbs, found: &[Sighting]) -> Result<String, String> {
    let desk = &bulbs.desk.bulb;
    let found = found.iter().find(|found| found.id() == desk.id()).ok_or("not found")?;
    let (setter, watcher) = (bulbs.to_found(found).await?, bulbs.to_found(found).await?);
    let mut changes = watcher.changes();
    let started = Instant::now();
    setter.set_rgb(ORANGE, Effect::smooth(Duration::from_millis(500))).await.map_err(told)?;
    until(&mut changes, &watcher, |bulb| bulb.state().rgb(Light::Main) == Some(ORANGE)).await?;
    let took = started.elapsed();
    expect("the bulb's own colour", &json!(ORANGE.0), desk.property("rgb"))?;
    Ok(format!(
        "the desk bulb turns {:06x}; a second connection hears of it within {}",
        ORANGE.0,
        millis(took)
    ))
}

/// A flow that the bulb plays by itself, and that tells when it is over.
pub(super) async fn flow(bulbs: &Bulbs) -> Result<String, String> {
    let desk = bulbs.with(&bulbs.desk, patient()).await?;
    let mut changes = desk.changes();
    let beat = Duration::from_millis(60);
    let flow = Flow::new([
        Step::rgb(Rgb(0xff_0000), beat).bright(100),
        Step::temperature(2700, beat).bright(10),
        Step::pause(beat),
    ])
    .rounds(2)
    .then(FlowEnd::Off);
    let planned = flow.duration().unwrap_or_default();
    let started = Instant::now();
    desk.start_flow(flow).await.map_err(told)?;
    until(&mut changes, &desk, |bulb| bulb.state().is_on(Light::Main) == Some(false)).await?;
    let took = started.elapsed();
    expect("power", &json!("off"), bulbs.desk.bulb.property("power"))?;
    check(took + Duration::from_millis(5) >= planned, || format!("it took {} only", millis(took)))?;
    Ok(format!(
        "the desk bulb plays 2 rounds of 3 steps, {} by the plan, and tells after {} that it went off",
        millis(planned),
        millis(took),
    ))
}

/// Music mode: the bulb connects to us, and takes any number of commands.
pub(super) async fn music(bulbs: &Bulbs) -> Result<String, String> {
    let desk = bulbs.with(&bulbs.desk, patient()).await?;
    desk.on(Effect::Sudden).await.map_err(told)?;
    let took = fast(&bulbs.desk, &desk, RealtimeKind::Music).await?;
    let report = bulbs.desk.bulb.report();
    check(report.music_connections == 1, || "the bulb did not connect back".into())?;
    Ok(format!(
        "the desk bulb connects back and takes {MANY} colours within {}, outside of the quota",
        millis(took)
    ))
}

/// A UDP session: the same without connecting back.
pub(super) async fn udp(bulbs: &Bulbs) -> Result<String, String> {
    let strip = bulbs.with(&bulbs.strip, patient()).await?;
    let took = fast(&bulbs.strip, &strip, RealtimeKind::Udp).await?;
    let taken = bulbs.strip.bulb.report().session_commands;
    Ok(format!(
        "the strip takes {MANY} colours as datagrams within {}; {taken} commands bore its token",
        millis(took)
    ))
}

/// Sends many colours and waits until the bulb has the last of them.
async fn fast(member: &Member, bulb: &Bulb, kind: RealtimeKind) -> Result<Duration, String> {
    let channel = bulb.realtime(member.channel(kind)).await.map_err(told)?;
    let started = Instant::now();
    for hue in 0..MANY {
        channel.set_hsv(hue % 360, 100, Effect::Sudden).await.map_err(told)?;
    }
    let last = Some(json!((MANY - 1) % 360));
    let arrived = async {
        while member.bulb.property("hue") != last
            || member.bulb.report().executed("set_hsv") < MANY.into()
        {
            time::sleep(Duration::from_millis(1)).await;
        }
    };
    let arrived = time::timeout(PATIENCE, arrived).await;
    let done = member.bulb.report().executed("set_hsv");
    arrived.map_err(|_| format!("{done} of {MANY} colours arrived within {PATIENCE:?}"))?;
    let took = started.elapsed();
    channel.end().await.map_err(told)?;
    Ok(took)
}

/// The 61st command of a minute is not sent.
pub(super) async fn quota(bulbs: &Bulbs) -> Result<String, String> {
    let config = patient().quota(QuotaPolicy::Refuse).read_state(false);
    let hall = bulbs.with(&bulbs.hall, config).await?;
    let started = Instant::now();
    for percent in 1..=60 {
        hall.set_bright(percent, Effect::Sudden).await.map_err(told)?;
    }
    let took = started.elapsed();
    let error = match hall.set_bright(61, Effect::Sudden).await {
        Ok(()) => return Err("the 61st command was sent".into()),
        Err(error) => error,
    };
    check(error.kind() == ErrorKind::Quota, || format!("not for the quota: {error}"))?;
    let wait = error.retry_after().ok_or("the wait is not told")?;
    let report = bulbs.hall.bulb.report();
    expect("commands at the bulb", &json!(report.commands), Some(json!(60)))?;
    check(report.violations.total() == 0, || "the bulb refused some".into())?;
    Ok(format!(
        "60 commands to the hall light within {}; the next is held back and told to wait {:.1} s",
        millis(took),
        wait.as_secs_f64(),
    ))
}

/// Garbage and pieces harm nobody.
pub(super) async fn babble(bulbs: &Bulbs) -> Result<String, String> {
    let (shelf, pieces) = bulbs.counted(&bulbs.shelf).await?;
    let before = pieces.load(Ordering::Relaxed);
    for at in 0..READS {
        let kelvin = 2700 + at * 100;
        shelf.set_temperature(kelvin, Effect::Sudden).await.map_err(told)?;
        let read = shelf.get([Property::Ct]).await.map_err(told)?;
        let value = read.value(&Property::Ct).and_then(PropertyValue::as_number);
        expect("colour temperature", &json!(value), Some(json!(kelvin)))?;
    }
    let pieces = pieces.load(Ordering::Relaxed) - before;
    Ok(format!(
        "{} answers of the shelf light, each behind a line of garbage, and its notifications come in {pieces} pieces; \
         all are understood",
        2 * READS,
    ))
}

/// A connection that is lost is made again, and whoever waits is answered.
pub(super) async fn reconnect(bulbs: &Bulbs) -> Result<String, String> {
    let strip = bulbs.with(&bulbs.strip, patient()).await?;
    let mut changes = strip.changes();
    bulbs.strip.bulb.reset_connections();
    let started = Instant::now();
    next(&mut changes, |change| *change == Change::Lost).await?;
    // Nobody is there to be told of it.
    bulbs.strip.bulb.set_property("bright", 33).map_err(|error| error.to_string())?;
    let read = strip.get([Property::Bright]).await.map_err(told)?;
    let took = started.elapsed();
    expect("brightness", &json!(read.value(&Property::Bright)), Some(json!(33)))?;
    next(&mut changes, |change| *change == Change::Restored).await?;
    Ok(format!(
        "the strip drops the connection; the next call waits {} for another one and is answered",
        millis(took),
    ))
}

/// Waits until changes have brought the bulb's state to this.
async fn until(
    changes: &mut Changes,
    bulb: &Bulb,
    is: impl Fn(&Bulb) -> bool,
) -> Result<(), String> {
    let heard = async {
        while !is(bulb) {
            changes.next().await.ok_or("the connection ended")?;
        }
        Ok(())
    };
    time::timeout(PATIENCE, heard)
        .await
        .map_err(|_| format!("nothing heard within {PATIENCE:?}"))?
}

/// Waits for this change.
async fn next(changes: &mut Changes, is: impl Fn(&Change) -> bool) -> Result<(), String> {
    let heard = async {
        while !is(&changes.next().await.ok_or("the connection ended")?) {}
        Ok(())
    };
    time::timeout(PATIENCE, heard)
        .await
        .map_err(|_| format!("nothing heard within {PATIENCE:?}"))?
}

const ORANGE: Rgb = Rgb(0xff_8800);
/// No more than a socket holds where nobody reads it at once.
const MANY: u16 = 200;
const READS: u16 = 10;
const PATIENCE: Duration = Duration::from_secs(3);
