//! Captures built byte for byte, captures made by other tools, and captures that are none.

mod build;
mod files;
mod fragments;
mod links;
mod others;

use std::net::SocketAddr;
use std::ops::ControlFlow;

use super::*;

/// A datagram with a payload of its own.
#[derive(Clone, Debug, PartialEq)]
struct Owned {
    frame: u64,
    time: Option<Time>,
    src: SocketAddr,
    dst: SocketAddr,
    payload: Vec<u8>,
}

fn read_all(bytes: &[u8]) -> (Vec<Owned>, Summary) {
    try_read(bytes).unwrap()
}

fn try_read(input: impl Read) -> Result<(Vec<Owned>, Summary), CaptureError> {
    let mut found = Vec::new();
    let summary = read(input, |captured| {
        let Captured { frame, time, src, dst, payload } = captured;
        found.push(Owned { frame, time, src, dst, payload: payload.to_vec() });
        ControlFlow::Continue(())
    })?;
    Ok((found, summary))
}

fn time(secs: i64, nanos: u32) -> Option<Time> {
    Some(Time { secs, nanos })
}

#[test]
fn miio_is_told_by_its_header() {
    let packet = |length: u16, size: usize| {
        let mut packet = vec![0; size];
        packet[..2].copy_from_slice(&[0x21, 0x31]);
        packet[2..4].copy_from_slice(&length.to_be_bytes());
        packet
    };
    assert!(looks_like_miio(&packet(32, 32)));
    assert!(looks_like_miio(&packet(48, 48)));
    assert!(looks_like_miio(&packet(48, 50)));
    assert!(!looks_like_miio(&packet(31, 32)));
    assert!(!looks_like_miio(&packet(0, 64)));
    assert!(!looks_like_miio(&packet(64, 48)));
    assert!(!looks_like_miio(&[0x21, 0x31, 0]));
    assert!(!looks_like_miio(&[]));
    let mut other = packet(32, 32);
    other[1] = 0x32;
    assert!(!looks_like_miio(&other));
}

#[test]
fn the_caller_can_stop() {
    let frame = build::ethernet(&build::ipv4(&build::udp(b"hello")));
    let file = build::pcap(build::LITTLE, 1, &[frame.clone(), frame.clone(), frame]);
    let mut seen = 0;
    let summary = read(file.as_slice(), |captured| {
        seen += 1;
        if captured.frame == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let summary = summary.unwrap();
    assert_eq!((seen, summary.frames, summary.end), (2, 2, End::Stopped));
    assert!(summary.warnings().is_empty());
}

#[test]
fn warnings_name_every_loss() {
    let summary = Summary {
        truncated: 1,
        malformed: 2,
        incomplete: 3,
        damaged: 4,
        other_link: 5,
        link_type: Some(127),
        end: End::Cut,
        ..Summary::default()
    };
    assert_eq!(
        summary.warnings(),
        [
            "frames cut short by the capture (record with snapshot length 0): 1",
            "malformed packets: 2",
            "datagrams with missing fragments: 3",
            "damaged records of the file: 4",
            "frames of a link type not supported (127): 5",
            "the file ends in the middle of a record",
        ]
    );
    assert!(Summary { not_udp: 9, frames: 9, ..Summary::default() }.warnings().is_empty());
}
