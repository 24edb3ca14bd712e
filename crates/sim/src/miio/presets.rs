//! Devices to begin with.

use iot_home_core::MiotCode;
use iot_home_miio::DeviceError;
use serde_json::{Value, json};

use crate::miio::answer::ok;
use crate::miio::builder::{Builder, HelloToken};
use crate::miio::device::SimDevice;
use crate::miio::properties::{Properties, PropertyError};
use crate::miio::spec::{Action, Property, Service};

impl SimDevice {
    /// A lamp, by MIoT and by classic names.
    ///
    /// | number | name | values |
    /// |---|---|---|
    /// | 1.1 to 1.4 | | manufacturer, model, serial number, firmware revision; read only |
    /// | 2.1 | `power` | on or off |
    /// | 2.2 | `bright` | 1 to 100 |
    /// | 2.3 | `ct` | 1700 to 6500 K |
    /// | 2.4 | `mode` | 0, 1, 2, 5 |
    /// | 2.5 | | text of at most 32 characters |
    /// | action 2.1 | `toggle` | switches on or off |
    /// | action 2.2 | | takes 2.2 and 2.3, returns 2.1: switches on with these |
    pub fn light() -> Builder {
        let model = "yeelink.light.lamp4";
        Builder::new(model)
            .service(Service::device_information("yeelink", model, "0001", "2.0.6_0065"))
            .service(
                Service::new(2)
                    .property(Property::bool(1).classic("power"))
                    .property(Property::integer(2, 1..=100).value(50).classic("bright"))
                    .property(Property::integer(3, 1700..=6500).value(4000).classic("ct"))
                    .property(Property::choice(4, [0, 1, 2, 5]).classic("mode"))
                    .property(Property::text(5, 32).value("lamp"))
                    .action(Action::new(1).run(toggle))
                    .action(Action::new(2).inputs([2, 3]).outputs([1]).run(|lamp, inputs| {
                        for (piid, value) in [2, 3].into_iter().zip(inputs) {
                            lamp.set((2, piid), value.clone())?;
                        }
                        lamp.set((2, 1), true)?;
                        Ok(vec![true.into()])
                    })),
            )
            .method("toggle", classic_toggle)
    }

    /// A plug that measures: 2.1 `power`, 2.2 temperature (read only), 3.1 energy in kWh (read only),
    /// action 2.1 and `toggle`.
    pub fn plug() -> Builder {
        let model = "chuangmi.plug.m3";
        Builder::new(model)
            .service(Service::device_information("chuangmi", model, "0002", "1.4.8_0033"))
            .service(
                Service::new(2)
                    .property(Property::bool(1).classic("power"))
                    .property(Property::integer(2, -30..=100).value(31).read_only())
                    .action(Action::new(1).run(toggle)),
            )
            .service(
                Service::new(3).property(Property::float(1, 0.0..=1e6).value(12.7).read_only()),
            )
            .method("toggle", classic_toggle)
    }

    /// A humidifier: 2.1 `power`, 2.2 fan level 0 to 3, 2.3 target humidity 30 to 80 in tens, and
    /// read only 3.1 `humidity` and 3.2 `temperature`.
    pub fn humidifier() -> Builder {
        let model = "deerma.humidifier.jsq5";
        Builder::new(model)
            .service(Service::device_information("deerma", model, "0003", "2.1.3_0013"))
            .service(
                Service::new(2)
                    .property(Property::bool(1).value(true).classic("power"))
                    .property(Property::choice(2, [0, 1, 2, 3]))
                    .property(Property::integer(3, 30..=80).step(10).value(50)),
            )
            .service(
                Service::new(3)
                    .property(
                        Property::integer(1, 0..=100).value(43).read_only().classic("humidity"),
                    )
                    .property(
                        Property::float(2, -40.0..=125.0)
                            .value(21.5)
                            .read_only()
                            .classic("temperature"),
                    ),
            )
    }

    /// A vacuum cleaner: read only 2.1 status (1 sweeping, 2 idle, 6 charging) and 3.1 battery level,
    /// 2.2 suction 0 to 3; action 2.1 starts, 2.2 stops, 3.1 sends it home; action 2.3 sweeps the rooms
    /// named by the text 2.4.
    pub fn vacuum() -> Builder {
        let model = "xiaomi.vacuum.b112";
        let becomes = |status: i64| {
            move |vacuum: &mut Properties, _: &[Value]| {
                vacuum.set((2, 1), status)?;
                Ok(Vec::new())
            }
        };
        Builder::new(model)
            .service(Service::device_information("xiaomi", model, "0004", "2.2.4_0049"))
            .service(
                Service::new(2)
                    .property(Property::choice(1, [1, 2, 6]).value(6).read_only())
                    .property(Property::choice(2, [0, 1, 2, 3]).value(1))
                    .property(Property::text(4, 128).notify_only())
                    .action(Action::new(1).run(becomes(1)))
                    .action(Action::new(2).run(becomes(2)))
                    .action(Action::new(3).inputs([4]).outputs([1]).run(|vacuum, rooms| {
                        vacuum.set((2, 1), 1)?;
                        vacuum.set((2, 4), rooms.first().cloned().unwrap_or_default())?;
                        Ok(vec![1.into()])
                    })),
            )
            .service(
                Service::new(3)
                    .property(Property::integer(1, 0..=100).value(87).read_only())
                    .action(Action::new(1).run(becomes(6))),
            )
    }

    /// A fan of before MIoT, which knows `get_prop` and `set_*` only: `power`, `angle`, `speed`,
    /// `temp_dec`, `humidity`, `child_lock`. It shows its token in hellos.
    pub fn fan() -> Builder {
        Builder::new("zhimi.fan.v3")
            .hello(HelloToken::Shown)
            .property("power", "off")
            .property("angle", 60)
            .property("speed", 30)
            .property("temp_dec", 235)
            .property("humidity", 41)
            .property("child_lock", "off")
            .method("toggle", |fan, _| {
                let on = fan.get("power") == Some(json!("on"));
                fan.set("power", if on { "off" } else { "on" })?;
                Ok(ok())
            })
    }
}

/// Property 2.1 becomes what it was not.
fn flip(device: &mut Properties) -> Result<(), PropertyError> {
    let on = device.get((2, 1)) == Some(true.into());
    device.set((2, 1), !on)
}

fn toggle(device: &mut Properties, _: &[Value]) -> Result<Vec<Value>, MiotCode> {
    flip(device)?;
    Ok(Vec::new())
}

fn classic_toggle(device: &mut Properties, _: &Value) -> Result<Value, DeviceError> {
    flip(device)?;
    Ok(ok())
}
