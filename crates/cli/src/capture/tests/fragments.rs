//! Datagrams fragmented at the IP level.

use super::build::*;
use super::*;

/// The fragments of one datagram, 24 bytes in each.
fn pieces(id: u16, six: bool, payload: &[u8]) -> Vec<Vec<u8>> {
    let datagram = udp(payload);
    let mut frames = Vec::new();
    for (n, piece) in datagram.chunks(24).enumerate() {
        let at = n * 24;
        let more = at + piece.len() < datagram.len();
        let at = u16::try_from(at).unwrap();
        let part = if six {
            ipv6_part(id.into(), at, more, piece)
        } else {
            ipv4_part(id, at, more, piece)
        };
        frames.push(ethernet(&part));
    }
    frames
}

fn payload(n: u8) -> Vec<u8> {
    (0..100_u8).map(|at| at.wrapping_mul(3) ^ n).collect()
}

#[test]
fn in_order_and_out_of_order() {
    for six in [false, true] {
        let frames = pieces(9, six, &payload(1));
        assert_eq!(frames.len(), 5);
        for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 4, 0, 3, 1], [4, 0, 1, 2, 3]] {
            let frames: Vec<_> = order.iter().map(|&n| frames[n].clone()).collect();
            let (found, summary) = read_all(&pcapng(LITTLE, 1, &frames));
            assert_eq!(found.len(), 1, "{six} {order:?}");
            assert_eq!(found[0].payload, payload(1));
            assert_eq!(found[0].frame, 5);
            assert_eq!(found[0].time, time(1_700_000_004, 123_456_000));
            let expected = Summary { frames: 5, datagrams: 1, fragments: 5, ..Summary::default() };
            assert_eq!(summary, expected);
        }
    }
}

#[test]
fn interleaved_and_repeated() {
    let (a, b, c) = (
        pieces(1, false, &payload(1)),
        pieces(2, false, &payload(2)),
        pieces(1, true, &payload(3)),
    );
    let mut frames = Vec::new();
    for n in 0..5 {
        frames.extend([a[n].clone(), b[4 - n].clone(), c[n].clone()]);
        if n == 2 {
            frames.push(a[1].clone());
        }
    }
    let (found, summary) = read_all(&pcap(BIG, 1, &frames));
    let mut payloads: Vec<_> = found.iter().map(|d| d.payload.clone()).collect();
    payloads.sort();
    assert_eq!(payloads, [payload(1), payload(2), payload(3)]);
    assert_eq!((summary.fragments, summary.incomplete, summary.malformed), (16, 0, 0));
}

#[test]
fn the_same_identification_on_two_networks() {
    let tag = |frame: &Vec<u8>, vlan| [&frame[..12], &[0x81, 0, 0, vlan], &frame[12..]].concat();
    let (a, b) = (pieces(1, false, &payload(1)), pieces(1, false, &payload(2)));
    let frames: Vec<_> = a.iter().zip(&b).flat_map(|(a, b)| [tag(a, 1), tag(b, 2)]).collect();
    let (found, _) = read_all(&pcap(LITTLE, 1, &frames));
    assert_eq!(found.iter().map(|d| &d.payload).collect::<Vec<_>>(), [&payload(1), &payload(2)]);

    let mut file = [section(LITTLE), interface(LITTLE, 1, &[]), interface(LITTLE, 1, &[])].concat();
    for (a, b) in a.iter().zip(&b) {
        file.extend([enhanced(LITTLE, 0, 0, a), enhanced(LITTLE, 1, 0, b)].concat());
    }
    let (found, _) = read_all(&file);
    assert_eq!(found.iter().map(|d| &d.payload).collect::<Vec<_>>(), [&payload(1), &payload(2)]);
}

#[test]
fn missing_ones_are_counted() {
    for missing in 0..5 {
        let mut frames = pieces(1, false, &payload(1));
        frames.remove(missing);
        frames.push(ethernet(&ipv4(&udp(b"whole"))));
        let (found, summary) = read_all(&pcap(LITTLE, 1, &frames));
        assert_eq!(found.len(), 1);
        assert_eq!((summary.fragments, summary.incomplete), (4, 1));
    }
}

#[test]
fn an_identification_used_again_later_is_another_packet() {
    let (old, new) = (pieces(1, false, &payload(1)), pieces(1, false, &payload(2)));
    let mut file = pcap_header(LITTLE, 0xa1b2_c3d4, 1);
    file.extend(pcap_frame(LITTLE, (1000, 0), 58, &old[0]));
    for piece in &new {
        file.extend(pcap_frame(LITTLE, (1061, 0), 58, piece));
    }
    let (found, summary) = read_all(&file);
    assert_eq!(found[0].payload, payload(2));
    assert_eq!((summary.datagrams, summary.incomplete, summary.malformed), (1, 1, 0));
}

#[test]
fn contradicting_ones_yield_nothing() {
    let part = |at, more, length| ethernet(&ipv4_part(1, at, more, &vec![0; length]));
    for frames in [
        // Two different ends.
        vec![part(24, false, 8), part(48, false, 8)],
        // Beyond the largest packet.
        vec![part(65_528, false, 24)],
        // Not a multiple of eight bytes, with more to follow.
        vec![part(0, true, 9)],
        // Nothing at all.
        vec![part(8, true, 0)],
        // An end in the middle of what is there.
        vec![part(0, true, 48), part(24, false, 8)],
    ] {
        let (found, summary) = read_all(&pcap(LITTLE, 1, &frames));
        assert!(found.is_empty());
        assert_eq!((summary.malformed, summary.incomplete), (1, 0), "{frames:?}");
    }
}

#[test]
fn only_so_many_wait() {
    let file = |frames: &[Vec<u8>]| {
        let frame = |frame: &Vec<u8>| pcap_frame(LITTLE, (0, 0), 0, frame);
        let header = pcap_header(LITTLE, 0xa1b2_c3d4, 1);
        [header, frames.iter().flat_map(frame).collect()].concat()
    };
    let mut frames: Vec<_> =
        (0..1000).map(|id| pieces(id, false, &payload(0)).swap_remove(0)).collect();
    let (found, summary) = read_all(&file(&frames));
    assert!(found.is_empty());
    assert_eq!((summary.fragments, summary.incomplete), (1000, 1000));
    // The newest 64 can still be completed.
    for id in [999, 936, 935] {
        frames.extend(pieces(id, false, &payload(0)).split_off(1));
    }
    let (found, _) = read_all(&file(&frames));
    assert_eq!(found.len(), 2);
}

#[test]
fn the_largest_datagram() {
    let payload = vec![7; 65_507];
    let datagram = udp(&payload);
    let frames: Vec<_> = datagram
        .chunks(1480)
        .enumerate()
        .map(|(n, piece)| {
            let at = n * 1480;
            let more = at + piece.len() < datagram.len();
            ethernet(&ipv4_part(1, u16::try_from(at).unwrap(), more, piece))
        })
        .collect();
    let (found, _) = read_all(&pcap(LITTLE, 1, &frames));
    assert_eq!(found[0].payload, payload);
}
