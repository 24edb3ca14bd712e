//! Whatever is sent, nothing panics, and nothing grows without end.

use iot_home_core::Instant;
use iot_home_sim::mqtt::{Builder, Faults, Link, Machine, Output};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::wire::{Wire, aliyun_login, plain_login, tencent_login};
use super::{both, secs};

/// Bytes that are likely to be more than noise.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let login = |login: &iot_home_mqtt::MqttLogin| {
        let mut packet = Vec::new();
        iot_home_mqtt::Connect::from(login).encode(&mut packet).unwrap();
        Just(packet)
    };
    let header = (0_u8..16, 0_u8..16, vec(any::<u8>(), 0..40)).prop_map(|(kind, flags, body)| {
        let mut packet = vec![kind << 4 | flags, u8::try_from(body.len()).unwrap()];
        packet.extend(body);
        packet
    });
    let right = prop_oneof![
        Just(b"\x32\x06\0\x02a/\0\x01".to_vec()),
        Just(b"\x82\x06\0\x01\0\x01#\x01".to_vec()),
        Just(b"\xa2\x05\0\x01\0\x01#".to_vec()),
        Just(b"\x40\x02\0\x01".to_vec()),
        Just(vec![0xc0, 0]),
    ];
    let logins = prop_oneof![
        login(&plain_login("a", true)),
        login(&plain_login("a", false)),
        login(&aliyun_login()),
        login(&tencent_login()),
    ];
    let piece = prop_oneof![
        4 => right,
        2 => header,
        2 => logins,
        1 => vec(any::<u8>(), 0..60),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn drain(platform: &mut Machine, now: Instant) -> Vec<Output> {
    std::iter::from_fn(|| platform.poll_output(now)).collect()
}

fn everything(builder: Builder, bytes: &[u8], cuts: &[Index], tls: bool) -> Vec<u8> {
    let mut platform = builder.build();
    let mut now = Instant::ORIGIN;
    let link = if tls { Link::tls() } else { Link::tcp() };
    let id = platform.accept(now, link).unwrap();
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    let (mut written, mut is_closed) = (Vec::new(), false);
    for (from, to) in cuts.iter().zip(&cuts[1..]) {
        platform.handle_bytes(now, id, &bytes[*from..*to]);
        for output in drain(&mut platform, now) {
            assert!(!is_closed, "nothing behind the end");
            match output {
                Output::Write { bytes, .. } => written.extend(bytes),
                Output::Close { .. } => is_closed = true,
                other => panic!("{other:?}"),
            }
        }
    }
    // Time passes until nothing is due any more.
    for _ in 0..50 {
        let Some(due) = platform.poll_timeout() else { break };
        now = now.max(due);
        platform.handle_timeout(now);
        drain(&mut platform, now);
    }
    assert_eq!(platform.poll_timeout(), None);
    assert_eq!(platform.report().open_connections, 0, "every client was silent too long");
    written
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces(
        bytes in stream(), cuts in vec(any::<Index>(), 0..8), tls: bool,
    ) {
        let whole = everything(both(), &bytes, &[], tls);
        let pieces = everything(both(), &bytes, &cuts, tls);
        // How the bytes were cut makes no difference.
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn any_bytes_with_faults(bytes in stream(), cuts in vec(any::<Index>(), 0..8), seed: u64) {
        let faults = Faults::seed(seed)
            .delay(secs(0)..=secs(1))
            .cut_at_input(seed % 200)
            .cut_at_output(seed / 7 % 60)
            .lost_acks(seed % 3);
        everything(both().faults(faults), &bytes, &cuts, true);
    }
}

#[test]
fn connections_have_an_end() {
    let mut platform = both().build();
    let ids: Vec<_> =
        std::iter::from_fn(|| platform.accept(Instant::ORIGIN, Link::tcp())).take(1000).collect();
    assert_eq!(ids.len(), 256);
    assert_eq!(platform.report().turned_away, 1);
    platform.closed(Instant::ORIGIN, ids[7]);
    assert!(platform.accept(Instant::ORIGIN, Link::tcp()).is_some());
}

#[test]
fn sessions_have_an_end() {
    let mut wire = Wire::new(both());
    for at in 0..1100 {
        let id = wire.plain(&format!("client-{at}"), false);
        wire.platform.closed(wire.now, id);
    }
    // The oldest by name went first.
    assert!(!wire.login(&plain_login("client-0", false)).2);
    assert!(wire.login(&plain_login("client-999", false)).2);
}

#[test]
fn a_client_that_does_not_read() {
    let faults = Faults::seed(1).delay(secs(3600)..=secs(3600));
    let mut wire = Wire::new(both().faults(faults));
    let id = wire.open(Link::tcp());
    let mut packet = Vec::new();
    iot_home_mqtt::Connect::from(&plain_login("a", true)).encode(&mut packet).unwrap();
    wire.send_bytes(id, &packet);
    wire.send_bytes(id, b"\x82\x06\0\x01\0\x01a\0");
    for _ in 0..100 {
        wire.send_bytes(id, &[0xc0, 0].repeat(100));
    }
    assert!(wire.is_cut(id));
    assert_eq!(wire.report().overflows, 1);
}
