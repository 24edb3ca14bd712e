//! The known-answer vectors, each in both directions: what other implementations made is read, and
//! made again byte for byte.

use std::collections::BTreeMap;
use std::path::Path;

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit};
use aes::{Aes128, Aes128Enc};
use iot_home_miio::packet::{
    HELLO, Header, HelloField, HelloReply, PacketError, PacketKind, Subscription, mdid_probe,
};
use iot_home_miio::responder::{Incoming, Responder};
use iot_home_miio::{Cipher, DeviceError, Failure, Packet, Request, Token, json};
use md5::{Digest, Md5};
use serde_json::Value;

use crate::message_quirks::Bench;

/// How often each vector stands in the file.
const PRESENT: [(&str, usize); 21] = [
    ("key_iv", 3),
    ("hello_request", 1),
    ("hello_reply_token_revealed", 1),
    ("hello_reply_hidden_ff", 1),
    ("hello_reply_hidden_00", 1),
    ("pymiio_info", 1),
    ("pymiio_get_prop", 1),
    ("pymiio_reply", 1),
    ("compact_no_nul", 1),
    ("pad_15_to_1", 1),
    ("pad_16_full_block", 1),
    ("pad_17", 1),
    ("quirk_double_comma_otu", 1),
    ("quirk_value_00", 1),
    ("quirk_result_comma", 1),
    ("quirk_trailing_nul_garbage", 1),
    ("error_ack_timeout", 1),
    ("mdid_probe", 1),
    ("msub_reply", 1),
    ("ios_token_96", 1),
    ("did_64bit", 0),
];

/// What this crate does not do yet: push from a device, and the gateway's own protocol.
const NOT_OURS: [&str; 2] = ["push_token_enc", "lumi_key"];

#[test]
fn every_vector_in_both_directions() {
    let mut covered = BTreeMap::new();
    for vector in vectors() {
        let id = vector.text("id");
        match id {
            "key_iv" => key_and_iv(&vector),
            "hello_request" => hello_request(&vector),
            "hello_reply_token_revealed" | "hello_reply_hidden_ff" | "hello_reply_hidden_00" => {
                hello_reply(&vector);
            }
            "mdid_probe" => probe_for_subscriptions(&vector),
            "msub_reply" => subscription(&vector),
            "ios_token_96" => ios_token(&vector),
            id if NOT_OURS.contains(&id) => continue,
            id if PRESENT.iter().any(|(known, _)| *known == id) => message(&vector),
            id => panic!("the vector {id} is not tested"),
        }
        *covered.entry(id.to_owned()).or_insert(0) += 1;
    }
    for (id, times) in PRESENT {
        let covered = covered.get(id).copied().unwrap_or(0);
        assert!(covered >= times, "{id} stands {covered} times in the file instead of {times}");
    }
}

/// Key and IV are not to be had from a cipher: what it seals is what they make of it by hand.
fn key_and_iv(vector: &Vector) {
    let token = vector.token();
    let key: [u8; 16] = vector.bytes("key").try_into().unwrap();
    let iv: [u8; 16] = vector.bytes("iv").try_into().unwrap();
    assert_eq!(Md5::digest(token.expose()).as_slice(), key);
    assert_eq!(Md5::digest([key, *token.expose()].concat()).as_slice(), iv);

    for text in ["", "{\"id\":1}", "sixteen bytes ..", "{\"id\":1234567890}"] {
        let mut by_hand = vec![0; text.len() + 16];
        let encryptor = cbc::Encryptor::<Aes128>::new(&key.into(), &iv.into());
        let by_hand = encryptor.encrypt_padded_b2b::<Pkcs7>(text.as_bytes(), &mut by_hand).unwrap();

        let cipher = Cipher::new(&token);
        let mut sealed = vec![0; Cipher::sealed_len(text.len())];
        cipher.seal(Header { did: 1, stamp: 2 }, text.as_bytes(), &mut sealed).unwrap();
        assert_eq!(&sealed[32..], by_hand);

        let mut decrypted = vec![0; by_hand.len()];
        let decryptor = cbc::Decryptor::<Aes128>::new(&key.into(), &iv.into());
        let decrypted = decryptor.decrypt_padded_b2b::<Pkcs7>(&sealed[32..], &mut decrypted);
        assert_eq!(decrypted.unwrap(), text.as_bytes());
    }
}

