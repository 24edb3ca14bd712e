//! The maps of classic devices against simulated ones.

use iot_home_hub::Classic;
use iot_home_hub::classic::Request;
use iot_home_miio::{Client, Device};
use iot_home_sim::{SimBulb, SimDevice};
use iot_home_yeelight::{Bulb, Profile};
use serde_json::{Value, json};

async fn call(device: &Device, request: &Request) -> Value {
    device.call(&request.method, &request.params).await.unwrap()
}

#[tokio::test]
async fn a_fan_of_before_miot_is_read_and_set_by_name() {
    let sim = SimDevice::fan().spawn().await.unwrap();
    let device = Client::builder().bind().await.unwrap().device(sim.addr(), sim.token());
    let fan = Classic::of_model(sim.model()).unwrap();
    let spec = fan.spec();

    let on = spec.property("fan:on").unwrap();
    let request = fan.write(on, &json!(true)).unwrap();
    assert_eq!(call(&device, &request).await, json!(["ok"]));
    assert_eq!(sim.property("power"), Some(json!("on")));
    let angle = spec.property("fan:horizontal-angle").unwrap();
    call(&device, &fan.write(angle, &json!(90)).unwrap()).await;

    let names = ["fan:on", "fan:horizontal-angle", "environment:temperature", "relative-humidity"];
    let ids: Vec<_> = names.iter().map(|name| spec.property(name).unwrap().id).collect();
    let questions = fan.read(ids.iter().copied(), fan.limit());
    let [question] = questions.as_slice() else { panic!("{questions:?}") };
    let answer = call(&device, question.request()).await;
    let values: Vec<_> =
        fan.answers(question, &answer).unwrap().into_iter().map(|(_, value)| value).collect();
    let expected = [json!(true), json!(90), json!(23.5), json!(41)].map(Some);
    assert_eq!(values, expected);
    let temperature = spec.property("temperature").unwrap();
    assert_eq!(temperature.show(values[2].as_ref().unwrap()).to_string(), "23.5 °C");
}

#[tokio::test]
async fn a_bulb_is_read_and_set_by_name() {
    let sim = SimBulb::ceiling().property("power", "on").spawn().await.unwrap();
    let bulb = Bulb::connect(sim.addr()).await.unwrap();
    let map = Classic::of_bulb(&Profile::of_model("ceiling4")).unwrap();
    let spec = map.spec();
    for (name, value) in [
        ("light:on", json!(true)),
        ("light:brightness", json!(40)),
        ("light:color-temperature", json!(3000)),
        ("ambient-light:on", json!(true)),
        ("ambient-light:color", json!(0x00_ff00)),
    ] {
        let property = spec.property(name).unwrap();
        bulb.call(map.write(property, &value).unwrap().to_bulb().unwrap()).await.unwrap();
        let questions = map.read([property.id], map.limit());
        let method = questions[0].request().to_bulb().unwrap();
        let reply = bulb.call(method).await.unwrap();
        let read = map.answers(&questions[0], &reply.values().into());
        assert_eq!(read, Some(vec![(property.id, Some(value.clone()))]), "{name}");
        assert_eq!(map.of_state(property, &bulb.state()), Some(value), "{name}");
    }
    let toggle = map.run(spec.action("ambient-light:toggle").unwrap()).unwrap();
    bulb.call(toggle.to_bulb().unwrap()).await.unwrap();
    let on = spec.property("ambient-light:on").unwrap();
    assert_eq!(map.of_state(on, &bulb.state()), Some(json!(false)));
}

#[test]
fn the_page_of_models_is_complete() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/classic-devices.md");
    let page = std::fs::read_to_string(page).unwrap();
    for model in Classic::models() {
        assert!(page.contains(&format!("`{model}`")), "{model}");
        let classic = Classic::of_model(model).unwrap();
        for service in &classic.spec().instance().services {
            for name in service.properties.iter().map(|property| &property.name) {
                assert!(page.contains(&format!("`{name}`")), "{model}: {name}");
            }
            for name in service.actions.iter().map(|action| &action.name) {
                assert!(page.contains(&format!("`{name}`")), "{model}: {name}");
            }
        }
    }
}
