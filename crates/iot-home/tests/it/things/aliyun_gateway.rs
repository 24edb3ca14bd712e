//! A gateway of Aliyun IoT, and the devices below it.

use iot_home::aliyun::client::{ErrorKind, Event, Refused};
use iot_home::aliyun::registration::Registration;
use iot_home::aliyun::thing::{Address, Code};
use iot_home::aliyun::{Device, SignMethod, Timestamp};
use iot_home::core::SeededRandom;
use iot_home::sim::mqtt::{AnswerFault, DeviceId, Faults, Product, SimPlatform};
use serde_json::{Value, json};

use super::{ali_event, ali_thing, lamp, sub, within};

#[tokio::test]
async fn devices_below_it_come_report_and_go() {
    let platform = super::platform().await;
    let gateway = ali_thing(&platform).await;
    let mut events = gateway.events();
    let device = sub("sub-1").sub_device().timestamp(Timestamp::Millis);
    let other = sub("sub-2").sub_device().sign_method(SignMethod::HmacSha1);

    let error = gateway.gateway().login(&device).await.unwrap_err();
    assert_eq!(error.refused(), Some(Refused::Call(Code::NO_TOPOLOGY)));
    gateway.gateway().add(&[device.clone(), other.clone()]).await.unwrap();
    let names = gateway.gateway().list().await.unwrap();
    assert_eq!(names.iter().map(|name| &*name.device_name).collect::<Vec<_>>(), ["sub-1", "sub-2"]);

    let thing = gateway.gateway().login(&device).await.unwrap();
    thing.report(&json!({"open": true})).await.unwrap();
    assert_eq!(platform.thing(&sub("sub-1")).reported["open"], true);
    let id = platform.set_properties(&sub("sub-1"), &json!({"open": false})).unwrap();
    let Event::PropertySet(set) = ali_event(&mut events).await else { panic!("it is one") };
    assert_eq!(set.to().unwrap().device_name, "sub-1");
    set.done().await.unwrap();
    assert_eq!(within(platform.answer_to(&id)).await["code"], 200);

    let things = gateway.gateway().login_all(&[device.clone(), other]).await.unwrap();
    assert_eq!(platform.thing(&lamp()).online.len(), 2);
    gateway.gateway().logout(&things[1]).await.unwrap();
    assert_eq!(platform.thing(&lamp()).online, [DeviceId::from(&sub("sub-1"))].into());
    let id = DeviceId::from(&lamp());
    let filters = platform.look(|platform| platform.subscriptions(&id));
    assert!(filters.iter().any(|filter| filter.contains("/sub-1/")), "{filters:?}");
    assert!(!filters.iter().any(|filter| filter.contains("sub-2")), "{filters:?}");
    gateway.gateway().logout_all(&things[..1]).await.unwrap();
    gateway.gateway().remove([things[0].topics().address()]).await.unwrap();
    let state = platform.thing(&lamp());
    assert_eq!((state.online.len(), state.sub_devices.len()), (0, 1));
    assert_eq!(platform.report().violations.no_topology, 1);
    assert_eq!(platform.report().violations.total(), 1);
}

#[tokio::test]
async fn what_a_gateway_may_not() {
    let platform = super::platform().await;
    let gateway = ali_thing(&platform).await;
    let mut events = gateway.events();
    let forged = Device::new("a1X2bEnP82z", "sub-1", "another-secret").unwrap().sub_device();
    let error = gateway.gateway().add(std::slice::from_ref(&forged)).await.unwrap_err();
    assert_eq!(error.refused(), Some(Refused::Call(Code::SIGNATURE)));
    let device = sub("sub-1").sub_device();
    gateway.gateway().add(std::slice::from_ref(&device)).await.unwrap();
    let error = gateway.gateway().login(&forged).await.unwrap_err();
    assert_eq!(error.refused(), Some(Refused::Call(Code::SUB_DEVICE_SIGNATURE)));
    assert_eq!(platform.report().violations.sub_device_signature, 2);

    let error = gateway.gateway().login_all(&vec![device.clone(); 51]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);

    // Who logged out may say no more, nor after the gateway was away.
    let thing = gateway.gateway().login(&device).await.unwrap();
    gateway.gateway().logout(&thing).await.unwrap();
    let topic = thing.topics().property_post();
    let payload = json!({"id": "1", "params": {"open": true}}).to_string();
    gateway.session().publish(topic, payload).await.unwrap();
    let Event::SubDeviceError(told) = ali_event(&mut events).await else { panic!("it is one") };
    let told: Value = serde_json::from_slice(&told.message().payload).unwrap();
    assert_eq!(told["code"], 520);
    assert_eq!(platform.report().violations.sub_device_offline, 1);
    gateway.gateway().login(&device).await.unwrap();
    platform.disconnect_all();
    assert!(platform.thing(&lamp()).online.is_empty());
    within(platform.until(|platform| platform.is_connected(&DeviceId::from(&lamp())))).await;
    let thing = gateway.gateway().login(&device).await.unwrap();
    thing.report(&json!({"open": true})).await.unwrap();
    assert_eq!(platform.report().violations.total(), 3);
}

