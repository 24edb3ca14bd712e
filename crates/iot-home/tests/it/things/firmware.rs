//! Firmware, from the announcement to the file.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::StreamExt as _;
use iot_home::aliyun::client::{Announced, Event, FetchError};
use iot_home::http::{Client, DownloadError};
use iot_home::mqtt::client::Session;
use iot_home::sim::mqtt::{Faults, SimPlatform};
use iot_home::tencent;
use md5::{Digest as _, Md5};
use serde_json::json;

use super::{ali_event, ali_thing, lamp, options, switch, within};

const LIMIT: u64 = 1 << 20;

fn image() -> Vec<u8> {
    (0..100_000_u32).flat_map(u32::to_le_bytes).collect()
}

fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A path where nothing is, removed at the end.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder.join("firmware.bin"))
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        std::fs::read(&self.0).ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

/// Version 2, which lies at the platform by now.
fn offer(platform: &SimPlatform, version: &str) {
    platform.put_file("f", image());
    let firmware = json!({
        "size": 400_000, "version": version, "url": platform.file_url("f"), "signMethod": "Md5",
        "sign": md5(&image()), "md5": md5(&image()),
    });
    platform.offer_firmware(&lamp(), firmware).unwrap();
}

async fn announced(platform: &SimPlatform) -> (iot_home::aliyun::Thing, Announced) {
    let thing = ali_thing(platform).await;
    let mut events = thing.events();
    offer(platform, "2.0.0");
    thing.firmware_version("1.0.0", None).await.unwrap();
    let Event::Firmware(firmware) = ali_event(&mut events).await else { panic!("it is one") };
    (thing, firmware)
}

#[tokio::test]
async fn it_arrives_whatever_happens_on_the_way() {
    let platform = super::platform().await;
    let (thing, firmware) = announced(&platform).await;
    let (client, place) = (Client::new().unwrap(), Place::new());
    platform.set_faults(Faults::seed(1).cut_files(150_000, 2));
    let fetched = within(thing.fetch_firmware(&client, &firmware, &place.0, LIMIT));
    fetched.await.unwrap();
    assert_eq!(place.bytes(), Some(image()));
    let report = platform.report();
    assert_eq!((report.downloads, report.violations.total()), (3, 0));
}

#[tokio::test]
async fn a_link_that_has_expired_is_asked_for_anew() {
    let platform = super::platform().await;
    let (thing, firmware) = announced(&platform).await;
    let (client, place) = (Client::new().unwrap(), Place::new());
    platform.expire_links();
    offer(&platform, "2.0.0");
    within(thing.fetch_firmware(&client, &firmware, &place.0, LIMIT)).await.unwrap();
    assert_eq!(place.bytes(), Some(image()));
    let report = platform.report();
    assert_eq!((report.expired_downloads, report.downloads), (1, 1));

    // There is other firmware by now.
    let place = Place::new();
    platform.expire_links();
    offer(&platform, "3.0.0");
    let fetched = within(thing.fetch_firmware(&client, &firmware, &place.0, LIMIT)).await;
    let Err(FetchError::Superseded(Some(newer))) = fetched else { panic!("{fetched:?}") };
    assert_eq!((newer.version.as_str(), place.bytes()), ("3.0.0", None));

    // And where no link is good, somebody gives up.
    let mut stale = *newer;
    platform.expire_links();
    stale.version = "3.0.0".into();
    let fetched = within(thing.fetch_firmware(&client, &stale, &place.0, LIMIT)).await;
    let Err(FetchError::Download(DownloadError::Status(403))) = fetched else {
        panic!("{fetched:?}")
    };
    assert_eq!(platform.report().expired_downloads, 1 + 1 + 4);
    assert_eq!(platform.thing(&lamp()).progress.last().map(String::as_str), Some("-2"));
}

#[tokio::test]
async fn what_is_not_what_was_announced() {
    let platform = super::platform().await;
    let (thing, firmware) = announced(&platform).await;
    let (client, place) = (Client::new().unwrap(), Place::new());
    platform.set_faults(Faults::seed(1).wrong_files(1));
    let fetched = within(thing.fetch_firmware(&client, &firmware, &place.0, LIMIT)).await;
    assert!(matches!(fetched, Err(FetchError::Download(DownloadError::Digest))), "{fetched:?}");
    assert_eq!(platform.thing(&lamp()).progress, ["-3"]);
    assert_eq!((place.bytes(), platform.report().downloads), (None, 1));

    let fetched = within(thing.fetch_firmware(&client, &firmware, &place.0, 399_999)).await;
    let Err(FetchError::Download(DownloadError::TooLarge { .. })) = fetched else {
        panic!("{fetched:?}")
    };
    platform.put_file("f", [image(), vec![0]].concat());
    let fetched = within(thing.fetch_firmware(&client, &firmware, &place.0, LIMIT)).await;
    let Err(FetchError::Download(DownloadError::Size { found: 400_001, .. })) = fetched else {
        panic!("{fetched:?}")
    };
    assert_eq!(place.bytes(), None);

    let mut firmware = firmware;
    firmware.files[0].digest = None;
    let fetched = within(thing.fetch_firmware(&client, &firmware, &place.0, LIMIT)).await;
    assert!(matches!(fetched, Err(FetchError::NotFetchable(_))), "{fetched:?}");
}

#[tokio::test]
async fn of_tencent() {
    use tencent::client::Event;

    let platform = super::platform().await;
    let addr = platform.tls_addr();
    let login = switch().tls().host(addr.ip().to_string()).unwrap().port(addr.port());
    let session = within(Session::connect(login, options(&platform))).await.unwrap();
    let thing = within(tencent::Thing::new(session, switch().topics())).await.unwrap();
    let mut events = thing.events();
    platform.put_file("f", image());
    let offer = || {
        let firmware = json!({
            "version": "2", "file_size": 400_000, "md5sum": md5(&image()), "url": platform.file_url("f"),
        });
        platform.offer_firmware(&switch(), firmware).unwrap();
    };
    let (client, place) = (Client::new().unwrap(), Place::new());
    let mut links = 0;
    offer();
    platform.expire_links();
    loop {
        thing.firmware_version("1").await.unwrap();
        let firmware = loop {
            if let Event::Firmware(firmware) = within(events.next()).await.unwrap().unwrap() {
                break firmware;
            }
        };
        links += 1;
        match within(thing.fetch_firmware(&client, &firmware, &place.0, LIMIT)).await {
            Ok(()) => break,
            Err(error) => assert!(error.is_expired() && links == 1, "{error}"),
        }
        offer();
    }
    assert_eq!(place.bytes(), Some(image()));
    assert_eq!(platform.thing(&switch()).progress, ["fail -3"]);
}

/// Whoever puts it into a task can.
#[test]
fn it_can_be_spawned() {
    fn is_send<T: Send>(_: T) {}
    fn check(
        thing: &iot_home::aliyun::Thing,
        other: &tencent::Thing,
        client: &Client,
        one: &Announced,
    ) {
        is_send(thing.fetch_firmware(client, one, "x", LIMIT));
        let _ = |two: &tencent::client::Announced| {
            is_send(other.fetch_firmware(client, two, "x", LIMIT));
        };
    }
    let _ = check;
}
