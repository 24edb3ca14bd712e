//! The halves of this program that run at the stations: a simulated bulb, and our client.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt;
use iot_home::sim::SimBulb;
use iot_home::yeelight::client::{RealtimeKind, RealtimeOptions};
use iot_home::yeelight::directory::Update;
use iot_home::yeelight::search::GROUP;
use iot_home::yeelight::{
    Bulb, BulbId, Discovery, Effect, Error, Light, Listener, PORT, Property, Realtime, Rgb,
    SEARCH_PORT,
};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep, timeout_at};

use crate::networks::{listen, say};
use crate::process::Failure;

/// A colour bulb, on the address that it is told to have. What has happened to it so far is its
/// answer to `report`.
pub(crate) async fn bulb(id: &str) -> Result<(), Failure> {
    let id: BulbId =
        id.parse().map_err(|error| Failure::new(format!("{id:?} is no id: {error}")))?;
    let mut bulb = None;
    say(&json!("ready"));
    while let Some(line) = listen() {
        let order = order(&line)?;
        match (order["do"].as_str(), &bulb) {
            (Some("begin"), None) => {
                bulb = Some(begin(id, &order).await?);
                say(&json!("begun"));
            }
            (Some("advertise"), Some(bulb)) => {
                // It advertises itself when it gets power.
                bulb.power_cycle();
                say(&json!("advertised"));
            }
            (Some("report"), Some(bulb)) => say(&report(bulb)),
            _ => return Err(Failure::new(format!("{line:?} is no order for now"))),
        }
    }
    Ok(())
}

async fn begin(id: BulbId, order: &Value) -> Result<SimBulb, Failure> {
    let addr = addr(&order["addr"]).unwrap_or(Ipv4Addr::UNSPECIFIED);
    let bulb = SimBulb::color()
        .id(id.get())
        .listen((addr, PORT))
        .search_listen((Ipv4Addr::UNSPECIFIED, SEARCH_PORT))
        .join_group(addr)
        .advertise_to((GROUP, SEARCH_PORT))
        .max_age(Duration::from_secs(order["max_age_s"].as_u64().unwrap_or(0)));
    let bulb = bulb.spawn().await?;
    // So that nothing it says by itself comes later.
    for _ in 0..1000 {
        if bulb.report().advertisements > 0 {
            return Ok(bulb);
        }
        sleep(Duration::from_millis(5)).await;
    }
    Err(Failure::new("a bulb does not advertise itself"))
}

fn report(bulb: &SimBulb) -> Value {
    let report = bulb.report();
    let shown = |name: &str| bulb.property(name);
    json!({
        "searches": report.searches,
        "search_answers": report.search_answers,
        "answers": report.answers,
        "music_connections": report.music_connections,
        "music_commands": report.music_commands,
        "violations": report.violations.total(),
        "bright": shown("bright"),
        "rgb": shown("rgb"),
        "music_on": shown("music_on"),
    })
}

/// Our client. Each order is an object that names what to do.
pub(crate) async fn client() -> Result<(), Failure> {
    let mut at = Client::default();
    say(&json!("ready"));
    while let Some(line) = listen() {
        let order = order(&line)?;
        let done = match order["do"].as_str() {
            Some("discover") => discover(&order).await,
            Some("control") => control(&order).await,
            Some("music") => at.music(&order).await,
            Some("silence") => at.silence().await,
            Some("listen") => at.listen(),
            Some("heard") => Ok(at.heard(&order).await),
            _ => return Err(Failure::new(format!("{line:?} is no order"))),
        };
        say(&done.unwrap_or_else(
            |error| json!({"kind": format!("{:?}", error.kind()), "text": error.to_string()}),
        ));
    }
    Ok(())
}

/// What lasts longer than an order.
#[derive(Default)]
struct Client {
    music: Option<(Bulb, Bulb<Realtime>)>,
    heard: Option<UnboundedReceiver<Value>>,
}

