//! What holds for every packet.

use iot_home_mqtt::packet::{Protocol, Will, inspect, parse};
use iot_home_mqtt::{Connack, Connect, ConnectCode, Packet, Problem};
use proptest::prelude::*;

/// An owned packet, from which the borrowed one is made.
#[derive(Clone, Debug)]
struct Owned {
    old: bool,
    client_id: String,
    username: Option<String>,
    password: Option<Vec<u8>>,
    will: Option<(String, Vec<u8>, u8, bool)>,
    keep_alive: u16,
    clean_session: bool,
}

impl Owned {
    fn connect(&self) -> Connect<'_> {
        let mut connect = Connect::new(self.client_id.as_str());
        connect.protocol = if self.old { Protocol::V31 } else { Protocol::V311 };
        connect.username = self.username.as_deref().map(Into::into);
        connect.password = self.password.as_deref().filter(|_| self.username.is_some());
        connect.will = self.will.as_ref().map(|(topic, message, qos, retain)| {
            let mut will = Will::new(topic.as_str(), message);
            (will.qos, will.retain) = (*qos, *retain);
            will
        });
        connect.keep_alive = self.keep_alive;
        connect.clean_session = self.clean_session || self.client_id.is_empty();
        connect
    }
}

prop_compose! {
    fn owned()(
        old in any::<bool>(),
        client_id in "[^\0]{0,80}",
        username in prop::option::of("[^\0]{0,80}"),
        password in prop::option::of(any::<Vec<u8>>()),
        will in prop::option::of(("[^\0]{0,20}", any::<Vec<u8>>(), 0_u8..3, any::<bool>())),
        keep_alive in any::<u16>(),
        clean_session in any::<bool>(),
    ) -> Owned {
        Owned { old, client_id, username, password, will, keep_alive, clean_session }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(owned in owned(), tail in prop::collection::vec(any::<u8>(), 1..5)) {
        let connect = owned.connect();
        let mut bytes = Vec::new();
        connect.encode(&mut bytes).unwrap();
        prop_assert_eq!(parse(&bytes), Ok(Packet::Connect(connect.clone())));
        let count = tail.len();
        bytes.extend(tail);
        prop_assert_eq!(parse(&bytes), Err(Problem::TrailingBytes { count }));
    }

    #[test]
    fn answers_too(session in any::<bool>(), code in 0_u8..6) {
        let connack = Connack::new(session && code == 0, ConnectCode::new(code));
        let bytes = connack.encode();
        prop_assert_eq!(parse(&bytes), Ok(Packet::Connack(connack)));
    }

    /// What is strict says yes only where there is one way to write it, and that is the one.
    #[test]
    fn bytes_that_are_changed(owned in owned(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = Vec::new();
        owned.connect().encode(&mut bytes).unwrap();
        *at.get_mut(&mut bytes) = byte;
        canonical(&bytes)?;
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in any::<Vec<u8>>(), kind in 0_u8..4) {
        canonical(&bytes)?;
        let named = [&[0x10, 0x80 | 20, kind, 0, 4, b'M', b'Q', b'T', b'T', 4][..], &bytes].concat();
        canonical(&named)?;
        canonical(&[&b"\x10\x30\0\x04MQTT\x04"[..], &bytes].concat())?;
        canonical(&[&b"\x20\x02"[..], &bytes].concat())?;
    }
}

fn canonical(bytes: &[u8]) -> Result<(), TestCaseError> {
    let parsed = parse(bytes);
    match inspect(bytes) {
        Ok(inspection) => {
            prop_assert_eq!(parsed.is_ok(), inspection.problems.is_empty());
            prop_assert!(inspection.problems.len() < 20);
        }
        Err(problem) => prop_assert_eq!(parsed.as_ref(), Err(&problem)),
    }
    match parsed {
        Ok(Packet::Connect(connect)) => {
            let mut again = Vec::new();
            connect.encode(&mut again).unwrap();
            prop_assert_eq!(again, bytes);
        }
        Ok(Packet::Connack(connack)) => prop_assert_eq!(&connack.encode()[..], bytes),
        Ok(other) => prop_assert!(false, "{:?}", other),
        Err(_) => {}
    }
    Ok(())
}
