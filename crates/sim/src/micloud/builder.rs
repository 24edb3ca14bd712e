//! What a cloud is, said before it runs.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use iot_home_micloud::Region;

use crate::micloud::account::Account;
use crate::micloud::device::{CloudDevice, Device};
use crate::micloud::faults::Faults;
use crate::micloud::home::Home;
use crate::micloud::machine::Machine;
use crate::miio;

/// What a cloud is. [`spawn`](Self::spawn) puts it on its socket.
#[derive(Clone, Debug)]
pub struct Builder {
    pub(crate) listen: SocketAddr,
    pub(crate) sts_listen: Option<SocketAddr>,
    pub(crate) api_listen: Option<SocketAddr>,
    pub(crate) region: Region,
    pub(crate) accounts: Vec<Account>,
    pub(crate) homes: Vec<Home>,
    pub(crate) devices: Vec<CloudDevice>,
    pub(crate) gzip: bool,
    pub(crate) takes_ssecurity: bool,
    pub(crate) nonce_window: Duration,
    pub(crate) page: usize,
    pub(crate) time_ahead: i64,
    pub(crate) qr_lifetime: Duration,
    pub(crate) faults: Faults,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            sts_listen: None,
            api_listen: None,
            region: Region::Cn,
            accounts: Vec::new(),
            homes: Vec::new(),
            devices: Vec::new(),
            gzip: true,
            takes_ssecurity: false,
            nonce_window: Duration::from_secs(600),
            page: 200,
            time_ahead: 0,
            qr_lifetime: Duration::from_secs(300),
            faults: Faults::default(),
        }
    }

    /// Where it listens: a free port of 127.0.0.1 by default. All three servers answer there, told apart by their
    /// paths, or by the `Host` where a client calls them by Xiaomi's names.
    #[must_use]
    pub fn listen(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.listen = addr.into();
        self
    }

    /// Tickets are exchanged at another address. Then cookies of the account's server have no business there.
    #[must_use]
    pub fn sts_listen(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.sts_listen = Some(addr.into());
        self
    }

    /// The API is at another address, as [`sts_listen`](Self::sts_listen).
    #[must_use]
    pub fn api_listen(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.api_listen = Some(addr.into());
        self
    }

    /// The region of calls that name none: `/app/…`. Those of another one go to `/de/app/…`, or to a host whose name
    /// says so.
    #[must_use]
    pub fn region(mut self, region: Region) -> Self {
        self.region = region;
        self
    }

    /// Listens at this address of the machine, where it was not told another one than loopback's.
    #[cfg(feature = "home")]
    pub(crate) fn at(mut self, ip: std::net::IpAddr) -> Self {
        crate::home::move_to(&mut self.listen, ip);
        self
    }

    /// Takes this port, where it was to take a free one.
    #[cfg(feature = "home")]
    pub(crate) fn port(mut self, port: u16) -> Self {
        if self.listen.port() == 0 {
            self.listen.set_port(port);
        }
        self
    }

    /// One more account.
    #[must_use]
    pub fn account(mut self, account: Account) -> Self {
        self.accounts.push(account);
        self
    }

    /// One more home.
    #[must_use]
    pub fn home(mut self, home: Home) -> Self {
        self.homes.push(home);
        self
    }

    /// One more device.
    #[must_use]
    pub fn device(mut self, device: CloudDevice) -> Self {
        self.devices.push(device);
        self
    }

    /// Whether answers are compressed for whoever takes that. They are by default.
    #[must_use]
    pub fn gzip(mut self, gzip: bool) -> Self {
        self.gzip = gzip;
        self
    }

    /// Lets calls pass that carry the key itself, as several programs send it. They are counted all the same.
    #[must_use]
    pub fn takes_ssecurity(mut self, takes: bool) -> Self {
        self.takes_ssecurity = takes;
        self
    }

    /// How far a nonce may be off the cloud's clock: ten minutes by default.
    #[must_use]
    pub fn nonce_window(mut self, window: Duration) -> Self {
        self.nonce_window = window;
        self
    }

    /// The most devices on a page, and the most that the list of homes names: 200 by default.
    #[must_use]
    pub fn page(mut self, devices: usize) -> Self {
        self.page = devices.max(1);
        self
    }

    /// How many seconds the cloud's clock is ahead of this machine's. Its answers' `Date` says so.
    #[must_use]
    pub fn time_ahead(mut self, seconds: i64) -> Self {
        self.time_ahead = seconds;
        self
    }

    /// How long a QR code waits to be scanned: five minutes by default.
    #[must_use]
    pub fn qr_lifetime(mut self, lifetime: Duration) -> Self {
        self.qr_lifetime = lifetime;
        self
    }

    /// What goes wrong.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Checks what was said, and puts the devices in their places.
    pub(crate) fn build(self) -> Result<Machine, BuildError> {
        let first = self.accounts.first().map_or(0, |account| account.user_id);
        let mut users = BTreeSet::new();
        if !self.accounts.iter().all(|account| users.insert(account.user_id)) {
            return Err(BuildError::UserId);
        }
        let mut devices = Vec::with_capacity(self.devices.len());
        for device in &self.devices {
            let home = match device.home {
                None => None,
                Some(id) => {
                    let home = self.homes.iter().find(|home| home.id == id);
                    Some(home.ok_or(BuildError::Home { id })?)
                }
            };
            if let (Some(room), Some(home)) = (device.room, home)
                && !home.rooms.iter().any(|(id, _)| *id == room)
            {
                return Err(BuildError::Room { id: room });
            }
            let place = match home {
                Some(home) => (home.region, home.owner.unwrap_or(first)),
                None => (Region::Cn, first),
            };
            devices.push(Device::new(device.clone(), place)?);
        }
        let mut dids = BTreeSet::new();
        if let Some(twice) = devices.iter().find(|device| !dids.insert(device.did.as_str())) {
            return Err(BuildError::Did { did: twice.did.clone() });
        }
        Ok(Machine::new(self, devices, first))
    }
}

/// What was asked for is no cloud.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Two accounts have one number.
    #[error("two accounts have the same number; give each its own")]
    UserId,
    /// Two devices have one id.
    #[error("two devices have the did {did}; give each its own")]
    Did {
        /// Which.
        did: String,
    },
    /// A device is in a home that there is not.
    #[error("a device is in the home {id}, which there is not")]
    Home {
        /// Its id.
        id: u64,
    },
    /// A device is in a room that its home does not have.
    #[error("a device is in the room {id}, which its home does not have")]
    Room {
        /// Its id.
        id: u64,
    },
    /// A simulated device is none.
    #[error(transparent)]
    Device(#[from] miio::BuildError),
}
