//! A platform in virtual time, and clients that are nothing but bytes.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::BytesMut;
use iot_home_core::{Instant, SeededRandom};
use iot_home_mqtt::{Connect, MqttLogin};
use iot_home_sim::mqtt::{Builder, ConnectionId, Link, Machine, Output, Report};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, PubAck, Publish, Subscribe, SubscribeFilter};

use super::{aliyun_device, tencent_device};

pub(crate) struct Wire {
    pub(crate) platform: Machine,
    pub(crate) now: Instant,
    inbox: BTreeMap<ConnectionId, BytesMut>,
    /// Those that the platform closed, and whether it cut them.
    closed: BTreeMap<ConnectionId, bool>,
}

impl Wire {
    pub(crate) fn new(builder: Builder) -> Self {
        Self {
            platform: builder.build(),
            now: Instant::ORIGIN,
            inbox: BTreeMap::new(),
            closed: BTreeMap::new(),
        }
    }

    /// A connection on which nothing was said yet.
    pub(crate) fn open(&mut self, link: Link) -> ConnectionId {
        self.platform.accept(self.now, link).unwrap()
    }

    pub(crate) fn send_bytes(&mut self, id: ConnectionId, bytes: &[u8]) {
        self.platform.handle_bytes(self.now, id, bytes);
        self.drain();
    }

    pub(crate) fn send(&mut self, id: ConnectionId, packet: &Packet) {
        let mut bytes = BytesMut::new();
        packet.write(&mut bytes, usize::MAX).unwrap();
        self.send_bytes(id, &bytes);
    }

