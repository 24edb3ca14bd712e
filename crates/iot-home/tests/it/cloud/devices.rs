//! Every device that an account sees.

use std::collections::BTreeSet;

use iot_home::micloud::{Hosts, Region};
use iot_home::sim::micloud::{Account, CloudDevice, Home};

use super::{account, assert_clean, builder, client_of, logged_in, within};

#[tokio::test]
async fn past_two_hundred_and_of_homes_that_are_shared() {
    let mut house = builder()
        .account(account())
        .account(Account::new("other@example.com", "made up").user_id(42))
        .home(Home::new(11, "home").room(21, "hall"))
        .home(Home::new(12, "parents").owner(42).shared_with(1_234_567_890).room(22, "kitchen"))
        .device(CloudDevice::new("alone").owner(42).shared_with(1_234_567_890))
        .device(CloudDevice::new("not ours").owner(42));
    for number in 0..450 {
        let home = if number % 3 == 0 { (12, 22) } else { (11, 21) };
        house = house.device(CloudDevice::new(format!("d{number:04}")).home(home.0).room(home.1));
    }
    let cloud = house.spawn().await.unwrap();
    let client = logged_in(&cloud).await;
    let (homes, devices) = within(client.inventory()).await.unwrap();
    let dids: BTreeSet<_> = devices.iter().map(|device| device.did.to_string()).collect();
    assert_eq!((devices.len(), dids.len()), (451, 451));
    assert!(dids.contains("alone") && !dids.contains("not ours"));
    let names: BTreeSet<_> = homes.iter().map(|home| home.name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["home", "parents"]));
    let before = cloud.report().called("/v2/home/home_device_list");
    assert_eq!(within(client.homes()).await.unwrap().len(), 2);
    assert_eq!(cloud.report().called("/v2/home/home_device_list"), before, "homes alone");
    assert_clean(&cloud);
}

#[tokio::test]
async fn a_wrong_region_has_nothing_and_the_probe_finds_it() {
    let lamp = CloudDevice::new("300000001").region(Region::De);
    let cloud = builder().account(account()).device(lamp).spawn().await.unwrap();
    let api = cloud.api_url().replace("/app", "/{region}/app");
    let hosts = Hosts::default().account(&cloud.account_url()).unwrap();
    let hosts = hosts.sts(&cloud.sts_url()).unwrap().api(&api).unwrap();
    let client = client_of(&cloud).hosts(hosts).build().unwrap();
    super::log_in(&client).await;
    assert_eq!(within(client.devices()).await.unwrap(), []);
    let everywhere = within(client.devices_everywhere()).await;
    assert_eq!(everywhere.len(), Region::ALL.len());
    for (region, devices) in everywhere {
        let count = if region == Region::De { 1 } else { 0 };
        assert_eq!(devices.unwrap().len(), count, "{region}");
    }
    assert_eq!(within(client.in_region(Region::De).devices()).await.unwrap().len(), 1);
    assert_eq!(cloud.report().logins(), 1);
    assert_clean(&cloud);
}
