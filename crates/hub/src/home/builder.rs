//! What a home is to be like.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use iot_home_lumi::client::LumiBuilder;
use iot_home_lumi::{Key, Lumi, Sid};
use iot_home_micloud::{MiCloud, Region};
use iot_home_miio::Client;
use iot_home_miot::{Spec, SpecServer};

use super::Home;
use super::error::{Cause, Error};
use super::inventory::Inventory;
use super::lumi::Gateways;
use super::shared::{Setup, Shared};
use crate::wire::{Observer, WireEvent};

/// What a [`Home`] is to be like.
#[must_use]
pub struct Builder {
    miio: Option<Client>,
    cloud: Option<MiCloud>,
    spec_server: Option<SpecServer>,
    specs: BTreeMap<Box<str>, Arc<Spec>>,
    inventory: Option<PathBuf>,
    deadline: Duration,
    on_wire: Option<Observer>,
    regions: Vec<Region>,
    lumi: Option<Lumi>,
    /// Of the clients that the home makes for Lumi gateways.
    pub(super) gateways: LumiBuilder,
    keys: BTreeMap<Sid, Key>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            miio: None,
            cloud: None,
            spec_server: None,
            specs: BTreeMap::new(),
            inventory: None,
            deadline: Duration::from_secs(15),
            on_wire: None,
            regions: Vec::new(),
            lumi: None,
            gateways: Lumi::builder(),
            keys: BTreeMap::new(),
        }
    }

    /// Speaks miIO by this client. Without it the home makes one that waits three seconds for an answer, so that the
    /// cloud takes over soon.
    pub fn miio(mut self, client: Client) -> Self {
        self.miio = Some(client);
        self
    }

    /// Where the LAN does not do, devices are reached by this account; it knows their names and tokens.
    pub fn cloud(mut self, cloud: MiCloud) -> Self {
        self.cloud = Some(cloud);
        self
    }

    /// Fetches the cloud's list of devices from these regions; from the client's own where none is named.
    pub fn regions(mut self, regions: impl IntoIterator<Item = Region>) -> Self {
        self.regions = regions.into_iter().collect();
        self
    }

    /// Speaks to Lumi gateways by this client, and watches by the reports that it hears. Without it the home makes one when it
    /// first has to speak to a gateway, and one that hears reports for as long as a gateway is [watched](Home::watch).
    pub fn lumi(mut self, client: Lumi) -> Self {
        self.lumi = Some(client);
        self
    }

    /// The key of this Lumi gateway, which its app shows for the LAN protocol. Without it the gateway's children are
    /// read and not set on the LAN.
    pub fn gateway_key(mut self, gateway: Sid, key: Key) -> Self {
        self.keys.insert(gateway, key);
        self
    }

    /// What devices can do by name is asked here.
    pub fn spec_server(mut self, server: SpecServer) -> Self {
        self.spec_server = Some(server);
        self
    }

    /// What a model can do by name; no server is asked for it.
    pub fn spec(mut self, model: impl Into<Box<str>>, spec: Spec) -> Self {
        self.specs.insert(model.into(), Arc::new(spec));
        self
    }

    /// Keeps what is known of devices in this file, and begins with what is in it.
    pub fn inventory(mut self, path: impl Into<PathBuf>) -> Self {
        self.inventory = Some(path.into());
        self
    }

    /// The time from a call to its failure, over all ways together: 15 seconds by default.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Calls `observer` with all that goes and comes on the LAN, for transcripts. It must not block. A client that is handed
    /// in, for miIO or the cloud, is not shown: it has a hook of its own.
    pub fn on_wire(mut self, observer: impl Fn(&WireEvent<'_>) + Send + Sync + 'static) -> Self {
        self.on_wire = Some(Observer::new(observer));
        self
    }

    /// The home. No device is spoken to yet.
    ///
    /// # Errors
    /// [`Io`](super::ErrorKind::Io) when there is no socket to be had, [`File`](super::ErrorKind::File) when the inventory
    /// cannot be read or is of a later version. One that is torn is left out.
    ///
    /// # Panics
    /// Outside a tokio runtime that has its IO and time drivers on.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn open(self) -> Result<Home, Error> {
        let inventory = self.inventory.map(Inventory::new);
        let known = match &inventory {
            Some(inventory) => inventory.load()?,
            None => Vec::new(),
        };
        let miio = match self.miio {
            Some(client) => client,
            None => {
                let mut builder = Client::builder().timeout(PATIENCE);
                if let Some(observer) = &self.on_wire {
                    builder = builder.on_wire(observer.miio());
                }
                builder.bind().await.map_err(|error| {
                    Error::new(Cause::Miio { error: Arc::new(error), changes: false })
                })?
            }
        };
        let gateways = match &self.on_wire {
            Some(observer) => self.gateways.on_wire(observer.lumi()),
            None => self.gateways,
        };
        let setup = Setup {
            miio,
            cloud: self.cloud,
            spec_server: self.spec_server,
            specs: self.specs,
            inventory,
            deadline: self.deadline,
            on_wire: self.on_wire,
            regions: self.regions,
            keys: self.keys,
        };
        let shared = Shared::new(setup, Gateways::new(self.lumi, gateways));
        for facts in known {
            shared.learn(crate::Source::Inventory, facts);
        }
        Ok(Home { shared: Arc::new(shared) })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("cloud", &self.cloud)
            .field("specs", &self.specs.keys())
            .field("inventory", &self.inventory)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// How long the home's own client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(3);
