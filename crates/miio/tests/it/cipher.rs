//! Sealing and opening: what went in comes out, and nothing that was changed on the way.

use aes::Aes128;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use iot_home_core::{Instant, SeededRandom};
use iot_home_miio::cipher::{Cipher, OpenError, SealError};
use iot_home_miio::packet::{Header, PacketError, PacketKind};
use iot_home_miio::responder::{Incoming, Refusal, Responder};
use iot_home_miio::session::{Config, Session};
use iot_home_miio::{Packet, Request, Token};
use md5::{Digest, Md5};
use proptest::prelude::*;
use serde_json::json;

use crate::message_quirks::{DID, token};
use crate::vectors::unhex;

const HEADER: Header = Header { did: DID, stamp: 12_346 };

fn seal(token: &Token, header: Header, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; Cipher::sealed_len(payload.len())];
    let length = Cipher::new(token).seal(header, payload, &mut packet).expect("it has room");
    assert_eq!(length, packet.len());
    packet
}

/// A message whose checksum is right and whose padding is whatever these blocks end in, made by
/// hand from the description.
pub(crate) fn sealed_without_padding(token: &Token, header: Header, blocks: &[u8]) -> Vec<u8> {
    let key = Md5::digest(token.expose());
    let iv = Md5::digest([&key, &token.expose()[..]].concat());
    let mut ciphertext = blocks.to_vec();
    let length = ciphertext.len();
    cbc::Encryptor::<Aes128>::new(&key, &iv)
        .encrypt_padded::<NoPadding>(&mut ciphertext, length)
        .expect("whole blocks");
    signed(token, header, &ciphertext)
}

fn signed(token: &Token, header: Header, ciphertext: &[u8]) -> Vec<u8> {
    let length = u16::try_from(32 + ciphertext.len()).expect("a short packet");
    let mut packet = vec![0x21, 0x31];
    packet.extend(length.to_be_bytes());
    packet.extend(header.did.to_be_bytes());
    packet.extend(header.stamp.to_be_bytes());
    let checksum = Md5::digest([&packet, &token.expose()[..], ciphertext].concat());
    packet.extend(checksum);
    packet.extend(ciphertext);
    packet
}

/// Made by the openssl command line: the one case that clients with 32-bit ids cannot write.
#[test]
fn a_did_of_64_bits() {
    let mut packet = unhex(
        "2131005011223344556677880000303a6ae160ae0603c65a7c677462ed8e5b19a5516ec6151955dc2bb2d43e\
         7c84c18352a39a7f22fd2903d282a5783c6d56ac8c9c7629130a25fac17d38175c1a7799",
    );
    let header = Header { did: 1_234_605_616_436_508_552, stamp: 12_346 };
    let text = br#"{"id":1,"method":"miIO.info","params":[]}"#;
    assert_eq!(seal(&token(), header, text), packet);
    assert_eq!(Packet::parse(&packet).unwrap().did(), header.did);
    assert_eq!(Cipher::new(&token()).open(&mut packet), Ok(&text[..]));
}

#[test]
fn padding_is_always_added() {
    for (length, sealed) in [(0, 48), (1, 48), (15, 48), (16, 64), (17, 64), (31, 64), (32, 80)] {
        assert_eq!(Cipher::sealed_len(length), sealed);
        let payload = vec![b' '; length];
        let mut packet = seal(&token(), HEADER, &payload);
        assert_eq!(Cipher::new(&token()).open(&mut packet), Ok(&payload[..]));
    }
}