fn hello_request(vector: &Vector) {
    let mut packet = vector.bytes("packet");
    assert_eq!(packet, HELLO);
    assert_eq!(Packet::parse(&packet).unwrap().kind(), PacketKind::Probe);
    assert_eq!(HelloReply::parse(&packet), Err(PacketError::NotAHelloReply));
    let mut device = Responder::new(1, Token::new([1; 16]));
    assert_eq!(device.receive(5, &mut packet), Ok(Incoming::Hello { virtual_did: None }));
}

fn hello_reply(vector: &Vector) {
    let packet = vector.bytes("packet");
    let reply = HelloReply::parse(&packet).unwrap();
    assert_eq!((reply.did, reply.stamp), (vector.did(), vector.stamp()));
    let field = match vector.text("id") {
        "hello_reply_token_revealed" => HelloField::Token(vector.text("field").parse().unwrap()),
        "hello_reply_hidden_ff" => HelloField::HiddenFf,
        _ => HelloField::HiddenZero,
    };
    assert_eq!(reply.field, field);
    assert_eq!(reply.field.token().is_some(), vector.text("id").ends_with("revealed"));
    assert_eq!(Packet::parse(&packet).unwrap().field()[..], vector.bytes("field"));

    assert_eq!(HelloReply::new(vector.did(), vector.stamp(), field.clone()).encode()[..], packet);
    let device = Responder::new(vector.did(), Token::new([1; 16])).hello_field(field);
    assert_eq!(device.hello_reply(vector.stamp())[..], packet);
}

fn probe_for_subscriptions(vector: &Vector) {
    let mut packet = vector.bytes("packet");
    let virtual_did = vector.text("virtual_did").parse().unwrap();
    assert_eq!(mdid_probe(virtual_did)[..], packet);
    let parsed = Packet::parse(&packet).unwrap();
    assert_eq!(parsed.kind(), PacketKind::Probe);
    assert_eq!(parsed.virtual_did(), Some(virtual_did));
    let incoming = Responder::new(1, Token::new([1; 16])).receive(5, &mut packet);
    assert_eq!(incoming, Ok(Incoming::Hello { virtual_did: Some(virtual_did) }));
}

fn subscription(vector: &Vector) {
    let packet = vector.bytes("packet");
    let reply = HelloReply::parse(&packet).unwrap();
    let (timestamp, kind) = (vector.text("sub_ts"), vector.text("sub_type"));
    let state = Subscription::new(timestamp.parse().unwrap(), kind.parse().unwrap(), true);
    assert_eq!(reply.field, HelloField::Subscription(state));
    assert_eq!(reply.field.token(), None, "what begins with MSUB is never a token");
    assert_eq!((reply.did, reply.stamp), (vector.did(), vector.stamp()));
    assert_eq!(HelloReply::new(reply.did, reply.stamp, reply.field).encode()[..], packet);
}

fn ios_token(vector: &Vector) {
    let encrypted = vector.text("encrypted");
    assert_eq!(encrypted.parse(), Ok(vector.token()));
    assert_eq!(encrypted.to_uppercase().parse(), Ok(vector.token()));

    // The digits and a whole block of padding, each block on its own.
    let mut by_hand = [vector.text("token").as_bytes(), &[16; 16]].concat();
    let zeros = Aes128Enc::new(&[0; 16].into());
    for block in by_hand.as_chunks_mut::<16>().0 {
        zeros.encrypt_block(block.into());
    }
    assert_eq!(by_hand, vector.bytes("encrypted"));
}

