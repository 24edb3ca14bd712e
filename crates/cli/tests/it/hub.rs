//! `iot-home get|set|action`: devices on the LAN.

use iot_home::sim::{SimBulb, SimDevice};
use serde_json::{Value, json};

use crate::devices::{DID, lamp, token};
use crate::house::{House, entry};
use crate::program::{TOKEN, finish, keys};

fn items(names: &[&str], via: &str) -> Value {
    names.iter().map(|name| json!({ "property": name, "code": 0, "via": via })).collect()
}

/// No session, no inventory: an address and a token do, and the device tells its model where names are used.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_by_its_address() {
    let lamp = lamp().await;
    let (addr, house) = (lamp.addr().to_string(), House::new("address").await);
    let run = |words: &[&str]| {
        let mut command = house.command(words);
        command.env("IOT_HOME_TOKEN", TOKEN);
        finish(command, b"")
    };
    let set = run(&["set", &addr, "2.1=true", "2.2=40", "--json"]).done();
    // Its model was asked for, and with it what the numbers mean.
    assert_eq!(set, items(&["light:on", "light:brightness"], "lan"));
    let got = run(&["get", &addr, "2.2", "--json"]).done();
    assert_eq!(
        got,
        json!([{ "property": "light:brightness", "value": 40, "code": 0, "via": "lan" }])
    );
    assert_eq!(run(&["get", &addr, "brightness", "--json"]).done()[0]["value"], 40);
    let told = run(&["get", &addr, "brightness"]);
    assert!(told.stdout.contains("40 %") && told.stdout.contains("lan"), "{told:?}");
    run(&["set", &addr, "2.1", "--json"]).error("bad-input", 2);
    assert!(!house.inventory().exists(), "nothing is kept unasked");
    // Without its token there is no way to begin.
    let error = house.run(&["get", &addr, "2.2", "--json"]).error("bad-input", 2);
    assert!(error["hint"].as_str().unwrap().contains("--token-file"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_by_whatever_it_is_called() {
    let lamp = lamp().await;
    let house = House::new("called").await.knowing(json!([entry(&lamp, "Desk lamp")]));
    let (addr, did) = (lamp.addr().to_string(), DID.to_string());
    let set = house.run(&["set", "desk lamp", "light:on=true", "brightness=40", "--json"]).done();
    assert_eq!(set, items(&["light:on", "light:brightness"], "lan"));
    for name in ["Desk lamp", "DESK LAMP", &did, &addr] {
        let got = house.run(&["get", name, "light:brightness", "2.1", "--json"]).done();
        assert_eq!((&got[0]["value"], &got[1]["value"]), (&json!(40), &json!(true)), "{name}");
        assert_eq!(got[1]["property"], "light:on", "a number is told by its name");
    }
    let words = ["set", &did, "light:mode=film", "color-temperature=2700", "--json"];
    assert_eq!(house.run(&words).code, 0);
    let got = house.run(&["get", &did, "mode", "--json"]).done();
    assert_eq!(got[0]["value"], 2, "a value by its name is sent by its number");
    let shown = house.run(&["get", &did, "mode"]);
    assert!(shown.stdout.contains("Film"), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_with_inputs_and_without() {
    let lamp = lamp().await;
    let house = House::new("actions").await.knowing(json!([entry(&lamp, "lamp")]));
    let toggled = house.run(&["action", "lamp", "light:toggle", "--json"]).done();
    assert_eq!(
        toggled,
        json!([{ "property": "light:toggle", "code": 0, "out": [], "via": "lan" }])
    );
    assert_eq!(lamp.property("2.1"), Some(json!(true)));
    let lit = house.run(&["action", "lamp", "light-up", "30", "3000", "--json"]).done();
    assert_eq!(keys(&lit[0]), ["code", "out", "property", "via"]);
    assert_eq!((&lit[0]["property"], &lit[0]["out"]), (&json!("light:light-up"), &json!([true])));
    assert_eq!((lamp.property("2.2"), lamp.property("2.3")), (Some(json!(30)), Some(json!(3000))));
    let told = house.run(&["action", "lamp", "2.2", "35", "3100"]);
    assert!(told.code == 0 && told.stdout.contains("[true]"), "{told:?}");
    assert_eq!(lamp.property("2.2"), Some(json!(35)));
    let before = lamp.report().datagrams;
    for words in [
        &["action", "lamp", "light:togle"][..],
        &["action", "lamp", "light:toggle", "1"],
        &["action", "lamp", "light:light-up", "30"],
        &["action", "lamp", "light:light-up", "300", "3000"],
        &["action", "lamp", "9.9"],
    ] {
        house.run(&[words, &["--json"]].concat()).error("bad-input", 2);
    }
    assert_eq!(lamp.report().datagrams, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_nearly_right_is_suggested_and_nothing_is_sent() {
    let lamp = lamp().await;
    let house = House::new("near").await.knowing(json!([entry(&lamp, "lamp")]));
    for (words, says) in [
        (&["get", "lamp", "light:on", "light:brightnes"][..], "light:brightness"),
        (&["set", "lamp", "light:on=true", "light:brigtness=40"], "light:brightness"),
        (&["set", "lamp", "light:on=true", "light:brightness=400"], "from 1 to 100"),
        (&["set", "lamp", "light:on=perhaps"], "light:on"),
        (&["set", "lamp", "light:mode=Filn"], "light:mode"),
        (&["set", "lamp", "light:on"], "PROPERTY=VALUE"),
        (&["set", "lamp", "=true"], "PROPERTY=VALUE"),
        (&["action", "lamp", "light:togle"], "light:toggle"),
        (&["get", "lanp", "light:on"], "is it lamp?"),
        (&["get", "somebody else's", "light:on"], "--refresh"),
    ] {
        let error = house.run(&[words, &["--json"]].concat()).error("bad-input", 2);
        assert!(error.to_string().contains(says), "{words:?}: {error}");
        let told = house.run(words);
        assert_eq!((told.code, told.stdout.as_str()), (2, ""), "{told:?}");
        assert!(told.stderr.starts_with("error: ") && told.stderr.contains(says), "{told:?}");
    }
    // With a token, a host's name would do for an address. This is none.
    let words = ["get", "lanp", "light:on", "--json", "--token", TOKEN];
    let error = house.run(&words).error("bad-input", 2);
    assert!(error["message"].as_str().unwrap().contains("is it lamp?"), "{error}");
    assert_eq!(lamp.report().datagrams, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_of_one_name() {
    let (one, other) =
        (lamp().await, SimDevice::light().did(7).token(token()).spawn().await.unwrap());
    let house =
        House::new("twins").await.knowing(json!([entry(&one, "lamp"), entry(&other, "lamp")]));
    let error = house.run(&["set", "lamp", "2.1=true", "--json"]).error("bad-input", 2);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&format!("lamp ({DID})")) && message.contains("lamp (7)"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("did"), "{error}");
    house.run(&["set", "lamp", "2.1=true", "--json", "--token", TOKEN]).error("bad-input", 2);
    assert_eq!((one.report().datagrams, other.report().datagrams), (0, 0));
    house.run(&["set", "7", "2.1=true", "--json"]).done();
    assert_eq!(
        (one.property("2.1"), other.property("2.1")),
        (Some(false.into()), Some(true.into()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulb_in_its_own_protocol() {
    let bulb = SimBulb::color().spawn().await.unwrap();
    let (id, addr) = (bulb.id().to_string(), bulb.addr().to_string());
    let house = House::new("bulb").await;
    let house = house.knowing(json!([{ "bulb": id, "name": "ball", "yeelight": addr }]));
    let set = house.run(&["set", "ball", "light:on=true", "light:brightness=30", "--json"]).done();
    assert_eq!(set, items(&["light:on", "light:brightness"], "yeelight"));
    assert_eq!(bulb.property("bright"), Some(json!(30)));
    for name in ["ball", &id, &addr] {
        let got = house.run(&["get", name, "light:brightness", "--json"]).done();
        assert_eq!((&got[0]["value"], &got[0]["via"]), (&json!(30), &json!("yeelight")), "{name}");
    }
    let toggled = house.run(&["action", "ball", "light:toggle", "--json"]).done();
    assert_eq!((&toggled[0]["code"], &toggled[0]["via"]), (&json!(0), &json!("yeelight")));
    assert_eq!(bulb.property("power"), Some(json!("off")));
    let error = house.run(&["set", "ball", "light:brightness=400", "--json"]);
    error.error("bad-input", 2);
    // Nobody takes connections any more.
    bulb.set_lan_control(false);
    let error = house.run(&["get", "ball", "light:on", "--json"]).error("no-hello", 1);
    assert!(error["hint"].as_str().unwrap().contains("LAN"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn some_properties_are_refused_and_all_are_printed() {
    let lamp = lamp().await;
    let house = House::new("partial").await.knowing(json!([entry(&lamp, "lamp")]));
    let got = house.run(&["get", "lamp", "2.2", "9.9", "2.1", "--json"]);
    assert_eq!(got.code, 1);
    let got = got.json();
    assert_eq!((&got[0]["value"], &got[2]["value"]), (&json!(50), &json!(false)));
    assert_eq!(keys(&got[1]), ["code", "property", "via"]);
    assert!(got[1]["code"].as_i64() < Some(0), "{got}");
    let set = house.run(&["set", "lamp", "9.9=1", "2.2=60"]);
    assert!(set.code == 1 && set.stdout.lines().count() == 3, "{set:?}");
    assert_eq!(lamp.property("2.2"), Some(json!(60)));
    // Where there is no spec an action may be run by its numbers, and be refused.
    let bare = json!([{ "did": DID.to_string(), "token": TOKEN, "model": "acme.lamp.v1",
        "miio": lamp.addr().to_string() }]);
    let house = House::new("bare").await.knowing(bare);
    let refused = house.run(&["action", &DID.to_string(), "9.9", "--json"]);
    let code = refused.json()[0]["code"].as_i64();
    assert!(refused.code == 1 && code < Some(0), "{refused:?}");
}

/// The bulb's own protocol has no numbers, and there is no other way to it.
#[tokio::test(flavor = "multi_thread")]
async fn what_no_way_takes_is_told_beside_what_is_done() {
    let bulb = SimBulb::color().spawn().await.unwrap();
    let known = json!([{ "bulb": bulb.id().to_string(), "name": "ball", "yeelight": bulb.addr() }]);
    let house = House::new("some").await.knowing(known);
    let words = ["get", "ball", "light:on", "9.9", "light:brightness"];
    let got = house.run(&[&words[..], &["--json"]].concat());
    assert_eq!(got.code, 1, "{got:?}");
    let got = got.json();
    let read = |name: &str, value: Value| json!({ "property": name, "value": value, "code": 0, "via": "yeelight" });
    assert_eq!(got[0], read("light:on", json!(bulb.property("power") == Some(json!("on")))));
    assert_eq!(got[2], read("light:brightness", bulb.property("bright").unwrap()));
    assert_eq!(keys(&got[1]), ["code", "error", "property", "via"]);
    assert_eq!(
        (&got[1]["property"], &got[1]["code"], &got[1]["via"]),
        (&json!("9.9"), &json!(-1), &Value::Null)
    );
    assert_eq!(got[1]["error"]["kind"], "not-supported", "{got}");
    assert!(got[1]["error"]["message"].as_str().unwrap().starts_with("ball: "), "{got}");
    let told = house.run(&words);
    let rows: Vec<_> = told.stdout.lines().collect();
    assert!(told.code == 1 && rows.len() == 4, "{told:?}");
    assert!(rows[2].starts_with("9.9") && rows[2].contains("no way to it takes this"), "{told:?}");
    let set = house.run(&["set", "ball", "9.9=1", "light:brightness=31", "--json"]);
    let items = set.json();
    assert_eq!(
        (set.code, &items[1]["code"], bulb.property("bright")),
        (1, &json!(0), Some(json!(31)))
    );
    assert_eq!(items[0]["error"]["kind"], "not-supported", "{items}");
    // Alone, and where all fail by the same, it is the command's failure.
    for words in [&["get", "ball", "9.9"][..], &["get", "ball", "9.9", "9.8"]] {
        house.run(&[words, &["--json"]].concat()).error("not-supported", 1);
    }
    // A name that is not known is found before anything is asked.
    house.run(&["get", "ball", "light:on", "light:nothing", "--json"]).error("bad-input", 2);
}

/// The inventory's token is its own; what stands in the environment may be for another device, and what is said counts.
#[tokio::test(flavor = "multi_thread")]
async fn which_token_counts() {
    let lamp = lamp().await;
    let house = House::new("tokens").await.knowing(json!([entry(&lamp, "lamp")]));
    let mut command = house.command(&["get", "lamp", "2.2", "--json"]);
    command.env("IOT_HOME_TOKEN", "ff".repeat(16));
    finish(command, b"").done();
    let fresh: iot_home::miio::Token = "fedcba98765432100123456789abcdef".parse().unwrap();
    lamp.set_token(fresh.clone());
    let words = ["get", "lamp", "2.2", "--json", "--timeout", "8s"];
    house.run(&words).error("no-answer", 1);
    house.run(&[&words[..], &["--token", &fresh.expose_hex()]].concat()).done();
    // One that the inventory does not know at all may stand in the environment.
    let mut bare = entry(&lamp, "lamp");
    bare.as_object_mut().unwrap().remove("token");
    let house = House::new("tokenless").await.knowing(json!([bare]));
    let error = house.run(&words).error("bad-input", 2);
    assert!(error["hint"].as_str().unwrap().contains("--refresh"), "{error}");
    let mut command = house.command(&words);
    command.env("IOT_HOME_TOKEN", fresh.expose_hex());
    finish(command, b"").done();
}
