//! Builds frames and capture files byte for byte.

/// How a file writes numbers.
#[derive(Clone, Copy)]
pub(super) struct Order {
    pub(super) u16: fn(u16) -> [u8; 2],
    pub(super) u32: fn(u32) -> [u8; 4],
    pub(super) u64: fn(u64) -> [u8; 8],
}

pub(super) const LITTLE: Order =
    Order { u16: u16::to_le_bytes, u32: u32::to_le_bytes, u64: u64::to_le_bytes };
pub(super) const BIG: Order =
    Order { u16: u16::to_be_bytes, u32: u32::to_be_bytes, u64: u64::to_be_bytes };

/// What [`pcap`] and [`pcapng`] write as time of their first frame; one second more for each.
pub(super) const SECS: u32 = 1_700_000_000;
pub(super) const MICROS: u32 = 123_456;

pub(super) fn udp(payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap();
    [&[0xd4, 0x31, 0xc3, 0x50], &length.to_be_bytes()[..], &[0, 0], payload].concat()
}

pub(super) fn ipv4(payload: &[u8]) -> Vec<u8> {
    ipv4_part(1, 0, false, payload)
}

pub(super) fn ipv4_part(id: u16, at: u16, more: bool, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 20).unwrap().to_be_bytes();
    let flags = ((at / 8) | if more { 0x2000 } else { 0 }).to_be_bytes();
    let ends = [10, 0, 0, 1, 10, 0, 0, 2];
    [&[0x45, 0], &length[..], &id.to_be_bytes(), &flags, &[64, 17, 0, 0], &ends, payload].concat()
}

pub(super) fn ipv6(payload: &[u8]) -> Vec<u8> {
    ipv6_with(17, payload)
}

pub(super) fn ipv6_with(next: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let address = |last| [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
    [&[0x60, 0, 0, 0], &length[..], &[next, 64], &address(1), &address(2), payload].concat()
}

pub(super) fn ipv6_part(id: u32, at: u16, more: bool, payload: &[u8]) -> Vec<u8> {
    let place = (at | u16::from(more)).to_be_bytes();
    ipv6_with(44, &[&[17, 0], &place[..], &id.to_be_bytes(), payload].concat())
}

fn ether_type(packet: &[u8]) -> [u8; 2] {
    if packet[0] >> 4 == 6 { [0x86, 0xdd] } else { [8, 0] }
}

pub(super) fn ethernet(packet: &[u8]) -> Vec<u8> {
    [&[2; 12], &ether_type(packet)[..], packet].concat()
}

pub(super) fn vlan(packet: &[u8]) -> Vec<u8> {
    [&[2; 12][..], &[0x81, 0, 0, 7], &ether_type(packet)[..], packet].concat()
}

pub(super) fn qinq(packet: &[u8]) -> Vec<u8> {
    [&[2; 12][..], &[0x88, 0xa8, 0, 99, 0x81, 0, 0, 7], &ether_type(packet)[..], packet].concat()
}

pub(super) fn sll(packet: &[u8]) -> Vec<u8> {
    [&[0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0], &ether_type(packet)[..], packet].concat()
}

pub(super) fn sll2(packet: &[u8]) -> Vec<u8> {
    let rest = [0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0];
    [&ether_type(packet)[..], &rest, packet].concat()
}

pub(super) fn null_little(packet: &[u8]) -> Vec<u8> {
    [&[if packet[0] >> 4 == 6 { 30 } else { 2 }, 0, 0, 0], packet].concat()
}

pub(super) fn null_big(packet: &[u8]) -> Vec<u8> {
    [&[0, 0, 0, if packet[0] >> 4 == 6 { 24 } else { 2 }], packet].concat()
}

pub(super) fn pcap_header(order: Order, magic: u32, link: u32) -> Vec<u8> {
    let Order { u16, u32, .. } = order;
    [&u32(magic)[..], &u16(2), &u16(4), &u32(0), &u32(0), &u32(262_144), &u32(link)].concat()
}

pub(super) fn pcap_frame(order: Order, time: (u32, u32), original: u32, frame: &[u8]) -> Vec<u8> {
    let length = u32::try_from(frame.len()).unwrap();
    let Order { u32, .. } = order;
    [&u32(time.0)[..], &u32(time.1), &u32(length), &u32(original), frame].concat()
}

pub(super) fn pcap(order: Order, link: u32, frames: &[Vec<u8>]) -> Vec<u8> {
    let mut file = pcap_header(order, 0xa1b2_c3d4, link);
    for (secs, frame) in (SECS..).zip(frames) {
        let length = u32::try_from(frame.len()).unwrap();
        file.extend(pcap_frame(order, (secs, MICROS), length, frame));
    }
    file
}

pub(super) fn pcapng(order: Order, link: u32, frames: &[Vec<u8>]) -> Vec<u8> {
    let mut file = [section(order), interface(order, link, &[])].concat();
    for (secs, frame) in (u64::from(SECS)..).zip(frames) {
        file.extend(enhanced(order, 0, secs * 1_000_000 + u64::from(MICROS), frame));
    }
    file
}

pub(super) fn block(order: Order, kind: u32, content: &[u8]) -> Vec<u8> {
    let mut content = content.to_vec();
    content.resize(content.len().next_multiple_of(4), 0);
    let length = (order.u32)(u32::try_from(content.len() + 12).unwrap());
    [&(order.u32)(kind)[..], &length, &content, &length].concat()
}

pub(super) fn section(order: Order) -> Vec<u8> {
    let Order { u16, u32, u64 } = order;
    let content = [&u32(0x1a2b_3c4d)[..], &u16(1), &u16(0), &u64(u64::MAX)].concat();
    block(order, 0x0a0d_0d0a, &content)
}

pub(super) fn interface(order: Order, link: u32, options: &[u8]) -> Vec<u8> {
    let link = (order.u16)(u16::try_from(link).unwrap());
    block(order, 1, &[&link[..], &[0, 0], &(order.u32)(0), options].concat())
}

pub(super) fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let length = (order.u16)(u16::try_from(value.len()).unwrap());
    let mut option = [&(order.u16)(code)[..], &length, value].concat();
    option.resize(option.len().next_multiple_of(4), 0);
    option
}

pub(super) fn enhanced(order: Order, interface: u32, ticks: u64, frame: &[u8]) -> Vec<u8> {
    let u32 = order.u32;
    let length = u32(u32::try_from(frame.len()).unwrap());
    let (high, low) = (u32((ticks >> 32) as u32), u32(ticks as u32));
    block(order, 6, &[&u32(interface)[..], &high, &low, &length, &length, frame].concat())
}
