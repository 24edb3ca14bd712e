//! A session and a simulated gateway, joined in memory in virtual time.

use std::net::SocketAddr;
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_lumi::session::{Answer, Config, Event, RequestKey};
use iot_home_lumi::{Failure, Key, Session, Sid, Version};
use iot_home_sim::SimGateway;
use iot_home_sim::lumi::{Builder, Machine, Port};

pub(crate) const KEY: &str = "0987654321qwerty";
pub(crate) const OTHER_KEY: &str = "qwerty0987654321";

pub(crate) fn key() -> Key {
    KEY.parse().unwrap()
}

pub(crate) fn gateway_addr() -> SocketAddr {
    "192.0.2.30:9898".parse().unwrap()
}

pub(crate) fn client_addr() -> SocketAddr {
    "192.0.2.7:40000".parse().unwrap()
}

/// Where the group's datagrams go, which reach the session as multicast.
pub(crate) fn group() -> SocketAddr {
    "224.0.0.50:9898".parse().unwrap()
}

pub(crate) struct Rig {
    pub(crate) session: Session,
    pub(crate) gateway: Machine,
    pub(crate) now: Instant,
    /// Whether heartbeats and reports reach the session.
    pub(crate) multicast: bool,
    /// All that the session has sent.
    pub(crate) sent: Vec<String>,
    pub(crate) events: Vec<Event>,
}

pub(crate) fn builder(version: Version) -> Builder {
    SimGateway::builder(key()).version(version).report_to(group()).seed(7)
}

impl Rig {
    pub(crate) fn new(version: Version) -> Self {
        Self::with(builder(version), Some(key()), Config::default())
    }

    pub(crate) fn with(builder: Builder, key: Option<Key>, config: Config) -> Self {
        Self {
            session: Session::new(gateway_addr(), key, config),
            gateway: builder.build(),
            now: Instant::ORIGIN,
            multicast: true,
            sent: Vec::new(),
            events: Vec::new(),
        }
    }

    pub(crate) fn child(&self, at: usize) -> Sid {
        self.gateway.children().nth(at).unwrap()
    }

    /// Carries everything over until both are silent.
    pub(crate) fn settle(&mut self) {
        let mut buffer = Vec::new();
        for round in 0.. {
            assert!(round < 10_000, "they do not stop talking");
            let mut quiet = true;
            while let Some(datagram) = self.session.poll_transmit(self.now, &mut buffer) {
                self.sent.push(String::from_utf8(datagram.to_vec()).unwrap());
                self.gateway.handle_datagram(self.now, Port::Commands, client_addr(), datagram);
                quiet = false;
            }
            while let Some((_, to)) = self.gateway.poll_transmit(&mut buffer) {
                if to == client_addr() {
                    self.session.handle_datagram(self.now, gateway_addr(), &buffer);
                } else if self.multicast {
                    assert_eq!(to, group());
                    self.session.handle_multicast(gateway_addr(), &buffer);
                }
                quiet = false;
            }
            while let Some(event) = self.session.poll_event() {
                self.events.push(event);
            }
            if quiet {
                return;
            }
        }
    }

    /// Lets time pass until something is due, at most until `end`. Returns whether `end` has come.
    pub(crate) fn step(&mut self, end: Instant) -> bool {
        self.settle();
        let next = self.gateway.poll_timeout().min(end);
        self.now = self.session.poll_timeout().map_or(next, |due| due.min(next)).max(self.now);
        self.session.handle_timeout(self.now);
        self.gateway.handle_timeout(self.now);
        self.settle();
        self.now >= end
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while !self.step(end) {}
    }

    /// Runs until the request has ended.
    pub(crate) fn end_of(&mut self, key: RequestKey) -> Result<Answer, Failure> {
        let end = self.now + Duration::from_secs(120);
        for round in 0.. {
            assert!(round < 10_000, "time does not pass");
            self.settle();
            let done = |event: &Event| matches!(event, Event::Done { key: of, .. } if *of == key);
            if let Some(at) = self.events.iter().position(done) {
                let Event::Done { result, .. } = self.events.remove(at) else { unreachable!() };
                return result;
            }
            assert!(!self.step(end), "a request without an end");
        }
        unreachable!("it ends or fails")
    }
}
