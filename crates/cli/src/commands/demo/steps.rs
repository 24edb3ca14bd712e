//! What the demo does. Each step says what it saw, or what was not as it should be.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use iot_home::miio::discovery::Found;
use iot_home::miio::{ActionInput, Discovery, ErrorKind, Token};
use iot_home::{ActionId, PropertyId, PropertyResult};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::home::{Home, Member};
use super::told;

/// What a search found.
pub(super) struct Devices {
    found: Vec<Found>,
    took: Duration,
}

impl Devices {
    pub(super) fn told(&self, home: &Home) -> String {
        let shown = self.found.iter().filter(|found| found.token.is_some()).count();
        format!(
            "{} of {} devices answered a hello, the last after {}; {shown} of them showed its token",
            self.found.len(),
            home.members().len(),
            millis(self.took),
        )
    }
}

pub(super) async fn discover(home: &Home) -> Result<Devices, String> {
    let started = Instant::now();
    let members = home.members();
    let mut search = Discovery::builder()
        .targets(members.map(|member| member.device.addr()))
        .count(members.len())
        .start()
        .map_err(told)?;
    let mut found = Vec::new();
    while let Some(device) = search.next().await {
        found.push(device);
    }
    let took = started.elapsed();
    for member in members {
        let (addr, did) = (member.device.addr(), member.device.did());
        check(found.iter().any(|found| found.addr == addr && found.did == did), || {
            format!("the {} did not answer within {}", member.name, millis(took))
        })?;
    }
    Ok(Devices { found, took })
}

pub(super) async fn read(home: &Home) -> Result<String, String> {
    let lamp = home.lamp.through(&home.client);
    let lost = || {
        let report = home.lamp.device.report();
        (report.dropped_in + report.dropped_out, report.datagrams + report.answers)
    };
    let (started, before) = (Instant::now(), lost());
    let mut slowest = Duration::ZERO;
    for _ in 0..READS {
        let one = Instant::now();
        let brightness: Value = lamp.get(BRIGHTNESS).await.map_err(told)?;
        slowest = slowest.max(one.elapsed());
        expect("brightness", &brightness, home.lamp.device.property(BRIGHTNESS))?;
    }
    let after = lost();
    Ok(format!(
        "{READS} reads of the lamp, none failed, {} of {} packets lost; {} in all, the slowest {}",
        after.0 - before.0,
        after.1 - before.1,
        millis(started.elapsed()),
        millis(slowest),
    ))
}

pub(super) async fn write(home: &Home) -> Result<String, String> {
    let lamp = home.lamp.through(&home.client);
    let wanted = [(POWER, json!(true)), (BRIGHTNESS, json!(40))];
    lamp.set(wanted.clone()).await.map_err(told)?;
    for (id, value) in &wanted {
        expect("the lamp's own value", value, home.lamp.device.property(*id))?;
    }
    let refused = lamp.set_properties([(BRIGHTNESS, json!(101))]).await.map_err(told)?;
    let code = refused.first().map(|result| result.code).ok_or("no result")?;
    check(!code.is_ok(), || "a brightness of 101 was taken".into())?;
    let level = home.lamp.device.property(BRIGHTNESS).unwrap_or_default();
    Ok(format!("the lamp itself says it is on at {level} %; it refuses 101 % with {}", code.get()))
}

pub(super) async fn broken_json(home: &Home) -> Result<String, String> {
    let (before, valid_before) = home.answers(&home.plug);
    let plug = home.plug.through(&home.client);
    let info = plug.info().await.map_err(told)?;
    let model = info.model.as_deref().unwrap_or_default();
    expect("model", &json!(model), Some(json!(home.plug.device.model())))?;
    let temperature: Value = plug.get(TEMPERATURE).await.map_err(told)?;
    expect("temperature", &temperature, home.plug.device.property(TEMPERATURE))?;
    let (after, valid_after) = home.answers(&home.plug);
    let (answers, valid) = (after - before, valid_after - valid_before);
    check(valid < answers, || "the plug wrote nothing broken".into())?;
    Ok(format!(
        "{} of {answers} answers of the plug are not valid JSON; understood: {model}, {temperature} °C",
        answers - valid,
    ))
}

