use serde_json::json;

use super::*;
use crate::home::ErrorKind;

/// A humidifier from before MIoT, and the instance that the spec server has of it.
fn humidifier() -> Vocabulary {
    let spec = br#"{"services":[{"iid":2,"type":"urn:miot-spec-v2:service:humidifier:0000780E:a-v1:1","properties":[
        {"iid":6,"type":"urn:miot-spec-v2:property:mode:00000008:a-v1:1","format":"uint8",
         "access":["read","write"],"value-list":[{"value":1,"description":"Silent"},{"value":2,"description":"Medium"}]},
        {"iid":9,"type":"urn:miot-spec-v2:property:led:00000009:a-v1:1","format":"bool","access":["read"]}]}]}"#;
    Vocabulary {
        spec: Some(Arc::new(Spec::from_json(spec).unwrap())),
        classic: Classic::of_model("zhimi.humidifier.v1").map(Arc::new),
        ..Vocabulary::default()
    }
}

#[test]
fn numbers_and_words_stand_for_one_another() {
    let vocabulary = humidifier();
    for value in [json!(1), json!("Silent"), json!("silent"), json!("1")] {
        let setting = vocabulary.setting("humidifier:mode", &value).unwrap();
        assert_eq!(setting.miot, Some((PropertyId::new(2, 6), json!(1))), "{value}");
        let request = setting.classic.expect("a word for it");
        assert_eq!((&*request.method, request.params), ("set_mode", json!(["silent"])));
    }
    let named = vocabulary.reading("mode").unwrap();
    let ways = [Way::Miot, Way::Classic, Way::Cloud];
    assert_eq!(named.ways(), ways.into_iter().collect());
    for (value, way) in [(json!("silent"), Way::Classic), (json!(1), Way::Cloud)] {
        let answer = vocabulary.answer(&named, MiotCode::OK, Some(value), way);
        assert_eq!((answer.value, answer.shown.as_deref()), (Some(json!(1)), Some("Silent")));
        assert_eq!(&*answer.property, "humidifier:mode");
    }
}

#[test]
fn each_language_has_names_of_its_own() {
    let vocabulary = humidifier();
    let only_classic = vocabulary.reading("environment:temperature").unwrap();
    assert_eq!(only_classic.ways(), [Way::Classic, Way::Cloud].into_iter().collect());
    // Numbers are MIoT's, in the spec or not.
    let by_number = vocabulary.reading("7.3").unwrap();
    assert_eq!((by_number.miot, by_number.classic), (Some(PropertyId::new(7, 3)), None));
    for (name, value, words) in [
        ("humidifier:mood", json!(1), "is it humidifier:mode"),
        ("mode", json!(3), "not one of its values"),
        ("led", json!(true), "cannot be written"),
    ] {
        let error = vocabulary.setting(name, &value).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadInput);
        assert!(error.to_string().contains(words), "{error}");
    }
    let nothing = Vocabulary::default();
    assert_eq!(nothing.reading("light:on").unwrap_err().kind(), ErrorKind::BadInput);
    assert_eq!(nothing.doing("2.1", &[json!(5)]).unwrap().miot, Some(ActionId::new(2, 1)));
}
