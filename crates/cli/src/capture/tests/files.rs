//! The file formats: clocks, blocks, damage, and what is no capture at all.

use std::io;

use proptest::prelude::*;

use super::build::*;
use super::*;

fn frame() -> Vec<u8> {
    ethernet(&ipv4(&udp(b"hello!")))
}

fn times(file: &[u8]) -> Vec<Option<Time>> {
    read_all(file).0.iter().map(|datagram| datagram.time).collect()
}

#[test]
fn pcap_clocks() {
    for order in [LITTLE, BIG] {
        let one = |magic, frame| [pcap_header(order, magic, 1), frame].concat();
        let at = |fraction| pcap_frame(order, (u32::MAX, fraction), 48, &frame());
        assert_eq!(times(&one(0xa1b2_3c4d, at(999_999_999))), [time(4_294_967_295, 999_999_999)]);
        assert_eq!(times(&one(0xa1b2_c3d4, at(999_999))), [time(4_294_967_295, 999_999_000)]);
        // A fraction of more than a second is carried over.
        assert_eq!(times(&one(0xa1b2_c3d4, at(1_500_000))), [time(4_294_967_296, 500_000_000)]);
        // Frame headers with eight bytes more.
        let mut longer = at(1);
        longer.splice(16..16, [0; 8]);
        assert_eq!(times(&one(0xa1b2_cd34, longer)), [time(4_294_967_295, 1_000)]);
    }
}

#[test]
fn pcapng_clocks() {
    for order in [LITTLE, BIG] {
        let resolution = |exponent| option(order, 9, &[exponent]);
        let offset = |secs: i64| option(order, 14, &(order.u64)(secs.cast_unsigned()));
        let name = option(order, 2, b"eth0\0");
        for (options, ticks, expected) in [
            (vec![], 1_500_000, time(1, 500_000_000)),
            (resolution(9), 1_000_000_001, time(1, 1)),
            (
                [&name[..], &resolution(3), &option(order, 0, &[])].concat(),
                1_001,
                time(1, 1_000_000),
            ),
            ([option(order, 0, &[]), resolution(9)].concat(), 1_500_000, time(1, 500_000_000)),
            (resolution(0), u64::MAX >> 1, time(i64::MAX, 0)),
            (resolution(0x8a), 1_536, time(1, 500_000_000)),
            (resolution(0xff), u64::MAX, time(0, 0)),
            (resolution(38), u64::MAX, time(0, 0)),
            ([resolution(9), offset(-3)].concat(), 1_000_000_001, time(-2, 1)),
            (offset(i64::MAX), 1_000_000, None),
            (resolution(0), u64::MAX, None),
            (resolution(39), 1, None),
            (vec![9, 9, 9], 1_000_000, time(1, 0)),
            (option(order, 9, &[0; 2]), 1_000_000, time(1, 0)),
        ] {
            let file = [
                section(order),
                interface(order, 1, &options),
                enhanced(order, 0, ticks, &frame()),
            ];
            assert_eq!(times(&file.concat()), [expected], "{options:?}");
        }
    }
}

#[test]
fn every_packet_block() {
    for order in [LITTLE, BIG] {
        let u32 = order.u32;
        let length = u32(48);
        let simple = block(order, 3, &[&length[..], &frame()].concat());
        let (secs, obsolete) = (2_000_000, [&(order.u16)(1)[..], &[0, 3], &u32(0)].concat());
        let obsolete = [&obsolete[..], &u32(secs), &length, &length, &frame()].concat();
        let file = [
            section(order),
            interface(order, 1, &[]),
            interface(order, 1, &[]),
            simple.clone(),
            block(order, 0x0bad, b"custom"),
            block(order, 2, &obsolete),
            block(order, 5, &[0; 12]),
        ];
        assert_eq!(times(&file.concat()), [None, time(2, 0)]);
        // A snapshot length is all that tells how much of a simple packet was captured.
        let mut limited = interface(order, 1, &[]);
        limited[12..16].copy_from_slice(&u32(45));
        let cut = block(order, 3, &[&length[..], &frame()[..45]].concat());
        let (found, summary) = read_all(&[section(order), limited, cut].concat());
        assert!(found.is_empty());
        assert_eq!(summary, Summary { frames: 1, truncated: 1, ..Summary::default() });
        let (_, summary) = read_all(&[section(order), simple].concat());
        assert_eq!(summary, Summary { damaged: 1, ..Summary::default() });
    }
}

#[test]
fn sections_have_their_own_order_and_interfaces() {
    let mut other = enhanced(LITTLE, 0, 0, &frame());
    other[8] = 1;
    let file = [pcapng(BIG, 1, &[frame()]), pcapng(LITTLE, 101, &[ipv4(&udp(b"x"))]), other];
    let (found, summary) = read_all(&file.concat());
    assert_eq!(found.len(), 2);
    assert_eq!(summary, Summary { frames: 2, datagrams: 2, damaged: 1, ..Summary::default() });
}

