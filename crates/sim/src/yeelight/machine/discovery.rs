//! Searches and advertisements.

use std::net::SocketAddr;
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_yeelight::{Property, PropertyValue};

use crate::yeelight::machine::{Machine, Output};
use crate::yeelight::report::count;
use crate::yeelight::search::{self, Announcement};

impl Machine {
    /// Takes in a datagram that was sent to the searches' port. Whatever it holds, nothing panics.
    pub fn handle_search(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        self.handle_timeout(now);
        if !self.lan_control {
            return;
        }
        match search::check(datagram, self.location) {
            Ok(()) => {
                count(&mut self.report.searches);
                count(&mut self.report.search_answers);
                let datagram = self.search_answer().write();
                self.outbox.push(now, now, Output::SearchAnswer { to: from, datagram });
            }
            Err(dropped) => {
                if let Some(counter) = dropped.counter(&mut self.report.violations) {
                    count(counter);
                }
            }
        }
    }

    fn search_answer(&self) -> Announcement {
        let mut headers = vec![
            self.cache_control(),
            ("Date".into(), Vec::new()),
            ("Ext".into(), Vec::new()),
            self.location_header(),
            ("Server".into(), b"POSIX UPnP/1.0 YGLC/1".to_vec()),
        ];
        headers.extend(self.description());
        Announcement { start: "HTTP/1.1 200 OK", headers }
    }

    pub(super) fn advertise(&mut self, now: Instant) {
        // A bulb that is not there at all would be noticed by its clock only.
        let period = self.builder.max_age.max(Duration::from_secs(1));
        self.advertisement = Some(now + period);
        let Some(to) = self.builder.advertise_to.filter(|_| self.lan_control) else { return };
        let mut headers = vec![
            ("Host".into(), b"239.255.255.250:1982".to_vec()),
            self.cache_control(),
            self.location_header(),
            ("NTS".into(), b"ssdp:alive".to_vec()),
            ("Server".into(), b"POSIX, UPnP/1.0 YGLC/1".to_vec()),
        ];
        headers.extend(self.description());
        let datagram = Announcement { start: "NOTIFY * HTTP/1.1", headers }.write();
        count(&mut self.report.advertisements);
        self.outbox.push(now, now, Output::Advertisement { to, datagram });
    }

    fn cache_control(&self) -> (String, Vec<u8>) {
        let seconds = self.builder.max_age.as_secs();
        ("Cache-Control".into(), format!("max-age={seconds}").into())
    }

    fn location_header(&self) -> (String, Vec<u8>) {
        ("Location".into(), format!("yeelight://{}", self.location).into())
    }

    /// What it is and what it shows.
    fn description(&self) -> impl Iterator<Item = (String, Vec<u8>)> {
        let builder = &self.builder;
        let fixed = [
            ("id", self.id.to_string()),
            ("model", builder.model.clone()),
            ("fw_ver", builder.fw_ver.to_string()),
            ("support", self.support.join(" ")),
        ];
        let shown = SHOWN.iter().map(|property| {
            let value = self.lamp.properties.value(property);
            // A bulb without the feature says 0.
            let value = value.map_or_else(|| "0".into(), PropertyValue::to_string);
            (property.as_str(), value)
        });
        let all = fixed.into_iter().chain(shown);
        all.map(|(name, value)| (name.to_owned(), value.into_bytes()))
    }
}

static SHOWN: [Property; 8] = [
    Property::Power,
    Property::Bright,
    Property::ColorMode,
    Property::Ct,
    Property::Rgb,
    Property::Hue,
    Property::Sat,
    Property::Name,
];