    /// What the platform wants written goes to the clients.
    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.platform.poll_output(self.now) {
            match output {
                Output::Write { to, bytes } => {
                    assert!(!self.closed.contains_key(&to), "nothing behind the end");
                    self.inbox.entry(to).or_default().extend_from_slice(&bytes);
                }
                Output::Close { connection, cut } => {
                    assert_eq!(self.closed.insert(connection, cut), None, "closed once");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Lets time pass, and happen what is due.
    pub(crate) fn pass(&mut self, duration: Duration) {
        let until = self.now + duration;
        while let Some(due) = self.platform.poll_timeout().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.platform.handle_timeout(self.now);
            self.drain();
            assert!(self.platform.poll_timeout().is_none_or(|next| next > due), "time goes on");
        }
        self.now = until;
        self.platform.handle_timeout(until);
        self.drain();
    }

    /// The bytes that came and were not looked at yet.
    pub(crate) fn bytes(&mut self, id: ConnectionId) -> Vec<u8> {
        self.inbox.remove(&id).unwrap_or_default().to_vec()
    }

    /// The packets that came since this was last asked.
    pub(crate) fn packets(&mut self, id: ConnectionId) -> Vec<Packet> {
        let mut bytes = self.inbox.remove(&id).unwrap_or_default();
        let mut packets = Vec::new();
        while !bytes.is_empty() {
            packets.push(Packet::read(&mut bytes, usize::MAX).unwrap());
        }
        packets
    }

    /// The messages among them; anything else is wrong.
    pub(crate) fn publishes(&mut self, id: ConnectionId) -> Vec<Publish> {
        let packets = self.packets(id).into_iter();
        packets
            .map(|packet| match packet {
                Packet::Publish(publish) => publish,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    /// Whether the platform closed the connection.
    pub(crate) fn is_closed(&self, id: ConnectionId) -> bool {
        self.closed.contains_key(&id)
    }

    pub(crate) fn is_cut(&self, id: ConnectionId) -> bool {
        self.closed.get(&id) == Some(&true)
    }

    pub(crate) fn report(&self) -> Report {
        self.platform.report()
    }

    /// The answer to a login: code and whether there is a session, and the connection.
    pub(crate) fn login(&mut self, login: &MqttLogin) -> (ConnectionId, u8, bool) {
        let link = if login.tls { Link::tls() } else { Link::tcp() };
        self.login_over(link, login)
    }

    pub(crate) fn login_over(&mut self, link: Link, login: &MqttLogin) -> (ConnectionId, u8, bool) {
        self.connect(link, &Connect::from(login))
    }

    pub(crate) fn connect(
        &mut self,
        link: Link,
        connect: &Connect<'_>,
    ) -> (ConnectionId, u8, bool) {
        let id = self.open(link);
        let mut bytes = Vec::new();
        connect.encode(&mut bytes).unwrap();
        self.send_bytes(id, &bytes);
        let mut answer = self.inbox.remove(&id).unwrap_or_default();
        let connack = answer.split_to(4);
        assert_eq!(connack[..2], [0x20, 2], "{connack:?}");
        self.inbox.insert(id, answer);
        assert_eq!(self.is_closed(id), connack[3] != 0);
        (id, connack[3], connack[2] == 1)
    }

    /// Logged in, as the device of [`aliyun_device`].
    pub(crate) fn aliyun(&mut self) -> ConnectionId {
        let (id, code, _) = self.login(&aliyun_login());
        assert_eq!(code, 0);
        id
    }

    /// Logged in, as the device of [`tencent_device`].
    pub(crate) fn tencent(&mut self) -> ConnectionId {
        let (id, code, _) = self.login(&tencent_login());
        assert_eq!(code, 0);
        id
    }

    /// Logged in with the plain account.
    pub(crate) fn plain(&mut self, client_id: &str, clean: bool) -> ConnectionId {
        let (id, code, _) = self.login(&plain_login(client_id, clean));
        assert_eq!(code, 0);
        id
    }

    /// Subscribes, and gives what is granted.
    pub(crate) fn subscribe(&mut self, id: ConnectionId, filters: &[(&str, u8)]) -> Vec<u8> {
        let filters = filters.iter().map(|(filter, qos)| {
            SubscribeFilter::new((*filter).into(), rumqttc::mqttbytes::qos(*qos).unwrap())
        });
        let mut subscribe = Subscribe::new_many(filters);
        subscribe.pkid = 7;
        self.send(id, &Packet::Subscribe(subscribe));
        let bytes = self.bytes(id);
        assert_eq!((bytes[0], &bytes[2..4]), (0x90, &[0, 7][..]), "{bytes:?}");
        bytes[4..].to_vec()
    }

    pub(crate) fn publish(&mut self, id: ConnectionId, topic: &str, payload: &[u8], pkid: u16) {
        self.send(id, &publish(topic, payload, pkid));
    }

    pub(crate) fn ack(&mut self, id: ConnectionId, pkid: u16) {
        self.send(id, &Packet::PubAck(PubAck::new(pkid)));
    }

    /// Whether the connection is still good for something.
    pub(crate) fn answers(&mut self, id: ConnectionId) -> bool {
        self.send_bytes(id, &[0xc0, 0]);
        self.bytes(id).ends_with(&[0xd0, 0])
    }
}

/// A message; a packet id makes it one of quality 1.
pub(crate) fn publish(topic: &str, payload: &[u8], pkid: u16) -> Packet {
    let qos = if pkid == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
    let mut publish = Publish::new(topic, qos, payload);
    publish.pkid = pkid;
    Packet::Publish(publish)
}

pub(crate) fn aliyun_login() -> MqttLogin {
    aliyun_device().tls().sign(Duration::ZERO)
}

pub(crate) fn tencent_login() -> MqttLogin {
    tencent_device().tls().sign(super::TIME, &mut SeededRandom::new(7))
}

pub(crate) fn plain_login(client_id: &str, clean: bool) -> MqttLogin {
    let mut login = MqttLogin::new("localhost", 1883, client_id);
    login.username = Some("me".into());
    login.password = Some(String::from("correct horse").into());
    login.clean_session = clean;
    login
}
