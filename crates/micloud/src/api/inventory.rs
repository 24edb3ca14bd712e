//! Every device an account can see, by as many calls as that takes.

use std::collections::{BTreeSet, VecDeque};

use iot_home_core::Did;
use serde::Deserialize;

use super::device::{Device, device_page, home_devices};
use super::home::{Home, homes, shared_families};
use crate::{Call, lenient};

/// Walks through homes, shared homes and single devices, page by page.
///
/// ```
/// # use iot_home_micloud::api::{Inventory, InventoryPage};
/// # use iot_home_micloud::{ApiError, Call};
/// # fn send(_: Call<InventoryPage>) -> Result<InventoryPage, ApiError> { Ok(InventoryPage::default()) }
/// let mut inventory = Inventory::new();
/// while let Some(call) = inventory.next_call() {
///     inventory.handle(send(call)?); // or `skip` what a region does not answer
/// }
/// println!("{} devices in {} homes", inventory.devices().len(), inventory.homes().len());
/// # Ok::<(), ApiError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Inventory {
    todo: VecDeque<Ask>,
    calls: usize,
    homes: Vec<Home>,
    devices: Vec<Device>,
    seen: BTreeSet<Did>,
    visited: BTreeSet<(i64, i64)>,
    with_devices: bool,
}

#[derive(Clone, Debug)]
enum Ask {
    Homes { start: Option<String> },
    Families,
    Home { id: i64, owner: i64, start: Option<String> },
    Devices { start: Option<String> },
}

/// The answer to any call of an [`Inventory`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct InventoryPage {
    #[serde(deserialize_with = "lenient::records")]
    homelist: Vec<Home>,
    #[serde(deserialize_with = "lenient::records")]
    share_home_list: Vec<Home>,
    #[serde(deserialize_with = "lenient::records")]
    info: Vec<Home>,
    #[serde(deserialize_with = "lenient::maybe")]
    share: Option<Share>,
    #[serde(alias = "device_info", deserialize_with = "lenient::records")]
    list: Vec<Device>,
    #[serde(deserialize_with = "lenient::flag")]
    has_more: Option<bool>,
    #[serde(alias = "max_did", alias = "max_id", deserialize_with = "lenient::filled")]
    next_start_did: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Share {
    #[serde(deserialize_with = "lenient::records")]
    share_family: Vec<Home>,
}

impl Inventory {
    /// Everything is still to be asked for.
    pub fn new() -> Self {
        let todo = [Ask::Homes { start: None }, Ask::Families, Ask::Devices { start: None }].into();
        let (homes, devices) = (Vec::new(), Vec::new());
        let (seen, visited) = (BTreeSet::new(), BTreeSet::new());
        Self { todo, calls: 0, homes, devices, seen, visited, with_devices: true }
    }

    /// Homes and rooms alone are to be asked for.
    pub fn of_homes() -> Self {
        let todo = [Ask::Homes { start: None }, Ask::Families].into();
        Self { todo, with_devices: false, ..Self::new() }
    }

    /// What to ask next; nothing when all is known. The same until something is handled or skipped.
    pub fn next_call(&self) -> Option<Call<InventoryPage>> {
        Some(match self.todo.front()? {
            Ask::Homes { start } => homes(start.as_deref()).cast(),
            Ask::Families => shared_families(),
            Ask::Home { id, owner, start } => home_devices(*id, *owner, start.as_deref()).cast(),
            Ask::Devices { start } => device_page(start.as_deref()).cast(),
        })
    }

    /// Whether that can be [skipped](Self::skip) when it is refused: homes of others, who may have changed their mind.
    pub fn is_optional(&self) -> bool {
        matches!(self.todo.front(), Some(Ask::Families | Ask::Home { .. }))
    }

    /// Takes in what was answered to that.
    pub fn handle(&mut self, page: InventoryPage) {
        let Some(asked) = self.todo.pop_front() else { return };
        self.calls = self.calls.saturating_add(1);
        if self.calls >= MOST_CALLS {
            self.todo.clear();
        }
        let next = page.next_start_did.filter(|_| page.has_more == Some(true));
        // A page that leads back to itself is the last.
        let further = next.filter(|next| asked.start() != Some(next));
        if self.calls < MOST_CALLS
            && let Some(further) = further
        {
            self.todo.push_front(asked.from(further));
        }
        let shared = page.share.map(|share| share.share_family).unwrap_or_default();
        for home in page.homelist.into_iter().chain(page.share_home_list).chain(shared) {
            self.visit(home);
        }
        for part in page.info {
            self.complete(part);
        }
        for device in page.list {
            if self.seen.insert(device.did.clone()) {
                self.devices.push(device);
            }
        }
    }

    /// Goes on without an answer to that.
    pub fn skip(&mut self) {
        self.todo.pop_front();
    }

    /// The homes found so far.
    pub fn homes(&self) -> &[Home] {
        &self.homes
    }

    /// The devices found so far, each once.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// What was found.
    pub fn into_parts(self) -> (Vec<Home>, Vec<Device>) {
        (self.homes, self.devices)
    }

    fn visit(&mut self, home: Home) {
        // A home is asked for its devices in its owner's name.
        if let Some(owner) = home.owner
            && self.visited.insert((home.id, owner))
            && self.with_devices
            && self.calls < MOST_CALLS
        {
            self.todo.push_back(Ask::Home { id: home.id, owner, start: None });
        }
        if !self.homes.iter().any(|known| known.id == home.id) {
            self.homes.push(home);
        }
    }

    /// Adds what did not fit on the first page to the homes and rooms that it did name.
    fn complete(&mut self, part: Home) {
        let Some(home) = self.homes.iter_mut().find(|home| home.id == part.id) else { return };
        home.dids.extend(part.dids);
        for more in part.rooms {
            match home.rooms.iter_mut().find(|room| room.id == more.id) {
                Some(room) => room.dids.extend(more.dids),
                None => home.rooms.push(more),
            }
        }
    }
}

impl Default for Inventory {
    fn default() -> Self {
        Self::new()
    }
}

impl Ask {
    fn start(&self) -> Option<&String> {
        match self {
            Self::Families => None,
            Self::Homes { start } | Self::Home { start, .. } | Self::Devices { start } => {
                start.as_ref()
            }
        }
    }

    /// The same, further on.
    fn from(self, next: String) -> Self {
        let start = Some(next);
        match self {
            Self::Families => Self::Families,
            Self::Homes { .. } => Self::Homes { start },
            Self::Home { id, owner, .. } => Self::Home { id, owner, start },
            Self::Devices { .. } => Self::Devices { start },
        }
    }
}

/// Enough for a hundred thousand devices; a server that never ends is not followed further.
const MOST_CALLS: usize = 500;
