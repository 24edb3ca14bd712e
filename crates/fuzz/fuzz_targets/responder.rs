//! Any datagrams for a device: whatever it takes in it can answer, and the answer opens.
#![no_main]

use iot_home_miio::packet::{Header, HelloReply};
use iot_home_miio::responder::{Incoming, Refusal, Responder};
use iot_home_miio::{Cipher, Token};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

const DID: u64 = 51_880_628;

const STAMP: u32 = 1_000;

#[derive(Arbitrary, Debug)]
enum Datagram<'a> {
    Raw(&'a [u8]),
    Sealed { stamp: u32, payload: &'a [u8] },
    Request { late: i8, id: i8, tail: Option<&'a str> },
}

fuzz_target!(|datagrams: Vec<Datagram<'_>>| {
    let token = Token::new([7; 16]);
    let cipher = Cipher::new(&token);
    let seal = |stamp, payload: &[u8]| {
        let mut packet = vec![0; Cipher::sealed_len(payload.len())];
        cipher.seal(Header { did: DID, stamp }, payload, &mut packet).map(|_| packet)
    };
    let mut device = Responder::new(DID, token).stamp_window(60).id_memory(4);
    for datagram in datagrams {
        let (stamp, sealed) = match datagram {
            Datagram::Raw(bytes) => (None, Ok(bytes.to_vec())),
            Datagram::Sealed { stamp, payload } => (Some(stamp), seal(stamp, payload)),
            Datagram::Request { late, id, tail } => {
                let stamp = STAMP.saturating_add_signed(late.into());
                let tail = tail.unwrap_or(r#""method":"toggle"}"#);
                (Some(stamp), seal(stamp, format!("{{\"id\":{id},{tail}").as_bytes()))
            }
        };
        let Ok(mut datagram) = sealed else { continue };
        match device.receive(STAMP, &mut datagram.clone()) {
            Ok(Incoming::Hello { .. }) => {
                let reply = HelloReply::parse(&device.hello_reply(STAMP)).expect("a hello reply");
                assert_eq!((reply.did, reply.stamp), (DID, STAMP));
            }
            Ok(Incoming::KeepAlive { .. }) => drop(device.keep_alive_reply(STAMP)),
            Ok(Incoming::Request(request)) => {
                assert!(stamp.is_none_or(|stamp| stamp.abs_diff(STAMP) <= 60));
                let mut reply = device.reply(STAMP, request.id, "[]").expect("a short reply");
                let text = format!(r#"{{"id":{},"result":[]}}"#, request.id);
                assert_eq!(cipher.open(&mut reply), Ok(text.as_bytes()));
                let again = device.receive(STAMP, &mut datagram);
                if request.method.is_empty() {
                    // An answer goes by an id of the device's own counting.
                    assert_eq!(again, Ok(Incoming::Request(request)));
                } else {
                    assert_eq!(again, Err(Refusal::RepeatedId { id: request.id }));
                }
            }
            Ok(_) | Err(_) => {}
        }
    }
});