/// A search, as long as it takes unless the order says otherwise.
async fn discover(order: &Value) -> Result<Value, Error> {
    let addrs = |name: &str| order[name].as_array().into_iter().flatten().filter_map(addr);
    let mut search = Discovery::builder().interfaces(addrs("interfaces")).targets(addrs("targets"));
    if let Some(count) = order["count"].as_u64().and_then(|count| usize::try_from(count).ok()) {
        search = search.count(count);
    }
    let began = Instant::now();
    let mut search = search.start()?;
    let mut found = Vec::new();
    while let Some(bulb) = search.next().await {
        found.push(json!([bulb.addr().to_string(), bulb.id().to_string()]));
    }
    Ok(json!({"found": found, "ms": u64::try_from(began.elapsed().as_millis()).ok()}))
}

/// Sets a bulb's brightness and reads it.
async fn control(order: &Value) -> Result<Value, Error> {
    let bulb = Bulb::connect(to(order)).await?;
    let bright = order["bright"].as_u64().and_then(|bright| u8::try_from(bright).ok());
    bulb.set_bright(bright.unwrap_or(0), Effect::Sudden).await?;
    let read = bulb.get([Property::Bright]).await?;
    let read = read.value(&Property::Bright).and_then(|value| value.as_number());
    Ok(
        json!({"read": read, "model": bulb.profile().model(), "on": bulb.state().is_on(Light::Main)}),
    )
}

impl Client {
    /// Music with the bulb, which is told to connect to the address that this machine has towards
    /// it, and a colour.
    async fn music(&mut self, order: &Value) -> Result<Value, Error> {
        let bulb = Bulb::connect(to(order)).await?;
        let options = RealtimeOptions::default().kind(RealtimeKind::Music);
        let music = bulb.realtime(options).await?;
        let rgb = order["rgb"].as_u64().and_then(|rgb| u32::try_from(rgb).ok());
        music.set_rgb(Rgb(rgb.unwrap_or(0)), Effect::Sudden).await?;
        let believed = music.state().rgb(Light::Main).map(|rgb| rgb.0);
        self.music = Some((bulb, music));
        Ok(json!({"rgb": believed}))
    }

    async fn silence(&mut self) -> Result<Value, Error> {
        if let Some((_bulb, music)) = self.music.take() {
            music.end().await?;
        }
        Ok(json!("silence"))
    }

    /// Hears advertisements from now on.
    fn listen(&mut self) -> Result<Value, Error> {
        let mut listener = Listener::builder().start()?;
        let (tell, heard) = unbounded_channel();
        self.heard = Some(heard);
        tokio::spawn(async move {
            let began = Instant::now();
            while let Some(update) = listener.next().await {
                let what = match &update {
                    Update::New(_) => "new",
                    Update::Expired(_) => "expired",
                    // Who stays long enough says so again.
                    Update::Renewed(_) => continue,
                    _ => "changed",
                };
                let bulb = update.sighting();
                let ms = u64::try_from(began.elapsed().as_millis()).ok();
                let told = json!([what, bulb.addr().to_string(), bulb.id().to_string(), ms]);
                if tell.send(told).is_err() {
                    return;
                }
            }
        });
        Ok(json!("listening"))
    }

    /// What was heard since this was last asked, once that is as much as is waited for.
    async fn heard(&mut self, order: &Value) -> Value {
        let least = order["least"].as_u64().unwrap_or(0);
        let until = Instant::now() + Duration::from_secs(10);
        let mut told = Vec::new();
        let Some(heard) = &mut self.heard else { return Value::Null };
        for _ in 0..least {
            let Ok(Some(one)) = timeout_at(until, heard.recv()).await else { break };
            told.push(one);
        }
        while let Ok(more) = heard.try_recv() {
            told.push(more);
        }
        told.into()
    }
}

fn order(line: &str) -> Result<Value, Failure> {
    serde_json::from_str(line)
        .map_err(|error| Failure::new(format!("{line:?} is no order: {error}")))
}

fn to(order: &Value) -> SocketAddr {
    let to = order["to"].as_str().and_then(|to| to.parse().ok());
    to.unwrap_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))
}

fn addr(value: &Value) -> Option<Ipv4Addr> {
    value.as_str()?.parse().ok()
}
