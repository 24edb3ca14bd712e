//! From a captured frame to the IP packet and UDP datagram in it.

use std::net::IpAddr;

use etherparse::{
    EtherType, IpFragOffset, Ipv6ExtensionSlice, LaxNetSlice, LaxSlicedPacket, UdpSlice, VlanId,
    err, ip_number,
};

/// Link types, as in the registry at <https://www.tcpdump.org/linktypes.html>.
const NULL: u32 = 0;
const ETHERNET: u32 = 1;
const RAW: u32 = 101;
const LOOP: u32 = 108;
const LINUX_SLL: u32 = 113;
const IPV4: u32 = 228;
const IPV6: u32 = 229;
const LINUX_SLL2: u32 = 276;
/// Raw IP under the numbers some systems write instead of the registered one.
const RAW_ELSEWHERE: [u32; 2] = [12, 14];

/// Why a frame yields no UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skip {
    /// Of an unsupported link type.
    Link(u32),
    /// Something other than UDP.
    NotUdp,
    /// The capture kept too little of it.
    Truncated,
    /// It contradicts itself.
    Malformed,
}

/// An IP packet, or a fragment of one, that carries UDP.
pub(super) struct Ip<'a> {
    /// Sender.
    pub(super) src: IpAddr,
    /// Receiver.
    pub(super) dst: IpAddr,
    /// VLAN tags, outermost first.
    pub(super) vlans: [Option<VlanId>; LaxSlicedPacket::LINK_EXTS_CAP],
    /// Which part of the packet this is, unless it is the whole.
    pub(super) fragment: Option<Fragment>,
    /// What follows the IP headers.
    pub(super) payload: &'a [u8],
}

/// The place of a fragment.
#[derive(Clone, Copy)]
pub(super) struct Fragment {
    /// Identification of the packet.
    pub(super) id: u32,
    /// Where in the packet it starts.
    pub(super) offset: IpFragOffset,
    /// Whether more follow it.
    pub(super) more: bool,
}

/// Takes the link and IP headers off a frame of which the capture may have `cut` the end off.
pub(super) fn parse(link: u32, frame: &[u8], cut: bool) -> Result<Ip<'_>, Skip> {
    let short = if cut { Skip::Truncated } else { Skip::Malformed };
    let packet = slice(link, frame, short)?;
    let (src, dst, payload, fragment): (IpAddr, IpAddr, _, _) = match &packet.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            let fragment = header.is_fragmenting_payload().then(|| Fragment {
                id: u32::from(header.identification()),
                offset: header.fragments_offset(),
                more: header.more_fragments(),
            });
            let (src, dst) = (header.source_addr(), header.destination_addr());
            (src.into(), dst.into(), ip.payload(), fragment)
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let fragment =
                ip.extensions().clone().into_iter().find_map(|extension| match extension {
                    Ipv6ExtensionSlice::Fragment(header) => {
                        header.is_fragmenting_payload().then(|| Fragment {
                            id: header.identification(),
                            offset: header.fragment_offset(),
                            more: header.more_fragments(),
                        })
                    }
                    _ => None,
                });
            let (src, dst) = (ip.header().source_addr(), ip.header().destination_addr());
            (src.into(), dst.into(), ip.payload(), fragment)
        }
        Some(LaxNetSlice::Arp(_)) => return Err(Skip::NotUdp),
        None => {
            // An error is then one of the headers before IP, or of IP itself.
            let other = matches!(packet.stop_err, None | Some((_, err::Layer::Arp)));
            return Err(if other { Skip::NotUdp } else { short });
        }
    };
    if payload.ip_number != ip_number::UDP {
        // The error is of an extension header if that is where the headers end.
        let inside = payload.ip_number.is_ipv6_ext_header_value() && fragment.is_none();
        return Err(if inside && packet.stop_err.is_some() { short } else { Skip::NotUdp });
    }
    if payload.incomplete {
        return Err(short);
    }
    let mut vlans = [None; LaxSlicedPacket::LINK_EXTS_CAP];
    for (place, vlan) in vlans.iter_mut().zip(packet.vlan_ids()) {
        *place = Some(vlan);
    }
    Ok(Ip { src, dst, vlans, fragment, payload: payload.payload })
}

/// Finds the headers of a frame behind its link header.
fn slice(link: u32, frame: &[u8], short: Skip) -> Result<LaxSlicedPacket<'_>, Skip> {
    // Where the EtherType is, and the length of the header it is in.
    let (protocol, length) = match link {
        ETHERNET => (12, 14),
        LINUX_SLL => (14, 16),
        LINUX_SLL2 => (0, 20),
        NULL | LOOP => return ip(without_family(frame, short)?, short),
        RAW | IPV4 | IPV6 => return ip(frame, short),
        link if RAW_ELSEWHERE.contains(&link) => return ip(frame, short),
        link => return Err(Skip::Link(link)),
    };
    let rest = frame.get(length..).ok_or(short)?;
    let protocol = frame.get(protocol..).and_then(<[u8]>::first_chunk).ok_or(short)?;
    let protocol = EtherType(u16::from_be_bytes(*protocol));
    Ok(LaxSlicedPacket::from_ether_type(protocol, rest))
}

fn ip(packet: &[u8], short: Skip) -> Result<LaxSlicedPacket<'_>, Skip> {
    LaxSlicedPacket::from_ip(packet).map_err(|error| match error {
        err::ip::LaxHeaderSliceError::Len(_) => short,
        err::ip::LaxHeaderSliceError::Content(_) => Skip::Malformed,
    })
}

/// BSD loopback frames start with the address family, in the byte order of whoever captured
/// them; that of IPv6 differs between systems.
fn without_family(frame: &[u8], short: Skip) -> Result<&[u8], Skip> {
    let (family, packet) = frame.split_first_chunk::<4>().ok_or(short)?;
    match u32::from_be_bytes(*family).min(u32::from_le_bytes(*family)) {
        2 | 10 | 24 | 28 | 30 => Ok(packet),
        _ => Err(Skip::NotUdp),
    }
}

/// The ports and payload of a UDP datagram, if it is as long as it says.
pub(super) fn udp(datagram: &[u8]) -> Option<(u16, u16, &[u8])> {
    let udp = UdpSlice::from_slice(datagram).ok()?;
    Some((udp.source_port(), udp.destination_port(), udp.payload()))
}
