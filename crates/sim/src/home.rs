//! A whole home: devices of all kinds on the LAN, a cloud that knows them all, and the specs of their models.
//!
//! | item | is |
//! |---|---|
//! | [`SimHome`] | a home on real sockets, in tasks of its own |
//! | [`Builder`] | what is in it |
//! | [`Member`], [`Device`] | one of its devices, its name, and what is special about it |
//! | [`LanCut`] | a LAN that is cut, until it is dropped |
//! | [`USER`], [`PASSWORD`], [`LUMI_KEY`] | what opens [`SimHome::furnished`] |

mod builder;
mod cut;
mod furnished;
mod house;
mod member;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

pub use builder::{Builder, SpawnError};
pub use cut::LanCut;
pub use furnished::{LUMI_KEY, PASSWORD, USER};
pub use house::SimHome;
pub use member::{Device, Member};

/// A free port of another address, where nobody has named one.
pub(crate) fn move_to(listen: &mut SocketAddr, ip: IpAddr) {
    if *listen == SocketAddr::from((Ipv4Addr::LOCALHOST, 0)) {
        listen.set_ip(ip);
    }
}
