//! `iot-home yeelight set`.

use iot_home::yeelight::{Effect, Light, Method};

use super::link::{Link, Purpose};
use super::result::carry_out;
use crate::args::{SetArgs, Values};
use crate::commands::Context;
use crate::failure::{Failure, Outcome};

pub(super) async fn set(context: &Context, args: SetArgs) -> Outcome {
    let effect = args.switch.manner.effect()?.unwrap_or_default();
    let methods = methods(&args.values, args.switch.manner.light(), effect)?;
    let link = Link::open(context, &args.switch.addr, Purpose::Checked).await?;
    carry_out(context, &link, methods).await
}

/// The colour first: it is what a bulb may be unable to do, and then nothing was changed.
fn methods(values: &Values, light: Light, effect: Effect) -> Result<Vec<Method>, Failure> {
    let temperature = values.ct.map(|kelvin| Method::SetTemperature { light, kelvin, effect });
    let rgb = values.rgb.map(|rgb| Method::SetRgb { light, rgb, effect });
    let hsv = values.hsv.map(|(hue, sat)| Method::SetHsv { light, hue, sat, effect });
    let bright = values.bright.map(|bright| Method::SetBright { light, bright, effect });
    [temperature, rgb, hsv, bright].into_iter().flatten().map(super::checked).collect()
}
