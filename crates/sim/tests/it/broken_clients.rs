//! For each rule a client that breaks it: met with silence, counted, and nothing was done.

use std::time::Duration;

use iot_home_miio::packet::{HELLO, Header, mdid_probe};
use iot_home_miio::{Cipher, Token};
use iot_home_sim::miio::Violations;
use iot_home_sim::{Faults, SimDevice};

use crate::client::{Client, DID, STAMP, is_hello_reply};

const TOGGLE: &str = r#"{"id":1,"method":"toggle","params":[]}"#;

fn strict() -> Client {
    let faults = Faults::seed(1).stamp_window(Duration::from_secs(2)).id_memory(4);
    Client::of(SimDevice::light().faults(faults))
}

/// The datagram is met with silence and counted where `expected` says, once.
fn refused(
    client: &mut Client,
    datagram: &[u8],
    expected: impl FnOnce(&mut Violations) -> &mut u64,
) {
    let before = client.device.report().clone();
    assert!(client.raw(datagram).is_empty(), "a device says nothing to this");
    let mut violations = before.violations;
    *expected(&mut violations) += 1;
    let after = client.device.report();
    assert_eq!(after.violations, violations);
    assert_eq!(after.executions, before.executions);
    assert_eq!(after.answers, before.answers);
}

#[test]
fn a_sound_client_is_refused_nothing() {
    let mut client = strict();
    assert!(is_hello_reply(&client.raw(&HELLO)[0]));
    assert!(is_hello_reply(&client.raw(&mdid_probe(7))[0]));
    let alive = client.cipher.keep_alive(Header { did: DID, stamp: STAMP });
    assert!(is_hello_reply(&client.raw(&alive)[0]));
    assert_eq!(client.ask(TOGGLE)["result"][0], "ok");
    // Many clients end the text with a NUL.
    assert_eq!(client.send("{\"id\":2,\"method\":\"toggle\",\"params\":[]}\0").len(), 1);
    let report = client.device.report();
    assert_eq!((report.hellos, report.keep_alives, report.requests), (2, 1, 2));
    assert_eq!(report.executed("toggle"), 2);
    assert_eq!(report.violations.total(), 0);
}

#[test]
fn a_wrong_token() {
    let mut client = strict();
    client.cipher = Cipher::new(&Token::new([1; 16]));
    let packet = client.seal(DID, STAMP, TOGGLE.as_bytes());
    refused(&mut client, &packet, |violations| &mut violations.bad_checksum);
    let alive = client.cipher.keep_alive(Header { did: DID, stamp: STAMP });
    refused(&mut client, &alive, |violations| &mut violations.bad_checksum);
}

#[test]
fn a_changed_byte_anywhere() {
    let client = strict();
    let packet = client.seal(DID, STAMP, TOGGLE.as_bytes());
    for at in 0..packet.len() {
        let mut client = strict();
        let mut changed = packet.clone();
        changed[at] ^= 1;
        refused(&mut client, &changed, |violations| match at {
            // Magic and length; a length off by 1 is no multiple of 16.
            0..4 => &mut violations.malformed_packet,
            _ => &mut violations.bad_checksum,
        });
    }
}

