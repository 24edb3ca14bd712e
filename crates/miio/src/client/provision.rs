//! Bringing a device into a Wi-Fi.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use iot_home_core::Did;
use tokio::time::{self, Instant};

use super::default_route;
use super::error::Error;
use super::{Client, Device, DeviceAddr, Discovery};
use crate::discovery::Found;
use crate::error::Failure;
use crate::message::Request;
use crate::provisioning::{self, Acknowledgement, Association, KNOWN_ADDRESSES, Network};

impl Client {
    /// Finds a device that is an access point, this machine having joined it, for at most `wait`: one that shows its token.
    ///
    /// Without `candidates` it asks the [known addresses](KNOWN_ADDRESSES), the default gateway where the system tells it
    /// in a file (Linux), and, of each IPv4 network of this machine, the first address, where an access point has itself,
    /// and the broadcast address. It asks no others. Elsewhere a gateway that is known can be named as a candidate.
    ///
    /// # Errors
    /// [`NoHello`](super::ErrorKind::NoHello) when no such device answers, [`Io`](super::ErrorKind::Io) when no
    /// socket can be had.
    ///
    /// # Cancel safety
    /// Dropping the future ends the search.
    pub async fn find_access_point<A: Into<DeviceAddr>>(
        &self,
        candidates: impl IntoIterator<Item = A>,
        wait: Duration,
    ) -> Result<Found, Error> {
        let mut candidates: Vec<SocketAddr> =
            candidates.into_iter().map(|addr| addr.into().0).collect();
        if candidates.is_empty() {
            candidates = usual_addresses();
        }
        let asked = candidates.len();
        let mut search = self.search(candidates, wait)?;
        while let Some(found) = next(&mut search).await {
            if found.token.is_some() {
                return Ok(found);
            }
        }
        Err(Error::no_access_point(asked))
    }

    /// Looks for a device that was provisioned, for at most `wait`: it comes back under another address, and hides its
    /// token. `targets` are addresses and broadcast addresses to ask; without any, all interfaces are.
    ///
    /// What is found with its token shown is an access point still: it did not join.
    ///
    /// # Errors
    /// [`NoHello`](super::ErrorKind::NoHello) when no device with this did answers. That there is no network for a time,
    /// while this machine changes over, is no error.
    ///
    /// # Cancel safety
    /// Dropping the future ends the search.
    pub async fn find_provisioned<A: Into<DeviceAddr>>(
        &self,
        did: &Did,
        targets: impl IntoIterator<Item = A>,
        wait: Duration,
    ) -> Result<Found, Error> {
        let targets: Vec<SocketAddr> = targets.into_iter().map(|addr| addr.into().0).collect();
        let until = Instant::now().checked_add(wait);
        let mut unprovisioned = None;
        loop {
            let left = until.map_or(ROUND, |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return unprovisioned.ok_or_else(|| Error::not_found(did));
            }
            let began = Instant::now();
            // While an interface comes up there may be no network to search in.
            if let Ok(mut search) = self.search(targets.clone(), left.min(ROUND)) {
                while let Some(found) = next(&mut search).await {
                    if found.did == *did {
                        if found.token.is_none() {
                            return Ok(found);
                        }
                        unprovisioned = Some(found);
                    }
                }
            }
            time::sleep(left.min(ROUND).saturating_sub(began.elapsed())).await;
        }
    }

    fn search(&self, targets: Vec<SocketAddr>, wait: Duration) -> Result<Discovery, Error> {
        let mut builder = Discovery::builder().targets(targets).wait(wait);
        if let Some(observer) = self.handle.shared.on_wire().cloned() {
            builder = builder.on_wire(move |event| observer(event));
        }
        builder.start()
    }
}

impl Device {
    /// Tells a device that is an access point which Wi-Fi to join (`miIO.config_router`), and then that it is all
    /// (`miIO.stop_diag_mode`), which no device has to hear. Its token is the one that it shows in
    /// its [hello](Self::hello), and stays the same.
    ///
    /// # Errors
    /// [`BadInput`](super::ErrorKind::BadInput) when nothing was sent because of the settings.
    /// [`MaybeExecuted`](super::ErrorKind::MaybeExecuted) when no acknowledgement came, which happens often, or one
    /// that cannot be read: the device may have joined, so look for it by [`Client::find_provisioned`].
    /// [`Device`](super::ErrorKind::Device) when it refuses, and otherwise as [`call`](Self::call).
    ///
    /// # Cancel safety
    /// Dropping the future ends the repetitions. Whether the device takes what was sent is not known.
    pub async fn provision(&self, network: &Network) -> Result<(), Error> {
        let request = network.request();
        let request = request.map_err(|error| Error::network("miIO.config_router", error))?;
        let told = self.acknowledged(request).await;
        told.map_err(|error| error.without(network.secrets()))?;
        self.end_provisioning().await;
        Ok(())
    }

    /// Tells the device that the provisioning has ended, while it may still hear it.
    pub(super) async fn end_provisioning(&self) {
        let end = provisioning::stop_diag_mode().timeout(STOP.min(self.timeout()));
        if let Err(error) = self.request(end).await {
            tracing::debug!(%error, "the device does not confirm the end of its provisioning");
        }
    }

    /// How joining a Wi-Fi goes (`miIO.wifi_assoc_state`). After a failed try the device is an
    /// access point again, and tells there why.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn association(&self) -> Result<Association, Error> {
        let value = self.call("miIO.wifi_assoc_state", ()).await?;
        Ok(Association::from_value(&value))
    }

    /// Sends what is answered by an acknowledgement.
    pub(super) async fn acknowledged(&self, request: Request) -> Result<(), Error> {
        let method = request.shared_method();
        let repeatable = request.is_idempotent();
        let reply = self.request(request).await?;
        let read = reply.value().map_or(Acknowledgement::Unknown, |it| Acknowledgement::read(&it));
        match read {
            Acknowledgement::Ok => Ok(()),
            Acknowledgement::Refused { code } => {
                let failure = Failure::Device(crate::error::DeviceError::new(code, ""));
                Err(Error::failure(self.addr(), &method, failure, repeatable))
            }
            Acknowledgement::Unknown => {
                Err(Error::unacknowledged(self.addr(), &method, repeatable))
            }
        }
    }
}

/// The known addresses, the default gateways, and of each network of this machine the first address and the broadcast
/// address.
fn usual_addresses() -> Vec<SocketAddr> {
    let mut addrs = KNOWN_ADDRESSES.to_vec();
    addrs.extend(default_route::gateways());
    for interface in iot_home_lan::interfaces().unwrap_or_default() {
        if interface.addr.is_loopback() || interface.prefix_len >= 31 {
            continue;
        }
        let first = interface.network().to_bits().saturating_add(1);
        addrs.extend([first.into()].into_iter().chain(interface.broadcast));
    }
    addrs.sort_unstable();
    addrs.dedup();
    addrs.into_iter().map(|ip| DeviceAddr::from(ip).0).collect()
}

async fn next(search: &mut Discovery) -> Option<Found> {
    poll_fn(|cx| Pin::new(&mut *search).poll_next(cx)).await
}

/// A search of the hellos' three rounds.
const ROUND: Duration = Duration::from_secs(3);
/// The device leaves at once, and has nothing to lose by not hearing it.
const STOP: Duration = Duration::from_millis(800);
