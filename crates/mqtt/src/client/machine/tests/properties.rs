//! Whatever a broker sends, and however it is cut.

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{
    Packet, PubAck, PubComp, PubRec, PubRel, Publish, SubAck, SubscribeReasonCode, UnsubAck,
};

use super::broker::Play;
use crate::client::message::{Message, Qos};
use crate::client::options::Options;

fn packet() -> impl Strategy<Value = Packet> {
    let id = 1..6_u16;
    let code = prop_oneof![
        Just(SubscribeReasonCode::Success(QoS::AtLeastOnce)),
        Just(SubscribeReasonCode::Failure)
    ];
    prop_oneof![
        (0..3_u8, id.clone(), "[a-z/]{1,5}", vec(any::<u8>(), 0..300)).prop_map(
            |(qos, id, topic, payload)| {
                let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(qos)];
                let mut publish = Publish::new(topic, qos, payload);
                publish.pkid = if qos == QoS::AtMostOnce { 0 } else { id };
                Packet::Publish(publish)
            }
        ),
        id.clone().prop_map(|id| Packet::PubAck(PubAck::new(id))),
        id.clone().prop_map(|id| Packet::PubRec(PubRec::new(id))),
        id.clone().prop_map(|id| Packet::PubRel(PubRel::new(id))),
        id.clone().prop_map(|id| Packet::PubComp(PubComp { pkid: id })),
        (id.clone(), vec(code, 1..3))
            .prop_map(|(id, codes)| Packet::SubAck(SubAck::new(id, codes))),
        id.prop_map(|id| Packet::UnsubAck(UnsubAck::new(id))),
        Just(Packet::PingResp),
    ]
}

/// A connection with something of everything under way.
fn busy() -> Play {
    let mut play = Play::new(Options::new().max_packet(200).inbox(5, 500));
    play.connect(false);
    for (waiter, qos) in [Qos::AtLeastOnce, Qos::ExactlyOnce].into_iter().enumerate() {
        play.machine.publish(play.now, Message::new("t", "").qos(qos), waiter as u32).unwrap();
    }
    play.machine.subscribe(play.now, "a".into(), Qos::AtLeastOnce, 2).unwrap();
    play.machine.unsubscribe(play.now, "b".into(), 3).unwrap();
    play.sent();
    play
}

fn told(play: &mut Play) -> String {
    let done = play.done();
    let events = play.events();
    format!("{done:?} {events:?} {:?}", play.sent())
}

proptest! {
    #[test]
    fn any_packets_cut_anywhere_mean_the_same(
        packets in vec(packet(), 0..20),
        size in 1..50_usize,
    ) {
        let mut bytes = BytesMut::new();
        for packet in packets {
            packet.write(&mut bytes, usize::MAX).unwrap();
        }
        let mut whole = busy();
        whole.bytes(&bytes).unwrap();
        let mut cut = busy();
        let mut input = BytesMut::new();
        for piece in bytes.chunks(size) {
            input.extend_from_slice(piece);
            cut.machine.receive(cut.now, &mut input).unwrap();
        }
        prop_assert_eq!(told(&mut whole), told(&mut cut));
    }

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..200), connected: bool) {
        let mut play = busy();
        if !connected {
            play.lose();
            play.open();
        }
        if let Err(error) = play.bytes(&bytes) {
            play.machine.lost(play.now, error, &mut play.random);
        }
        play.sent();
        play.events();
    }
}
