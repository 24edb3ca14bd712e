//! The cloud's list of devices, and their tokens.

use iot_home_micloud::Region;
use iot_home_micloud::api::{self, Home};
use iot_home_miio::Token;
use tokio::task::JoinSet;

use super::error::{Cause, Error};
use super::shared::{Shared, Slot};
use crate::{CloudFacts, DeviceKey, Facts, Parent, Source};

/// What came of fetching the cloud's lists.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refreshed {
    /// How many devices the cloud named.
    pub devices: usize,
    /// The regions whose list was not to be had, where others were.
    pub failed: Vec<(Region, Error)>,
}

impl Shared {
    pub(super) async fn refresh(&self) -> Result<Refreshed, Error> {
        let cloud = self.setup.cloud.as_ref().ok_or_else(|| Error::new(Cause::NoCloud))?;
        let mut regions = Vec::new();
        for region in &self.setup.regions {
            if !regions.contains(region) {
                regions.push(*region);
            }
        }
        if regions.is_empty() {
            regions.push(cloud.region());
        }
        let mut asking = JoinSet::new();
        for (at, region) in regions.iter().enumerate() {
            let there = cloud.in_region(*region);
            asking.spawn(async move { (at, there.inventory().await) });
        }
        let mut listed = asking.join_all().await;
        listed.sort_by_key(|(at, _)| *at);
        let mut refreshed = Refreshed { devices: 0, failed: Vec::new() };
        for (region, (_, listed)) in regions.iter().zip(listed) {
            match listed {
                Ok((homes, devices)) => {
                    self.learn_list(*region, &homes, &devices);
                    refreshed.devices = refreshed.devices.saturating_add(devices.len());
                }
                Err(error) => refreshed.failed.push((*region, cloud_error(error))),
            }
        }
        if refreshed.failed.len() == regions.len()
            && let Some((_, error)) = refreshed.failed.first()
        {
            return Err(error.clone());
        }
        self.save()?;
        Ok(refreshed)
    }

    fn learn_list(&self, region: Region, homes: &[Home], devices: &[api::Device]) {
        for device in devices {
            let mut facts = facts_of(device, region.name());
            if let Some(cloud) = &mut facts.cloud {
                (cloud.home, cloud.room) = place_of(homes, &device.did.to_string());
            }
            self.learn(Source::Cloud, facts);
        }
    }

    /// Fetches a device's token anew, unless it is another one than was used by now. Tells whether it is.
    pub(super) async fn renew(&self, key: DeviceKey, slot: &Slot, used: Option<&Token>) -> bool {
        let _alone = slot.renewing.lock().await;
        let is_new = || self.known(key).is_ok_and(|(facts, _)| facts.token.as_ref() != used);
        if is_new() {
            return true;
        }
        let Ok((facts, _)) = self.known(key) else { return false };
        let (Some(cloud), Some(did)) = (self.cloud_of(&facts), facts.did.clone()) else {
            return false;
        };
        let region = cloud.region().name();
        match cloud.send(&api::device_list(std::slice::from_ref(&did))).await {
            Ok(page) => {
                for device in page.list.iter().filter(|device| device.did == did) {
                    let mut told = facts_of(device, region);
                    if let (Some(told), Some(known)) = (&mut told.cloud, &facts.cloud) {
                        // The list of a home's rooms was not asked for.
                        (told.home, told.room) = (known.home.clone(), known.room.clone());
                    }
                    self.learn(Source::Cloud, told);
                }
            }
            Err(error) => tracing::debug!(%did, %error, "the token could not be fetched"),
        }
        let is_new = is_new();
        if is_new && let Err(error) = self.save() {
            tracing::warn!(%error, "the new token is not kept");
        }
        is_new
    }
}

fn facts_of(device: &api::Device, region: &str) -> Facts {
    let filled = |text: &str| Some(text).filter(|text| !text.is_empty()).map(Into::into);
    let parent = device.parent_id.as_ref().and_then(|did| did.parse().ok());
    let cloud = CloudFacts {
        region: region.into(),
        is_online: device.is_online,
        spec: device.spec_type.as_deref().map(Into::into),
        ..CloudFacts::default()
    };
    Facts {
        did: Some(device.did.clone()),
        name: filled(&device.name),
        model: filled(&device.model),
        mac: device.mac.as_ref().and_then(|mac| mac.parse().ok()),
        token: device.token.as_ref().and_then(|token| token.expose().parse().ok()),
        host: device.local_ip.as_ref().and_then(|ip| ip.parse().ok()),
        parent: parent.map(Parent::Did),
        cloud: Some(cloud),
        ..Facts::default()
    }
}

/// The names of the home and of the room that a device is in.
fn place_of(homes: &[Home], did: &str) -> (Option<Box<str>>, Option<Box<str>>) {
    let is_here = |dids: &[String]| dids.iter().any(|known| known == did);
    for home in homes {
        let room = home.rooms.iter().find(|room| is_here(&room.dids));
        if room.is_some() || is_here(&home.dids) {
            let room = room.and_then(|room| room.name.as_deref().map(Into::into));
            return (Some(home.name.as_str().into()), room);
        }
    }
    (None, None)
}

fn cloud_error(error: iot_home_micloud::client::Error) -> Error {
    Error::new(Cause::Cloud { error, changes: false })
}
