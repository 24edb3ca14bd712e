//! Instances of made-up devices.
//!
//! They have the form of real ones and none of their words. The first four describe the simulated devices of
//! `iot-home-sim`, by their numbers; products of these names do more.

/// A light: `SimDevice::light()`.
pub const LIGHT: Sample =
    Sample { model: "yeelink.light.lamp4", json: include_str!("samples/light.json") };

/// A plug that measures: `SimDevice::plug()`.
pub const PLUG: Sample =
    Sample { model: "chuangmi.plug.m3", json: include_str!("samples/plug.json") };

/// A humidifier with steps: `SimDevice::humidifier()`.
pub const HUMIDIFIER: Sample =
    Sample { model: "deerma.humidifier.jsq5", json: include_str!("samples/humidifier.json") };

/// A vacuum cleaner, whose actions take something: `SimDevice::vacuum()`.
pub const VACUUM: Sample =
    Sample { model: "xiaomi.vacuum.b112", json: include_str!("samples/vacuum.json") };

/// A wall panel for heating with two switches of the same type, half degrees, and events.
pub const PANEL: Sample =
    Sample { model: "acme.controller.panel1", json: include_str!("samples/panel.json") };

/// All of them.
pub const ALL: [Sample; 5] = [LIGHT, PLUG, HUMIDIFIER, VACUUM, PANEL];

/// An instance, as the spec server would answer it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Sample {
    /// The model.
    pub model: &'static str,
    /// The JSON.
    pub json: &'static str,
}
