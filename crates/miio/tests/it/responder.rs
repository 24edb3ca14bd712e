//! The device's side: what it answers, and what it stays silent on.

use iot_home_miio::cipher::{Cipher, OpenError, SealError};
use iot_home_miio::json::JsonError;
use iot_home_miio::packet::{HELLO, Header, HelloField, HelloReply, Subscription, mdid_probe};
use iot_home_miio::responder::{Incoming, Refusal, Responder, RpcRequest};
use iot_home_miio::{Packet, Token};
use serde_json::{Value, json};

const DID: u64 = 0x1_0000_0007;
const STAMP: u32 = 1_000;

fn token() -> Token {
    Token::new([7; 16])
}

fn device() -> Responder {
    Responder::new(DID, token())
}

fn sealed(token: &Token, did: u64, stamp: u32, text: &str) -> Vec<u8> {
    let mut packet = vec![0; Cipher::sealed_len(text.len())];
    Cipher::new(token).seal(Header { did, stamp }, text.as_bytes(), &mut packet).unwrap();
    packet
}

fn ask(device: &mut Responder, stamp: u32, id: i64) -> Result<i64, Refusal> {
    let text = format!(r#"{{"id":{id},"method":"get_prop","params":[]}}"#);
    receive(device, stamp, &text).map(|request| request.id)
}

fn receive(device: &mut Responder, stamp: u32, text: &str) -> Result<RpcRequest, Refusal> {
    match device.receive(STAMP, &mut sealed(&token(), DID, stamp, text))? {
        Incoming::Request(request) => Ok(request),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_form_of_hello() {
    let hello = |device: &mut Responder| device.receive(STAMP, &mut HELLO.clone());
    assert_eq!(hello(&mut device()), Ok(Incoming::Hello { virtual_did: None }));
    let virtual_did = Some(99);
    let asked = device().receive(STAMP, &mut mdid_probe(99));
    assert_eq!(asked, Ok(Incoming::Hello { virtual_did }));

    for field in [
        HelloField::HiddenFf,
        HelloField::HiddenZero,
        HelloField::Token(token()),
        HelloField::Subscription(Subscription::new(5, 1, true)),
    ] {
        let reply = device().hello_field(field.clone()).hello_reply(STAMP);
        assert_eq!(HelloReply::parse(&reply), Ok(HelloReply::new(DID, STAMP, field)));
    }
    assert_eq!(HelloReply::parse(&device().hello_reply(0)).unwrap().field, HelloField::HiddenFf);
}

#[test]
fn a_request_is_read_whole() {
    let text = r#"{"id":5,"method":"set_power","params":["on","灯"],"sid":"lumi.1","from":"x"}"#;
    let request = receive(&mut device(), STAMP, text).unwrap();
    assert_eq!((request.id, request.method.as_str()), (5, "set_power"));
    assert_eq!(request.params, json!(["on", "灯"]));
    assert_eq!(request.sid.as_deref(), Some("lumi.1"));
    assert_eq!(request.message["from"], "x");
    // The way some clients write it: with blanks, a NUL, and little else.
    let request = receive(&mut device(), STAMP, "{\"method\": \"toggle\", \"id\": 6}\0").unwrap();
    assert_eq!((request.id, request.method.as_str()), (6, "toggle"));
    assert_eq!((request.params, request.sid), (Value::Null, None));
}

#[test]
fn a_client_may_answer_a_request_of_the_device() {
    let mut device = device().id_memory(32);
    assert_eq!(ask(&mut device, STAMP, 5), Ok(5));
    // The device counts its own requests, so their ids have nothing to do with the client's.
    for _ in 0..2 {
        let answer = receive(&mut device, STAMP, r#"{"id":5,"result":{"code":0}}"#).unwrap();
        assert_eq!((answer.method.as_str(), &answer.message["result"]), ("", &json!({"code": 0})));
    }
    receive(&mut device, STAMP, r#"{"id":6,"result":0}"#).unwrap();
    assert_eq!(ask(&mut device, STAMP, 6), Ok(6));
    assert_eq!(ask(&mut device, STAMP, 6), Err(Refusal::RepeatedId { id: 6 }));
}

#[test]
fn a_packet_for_another_device() {
    let mut device = device();
    for did in [0, DID - 1, DID & 0xffff_ffff, u64::MAX] {
        let mut request = sealed(&token(), did, STAMP, r#"{"id":1,"method":"toggle"}"#);
        assert_eq!(device.receive(STAMP, &mut request), Err(Refusal::OtherDid { did }));
    }
    let mut keep_alive = Cipher::new(&token()).keep_alive(Header { did: 3, stamp: STAMP });
    assert_eq!(device.receive(STAMP, &mut keep_alive), Err(Refusal::OtherDid { did: 3 }));
}

#[test]
fn keep_alive() {
    let mut device = device();
    let mut packet = Cipher::new(&token()).keep_alive(Header { did: DID, stamp: 900 });
    assert_eq!(device.receive(STAMP, &mut packet), Ok(Incoming::KeepAlive { stamp: 900 }));
    let reply = device.keep_alive_reply(STAMP);
    let parsed = Packet::parse(&reply).unwrap();
    assert_eq!((parsed.did(), parsed.stamp()), (DID, STAMP));
    assert!(Cipher::new(&token()).verify(&parsed));
    for bit in 12 * 8..32 * 8 {
        let mut flipped = packet;
        flipped[bit / 8] ^= 1 << (bit % 8);
        let refused = Err(Refusal::Open(OpenError::Checksum));
        assert_eq!(device.receive(STAMP, &mut flipped), refused, "bit {bit}");
    }
}

#[test]
fn a_stamp_outside_the_window() {
    for window in [0, 2, 60] {
        let mut device = device().stamp_window(window);
        for (theirs, taken) in [
            (STAMP, true),
            (STAMP - window, true),
            (STAMP + window, true),
            (STAMP - window - 1, false),
            (STAMP + window + 1, false),
            (0, false),
            (u32::MAX, false),
        ] {
            let expected = if taken { Ok(1) } else { Err(Refusal::Stamp { theirs, ours: STAMP }) };
            assert_eq!(ask(&mut device, theirs, 1), expected);
        }
    }
    assert_eq!(ask(&mut device(), 0, 1), Ok(1), "without a window any stamp will do");
}

#[test]
fn an_id_that_was_used_a_moment_ago() {
    let mut device = device().id_memory(3).stamp_window(60);
    for id in 1..=3 {
        assert_eq!(ask(&mut device, STAMP, id), Ok(id));
    }
    for id in 1..=3 {
        assert_eq!(ask(&mut device, STAMP, id), Err(Refusal::RepeatedId { id }));
    }
    // A refused packet is not remembered, and pushes nothing out.
    assert!(matches!(ask(&mut device, 0, 4), Err(Refusal::Stamp { .. })));
    assert_eq!(ask(&mut device, STAMP, 4), Ok(4));
    assert_eq!(ask(&mut device, STAMP, 2), Err(Refusal::RepeatedId { id: 2 }));
    assert_eq!(ask(&mut device, STAMP, 1), Ok(1), "it is the fourth last by now");
    assert_eq!(ask(&mut device, STAMP, 2), Ok(2));

    let mut forgetful = self::device();
    assert_eq!((ask(&mut forgetful, STAMP, 1), ask(&mut forgetful, STAMP, 1)), (Ok(1), Ok(1)));
}

#[test]
fn another_token() {
    let mut device = device().hello_field(HelloField::Token(token()));
    let new = Token::new([8; 16]);
    let text = r#"{"id":1,"method":"toggle"}"#;
    let refused = Err(Refusal::Open(OpenError::Checksum));
    assert_eq!(device.receive(STAMP, &mut sealed(&new, DID, STAMP, text)), refused);
    device.set_token(new.clone());
    assert_eq!(device.token(), &new);
    assert!(device.receive(STAMP, &mut sealed(&new, DID, STAMP, text)).is_ok());
    assert_eq!(device.receive(STAMP, &mut sealed(&token(), DID, STAMP, text)), refused);
    let shown = HelloReply::parse(&device.hello_reply(STAMP)).unwrap();
    assert_eq!(shown.field.token(), Some(&new), "a shown token changes with it");

    let mut hidden = self::device();
    hidden.set_token(new);
    assert_eq!(HelloReply::parse(&hidden.hello_reply(1)).unwrap().field, HelloField::HiddenFf);
}

#[test]
fn a_payload_that_is_no_request() {
    let mut device = device();
    let mut refusal = |text: &str| receive(&mut device, STAMP, text).unwrap_err();
    assert_eq!(refusal(""), Refusal::Json(JsonError::Empty));
    assert_eq!(refusal(r#"{"id":1,"#), Refusal::Json(JsonError::Truncated { len: 8 }));
    assert!(matches!(refusal("{]"), Refusal::Json(JsonError::Syntax { .. })));
    for text in ["{}", "[1]", "7", r#"{"method":"toggle"}"#, r#"{"id":"x"}"#, r#"{"id":1.5}"#] {
        assert_eq!(refusal(text), Refusal::NoId, "{text}");
    }
}

#[test]
fn answers() {
    let device = device();
    let open = |mut packet: Vec<u8>| {
        let header = Packet::parse(&packet).unwrap();
        assert_eq!((header.did(), header.stamp()), (DID, STAMP));
        let opened = Cipher::new(&token()).open(&mut packet).unwrap().to_vec();
        String::from_utf8(opened).unwrap()
    };
    let reply = device.reply(STAMP, 7, r#"["on",5]"#).unwrap();
    assert_eq!(open(reply), r#"{"id":7,"result":["on",5]}"#);
    let error = device.error_reply(STAMP, 7, -9999, "user \"ack\" timeout\n").unwrap();
    let text = r#"{"id":7,"error":{"code":-9999,"message":"user \"ack\" timeout\n"}}"#;
    assert_eq!(open(error), text);
    assert_eq!(open(device.seal(STAMP, b"").unwrap()), "", "whatever a device may send");

    let too_long = "0".repeat(Cipher::MAX_PLAINTEXT);
    let length = Cipher::MAX_PLAINTEXT + r#"{"id":7,"result":}"#.len();
    assert_eq!(device.reply(STAMP, 7, &too_long), Err(SealError::TooLong { length }));
}
