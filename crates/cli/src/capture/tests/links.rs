//! Every link type in every kind of file, and frames that yield nothing.

use super::build::*;
use super::*;

type Wrap = fn(&[u8]) -> Vec<u8>;

fn raw(packet: &[u8]) -> Vec<u8> {
    packet.to_vec()
}

const LINKS: [(&str, u32, Wrap); 12] = [
    ("ethernet", 1, ethernet),
    ("vlan", 1, vlan),
    ("qinq", 1, qinq),
    ("sll", 113, sll),
    ("sll2", 276, sll2),
    ("raw", 101, raw),
    ("raw (bsd)", 12, raw),
    ("raw (openbsd)", 14, raw),
    ("null, little", 0, null_little),
    ("null, big", 0, null_big),
    ("loop", 108, null_big),
    ("ethernet with a checksum at the end", 1, |packet| [ethernet(packet), vec![9; 4]].concat()),
];

#[test]
fn every_link_type_in_every_file() {
    for (name, link, wrap) in LINKS {
        let frames = [wrap(&ipv4(&udp(b"over four"))), wrap(&ipv6(&udp(b"over six, odd")))];
        for (file, bytes) in [
            ("pcap, little", pcap(LITTLE, link, &frames)),
            ("pcap, big", pcap(BIG, link, &frames)),
            ("pcapng, little", pcapng(LITTLE, link, &frames)),
            ("pcapng, big", pcapng(BIG, link, &frames)),
        ] {
            let (found, summary) = read_all(&bytes);
            let expected = [
                Owned {
                    frame: 1,
                    time: time(1_700_000_000, 123_456_000),
                    src: "10.0.0.1:54321".parse().unwrap(),
                    dst: "10.0.0.2:50000".parse().unwrap(),
                    payload: b"over four".to_vec(),
                },
                Owned {
                    frame: 2,
                    time: time(1_700_000_001, 123_456_000),
                    src: "[fd00::1]:54321".parse().unwrap(),
                    dst: "[fd00::2]:50000".parse().unwrap(),
                    payload: b"over six, odd".to_vec(),
                },
            ];
            assert_eq!(found, expected, "{name}, {file}");
            assert_eq!(
                summary,
                Summary { frames: 2, datagrams: 2, ..Summary::default() },
                "{name}, {file}"
            );
        }
    }
}

#[test]
fn link_types_of_one_ip_version() {
    let (_, summary) = read_all(&pcap(LITTLE, 228, &[ipv4(&udp(b"a"))]));
    assert_eq!(summary.datagrams, 1);
    let (_, summary) = read_all(&pcap(LITTLE, 229, &[ipv6(&udp(b"a"))]));
    assert_eq!(summary.datagrams, 1);
    // The upper bits are not the link type: here, four bytes of checksum.
    let (_, summary) = read_all(&pcap(LITTLE, 0x4400_0001, &[ethernet(&ipv6(&udp(b"a")))]));
    assert_eq!(summary.datagrams, 1);
}

#[test]
fn headers_between_ip_and_udp() {
    let options = [&[17, 0, 1, 4, 0, 0, 0, 0], &udp(b"x")[..]].concat();
    let atomic = ipv6_part(7, 0, false, &udp(b"y"));
    let mut four = ipv4(&udp(b"z"));
    four[0] = 0x46;
    four[3] += 4;
    four.splice(20..20, [1, 1, 1, 0]);
    let frames = [ipv6_with(60, &options), ipv6_with(0, &options), atomic, four];
    let (found, summary) = read_all(&pcap(LITTLE, 101, &frames));
    assert_eq!(found.iter().map(|d| d.payload[0]).collect::<Vec<_>>(), b"xxyz");
    assert_eq!(summary, Summary { frames: 4, datagrams: 4, ..Summary::default() });
}

#[test]
fn padding_is_no_payload() {
    let mut frame = ethernet(&ipv4(&udp(b"ab")));
    frame.resize(60, 0xaa);
    let (found, _) = read_all(&pcap(LITTLE, 1, &[frame]));
    assert_eq!(found[0].payload, b"ab");
}

#[test]
fn other_traffic_is_no_loss() {
    let mut tcp = ipv4(&udp(b"x"));
    tcp[9] = 6;
    let mut arp = ethernet(&[0, 1, 8, 0, 6]);
    arp[12..14].copy_from_slice(&[8, 6]);
    let mut unknown = ethernet(&ipv4(&[]));
    unknown[12..14].copy_from_slice(&[0x88, 0xe1]);
    let llc = [&[2; 12][..], &[0, 3, 1, 2, 3]].concat();
    let frames = [ethernet(&tcp), arp, unknown, llc, ethernet(&ipv6_with(58, &[0; 8]))];
    let (found, summary) = read_all(&pcap(LITTLE, 1, &frames));
    assert!(found.is_empty());
    assert_eq!(summary, Summary { frames: 5, not_udp: 5, ..Summary::default() });
    let (_, summary) = read_all(&pcap(LITTLE, 0, &[[&[7, 0, 0, 0], &[0; 40][..]].concat()]));
    assert_eq!(summary, Summary { frames: 1, not_udp: 1, ..Summary::default() });
}

#[test]
fn unsupported_link_types_are_named() {
    let (_, summary) = read_all(&pcapng(BIG, 127, &[vec![0; 40], vec![0; 40]]));
    assert_eq!(
        summary,
        Summary { frames: 2, other_link: 2, link_type: Some(127), ..Summary::default() }
    );
}

#[test]
fn every_cut_of_a_frame_is_counted_as_truncated() {
    for (name, link, wrap) in LINKS {
        for whole in [wrap(&ipv4(&udp(b"payload"))), wrap(&ipv6(&udp(b"payload")))] {
            let original = u32::try_from(whole.len()).unwrap();
            let payload = if name.contains("checksum") { whole.len() - 4 } else { whole.len() };
            for length in 0..payload {
                let file = [
                    pcap_header(LITTLE, 0xa1b2_c3d4, link),
                    pcap_frame(LITTLE, (0, 0), original, &whole[..length]),
                ];
                let (found, summary) = read_all(&file.concat());
                assert!(found.is_empty());
                let expected = Summary { frames: 1, truncated: 1, ..Summary::default() };
                assert_eq!(summary, expected, "{name}, {length}");
            }
        }
    }
}

#[test]
fn contradictions_are_malformed() {
    let mut long_udp = ipv4(&udp(b"x"));
    long_udp[25] = 200;
    let mut short_udp = ipv4(&udp(b"x"));
    short_udp[25] = 7;
    let mut long_ip = ipv4(&udp(b"x"));
    long_ip[3] = 200;
    let mut version = ipv4(&udp(b"x"));
    version[0] = 0x75;
    let frames = [long_udp, short_udp, long_ip, version, vec![0x45; 10], vec![]];
    let (found, summary) = read_all(&pcap(LITTLE, 101, &frames));
    assert!(found.is_empty());
    assert_eq!(summary, Summary { frames: 6, malformed: 6, ..Summary::default() });
}
