//! Brightness, colours and steps as they are written on the command line, within the protocol's ranges.
//!
//! What the model makes of them is known only when the bulb was asked.

use std::ops::RangeInclusive;
use std::time::Duration;

use iot_home::yeelight::method::MAX_DURATION;
use iot_home::yeelight::{Effect, Rgb, Step};

use super::super::duration as time;

pub(super) fn bright(text: &str) -> Result<u8, &'static str> {
    number(text, 1..=100).ok_or("a brightness is 1 to 100 percent")
}

pub(super) fn kelvin(text: &str) -> Result<u16, &'static str> {
    number(text, 1700..=6500).ok_or("a colour temperature is 1700 to 6500 kelvin")
}

pub(super) fn hue(text: &str) -> Result<u16, &'static str> {
    number(text, 0..=359).ok_or("a hue is 0 to 359 degrees")
}

pub(super) fn saturation(text: &str) -> Result<u8, &'static str> {
    number(text, 0..=100).ok_or("a saturation is 0 to 100 percent")
}

pub(super) fn minutes(text: &str) -> Result<u16, &'static str> {
    number(text, 1..=u16::MAX).ok_or("minutes are 1 to 65535")
}

pub(super) fn hsv(text: &str) -> Result<(u16, u8), &'static str> {
    let (hue_text, saturation_text) =
        text.split_once(',').ok_or("expected HUE,SAT, as in 300,70")?;
    Ok((hue(hue_text.trim())?, saturation(saturation_text.trim())?))
}

/// Six digits, with `#` or `0x` in front as other programs write it.
pub(super) fn rgb(text: &str) -> Result<Rgb, &'static str> {
    let digits = ["#", "0x"].iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    let is_hex = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let rgb = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex);
    match rgb.ok_or("a colour is RRGGBB, six hexadecimal digits, as in ff8800")? {
        0 => Err("bulbs refuse black: switch off, or take 000001"),
        rgb => Ok(Rgb(rgb)),
    }
}

/// The duration of a smooth change.
pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    let duration = time::parse(text)?;
    if duration < Effect::MIN_DURATION {
        Err("a smooth change takes 30ms at least")
    } else if duration > MAX_DURATION {
        Err("a change takes 24 days at most")
    } else {
        Ok(duration)
    }
}

pub(super) fn property(text: &str) -> Result<String, &'static str> {
    let is_name = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    if is_name { Ok(text.to_owned()) } else { Err("a property's name has no blanks, as in bright") }
}

/// `DURATION:rgb=RRGGBB@BRIGHT`, `DURATION:ct=KELVIN@BRIGHT` or `DURATION:pause`.
pub(super) fn step(text: &str) -> Result<Step, &'static str> {
    let (duration, change) = text.split_once(':').ok_or(STEP)?;
    let duration = time::parse(duration)?;
    if duration < Step::MIN_DURATION {
        return Err("a step takes 50ms at least");
    } else if duration > MAX_DURATION {
        return Err("a step takes 24 days at most");
    }
    let (change, level) = match change.split_once('@') {
        Some((change, level)) => (change, Some(bright(level)?)),
        None => (change, None),
    };
    let step = match (change.split_once('='), level) {
        (Some(("rgb", color)), _) => Step::rgb(rgb(color)?, duration),
        (Some(("ct", temperature)), _) => Step::temperature(kelvin(temperature)?, duration),
        (None, None) if change == "pause" => Step::pause(duration),
        (None, Some(_)) if change == "pause" => return Err("a pause has no brightness"),
        _ => return Err(STEP),
    };
    Ok(level.map_or(step, |level| step.bright(level)))
}

/// Digits only, no sign.
fn number<T>(text: &str, range: RangeInclusive<T>) -> Option<T>
where
    T: std::str::FromStr + PartialOrd,
{
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && range.contains(number))
}

const STEP: &str = "expected DURATION:rgb=RRGGBB@BRIGHT, DURATION:ct=KELVIN@BRIGHT or DURATION:pause, as in \
    1s:rgb=ff8800@50";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use iot_home::yeelight::{Rgb, Step};

    use super::{bright, duration, hsv, kelvin, minutes, property, rgb, step};

    #[test]
    fn numbers_within_their_ranges() {
        assert_eq!((bright("1"), bright("100")), (Ok(1), Ok(100)));
        assert_eq!((kelvin("1700"), kelvin("6500")), (Ok(1700), Ok(6500)));
        assert_eq!((hsv("0,0"), hsv("359, 100")), (Ok((0, 0)), Ok((359, 100))));
        assert_eq!((minutes("1"), minutes("65535")), (Ok(1), Ok(65535)));
        for text in ["", "0", "101", "-1", "+5", "5.0", "5%", "300", "x"] {
            assert!(bright(text).is_err(), "{text}");
        }
        assert!(kelvin("1699").is_err() && kelvin("6501").is_err() && kelvin("70000").is_err());
        assert!(minutes("0").is_err() && minutes("65536").is_err());
        for text in ["", "5", "360,50", "300,101", "300;50", "300,", ",5", "1,2,3"] {
            assert!(hsv(text).is_err(), "{text}");
        }
    }

    #[test]
    fn colours_as_programs_write_them() {
        for text in ["ff8800", "FF8800", "#ff8800", "0xFf8800"] {
            assert_eq!(rgb(text), Ok(Rgb(0xff_8800)), "{text}");
        }
        for text in ["", "ff88", "ff88001", "+f8800", "gg8800", "000000", "red", "#", "##ff8800"] {
            assert!(rgb(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_that_bulbs_take() {
        assert_eq!(duration("30ms"), Ok(Duration::from_millis(30)));
        assert!(duration("29ms").is_err() && duration("600h").is_err() && duration("5").is_err());
    }

    #[test]
    fn names_of_properties() {
        assert_eq!(property("bg_lmode").as_deref(), Ok("bg_lmode"));
        assert!(property("").is_err() && property("a b").is_err() && property("a\x1b").is_err());
    }

    #[test]
    fn steps_of_every_sort() {
        let second = Duration::from_secs(1);
        for (text, expected) in [
            ("1s:rgb=ff8800@50", Step::rgb(Rgb(0xff_8800), second).bright(50)),
            ("1s:rgb=#ff8800", Step::rgb(Rgb(0xff_8800), second)),
            ("1000ms:ct=2700@1", Step::temperature(2700, second).bright(1)),
            ("1s:pause", Step::pause(second)),
            ("50ms:pause", Step::pause(Duration::from_millis(50))),
        ] {
            assert_eq!(step(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "1s",
            "1s:",
            "rgb=ff8800",
            "49ms:pause",
            "600h:pause",
            "1:pause",
            "1s:pause@5",
            "1s:rgb",
            "1s:rgb=ff88",
            "1s:rgb=ff8800@0",
            "1s:rgb=ff8800@",
            "1s:rgb=000000",
            "1s:ct=100",
            "1s:hsv=1,2",
            "1s:off",
        ] {
            assert!(step(text).is_err(), "{text}");
        }
    }
}
