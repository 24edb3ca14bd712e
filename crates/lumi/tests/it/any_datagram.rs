//! Whatever comes, nothing panics, grows or hangs; and whatever is written can be read.

use std::time::Duration;

use iot_home_core::Instant;
use iot_home_lumi::session::{Config, Event};
use iot_home_lumi::{Message, Session, Sid, Values, Version};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::rig::{Rig, gateway_addr, key};

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ]
}

fn name() -> impl Strategy<Value = String> {
    "[a-z_]{1,10}".prop_filter("reserved", |name| name != "error" && name != "key")
}

/// Something near a message: known fields, of any type.
fn near() -> impl Strategy<Value = String> {
    let commands = prop::sample::select(vec![
        "iam",
        "get_id_list_ack",
        "discovery_rsp",
        "read_ack",
        "read_rsp",
        "write_ack",
        "write_rsp",
        "report",
        "heartbeat",
        "whois",
    ]);
    let text = prop_oneof![
        Just(json!("158d0001a2b3c4")),
        Just(json!("f0b429000001")),
        Just(json!("{\"error\":\"Invalid key\"}")),
        Just(json!("[\"158d0001a2b3c4\"]")),
        Just(json!([{"sid": "158d0001a2b3c4", "model": "plug"}])),
        Just(json!("0123456789abcdef")),
        scalar(),
    ];
    let field = prop::sample::select(vec![
        "sid", "token", "data", "params", "dev_list", "model", "short_id", "port", "ip",
    ]);
    (commands, prop::collection::vec((field, text), 0..8)).prop_map(|(command, fields)| {
        let mut message = json!({"cmd": command});
        for (name, value) in fields {
            message[name] = value;
        }
        message.to_string()
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Message::parse(&bytes);
    }

    #[test]
    fn values_come_back_as_they_went_in_both_versions(
        values in prop::collection::btree_map(name(), scalar(), 0..6),
        short_id in any::<u32>(),
    ) {
        let object = Value::Object(values.clone().into_iter().collect());
        let one_by_one: Vec<_> = values.iter().map(|(name, value)| json!({name: value})).collect();
        let v1 = json!({"cmd": "report", "sid": "1", "short_id": short_id, "data": object.to_string()});
        let v2 = json!({"cmd": "report", "sid": "1", "short_id": short_id.to_string(), "params": one_by_one});
        for message in [v1, v2] {
            let Ok(Message::Report(state)) = Message::parse(message.to_string().as_bytes()) else {
                panic!("{message}");
            };
            prop_assert_eq!(state.short_id, Some(short_id));
            prop_assert_eq!(state.values, Values::from(object.as_object().unwrap().clone()));
        }
    }

    #[test]
    fn sids_compare_by_value(value in any::<u64>(), zeros in 0_usize..16) {
        let plain = format!("{value:x}");
        let padded = format!("{}{plain}", "0".repeat(zeros.min(16 - plain.len())));
        let (plain, padded): (Sid, Sid) = (plain.parse().unwrap(), padded.parse().unwrap());
        prop_assert_eq!(plain, padded);
        prop_assert_eq!(padded.to_string().parse::<Sid>().unwrap(), plain);
    }

    /// Requests and anything near a message, in any order: each request ends once, by its deadline.
    #[test]
    fn each_request_ends_once_whatever_comes(
        steps in prop::collection::vec((0_u8..8, near(), 0_u64..1500), 1..80),
    ) {
        let mut session = Session::new(gateway_addr(), Some(key()), Config::default());
        let plug: Sid = "158d0001a2b3c4".parse().unwrap();
        let (mut now, mut asked, mut ended) = (Instant::ORIGIN, 0, 0);
        let mut buffer = Vec::new();
        let mut drain = |session: &mut Session, now| {
            while session.poll_transmit(now, &mut buffer).is_some() {}
            while let Some(event) = session.poll_event() {
                ended += usize::from(matches!(event, Event::Done { .. }));
            }
        };
        for (step, datagram, millis) in steps {
            match step {
                0 => {
                    let _ = session.children(now);
                }
                1 => {
                    let _ = session.read(now, plug);
                }
                2 => {
                    let _ = session.write(now, plug, Values::new().with("status", "on"));
                }
                3 => {
                    let _ = session.handle_multicast(gateway_addr(), datagram.as_bytes());
                }
                _ => {
                    let _ = session.handle_datagram(now, gateway_addr(), datagram.as_bytes());
                }
            }
            asked += usize::from(step < 3);
            drain(&mut session, now);
            now = now + Duration::from_millis(millis);
            session.handle_timeout(now);
            drain(&mut session, now);
        }
        session.handle_timeout(now + Duration::from_secs(31));
        drain(&mut session, now);
        prop_assert_eq!(ended, asked);
        prop_assert_eq!(session.poll_timeout(), None);
    }

    /// A link that loses what it likes: nothing is executed twice.
    #[test]
    fn no_write_is_executed_twice(
        faults in prop::collection::vec((0_u32..4, 0_u32..3, any::<bool>(), 0_u64..15), 1..8),
        second in any::<bool>(),
    ) {
        let version = if second { Version::V2 } else { Version::V1 };
        let mut rig = Rig::new(version);
        let plug = rig.child(0);
        let mut sure = 0;
        let mut unsure = 0;
        for (ignore, lose, multicast, seconds) in faults {
            rig.multicast = multicast;
            rig.gateway.ignore(ignore);
            rig.gateway.lose_answers(lose);
            let before = rig.gateway.report().executed(plug);
            let asked = rig.session.write(rig.now, plug, Values::new().with("status", "toggle"));
            let ended = rig.end_of(asked);
            let executed = rig.gateway.report().executed(plug) - before;
            prop_assert!(executed <= 1);
            match ended {
                Ok(_) => sure += executed,
                Err(iot_home_lumi::Failure::MaybeExecuted) => unsure += executed,
                Err(failure) => prop_assert_eq!(executed, 0, "{:?}", failure),
            }
            rig.pass(Duration::from_secs(seconds));
        }
        prop_assert_eq!(rig.gateway.report().executed(plug), sure + unsure);
    }
}
