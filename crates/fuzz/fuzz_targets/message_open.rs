//! Any bytes as a message: as they are, as a payload, and as a ciphertext whose checksum is right.
#![no_main]

use iot_home_miio::cipher::{Cipher, OpenError};
use iot_home_miio::packet::{HEADER_LEN, Header};
use iot_home_miio::{Packet, Token};
use libfuzzer_sys::fuzz_target;
use md5::{Digest, Md5};

fuzz_target!(|bytes: &[u8]| {
    let token = Token::new([7; 16]);
    let cipher = Cipher::new(&token);

    let mut datagram = bytes.to_vec();
    let _ = cipher.open(&mut datagram);

    // A payload comes back as it went, and no bit of the packet can be changed unnoticed.
    let header = Header { did: 51_880_628, stamp: 77 };
    let mut packet = vec![0; Cipher::sealed_len(bytes.len())];
    if cipher.seal(header, bytes, &mut packet).is_err() {
        assert!(bytes.len() > Cipher::MAX_PLAINTEXT);
        return;
    }
    let mut changed = packet.clone();
    let at = bytes.first().map_or(0, |byte| usize::from(*byte)) % changed.len();
    changed[at] ^= 1 << (bytes.len() % 8);
    assert!(cipher.open(&mut changed).is_err(), "byte {at} was changed unnoticed");
    assert!(cipher.verify(&Packet::parse(&packet).expect("a packet that was sealed here")));
    assert_eq!(cipher.open(&mut packet), Ok(bytes));

    // Blocks of nonsense under a checksum that is right, so that what lies behind it is reached too.
    let blocks = &bytes[..bytes.len() / 16 * 16];
    let mut signed = sign(&token, header, blocks);
    match cipher.open(&mut signed) {
        Ok(payload) => assert!(payload.len() < blocks.len()),
        Err(OpenError::Padding) => assert!(!blocks.is_empty()),
        Err(OpenError::NotAMessage) => assert!(blocks.is_empty()),
        Err(error) => panic!("the checksum is right: {error}"),
    }
});

fn sign(token: &Token, header: Header, ciphertext: &[u8]) -> Vec<u8> {
    let length =
        u16::try_from(HEADER_LEN + ciphertext.len()).expect("no more than was sealed above");
    let mut packet = Vec::from(0x2131_u16.to_be_bytes());
    packet.extend(length.to_be_bytes());
    packet.extend(header.did.to_be_bytes());
    packet.extend(header.stamp.to_be_bytes());
    let checksum = Md5::new()
        .chain_update(&packet)
        .chain_update(token.expose())
        .chain_update(ciphertext)
        .finalize();
    packet.extend(checksum);
    packet.extend(ciphertext);
    packet
}
