//! `iot-home cloud devices|homes|scenes`.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use iot_home::micloud::api::{Device, Home, Owner, Room, Scene};
use iot_home::micloud::client::{Error, ErrorKind};
use iot_home::micloud::{MiCloud, Region};
use serde::Serialize;

use super::link::Link;
use crate::args::{CloudHosts, Place, Regions};
use crate::commands::Context;
use crate::failure::{Failure, Outcome, Verdict};
use crate::ordered::Ordered;
use crate::output::Table;

#[derive(Serialize)]
struct DeviceRecord<'a> {
    did: String,
    name: &'a str,
    model: &'a str,
    token: Option<&'a str>,
    token_visible: bool,
    localip: Option<&'a str>,
    mac: Option<&'a str>,
    ssid: Option<&'a str>,
    rssi: Option<i64>,
    pid: Option<i64>,
    connection: Option<&'static str>,
    is_online: Option<bool>,
    parent_id: Option<&'a str>,
    uid: Option<&'a str>,
    spec_type: Option<&'a str>,
    owner: Option<OwnerRecord<'a>>,
    region: &'static str,
    raw: Option<Ordered>,
}

#[derive(Serialize)]
struct OwnerRecord<'a> {
    userid: Option<&'a str>,
    nickname: Option<&'a str>,
}

pub(super) async fn devices(context: &Context, hosts: &CloudHosts, place: &Place) -> Outcome {
    let link = open(context, hosts, place)?;
    let asking = |cloud: MiCloud| async move { cloud.devices().await };
    let found = gather(context, &link, regions(hosts, place, &link), asking).await?;
    let mut seen = BTreeSet::new();
    let records = found.iter().filter(|(_, device)| seen.insert(device.did.clone()));
    let records: Vec<_> =
        records.map(|(region, device)| device_record(context, &link, *region, device)).collect();
    context.output.print(&records, |records, style| {
        let mut table = Table::new(&["did", "name", "model", "address", "online", "region"]);
        for record in records {
            let online = match record.is_online {
                Some(true) => "yes",
                Some(false) => "no",
                None => "",
            };
            table.row(
                [
                    &record.did,
                    record.name,
                    record.model,
                    record.localip.unwrap_or_default(),
                    online,
                    record.region,
                ]
                .map(ToOwned::to_owned),
            );
        }
        table.render(style)
    })?;
    Ok(Verdict::Done)
}

fn device_record<'a>(
    context: &Context,
    link: &Link,
    region: Region,
    device: &'a Device,
) -> DeviceRecord<'a> {
    let token = device.token.as_ref().filter(|_| context.output.show_secrets());
    let owner = |owner: &'a Owner| OwnerRecord {
        userid: owner.user_id.as_deref(),
        nickname: owner.nickname.as_deref(),
    };
    let mut raw = device.raw.read::<Ordered>();
    if let Some(raw) = &mut raw {
        link.hide(context, raw);
    }
    DeviceRecord {
        did: device.did.to_string(),
        name: &device.name,
        model: &device.model,
        token: token.map(|token| token.expose().as_str()),
        token_visible: device.token.is_some(),
        localip: device.local_ip.as_deref(),
        mac: device.mac.as_deref(),
        ssid: device.ssid.as_deref(),
        rssi: device.rssi,
        pid: device.pid,
        connection: device.connection(),
        is_online: device.is_online,
        parent_id: device.parent_id.as_deref(),
        uid: device.uid.as_deref(),
        spec_type: device.spec_type.as_deref(),
        owner: device.owner.as_ref().map(owner),
        region: region.name(),
        raw,
    }
}

#[derive(Serialize)]
struct HomeRecord<'a> {
    id: String,
    name: &'a str,
    owner: Option<String>,
    dids: &'a [String],
    rooms: Vec<RoomRecord<'a>>,
    region: &'static str,
}

#[derive(Serialize)]
struct RoomRecord<'a> {
    id: &'a str,
    name: Option<&'a str>,
    dids: &'a [String],
}

impl<'a> From<&'a Room> for RoomRecord<'a> {
    fn from(room: &'a Room) -> Self {
        Self { id: &room.id, name: room.name.as_deref(), dids: &room.dids }
    }
}

pub(super) async fn homes(context: &Context, hosts: &CloudHosts, place: &Place) -> Outcome {
    let link = open(context, hosts, place)?;
    let asking = |cloud: MiCloud| async move { cloud.homes().await };
    let found = gather(context, &link, regions(hosts, place, &link), asking).await?;
    let mut seen = BTreeSet::new();
    let homes = found.iter().filter(|(_, home)| seen.insert(home.id));
    let records: Vec<_> = homes.map(|(region, home)| home_record(*region, home)).collect();
    context.output.print(&records, |records, style| {
        let mut table = Table::new(&["home", "name", "room", "devices", "region"]);
        for home in records {
            let row = |room: &str, dids: &[String]| {
                let [id, name] = [&home.id, home.name].map(ToOwned::to_owned);
                [id, name, room.to_owned(), dids.join(" "), home.region.to_owned()]
            };
            if !home.dids.is_empty() || home.rooms.is_empty() {
                table.row(row("", home.dids));
            }
            for room in &home.rooms {
                table.row(row(room.name.unwrap_or(room.id), room.dids));
            }
        }
        table.render(style)
    })?;
    Ok(Verdict::Done)
}

