//! A simulated home: devices on the LAN, and a cloud that knows them.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use iot_home_http::Client;
use iot_home_hub::home::Builder;
use iot_home_hub::{Facts, Home, Source};
use iot_home_lumi::Lumi;
use iot_home_micloud::{Hosts, MiCloud};
use iot_home_miot::{Spec, samples};
use iot_home_sim::micloud::{Account, CloudDevice};
use iot_home_sim::{SimCloud, SimDevice};

const USER: &str = "someone@example.com";
pub(crate) const PASSWORD: &str = "Swordfish-7319";

/// A cloud that knows these devices.
pub(crate) async fn cloud(devices: impl IntoIterator<Item = CloudDevice>) -> SimCloud {
    let builder = SimCloud::builder().account(Account::new(USER, PASSWORD));
    devices
        .into_iter()
        .fold(builder, |builder, device| builder.device(device))
        .spawn()
        .await
        .unwrap()
}

/// The same with a home, and a room in it.
pub(crate) async fn cloud_with_a_home(devices: impl IntoIterator<Item = CloudDevice>) -> SimCloud {
    let home = iot_home_sim::micloud::Home::new(1, "flat").room(2, "hall");
    let builder = SimCloud::builder().account(Account::new(USER, PASSWORD)).home(home);
    devices
        .into_iter()
        .fold(builder, |builder, device| builder.device(device))
        .spawn()
        .await
        .unwrap()
}

/// A client that is logged in.
pub(crate) async fn logged_in(cloud: &SimCloud) -> MiCloud {
    logged_in_as(cloud, USER, PASSWORD).await
}

/// The same for an account of another name.
pub(crate) async fn logged_in_as(cloud: &SimCloud, user: &str, password: &str) -> MiCloud {
    log_in(cloud, &cloud.api_url(), user, password).await
}

/// The same, which asks each region's own servers.
pub(crate) async fn in_regions(cloud: &SimCloud) -> MiCloud {
    log_in(cloud, &cloud.api_url().replace("/app", "/{region}/app"), USER, PASSWORD).await
}

async fn log_in(cloud: &SimCloud, api: &str, user: &str, password: &str) -> MiCloud {
    let hosts = Hosts::default().account(&cloud.account_url()).unwrap();
    let hosts = hosts.sts(&cloud.sts_url()).unwrap().api(api).unwrap();
    let http = Client::builder().no_proxy().build().unwrap();
    let client = MiCloud::builder().hosts(hosts).http(Arc::new(http)).build().unwrap();
    let mut dialog = client.log_in(user, password);
    assert_eq!(dialog.challenge().await.unwrap(), None);
    client
}

/// A client that does not wait for long.
pub(crate) async fn miio() -> iot_home_miio::Client {
    iot_home_miio::Client::builder()
        .local_addr(([127, 0, 0, 1], 0).into())
        .timeout(Duration::from_millis(700))
        .bind()
        .await
        .unwrap()
}

/// A home with that client, and the specs of the simulated devices.
pub(crate) async fn home() -> Builder {
    let builder = Home::builder().miio(miio().await);
    samples::ALL.into_iter().fold(builder, |builder, sample| {
        builder.spec(sample.model, Spec::from_json(sample.json.as_bytes()).unwrap())
    })
}

/// A client of Lumi gateways on loopback alone.
pub(crate) async fn lumi() -> Lumi {
    let builder = Lumi::builder().local_addr(([127, 0, 0, 1], 0).into());
    builder.group(Ipv4Addr::LOCALHOST).port(0).timeout(Duration::from_secs(2)).bind().await.unwrap()
}

/// What a discovery finds out about a device: who it is and where.
pub(crate) fn seen(device: &SimDevice) -> Facts {
    let mut facts = Facts::default();
    facts.did = Some(device.did());
    facts.miio = Some(device.addr());
    facts
}

/// What somebody knows who has set the device up.
pub(crate) fn known(device: &SimDevice, name: &str) -> Facts {
    let mut facts = seen(device);
    facts.name = Some(name.into());
    facts.model = Some(device.model().into());
    facts.token = Some(device.token());
    facts
}

/// One device by this name, which the LAN and the cloud know, in a home that knows it.
pub(crate) async fn one(device: &SimDevice, name: &str) -> (SimCloud, Home) {
    let cloud = cloud([CloudDevice::running(device).name(name)]).await;
    let home = home().await.cloud(logged_in(&cloud).await).open().await.unwrap();
    assert_eq!(home.refresh().await.unwrap().devices, 1);
    home.learn(Source::Miio, seen(device)).unwrap();
    (cloud, home)
}