#[test]
fn a_stamp_outside_the_window() {
    let mut client = strict();
    for (id, stamp) in [(1, STAMP - 2), (2, STAMP + 2)] {
        let text = format!(r#"{{"id":{id},"method":"toggle","params":[]}}"#);
        let packet = client.seal(DID, stamp, text.as_bytes());
        assert_eq!(client.raw(&packet).len(), 1, "the window's edge is inside");
    }
    for stamp in [STAMP - 3, STAMP + 3, 0, u32::MAX] {
        let packet = client.seal(DID, stamp, TOGGLE.as_bytes());
        refused(&mut client, &packet, |violations| &mut violations.stale_stamp);
    }
}

#[test]
fn a_stamp_that_stands_still() {
    let mut client = strict();
    client.now = client.now + Duration::from_secs(25);
    let packet = client.seal(DID, STAMP, TOGGLE.as_bytes());
    refused(&mut client, &packet, |violations| &mut violations.stale_stamp);
    let packet = client.seal(DID, STAMP + 25, TOGGLE.as_bytes());
    assert_eq!(client.raw(&packet).len(), 1);
}

#[test]
fn an_id_that_comes_again() {
    let mut client = strict();
    let packet = |client: &Client, id: u32| {
        let text = format!(r#"{{"id":{id},"method":"toggle","params":[]}}"#);
        client.seal(DID, STAMP, text.as_bytes())
    };
    for id in 1..=4 {
        let packet = packet(&client, id);
        assert_eq!(client.raw(&packet).len(), 1);
    }
    for id in 1..=4 {
        let packet = packet(&client, id);
        refused(&mut client, &packet, |violations| &mut violations.repeated_id);
    }
    // The fifth pushes the first one out of the memory.
    for id in [5, 1] {
        let packet = packet(&client, id);
        assert_eq!(client.raw(&packet).len(), 1, "{id}");
    }
    assert_eq!(client.device.report().executed("toggle"), 6);
}

#[test]
fn another_did() {
    let mut client = strict();
    for did in [DID + 1, DID | 1 << 40, 0] {
        let packet = client.seal(did, STAMP, TOGGLE.as_bytes());
        refused(&mut client, &packet, |violations| &mut violations.other_did);
    }
    let alive = client.cipher.keep_alive(Header { did: DID + 1, stamp: STAMP });
    refused(&mut client, &alive, |violations| &mut violations.other_did);
}

#[test]
fn an_id_out_of_range() {
    let mut client = strict();
    for id in ["0", "-1", "2147483648", "1.0", "1e3", "\"7\"", "null", "99999999999999999999"] {
        let text = format!(r#"{{"id":{id},"method":"toggle","params":[]}}"#);
        let packet = client.seal(DID, STAMP, text.as_bytes());
        refused(&mut client, &packet, |violations| &mut violations.bad_id);
    }
    let packet = client.seal(DID, STAMP, br#"{"method":"toggle","params":[]}"#);
    refused(&mut client, &packet, |violations| &mut violations.bad_id);
    assert_eq!(client.ask(r#"{"id":2147483647,"method":"toggle","params":[]}"#)["id"], i32::MAX);
}

#[test]
fn text_that_is_not_strict_json() {
    let mut client = strict();
    for text in [
        "",
        "hello",
        "[]",
        "[1]",
        "{",
        r#"{"id":21,,"method":"toggle","params":[]}"#,
        r#"{"id":022,"method":"toggle","params":[]}"#,
        r#"{"id":23,"method":"toggle","params":[on]}"#,
        "{\"id\":24,\"method\":\"toggle\",\"params\":[]}\0k",
        "{\"id\":25,\"method\":\"tog\tgle\",\"params\":[]}",
        "\u{feff}{\"id\":26,\"method\":\"toggle\",\"params\":[]}",
    ] {
        let packet = client.seal(DID, STAMP, text.as_bytes());
        refused(&mut client, &packet, |violations| &mut violations.malformed_json);
    }
    let packet = client.seal(DID, STAMP, b"{\"id\":27,\"method\":\"\xb2\xe2\",\"params\":[]}");
    refused(&mut client, &packet, |violations| &mut violations.malformed_json);
}

#[test]
fn what_is_no_packet() {
    let mut client = strict();
    let sealed = client.seal(DID, STAMP, TOGGLE.as_bytes());
    let mut long_hello = HELLO.to_vec();
    long_hello.push(0);
    let mut lying = sealed.clone();
    lying[2..4].copy_from_slice(&0xfff0_u16.to_be_bytes());
    for datagram in [
        &[][..],
        &HELLO[..31],
        &long_hello,
        &sealed[..sealed.len() - 1],
        &sealed[..40],
        &lying,
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1:54321\r\n\r\n",
    ] {
        refused(&mut client, datagram, |violations| &mut violations.malformed_packet);
    }
}

#[test]
fn a_payload_that_is_padded_wrongly() {
    let mut client = strict();
    // Two blocks, the second of which is all padding; without it the last byte pads nothing.
    let sealed = client.seal(DID, STAMP, &[0xee; 16]);
    let mut cut = sealed[..48].to_vec();
    cut[2..4].copy_from_slice(&48_u16.to_be_bytes());
    // The right checksum over the wrong text.
    let cut = resealed(&client, cut);
    refused(&mut client, &cut, |violations| &mut violations.bad_padding);
}

/// Puts the checksum right, which takes no more than the digest of what is there: the last packet of a
/// keep-alive form shows that the digest is over header and token, so it is made here by hand.
fn resealed(client: &Client, mut packet: Vec<u8>) -> Vec<u8> {
    use md5::{Digest, Md5};

    let token = *client.cipher.token().expose();
    packet[16..32].copy_from_slice(&token);
    let sum: [u8; 16] = Md5::digest(&packet).into();
    packet[16..32].copy_from_slice(&sum);
    packet
}

#[test]
fn what_the_client_answers_is_no_request() {
    let mut client = strict();
    assert!(client.send(r#"{"id":5,"result":{"code":0}}"#).is_empty());
    assert!(client.send(r#"{"id":6,"error":{"code":-1,"message":"no"}}"#).is_empty());
    let report = client.device.report();
    assert_eq!((report.client_answers, report.requests), (2, 0));
    assert_eq!(report.violations.total(), 0);
    // What is neither is answered.
    assert_eq!(client.ask(r#"{"id":7,"params":[]}"#)["error"]["code"], -32601);
}

#[test]
fn a_reboot_forgets_ids_and_moves_the_clock() {
    let mut client = strict();
    assert_eq!(client.ask(TOGGLE)["id"], 1);
    client.now = client.now + Duration::from_secs(100);
    client.device.reboot(client.now);
    assert_eq!(client.device.stamp(client.now), 1);
    let packet = client.seal(DID, STAMP + 100, TOGGLE.as_bytes());
    refused(&mut client, &packet, |violations| &mut violations.stale_stamp);
    assert_eq!(client.ask(TOGGLE)["id"], 1, "the id is new to it");
}

#[test]
fn another_token() {
    let mut client = strict();
    client.device.set_token([9; 16]);
    let packet = client.seal(DID, STAMP, TOGGLE.as_bytes());
    refused(&mut client, &packet, |violations| &mut violations.bad_checksum);
    client.cipher = Cipher::new(&Token::new([9; 16]));
    assert_eq!(client.ask(TOGGLE)["id"], 1);
}
