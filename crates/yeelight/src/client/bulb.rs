//! A bulb, and what can be asked of it.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use super::builder::BulbBuilder;
use super::error::Error;
use super::lan::Lan;
use super::transport::{Miio, Transport};
use crate::color::{Light, Rgb};
use crate::effect::Effect;
use crate::flow::Flow;
use crate::message::Reply;
use crate::method::{Adjustable, Direction, Method, PowerMode};
use crate::property::{Properties, Property, PropertyValue};
use crate::scene::Scene;

/// A bulb. The methods are the same over its own connection, over miIO, and over a real-time channel.
///
/// All that set something are for the main light; [`background`](Self::background) gives the same for the second
/// light of lamps that have one.
///
/// # Errors
/// Every method fails in the same ways; [`Error::kind`] tells them apart:
/// values that the bulb does not take are refused before anything is sent, the bulb may refuse the command or
/// not answer, its quota may be used up, and the connection may be gone.
///
/// # Cancel safety
/// Dropping a call's future forgets the call: what was not sent yet will not be, and what was sent may be
/// carried out.
#[derive(Clone, Debug)]
pub struct Bulb<T = Lan> {
    transport: T,
    light: Light,
}

impl Bulb {
    /// Connects to a bulb, with the settings' defaults, and reads its state.
    ///
    /// # Errors
    /// [`Refused`](super::ErrorKind::Refused) where LAN control is off, [`Timeout`](super::ErrorKind::Timeout) and
    /// [`NoAnswer`](super::ErrorKind::NoAnswer) where nothing answers.
    ///
    /// # Panics
    /// Outside a tokio runtime that has its IO and time drivers on.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn connect(addr: impl Into<BulbAddr>) -> Result<Self, Error> {
        Self::builder(addr).connect().await
    }

    /// A bulb with settings of its own.
    pub fn builder(addr: impl Into<BulbAddr>) -> BulbBuilder {
        BulbBuilder::new(addr.into().0)
    }
}

impl<T: Transport> Bulb<T> {
    /// A bulb over this transport.
    pub fn over(transport: T) -> Self {
        Self { transport, light: Light::Main }
    }

    /// What carries the methods.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    /// The lamp's second light: the same methods for it.
    #[must_use]
    pub fn background(&self) -> Self
    where
        T: Clone,
    {
        Self { transport: self.transport.clone(), light: Light::Background }
    }

    /// Which light the methods are for.
    pub fn light(&self) -> Light {
        self.light
    }

