//! The other side, packet by packet.

use std::time::Duration;

use bytes::BytesMut;
use iot_home_core::{Instant, SeededRandom};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, PubAck, Publish};

use super::super::{Done, Machine, Settings, Step};
use crate::client::error::Error;
use crate::client::event::Event;
use crate::client::message::Message;
use crate::client::options::Options;
use crate::{MqttLogin, Rules};

/// A machine whose driver and broker are the test.
pub(super) struct Play {
    pub(super) machine: Machine<u32>,
    pub(super) now: Instant,
    pub(super) random: SeededRandom,
    pub(super) login: MqttLogin,
}

impl Play {
    pub(super) fn new(options: Options) -> Self {
        Self::with_rules(&Rules::MQTT, options)
    }

    pub(super) fn with_rules(rules: &'static Rules, options: Options) -> Self {
        let settings = options.settings(rules, false);
        Self::with_settings(rules, settings)
    }

    pub(super) fn with_settings(rules: &'static Rules, settings: Settings) -> Self {
        Self {
            machine: Machine::new(rules, settings, Instant::ORIGIN).unwrap(),
            now: Instant::ORIGIN,
            random: SeededRandom::new(7),
            login: MqttLogin::new("broker.test", 1883, "lamp-1"),
        }
    }

    /// A connection that stands, of a machine with the defaults.
    pub(super) fn connected() -> Self {
        let mut play = Self::new(Options::new());
        play.connect(false);
        play
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    /// Opens a connection, at the time when one is wanted, up to the CONNECT packet.
    pub(super) fn open(&mut self) -> Vec<u8> {
        match self.machine.step(self.now) {
            Step::Connect => {}
            Step::Wait(Some(due)) => {
                self.now = self.now.max(due);
                assert_eq!(self.machine.step(self.now), Step::Connect);
            }
            step => panic!("no connection is wanted: {step:?}"),
        }
        self.machine.opened(self.now, &self.login).unwrap();
        let mut out = BytesMut::new();
        self.machine.transmit(self.now, &mut out);
        out.to_vec()
    }

    /// Connects, and has the broker say whether it remembers; nothing is taken or written after that.
    pub(super) fn connect(&mut self, session_present: bool) {
        assert_eq!(self.open()[0], 0x10);
        self.bytes(&[0x20, 2, session_present.into(), 0]).unwrap();
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.machine.receive(self.now, &mut BytesMut::from(bytes))
    }

    /// The broker sends these.
    pub(super) fn feed(&mut self, packets: impl IntoIterator<Item = Packet>) {
        let mut bytes = BytesMut::new();
        for packet in packets {
            packet.write(&mut bytes, usize::MAX).unwrap();
        }
        self.machine.receive(self.now, &mut bytes).unwrap();
        assert!(bytes.is_empty());
    }

    pub(super) fn puback(&mut self, id: u16) {
        self.feed([Packet::PubAck(PubAck::new(id))]);
    }

    /// What the machine sends now.
    pub(super) fn sent(&mut self) -> Vec<Packet> {
        let mut out = BytesMut::new();
        self.machine.transmit(self.now, &mut out);
        let mut packets = Vec::new();
        while !out.is_empty() {
            packets.push(Packet::read(&mut out, usize::MAX).unwrap());
        }
        packets
    }

    /// The messages alone of what is sent now.
    pub(super) fn published(&mut self) -> Vec<Publish> {
        let publish = |packet| match packet {
            Packet::Publish(publish) => publish,
            other => panic!("no message: {other:?}"),
        };
        self.sent().into_iter().map(publish).collect()
    }

    pub(super) fn publish(&mut self, payload: &str, waiter: u32) {
        self.machine.publish(self.now, Message::new("t", payload.to_owned()), waiter).unwrap();
    }

    /// The connection breaks by itself.
    pub(super) fn lose(&mut self) {
        let error = std::io::Error::other("the cable was pulled");
        self.machine.lost(self.now, Error::lost(error), &mut self.random);
    }

    /// The broker closes the connection.
    pub(super) fn evict(&mut self) {
        let error = std::io::ErrorKind::UnexpectedEof.into();
        self.machine.lost(self.now, Error::lost(error), &mut self.random);
    }

    /// Time passes on the connection; it is given up where the machine says so.
    pub(super) fn serve(&mut self) -> Result<Option<Instant>, Error> {
        self.machine.serve(self.now, false)
    }

    pub(super) fn done(&mut self) -> Vec<(u32, Result<Done, Error>)> {
        std::iter::from_fn(|| self.machine.take_done()).collect()
    }

    /// Who is done, all of them well.
    pub(super) fn delivered(&mut self) -> Vec<u32> {
        let done = self.done();
        assert!(done.iter().all(|(_, result)| result.is_ok()), "{done:?}");
        done.into_iter().map(|(waiter, _)| waiter).collect()
    }

    /// Everything that is told by now.
    pub(super) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| match self.machine.take() {
            Some(Some(Ok(event))) => Some(event),
            _ => None,
        })
        .collect()
    }

    /// The payloads of the messages that are told by now.
    pub(super) fn payloads(&mut self) -> Vec<String> {
        let payload = |event| match event {
            Event::Message(message) => Some(String::from_utf8(message.payload.to_vec()).unwrap()),
            _ => None,
        };
        self.events().into_iter().filter_map(payload).collect()
    }
}

pub(super) fn incoming(id: u16, payload: &str) -> Packet {
    let mut publish = Publish::new("t", QoS::AtMostOnce, payload);
    if id > 0 {
        publish.qos = QoS::AtLeastOnce;
        publish.pkid = id;
    }
    Packet::Publish(publish)
}

pub(super) fn texts(published: &[Publish]) -> Vec<&str> {
    published.iter().map(|publish| std::str::from_utf8(&publish.payload).unwrap()).collect()
}