pub(super) async fn property_limit(home: &Home) -> Result<String, String> {
    let vacuum = home.vacuum.through(&home.client);
    let ids = [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1), (2, 2), (3, 1)].map(PropertyId::from);
    let mut requests = [0; 2];
    for count in &mut requests {
        let before = home.vacuum.device.report().requests;
        let results = vacuum.get_properties(ids).await.map_err(told)?;
        in_order(&home.vacuum, &ids, &results)?;
        *count = home.vacuum.device.report().requests - before;
    }
    let [first, second] = requests;
    check(second < first, || format!("the limit was not remembered: {second} requests again"))?;
    let level = home.vacuum.device.property(BATTERY).unwrap_or_default();
    Ok(format!(
        "{} properties of the vacuum in {first} requests, then, its limit known, in {second}; battery {level} %",
        ids.len(),
    ))
}

pub(super) async fn action(home: &Home) -> Result<String, String> {
    let vacuum = home.vacuum.through(&home.client);
    let before = home.vacuum.device.property(STATUS);
    let input = ActionInput::piids([(4, json!("kitchen"))]);
    let result = vacuum.action(ActionId::new(2, 3), input).await.map_err(told)?;
    check(result.code.is_ok(), || format!("the vacuum refused: {}", result.code))?;
    let after: Value = vacuum.get(STATUS).await.map_err(told)?;
    expect("status", &after, home.vacuum.device.property(STATUS))?;
    check(Some(&after) != before.as_ref(), || "the vacuum's status did not change".into())?;
    let (before, out) = (before.unwrap_or_default(), Value::from(result.out));
    Ok(format!(
        "the vacuum, sent to the kitchen, answers {out}; its status {before} becomes {after}"
    ))
}

pub(super) async fn restart(home: &Home) -> Result<String, String> {
    let first = home.another_client().await?;
    let humidifier = home.humidifier.through(&first);
    for _ in 0..5 {
        humidifier.get::<Value>(HUMIDITY).await.map_err(told)?;
    }
    drop((humidifier, first));
    let second = home.another_client().await?;
    let started = Instant::now();
    let humidity: Value = home.humidifier.through(&second).get(HUMIDITY).await.map_err(told)?;
    let took = started.elapsed();
    expect("humidity", &humidity, home.humidifier.device.property(HUMIDITY))?;
    let repeated = home.humidifier.device.report().violations.repeated_id;
    check(repeated == 0, || format!("{repeated} ids were repeated"))?;
    Ok(format!(
        "a client that starts anew is answered in {}; the humidifier saw no id twice",
        millis(took),
    ))
}

pub(super) async fn reboot(home: &Home) -> Result<String, String> {
    let humidifier = home.humidifier.through(&home.client);
    humidifier.get::<Value>(HUMIDITY).await.map_err(told)?;
    let addr = home.humidifier.device.addr();
    let before = home.client.hello(addr, WAIT).await.map_err(told)?.stamp;
    home.humidifier.device.reboot();
    let started = Instant::now();
    let humidity: Value = humidifier.get(HUMIDITY).await.map_err(told)?;
    let took = started.elapsed();
    expect("humidity", &humidity, home.humidifier.device.property(HUMIDITY))?;
    let after = home.client.hello(addr, WAIT).await.map_err(told)?.stamp;
    check(after < before, || format!("the clock did not jump: {before}, then {after}"))?;
    Ok(format!(
        "the humidifier's clock jumps from {before} s to {after} s; the next call takes {}",
        millis(took),
    ))
}

