//! Nothing that can be printed prints a secret: a home is called, discovered, refreshed and fails in many ways while it holds a
//! token, a session of the cloud and what a gateway tells, and everything of it is printed and traced.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use iot_home_hub::discovery::{Event, Protocol};
use iot_home_hub::home::Event::Change;
use iot_home_hub::home::{ErrorKind, Via};
use iot_home_hub::mdns::{CentralProfile, MiioName, Service};
use iot_home_hub::{Classic, Facts, Home, Parent, Source, discover};
use iot_home_leaks::Printed;
use iot_home_lumi::Key;
use iot_home_micloud::MiCloud;
use iot_home_sim::lumi::SimGateway;
use iot_home_sim::micloud::{CloudDevice, Expiry, Faults as Outages, Outage};
use iot_home_sim::miio::{HelloToken, Silence};
use iot_home_sim::{Faults, SimBulb, SimDevice};
use serde_json::json;

use crate::rig::{PASSWORD, cloud, home, known, logged_in, lumi, seen};

const TOKEN: [u8; 16] = *b"q3zq0f2yd3t3nqx4";
/// The one that the device has after it was set up anew.
const OTHER_TOKEN: [u8; 16] = *b"Vb81kWm5Zc09uJe7";
const KEY: &str = "Xy7Lm2Qa9Rt4Uv1B";

