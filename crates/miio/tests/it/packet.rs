//! The header: what is a packet, what is none, and what each kind says.

use iot_home_miio::packet::{
    HEADER_LEN, HELLO, HelloField, HelloReply, PacketError, PacketKind, Subscription, mdid_probe,
};
use iot_home_miio::{Packet, Token};
use proptest::prelude::*;

/// A packet of this whole length, whose header claims `claimed`.
fn packet(claimed: u16, length: usize) -> Vec<u8> {
    let mut packet = vec![0; length];
    let header = [&[0x21, 0x31], &claimed.to_be_bytes()[..]].concat();
    packet.iter_mut().zip(header).for_each(|(to, from)| *to = from);
    packet
}

#[test]
fn every_field_stands_in_its_place() {
    let mut bytes = packet(64, 64);
    bytes[4..12].copy_from_slice(&0x1122_3344_5566_7788_u64.to_be_bytes());
    bytes[12..16].copy_from_slice(&0x99aa_bbcc_u32.to_be_bytes());
    bytes[16..32].copy_from_slice(&core::array::from_fn::<u8, 16, _>(|i| i as u8 + 1));
    bytes[32..].fill(0xee);
    let packet = Packet::parse(&bytes).unwrap();
    assert_eq!(packet.kind(), PacketKind::Message);
    assert_eq!(packet.did(), 0x1122_3344_5566_7788, "all 64 bits are the did");
    assert_eq!(packet.stamp(), 0x99aa_bbcc);
    assert_eq!(packet.field(), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    assert_eq!(packet.ciphertext(), [0xee; 32]);
    assert_eq!(packet.virtual_did(), None);
}

#[test]
fn truncated_at_every_length() {
    for whole in [HELLO.to_vec(), packet(48, 48), packet(176, 176)] {
        for length in 0..whole.len() {
            let error = Packet::parse(&whole[..length]).unwrap_err();
            let expected = match length {
                ..HEADER_LEN => PacketError::Truncated { length },
                actual => PacketError::ClaimedTooLong { claimed: whole.len(), actual },
            };
            assert_eq!(error, expected);
            assert_eq!(HelloReply::parse(&whole[..length]), Err(error));
        }
        assert!(Packet::parse(&whole).is_ok());
    }
}

#[test]
fn every_length_that_a_header_can_claim() {
    for actual in [32, 33, 47, 48, 80, 1000] {
        for claimed in 0..=u16::MAX {
            let bytes = packet(claimed, actual);
            let claimed = usize::from(claimed);
            let expected = match claimed {
                ..HEADER_LEN => Err(PacketError::ClaimedTooShort { claimed }),
                _ if claimed > actual => Err(PacketError::ClaimedTooLong { claimed, actual }),
                _ if claimed % 16 != 0 => Err(PacketError::Unaligned { claimed }),
                _ => Ok(claimed - HEADER_LEN),
            };
            let parsed = Packet::parse(&bytes).map(|packet| packet.ciphertext().len());
            assert_eq!(parsed, expected);
        }
    }
}

#[test]
fn bytes_behind_the_packet_are_ignored() {
    let mut bytes = packet(48, 48);
    let alone = Packet::parse(&bytes).map(|packet| packet.ciphertext().to_vec());
    bytes.extend([0xaa; 100]);
    assert_eq!(Packet::parse(&bytes).map(|packet| packet.ciphertext().to_vec()), alone);

    let reply = HelloReply::new(7, 9, HelloField::HiddenFf);
    let longer = [&reply.encode()[..], b"leftovers"].concat();
    assert_eq!(HelloReply::parse(&longer), Ok(reply));
}

#[test]
fn wrong_magic() {
    for magic in [[0x21, 0x30], [0x31, 0x21], [0, 0], [0xff, 0xff], [0x20, 0x31]] {
        let mut bytes = packet(48, 48);
        bytes[..2].copy_from_slice(&magic);
        assert_eq!(Packet::parse(&bytes), Err(PacketError::Magic(magic)));
    }
    // A datagram that is too short is no packet, whatever it begins with.
    assert_eq!(Packet::parse(&[0; 31]), Err(PacketError::Truncated { length: 31 }));
}

#[test]
fn kinds() {
    let kind = |bytes: &[u8]| Packet::parse(bytes).unwrap().kind();
    assert_eq!(kind(&HELLO), PacketKind::Probe);
    assert_eq!(kind(&mdid_probe(5)), PacketKind::Probe);
    assert_eq!(kind(&packet(32, 32)), PacketKind::Short);
    assert_eq!(kind(&packet(48, 48)), PacketKind::Message);
    // A device that asks for the time: a hello with zeros.
    let mut time = [0; 32];
    time[..12].copy_from_slice(&HELLO[..12]);
    assert_eq!(kind(&time), PacketKind::Probe);
    assert_eq!(HelloReply::parse(&time), Err(PacketError::NotAHelloReply));
    assert_eq!(Packet::parse(&time).unwrap().virtual_did(), None);
}

#[test]
fn a_message_is_no_hello_reply() {
    assert_eq!(HelloReply::parse(&packet(48, 48)), Err(PacketError::NotAHelloReply));
    assert_eq!(HelloReply::parse(&mdid_probe(1)), Err(PacketError::NotAHelloReply));
}

#[test]
fn the_field_of_a_hello_reply() {
    let parse = |field: [u8; 16]| {
        let mut bytes = packet(32, 32);
        bytes[16..].copy_from_slice(&field);
        HelloReply::parse(&bytes).unwrap().field
    };
    assert_eq!(parse([0xff; 16]), HelloField::HiddenFf);
    assert_eq!(parse([0; 16]), HelloField::HiddenZero);
    // One byte off is a token like any other.
    for at in 0..16 {
        for nearly in [[0xff; 16], [0; 16]] {
            let mut field = nearly;
            field[at] ^= 0x10;
            assert_eq!(parse(field), HelloField::Token(Token::new(field)));
        }
    }
    let msub = *b"MSUB\x65\x53\xf1\x00PUB\x04\x00\x00\x00\x00";
    let state = Subscription::new(1_700_000_000, 4, false);
    assert_eq!(parse(msub), HelloField::Subscription(state));
    let cut = *b"MSUB\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
    assert_eq!(parse(cut).token(), None, "whatever follows, it is no token");
}

#[test]
fn a_device_that_does_not_know_its_did() {
    let reply = HelloReply::new(u64::MAX, 77, HelloField::HiddenZero);
    assert_eq!(HelloReply::parse(&reply.encode()), Ok(reply));
}

proptest! {
    #[test]
    fn any_bytes_are_a_packet_or_none(mut bytes in proptest::collection::vec(any::<u8>(), 0..200),
                                      shaped: bool, claimed in 0..220_u16) {
        if shaped && bytes.len() >= 4 {
            bytes[..2].copy_from_slice(&[0x21, 0x31]);
            bytes[2..4].copy_from_slice(&claimed.to_be_bytes());
        }
        let reply = HelloReply::parse(&bytes);
        match Packet::parse(&bytes) {
            Ok(packet) => {
                prop_assert!(HEADER_LEN + packet.ciphertext().len() <= bytes.len());
                prop_assert_eq!(reply.is_ok(), HelloReply::from_packet(&packet).is_some());
                let _ = (packet.kind(), packet.virtual_did(), format!("{packet:?}"));
            }
            Err(error) => prop_assert_eq!(reply, Err(error)),
        }
    }

    #[test]
    fn hello_replies_come_back(did in 0..u64::MAX, stamp: u32, form in 0..4, field: [u8; 16],
                               timestamp: u32, kind: u8, wildcard: bool) {
        let field = match form {
            0 => HelloField::HiddenFf,
            1 => HelloField::HiddenZero,
            2 => HelloField::Subscription(Subscription::new(timestamp, kind, wildcard)),
            _ => HelloField::Token(Token::new(field)),
        };
        let reply = HelloReply::new(did, stamp, field);
        prop_assert_eq!(HelloReply::parse(&reply.encode()), Ok(reply));
    }

    #[test]
    fn probes_for_subscriptions_come_back(virtual_did: u64) {
        let probe = mdid_probe(virtual_did);
        prop_assert_eq!(Packet::parse(&probe).unwrap().virtual_did(), Some(virtual_did));
    }
}
