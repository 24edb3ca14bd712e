//! Searches and advertisements.

use std::net::SocketAddr;

use iot_home_core::Instant;
use iot_home_yeelight::{Property, PropertyValue};

use crate::yeelight::faults::Silence;
use crate::yeelight::machine::{Machine, Output};
use crate::yeelight::quirk::Quirk;
use crate::yeelight::report::count;
use crate::yeelight::search::{self, Announcement};

impl Machine {
    /// Takes in a datagram that was sent to the searches' port. Whatever it holds, nothing panics.
    pub fn handle_search(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        self.handle_timeout(now);
        if !self.lan_control {
            return;
        }
        if self.mischief.silence() == Silence::Total {
            return count(&mut self.report.ignored);
        }
        match search::check(datagram, self.location) {
            Ok(()) if self.mischief.loses_search() => count(&mut self.report.lost_searches),
            Ok(()) => {
                count(&mut self.report.searches);
                self.answer_search(now, from);
            }
            Err(dropped) => {
                if let Some(counter) = dropped.counter(&mut self.report.violations) {
                    count(counter);
                }
            }
        }
    }

    fn answer_search(&mut self, now: Instant, to: SocketAddr) {
        let due = now + self.mischief.search_delay();
        let other_port = self.mischief.has(Quirk::SearchOtherPort);
        if self.mischief.has(Quirk::SearchRandomBytes) {
            let datagram = self.mischief.garbage();
            self.outbox.push(now, due, Output::SearchAnswer { to, datagram, other_port });
        }
        let times = if self.mischief.has(Quirk::SearchRepeated) { 3 } else { 1 };
        for _ in 0..times {
            count(&mut self.report.search_answers);
            let datagram = self.search_answer().write(&self.mischief.faults);
            self.outbox.push(now, due, Output::SearchAnswer { to, datagram, other_port });
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
        self.advertisement = Some(now + self.builder.max_age);
        let Some(to) = self.builder.advertise_to.filter(|_| self.is_heard()) else { return };
        let mut headers = vec![
            ("Host".into(), b"239.255.255.250:1982".to_vec()),
            self.cache_control(),
            self.location_header(),
            ("NTS".into(), b"ssdp:alive".to_vec()),
            ("Server".into(), b"POSIX, UPnP/1.0 YGLC/1".to_vec()),
        ];
        headers.extend(self.description());
        let datagram = Announcement { start: "NOTIFY * HTTP/1.1", headers };
        let datagram = datagram.write(&self.mischief.faults);
        count(&mut self.report.advertisements);
        self.outbox.push(now, now, Output::Advertisement { to, datagram });
    }

    /// Whether anything it says without being asked gets to anybody.
    fn is_heard(&self) -> bool {
        self.lan_control && self.mischief.silence() != Silence::Total
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