/// A message: a request or a reply, perhaps one that is not as it should be.
fn message(vector: &Vector) {
    let plaintext = vector.text("plaintext").as_bytes();
    let header = Header { did: vector.did(), stamp: vector.stamp() };
    let packet = vector.bytes("packet");
    let cipher = Cipher::new(&vector.token());

    let mut sealed = vec![0; Cipher::sealed_len(plaintext.len())];
    assert_eq!(cipher.seal(header, plaintext, &mut sealed), Ok(packet.len()));
    assert_eq!(sealed, packet, "{}", vector.text("id"));
    let device = Responder::new(header.did, vector.token());
    assert_eq!(device.seal(header.stamp, plaintext).as_ref(), Ok(&packet));

    let parsed = Packet::parse(&packet).unwrap();
    assert_eq!(parsed.kind(), PacketKind::Message);
    assert_eq!((parsed.did(), parsed.stamp()), (header.did, header.stamp));
    assert!(cipher.verify(&parsed));
    let mut opened = packet.clone();
    assert_eq!(cipher.open(&mut opened), Ok(plaintext));

    let value = json::parse(plaintext).unwrap();
    if let Some(expected) = vector.0.get("decodes_to") {
        assert_eq!(&value, expected, "{}", vector.text("id"));
    }
    match value.get("method").and_then(Value::as_str) {
        Some(method) => request(vector, method, &value),
        None => reply(vector, &value),
    }
}

/// A device reads it, and a session writes the one that is compact like ours.
fn request(vector: &Vector, method: &str, value: &Value) {
    let mut device = Responder::new(vector.did(), vector.token());
    let received = device.receive(vector.stamp(), &mut vector.bytes("packet"));
    let Ok(Incoming::Request(request)) = received else { panic!("{received:?}") };
    assert_eq!((Some(request.id), request.method.as_str()), (value["id"].as_i64(), method));
    assert_eq!(request.params, value["params"]);

    if !vector.text("plaintext").contains(": ") {
        let mut bench = bench(vector, 1);
        let request = Request::new(method, &value["params"]).unwrap();
        bench.session.request(bench.now, request);
        assert_eq!(bench.datagrams(), [vector.bytes("packet")]);
    }
}

/// A session takes it for the answer to the request with its id.
fn reply(vector: &Vector, value: &Value) {
    let id = u32::try_from(value["id"].as_u64().unwrap()).unwrap();
    if id >= 1 << 30 {
        // No session begins so high.
        return;
    }
    let mut bench = bench(vector, id);
    bench.session.request(bench.now, Request::new("get_prop", ()).unwrap());
    assert_eq!(bench.datagrams().len(), 1);
    assert!(bench.session.handle_datagram(bench.now, &mut vector.bytes("packet")));
    let [(_, result)] = &bench.done()[..] else { panic!("{} is an answer", vector.text("id")) };
    match &value["error"] {
        Value::Null => assert_eq!(result.as_ref().unwrap().value().unwrap(), value["result"]),
        error => {
            let error =
                DeviceError::new(error["code"].as_i64(), error["message"].as_str().unwrap());
            assert_eq!(result, &Err(Failure::Device(error)));
        }
    }
}

fn bench(vector: &Vector, first_id: u32) -> Bench {
    let mut bench = Bench::new(first_id);
    assert_eq!(bench.session.cipher().token(), &vector.token());
    bench.device = Responder::new(vector.did(), vector.token());
    bench.stamp = vector.stamp();
    bench
}

struct Vector(Value);

impl Vector {
    fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or_else(|| panic!("{key} is missing: {}", self.0))
    }

    fn bytes(&self, key: &str) -> Vec<u8> {
        unhex(self.text(key))
    }

    fn token(&self) -> Token {
        Token::new(self.bytes("token").try_into().expect("16 bytes"))
    }

    fn did(&self) -> u64 {
        self.text("did").parse().unwrap()
    }

    fn stamp(&self) -> u32 {
        u32::try_from(self.0["stamp"].as_u64().unwrap()).unwrap()
    }
}

fn vectors() -> Vec<Vector> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/miio/vectors.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file: Value = serde_json::from_str(&text).unwrap();
    file["vectors"].as_array().unwrap().iter().cloned().map(Vector).collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
