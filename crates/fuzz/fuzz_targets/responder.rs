//! Any datagrams for a device: whatever it takes in it can answer, and the answer opens.
#![no_main]

use iot_home_miio::packet::{Header, HelloReply};
use iot_home_miio::responder::{Incoming, Refusal, Responder};
use iot_home_miio::{Cipher, Token};
use libfuzzer_sys::fuzz_target;

const DID: u64 = 51_880_628;

fuzz_target!(|datagrams: Vec<(bool, u32, &[u8])>| {
    let token = Token::new([7; 16]);
    let cipher = Cipher::new(&token);
    let mut device = Responder::new(DID, token).stamp_window(60).id_memory(4);
    for (authentic, stamp, bytes) in datagrams {
        let mut datagram = if authentic {
            let mut packet = vec![0; Cipher::sealed_len(bytes.len())];
            match cipher.seal(Header { did: DID, stamp }, bytes, &mut packet) {
                Ok(_) => packet,
                Err(_) => continue,
            }
        } else {
            bytes.to_vec()
        };
        match device.receive(1_000, &mut datagram.clone()) {
            Ok(Incoming::Hello { .. }) => {
                let reply = HelloReply::parse(&device.hello_reply(1_000)).expect("a hello reply");
                assert_eq!((reply.did, reply.stamp), (DID, 1_000));
            }
            Ok(Incoming::KeepAlive { .. }) => drop(device.keep_alive_reply(1_000)),
            Ok(Incoming::Request(request)) => {
                assert!(!authentic || stamp.abs_diff(1_000) <= 60);
                let mut reply = device.reply(1_000, request.id, "[]").expect("a short reply");
                let text = format!(r#"{{"id":{},"result":[]}}"#, request.id);
                assert_eq!(cipher.open(&mut reply), Ok(text.as_bytes()));
                let again = device.receive(1_000, &mut datagram);
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