    /// Carries any method out.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn call(&self, method: Method) -> Result<Reply, Error> {
        self.transport.call(method).await
    }

    async fn set(&self, method: Method) -> Result<(), Error> {
        // What stands in the result of a command that worked says nothing more.
        self.call(method).await.map(drop)
    }

    /// Reads properties. What the bulb does not have is [`Unsupported`](PropertyValue::Unsupported).
    ///
    /// # Errors
    /// As all methods, see [`Bulb`]; [`Malformed`](super::ErrorKind::Malformed) when the answer has not one value for
    /// each.
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn get(
        &self,
        properties: impl IntoIterator<Item = Property>,
    ) -> Result<Properties, Error> {
        let properties: Vec<_> = properties.into_iter().collect();
        let reply = self.call(Method::GetProp(properties.clone())).await?;
        let values = reply.values();
        if values.len() != properties.len() {
            return Err(Error::malformed("get_prop", "one value for each property"));
        }
        let read = properties.into_iter().zip(values);
        Ok(read
            .map(|(property, value)| {
                let value = PropertyValue::from_json(&property, &value);
                (property, value)
            })
            .collect())
    }

    /// Switches on, as it was before.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn on(&self, effect: Effect) -> Result<(), Error> {
        self.set_power(true, None, effect).await
    }

    /// Switches on with white, a colour, a flow, or the night light.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn on_with(&self, mode: PowerMode, effect: Effect) -> Result<(), Error> {
        self.set_power(true, Some(mode), effect).await
    }

    /// Switches off.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn off(&self, effect: Effect) -> Result<(), Error> {
        self.set_power(false, None, effect).await
    }

    async fn set_power(
        &self,
        on: bool,
        mode: Option<PowerMode>,
        effect: Effect,
    ) -> Result<(), Error> {
        self.set(Method::SetPower { light: self.light, on, mode, effect }).await
    }

    /// Switches on if off, and off if on.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`]; [`MaybeExecuted`](super::ErrorKind::MaybeExecuted) where no answer came.
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn toggle(&self) -> Result<(), Error> {
        self.set(Method::Toggle(self.light)).await
    }

    /// Switches both lights of a lamp; the main light decides which way.
    ///
    /// # Errors
    /// As [`toggle`](Self::toggle).
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn toggle_all(&self) -> Result<(), Error> {
        self.set(Method::DevToggle).await
    }

    /// Sets the brightness, 1 to 100 percent.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn set_bright(&self, percent: u8, effect: Effect) -> Result<(), Error> {
        self.set(Method::SetBright { light: self.light, bright: percent, effect }).await
    }

    /// Sets white of this colour temperature in kelvin.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn set_temperature(&self, kelvin: u16, effect: Effect) -> Result<(), Error> {
        self.set(Method::SetTemperature { light: self.light, kelvin, effect }).await
    }

    /// Sets a colour, 1 to 0xffffff.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn set_rgb(&self, rgb: Rgb, effect: Effect) -> Result<(), Error> {
        self.set(Method::SetRgb { light: self.light, rgb, effect }).await
    }

    /// Sets a colour by hue, 0 to 359 degrees, and saturation, 0 to 100 percent. The brightness stays.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn set_hsv(&self, hue: u16, sat: u8, effect: Effect) -> Result<(), Error> {
        self.set(Method::SetHsv { light: self.light, hue, sat, effect }).await
    }

    /// Plays a colour flow.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn start_flow(&self, flow: Flow) -> Result<(), Error> {
        self.set(Method::StartFlow { light: self.light, flow }).await
    }

    /// Ends a colour flow.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn stop_flow(&self) -> Result<(), Error> {
        self.set(Method::StopFlow(self.light)).await
    }

    /// Takes on a state; the light goes on by itself.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn set_scene(&self, scene: Scene) -> Result<(), Error> {
        self.set(Method::SetScene { light: self.light, scene }).await
    }

    /// Keeps the present state as the one the light goes on with.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn set_default(&self) -> Result<(), Error> {
        self.set(Method::SetDefault(self.light)).await
    }

    /// Changes something by a step of the bulb's own choice.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn step(&self, what: Adjustable, direction: Direction) -> Result<(), Error> {
        self.set(Method::SetAdjust { light: self.light, direction, what }).await
    }

    /// Changes something by -100 to 100 percent, over at least 30 ms.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn adjust(
        &self,
        what: Adjustable,
        percent: i8,
        duration: Duration,
    ) -> Result<(), Error> {
        self.set(Method::Adjust { light: self.light, what, percent, duration }).await
    }

    /// Stores a name in the bulb, at most 64 bytes as sent.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn set_name(&self, name: impl Into<String>) -> Result<(), Error> {
        self.set(Method::SetName(name.into())).await
    }

    /// Switches the light off after this many minutes, at least one.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn set_timer(&self, minutes: u16) -> Result<(), Error> {
        self.set(Method::SetTimer(minutes)).await
    }

    /// The minutes that are left of the timer, if there is one.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`]; [`Malformed`](super::ErrorKind::Malformed) when the answer is none.
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn timer(&self) -> Result<Option<u16>, Error> {
        let timers = self.call(Method::Timer).await?.values();
        let Some(timer) = timers.first() else { return Ok(None) };
        let minutes = timer.get("delay").and_then(Value::as_u64);
        let minutes = minutes.and_then(|minutes| u16::try_from(minutes).ok());
        minutes.map(Some).ok_or_else(|| Error::malformed("cron_get", "a list of timers"))
    }

    /// Ends the timer.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn clear_timer(&self) -> Result<(), Error> {
        self.set(Method::ClearTimer).await
    }

    /// Sets the two halves of a lamp's rear strip; the brightness is the second light's.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn set_segments(&self, left: Rgb, right: Rgb) -> Result<(), Error> {
        self.set(Method::SetSegments { left, right }).await
    }

    /// Lets a matrix lamp show what [`update_leds`](Self::update_leds) says.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn activate_direct_mode(&self) -> Result<(), Error> {
        self.set(Method::ActivateDirectMode).await
    }

    /// Sets the lamps of a matrix, one by one.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn update_leds(&self, leds: impl IntoIterator<Item = Rgb>) -> Result<(), Error> {
        self.set(Method::UpdateLeds(leds.into_iter().collect())).await
    }
}

impl<T: Miio> Bulb<T> {
    /// Switches the bulb's LAN control on, for which otherwise the app is needed. Over miIO only.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn enable_lan_control(&self) -> Result<(), Error> {
        self.set_setting("cfg_lan_ctrl", true).await
    }

    /// Whether the bulb keeps each state as the one it goes on with. Over miIO only.
    ///
    /// # Errors
    /// As all methods, see [`Bulb`].
    ///
    /// # Cancel safety
    /// As all methods, see [`Bulb`].
    pub async fn set_auto_save(&self, on: bool) -> Result<(), Error> {
        self.set_setting("cfg_save_state", on).await
    }

    async fn set_setting(&self, name: &str, on: bool) -> Result<(), Error> {
        let params = format!("[\"{name}\",\"{}\"]", u8::from(on));
        let method =
            Method::raw("set_ps", &params).map_err(|input| Error::input("set_ps", input))?;
        self.set(method).await
    }
}

/// A bulb's address; without a port it is 55443.
#[derive(Clone, Copy, Debug)]
pub struct BulbAddr(pub(super) SocketAddr);

impl From<SocketAddr> for BulbAddr {
    fn from(addr: SocketAddr) -> Self {
        Self(addr)
    }
}

impl From<std::net::IpAddr> for BulbAddr {
    fn from(ip: std::net::IpAddr) -> Self {
        Self(SocketAddr::new(ip, crate::PORT))
    }
}

impl From<std::net::Ipv4Addr> for BulbAddr {
    fn from(ip: std::net::Ipv4Addr) -> Self {
        std::net::IpAddr::from(ip).into()
    }
}
