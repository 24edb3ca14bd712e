//! Homes and devices.

use iot_home_core::Did;
use tokio::task::JoinSet;

use super::cloud::MiCloud;
use super::error::{Cause, Error, ErrorKind};
use crate::Region;
use crate::api::{self, BatchData, BeaconKey, Consumables, Device, Home, Inventory};

impl MiCloud {
    /// The account's homes with their rooms, and those that others share with it.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn homes(&self) -> Result<Vec<Home>, Error> {
        Ok(self.walk(Inventory::of_homes()).await?.into_parts().0)
    }

    /// Every device that the account sees in this region: its own, those of homes that are shared with it, and those that
    /// are shared one by one; each once.
    ///
    /// A region knows only what was bound in it, and answers nothing for the rest: see
    /// [`devices_everywhere`](Self::devices_everywhere).
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn devices(&self) -> Result<Vec<Device>, Error> {
        Ok(self.inventory().await?.1)
    }

    /// Homes and devices in one walk.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn inventory(&self) -> Result<(Vec<Home>, Vec<Device>), Error> {
        Ok(self.walk(Inventory::new()).await?.into_parts())
    }

    /// The devices of all regions, in the order of [`Region::ALL`]: where devices are that are not found. A region may fail
    /// while others answer.
    pub async fn devices_everywhere(&self) -> Vec<(Region, Result<Vec<Device>, Error>)> {
        let mut asking = JoinSet::new();
        for region in Region::ALL {
            let there = self.in_region(region);
            asking.spawn(async move { (region, there.devices().await) });
        }
        let answers = asking.join_all().await;
        let of = |region| {
            let answer = answers.iter().find(|(answered, _)| *answered == region);
            let answer = answer.map(|(_, answer)| answer.clone());
            (region, answer.unwrap_or_else(|| Err(Error::new(Cause::Ended))))
        };
        Region::ALL.into_iter().map(of).collect()
    }

    /// The key that a Bluetooth device encrypts its advertisements with.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn beacon_key(&self, did: &Did) -> Result<BeaconKey, Error> {
        self.send(&api::beacon_key(did)).await
    }

    /// What wears out in a home.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn consumables(&self, home: &Home) -> Result<Consumables, Error> {
        self.send(&api::consumables(home.id, self.owner(home))).await
    }

    /// What the cloud last heard of these properties, of many devices at a time: `prop.power` and the like.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn batch_device_data(&self, asked: &[(Did, &[&str])]) -> Result<BatchData, Error> {
        self.send(&api::batch_device_data(asked)).await
    }

    async fn walk(&self, mut inventory: Inventory) -> Result<Inventory, Error> {
        while let Some(call) = inventory.next_call() {
            match self.send(&call).await {
                Ok(page) => inventory.handle(page),
                Err(error) if error.kind() == ErrorKind::Refused && inventory.is_optional() => {
                    tracing::warn!(%error, "devices that others share may be missing");
                    inventory.skip();
                }
                Err(error) => return Err(error),
            }
        }
        Ok(inventory)
    }
}
