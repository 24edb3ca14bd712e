//! The devices of ours that the peers' clients talk to: each has an address of its own, for the
//! port is always the same.

use std::net::Ipv4Addr;

use iot_home::miio::{PORT, Token};
use iot_home::sim::miio::{Action, Builder, HelloToken, Property, Service};
use iot_home::sim::{Faults, SimDevice};
use serde_json::json;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use crate::process::Failure;
use crate::software_lamp::Lamp;

/// The token of all of them.
pub(super) const TOKEN: [u8; 16] = *b"\x0fpeer\xfftoken\x00\x01\x02\x03\x04";
/// The model that `light.spec.json` describes.
pub(crate) const LIGHT: &str = "iothome.light.peer";
/// A model that node-mihome has a class for.
pub(super) const HUMIDIFIER: &str = "zhimi.humidifier.cb1";

/// The address of the so-many-th device of a peer.
pub(super) fn addr(peer: u8, device: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, peer, device)
}

/// The light of `light.spec.json`, with classic names for what is also older than MIoT.
pub(super) fn light(addr: Ipv4Addr) -> Builder {
    let memory = (1..=24).fold(Service::new(3), |service, piid| {
        let cell = Property::text(piid, 32).value(format!("cell {piid}")).read_only();
        service.property(cell)
    });
    let toggle = Action::new(1).run(|properties, _| {
        let on = properties.get((2, 1)) == Some(json!(true));
        properties.set((2, 1), !on)?;
        Ok(Vec::new())
    });
    let light = Service::new(2)
        .property(Property::bool(1).value(true).classic("power"))
        .property(Property::integer(2, 1..=100).value(40).classic("bright"))
        .property(Property::choice(3, [0, 1]))
        .property(Property::text(4, 64).value("peer"))
        .action(toggle)
        .action(Action::new(2).inputs([2]));
    SimDevice::builder()
        .listen((addr, PORT))
        .token(Token::new(TOKEN))
        .model(LIGHT)
        .info("netif", json!({"localIp": addr.to_string(), "mask": "255.0.0.0", "gw": "127.0.0.1"}))
        .service(Service::device_information("iot-home", LIGHT, "0001", "1.4.2_0001"))
        .service(light)
        .service(memory)
}

/// The light with something wrong about it.
pub(super) async fn faulty(addr: Ipv4Addr, faults: Faults) -> Result<SimDevice, Failure> {
    Ok(light(addr).faults(faults).spawn().await?)
}

/// The light as it leaves the factory: it shows its token.
pub(super) async fn fresh(addr: Ipv4Addr) -> Result<SimDevice, Failure> {
    Ok(light(addr).hello(HelloToken::Shown).spawn().await?)
}

/// A device from before MIoT.
pub(super) async fn humidifier(addr: Ipv4Addr, faults: Faults) -> Result<SimDevice, Failure> {
    let device = SimDevice::builder()
        .listen((addr, PORT))
        .token(Token::new(TOKEN))
        .model(HUMIDIFIER)
        .property("power", "off")
        .property("limit_hum", 40)
        .property("humidity", 51)
        .property("temperature", 215)
        .property("depth", 120)
        .property("child_lock", "off")
        .faults(faults);
    Ok(device.spawn().await?)
}

/// Another one, of a kind that python-miio has a class for.
pub(super) async fn plug(addr: Ipv4Addr) -> Result<SimDevice, Failure> {
    let device = SimDevice::builder()
        .listen((addr, PORT))
        .token(Token::new(TOKEN))
        .model("chuangmi.plug.m1")
        .property("power", "off")
        .property("temperature", 31);
    Ok(device.spawn().await?)
}

/// The lamp of the umbrella crate's example, as it runs there. It ends when this is dropped.
pub(super) async fn software_lamp(addr: Ipv4Addr) -> Result<JoinSet<()>, Failure> {
    let socket = UdpSocket::bind((addr, PORT))
        .await
        .map_err(|error| Failure::new(format!("the lamp has no socket: {error}")))?;
    let lamp = Lamp::new(0x50f7_1a3b, Token::new(TOKEN));
    let mut serving = JoinSet::new();
    serving.spawn(async move { drop(lamp.serve(&socket).await) });
    Ok(serving)
}