#[test]
fn damaged_blocks_are_stepped_over() {
    let good = enhanced(LITTLE, 0, 0, &frame());
    let mut end = good.clone();
    let last = end.len() - 4;
    end[last] ^= 4;
    let mut captured = good.clone();
    captured[20] = 200;
    let short = block(LITTLE, 6, &[0; 16]);
    let huge = block(LITTLE, 6, &vec![0; 2 << 20]);
    let file = [&pcapng(LITTLE, 1, &[])[..], &end, &captured, &short, &huge, &good].concat();
    let (found, summary) = read_all(&file);
    assert_eq!(found.len(), 1);
    assert_eq!(summary, Summary { frames: 1, datagrams: 1, damaged: 4, ..Summary::default() });
    // An interface that cannot be read keeps its number.
    let file = [section(LITTLE), block(LITTLE, 1, &[]), interface(LITTLE, 1, &[])].concat();
    let file = [file, enhanced(LITTLE, 1, 0, &frame()), good].concat();
    let (found, summary) = read_all(&file);
    assert_eq!((found.len(), summary.damaged, summary.end), (1, 2, End::Complete));
}

#[test]
fn senseless_lengths_end_the_reading() {
    for length in [0_u32, 4, 11, 13, 33] {
        let mut block = enhanced(LITTLE, 0, 0, &frame());
        block[4..8].copy_from_slice(&length.to_le_bytes());
        let (found, summary) = read_all(&[pcapng(LITTLE, 1, &[frame()]), block].concat());
        assert_eq!((found.len(), summary.end), (1, End::Damaged), "{length}");
    }
    let mut frame_ = pcap_frame(LITTLE, (0, 0), 0, &frame());
    frame_[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    let (found, summary) = read_all(&[pcap(LITTLE, 1, &[frame()]), frame_].concat());
    assert_eq!((found.len(), summary.end), (1, End::Damaged));
    // A length that no file has costs no memory.
    let mut block = enhanced(LITTLE, 0, 0, &frame());
    block[4..8].copy_from_slice(&0xffff_fffc_u32.to_le_bytes());
    let (_, summary) = read_all(&[pcapng(LITTLE, 1, &[]), block].concat());
    assert_eq!(summary.end, End::Cut);
}

#[test]
fn every_cut_of_a_file_yields_what_is_whole() {
    let frames = [frame(), frame()];
    for file in [pcap(BIG, 1, &frames), pcapng(LITTLE, 1, &frames)] {
        let (found, _) = read_all(&file);
        let mut complete = 0;
        for length in 0..file.len() {
            match try_read(&file[..length]) {
                Ok((some, summary)) => {
                    assert_eq!(some, found[..some.len()]);
                    assert!(some.len() < found.len());
                    complete += usize::from(summary.end == End::Complete);
                    assert!(matches!(summary.end, End::Complete | End::Cut));
                }
                Err(error) => assert!(matches!(error, CaptureError::Empty)),
            }
        }
        // Between the records: two places in pcap, three in pcapng.
        assert_eq!(complete, if file[0] == 0xa1 { 2 } else { 3 });
    }
}

#[test]
fn what_is_no_capture() {
    let error = |bytes: &[u8]| try_read(bytes).unwrap_err().to_string();
    assert_eq!(error(b"GET / HTTP/1.1"), "not a pcap or pcapng file");
    assert_eq!(error(b"\n\r\r\n is text too"), "not a pcap or pcapng file");
    assert_eq!(
        error(&[0x1f, 0x8b, 8, 0, 0]),
        "the capture is compressed; decompress it first (gunzip, zstd -d or similar)"
    );
    assert_eq!(
        error(b""),
        "the file is empty or ends before its first packet: nothing was captured"
    );
}

#[test]
fn a_failing_read_is_an_error_and_a_slow_one_is_not() {
    struct Slow<'a>(&'a [u8], io::ErrorKind);
    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.split_first() {
                Some((byte, rest)) => {
                    buffer[0] = *byte;
                    self.0 = rest;
                    Ok(1)
                }
                None if self.1 == io::ErrorKind::Other => Ok(0),
                None => Err(self.1.into()),
            }
        }
    }
    for file in [pcap(LITTLE, 1, &[frame()]), pcapng(BIG, 1, &[frame()])] {
        let (found, _) = try_read(Slow(&file, io::ErrorKind::Other)).unwrap();
        assert_eq!(found.len(), 1);
        let error = try_read(Slow(&file, io::ErrorKind::PermissionDenied)).unwrap_err();
        assert_eq!(error.to_string(), "cannot read the capture: permission denied");
    }
}

const STARTS: [&[u8]; 4] = [b"", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\x0a\x0d\x0d\x0a"];

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        start in proptest::sample::select(&STARTS),
        bytes in proptest::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let _ = try_read([start, &bytes].concat().as_slice());
    }

    #[test]
    fn arbitrary_frames_never_panic(
        link in proptest::sample::select(&[0_u32, 1, 12, 14, 101, 108, 113, 228, 229, 276, 7]),
        frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 1..8),
    ) {
        let (found, summary) = read_all(&pcapng(BIG, link, &frames));
        prop_assert_eq!(summary.frames, u64::try_from(frames.len()).unwrap());
        prop_assert_eq!(summary.datagrams, u64::try_from(found.len()).unwrap());
    }

    #[test]
    fn changed_captures_never_panic(
        ng: bool,
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..9),
    ) {
        let half = udp(&[5; 16]);
        let frames = [
            vlan(&ipv6_part(1, 0, true, &half[..16])),
            frame(),
            vlan(&ipv6_part(1, 16, false, &half[16..])),
            qinq(&ipv4(&udp(b"x"))),
        ];
        let mut file = if ng { pcapng(BIG, 1, &frames) } else { pcap(LITTLE, 1, &frames) };
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Ok((found, summary)) = try_read(file.as_slice()) {
            prop_assert_eq!(summary.datagrams, u64::try_from(found.len()).unwrap());
            prop_assert!(summary.datagrams <= summary.frames);
        }
    }
}
