//! The name of a broker.

use core::net::IpAddr;

use crate::checked_text;
use crate::field::{Field, first_other};

checked_text! {
    /// A host name or an IP address (IPv6 without brackets): no port, no scheme, no path.
    ///
    /// ```
    /// use iot_home_mqtt::Host;
    ///
    /// let host: Host = "broker.lan".parse()?;
    /// assert_eq!(host.as_str(), "broker.lan");
    /// assert!("evil.example/?".parse::<Host>().is_err());
    /// # Ok::<(), iot_home_mqtt::InvalidField>(())
    /// ```
    Host,
    Field::new(
        "host",
        "a host name of at most 253 characters or an IP address, without port and scheme",
        1..=253,
        fault,
    )
}

fn fault(text: &str) -> Option<usize> {
    if text.parse::<IpAddr>().is_ok() {
        return None;
    }
    let mut label = 0_usize;
    let other = first_other(text, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let empty_label = text.bytes().position(|byte| {
        let empty = byte == b'.' && label == 0;
        label = if byte == b'.' { 0 } else { label.saturating_add(1) };
        empty || label > 63
    });
    match (other, empty_label) {
        (Some(other), Some(empty)) => Some(other.min(empty)),
        (other, empty) => {
            other.or(empty).or_else(|| text.ends_with('.').then(|| text.len().saturating_sub(1)))
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::Host;

    #[test]
    fn names_and_addresses() {
        for text in [
            "a",
            "broker.lan",
            "a1X.iot-as-mqtt.cn-shanghai.aliyuncs.com",
            "my_host",
            "10.0.0.1",
            "::1",
            "fe80::1",
        ] {
            assert_eq!(text.parse::<Host>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_would_lead_elsewhere() {
        for (text, position) in [
            ("evil.com/", 9),
            ("a b", 2),
            ("a:1883", 2),
            ("user@host", 5),
            (".lan", 1),
            ("a..b", 3),
            ("a.", 2),
            ("主机", 1),
            ("a\n", 2),
            ("[::1]", 1),
        ] {
            let error = text.parse::<Host>().unwrap_err().to_string();
            assert!(error.contains(&alloc::format!("position {position} ")), "{text}: {error}");
        }
        assert!("".parse::<Host>().is_err());
        assert!("a".repeat(64).parse::<Host>().is_err());
        assert!(["a".repeat(63).as_str(); 4].join(".").parse::<Host>().is_err(), "255 characters");
    }
}