pub(super) async fn shown_token(home: &Home, devices: Option<&Devices>) -> Result<String, String> {
    let addr = home.fan.device.addr();
    let found = devices.and_then(|it| it.found.iter().find(|found| found.addr == addr));
    let found = found.ok_or("the fan was not found")?;
    let token = found.token.clone().ok_or("the fan did not show its token")?;
    let fan = home.client.device(addr, token);
    let names = ["power", "speed"];
    let before = fan.get_prop(&names).await.map_err(told)?;
    fan.call::<Value>("set_power", ["on"]).await.map_err(told)?;
    let after = fan.get_prop(&names).await.map_err(told)?;
    expect("power", &json!(after.first()), home.fan.device.property("power"))?;
    let text = |values: &[Value]| Value::from(values.to_vec()).to_string();
    check(before != after, || format!("the fan is still {}", text(&before)))?;
    Ok(format!(
        "the fan takes the token it showed: {} were {}, are {}",
        names.join(" and "),
        text(&before),
        text(&after),
    ))
}

pub(super) async fn one_socket(home: &Home) -> Result<String, String> {
    let started = Instant::now();
    let calls = home.members().into_iter().flat_map(|member| {
        let device = member.through(&home.client);
        (0..EACH).map(move |_| {
            let device = device.clone();
            async move {
                let info = device.info().await.map_err(told)?;
                expect("model", &json!(info.model), Some(json!(member.device.model())))
            }
        })
    });
    let done = try_join_all(calls).await?.len();
    Ok(format!(
        "{done} calls to {} devices at once over one socket, all answered within {}",
        home.members().len(),
        millis(started.elapsed()),
    ))
}

pub(super) async fn wrong_token(home: &Home) -> Result<String, String> {
    let plug = home.client.device(home.plug.device.addr(), Token::new([0x5a; 16]));
    let request = iot_home::miio::Request::new("miIO.info", ()).map_err(|it| it.to_string())?;
    match plug.request(request.timeout(Duration::from_millis(900))).await {
        Ok(_) => Err("the plug answered although the token was wrong".into()),
        Err(error) if error.kind() == ErrorKind::NoAnswer => {
            let refused = home.plug.device.report().violations.bad_checksum;
            let error = error.to_string();
            // Without the method and the address in front.
            let reason = error.split_once(": ").map_or(error.as_str(), |(_, reason)| reason);
            Ok(format!(
                "{refused} packets refused in silence, and told from no device at all: {reason}"
            ))
        }
        Err(error) => Err(format!("expected no answer to a wrong token: {error}")),
    }
}

fn in_order(
    member: &Member,
    asked: &[PropertyId],
    results: &[PropertyResult],
) -> Result<(), String> {
    check(results.len() == asked.len(), || format!("{} results", results.len()))?;
    for (id, result) in asked.iter().zip(results) {
        check(*id == result.id, || format!("{} stands in the place of {id}", result.id))?;
        check(result.code.is_ok(), || format!("{id} was refused: {}", result.code))?;
        let value = result.value.clone().unwrap_or_default();
        expect(&format!("the value of {id}"), &value, member.device.property(*id))?;
    }
    Ok(())
}

pub(super) fn expect(what: &str, seen: &Value, real: Option<Value>) -> Result<(), String> {
    check(Some(seen) == real.as_ref(), || match real {
        Some(real) => format!("{what}: expected {real}, not {seen}"),
        None => format!("{what}: there is none"),
    })
}

pub(super) fn check(ok: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if ok { Ok(()) } else { Err(problem()) }
}

pub(super) fn millis(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1e3;
    if millis < 10.0 { format!("{millis:.1} ms") } else { format!("{millis:.0} ms") }
}

const READS: usize = 20;
const EACH: usize = 20;
const WAIT: Duration = Duration::from_secs(1);
const POWER: PropertyId = PropertyId::new(2, 1);
pub(super) const BRIGHTNESS: PropertyId = PropertyId::new(2, 2);
const TEMPERATURE: PropertyId = PropertyId::new(2, 2);
const STATUS: PropertyId = PropertyId::new(2, 1);
const BATTERY: PropertyId = PropertyId::new(3, 1);
const HUMIDITY: PropertyId = PropertyId::new(3, 1);