#[test]
fn the_longest_payload_fits_a_datagram() {
    let payload = vec![b'x'; Cipher::MAX_PLAINTEXT];
    let mut packet = seal(&token(), HEADER, &payload);
    assert!(packet.len() <= 65_507);
    assert_eq!(Cipher::new(&token()).open(&mut packet), Ok(&payload[..]));

    let length = Cipher::MAX_PLAINTEXT + 1;
    let too_long = Err(SealError::TooLong { length });
    let mut room = vec![0; 100_000];
    assert_eq!(Cipher::new(&token()).seal(HEADER, &vec![b'x'; length], &mut room), too_long);
    assert_eq!(Cipher::new(&token()).seal_in_place(HEADER, length, &mut room), too_long);
    assert_eq!(Cipher::new(&token()).seal_in_place(HEADER, usize::MAX, &mut room), {
        Err(SealError::TooLong { length: usize::MAX })
    });
}

#[test]
fn a_buffer_that_is_too_short_is_an_error() {
    let cipher = Cipher::new(&token());
    let payload = b"{\"id\":123456789}";
    for room in 0..64 {
        let error = Err(SealError::Buffer { needed: 64, room });
        assert_eq!(cipher.seal(HEADER, payload, &mut vec![0; room]), error);
        assert_eq!(cipher.seal_in_place(HEADER, payload.len(), &mut vec![0; room]), error);
    }
    let mut larger = [0xaa; 100];
    assert_eq!(cipher.seal(HEADER, payload, &mut larger), Ok(64));
    assert_eq!(larger[64..], [0xaa; 36], "what lies behind the packet is left alone");
    assert_eq!(cipher.open(&mut larger), Ok(&payload[..]), "and ignored");
}