/// All that nobody may see, and what more there is of it by now.
#[derive(Default)]
struct Secrets(Vec<(&'static str, Vec<u8>)>);

impl Secrets {
    fn of_session(&mut self, cloud: &MiCloud) {
        // The beginnings: they are long, and every part of them is searched for.
        let mut add = |name, secret: &str| self.0.push((name, secret.bytes().take(24).collect()));
        let session = cloud.session().unwrap();
        add("pass token", session.pass_token.unwrap().expose());
        for keys in session.services.values() {
            add("service token", keys.service_token.expose());
            add("session secret", keys.ssecurity.expose_base64().expose());
        }
    }
}

fn failed(printed: &mut Printed, error: &iot_home_hub::home::Error, kind: ErrorKind) {
    assert_eq!(error.kind(), kind, "{error}");
    printed.error(error);
    printed.value(&kind);
    printed.text("hint", error.hint().unwrap_or_default().to_owned());
    for (way, error) in error.earlier() {
        printed.value(&way);
        printed.error(error);
    }
}

/// Everything at once, as one stream of devices.
async fn discovery(printed: &mut Printed) {
    let lamp = SimDevice::light().did(1).token(TOKEN).hello(HelloToken::Shown);
    let lamp = lamp.spawn().await.unwrap();
    let bulb = SimBulb::color().id(2).spawn().await.unwrap();
    let key: Key = KEY.parse().unwrap();
    let gateway = SimGateway::builder(key).spawn().await.unwrap();
    let wire = Arc::new(Mutex::new(Printed::default()));
    let observed = Arc::clone(&wire);
    let search = discover()
        .on_wire(move |event| observed.lock().unwrap().value(event))
        .target(Protocol::Miio, lamp.addr())
        .target(Protocol::Yeelight, bulb.search_addr())
        .target(Protocol::Lumi, gateway.search_addr())
        .wait(Duration::from_secs(5))
        .count(3);
    printed.value(&search);
    let mut search = search.start().unwrap();
    while let Some(event) = search.next().await {
        printed.value(&event);
        if let Event::Device { sighting, update } = event {
            printed.value(&*sighting);
            printed.value(&sighting.protocol());
            printed.value(&sighting.source());
            printed.value(&*update);
            printed.value(&update.device);
        }
    }
    printed.value(&search);
    printed.extend(std::mem::take(&mut *wire.lock().unwrap()));
    let household = search.into_household();
    assert!(household.devices().any(|(_, facts)| facts.token.is_some()), "it is told");
    printed.value(&household);
    let nothing = discover().protocols([Protocol::Mdns]).target(Protocol::Miio, lamp.addr());
    let error = nothing.start().unwrap_err();
    printed.error(&error);
    printed.value(&error.kind());
}

/// A home with a lamp that the LAN and the cloud know.
async fn calls(printed: &mut Printed, secrets: &mut Secrets) {
    let lamp = SimDevice::light().did(7).token(TOKEN).faults(Faults::seed(0).id_memory(32));
    let lamp = lamp.spawn().await.unwrap();
    let sim = cloud([CloudDevice::running(&lamp).name("Desk lamp")]).await;
    let client = logged_in(&sim).await;
    secrets.of_session(&client);
    let folder = std::env::temp_dir().join(format!("iot-home-hub-secrets-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let inventory = folder.join("inventory.json");
    let builder = home().await.cloud(client.clone()).inventory(&inventory);
    let builder = builder.gateway_key("286c07aabbcc".parse().unwrap(), KEY.parse().unwrap());
    printed.value(&builder);
    let home = builder.open().await.unwrap();
    let refreshed = home.refresh().await.unwrap();
    assert_eq!(refreshed.devices, 1);
    printed.value(&refreshed);
    printed.value(&home.learn(Source::Miio, seen(&lamp)).unwrap());
    printed.value(&home);
    ways(printed, &home, &lamp).await;
    watched(printed, &home).await;
    printed.value(&home.device("Desk lamp").unwrap().facts().unwrap());
    printed.value(&home.device("Desk lamp").unwrap().facts().unwrap().cloud.unwrap());

    // The token changes, and is fetched anew.
    lamp.set_token(OTHER_TOKEN);
    let read = home.device("Desk lamp").unwrap().get("light:on").await.unwrap();
    assert_eq!(read.via(), Via::Lan, "with the new token");
    assert_eq!(home.device("Desk lamp").unwrap().facts().unwrap().token, Some(OTHER_TOKEN.into()));
    // The session ends, and is renewed.
    sim.expire(Expiry::Status401);
    home.refresh().await.unwrap();
    secrets.of_session(&client);
    for outage in [Outage::Status(500), Outage::Page, Outage::Truncated] {
        sim.set_faults(Outages::default().next(outage, 9).below("/app/"));
        failed(printed, &home.refresh().await.unwrap_err(), ErrorKind::Cloud);
    }
    sim.set_faults(Outages::default());
    sim.forget_pass_tokens();
    sim.expire(Expiry::Code3);
    failed(printed, &home.refresh().await.unwrap_err(), ErrorKind::NeedsLogin);

    // What is kept is read again, and then it is torn, or of another version.
    home.save().unwrap();
    printed.value(&self::home().await.inventory(&inventory).open().await.unwrap());
    let kept = std::fs::read_to_string(&inventory).unwrap();
    std::fs::write(&inventory, kept.replace("\"token\"", "token")).unwrap();
    printed.value(&self::home().await.inventory(&inventory).open().await.unwrap());
    std::fs::write(&inventory, kept.replace("\"version\": ", "\"version\": 7")).unwrap();
    let error = self::home().await.inventory(&inventory).open().await.unwrap_err();
    failed(printed, &error, ErrorKind::File);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Over the LAN, over the cloud, and not at all.
async fn ways(printed: &mut Printed, home: &Home, sim: &SimDevice) {
    let lamp = home.device("Desk lamp").unwrap();
    printed.value(&lamp);
    let read = lamp.get("light:on").await.unwrap();
    printed.value(&read.via());
    printed.value(&read.way);
    printed.value(&read);
    printed.value(&lamp.set([("light:brightness", json!(40))]).await.unwrap()[0]);
    printed.value(&lamp.action("light:toggle", []).await.unwrap());
    failed(printed, &lamp.get("light:oon").await.unwrap_err(), ErrorKind::BadInput);
    failed(printed, &home.device("Desk lmp").unwrap_err(), ErrorKind::Device);
    sim.set_faults(Faults::seed(1).id_memory(32).loss_out(1.0));
    let uncertain = lamp.action("light:toggle", []).await.unwrap_err();
    failed(printed, &uncertain, ErrorKind::MaybeExecuted);
    sim.set_faults(Faults::seed(0).id_memory(32));
    sim.set_silence(Silence::Total);
    let read = lamp.get("light:on").await.unwrap();
    assert_eq!(read.via(), Via::Cloud);
    printed.value(&read);
    printed.value(&lamp.action("light:toggle", []).await.unwrap());

    // One that only the LAN knows, and that does not answer.
    let other = SimDevice::light().did(8).token(OTHER_TOKEN).spawn().await.unwrap();
    home.learn(Source::Miio, known(&other, "Other")).unwrap();
    other.set_silence(Silence::Total);
    let silent = home.device("Other").unwrap().get("light:on").await.unwrap_err();
    failed(printed, &silent, ErrorKind::Unreachable);
    other.set_silence(Silence::Never);
    home.learn(Source::Miio, seen(&other)).unwrap();
    other.set_token(TOKEN);
    let closed = home.device("Other").unwrap().get("light:on").await.unwrap_err();
    failed(printed, &closed, closed.kind());
    sim.set_silence(Silence::Never);
    home.learn(Source::Miio, seen(sim)).unwrap();
}

/// What is told while it is watched.
async fn watched(printed: &mut Printed, home: &Home) {
    let builder = home.watch().device(&home.device("Desk lamp").unwrap());
    printed.value(&builder);
    let mut watch = builder.start();
    printed.value(&watch);
    let event = watch.next().await.unwrap();
    printed.value(&event);
    let Change(change) = event else { panic!("{event:?}") };
    printed.value(&change);
    printed.value(&change.from);
}

/// A Lumi gateway's child is set by the gateway's key.
async fn gateway(printed: &mut Printed) {
    let key: Key = KEY.parse().unwrap();
    let gateway = SimGateway::builder(key.clone()).spawn().await.unwrap();
    let builder = home().await.lumi(lumi().await).gateway_key(gateway.sid(), key);
    printed.value(&builder);
    let home = builder.open().await.unwrap();
    let search = discover().target(Protocol::Lumi, gateway.search_addr()).count(3);
    let mut search = search.start().unwrap();
    while search.next().await.is_some() {}
    for (_, facts) in search.household().devices() {
        home.learn(Source::Lumi, facts.clone()).unwrap();
    }
    let plug = home.device(&format!("lumi.{}", gateway.children()[0])).unwrap();
    let set = plug.set([("switch:on", json!(true))]).await.unwrap();
    assert!(set[0].is_ok(), "{set:?}");
    printed.value(&set[0]);
    printed.value(&home);
}

/// What holds no secret, or holds one only by chance.
fn words(printed: &mut Printed) {
    let mut facts = Facts::default();
    facts.token = Some(TOKEN.into());
    facts.parent = Some(Parent::Did(7.into()));
    printed.value(&facts);
    printed.value(&facts.parent.unwrap());
    printed.value(&Service::Miio);
    printed.value(&MiioName::parse("yeelink-light-lamp4_miio7").unwrap());
    printed.value(&CentralProfile::parse(b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap());
    let name = "yeelink-light-lamp4_miio7._miio._udp.local.";
    let addr = SocketAddr::from(([192, 0, 2, 7], 54321));
    let told = iot_home_hub::mdns::Announcement::new(name, [addr.ip()], addr.port(), []);
    printed.value(&told.unwrap());
    let fan = Classic::of_model("zhimi.fan.za4").unwrap();
    let on = fan.spec().property("fan:on").unwrap();
    printed.value(&fan.read([on.id], fan.limit())[0]);
    printed.value(&fan.write(on, &json!(true)).unwrap());
    printed.value(&fan);
}

#[test]
fn nothing_shows_a_secret() {
    let mut printed = Printed::default();
    let mut secrets = Secrets(vec![
        ("token", TOKEN.into()),
        ("other token", OTHER_TOKEN.into()),
        ("key", KEY.into()),
        ("password", PASSWORD.into()),
    ]);
    words(&mut printed);
    // All on this one thread, which is the one that is captured.
    let traced = iot_home_leaks::traced(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(discovery(&mut printed));
        runtime.block_on(gateway(&mut printed));
        runtime.block_on(calls(&mut printed, &mut secrets));
    });
    for expected in ["request", "addr=", "the login was renewed"] {
        assert!(traced.contains(expected), "{expected} is not among\n{traced}");
    }
    printed.text("tracing", traced);
    printed.assert_shows_none(&secrets.0);
    printed.assert_shows_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), |_| false);
}
