//! Lengths of time: `500ms`, `5s`, `1.5s`, `1m`, `2h`.

use std::time::Duration;

pub(super) fn parse(text: &str) -> Result<Duration, &'static str> {
    let at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or(EXPECTED)?;
    let (number, unit) = text.split_at(at);
    let unit = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(EXPECTED),
    };
    // Digits and a point only: no sign, no exponent, no infinity.
    let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds = number.parse::<f64>().ok().filter(|_| plain).ok_or(EXPECTED)? * unit;
    if seconds > LONGEST {
        return Err("longer than a year");
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| EXPECTED)
}

const EXPECTED: &str = "expected a number and a unit: 500ms, 5s, 1m";
const LONGEST: f64 = 365.0 * 86_400.0;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::parse;

    #[test]
    fn numbers_with_units() {
        for (text, millis) in [
            ("500ms", 500),
            ("5s", 5000),
            ("1.5s", 1500),
            ("1m", 60_000),
            ("2h", 7_200_000),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn anything_else() {
        for text in
            ["", "5", "s", "-1s", "+1s", "5 s", "1e9s", "inf", "nans", "5sec", "1.2.3s", "9999999h"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
