//! One home: devices joined from every source, each spoken to by name and over the best way there is.
//!
//! A [`Home`] knows devices from the cloud's list, from discovery and from its inventory. A [`Device`] is a handle, cheap
//! to clone. Its properties and actions are called by their names in MIoT-Spec or by their numbers; values are checked
//! before anything is sent, and come back as the spec has them.
//!
//! ```
//! use iot_home_hub::{Facts, Home, Source};
//! use iot_home_miot::{Spec, samples};
//! use iot_home_sim::SimDevice;
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A lamp of this process in place of one in the hall.
//! let lamp = SimDevice::light().spawn().await?;
//! let spec = Spec::from_json(samples::LIGHT.json.as_bytes())?;
//! let home = Home::builder().spec(lamp.model(), spec).open().await?;
//!
//! // What a discovery or the cloud would tell.
//! let mut facts = Facts::default();
//! facts.name = Some("Desk lamp".into());
//! facts.did = Some(lamp.did());
//! facts.model = Some(lamp.model().into());
//! facts.miio = Some(lamp.addr());
//! facts.token = Some(lamp.token());
//! home.learn(Source::Miio, facts);
//!
//! let device = home.device("desk lamp")?;
//! device.set([("light:on", json!(true)), ("light:brightness", json!(40))]).await?;
//! let brightness = device.get("brightness").await?;
//! assert_eq!(brightness.shown.as_deref(), Some("40 %"));
//! assert_eq!(brightness.via().as_str(), "lan");
//! # Ok(())
//! # }
//! ```
//!
//! # Which way a request takes
//!
//! The ways are tried in the order of [`Way`]: the LAN first, the cloud second. What worked is remembered, and so is what
//! the device does not support. A way that is silent is avoided for five seconds, and twice as long each time it fails
//! again, up to five minutes; then it is greeted before anything is sent over it, so that the LAN is returned to when it
//! answers again.
//!
//! * A refusal of the device's own is the answer. It is not asked for on another way.
//! * What changes something is sent only over a way that was answered over within the last ten seconds; else something
//!   harmless is read first. When it was sent and is not answered, it may have been carried out: then it is sent over no
//!   other way, and the error says so ([`ErrorKind::MaybeExecuted`]).
//! * Where a device answers hellos and nothing else, its token may have changed: it is fetched from the cloud, once, and
//!   the LAN is tried again.
//!
//! # Watching
//!
//! [`Home::watch`] is one stream of what devices are and of what changes. Bulbs, devices that take subscriptions and Lumi
//! gateways tell by themselves; beside that every device is asked, often where something has just changed and rarely
//! where nothing does, so that what a device does not tell is found out too. What only the cloud reaches is asked there, in
//! requests for many devices.
//!
//! ```
//! # use iot_home_hub::{Facts, Home, Source};
//! # use iot_home_miot::{Spec, samples};
//! # use iot_home_sim::SimDevice;
//! # use serde_json::json;
//! use futures_util::StreamExt;
//! use iot_home_hub::home::Event;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let lamp = SimDevice::light().spawn().await?;
//! # let spec = Spec::from_json(samples::LIGHT.json.as_bytes())?;
//! # let home = Home::builder().spec(lamp.model(), spec).open().await?;
//! # let mut facts = Facts::default();
//! # facts.name = Some("Desk lamp".into());
//! # facts.did = Some(lamp.did());
//! # facts.model = Some(lamp.model().into());
//! # facts.miio = Some(lamp.addr());
//! # facts.token = Some(lamp.token());
//! # home.learn(Source::Miio, facts);
//! let device = home.device("Desk lamp")?;
//! let mut watch = home.watch().properties(&device, ["light:brightness"]).start();
//! while let Some(event) = watch.next().await {
//!     match event {
//!         Event::Change(change) => {
//!             assert_eq!(change.shown.as_deref(), Some("50 %"));
//!             println!("{}: {} is {} ({})", device.name(), change.property, change.value, change.from);
//!             break;
//!         }
//!         Event::Failed { error, .. } => eprintln!("{error}"),
//!         Event::Missed(events) => eprintln!("{events} were left out"),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What is kept
//!
//! The inventory is a file for its owner alone (mode 0600), which holds what is known of each device, tokens included, so
//! that the next start needs neither the cloud nor a discovery. It is written after a [`refresh`](Home::refresh) and when a
//! token was fetched.

mod answer;
mod batch;
mod builder;
mod device;
mod error;
mod find;
mod inventory;
mod items;
mod list;
mod lookup;
mod lumi;
mod methods;
mod names;
mod over;
mod request;
mod route;
mod shared;
mod watch;
mod way;

use std::fmt;
use std::sync::Arc;

pub use self::answer::{ActionAnswer, Answer};
pub use self::builder::Builder;
pub use self::device::Device;
pub use self::error::{Error, ErrorKind};
pub use self::list::Refreshed;
use self::shared::Shared;
pub use self::watch::{Change, Event, Origin, Watch, WatchBuilder};
pub use self::way::{Via, Way};
use crate::{Facts, Source, Update};

/// A home. Cloning it is cheap, and clones share everything. See the [module](self).
#[derive(Clone)]
pub struct Home {
    shared: Arc<Shared>,
}

impl Home {
    /// Says what the home is to be like.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The device that is called so: by its name, its did, a bulb's or a gateway child's id, its MAC address, or its address with or without
    /// a port. Capitals do not matter in names unless two names differ in nothing else.
    ///
    /// # Errors
    /// [`Device`](ErrorKind::Device) when there is none, with names that may have been meant, or more than one, with all
    /// of them.
    pub fn device(&self, name: &str) -> Result<Device, Error> {
        let key = find::find(&self.shared.state().household, name)?;
        Ok(Device::new(&self.shared, key))
    }

    /// All devices, those that are known longest first.
    pub fn devices(&self) -> Vec<Device> {
        let state = self.shared.state();
        state.household.devices().map(|(key, _)| Device::new(&self.shared, key)).collect()
    }

    /// Takes in what is told of a device, as by a discovery. Of facts that have neither an id nor an address, nothing
    /// comes.
    pub fn learn(&self, source: Source, facts: Facts) -> Option<Update> {
        self.shared.learn(source, facts)
    }

    /// Fetches the cloud's lists of devices, with their names, rooms and tokens, and writes the inventory. That one region
    /// fails does not concern the others.
    ///
    /// # Errors
    /// [`NeedsLogin`](ErrorKind::NeedsLogin) or [`Cloud`](ErrorKind::Cloud) when no region's list is to be had,
    /// [`File`](ErrorKind::File) when the inventory cannot be written, [`BadInput`](ErrorKind::BadInput) when the home has
    /// no cloud.
    ///
    /// # Cancel safety
    /// Nothing is learned by halves.
    pub async fn refresh(&self) -> Result<Refreshed, Error> {
        self.shared.refresh().await
    }

    /// Watches devices: what they are, and what changes, whichever way that comes.
    pub fn watch(&self) -> WatchBuilder {
        WatchBuilder::new(&self.shared)
    }

    /// Writes the inventory now, where the home has one: after a discovery, say.
    ///
    /// # Errors
    /// [`File`](ErrorKind::File) when it cannot be written. Then what was there is still there.
    pub fn save(&self) -> Result<(), Error> {
        self.shared.save()
    }
}

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home")
            .field("devices", &self.shared.state().household.len())
            .finish_non_exhaustive()
    }
}