fn home_record(region: Region, home: &Home) -> HomeRecord<'_> {
    HomeRecord {
        id: home.id.to_string(),
        name: &home.name,
        owner: home.owner.map(|owner| owner.to_string()),
        dids: &home.dids,
        rooms: home.rooms.iter().map(RoomRecord::from).collect(),
        region: region.name(),
    }
}

#[derive(Serialize)]
struct SceneRecord<'a> {
    id: &'a str,
    name: &'a str,
    kind: &'static str,
    enabled: Option<bool>,
    home: String,
    home_name: &'a str,
    region: &'static str,
    raw: Option<Ordered>,
}

/// A scene, and where it is.
pub(super) struct Placed {
    pub(super) scene: Scene,
    kind: &'static str,
    pub(super) home: Home,
}

pub(super) async fn scenes(context: &Context, hosts: &CloudHosts, place: &Place) -> Outcome {
    let link = open(context, hosts, place)?;
    let found = gather(context, &link, regions(hosts, place, &link), all_scenes).await?;
    let mut seen = BTreeSet::new();
    let scenes = found.iter().filter(|(_, placed)| seen.insert(placed.scene.id.as_str()));
    let records: Vec<_> = scenes
        .map(|(region, Placed { scene, kind, home })| {
            let mut raw = scene.raw.read::<Ordered>();
            if let Some(raw) = &mut raw {
                link.hide(context, raw);
            }
            SceneRecord {
                id: &scene.id,
                name: &scene.name,
                kind,
                enabled: scene.enabled,
                home: home.id.to_string(),
                home_name: &home.name,
                region: region.name(),
                raw,
            }
        })
        .collect();
    context.output.print(&records, |records, style| {
        let mut table = Table::new(&["scene", "name", "kind", "home", "region"]);
        for scene in records {
            table.row(
                [scene.id, scene.name, scene.kind, scene.home_name, scene.region]
                    .map(ToOwned::to_owned),
            );
        }
        table.render(style)
    })?;
    Ok(Verdict::Done)
}

/// The scenes of all homes. What others share may be refused, as with their devices: that hides no other.
pub(super) async fn all_scenes(cloud: MiCloud) -> Result<Vec<Placed>, Error> {
    let ours = cloud.session().and_then(|session| session.user_id.parse().ok());
    let mut all = Vec::new();
    for home in cloud.homes().await? {
        let scenes = match cloud.scenes(&home).await {
            Ok(scenes) => scenes,
            Err(error) if error.kind() == ErrorKind::Refused && home.owner != ours => {
                tracing::warn!(%error, "scenes that others share may be missing");
                continue;
            }
            Err(error) => return Err(error),
        };
        let kinds =
            [("manual", scenes.manual), ("automatic", scenes.automatic), ("voice", scenes.voice)];
        for (kind, scenes) in kinds {
            let place = |scene| Placed { scene, kind, home: home.clone() };
            all.extend(scenes.into_iter().map(place));
        }
    }
    Ok(all)
}

fn open(context: &Context, hosts: &CloudHosts, place: &Place) -> Result<Link, Failure> {
    let region = match place.region {
        Some(Regions::One(region)) => Some(region),
        Some(Regions::All) | None => None,
    };
    Link::open(context, hosts, &place.stored, region)
}

/// Which regions to ask. An address of one's own that does not name the region stands for all of them.
fn regions(hosts: &CloudHosts, place: &Place, link: &Link) -> Vec<Region> {
    let apart = hosts.api_url.as_ref().is_none_or(|url| url.contains("{region}"));
    match place.region {
        Some(Regions::All) if apart => Region::ALL.to_vec(),
        _ => vec![link.cloud.region()],
    }
}

/// Asks each of these regions, all at a time. Those that do not answer are told of, as long as one does.
async fn gather<T, F>(
    context: &Context,
    link: &Link,
    regions: Vec<Region>,
    ask: impl Fn(MiCloud) -> F,
) -> Result<Vec<(Region, T)>, Failure>
where
    F: Future<Output = Result<Vec<T>, Error>>,
{
    let _waiting = context.output.waiting("asking the cloud");
    let asking = regions.into_iter().map(|region| {
        let asked = ask(link.cloud.in_region(region));
        async move { (region, link.within(asked).await) }
    });
    let (mut found, mut failures, mut answered) = (Vec::new(), Vec::new(), false);
    for (region, answer) in join_all(asking).await {
        match answer {
            Ok(records) => {
                answered = true;
                found.extend(records.into_iter().map(|record| (region, record)));
            }
            Err(failure) => failures.push((region, failure)),
        }
    }
    if !answered && !failures.is_empty() {
        return Err(failures.swap_remove(0).1);
    }
    for (region, failure) in failures {
        if let Failure::Report(report) = failure {
            context.output.warn(&format!("not asked in {region}: {}", report.message));
        }
    }
    Ok(found)
}
