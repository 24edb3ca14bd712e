//! A home to begin with.

use std::time::Duration;

use serde_json::{Value, json};

use crate::home::builder::Builder;
use crate::home::house::SimHome;
use crate::micloud::{Account, Home};
use crate::miio::{Child, ChildList, HelloToken};
use crate::{Faults, Quirk, SimBulb, SimCloud, SimDevice, SimGateway, miio, yeelight};

/// Who logs in to the cloud of [`SimHome::furnished`]: nobody.
pub const USER: &str = "someone@example.com";
/// The password of [`USER`].
pub const PASSWORD: &str = "simulated";
/// The key of the Lumi gateway of [`SimHome::furnished`].
pub const LUMI_KEY: &str = "0987654321qwerty";

impl SimHome {
    /// Ten miIO devices, each difficult in its own way, one of them a gateway with two children; three bulbs; a Lumi gateway
    /// with two children; and a cloud that knows all eighteen, in the room `hall` of the home `flat`.
    ///
    /// | name | is | what is special about it |
    /// |---|---|---|
    /// | Desk lamp | [`SimDevice::light`] | nothing |
    /// | Hall lamp | [`SimDevice::light`] | loses one packet in ten, each way, and doubles as many |
    /// | Kettle plug | [`SimDevice::plug`] | writes broken JSON |
    /// | Humidifier | [`SimDevice::humidifier`] | ignores ids it has seen, and stamps 2 s off its clock |
    /// | Vacuum | [`SimDevice::vacuum`] | takes 3 properties in a request |
    /// | Fan | [`SimDevice::fan`] | shows its token, is from before MIoT, has a did of 64 bits |
    /// | Old vacuum | `rockrobo.vacuum.v1` | is from before MIoT, and hides its token behind zeros |
    /// | Hub | `lumi.gateway.mgl03` | has the children Hub plug and Hub lamp |
    /// | Slow plug | [`SimDevice::plug`] | takes 80 to 120 ms, each way |
    /// | Noisy lamp | [`SimDevice::light`] | sends garbage, and packets in another order |
    /// | Bedside | [`SimBulb::color`] | nothing |
    /// | Ceiling | [`SimBulb::ceiling`] | has a second light |
    /// | Shelf | [`SimBulb::tunable`] | writes garbage between answers that come in pieces |
    /// | Gateway | `lumi.gateway.v3` | has the children Socket and Door, by the key [`LUMI_KEY`] |
    pub fn furnished() -> Builder {
        let cloud = SimCloud::builder()
            .account(Account::new(USER, PASSWORD))
            .home(Home::new(1, "flat").room(2, "hall"));
        let home = Self::builder().cloud(cloud).place(1, 2);
        lumi(bulbs(difficult(plain(home))))
    }
}

fn plain(home: Builder) -> Builder {
    let lamp = SimDevice::light().did(300_000_001).faults(faults(1));
    let fan = SimDevice::fan().did(8_589_934_593).faults(faults(6));
    let vacuum = old_vacuum().did(300_000_007).hello(HelloToken::HiddenAsZeros).faults(faults(7));
    home.miio("Desk lamp", "nothing is special about it", lamp)
        .miio("Fan", "shows its token, is from before MIoT, has a did of 64 bits", fan)
        .miio("Old vacuum", "is from before MIoT, and hides its token behind zeros", vacuum)
        .miio("Hub", "has two children", hub().did(300_000_008).faults(faults(8)))
        .child_name(HUB_PLUG, "Hub plug")
        .child_name(HUB_LAMP, "Hub lamp")
}

