//! Any bytes as a packet: no panic, and what was read is what stands there.
#![no_main]

use iot_home_miio::packet::{HEADER_LEN, HelloReply, PacketKind};
use iot_home_miio::{Packet, Token};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|datagram: &[u8]| {
    if let Ok(text) = core::str::from_utf8(datagram)
        && let Ok(token) = text.parse::<Token>()
    {
        assert_eq!(token.expose_hex().parse().as_ref(), Ok(&token));
    }
    let reply = HelloReply::parse(datagram);
    let Ok(packet) = Packet::parse(datagram) else {
        assert!(reply.is_err(), "a hello reply is a packet");
        return;
    };
    assert!(HEADER_LEN + packet.ciphertext().len() <= datagram.len());
    assert_eq!(packet.field()[..], datagram[16..HEADER_LEN]);
    match packet.kind() {
        PacketKind::Message => assert!(packet.ciphertext().len() >= 16),
        _ => assert!(packet.ciphertext().is_empty()),
    }
    if let Ok(reply) = reply {
        // The bytes 12..16 are the stamp, 4..12 the did, and nothing else is in a hello reply.
        let again = HelloReply::parse(&reply.encode()).expect("a reply that was encoded here");
        assert_eq!((again.did, again.stamp), (packet.did(), packet.stamp()));
        assert_eq!(again.field, reply.field);
    }
});
