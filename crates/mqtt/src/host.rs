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
    let other = first_other(text, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let mut at = 0_usize;
    let mut labels = text.split('.').map(|label| {
        let start = at;
        at = start.saturating_add(label.len()).saturating_add(1);
        (start, label)
    });
    let label = labels.find_map(|(start, label)| {
        let is_wrong = label.is_empty() || label.starts_with('-');
        // The first character that is too much.
        let long = (label.len() > 63).then(|| start.saturating_add(63));
        if is_wrong { Some(start) } else { long }
    });
    // Digits alone in the last place are a mistyped IP address.
    let last = text.rsplit('.').next().filter(|last| last.bytes().all(|b| b.is_ascii_digit()));
    let number = last.map(|last| text.len().saturating_sub(last.len()));
    other.into_iter().chain(label).chain(number).min()
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::Host;
    use crate::field::Fault;

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
            ("a.", 3),
            ("-a", 1),
            ("300.1.1.1", 9),
            ("1883", 1),
            ("主机", 1),
            ("a\n", 2),
            ("[::1]", 1),
        ] {
            let error = text.parse::<Host>().unwrap_err();
            let length = text.chars().count();
            // What is missing stands behind the end.
            let fault = if position > length {
                Fault::Length { length }
            } else {
                Fault::Character { position }
            };
            assert_eq!(error.fault, fault, "{text}");
        }
        assert!("".parse::<Host>().is_err());
        let long = format!("a.{}", "b".repeat(64));
        let error = long.parse::<Host>().unwrap_err();
        assert_eq!(error.fault, Fault::Character { position: 66 }, "the first that is too much");
        assert!(["a".repeat(63).as_str(); 4].join(".").parse::<Host>().is_err(), "255 characters");
    }
}
