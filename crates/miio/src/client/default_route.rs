//! The gateways of this machine's default routes.

use std::net::Ipv4Addr;

/// As Linux tells them in a file; none on other systems.
pub(super) fn gateways() -> Vec<Ipv4Addr> {
    if !cfg!(target_os = "linux") {
        return Vec::new();
    }
    let table = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    table.lines().filter_map(gateway).collect()
}

/// The gateway of a line of the table, if it is a default route's.
///
/// A line is `interface destination gateway flags references use metric mask …`, the addresses being the hexadecimal
/// digits of their bytes as a number of this machine.
fn gateway(line: &str) -> Option<Ipv4Addr> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let mut address = |skipped| u32::from_str_radix(fields.nth(skipped)?, 16).ok();
    let (destination, gateway, mask) = (address(0)?, address(0)?, address(4)?);
    let is_default = destination == 0 && mask == 0;
    (is_default && gateway != 0).then(|| gateway.to_ne_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> String {
        let hex = |bytes| format!("{:08X}", u32::from_ne_bytes(bytes));
        let none = hex([0; 4]);
        let line = |to: &str, by: &str, flags, mask: &str| {
            format!("wlan0\t{to}\t{by}\t{flags}\t0\t0\t600\t{mask}\t0\t0\t0      \n")
        };
        let head =
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
        [
            head.to_owned(),
            line(&none, &hex([192, 168, 4, 254]), "0003", &none),
            // A network without a gateway, half of all addresses through a tunnel, a default route without a gateway.
            line(&hex([192, 168, 4, 0]), &none, "0001", &hex([255, 255, 255, 0])),
            line(&none, &hex([10, 8, 0, 1]), "0003", &hex([128, 0, 0, 0])),
            line(&none, &none, "0001", &none),
            line(&none, &hex([172, 16, 0, 9]), "0003", &none),
        ]
        .concat()
    }

    #[test]
    fn gateways_of_default_routes_and_no_others() {
        let found: Vec<_> = table().lines().filter_map(gateway).collect();
        assert_eq!(found, [Ipv4Addr::new(192, 168, 4, 254), Ipv4Addr::new(172, 16, 0, 9)]);
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn a_line_as_it_was_seen() {
        let line = "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0";
        assert_eq!(gateway(line), Some(Ipv4Addr::new(192, 0, 2, 1)));
    }

    #[test]
    fn a_line_that_is_cut_off_or_holds_something_else_is_left_out() {
        let line = "eth0 00000000 010200C0 0003 0 0 0 00000000";
        assert!(gateway(line).is_some());
        for end in 0..line.len() - 8 {
            assert_eq!(gateway(&line[..end]), None, "{:?}", &line[..end]);
        }
        assert_eq!(gateway("eth0 00000000 0102030405 0003 0 0 0 00000000"), None);
        assert_eq!(gateway("eth0 0000000g 010200C0 0003 0 0 0 00000000"), None);
    }
}