#[test]
fn truncated_at_every_length() {
    let packet = seal(&token(), HEADER, &[b'x'; 100]);
    let cipher = Cipher::new(&token());
    for length in 0..packet.len() {
        let error = match length {
            ..32 => PacketError::Truncated { length },
            actual => PacketError::ClaimedTooLong { claimed: packet.len(), actual },
        };
        assert_eq!(cipher.open(&mut packet[..length].to_vec()), Err(error.clone().into()));
        let refused = Responder::new(DID, token()).receive(0, &mut packet[..length].to_vec());
        assert_eq!(refused, Err(Refusal::Open(error.into())));
        // Cut with an honest length it is another message, and unsigned.
        let mut honest = packet[..length].to_vec();
        if length >= 48 && length % 16 == 0 {
            honest[2..4].copy_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
            assert_eq!(cipher.open(&mut honest), Err(OpenError::Checksum));
        }
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    let cipher = Cipher::new(&token());
    let packet = seal(&token(), HEADER, br#"{"id":1,"method":"toggle","params":[]}"#);
    for bit in 0..packet.len() * 8 {
        let mut flipped = packet.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let before = flipped.clone();
        let error = cipher.open(&mut flipped).expect_err("a bit was flipped");
        match bit {
            ..32 => assert!(matches!(error, OpenError::Packet(_) | OpenError::Checksum), "{bit}"),
            _ => assert_eq!(error, OpenError::Checksum, "{bit}"),
        }
        assert_eq!(flipped, before, "the datagram is as it was");
        if let Ok(parsed) = Packet::parse(&flipped) {
            assert!(!cipher.verify(&parsed));
        }
        let mut device = Responder::new(DID, token());
        let refused = device.receive(HEADER.stamp, &mut flipped);
        assert!(matches!(refused, Err(Refusal::Open(_))), "bit {bit}: {refused:?}");
    }
}

#[test]
fn another_token_opens_nothing() {
    let mut packet = seal(&token(), HEADER, b"{}");
    let before = packet.clone();
    for bit in 0..128 {
        let mut other = *token().expose();
        other[bit / 8] ^= 1 << (bit % 8);
        let cipher = Cipher::new(&Token::new(other));
        assert_eq!(cipher.open(&mut packet), Err(OpenError::Checksum));
        assert_eq!(packet, before);
    }
    assert_eq!(Cipher::new(&token()).open(&mut packet), Ok(&b"{}"[..]));
}

#[test]
fn every_wrong_padding_is_an_error() {
    let cipher = Cipher::new(&token());
    let mut block = [b'x'; 32];
    for last in 0..=u8::MAX {
        block[31] = last;
        let opened =
            cipher.open(&mut sealed_without_padding(&token(), HEADER, &block)).map(<[u8]>::len);
        // Before the last byte stands an `x`, so only a padding of one is whole.
        let expected = if last == 1 { Ok(31) } else { Err(OpenError::Padding) };
        assert_eq!(opened, expected, "{last}");
    }
    for length in 1..=16_u8 {
        let mut block = [length; 16];
        let payload = 16 - usize::from(length);
        block[..payload].fill(b'x');
        let mut packet = sealed_without_padding(&token(), HEADER, &block);
        assert_eq!(cipher.open(&mut packet), Ok(&block[..payload]));
        if length > 1 {
            block[payload] = 0;
            let mut packet = sealed_without_padding(&token(), HEADER, &block);
            assert_eq!(cipher.open(&mut packet), Err(OpenError::Padding));
        }
    }
}

#[test]
fn what_has_no_payload_is_no_message() {
    let cipher = Cipher::new(&token());
    for mut packet in [signed(&token(), HEADER, &[]), cipher.keep_alive(HEADER).to_vec()] {
        assert_eq!(cipher.open(&mut packet), Err(OpenError::NotAMessage));
    }
    let mut hello = iot_home_miio::packet::HELLO;
    assert_eq!(cipher.open(&mut hello), Err(OpenError::NotAMessage));
}

#[test]
fn keep_alive() {
    let cipher = Cipher::new(&token());
    let mut packet = cipher.keep_alive(HEADER);
    assert_eq!(packet[..], signed(&token(), HEADER, &[]), "the checksum of a header alone");
    let parsed = Packet::parse(&packet).unwrap();
    assert_eq!(parsed.kind(), PacketKind::Short);
    assert!(cipher.verify(&parsed));
    assert!(!Cipher::new(&Token::new([1; 16])).verify(&parsed));
    let mut device = Responder::new(DID, token());
    assert_eq!(device.receive(0, &mut packet), Ok(Incoming::KeepAlive { stamp: 12_346 }));
    assert_eq!(device.keep_alive_reply(12_346), packet);
}

fn arbitrary_token() -> impl Strategy<Value = Token> {
    any::<[u8; 16]>().prop_map(Token::new)
}

proptest! {
    #[test]
    fn any_payload_comes_back(token in arbitrary_token(), did: u64, stamp: u32,
                              payload in proptest::collection::vec(any::<u8>(), 0..=4096)) {
        let cipher = Cipher::new(&token);
        let mut packet = seal(&token, Header { did, stamp }, &payload);
        let parsed = Packet::parse(&packet).unwrap();
        prop_assert_eq!((parsed.did(), parsed.stamp()), (did, stamp));
        prop_assert_eq!(parsed.kind(), PacketKind::Message);
        prop_assert!(cipher.verify(&parsed));

        let mut in_place = vec![0; packet.len()];
        in_place[32..32 + payload.len()].copy_from_slice(&payload);
        cipher.seal_in_place(Header { did, stamp }, payload.len(), &mut in_place).unwrap();
        prop_assert_eq!(&in_place, &packet);
        prop_assert_eq!(Responder::new(did, token).seal(stamp, &payload), Ok(packet.clone()));

        prop_assert_eq!(cipher.open(&mut packet), Ok(&payload[..]));
    }

    #[test]
    fn any_request_reaches_the_device_and_any_answer_comes_back(
        token in arbitrary_token(), did in 0..u64::MAX, stamp: u32, id in 1..i32::MAX,
        method in "\\PC{1,20}", param in "\\PC{0,2000}",
    ) {
        let mut device = Responder::new(did, token.clone()).stamp_window(0);
        let message = json!({"id": id, "method": method, "params": [param]});
        let mut packet = seal(&token, Header { did, stamp }, message.to_string().as_bytes());
        let received = device.receive(stamp, &mut packet);
        let Ok(Incoming::Request(request)) = received else { panic!("{received:?}") };
        prop_assert_eq!((request.id, &request.method), (id.into(), &method));
        prop_assert_eq!(&request.params, &json!([param]));
        prop_assert_eq!(&request.message, &message);

        let mut reply = device.reply(stamp, request.id, &request.params.to_string()).unwrap();
        let opened = Cipher::new(&token).open(&mut reply).unwrap();
        let value: serde_json::Value = serde_json::from_slice(opened).unwrap();
        prop_assert_eq!(value, json!({"id": id, "result": [param]}));
    }

    #[test]
    fn any_bytes_do_no_harm(mut bytes in proptest::collection::vec(any::<u8>(), 0..300),
                            shape in 0..4, token in arbitrary_token()) {
        // Ever nearer to a message, so that all the code behind the checks is reached.
        let mut bytes = match shape {
            0 => bytes,
            1 if bytes.len() >= 48 => {
                bytes.truncate(bytes.len() / 16 * 16);
                bytes[..4].copy_from_slice(&[0x21, 0x31, 0, 0]);
                let length = u16::try_from(bytes.len()).unwrap();
                bytes[2..4].copy_from_slice(&length.to_be_bytes());
                bytes
            }
            2 => sealed_without_padding(&token, HEADER, &bytes[..bytes.len() / 16 * 16]),
            _ => seal(&token, HEADER, &bytes),
        };
        let _ = Cipher::new(&token).open(&mut bytes.clone());
        let _ = Responder::new(DID, token.clone()).receive(HEADER.stamp, &mut bytes.clone());

        let now = Instant::ORIGIN;
        let mut session = Session::new(&token, Config::default(), &mut SeededRandom::new(1));
        session.handle_datagram(now, &mut bytes.clone());
        session.request(now, Request::new("get_prop", ()).unwrap());
        let mut buffer = Vec::new();
        session.poll_transmit(now, &mut buffer);
        session.handle_datagram(now, &mut Responder::new(DID, token).hello_reply(1));
        session.poll_transmit(now, &mut buffer);
        session.handle_datagram(now, &mut bytes.clone());
        session.handle_datagram(now, &mut bytes);
        let done = std::iter::from_fn(|| session.poll_event())
            .filter(|event| matches!(event, iot_home_miio::session::Event::Done { .. }))
            .count();
        prop_assert!(done <= 1);
    }

    #[test]
    fn text_that_looks_like_an_answer_does_no_harm(
        parts in proptest::collection::vec(proptest::sample::select(&PARTS[..]), 0..12),
        more in proptest::collection::vec(any::<u8>(), 0..8),
    ) {
        let mut text = parts.concat().into_bytes();
        text.extend(more);
        let mut packet = seal(&token(), HEADER, &text);
        let mut device = Responder::new(DID, token());
        let _ = device.receive(HEADER.stamp, &mut packet.clone());
        let now = Instant::ORIGIN;
        let mut session = Session::new(&token(), Config::default(), &mut SeededRandom::new(1));
        session.request(now, Request::new("get_prop", ()).unwrap());
        let mut buffer = Vec::new();
        session.poll_transmit(now, &mut buffer);
        session.handle_datagram(now, &mut device.hello_reply(1));
        session.poll_transmit(now, &mut buffer);
        prop_assert!(session.handle_datagram(now, &mut packet), "it is authentic");
        while let Some(event) = session.poll_event() {
            let _ = format!("{event:?}");
        }
    }
}

const PARTS: [&str; 20] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"id\"",
    "\"result\"",
    "\"error\"",
    "\"method\"",
    "\"code\"",
    "0",
    "1",
    "-30001",
    "null",
    "\"\\ud800\"",
    "\"",
    "\0",
    "net",
    "\u{feff}",
];