fn difficult(home: Builder) -> Builder {
    let (ms, two_seconds) = (Duration::from_millis, Duration::from_secs(2));
    let lossy = faults(2).loss(0.1).duplicate(0.1).delay(ms(1)..=ms(4));
    let broken = faults(3).quirk(Quirk::DoubleComma).quirk(Quirk::EmptyOttStat);
    let broken = broken.quirk(Quirk::LeadingZero).quirk(Quirk::TrailingGarbage);
    let strict = faults(4).stamp_window(two_seconds);
    let few = faults(5).max_properties(3);
    let slow = faults(9).delay(ms(80)..=ms(120));
    let noisy = faults(10).garbage(0.5).reorder(0.2);
    home.miio(
        "Hall lamp",
        "loses one packet in ten, each way, and doubles as many",
        SimDevice::light().did(300_000_002).faults(lossy),
    )
    .miio("Kettle plug", "writes broken JSON", SimDevice::plug().did(300_000_003).faults(broken))
    .miio(
        "Humidifier",
        "ignores ids it has seen, and stamps 2 s off its clock",
        SimDevice::humidifier().did(300_000_004).faults(strict),
    )
    .miio(
        "Vacuum",
        "takes 3 properties in a request",
        SimDevice::vacuum().did(300_000_005).faults(few),
    )
    .miio("Slow plug", "takes its time", SimDevice::plug().did(300_000_009).faults(slow))
    .miio(
        "Noisy lamp",
        "sends garbage, and packets in another order",
        SimDevice::light().did(300_000_010).faults(noisy),
    )
}

fn bulbs(home: Builder) -> Builder {
    let babble = yeelight::Faults::seed(13)
        .quirk(yeelight::Quirk::GarbageLine)
        .quirk(yeelight::Quirk::SplitSegments);
    home.bulb("Bedside", "nothing is special about it", SimBulb::color().id(400_000_001))
        .bulb("Ceiling", "has a second light", SimBulb::ceiling().id(400_000_002))
        .bulb(
            "Shelf",
            "writes garbage between answers that come in pieces",
            SimBulb::tunable().id(400_000_003).faults(babble),
        )
}

fn lumi(home: Builder) -> Builder {
    let key = LUMI_KEY.parse().unwrap_or_else(|_| unreachable!("a key of sixteen letters"));
    let sid = |text: &str| text.parse().unwrap_or_else(|_| unreachable!("hexadecimal digits"));
    let children = [crate::lumi::Child::plug(sid(SOCKET)), crate::lumi::Child::magnet(sid(DOOR))];
    let gateway = SimGateway::builder(key).sid(sid(GATEWAY)).children(children);
    home.gateway("Gateway", "has two children", "300000014", gateway)
        .child_name(format!("lumi.{SOCKET}"), "Socket")
        .child_name(format!("lumi.{DOOR}"), "Door")
}

/// Devices remember ids, so that what the client repeats is no second action.
fn faults(seed: u64) -> Faults {
    Faults::seed(seed).id_memory(32)
}

/// A gateway whose children are reached by MIoT with their did.
fn hub() -> miio::Builder {
    SimDevice::builder()
        .model("lumi.gateway.mgl03")
        .gateway(ChildList::Objects)
        .child(Child::new(HUB_PLUG, SimDevice::plug()))
        .child(Child::new(HUB_LAMP, SimDevice::light()))
}

/// A vacuum cleaner that knows its own methods alone.
fn old_vacuum() -> miio::Builder {
    let goes = |state: i64| {
        move |vacuum: &mut miio::Properties, _: &Value| {
            vacuum.set("state", state)?;
            Ok(json!(["ok"]))
        }
    };
    SimDevice::builder()
        .model("rockrobo.vacuum.v1")
        .property("state", CHARGING)
        .property("fan_power", 60)
        .method("get_status", |vacuum, _| {
            Ok(json!([{
                "state": vacuum.get("state"), "fan_power": vacuum.get("fan_power"), "battery": 87, "error_code": 0,
                "clean_time": 1200, "clean_area": 22_500_000,
            }]))
        })
        .method("set_custom_mode", |vacuum, params| {
            vacuum.set("fan_power", params.get(0).cloned().unwrap_or_default())?;
            Ok(json!(["ok"]))
        })
        .method("app_start", goes(SWEEPING))
        .method("app_stop", goes(IDLE))
        .method("app_charge", goes(CHARGING))
        .method("find_me", |_, _| Ok(json!(["ok"])))
}

const IDLE: i64 = 3;
const SWEEPING: i64 = 5;
const CHARGING: i64 = 8;
const HUB_PLUG: &str = "lumi.158d0002000001";
const HUB_LAMP: &str = "lumi.158d0002000002";
const GATEWAY: &str = "f0b4290000aa";
const SOCKET: &str = "158d0003000001";
const DOOR: &str = "158d0003000002";
