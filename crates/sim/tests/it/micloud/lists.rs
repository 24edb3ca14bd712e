//! Homes and devices: whose, where, and page by page.

use iot_home_micloud::api::{Inventory, InventoryPage};
use iot_home_sim::micloud::{Account, CloudDevice, Home, SimCloud};
use serde_json::json;

use super::wire::Caller;
use super::{USER_ID, account};

const OTHER: u64 = 42;

/// 450 devices at home, 250 in a home that is shared, one that is shared by itself, and one of no concern.
fn many() -> iot_home_sim::micloud::Builder {
    let mut builder = SimCloud::builder()
        .account(account())
        .account(Account::new("other@example.com", "x").user_id(OTHER))
        .home(Home::new(1, "mine").room(11, "hall"))
        .home(Home::new(2, "theirs").owner(OTHER).shared_with(USER_ID))
        .home(Home::new(3, "private").owner(OTHER))
        .home(Home::new(4, "abroad").region("de".parse().unwrap()));
    for at in 0..450 {
        let device = CloudDevice::new(format!("1{at:05}")).home(1);
        builder = builder.device(if at % 2 == 0 { device.room(11) } else { device });
    }
    for at in 0..250 {
        builder = builder.device(CloudDevice::new(format!("2{at:05}")).home(2));
    }
    builder
        .device(CloudDevice::new("300000").home(3))
        .device(CloudDevice::new("300001").home(3).shared_with(USER_ID))
        .device(CloudDevice::new("400000").home(4))
}

/// All that our walk through the lists finds.
async fn walk(caller: &mut Caller<'_>, region: &str) -> Inventory {
    let mut inventory = Inventory::new();
    while let Some(call) = inventory.next_call() {
        let data: serde_json::Value = serde_json::from_str(call.data()).unwrap();
        let answer = caller.call_in(region, call.path(), &data).await;
        assert_eq!(answer["code"], 0, "{answer}");
        let page: InventoryPage = serde_json::from_str(&answer["result"].to_string()).unwrap();
        inventory.handle(page);
    }
    inventory
}

#[tokio::test]
async fn everything_an_account_sees() {
    let cloud = many().spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    let found = walk(&mut caller, "cn").await;
    let mut names: Vec<_> = found.homes().iter().map(|home| home.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["mine", "theirs"]);
    assert_eq!(found.devices().len(), 701);
    let single = found.devices().iter().find(|device| device.did.to_string() == "300001").unwrap();
    assert_eq!(single.owner.as_ref().unwrap().user_id.as_deref(), Some("42"));
    let mine = found.homes().iter().find(|home| home.name == "mine").unwrap();
    assert_eq!((mine.dids.len(), mine.rooms[0].dids.len()), (225, 225));
    let report = cloud.report();
    // 450 at home are three pages, and 250 two.
    assert_eq!(report.called("/v2/home/home_device_list"), 5);
    assert!(report.called("/v2/homeroom/get_dev_room_page") >= 2);
    assert_eq!(report.violations.total(), 0);
}

#[tokio::test]
async fn another_region_has_others() {
    let cloud = many().spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    let found = walk(&mut caller, "de").await;
    let dids: Vec<_> = found.devices().iter().map(|device| device.did.to_string()).collect();
    assert_eq!(dids, ["400000"]);
    // No error: that is how a wrong region looks.
    assert!(walk(&mut caller, "sg").await.devices().is_empty());
    let answer = caller.call_in("sg", "/home/device_list", &json!({})).await;
    assert_eq!(answer, json!({ "code": 0, "message": "ok", "result": { "list": [] } }));
}

#[tokio::test]
async fn the_list_without_pages_and_by_ids() {
    let cloud = many().spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    let answer = caller.call("/home/device_list", &json!({})).await;
    assert_eq!(answer["result"]["list"].as_array().unwrap().len(), 451);
    let asked = json!({ "dids": ["100001", "300000", "300001"] });
    let answer = caller.call("/home/device_list", &asked).await;
    assert_eq!(answer["result"]["list"].as_array().unwrap().len(), 2);
    let dids: Vec<_> = (0..151).map(|did| did.to_string()).collect();
    let answer = caller.call("/home/device_list", &json!({ "dids": dids })).await;
    assert_eq!(answer["code"], -8);
    assert_eq!(cloud.report().violations.too_many, 1);
}

#[tokio::test]
async fn a_home_is_asked_for_in_its_owners_name() {
    let cloud = many().spawn().await.unwrap();
    let mut caller = Caller::new(&cloud).await;
    for (home, owner, code) in [(2, OTHER, 0), (2, USER_ID, -1), (3, OTHER, -1), (9, USER_ID, -1)] {
        let asked = json!({ "home_id": home, "home_owner": owner, "limit": 10, "start_did": "" });
        let answer = caller.call("/v2/home/home_device_list", &asked).await;
        assert_eq!(answer["code"], code, "{home} {owner}");
    }
    let asked = json!({ "home_id": 2, "home_owner": OTHER, "limit": 10, "start_did": "299999" });
    let answer = caller.call("/v2/home/home_device_list", &asked).await;
    // An empty list is none.
    assert_eq!(answer["result"], json!({ "device_info": null, "has_more": false, "max_did": "" }));
}
