//! The same methods over miIO, by a closure in the place of a miIO client.

use std::sync::{Arc, Mutex};

use iot_home_yeelight::client::{Miio, OverMiio};
use iot_home_yeelight::{
    Bulb, Effect, Error, ErrorKind, Limits, Method, Profile, Property, PropertyValue, Rgb,
};
use serde_json::{Value, json};

type Calls = Arc<Mutex<Vec<(String, Value)>>>;

/// A device that answers as one of Yeelight's does over miIO, and what it was asked.
fn device(profile: Profile, limits: Limits) -> (Bulb<impl Miio + Clone>, Calls) {
    let calls = Calls::default();
    let asked = Arc::clone(&calls);
    let transport = OverMiio::new(move |method: String, params: Value| {
        let answer = match &*method {
            "get_prop" => Ok(json!(["on", "40", ""])),
            "cron_get" => Ok(json!([{ "type": 0, "delay": 15, "mix": 0 }])),
            "set_default" => Err(Error::transport(ErrorKind::NoAnswer, &method, "silence")),
            _ => Ok(json!(["ok"])),
        };
        asked.lock().unwrap().push((method, params));
        std::future::ready(answer)
    });
    (Bulb::over(transport.profile(profile).limits(limits)), calls)
}

#[tokio::test]
async fn methods_have_the_same_names_and_parameters() {
    let (lamp, calls) = device(Profile::unknown(), Limits::Refuse);
    lamp.enable_lan_control().await.unwrap();
    lamp.set_auto_save(false).await.unwrap();
    lamp.on(Effect::Sudden).await.unwrap();
    lamp.background().set_rgb(Rgb(255), Effect::Sudden).await.unwrap();
    let read = lamp.get([Property::Power, Property::Bright, Property::Rgb]).await.unwrap();
    assert_eq!(read.value(&Property::Bright), Some(&PropertyValue::Number(40)));
    assert_eq!(read.value(&Property::Rgb), Some(&PropertyValue::Unsupported));
    assert_eq!(lamp.timer().await.unwrap(), Some(15));
    lamp.call(Method::raw("set_ps", "[\"a\", {\"b\":1}]").unwrap()).await.unwrap();
    let expected = [
        ("set_ps", json!(["cfg_lan_ctrl", "1"])),
        ("set_ps", json!(["cfg_save_state", "0"])),
        ("set_power", json!(["on", "sudden", 0])),
        ("bg_set_rgb", json!([255, "sudden", 0])),
        ("get_prop", json!(["power", "bright", "rgb"])),
        ("cron_get", json!([0])),
        ("set_ps", json!(["a", { "b": 1 }])),
    ]
    .map(|(method, params)| (method.to_owned(), params));
    assert_eq!(*calls.lock().unwrap(), expected);
}

#[tokio::test]
async fn what_the_model_does_not_take_is_not_sent() {
    let (lamp, calls) = device(Profile::of_model("lamp1"), Limits::Refuse);
    let error = lamp.set_temperature(6_500, Effect::Sudden).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    assert!(error.to_string().contains("lamp1 takes 2700 to 5000"), "{error}");
    let error = lamp.set_rgb(Rgb(1), Effect::Sudden).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSupported);
    assert!(calls.lock().unwrap().is_empty());
    let (lamp, calls) = device(Profile::of_model("lamp1"), Limits::Clamp);
    lamp.set_temperature(6_500, Effect::Sudden).await.unwrap();
    assert_eq!(calls.lock().unwrap()[0].1, json!([5_000, "sudden", 0]));
}

#[tokio::test]
async fn errors_of_the_transport_keep_their_kind_and_source() {
    let (lamp, _) = device(Profile::unknown(), Limits::Refuse);
    let error = lamp.set_default().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAnswer);
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "silence");
    assert_eq!(error.to_string(), "set_default failed");
}
