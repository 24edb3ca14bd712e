//! A client made by hand, which can do everything wrong.

use std::net::SocketAddr;
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_miio::packet::{Header, Packet, PacketKind};
use iot_home_miio::{Cipher, Token, json};
use iot_home_sim::Machine;
use iot_home_sim::miio::Builder;
use serde_json::Value;

pub(crate) const DID: u64 = 51_880_628;
pub(crate) const TOKEN: Token = Token::new(*b"0123456789abcdef");
/// What the device's clock shows at first.
pub(crate) const STAMP: u32 = 12_345;

pub(crate) struct Client {
    pub(crate) device: Machine,
    pub(crate) now: Instant,
    pub(crate) cipher: Cipher,
}

impl Client {
    pub(crate) fn of(builder: Builder) -> Self {
        let device = builder.did(DID).token(TOKEN).build().unwrap();
        Self { device, now: Instant::ORIGIN, cipher: Cipher::new(&TOKEN) }
    }

    pub(crate) fn addr() -> SocketAddr {
        "192.0.2.1:40000".parse().unwrap()
    }

    pub(crate) fn seal(&self, did: u64, stamp: u32, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; Cipher::sealed_len(payload.len())];
        self.cipher.seal(Header { did, stamp }, payload, &mut packet).unwrap();
        packet
    }

    /// Sends a datagram as it is, and returns what comes back at once.
    pub(crate) fn raw(&mut self, datagram: &[u8]) -> Vec<Vec<u8>> {
        self.device.handle_datagram(self.now, Self::addr(), &mut datagram.to_vec());
        self.received()
    }

    /// Sends a payload in a packet that has nothing wrong, and returns the payloads that come back.
    pub(crate) fn send(&mut self, payload: &str) -> Vec<Vec<u8>> {
        let packet = self.seal(DID, self.device.stamp(self.now), payload.as_bytes());
        let answers = self.raw(&packet);
        answers.iter().map(|answer| self.open(answer).expect("a sealed answer")).collect()
    }

    /// One request, one answer.
    pub(crate) fn ask(&mut self, payload: &str) -> Value {
        let answers = self.send(payload);
        assert_eq!(answers.len(), 1, "{payload}");
        json::parse(&answers[0]).unwrap()
    }

    pub(crate) fn open(&self, datagram: &[u8]) -> Option<Vec<u8>> {
        self.cipher.open(&mut datagram.to_vec()).ok().map(<[u8]>::to_vec)
    }

    pub(crate) fn received(&mut self) -> Vec<Vec<u8>> {
        let (mut all, mut buffer) = (Vec::new(), Vec::new());
        while let Some(to) = self.device.poll_transmit(self.now, &mut buffer) {
            assert_eq!(to, Self::addr());
            all.push(buffer.clone());
        }
        all
    }

    /// Everything that comes within this time, and when.
    pub(crate) fn wait(&mut self, time: Duration) -> Vec<(Duration, Vec<u8>)> {
        let (began, until) = (self.now, self.now + time);
        let mut all = Vec::new();
        loop {
            let at = self.now.saturating_since(began);
            all.extend(self.received().into_iter().map(|datagram| (at, datagram)));
            match self.device.poll_timeout().filter(|due| *due <= until) {
                Some(due) => self.now = due,
                None => break self.now = until,
            }
        }
        all
    }
}

pub(crate) fn is_hello_reply(datagram: &[u8]) -> bool {
    Packet::parse(datagram).is_ok_and(|packet| packet.kind() == PacketKind::Short)
}