#[tokio::test]
async fn devices_are_registered_by_it_and_come_in() {
    let key = "a1SubSubSub".parse().unwrap();
    let product = Product::aliyun(key, "PsWqkS1hGbGgdqkX".try_into().unwrap());
    let builder =
        SimPlatform::builder().aliyun(lamp()).product(product.device("new-1").device("new-2"));
    let platform = builder.time(super::NEW_YEAR).spawn().await.unwrap();
    let gateway = ali_thing(&platform).await;
    let key = "a1SubSubSub".parse().unwrap();
    let names = ["new-1", "new-2", "nobody"].map(|name| name.parse().unwrap());
    let address = |at: usize| Address::new(&key, &names[at]);

    let given = within(gateway.gateway().register([address(0), address(1)])).await.unwrap();
    assert_eq!(
        given.iter().map(|device| device.device_name().as_str()).collect::<Vec<_>>(),
        ["new-1", "new-2"]
    );
    assert!(!format!("{given:?}").contains(given[0].secret().expose()));
    let proofs: Vec<_> = given.iter().map(Device::sub_device).collect();
    gateway.gateway().add(&proofs).await.unwrap();
    for thing in gateway.gateway().login_all(&proofs).await.unwrap() {
        thing.report(&json!({"open": true})).await.unwrap();
    }
    assert!(given.iter().all(|device| platform.thing(device).reported["open"] == true));
    assert_eq!((platform.report().registrations, platform.report().violations.total()), (2, 0));

    for (asked, code) in [(address(2), Code::NO_DEVICE), (address(0), Code::ALREADY_ACTIVE)] {
        let error = gateway.gateway().register([asked]).await.unwrap_err();
        assert_eq!(error.refused(), Some(Refused::Call(code)));
    }
    let error = gateway.gateway().register(vec![address(0); 31]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    assert_eq!(platform.report().violations.bad_registration, 2);
}

/// By the secret of their product: one is given, and one is refused.
#[tokio::test]
async fn devices_are_registered_by_their_products_secret() {
    let key = "a1SubSubSub".parse().unwrap();
    let product = Product::aliyun(key, "PsWqkS1hGbGgdqkX".try_into().unwrap());
    let builder =
        SimPlatform::builder().aliyun(lamp()).product(product.device("new-3").device("new-4"));
    let platform = builder.time(super::NEW_YEAR).spawn().await.unwrap();
    let gateway = ali_thing(&platform).await;
    let by_product =
        |name: &str, secret: &str| Registration::new("a1SubSubSub", name, secret).unwrap();
    let asked = [by_product("new-3", "PsWqkS1hGbGgdqkX"), by_product("new-4", "another-secret-1")];
    let random = &mut SeededRandom::new(5);
    let told = gateway.gateway().register_by_product(&asked, random).await.unwrap();
    let [device] = &told.devices[..] else { panic!("{told:?}") };
    assert_eq!(device.device_name().as_str(), "new-3");
    let [refused] = &told.refused[..] else { panic!("{told:?}") };
    assert_eq!((&*refused.device_name, refused.code), ("new-4", Code::WRONG_SIGNATURE));
    gateway.gateway().add(&[device.sub_device()]).await.unwrap();
    gateway.gateway().login(&device.sub_device()).await.unwrap();
    assert!(!format!("{told:?}").contains(device.secret().expose()));
    let many = vec![asked[0].clone(); 31];
    let error = gateway.gateway().register_by_product(&many, random).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    assert_eq!(platform.report().violations.bad_registration, 1);
    let topic = "/sys/a1X2bEnP82z/lamp-1/thing/proxy/provisioning/product_register_reply";
    platform.set_faults(Faults::default().answers(AnswerFault::Missing, 1));
    let again = &[by_product("new-4", "PsWqkS1hGbGgdqkX")];
    let below = gateway.gateway();
    let asking = below.register_by_product(again, random);
    let foreign = async {
        // Another's secret, in the answer to this one's question.
        platform.until(|sim| sim.report().registrations == 2).await;
        let id = platform.messages().iter().rev().find_map(|message| {
            let json = message.json().filter(|_| message.topic.ends_with("product_register"))?;
            Some(json["id"].clone())
        });
        let data = json!({"successes": [{
            "productKey": "a1SubSubSub", "deviceName": "new-9", "deviceSecret": "s".repeat(32),
        }]});
        let answer = json!({"id": id, "code": 200, "data": data}).to_string();
        platform.publish(topic, answer, 0);
    };
    let (given, ()) = within(async { tokio::join!(asking, foreign) }).await;
    assert_eq!(given.unwrap_err().kind(), ErrorKind::Unreadable);
}
